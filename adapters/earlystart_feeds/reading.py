"""Reading: a folder of CSV files as rows, each with the physical line on which it starts.

What is not a feed as section 4 of the contract has it is refused in one sentence before anything is stored; no
sentence holds a value of a row.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from earlystart_feeds.files import files_in, opened
from earlystart_feeds.header import Header, header_of
from earlystart_feeds.looks import LOOKED_AT
from earlystart_feeds.no_feed import no_encoding, too_large
from earlystart_feeds.scanning import Scan
from earlystart_feeds.tables import TABLES, Column, Table

MOST_ROWS = 2_000_000  # of a feed
MOST_TEXT = 2**30  # characters of a feed, in columns that are read
MOST_SHARED, LONGEST_SHARED = 10_000, 40


class Row:
    """One row of a table: its fields as text, in the table's order; "" where the file has none."""

    __slots__ = ("line", "surplus", "table", "values")

    def __init__(self, table: Table, line: int, values: tuple[str, ...], surplus: str | None = None) -> None:
        self.table = table
        self.line = line  # physical, the header being 1
        self.values = values
        self.surplus = surplus  # the last column of the header, where the row has more fields than that

    def __getitem__(self, column: str) -> str:
        return self.values[self.table.at[column]]

    @property
    def id(self) -> object:
        """What the row is known by within its file: its first field, or all of them."""
        return self.values if self.table.whole else self.values[0]


class Feed(msgspec.Struct):
    """The rows of each file, in the file's order. `absent`: files that the folder lacks."""

    rows: dict[str, list[Row]]
    absent: list[str]
    unknown_columns: dict[str, list[str]]


class Room:
    """How much of a feed still has room in memory."""

    def __init__(self) -> None:
        self.rows = MOST_ROWS
        self.text = MOST_TEXT

    def take(self, file: str, text: int) -> None:
        """Takes a row of that many characters.

        Raises:
            Refused: there is no room.
        """
        self.rows -= 1
        self.text -= text
        if self.rows < 0 or self.text < 0:
            wanted = f"a feed of at most {MOST_ROWS:,} rows and 1 GiB of text"
            raise too_large(file, wanted, "more up to here", "send it in several feeds, one after the other")


def read_feed(folder: Path) -> Feed:
    """The feed in that folder.

    Raises:
        Invalid: there is no such folder.
        Refused: there is no file of a feed in it, or one that is no CSV file as a feed has it.
    """
    files = files_in(folder, [table.file for table in TABLES])
    feed, room = Feed({}, [], {}), Room()
    for table in TABLES:
        feed.rows[table.file] = []
        if table.file not in files:
            feed.absent.append(table.file)
            continue
        with opened(files[table.file]) as file:
            feed.rows[table.file], unknown = read_table(table, file, room)
        if unknown:
            feed.unknown_columns[table.file] = unknown
    return feed


def read_table(table: Table, file: BinaryIO, room: Room) -> tuple[list[Row], list[str]]:
    """The rows of a file that can seek, and the names of its unknown columns.

    Raises:
        Refused: it is no CSV file as a feed has it.
    """
    start = file.read(LOOKED_AT)
    file.seek(0)
    scan = Scan(table.file, file)
    header = header_of(table, scan, start)
    return list(_rows(table, scan, header, room)), header.unknown


def _rows(table: Table, scan: Scan, header: Header, room: Room) -> Iterator[Row]:
    read = frozenset(place for place in header.places if place >= 0)
    columns = [(place, _shared(column)) for place, column in zip(header.places, table.columns, strict=True)]
    for line, fields in scan.rows(read, header.width):
        count = len(fields)
        texts = [(fields[place] if 0 <= place < count else b"", shared) for place, shared in columns]
        try:
            values = tuple([_text(text, shared) for text, shared in texts])
        except UnicodeDecodeError:
            raise no_encoding(table.file, line, _first_wrong(table, [text for text, _ in texts])) from None
        room.take(table.file, sum(map(len, values)))
        yield Row(table, line, values, header.last if count > header.width else None)


def _shared(column: Column) -> dict[bytes, str] | None:
    """The texts that many rows of a column share, so that each is in memory once."""
    return {} if column.codes is not None or column.form in ("day", "time", "team", "label", "org") else None


def _text(text: bytes, shared: dict[bytes, str] | None) -> str:
    if shared is None or len(text) > LONGEST_SHARED:
        return text.decode()
    found = shared.get(text)
    if found is None:
        found = text.decode()
        if len(shared) < MOST_SHARED:
            shared[text] = found
    return found


def _first_wrong(table: Table, texts: list[bytes]) -> str:
    """The first column whose text is not UTF-8."""
    for column, text in zip(table.columns, texts, strict=True):
        try:
            text.decode()
        except UnicodeDecodeError:
            return column.name
    return table.id
