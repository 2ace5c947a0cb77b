"""The index of tags held against the entries: decisions and every answer about one case find entries by it.

It is read whole, a page at a time, and summed position by position; what a log has told never changes, so pages of
different moments are of one log.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from earlystart_core.errors import StoreUnavailable
from earlystart_core.proof.entries import Doubt
from earlystart_core.proof.tagged import number_of_shape
from earlystart_sql.database import Database
from earlystart_sql.raw import mark, one, run

PAGE = 200_000  # rows
MOST = 20  # doubts that are told

# JSON, because in SQLite anything may stand anywhere: whatever is no whole number shows in it.
_JOIN = {"sqlite": "json_group_array({0})", "postgresql": "json_agg({0})::text"}
_TAGS = (
    "SELECT {tag_id}, {id} FROM (SELECT tag_id, id FROM tag WHERE tag_id > {m} ORDER BY tag_id LIMIT {page}) AS page"
)
_ROWS = (
    "SELECT {tag_id}, {position}, {shape} FROM (SELECT tag_id, position, shape FROM entry_tag"
    " WHERE (tag_id, position) > ({m}, {m}) ORDER BY tag_id, position LIMIT {page}) AS page"
)
_KINDS = (
    "SELECT kind FROM tag GROUP BY kind HAVING min(n) <> 1 OR max(n) <> count(*) OR count(DISTINCT n) <> count(*)"
    " OR count(CASE WHEN n = CAST(n AS BIGINT) THEN 1 END) <> count(*)"
)
_MISPLACED = (  # a tag's kind is its text before the first colon, nothing where there is none
    "SELECT 1 FROM tag WHERE NOT (replace(kind, ':', '') = kind AND (substr(id, 1, length(kind) + 1) = kind || ':'"
    " OR (kind = '' AND replace(id, ':', '') = id))) LIMIT 1"
)
_HEAD = "SELECT coalesce(max(position), 0) FROM entry"

Ids = npt.NDArray[np.int64]
Sums = npt.NDArray[np.uint64]

_numbers = msgspec.json.Decoder(list[int]).decode
_texts = msgspec.json.Decoder(list[str]).decode


class TagIndex:
    """What the index says of the first `size` entries: a sum for each (`proof.tagged`), and what is wrong with it."""

    def __init__(self, size: int) -> None:
        self.doubts: list[Doubt] = []
        try:
            self.sums = np.zeros(size, np.uint64)
        except MemoryError:  # a forged position: that entries are missing is said by whoever reads them
            self.sums = np.zeros(0, np.uint64)

    def against(self, index: int, sums: bytes) -> Iterator[Doubt]:
        """Where the entries behind that index say other tags than the index, by their sums."""
        said = np.frombuffer(sums, np.uint64)
        here = self.sums[index : index + len(said)]
        for at in np.flatnonzero(said[: len(here)] != here)[:MOST]:
            yield Doubt(index + int(at) + 1, "the index of tags, by which it is found, says others than the entry")


def tag_index(database: Database, size: int) -> TagIndex:
    """The index as it stands, for a log of that size."""
    found = TagIndex(size)
    try:
        with database.reading() as connection:
            shapes = _shapes(connection)
            if one(connection, _MISPLACED) is not None:
                found.doubts.append(Doubt(None, "a tag stands among those of another kind"))
            if run(connection, _KINDS).fetchone() is not None:
                found.doubts.append(Doubt(None, "the tags of a kind are not numbered 1, 2, 3, …"))
        ids, numbers = _tags(database, found)
        _sum(database, found, ids, numbers, shapes)
    except (StoreUnavailable, msgspec.MsgspecError, OverflowError) as error:
        if isinstance(error, StoreUnavailable) and "BLOB" not in str(error):  # "JSON cannot hold BLOB values"
            raise
        found.doubts.append(Doubt(None, "the index of tags has a row that is none: expected whole numbers and texts"))
    return found


def _shapes(connection: Connection) -> Sums:
    """The number of each shape by its id, 0 for an id that has none."""
    rows: list[tuple[int, str, int]] = run(connection, "SELECT id, type, version FROM shape").fetchall()
    numbers = np.zeros(1 + max((id_ for id_, *_ in rows), default=0), np.uint64)
    for id_, type_, version in rows:
        numbers[id_] = number_of_shape((type_, version)) % 2**64
    return numbers


def _tags(database: Database, found: TagIndex) -> tuple[Ids, Sums]:
    """Each tag's id, rising, and its number."""
    ids: list[int] = []
    texts: list[str] = []
    while True:
        with database.reading() as connection:
            page = _page(connection, _TAGS, ("tag_id", "id"), (ids[-1] if ids else -(2**62),))
        if page is None:
            break
        ids += _numbers(page[0])
        texts += _texts(page[1])
    numbers = np.fromiter(map(hash, texts), np.int64, len(texts)).view(np.uint64)
    if len({*texts}) != len(texts):
        found.doubts.append(Doubt(None, "a tag is there more than once"))
    return np.array(ids, np.int64), numbers


def _sum(database: Database, found: TagIndex, ids: Ids, numbers: Sums, shapes: Sums) -> None:
    after = (-(2**62), 0)
    size = len(found.sums)
    while True:
        with database.reading() as connection:
            page = _page(connection, _ROWS, ("tag_id", "position", "shape"), after)
            if page is None:
                return
            head = one(connection, _HEAD)
        tags, positions, kinds = (np.array(_numbers(each), np.int64) for each in page)
        after = (int(tags[-1]), int(positions[-1]))
        if positions.min() < 1 or positions.max() > head:
            found.doubts.append(Doubt(None, f"the index of tags names an entry that is not there: of 1 to {head}"))
        here = (positions >= 1) & (positions <= size)  # what came since is not asked about
        tags, positions, kinds = tags[here], positions[here], kinds[here]
        at = np.searchsorted(ids, tags)
        known = (at < len(ids)) & (kinds >= 0) & (kinds < len(shapes))
        known[known] = ids[at[known]] == tags[known]
        if not known.all():
            found.doubts.append(Doubt(None, "the index of tags has a row of a tag or type that is not there"))
            positions, at, kinds = positions[known], at[known], kinds[known]
        np.add.at(found.sums, positions - 1, numbers[at] + shapes[kinds])


def _page(connection: Connection, statement: str, names: tuple[str, ...], after: tuple[int, ...]) -> Any:
    """The next page's columns, each as JSON; None behind the last."""
    join = _JOIN[connection.dialect.name]
    columns = {name: join.format(name) for name in names}
    asked = statement.format(m=mark(connection), page=PAGE, **columns)
    page = run(connection, asked, after).fetchone()
    return None if page[0] in (None, "[]") else page
