"""A store in which every part has written and no check finds fault, made once and copied for each tamper."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

import psycopg

from earlystart_core import DecideTier, MarkInError, OpenCase, Record
from earlystart_core.entry import Entry
from earlystart_sql.library import LIBRARY
from earlystart_sql.segment_tables import bound_to
from earlystart_sql.segment_texts import digests_of
from tests.access.conftest import ANNA, BEN, BY, JO, OFFICER, PAT, SAM, an, consents, told
from tests.conftest import START
from tests.proof.conftest import PEM
from tests.tampers.tampers import in_words_of
from tests.whole_store import WORDS_OF_TWO, feed, imported, sql

KEK = "5a" * 32
OPENED = OpenCase(case=an("case", 5), family=an("family", 5), team="team:armley", reason="birth", occurred_at=START)
MORE = 300  # entries, and looks, so that both logs store hashes of many
CHECKPOINTS = {"log": "log.checkpoint", "audit": "access.checkpoint"}  # by first word of the command that reads it
DATA = b'"data":'  # where an entry's details stand in its bytes


def make(url: str, folder: Path) -> None:
    """The store at that URL; in the folder, two checkpoints that someone else would keep."""
    with Record.open(url) as record:
        told(record)
        consents(record, "withdrawn")
        record.submit(OPENED, by=BY, command_id="opened")
        record.submit(DecideTier(case=BEN, tier="universal_partnership_plus", reason="The twin is ill."), by=BY)
        tier = next(row for row in record.timeline(ANNA) if row["type"] == "TierDecided")
        record.submit(MarkInError(target=tier["position"], reason="of another child"), by=BY)
        imported(record, feed(folder / "feed"))
        known = {ANNA, BEN, OPENED.case}
        erased = min(row["case"] for row in record.view("case_status") if row["case"] not in known)
        record.erase(erased, **WORDS_OF_TWO)
        record.store.log.append([Entry("Tried", b'{"n":%d}' % n, ["thing:1"], recorded_by=BY) for n in range(MORE)])
        for _ in range(MORE // 3):
            for case in (ANNA, BEN, ANNA):
                record.seen_by(OFFICER).may("read", case)
        for proof, name in zip((record.proof, record.access_proof), CHECKPOINTS.values(), strict=True):
            (folder / name).write_text(str(proof.checkpoint(PEM)), "utf-8")
        for tier, name in (("universal", "unsigned"), ("universal_partnership_plus", "last")):
            record.submit(DecideTier(case=BEN, tier=tier), by=BY, command_id=name)
        record.rebuild("segments")


def copied(base: Path, folder: Path) -> str:
    """A copy of an SQLite store."""
    for file in base.parent.glob(f"{base.name}*"):
        if not file.name.endswith("lock"):
            shutil.copy2(file, folder / file.name)
    return str(folder / base.name)


def places(url: str) -> dict[str, Any]:
    """What stands in braces in a statement."""
    with Record.open(url) as record:
        story = record.timeline(ANNA)
        with sql(record).views._seeing() as (state, naming):
            tables = {view: table.name for view, table in sql(record).views._tables[state.slot].items()}
            numbers = naming.find("case", [ANNA, BEN])
    at, mark = (
        next(r["position"] for r in story if r["type"] == kind) for kind in ("PackageAllocated", "MarkedInError")
    )
    with unguarded(url) as (execute, _):
        ((unsigned,),) = execute("SELECT max(position) - 1 FROM entry").fetchall()
        leaves = {f"leaf_of_{name}": _rewritten_leaf(execute, of) for name, of in (("at", at), ("unsigned", unsigned))}
        forged = _forged_segment(execute)
    cases = "FROM import_row WHERE file = 'cases.csv'"
    ids = {"cases": cases, "anna_id": ANNA, "ben_id": BEN, "jo": JO, "pat": PAT, "sam": SAM}
    where = {"at": at, "mark": mark, "unsigned": unsigned, "anna": numbers[ANNA], "ben": numbers[BEN]}
    return {**where, **leaves, **forged, **ids, **tables}


def _rewritten_leaf(execute: Any, position: int) -> str:
    """The leaf, in hexadecimal digits, of that entry as someone else would have recorded it."""
    ((frame, data),) = execute(
        f"SELECT frame, data FROM entry JOIN fact USING (position) WHERE position = {position:d}"
    ).fetchall()
    other = bytes(frame).replace(b"health_visitor", b"social_worker_")
    cut = other.index(DATA) + len(DATA)
    return sha256(b"\x00" + other[:cut] + bytes(data) + other[cut:]).hexdigest()


def _forged_segment(execute: Any) -> dict[str, str]:
    """The teams of the cases in another order, and all that binds them to the log."""
    ((data,),) = execute("SELECT data FROM segment WHERE type = 'CaseOpened' AND name = 'team'").fetchall()
    ((*listed, held),) = execute("SELECT first, last, layout, texts, held FROM segment_run").fetchall()
    ((leaf,),) = execute(f"SELECT leaf FROM entry WHERE position = {listed[1]}").fetchall()
    texts = [text for (text,) in execute(f"SELECT text FROM term WHERE n <= {listed[3]} ORDER BY n").fetchall()]
    other = bytes(data)[::-1]
    held = held.replace(str(crc32(bytes(data))), str(crc32(other)))
    bound = bound_to(bytes(leaf), digests_of(texts)[-1], *listed, held)
    return {"forged": other.hex(), "forged_held": held, "forged_bound": bound.hex()}


def tables_of(url: str) -> set[str]:
    """Every table of the store and of its key store; of a view's two tables the view's name."""
    found = set()
    for keys in (False, True):
        with unguarded(url, keys=keys) as (execute, dialect):
            names = {
                "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'table'",
                "postgresql": "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace IN"
                " (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'earlystart_keys'))",
            }
            found |= {name for (name,) in execute(names[dialect]).fetchall()}
    return {name.rsplit("_", 2)[0] if name.endswith(("_a", "_b")) else name for name in found}


def tampered(url: str, statements: tuple[str, ...]) -> None:
    """Carries them out with all guards off; the guards stand again afterwards.

    Each of them changes something, else the test would show nothing.
    """
    named = places(url)
    for statement in statements:
        to_keys = statement.startswith("keys: ")
        with unguarded(url, keys=to_keys) as (execute, dialect):
            done = execute(in_words_of(dialect, statement.removeprefix("keys: ").format(**named)))
            assert done.rowcount > 0, statement


@contextmanager
def unguarded(url: str, *, keys: bool = False) -> Iterator[tuple[Any, str]]:
    """What carries out statements on the store, or on its key store, without guards; and the dialect."""
    if url.startswith("postgresql"):
        with psycopg.connect(url) as connection:
            connection.execute("SET session_replication_role = replica")
            if keys:
                connection.execute("SET search_path = earlystart_keys")
            yield connection.execute, "postgresql"
        return
    connection = LIBRARY.connect(f"{url}.keys" if keys else url)
    try:
        guards = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            connection.execute(f'DROP TRIGGER "{name}"')
        yield connection.execute, "sqlite"
        for _, statement in guards:
            connection.execute(statement)
        connection.commit()
    finally:
        connection.close()
