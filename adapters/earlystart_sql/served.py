"""Which of the views' tables are served, by which declarations they were built, and up to which position."""

from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Table, Text

from earlystart_core.clocks import Clocks
from earlystart_core.entry import from_micros
from earlystart_core.views import VIEWS
from earlystart_sql.raw import one, run
from earlystart_sql.schema import metadata
from earlystart_sql.view_tables import SLOTS, table_name

view_state = Table(
    "view_state",
    metadata,
    Column("name", Text, primary_key=True),
    Column("digest", Text, nullable=False),  # of the declaration, a space, and the slot of the table that is served
    Column("position", BigInteger, nullable=False),
)

DIGESTS = {slot: {view.name: f"{view.digest} {slot}" for view in VIEWS} for slot in SLOTS}
_TABLES = {slot: [*(table_name(view.name, view.digest, slot) for view in VIEWS), "term"] for slot in SLOTS}
_READ = (
    "SELECT e.position, e.recorded_at, v.name, v.digest, v.position{more}"
    " FROM (SELECT 1) AS one"
    " LEFT JOIN (SELECT position, recorded_at FROM entry ORDER BY position DESC LIMIT 1) AS e ON 1 = 1"
    " LEFT JOIN view_state AS v ON 1 = 1"
)


def _readable(slot: str) -> str:
    """Whether the tables of a slot are there, and this role may read them. PostgreSQL only."""
    each = (f"has_table_privilege(to_regclass('{name}'), 'SELECT')" for name in _TABLES[slot])
    return f"coalesce({' AND '.join(each)}, false)"


_READ_SQLITE = _READ.format(more="")
_READ_POSTGRESQL = _READ.format(more=", to_regclass('term')::oid" + "".join(f", {_readable(slot)}" for slot in SLOTS))


class Served(msgspec.Struct, frozen=True):
    """What one transaction sees of the views."""

    head: int
    head_at: datetime | None  # recorded_at of the head
    position: int  # up to which all of them are served
    slot: str  # whose tables are served; empty where there are none as declared
    built: bool  # laid, or the log is empty

    @property
    def clocks(self) -> Clocks:
        """The head, for an answer."""
        return Clocks(self.head, self.head_at)

    @property
    def laid(self) -> bool:
        """Whether the tables are there, as declared."""
        return bool(self.slot)

    @property
    def fresh(self) -> bool:
        """Whether the tables answer for the head."""
        return self.laid and self.position == self.head

    @property
    def free(self) -> str:
        """The slot whose tables are not served."""
        return SLOTS[self.slot == SLOTS[0]]


class Serving:
    """The state of the views, as any transaction on one database sees it."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """changed: called where the table of terms may be another than it was."""
        self._changed = changed
        self._there: tuple[int, frozenset[str]] = (-1, frozenset())  # the schema's version, and its slots
        self._terms: int | None = None  # PostgreSQL's number of their table

    def state(self, connection: Connection, *, committed: bool = False) -> Served:
        """A table that another declaration built, or that was dropped, is as good as none.

        committed: whether the transaction sees only what is; what a writer sees may yet be undone.
        """
        if connection.dialect.name == "sqlite":
            rows, there = run(connection, _READ_SQLITE).fetchall(), self._slots(connection, committed=committed)
        else:
            rows = run(connection, _READ_POSTGRESQL).fetchall()
            there = frozenset(slot for slot, given in zip(SLOTS, rows[0][6:], strict=True) if given)
            if rows[0][5] != self._terms:
                self._changed()
                self._terms = rows[0][5]
        head, at = (rows[0][0], rows[0][1]) if rows[0][0] is not None else (0, None)
        found = {row[2]: row[3] for row in rows}
        slot = next((slot for slot in SLOTS if slot in there and found == DIGESTS[slot]), "")
        position = min(row[4] for row in rows) if slot else 0
        return Served(head, None if at is None else from_micros(at), position, slot, bool(slot) or head == 0)

    def _slots(self, connection: Connection, *, committed: bool) -> frozenset[str]:
        """The slots whose tables are all there. Looked at again when the schema has changed."""
        version = one(connection, "PRAGMA schema_version")
        known = self._there
        if known[0] == version:
            return known[1]
        self._changed()
        names = {row[0] for row in run(connection, "SELECT name FROM sqlite_schema WHERE type = 'table'")}
        slots = frozenset(slot for slot, tables in _TABLES.items() if names.issuperset(tables))
        if committed:
            self._there = (version, slots)
        return slots
