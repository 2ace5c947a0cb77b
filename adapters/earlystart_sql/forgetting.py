"""How a store on SQL forgets (`erasure.Forgetting`): ledger rows go in the transaction that records the tombstone."""

from collections.abc import Callable, Sequence

from eventsourcing.dcb.api import DCBAppendCondition
from sqlalchemy import Connection

from earlystart_core.entry import Entry
from earlystart_sql.ledger import SqlLedger
from earlystart_sql.log import SqlLog
from earlystart_sql.scrub import scrub

LEDGER = ("import_row", "import_name")


class SqlForgetting:
    """Forgetting beside one log."""

    def __init__(self, log: SqlLog) -> None:
        self._log = log
        self._ledger = SqlLedger(log)
        self.behind = self._ledger.behind
        self.remembers = self._ledger.remembers
        self.people = self._ledger.people
        self.sealed = self._ledger.sealed

    def certify(
        self, tombstone: Entry, condition: DCBAppendCondition, subjects: Sequence[str], destroy: Callable[[], None]
    ) -> tuple[int, int]:
        forgotten = 0

        def forget(connection: Connection, _: object) -> None:
            nonlocal forgotten
            destroy()  # durable before anything here is: a crash leaves keys gone and not told, never the other way
            forgotten = self._ledger.forget_within(connection, subjects)

        position = self._log.append([tombstone], condition, also=forget)
        return position, forgotten

    def forget(self, subjects: Sequence[str]) -> int:
        with self._log.writing() as connection:
            return self._ledger.forget_within(connection, subjects)

    def scrub(self) -> None:
        database = self._log.database
        there = []
        if database.dialect == "postgresql" and not self._ledger.is_empty():
            there = [*LEDGER]
        scrub(database, there)
