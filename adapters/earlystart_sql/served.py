"""Which of the views' tables are served, by which declarations they were built, and at which entry they stand.

Their state is bound to the log by that entry's leaf: a view that stands at an entry which the log does not have, or
has another in its place, answers nobody.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Table, Text

from earlystart_core.clocks import Clocks
from earlystart_core.entry import from_micros
from earlystart_core.errors import Tampered
from earlystart_core.proof.entries import Doubt
from earlystart_core.views import VIEWS
from earlystart_sql.raw import mark, one, run, run_binary
from earlystart_sql.remembered import Memory, Seen
from earlystart_sql.schema import metadata
from earlystart_sql.system import new_stamp
from earlystart_sql.terms import STAMP
from earlystart_sql.view_tables import SLOTS, table_name

view_state = Table(
    "view_state",
    metadata,
    Column("name", Text, primary_key=True),
    Column("digest", Text, nullable=False),  # of the declaration, a space, and the slot of the table that is served
    Column("position", BigInteger, nullable=False),
)
LEAF = "@leaf"  # the row of `view_state` that holds the leaf of the entry at which they all stand, in hex

DIGESTS = {slot: {view.name: f"{view.digest} {slot}" for view in VIEWS} for slot in SLOTS}
_TABLES = {slot: [*(table_name(view.name, view.digest, slot) for view in VIEWS), "term"] for slot in SLOTS}
_TYPE = dict[str, tuple[str, int]]


def _readable(slot: str) -> str:
    """Whether the tables of a slot are there, and this role may read them. PostgreSQL only."""
    each = (f"has_table_privilege(to_regclass('{name}'), 'SELECT')" for name in _TABLES[slot])
    return f"coalesce({' AND '.join(each)}, false)"


_ROWS = {
    "sqlite": "(SELECT json_group_object(name, json_array(digest, position)) FROM view_state)",
    "postgresql": "(SELECT json_object_agg(name, json_build_array(digest, position))::text FROM view_state)",
}
_COLUMNS = {**_ROWS, "postgresql": ", ".join([_ROWS["postgresql"], *map(_readable, SLOTS)])}


class Served(msgspec.Struct, frozen=True):
    """What one transaction sees of the views."""

    head: int
    head_at: datetime | None  # recorded_at of the head
    leaf: bytes  # of the head
    position: int  # up to which all of them are served
    slot: str  # whose tables are served; empty where there are none as declared
    built: bool  # laid, or the log is empty
    stamp: str  # of the terms; empty where nothing is laid
    astray: bool  # laid at an entry that the log does not have

    @property
    def clocks(self) -> Clocks:
        """The head, for an answer."""
        return Clocks(self.head, self.head_at)

    @property
    def laid(self) -> bool:
        """Whether the tables are there, as declared."""
        return bool(self.slot)

    @property
    def there(self) -> bool:
        """Whether the tables are there, as declared and at an entry of the log."""
        return self.laid and not self.astray

    @property
    def fresh(self) -> bool:
        """Whether the tables answer for the head."""
        return self.there and self.position == self.head

    def expect_there(self) -> None:
        """Returns nothing if the log has the entry that the views were last brought up to.

        Raises:
            Tampered: it does not.
        """
        if self.astray:
            raise Tampered(self.why)

    @property
    def why(self) -> str:
        """What is wrong where they are astray."""
        return why_astray(self.position)

    @property
    def free(self) -> str:
        """The slot whose tables are not served."""
        return SLOTS[self.slot == SLOTS[0]]


def why_astray(position: int) -> str:
    """What is wrong with views that were brought up to an entry which the log does not have."""
    return (
        f"the views stand at entry {position}, which the log no longer has, because entries were taken away at its end"
        " or replaced: `earlystart log verify` examines the log, and `earlystart rebuild` builds the views from the"
        " entries that are there"
    )


class Serving:
    """The state of the views, as any transaction on one database sees it."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def state(self, connection: Connection, *, committed: bool = False) -> Served:
        """A table that another declaration built, or that was dropped, is as good as none.

        committed: whether the transaction sees only what is; what a writer sees may yet be undone.
        """
        columns = _COLUMNS[connection.dialect.name]
        seen = self._memory.seen(connection, columns)
        found, seen.more = seen.more or run(connection, f"SELECT {columns}").fetchone(), None
        if connection.dialect.name == "sqlite":
            there = self._slots(connection, seen, committed=committed)
        else:
            there = frozenset(slot for slot, given in zip(SLOTS, found[1:], strict=True) if given)
        at = None if seen.recorded_at is None else from_micros(seen.recorded_at)
        slot, position, leaf, stamp = _served(found[0], there)
        astray = bool(slot) and leaf != _leaf_at(connection, position, seen)
        return Served(seen.head, at, seen.leaf, position, slot, bool(slot) or seen.head == 0, stamp, astray)

    def _slots(self, connection: Connection, seen: Seen, *, committed: bool) -> frozenset[str]:
        """The slots whose tables are all there. Looked at again when the schema has changed."""
        version = one(connection, "PRAGMA schema_version")
        known = seen.memory.slots
        if known[0] == version:
            return known[1]
        names = {row[0] for row in run(connection, "SELECT name FROM sqlite_schema WHERE type = 'table'")}
        slots = frozenset(slot for slot, tables in _TABLES.items() if names.issuperset(tables))
        seen.slots = (version, slots)
        if committed:
            seen.memory.slots = seen.slots
        return slots


def astray(connection: Connection) -> Iterator[Doubt]:
    """For views that were brought up to an entry that the log does not have."""
    text = one(connection, f"SELECT {_ROWS[connection.dialect.name]}")
    slot, position, leaf, _ = _served(text, frozenset(SLOTS))
    if slot and leaf != _leaf_at(connection, position):
        yield Doubt(position, why_astray(position))


def say_served(connection: Connection, slot: str, position: int) -> str:
    """From here on those tables answer, up to that position. Gives the stamp of the terms."""
    run(connection, "DELETE FROM view_state")
    stamp = new_stamp()
    rows = {**DIGESTS[slot], LEAF: _leaf_at(connection, position) or "", STAMP: stamp}
    values = ", ".join(f"('{name}', '{digest}', {int(position)})" for name, digest in rows.items())
    run(connection, f"INSERT INTO view_state (name, digest, position) VALUES {values}")
    return stamp


def move(connection: Connection, position: int, leaf: bytes) -> None:
    """The tables that answer do so up to that position. leaf: of the entry there."""
    sign = mark(connection)
    run(
        connection,
        f"UPDATE view_state SET position = {sign}, digest = CASE name WHEN '{LEAF}' THEN {sign} ELSE digest END",
        (position, leaf.hex()),
    )


@lru_cache(maxsize=8)  # it stays the same from one append to the next
def _served(text: str | None, there: frozenset[str]) -> tuple[str, int, str, str]:
    """The slot that is served, up to which position, its leaf in hex, and the stamp of the terms; else nothing.

    What an older release wrote names no leaf: it is built once again.
    """
    try:
        rows = msgspec.json.decode(text or "{}", type=_TYPE)
    except msgspec.MsgspecError:  # someone else wrote there
        return "", 0, "", ""
    positions = {position for _, position in rows.values()}
    digests = {name: digest for name, (digest, _) in rows.items()}
    leaf, stamp = digests.pop(LEAF, ""), digests.pop(STAMP, "")
    slot = next((slot for slot in SLOTS if slot in there and digests == DIGESTS[slot]), "")
    if not slot or not stamp or len(positions) != 1:
        return "", 0, "", ""
    return slot, positions.pop(), leaf, stamp


def _leaf_at(connection: Connection, position: int, seen: Seen | None = None) -> str | None:
    """The leaf of the entry there, in hex; None where there is no such entry, and nothing at position 0."""
    if position == 0:
        return ""
    leaf: object = None
    if seen is not None and position == seen.head:
        leaf = seen.leaf
    elif position > 0:
        row = run_binary(connection, f"SELECT leaf FROM entry WHERE position = {position}").fetchone()
        leaf = None if row is None else row[0]
    return leaf.hex() if isinstance(leaf, bytes) else None
