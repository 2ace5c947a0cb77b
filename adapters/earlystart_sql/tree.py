"""The hash tree beside the log: whole subtrees of 256 leaves or more, added in the append that completes them.

Rows of it are only ever added, like the log's own. A store from before it has no such table until its first append,
and no such rows until appends have caught up; meanwhile what is asked is made from the leaves.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from sqlalchemy import Connection

from earlystart_core.entry import from_micros, micros
from earlystart_core.errors import Invalid, Tampered
from earlystart_core.proof.checkpoint import checkpoint_in
from earlystart_core.proof.compact import Range, levels_of
from earlystart_core.proof.entries import Doubt, Rows
from earlystart_core.proof.hashing import BLOCK, HASH, LEVEL, Node
from earlystart_core.proof.strict import GREATEST
from earlystart_core.proof.tree import Signed, Tree, grown
from earlystart_core.proof.verify import Stretch
from earlystart_sql import tree_tables
from earlystart_sql.database import Database
from earlystart_sql.insert import insert
from earlystart_sql.raw import one, run_binary
from earlystart_sql.served import astray, view_state
from earlystart_sql.stored_rows import rows_of, shapes_in
from earlystart_sql.stretches import can_be_apart, strays, stretches
from earlystart_sql.tree_tables import can_keep, may_be_read

CATCH_UP = 256  # blocks that one append takes up at most, besides its own: a tenth of a second or two
AT_ONCE = 10_000  # kept rows read together

_HEAD = "SELECT coalesce(max(position), 0) FROM {table}"
_LEAVES = "SELECT leaf FROM {table} WHERE position > {first} AND position <= {last} ORDER BY position"
_LAST = "SELECT number, signed_at, note FROM {table} ORDER BY number DESC LIMIT 1"


class SqlTree(Tree):
    """The tree of the log in a database. Another log's names its own tables."""

    ENTRIES, NODES, HEADS = "entry", "tree_node", "tree_head"

    def __init__(self, database: Database) -> None:
        self._database = database
        self._blocks = 0  # that are kept, at least: committed, seen or written by this process; of no longer log

    def grow(self, connection: Connection, head: int, new: Sequence[bytes]) -> int:
        """Keeps what an append completes, in its transaction; returns how many blocks are kept now.

        head: before the append. new: its leaves. The caller says so to `grown_to` once it is committed.
        """
        last = head + len(new)
        self._blocks = min(self._blocks, head // BLOCK)  # a log that was put back has none for what it does not hold
        if last // BLOCK <= self._blocks or not can_keep(connection, self.NODES):
            return self._blocks
        kept = one(connection, f"SELECT coalesce(max(number) + 1, 0) FROM {self.NODES} WHERE level = {LEVEL}")
        if not isinstance(kept, int) or (begin := kept * BLOCK) > head:
            return self._blocks  # more is kept than the log has: for a verification to say, not for an append
        upto = min(last, max(begin + CATCH_UP * BLOCK, (begin + len(new)) // BLOCK * BLOCK))
        old = _leaves(connection, self.ENTRIES, begin, min(head, upto))
        leaves = [*old, *new[: max(0, upto - head)]]
        places = [(level, begin >> (level + 1) << 1) for level in levels_of(begin)]
        hashes = [hash_ for place in places if (hash_ := _kept(connection, self.NODES, *place)) is not None]
        if len(hashes) < len(places):
            return self._blocks  # part of what was kept is gone: likewise
        insert(connection, self.NODES, grown(Range(begin, hashes), leaves))
        return kept + len(leaves) // BLOCK

    def grown_to(self, blocks: int) -> None:
        """So many blocks are kept for good."""
        self._blocks = max(self._blocks, blocks)

    def size(self) -> int:
        with self._database.reading() as connection:
            head = one(connection, _HEAD.format(table=self.ENTRIES))
            return max(head, 0) if isinstance(head, int) else 0  # what stands below or is no position is a stray

    def leaves(self, first: int, last: int) -> bytes:
        with self._database.reading() as connection:
            return b"".join(_leaves(connection, self.ENTRIES, first, last))

    def kept(self, level: int, number: int) -> bytes | None:
        with self._database.reading() as connection:
            return _kept(connection, self.NODES, level, number) if may_be_read(connection, self.NODES) else None

    def all_kept(self) -> Iterator[Node]:
        after = (0, -1)
        while True:
            with self._database.reading() as connection:
                if not may_be_read(connection, self.NODES):
                    return
                rows = run_binary(
                    connection,
                    f"SELECT level, number, hash FROM {self.NODES}"
                    f" WHERE level > {after[0]} OR (level = {after[0]} AND number > {after[1]})"
                    f" ORDER BY level, number LIMIT {AT_ONCE}",
                ).fetchall()
            if not rows:
                return
            for level, number, hash_ in rows:
                if not (isinstance(level, int) and isinstance(number, int) and LEVEL <= level < 64 and number >= 0):
                    raise Tampered("the tree kept with the log has a row that is no node of it")
                yield level, number, hash_ if isinstance(hash_, bytes) else b""
            if rows[-1][:2] <= after:
                raise Tampered("the tree kept with the log is out of order")
            after = rows[-1][:2]

    def rows(self, after: int, upto: int) -> Iterable[Rows]:
        with self._database.reading() as connection:
            shapes = shapes_in(connection)
        return rows_of(self._database, shapes, after, upto)

    def stretches(self, size: int, wanted: Collection[int], processes: int = 1) -> Iterator[Stretch]:
        return stretches(self._database, size, wanted, processes if can_be_apart(self._database) else 1)

    def strays(self, size: int) -> Iterable[Doubt]:
        with self._database.reading() as connection:
            head = one(connection, _HEAD.format(table=self.ENTRIES))
            found = list(strays(connection, shapes_in(connection), head))
            return [*found, *(astray(connection) if may_be_read(connection, view_state.name) else ())]

    def last_signed(self) -> Signed | None:
        with self._database.reading() as connection:
            return _last_signed(connection, self.HEADS)[1] if may_be_read(connection, self.HEADS) else None

    def sign(self, make: Callable[[Signed | None], Signed]) -> Signed:
        with self._database.writing() as connection:
            tree_tables.make(connection)
            number, last = _last_signed(connection, self.HEADS)
            signed = make(last)
            found = signed.checkpoint
            row = (number + 1, found.size, found.root, micros(signed.at), str(found).encode())
            insert(connection, self.HEADS, [row])
            return signed


def _leaves(connection: Connection, table: str, first: int, last: int) -> list[bytes]:
    if first >= last:
        return []
    found = [row[0] for row in run_binary(connection, _LEAVES.format(table=table, first=first, last=last))]
    return [leaf if isinstance(leaf, bytes) else b"" for leaf in found]


def _kept(connection: Connection, table: str, level: int, number: int) -> bytes | None:
    row = run_binary(connection, f"SELECT hash FROM {table} WHERE level = {level} AND number = {number}").fetchone()
    return row[0] if row is not None and isinstance(row[0], bytes) and len(row[0]) == HASH else None


def _last_signed(connection: Connection, table: str) -> tuple[int, Signed | None]:
    row = run_binary(connection, _LAST.format(table=table)).fetchone()
    if row is None:
        return 0, None
    number, signed_at, note = row
    try:
        if not isinstance(note, bytes):
            raise Invalid("checkpoint", "expected its text, got something else")
        if not (isinstance(number, int) and 0 < number < GREATEST):
            raise Invalid("checkpoint", "expected its number, got one that none was signed under")
        return number, Signed(checkpoint_in(note), from_micros(signed_at))
    except (Invalid, TypeError, ValueError, OverflowError) as error:
        raise Tampered(f"the checkpoint that was signed here last cannot be read: {error}") from None
