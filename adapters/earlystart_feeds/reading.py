"""Reading: a folder of CSV files as rows, each with the physical line on which it starts.

A file that is not what section 4 of the contract calls a feed file (UTF-8, RFC 4180) is a wrong call, said before
anything is stored; no message holds a value of a row.
"""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

import msgspec

from earlystart_core.errors import Invalid
from earlystart_feeds.tables import TABLES, Table

NO_HEADER = "(none of its columns is known: is the header missing?)"


class Row:
    """One row of a table: its fields as text, in the table's order; "" where the file has none."""

    __slots__ = ("line", "table", "values")

    def __init__(self, table: Table, line: int, values: tuple[str, ...]) -> None:
        self.table = table
        self.line = line  # physical, the header being 1
        self.values = values

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


def read_feed(folder: Path) -> Feed:
    """The feed in that folder.

    Raises:
        Invalid: there is no such folder, no file of a feed in it, or a file that is not UTF-8 or not RFC 4180.
    """
    if not folder.is_dir():
        raise Invalid("folder", "expected a folder with the files of a feed, found none of that name")
    feed = Feed({}, [], {})
    for table in TABLES:
        path = folder / table.file
        if path.exists():
            rows, unknown = read_table(table, _text_of(path))
            feed.rows[table.file] = rows
            if unknown:
                feed.unknown_columns[table.file] = unknown
        else:
            feed.rows[table.file] = []
            feed.absent.append(table.file)
    if len(feed.absent) == len(TABLES):
        raise Invalid("folder", f"expected the files of a feed ({TABLES[0].file}, {TABLES[1].file}, …), found none")
    return feed


def read_table(table: Table, text: str) -> tuple[list[Row], list[str]]:
    """The rows of a file, and the names of its unknown columns."""
    lines = _lines(table.file, text)
    _, header = next(lines, (1, []))
    known = [name for name in header if name in table.at]
    twice = [name for name in table.at if known.count(name) > 1]
    if twice:
        raise Invalid(table.file, f"expected each column once in the header, found {twice[0]} more than once")
    unknown = list(dict.fromkeys(name for name in header if name and name not in table.at))
    if unknown and not known:
        unknown = [NO_HEADER]  # what stands there may be a row: not for a report
    places = [header.index(name) if name in known else -1 for name in table.at]
    width = max(places, default=-1) + 1
    rows = [
        Row(table, line, tuple([fields[place] if 0 <= place < len(fields) else "" for place in places]))
        if len(fields) < width or -1 in places
        else Row(table, line, tuple([fields[place] for place in places]))
        for line, fields in lines
    ]
    return rows, unknown


def _lines(file: str, text: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Each row with the line on which it starts, blank lines left out."""
    reader = csv.reader(StringIO(text, newline="\n"), strict=True)  # only LF ends a physical line
    start = 1
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Invalid(file, f"line {start}: expected a row as RFC 4180 quotes it ({_cause(error)})") from None
        if fields and not (len(fields) == 1 and fields[0].isspace()):
            yield start, fields
        start = reader.line_num + 1


def _cause(error: csv.Error) -> str:
    """The parser's complaint, which never holds a value."""
    message = str(error)
    if "end of data" in message:
        return "a quote is opened and never closed"
    if "field limit" in message:
        return f"a field is longer than {csv.field_size_limit():,} characters"
    if "new-line" in message:
        return "a line end within a field that is not quoted"
    return "text follows a closing quote"


def _text_of(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError:
        raise Invalid(path.name, "cannot be read: expected a file, open to this user") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Invalid(path.name, f"line {line}: expected UTF-8, got other bytes") from None
