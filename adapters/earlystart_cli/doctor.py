"""Doctor: what a store runs on and how it is set, read back from it; changes nothing, makes nothing."""

import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from earlystart_cli.columns import text_of
from earlystart_cli.options import Json
from earlystart_cli.output import note, put, put_json
from earlystart_cli.stores import Stored, on_sql, opened
from earlystart_core.errors import EarlyStartError, Tampered

if TYPE_CHECKING:
    from earlystart_core.record import Record

EXAMPLE = "earlystart doctor --db leeds.db"
PACKAGES = (
    "cryptography", "eventsourcing", "msgspec", "numpy", "polars", "psycopg", "pydantic", "pysqlite3", "rich",
    "sqlalchemy", "typer", "tzdata",
)  # fmt: skip

SAMPLE = 5_000  # entries whose keys are looked for: a tenth of a second
MOST = 10  # faults of one kind that are listed


def doctor(*, store: Stored, json: Json = False) -> int:
    """Print versions, settings as read back, lag of views and segments, checkpoint, glass, keys. Status 1 on a fault.

    A fault: the views stand at no entry of the log, a row in a sample of them is not what the log gives, the last
    checkpoint cannot be read, the keys cannot be reached, or one that sealed text is not among them. That a
    write-ahead log has grown past its bound is a warning, with a sentence and no status.
    """
    found: dict[str, Any] = {"versions": versions(), "sqlite": sqlite()}
    faults: list[str] = []
    warned: list[str] = []
    unopened: EarlyStartError | None = None
    try:
        with opened(store, keys_read_only=True) as record:
            found |= {
                "store": settled(record),
                "write_ahead_logs": write_ahead_logs(record, warned),
                "views": views(record, faults),
                "sample": sample(record, faults),
                "segments": segments(record),
                "checkpoint": checkpoint(record, faults),
                "erasures": erasures(record),
                "glass": glass(record),
                "sealed": sealed(record, faults),
                "keys": key_store(record, faults),
            }
    except EarlyStartError as error:  # what runs here is worth knowing also where the store does not open
        unopened = error
    if json:
        put_json(found)
    else:
        put(line for title, values in found.items() for line in _told(title, values))
    if unopened is not None:
        raise unopened
    for said in faults + warned:
        note(f"earlystart: {said}")
    return 1 if faults else 0


def versions() -> dict[str, str | None]:
    """Of this library, of Python, and of what it stands on; None for what is not installed."""
    found: dict[str, str | None] = {
        "earlystart-core": version("earlystart-core"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def sqlite() -> dict[str, Any]:
    """The SQLite in use, and its faults that are known."""
    from earlystart_sql.library import LIBRARY
    from earlystart_sql.sqlite import has_wal_reset_bug, journal_mode

    faults = []
    if has_wal_reset_bug(LIBRARY.sqlite_version_info):
        faults.append("WAL mode may corrupt a file (the WAL-reset bug): a rollback journal is used instead")
    return {
        "library": LIBRARY.__name__.partition(".")[0],
        "version": LIBRARY.sqlite_version,
        "journal": journal_mode(),
        "faults": faults,
    }


def settled(record: "Record") -> dict[str, Any]:
    """Where the store is, how far its log goes, and its settings as the database itself gives them."""
    from earlystart_core.clocks import clocks_at

    database = on_sql(record).database
    head = clocks_at(record.store.log)
    return {
        "name": database.name,
        "kind": database.dialect,
        "read_only": database.read_only,
        "head": head.known,
        "recorded_at": head.known_at,
        "settings": _settings(database),
    }


def views(record: "Record", faults: list[str]) -> dict[str, int | None] | str:
    """How many positions each view is behind the head; or why none of them answers."""
    try:
        return record.store.views.lag()
    except Tampered as error:
        faults.append(f"views: {error}")
        return str(error)


def sample(record: "Record", faults: list[str]) -> dict[str, int] | str:
    """How many cases were picked by chance to compare their rows with the log, and how many rows differ."""
    try:
        cases, found = record.store.views.sample(record.store.chance)
    except EarlyStartError as error:
        faults.append(f"sample: {error}")
        return str(error)
    for each in found[:MOST]:
        faults.append(f"views: {each.view}{' ' if each.key else ''}{each.key}: {each.found}")
    if len(found) > MOST:
        faults.append(f"views: and {len(found) - MOST:,} more")
    return {"cases": cases, "differences": len(found)}


def segments(record: "Record") -> dict[str, Any]:
    """How much of the log is sealed, and which runs are there but of no use: torn, outdated or another log's."""
    found = on_sql(record).views.shelf.sealed()
    return {"runs": found.runs, "positions": found.positions, "lag": found.lag, "unsound": found.unsound}


def checkpoint(record: "Record", faults: list[str]) -> dict[str, Any] | str:
    """The last checkpoint that was signed: its size, how far it is behind, when it was signed and how long ago."""
    try:
        last = record.store.log.tree.last_signed()
    except EarlyStartError as error:
        faults.append(f"checkpoint: {error}")
        return str(error)
    if last is None:
        return "no checkpoint"
    age = record.store.clock() - last.at
    return {
        "size": last.checkpoint.size,
        "lag": record.store.log.tree.size() - last.checkpoint.size,
        "signed_at": last.at,
        "age_seconds": int(age.total_seconds()),
    }


def key_store(record: "Record", faults: list[str]) -> str:
    """`reachable`, or why it is not. That there is none is no fault before the first entry, which makes it."""
    from earlystart_sql.faults import Absent

    try:
        record.store.keys  # noqa: B018 - opening is the question
    except EarlyStartError as error:
        if not isinstance(error, Absent) or record.store.log.head():
            faults.append(f"keys: {error}")
        return str(error)
    return "reachable"


def sealed(record: "Record", faults: list[str]) -> dict[str, Any] | None:
    """How many sealed values were looked at, of all or of a sample, and the keys that they name; None without keys.

    Of those that are missing without a tombstone, another's or not what sealed the text, each is a fault.
    """
    from earlystart_core.erasing.keyring import keyring
    from earlystart_sql.keys import SqlKeys

    try:
        keys = record.store.keys
    except EarlyStartError:
        return None  # why not is said with the keys
    lost = keys.lost() if isinstance(keys, SqlKeys) else 0
    found = keyring(record.store.log, keys, SAMPLE, lost=lost)
    faults += [f"keys: {doubt}" for doubt in found.doubts[:MOST]]
    if len(found.doubts) > MOST:
        faults.append(f"keys: and {len(found.doubts) - MOST:,} more")
    return {"values": found.values, "keys": found.keys, "looked_at": "all" if found.whole else "a sample"}


def write_ahead_logs(record: "Record", warned: list[str]) -> dict[str, dict[str, Any]]:
    """Of each SQLite file that has one, the log's and the keys': its bytes, their bound, and whether it is within it.

    `reader`: the process that stops it from being shortened; -1 where its number is not known, None for nobody.
    """
    from earlystart_sql.keys import SqlKeys
    from earlystart_sql.write_ahead_log import BOUND_BYTES

    stores = {"log": on_sql(record).database}
    with suppress(EarlyStartError):  # why not is said with the keys
        if isinstance(keys := record.store.keys, SqlKeys):
            stores["keys"] = keys.database
    found = {}
    for title, database in stores.items():
        if (one := database.write_ahead_log()) is not None:
            if one.warning is not None:
                warned.append(one.warning)
            found[title] = {
                "bytes": one.bytes,
                "bound": BOUND_BYTES,
                "status": "ok" if one.warning is None else "warning",
                "reader": one.reader,
            }
    return found


def erasures(record: "Record") -> dict[str, Any]:
    """How many subjects were erased, and whose erasure is not at its end: erase them again.

    Their keys are gone without the log saying so yet, or remains may stand in the store's files. `unfinished` is None
    where the keys cannot be reached, and so nobody knows.
    """
    from earlystart_core.erasing.reconciling import unfinished

    left: list[str] | None
    try:
        left = list(unfinished(record.store.log, record.store.keys))
    except EarlyStartError:
        left = None
    owed = record.store.forgetting.owed()
    known = left is not None or owed
    return {"recorded": len(record.erasures()), "unfinished": sorted({*(left or ()), *owed}) if known else None}


def glass(record: "Record") -> dict[str, int]:
    """How many broken glasses await a review, and how many of these are overdue."""
    from earlystart_core.access.glass import glasses, now_of

    now = now_of(record.store)
    states = [one.state(now) for one in glasses(record.store)]
    return {"unreviewed": sum(state != "reviewed" for state in states), "overdue": states.count("overdue")}


def _settings(database: Any) -> dict[str, Any]:
    from earlystart_sql import postgres, sqlite

    with database.reading() as connection:
        if database.dialect == "sqlite":
            pragmas = (*sqlite.pragmas(in_memory=False), "page_size")
            return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas}
        names = (*postgres.SETTINGS, *postgres.EXPECTED, "server_version")
        return {name: connection.exec_driver_sql("SELECT current_setting(%s)", (name,)).scalar() for name in names}


def _told(title: str, values: Any, left: str = "") -> list[str]:
    if not isinstance(values, dict):
        return [f"{left}{title}: {text_of(values)}"]
    lines = [f"{left}{title}"]
    for name, value in values.items():
        if isinstance(value, dict):
            lines += _told(name, value, left + "  ")
        else:
            shown = {"versions": "not installed", "views": "never built"}.get(title) if value is None else None
            lines.append(f"{left}  {name}: {shown or text_of(value)}")
    return lines
