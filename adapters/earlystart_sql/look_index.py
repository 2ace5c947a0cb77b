"""The access log's index compared with its entries: whoever asks who looked at a case finds the looks by it.

Summed position by position, as the index of tags is (`tag_index`), and read a page at a time in its own order.
"""

import numpy as np

from earlystart_core.errors import StoreUnavailable, Tampered
from earlystart_core.proof.entries import Doubt
from earlystart_sql.database import Database
from earlystart_sql.own_tables import not_plain
from earlystart_sql.raw import mark, one, run
from earlystart_sql.schema import LOOKS
from earlystart_sql.tag_index import TagIndex, number_of
from earlystart_sql.tree_tables import those_there

PAGE = 50_000  # rows

_ROWS = "SELECT id, position FROM look_tag{behind} ORDER BY id, position LIMIT {page}"
_BEHIND = " WHERE (id, position) > ({m}, {m})"
_HEAD = "SELECT coalesce(max(position), 0) FROM look"
_NO_ROW = "the index of the access log has a row that is none: expected a text and a whole number"


class LookIndex(TagIndex):
    """What the access log's index says of its first `size` entries."""

    OTHERS = "whom it is about is not what the index says, by which it is found"


def number_of_tag(text: str) -> int:
    """The number of a tag; 0 of a type, which is not kept in this index: a NUL stands in it, and in no tag."""
    return 0 if "\x00" in text else number_of(text)


def look_index(database: Database, size: int) -> LookIndex:
    """The index as it stands, for an access log of that size, and what stands before its tables.

    Raises:
        Tampered: a table is damaged.
        StoreUnavailable: one may not be read.
    """
    found = LookIndex(size)
    with database.reading() as connection:
        there = those_there(connection, LOOKS)
    if not there:
        return found  # a store from before it
    gone = [table for table in LOOKS if table not in there]
    found.doubts += [
        Doubt(None, f"the table {table} of the access log is gone: the others are there") for table in gone
    ]
    found.doubts += not_plain(database, there)
    try:
        if "look_tag" in there:
            _sum(database, found, "look" in there)
    except StoreUnavailable as error:
        if "UTF-8" not in str(error):
            raise
        _none(found)
    return found


def _none(found: LookIndex) -> None:
    found.doubts.append(Doubt(None, _NO_ROW))
    found.sums = np.zeros(0, np.uint64)  # nothing to hold the entries against


def _sum(database: Database, found: LookIndex, has_entries: bool) -> None:
    """Adds up the rows; raises Tampered where they are out of order."""
    after: tuple[str, int] | tuple[()] = ()
    size, outside = len(found.sums), False
    while True:
        with database.reading() as connection:
            behind = _BEHIND.format(m=mark(connection)) if after else ""
            page = run(connection, _ROWS.format(behind=behind, page=PAGE), after).fetchall()
            head = one(connection, _HEAD) if has_entries else 0
        if not isinstance(head, int):
            head = size  # that it is no number is said already
        if any(not (isinstance(tag, str) and isinstance(position, int)) for tag, position in page):
            _none(found)
            return
        if not page:
            break
        if database.dialect == "sqlite" and after and tuple(page[-1]) <= after:  # PostgreSQL has an order of its own
            raise Tampered("the index of the access log is out of order, and nothing more is read")
        after = tuple(page[-1])
        numbers = np.array([number_of(tag) for tag, _ in page], np.int64).view(np.uint64)
        positions = np.array([position for _, position in page], np.int64)
        outside = outside or bool(positions.min() < 1 or positions.max() > head)
        here = (positions >= 1) & (positions <= size)  # what came since is not asked about
        np.add.at(found.sums, positions[here] - 1, numbers[here])
    if outside:
        found.doubts.append(
            Doubt(None, f"the index of the access log names an entry that is not there: of 1 to {head}")
        )
