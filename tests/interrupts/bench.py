"""A record on a store, another process on the same, and what must hold after every interrupt."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg

from earlystart_core import (
    DecideTier,
    NamePointOfContact,
    OpenCase,
    Practitioner,
    Reader,
    Record,
)

WITHIN_SECONDS = 5
NEIGHBOUR = Path(__file__).with_name("neighbour.py")
JO = "practitioner:" + "0" * 25 + "1"
BY = Practitioner(JO, "health_visitor", "org:lch")
READER = Reader(JO, "health_visitor", "org:lch", "direct_care", team="team:armley")
TEXT = "Cries at night."


class Bench:
    """One store, with a record of ours and a neighbour's."""

    def __init__(self, url: str, keys: str) -> None:
        self.url = url
        self.keys = keys
        self.held: list[BaseException] = []  # as an interactive Python keeps the last one, with all its frames
        self.record = Record.open(url, keys=keys)
        self.case = self.open_case()
        for _ in range(2):
            self.record.submit(DecideTier(case=self.case, tier="universal_plus", reason=TEXT), by=BY)
        self.record.submit(NamePointOfContact(case=self.case, practitioner=JO), by=BY)
        self._neighbour = subprocess.Popen(
            [sys.executable, str(NEIGHBOUR), url, keys], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._other_thread = ThreadPoolExecutor(1)

    def close(self) -> None:
        self._neighbour.communicate()
        self._other_thread.shutdown()
        self.record.close()

    def open_case(self) -> str:
        case, family = self.record.new_id("case"), self.record.new_id("family")
        self.record.submit(
            OpenCase(case=case, family=family, team="team:armley", reason="birth", born_on=date(2024, 2, 20)), by=BY
        )
        return case

    def holds(self, struck: BaseException | None) -> None:
        """What must hold after every interrupt, also while its traceback is kept."""
        self.held = [] if struck is None else [struck]
        self.writes(also="alone")
        if self.url.startswith("postgresql"):
            self._no_transaction_is_open()
        for store in (self.record.store.log, self.record.store.keys):
            database: Any = store
            assert not database.database._pool._line, "connections that are counted as in use"

    def writes(self, also: str = "") -> None:
        """The next write of another thread and of another process is in within five seconds. also: `alone`, too."""
        started = monotonic()
        self._other_thread.submit(self.open_case).result(30)
        assert monotonic() - started < WITHIN_SECONDS, "the next write in this process"
        stdin, stdout = self._neighbour.stdin, self._neighbour.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{also}\n")
        stdin.flush()
        answer = stdout.readline().strip()
        assert answer.replace(".", "").isdigit(), answer
        assert float(answer) < WITHIN_SECONDS, "the next write of another process"

    def is_sound(self) -> None:
        """Nothing is half-stored: proof, views and access log."""
        assert self.record.proof.verify().doubts == ()
        assert self.record.access_proof.verify().doubts == ()
        assert self.record.store.views.check()[1] == []

    def _no_transaction_is_open(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            others = "datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            until = monotonic() + WITHIN_SECONDS
            while True:
                found = connection.execute(
                    f"SELECT pid, state, query FROM pg_stat_activity WHERE {others} AND state <> 'idle'"
                ).fetchall()
                locks = connection.execute(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                ).fetchone()
                if not found and locks == (0,):
                    return
                assert monotonic() < until, (found, locks)


@contextmanager
def bench(url: str, folder: Path) -> Iterator[Bench]:
    """A bench on that store; it is sound at the end."""
    made = Bench(url, str(folder / "keys.db"))
    try:
        yield made
        made.is_sound()
    finally:
        made.close()
