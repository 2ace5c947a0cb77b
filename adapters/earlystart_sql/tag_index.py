"""The index of tags held against the entries: decisions and every answer about one case find entries by it.

It is read whole, a page at a time, and summed position by position; what a log has told never changes, so pages of
different moments are of one log.
"""

import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from earlystart_core.errors import StoreUnavailable, Tampered
from earlystart_core.proof.entries import Doubt
from earlystart_core.proof.tagged import Number, number_of_shape
from earlystart_core.proof.verify import MOST
from earlystart_sql.database import Database
from earlystart_sql.dictionary import kind_of
from earlystart_sql.own_tables import TABLES, not_plain
from earlystart_sql.raw import mark, one, run
from earlystart_sql.system import hash_key_is_given, hash_of_drawn
from earlystart_sql.tree_tables import those_there

PAGE = 200_000  # rows

# JSON, because in SQLite anything may stand anywhere: whatever is no whole number shows in it.
_JOIN = {"sqlite": "json_group_array({0})", "postgresql": "json_agg({0})::text"}
_TAGS = (
    "SELECT {tag_id}, {kind}, {n}, {id} FROM"
    " (SELECT tag_id, kind, n, id FROM tag{behind} ORDER BY tag_id LIMIT {page}) AS page"
)
_BEHIND_TAG = " WHERE tag_id > {m}"
_ROWS = (
    "SELECT {tag_id}, {position}, {shape} FROM"
    " (SELECT tag_id, position, shape FROM entry_tag{behind} ORDER BY tag_id, position LIMIT {page}) AS page"
)
_BEHIND_ROW = " WHERE (tag_id, position) > ({m}, {m})"
_SHAPES = "SELECT {id}, {type}, {version} FROM (SELECT id, type, version FROM shape ORDER BY id) AS page"
_HEAD = "SELECT coalesce(max(position), 0) FROM entry"
_NO_ROW = "the index of tags has a row that is none: expected whole numbers and texts"
_TOLD = {  # by a word of what SQLite says: "JSON cannot hold BLOB values", "Could not decode to UTF-8", …
    "BLOB": _NO_ROW,
    "UTF-8": _NO_ROW,
    "malformed": "the file is damaged: SQLite cannot read it whole",
}

Sums = npt.NDArray[np.uint64]
number_of: Number = hash_of_drawn if hash_key_is_given() else hash

_numbers = msgspec.json.Decoder(list[int]).decode
_texts = msgspec.json.Decoder(list[str]).decode


class TagIndex:
    """What the index says of the first `size` entries: a sum for each (`proof.tagged`), and what is wrong with it."""

    OTHERS = "the index of tags, by which it is found, says others than the entry"

    def __init__(self, size: int) -> None:
        self.doubts: list[Doubt] = []
        try:
            self.sums = np.zeros(size, np.uint64)
        except (MemoryError, ValueError):  # a forged position: that entries are missing is said by whoever reads them
            self.sums = np.zeros(0, np.uint64)

    def against(self, index: int, sums: bytes) -> Iterator[Doubt]:
        """Where the entries behind that index say other tags than the index, by their sums."""
        said = np.frombuffer(sums, np.uint64)
        here = self.sums[index : index + len(said)]
        for at in np.flatnonzero(said[: len(here)] != here)[:MOST]:
            yield Doubt(index + int(at) + 1, self.OTHERS)


def tag_index(database: Database, size: int) -> TagIndex:
    """The index as it stands, for a log of that size."""
    found = TagIndex(size)
    try:
        with database.reading() as connection:
            later = those_there(connection, ("tree_node", "tree_head"))
        found.doubts += not_plain(database, (*TABLES, *later))
        with database.reading() as connection:
            shapes = _shapes(connection, found)
        numbers = _tags(database, found)
        _sum(database, found, numbers, shapes)
    except (StoreUnavailable, msgspec.MsgspecError, ValueError, OverflowError) as error:
        told = _NO_ROW
        if isinstance(error, StoreUnavailable):
            told = next((sentence for word, sentence in _TOLD.items() if word in str(error)), "")
        if not told:
            raise
        found.doubts.append(Doubt(None, told))
        found.sums = np.zeros(0, np.uint64)  # nothing to hold the entries against
    return found


def _shapes(connection: Connection, found: TagIndex) -> Sums:
    """The number of each shape by its id, 1, 2, 3, …; of 0, which none has, nothing."""
    ids, types, versions = _page(connection, _SHAPES, ("id", "type", "version"), "", ()) or ("[]", "[]", "[]")
    shapes = list(zip(_texts(types), _numbers(versions), strict=True))
    if _numbers(ids) != list(range(1, len(shapes) + 1)) or len({*shapes}) != len(shapes):
        found.doubts.append(Doubt(None, "the types are not numbered 1, 2, 3, …, each once"))
    numbers = (number_of_shape(shape, number_of) % 2**64 for shape in shapes)
    return np.array([0, *numbers], np.uint64)


def _tags(database: Database, found: TagIndex) -> Sums:
    """The number of each tag by its id, 1, 2, 3, …; of 0, which none has, nothing."""
    last = 0
    texts: list[str] = []
    following = defaultdict[str, Iterator[int]](lambda: count(1))
    wrong = set()
    after: tuple[int, ...] = ()
    while True:
        with database.reading() as connection:
            page = _page(connection, _TAGS, ("tag_id", "kind", "n", "id"), _BEHIND_TAG, after)
        if page is None:
            break
        ids, kinds, ns, some = _numbers(page[0]), _texts(page[1]), _numbers(page[2]), _texts(page[3])
        numbered = ids == list(range(last + 1, last + 1 + len(ids)))
        if not numbered:
            wrong.add("tags are not numbered 1, 2, 3, …, each once")
        if ns != [next(following[kind]) for kind in kinds]:
            wrong.add("the tags of a kind are not numbered 1, 2, 3, … in the order of their coming")
        if kinds != [*map(kind_of, some)]:
            wrong.add("a tag stands among those of another kind")
        texts += some
        last += len(ids)
        after = (ids[-1],)
        if not numbered:
            break  # the page behind may be this one again
    if len({*texts}) != len(texts):
        wrong.add("a tag is there more than once")
    found.doubts += [Doubt(None, each) for each in sorted(wrong)]
    return np.fromiter(map(number_of, ["", *texts]), np.int64, 1 + len(texts)).view(np.uint64)


def _sum(database: Database, found: TagIndex, numbers: Sums, shapes: Sums) -> None:
    after: tuple[int, ...] = ()
    size = len(found.sums)
    while True:
        with database.reading() as connection:
            page = _page(connection, _ROWS, ("tag_id", "position", "shape"), _BEHIND_ROW, after)
            if page is None:
                return
            head = one(connection, _HEAD)
            head = head if isinstance(head, int) else size  # that it is no number is a stray's doubt
        tags, positions, kinds = map(_whole, page)
        behind, after = after, (int(tags[-1]), int(positions[-1]))
        if behind >= after:
            raise Tampered("the index of tags is out of order, and nothing more is read")
        if positions.min() < 1 or positions.max() > head:
            found.doubts.append(Doubt(None, f"the index of tags names an entry that is not there: of 1 to {head}"))
        here = (positions >= 1) & (positions <= size)  # what came since is not asked about
        tags, positions, kinds = tags[here], positions[here], kinds[here]
        known = (tags > 0) & (tags < len(numbers)) & (kinds > 0) & (kinds < len(shapes))
        if not known.all():
            found.doubts.append(Doubt(None, "the index of tags has a row of a tag or type that is not there"))
            tags, positions, kinds = tags[known], positions[known], kinds[known]
        np.add.at(found.sums, positions - 1, numbers[tags] + shapes[kinds])


def _whole(text: str) -> npt.NDArray[np.int64]:
    """The whole numbers of an array in JSON, three times faster than through Python's own.

    Raises:
        ValueError: something else is among them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # what it says where it stops before the end
        try:
            found = np.fromstring(text[1:-1], np.int64, sep=",")
        except DeprecationWarning as error:
            raise ValueError(str(error)) from None
    return found


def _page(connection: Connection, statement: str, names: Sequence[str], behind: str, after: tuple[int, ...]) -> Any:
    """The next page's columns, each as JSON; None behind the last. after: the key of the last row, nothing at first."""
    join = _JOIN[connection.dialect.name]
    columns = {name: join.format(name) for name in names}
    bound = behind.format(m=mark(connection)) if after else ""
    page = run(connection, statement.format(behind=bound, page=PAGE, **columns), after).fetchone()
    return None if page[0] in (None, "[]") else page
