"""Receipts compared with the entries: each entry of a command has the receipt of that command, and no other.

A receipt makes a command that is sent again safe. One that is gone lets it be carried out twice; one that names other
entries answers with them. Read whole, a page at a time, and summed position by position, as the index of tags is.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from earlystart_core.errors import StoreUnavailable
from earlystart_core.proof.entries import Doubt
from earlystart_core.proof.tagged import Number
from earlystart_core.proof.verify import MOST
from earlystart_sql.database import Database
from earlystart_sql.raw import mark, one, run

PAGE = 100_000  # rows

# JSON, because in SQLite anything may stand anywhere: whatever is no text or no whole number shows in it.
_JOIN = {"sqlite": "json_group_array({0})", "postgresql": "json_agg({0})::text"}
_ROWS = (
    "SELECT {command_id}, {first}, {count} FROM"
    " (SELECT command_id, first, count FROM receipt{behind} ORDER BY command_id LIMIT {page}) AS page"
)
_HEAD = "SELECT coalesce(max(position), 0) FROM entry"
_NO_ROW = "a receipt is malformed: expected the id of a command and whole numbers"
_ELSEWHERE = "a receipt names entries that do not exist: expected positions 1 to {}"
_ANOTHER = "the receipt that names this entry is another command's, or two receipts name it"
_GONE = "the receipt of its command is missing: if it is sent again, it is carried out a second time"

Array = npt.NDArray[Any]
_texts = msgspec.json.Decoder(list[str]).decode
_numbers = msgspec.json.Decoder(list[int]).decode


class ReceiptIndex:
    """What receipts say of the first `size` entries: the sum of those that name each, and where they begin."""

    def __init__(self, size: int) -> None:
        self.doubts: list[Doubt] = []
        self.begun: int | None = None  # the position before which no receipt is, None where there is none at all
        try:
            self.sums = np.zeros(size, np.uint64)
        except (MemoryError, ValueError):  # a forged position: that entries are missing is said by whoever reads them
            self.sums = np.zeros(0, np.uint64)

    def against(self, index: int, commands: bytes) -> tuple[list[Doubt], list[int]]:
        """What is wrong with the receipts of the entries behind that index; and those before the first without one.

        commands: the number of each entry's command_id, 0 where it has none.
        """
        said = np.frombuffer(commands, np.uint64)
        here = self.sums[index : index + len(said)]
        doubts, before = list[Doubt](), list[int]()
        for at in np.flatnonzero(said[: len(here)] != here):
            position = index + int(at) + 1
            if here[at] == 0 and (self.begun is None or position < self.begun):
                before.append(position)
            elif len(doubts) < MOST:
                doubts.append(Doubt(position, _GONE if here[at] == 0 else _ANOTHER))
        return doubts, before


def receipt_index(database: Database, size: int, number: Number) -> ReceiptIndex:
    """The receipts as they are stored, for a log of that size. number: gives the number that sums use for a text."""
    found = ReceiptIndex(size)
    try:
        for ids, first, count, head in _pages(database):
            _add(found, ids, first, count, head, number)
    except (StoreUnavailable, msgspec.MsgspecError, ValueError, OverflowError) as error:
        if isinstance(error, StoreUnavailable) and not any(word in str(error) for word in ("BLOB", "UTF-8")):
            raise
        found.doubts.append(Doubt(None, _NO_ROW))
        found.sums = np.zeros(0, np.uint64)  # nothing to hold the entries against
    return found


def _pages(database: Database) -> Iterator[tuple[list[str], Array, Array, int]]:
    after: tuple[str, ...] = ()
    while True:
        with database.reading() as connection:
            page = _page(connection, after)
            head = one(connection, _HEAD)
        if page is None:
            return
        ids = _texts(page[0])
        yield ids, np.array(_numbers(page[1]), np.int64), np.array(_numbers(page[2]), np.int64), head
        behind, after = after, (ids[-1],)
        if after == behind:
            raise ValueError("the receipts are out of order")


def _page(connection: Connection, after: tuple[str, ...]) -> Any:
    join = _JOIN[connection.dialect.name]
    columns = {name: join.format(name) for name in ("command_id", "first", "count")}
    behind = f" WHERE command_id > {mark(connection)}" if after else ""
    page = run(connection, _ROWS.format(behind=behind, page=PAGE, **columns), after).fetchone()
    return None if page[0] in (None, "[]") else page


def _add(found: ReceiptIndex, ids: list[str], first: Array, count: Array, head: object, number: Number) -> None:
    size = len(found.sums)
    if not isinstance(head, int):
        head = size  # that it is no number is a stray's doubt
    there = (first >= 1) & (count >= 0) & (count <= head) & (first <= head + 1) & (first + count <= head + 1)
    if not there.all():
        found.doubts += [] if found.doubts else [Doubt(None, _ELSEWHERE.format(head))]
    if there.any():
        least = int(first[there].min())
        found.begun = least if found.begun is None else min(least, found.begun)
    here = there & (first + count <= size + 1)  # what came since is not asked about
    numbers = np.fromiter(map(number, ids), np.int64, len(ids)).view(np.uint64)[here]
    first, count = first[here], count[here]
    ends = np.cumsum(count)
    places = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - count, count) + np.repeat(first, count) - 1
    np.add.at(found.sums, places, np.repeat(numbers, count))
