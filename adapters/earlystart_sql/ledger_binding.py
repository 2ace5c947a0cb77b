"""The import ledger bound to the log: what it takes to notice that its rows were changed, deleted or put back.

Its total (`ledger_total`) is written in the transaction of every change. It must be that of all rows, the log must
have the entry at which it was written, and behind that entry no import and no erasure. From when on there must be a
total is in the key store: a ledger from before is taken as it is, once.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from eventsourcing.persistence import IntegrityError
from sqlalchemy import Connection, Table

from earlystart_core.counting import counted
from earlystart_core.entry import blob_of
from earlystart_core.errors import Conflict, StoreUnavailable, Tampered
from earlystart_core.privacy.keys import Keys
from earlystart_feeds.ledger import ERASED, OTHER_KEYS, TAKEN, Digests, Moment, NotBoundBefore
from earlystart_sql.keys import SqlKeys
from earlystart_sql.ledger_tables import LEDGER, import_name, import_total, is_there, make
from earlystart_sql.ledger_total import ALTERED, Total
from earlystart_sql.log import SqlLog
from earlystart_sql.raw import mark, one, run, run_binary
from earlystart_sql.read_back import expect_kept
from earlystart_sql.remembered import expect_still, is_still

SECRET = "ledger"  # noqa: S105 - the name of the secret under which rows are known
AT_ONCE = 5_000  # rows
BACK = "put import_row, import_name, import_erased and import_total back together from a backup that was made after"
CHANGED = (
    "the import ledger is not as imports and erasures left it: rows were changed, added or deleted;"
    f" {BACK} the last import and erasure"
)
GONE = f"the total of the import ledger is missing, so its rows cannot be trusted: {BACK} the last import and erasure"
NOT_THERE = (
    "the import ledger and the log are of different moments: the ledger was written at entry {:,}, and the log does not"
    " have that entry; put the whole store back from one backup"
)
BEHIND = (
    "the import ledger and the log are of different moments: the log has an import or an erasure after entry {:,} that"
    f" the ledger does not know; {BACK} it"
)
_IMPORT = b'"practitioner":"practitioner:import","role":"feed"'  # in the frame of each entry of an import
_TOMBSTONE = b'"type":"SubjectErased"'
_BETWEEN = {
    "sqlite": "SELECT 1 FROM entry WHERE position > ? AND position <= ? AND instr(frame, ?) > 0 LIMIT 1",
    "postgresql": "SELECT 1 FROM entry WHERE position > %s AND position <= %s AND position(%b IN frame) > 0 LIMIT 1",
}


class Prepared(NamedTuple):
    """What a change of the ledger needs, looked up before the append lock is taken."""

    secret: bytes | None  # None: there was no ledger yet, or its keys are lost for good
    since: Moment
    planned: bool = False  # by what the ledger said at that moment: nobody may have changed it since
    lost: bool = False


class LedgerBinding:
    """The binding of the ledger beside an open log. keys: the store's, asked for only where there is a ledger."""

    def __init__(self, log: SqlLog, keys: Callable[[], Keys]) -> None:
        self._log = log
        self._keys = keys
        self._adopted = 0  # rows of a ledger from before totals, that was given one just now
        self._vouched: object = None  # the history of the log for which the key store says that there is a total

    def check(self) -> Moment:
        """Compares the whole ledger with its total, and that with the log; returns the moment that this is so at.

        Raises:
            Tampered: the ledger was changed, or is of another moment than the log.
            StoreUnavailable: it was written with other keys.
        """
        with self._log.reading() as connection:
            seen = self._log.memory.seen(connection)
            if not self._is_begun(connection, seen.head):
                return Moment(seen.head, seen.leaf)
        secret = self._find_secret()
        with self._log.reading() as connection:
            seen = self._log.memory.seen(connection)
            stored = _stored(connection)
            if stored is None:
                self._expect_none(connection, 0, seen.head)
                return Moment(seen.head, seen.leaf)
            total = self._opened(connection, secret, stored)
            _expect_known(connection, total, total.position, seen.head)
            found = Total(secret or b"")
            _add_rows(connection, found)
            if found.sum != total.sum:
                raise Tampered(CHANGED)
            return Moment(seen.head, seen.leaf, stored)

    def planned(self, since: Moment) -> Prepared:
        """What `begin` needs for a change that was planned at that moment."""
        return Prepared(self._keys().secret(SECRET), since, planned=True)

    def tables(self) -> list[str]:
        """The names of the ledger's tables that are there."""
        with self._log.reading() as connection:
            return [table.name for table in (*LEDGER, import_total) if is_there(connection, table)]

    def prepared(self) -> Prepared:
        """What `begin` needs for a change of what is there then. The ledger is checked now.

        Raises:
            Tampered: the ledger was changed, or is of another moment than the log.
        """
        try:
            since = self.check()
        except StoreUnavailable as error:
            keys = self._keys()
            if str(error) != OTHER_KEYS or not isinstance(keys, SqlKeys) or not keys.lost():
                raise
            return Prepared(None, Moment(*self._log.end()), lost=True)
        with self._log.reading() as connection:
            if not any(is_there(connection, table) for table in LEDGER):
                return Prepared(None, since)
        return Prepared(self._keys().secret(SECRET), since)

    def begin(self, connection: Connection, prepared: Prepared) -> Total | None:
        """The total to be changed with the rows and given to `end`; None where there is no ledger. Under the lock.

        A ledger from before totals is taken as it is.

        Raises:
            Tampered: the ledger is of another moment than the log, or its total is missing.
            Conflict: someone was erased since, or the ledger was changed, where the change was planned by it.
            IntegrityError (eventsourcing's): the first import was recorded since: prepare again.
            StoreUnavailable: the log was put back to an earlier state since.
        """
        since, head = prepared.since, self._log.memory.seen(connection).head
        expect_still(connection, since.position, since.leaf)
        if prepared.planned and _between(connection, _TOMBSTONE, since.position, head):
            raise Conflict(ERASED)
        stored = _stored(connection)
        if prepared.planned and (stored or b"") != since.total:
            raise Conflict(TAKEN)
        if prepared.secret is None:
            if not prepared.lost and any(is_there(connection, table) for table in LEDGER):
                raise IntegrityError
            return None
        if stored is not None:
            total = self._opened(connection, prepared.secret, stored)
            _expect_known(connection, total, max(total.position, since.position), head)
            return total
        self._expect_none(connection, since.position, head)
        total = Total(prepared.secret)
        self._adopted = _add_rows(connection, total)
        return total

    def end(self, connection: Connection, total: Total) -> Moment:
        """Keeps the total for the log as this transaction leaves it."""
        make(connection, import_total)
        row = run_binary(connection, "SELECT position, leaf FROM entry ORDER BY position DESC LIMIT 1").fetchone()
        total.position, total.leaf = (0, b"") if row is None else (row[0], blob_of(row[1]))
        sealed, sign = total.sealed(), mark(connection)
        run(connection, "DELETE FROM import_total")
        run(connection, f"INSERT INTO import_total (number, total) VALUES (1, {sign})", (sealed,))
        kept = run_binary(connection, "SELECT number, total FROM import_total")
        expect_kept((import_total.name, kept, [(1, sealed)]))
        return Moment(total.position, total.leaf, sealed)

    def vouch(self) -> None:
        """Says in the key store that the ledger has its total from now on, where that is not said of this log yet.

        To be called once a change is committed.
        """
        rows, self._adopted = self._adopted, 0
        if rows:
            warnings.warn(NotBoundBefore(counted(rows, "row")), stacklevel=4)
        keys, history = self._keys(), self._log.history
        if self._vouched is not history and isinstance(keys, SqlKeys):
            if not self._is_vouched():
                keys.set_baseline(*self._log.end())
            self._vouched = history

    def _is_begun(self, connection: Connection, head: int) -> bool:
        """Whether there is a ledger, or a sign that there was one."""
        tables = [*LEDGER, import_total]
        return any(_has_rows(connection, table) for table in tables) or _between(connection, _IMPORT, 0, head)

    def _expect_none(self, connection: Connection, after: int, head: int) -> None:
        """Raises Tampered where there must be a total. after: up to where it is known that there was no import."""
        rows = any(_has_rows(connection, table) for table in LEDGER)
        if self._is_vouched() or (not rows and _between(connection, _IMPORT, after, head)):
            raise Tampered(GONE)

    def _is_vouched(self) -> bool:
        """Whether the key store says that there is a total, of the log as it is now and not of one put back since."""
        keys = self._keys()
        found = keys.baseline() if isinstance(keys, SqlKeys) else None
        if found is None:
            return False
        position, leaf = found
        with self._log.reading() as connection:
            there = one(connection, f"SELECT leaf FROM entry WHERE position = {position}")
        return position == 0 or (isinstance(there, bytes) and there.startswith(leaf))

    def _find_secret(self) -> bytes | None:
        keys = self._keys()
        return keys.secrets.find(SECRET) if isinstance(keys, SqlKeys) else keys.secret(SECRET)

    def _opened(self, connection: Connection, secret: bytes | None, stored: bytes) -> Total:
        try:
            total = Total(secret or b"").opened(stored)
        except Tampered:
            mine = Digests(secret or b"").proof()
            names = f"SELECT 1 FROM {import_name.name} WHERE key = {mark(connection)}"
            if not is_there(connection, import_name) or one(connection, names, (mine,)) is None:
                raise StoreUnavailable(OTHER_KEYS) from None
            raise
        if not is_still(connection, total.position, total.leaf):
            raise Tampered(NOT_THERE.format(total.position))
        return total


def _stored(connection: Connection) -> bytes | None:
    """The total as it is stored, None if there is none."""
    if not is_there(connection, import_total):
        return None
    rows = run_binary(connection, "SELECT total FROM import_total").fetchall()
    if len(rows) > 1 or (rows and not isinstance(rows[0][0], bytes)):
        raise Tampered(ALTERED)
    return rows[0][0] if rows else None


def _expect_known(connection: Connection, total: Total, after: int, upto: int) -> None:
    """Raises Tampered where an import or an erasure is behind that position: it would have written another total."""
    if any(_between(connection, sign, after, upto) for sign in (_IMPORT, _TOMBSTONE)):
        raise Tampered(BEHIND.format(total.position))


def _between(connection: Connection, sign: bytes, after: int, upto: int) -> bool:
    """Whether an entry after one position, up to another, has that text in its frame."""
    return run(connection, _BETWEEN[connection.dialect.name], (after, upto, sign)).fetchone() is not None


def _has_rows(connection: Connection, table: Table) -> bool:
    return is_there(connection, table) and one(connection, f"SELECT 1 FROM {table.name} LIMIT 1") is not None


def _add_rows(connection: Connection, total: Total) -> int:
    """Adds all rows of the ledger, and returns how many they are."""
    count = 0
    for table in LEDGER:
        if is_there(connection, table):
            for rows in _rows(connection, table):
                total.add(table.name, rows)
                count += len(rows)
    return count


def _rows(connection: Connection, table: Table) -> Iterator[list[Sequence[Any]]]:
    """All rows of a table, some thousand at a time."""
    statement = f"SELECT {', '.join(table.columns.keys())} FROM {table.name}"
    driver: Any = connection.connection.driver_connection
    is_sqlite = connection.dialect.name == "sqlite"
    # By a name, else PostgreSQL gives all of them at once.
    cursor = driver.cursor() if is_sqlite else driver.cursor("earlystart_rows", binary=True)
    try:
        cursor.execute(statement)
        while rows := cursor.fetchmany(AT_ONCE):
            yield rows
    finally:
        cursor.close()
