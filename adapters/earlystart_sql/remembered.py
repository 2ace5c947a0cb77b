"""What this process remembers of one log, and whether the log is still the one that it was read from.

A log only grows, until someone puts a backup in its place or a server takes over that lacks its end. Whatever was
remembered of it may then mean something else: number 7 another case. So all of it is remembered under an anchor, the
head at which it was read and the leaf of that entry. Each transaction that uses it looks first whether that entry is
still there, and where it is not, begins with an empty memory.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from sqlalchemy import Connection

from earlystart_core.live import Kept
from earlystart_core.log import put_back
from earlystart_sql.raw import run_binary
from earlystart_sql.terms import Words

if TYPE_CHECKING:
    import polars as pl

    from earlystart_core.replay.dictionaries import Given

LIMIT = 500_000  # tags remembered; forgetting them costs time, never truth

Shape = tuple[str, int]  # type and version
Tag = tuple[int, int]  # its number, and that within its kind
Ids = tuple[int, dict[int, str]]  # the head at which they were read, and ids of a kind by number
NO_IDS: Ids = (0, {})

_INFO = "earlystart seen"
_SEEN = (
    "SELECT e.position, e.recorded_at, e.leaf, (SELECT leaf FROM entry WHERE position = {mark}),"
    " (SELECT max(id) FROM shape){more}"
    " FROM (SELECT 1) AS one"
    " LEFT JOIN (SELECT position, recorded_at, leaf FROM entry ORDER BY position DESC LIMIT 1) AS e ON 1 = 1"
)


class Anchor(NamedTuple):
    """A head at which a log was read, and the greatest numbers that are remembered of it."""

    position: int = 0
    leaf: bytes = b""
    tag: int = 0
    shape: int = 0


class Remembered:
    """What is remembered of one log. Shared by threads: it only grows, and is replaced whole (`Memory`)."""

    def __init__(self) -> None:
        self.lock = Lock()  # held by whoever moves the anchor or adds to what is below
        self.anchor = Anchor()
        self.tags: dict[str, Tag] = {}
        self.shapes: dict[Shape, int] = {}
        self.ids: dict[str, Ids] = {}  # by kind
        self.columns: dict[str, tuple[int, pl.Series]] = {}  # by kind the head, and all ids by number; of 0 ""
        self.given: dict[str, tuple[int, Given]] = {}  # the same, as segments have them
        self.keys: dict[str, int] = {}  # names of keys, and the position of an entry that was appended beside them
        self.words = Words()
        self.kept = Kept()  # folded states of keys that views have
        self.slots: tuple[int, frozenset[str]] = (-1, frozenset())  # the schema's version, and whose tables are there
        self.tables: set[str] = set()  # of the import ledger, those that are there


class Seen:
    """What one transaction sees: the head, and of what is remembered that which is so there."""

    def __init__(self, memory: Remembered, anchor: Anchor, row: tuple[Any, ...]) -> None:
        self.memory = memory
        self.anchor = anchor  # what was remembered up to here may be used; an entry that comes later may be another's
        self.head: int = int(row[0] or 0)
        self.recorded_at: int | None = row[1]  # microseconds since 1970
        self.leaf: bytes = row[2] or b""
        self.last_shape: int = row[4] or 0  # shapes count 1, 2, 3, …
        self.more: tuple[Any, ...] | None = row[5:] or None
        self.slots: tuple[int, frozenset[str]] | None = None  # to be remembered as of `Remembered`

    @property
    def is_newest(self) -> bool:
        """Whether nobody in this process has seen the log grow, or grow in another way."""
        return self.memory.anchor[:2] == (self.head, self.leaf)

    def may_use(self, upto: int) -> bool:
        """Whether what was read at that head is so here."""
        return upto <= self.anchor.position

    def tag(self, tag: str) -> Tag | None:
        """The remembered numbers of a tag."""
        found = self.memory.tags.get(tag)
        return found if found is not None and found[0] <= self.anchor.tag else None

    def shapes(self) -> dict[Shape, int]:
        """The remembered shapes, where they are all that there are; else none."""
        found = dict(self.memory.shapes)
        return found if len(found) == self.anchor.shape == self.last_shape else {}

    def ids(self, kind: str) -> Ids:
        """The remembered ids of a kind. Others may add to them at any time: ask `is_same` after using them."""
        found = self.memory.ids.get(kind)
        return found if found is not None and found[0] <= self.anchor.position else NO_IDS

    def has(self, position: int, leaf: bytes) -> bool:
        """Whether it is the head, or what it was looked for at: that the log has it is then seen already."""
        return (position, leaf) in ((self.head, self.leaf), self.anchor[:2])

    def is_same(self, kind: str, ids: Ids) -> bool:
        """Whether nothing was added since, which need not be so here."""
        return self.memory.ids.get(kind) is ids

    def keys(self, names: Iterable[str]) -> set[str]:
        """The keys that were seen together with an entry that is still there."""
        found = self.memory.keys
        return {name for name in names if name in found and self.may_use(found[name])}

    def add_keys(self, names: Iterable[str], position: int) -> None:
        """Remembers that those keys were there when the entry at that position was appended."""
        with self.memory.lock:
            if len(self.memory.keys) > LIMIT:
                self.memory.keys = {}
            self.memory.keys.update(dict.fromkeys(names, position))

    def column(self, kind: str) -> "pl.Series | None":
        """The remembered ids of a kind as a column."""
        found = self.memory.columns.get(kind)
        return found[1] if found is not None and self.may_use(found[0]) else None

    def given(self, kind: str) -> "Given | None":
        """The remembered ids of a kind as segments have them."""
        found = self.memory.given.get(kind)
        return found[1] if found is not None and self.may_use(found[0]) else None

    def remember(
        self,
        *,
        tags: Mapping[str, Tag] | None = None,
        shapes: Mapping[Shape, int] | None = None,
        ids: Mapping[str, Mapping[int, str]] | None = None,
        columns: "Mapping[str, pl.Series] | None" = None,
        given: "Mapping[str, Given] | None" = None,
        grown: tuple[int, bytes] | None = None,
    ) -> None:
        """Adds what this transaction read or wrote, once it is committed. grown: the head that it left, and its leaf.

        What another transaction of this process has moved on from is not added: that costs time, never truth.
        """
        memory = self.memory
        if not (tags or shapes or ids or columns or given or grown):
            return
        with memory.lock:
            here, (position, leaf, tag, shape) = (self.head, self.leaf), memory.anchor
            if (position, leaf) not in (here, grown):
                return
            position, leaf = grown or here
            tag = max(tag, *(number for number, _ in (tags or {}).values()), 0)
            shape = max(shape, *(shapes or {}).values(), 0)
            memory.anchor = Anchor(position, leaf, tag, shape)  # first: whoever reads meanwhile sees that it moved
            if len(memory.tags) + len(tags or ()) > LIMIT:
                memory.tags = {}
            memory.tags.update(tags or {})
            memory.shapes.update(shapes or {})
            for kind, some in (ids or {}).items():
                known = memory.ids.get(kind, (0, {}))[1]
                known = known if len(known) + len(some) <= LIMIT else {}
                memory.ids[kind] = (position, known)
                known.update(some)
            memory.columns.update({kind: (position, column) for kind, column in (columns or {}).items()})
            memory.given.update({kind: (position, some) for kind, some in (given or {}).items()})
            if grown and self.slots:
                memory.slots = self.slots


def is_still(connection: Connection, position: int, leaf: bytes) -> bool:
    """Whether the log has that entry, as the transaction sees it. Position 0 is before all entries."""
    if position == 0:
        return True
    row = run_binary(connection, f"SELECT leaf FROM entry WHERE position = {int(position)}").fetchone()
    return row is not None and bool(row[0] == leaf)


def expect_still(connection: Connection, position: int, leaf: bytes) -> None:
    """Raises StoreUnavailable where the log does not have that entry any more."""
    if not is_still(connection, position, leaf):
        raise put_back()


class Memory:
    """What is remembered of the log in one database, as its transactions may use it."""

    def __init__(self) -> None:
        self.now = Remembered()  # another object once the log was found put back

    def seen(self, connection: Connection, more: str = "") -> Seen:
        """What the connection's transaction sees, looked up at its first call.

        more: columns to be read with it, which are then in `more` of what comes back.
        """
        transaction = connection.get_transaction()
        kept = connection.info.get(_INFO)  # of a connection, which one transaction uses after another
        if kept is not None and kept[0]() is transaction:
            found: Seen = kept[1]
        else:
            found = self._look(connection, more)
            # Weak: SQLAlchemy keeps this dictionary until the connection is collected, which the transaction prevents.
            connection.info[_INFO] = (ref(transaction), found)
        return found

    def _look(self, connection: Connection, more: str) -> Seen:
        statement = _statement(connection.dialect.name, more)
        while True:
            memory = self.now
            anchor = memory.anchor
            row = run_binary(connection, statement, (anchor.position,)).fetchone()
            if anchor.position == 0 or row[3] == anchor.leaf:
                break
            if self.now is memory:  # else another thread was first, and may have begun a memory of this very log
                self.now = Remembered()
        found = Seen(memory, anchor, row)
        if found.head > anchor.position:
            with memory.lock:
                if memory.anchor is anchor:
                    memory.anchor = found.anchor = anchor._replace(position=found.head, leaf=found.leaf)
        return found


@cache
def _statement(dialect: str, more: str) -> str:
    return _SEEN.format(mark="?" if dialect == "sqlite" else "%s", more=more and f", {more}")
