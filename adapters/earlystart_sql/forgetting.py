"""How a store on SQL forgets (`erasure.Forgetting`): ledger rows go in the transaction that records the tombstone."""

from collections.abc import Callable, Iterable, Sequence

from eventsourcing.dcb.api import DCBAppendCondition
from sqlalchemy import Column, Connection, MetaData, Table, Text, delete, insert, inspect, select

from earlystart_core.entry import Entry
from earlystart_sql.ledger import SqlLedger
from earlystart_sql.ledger_tables import import_name, import_row
from earlystart_sql.log import SqlLog
from earlystart_sql.scrub import scrub

unscrubbed = Table(  # of whom something may still stand in the store's files; made by the first erasure
    "unscrubbed", MetaData(), Column("subject", Text, primary_key=True)
)


class SqlForgetting:
    """Forgetting beside one log."""

    def __init__(self, log: SqlLog, ledger: SqlLedger) -> None:
        self._log = log
        self._ledger = ledger
        self.behind = self._ledger.behind
        self.remembers = self._ledger.remembers
        self.people = self._ledger.people
        self.children = self._ledger.children
        self.sealed = self._ledger.sealed

    def certify(
        self, tombstone: Entry, condition: DCBAppendCondition, subjects: Sequence[str], destroy: Callable[[], None]
    ) -> tuple[int, int]:
        forgotten = 0
        prepared = self._ledger.binding.prepared()  # whose keys go is read from the ledger: it must be sound

        def forget(connection: Connection, _: object) -> None:
            nonlocal forgotten
            total = self._ledger.binding.begin(connection, prepared)
            _owe(connection, subjects)
            destroy()  # durable before anything here is: a crash leaves keys gone and not told, never the other way
            forgotten = self._ledger.forget_within(connection, subjects, total)

        position = self._log.append([tombstone], condition, also=forget)
        if prepared.secret is not None:
            self._ledger.binding.vouch()
        return position, forgotten

    def forget(self, subjects: Sequence[str]) -> int:
        prepared = self._ledger.binding.prepared()
        with self._log.writing() as connection:
            total = self._ledger.binding.begin(connection, prepared)
            forgotten = self._ledger.forget_within(connection, subjects, total)
            if forgotten:
                _owe(connection, subjects)
        if prepared.secret is not None:
            self._ledger.binding.vouch()
        return forgotten

    def owe(self, subjects: Sequence[str]) -> None:
        with self._log.writing() as connection:
            _owe(connection, subjects)

    def owed(self) -> list[str]:
        with self._log.reading() as connection:
            if not inspect(connection).has_table(unscrubbed.name):
                return []
            return sorted(connection.execute(select(unscrubbed.c.subject)).scalars())

    def settle(self, subjects: Sequence[str]) -> None:
        if subjects:
            with self._log.writing() as connection:
                connection.execute(delete(unscrubbed).where(unscrubbed.c.subject.in_(subjects)))

    def scrub(self) -> None:
        database = self._log.database
        there = []
        if database.dialect == "postgresql" and not self._ledger.is_empty():
            there = [import_row.name, import_name.name]
        scrub(database, there)


def _owe(connection: Connection, subjects: Iterable[str]) -> None:
    unscrubbed.create(connection, checkfirst=True)
    there = set(connection.execute(select(unscrubbed.c.subject)).scalars())
    new = [{"subject": one} for one in subjects if one not in there]
    if new:
        connection.execute(insert(unscrubbed), new)
