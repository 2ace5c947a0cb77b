"""Scanning: a CSV file as rows of fields, as RFC 4180 quotes them.

Only the columns that a table knows are read. What stands in any other is passed over, whatever it is: text that is not
UTF-8, a quote that nobody closed, a hundred megabytes.
"""

from collections.abc import Iterator
from typing import BinaryIO

from earlystart_feeds.no_feed import no_quoting, too_large
from earlystart_feeds.pieces import Pieces

LONGEST_FIELD = 131_072  # bytes, of a column that is read
LONGEST_HEADER = 65_536  # bytes
BOM = b"\xef\xbb\xbf"

_NEVER_CLOSED, _BEHIND = "a quote that is opened and never closed", "text after a closing quote"
ScannedRow = tuple[int, list[bytes]]  # the line that it starts on, and its fields


class _Misquoted(Exception):
    """A field in quotes that does not end as one."""


class Scan:
    """One file, read once from its start: first the `header`, then the `rows`."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self._name = name
        self._pieces = Pieces(name, file)
        self._pieces.takes(BOM)
        self._start = 1  # the line of the row that is being read

    def header(self) -> list[bytes]:
        """The fields of the first row that is not blank; an empty list if all are blank.

        Raises:
            Refused: it is not quoted as RFC 4180 says, or longer than 65,536 bytes.
        """
        while not self._pieces.is_over():
            fields = list[bytes]()
            self._start = self._pieces.line
            for text in self._fields(None, LONGEST_HEADER):
                fields.append(text)
                if sum(map(len, fields)) + len(fields) > LONGEST_HEADER:
                    wanted = f"a header row of at most {LONGEST_HEADER:,} bytes"
                    raise too_large(self._name, wanted, "a longer first line", "see that it is a CSV file")
            if len(fields) > 1 or not _is_blank(fields[0]):
                return fields
        return []

    def rows(self, read: frozenset[int], width: int) -> Iterator[ScannedRow]:
        """The rows that follow and are not blank. Of a row with more than `width` fields one more is given.

        read: the places of the fields that are needed; at any other stands some bytes or none.

        Raises:
            Refused: a field that is needed is not quoted as RFC 4180 says, or longer than 131,072 bytes.
        """
        pieces = self._pieces
        while not pieces.is_over():
            self._start = start = pieces.line
            line = pieces.whole_line()
            if line is None:
                yield start, self._row(read, width)
                continue
            line = line.rstrip(b"\r")
            if _is_blank(line):
                continue
            fields = line.split(b",", width)
            if len(line) > LONGEST_FIELD or b"\r" in line:
                for place in read.intersection(range(len(fields))):
                    self._check_length(fields[place])
                    self._check_ends(fields[place])
            yield start, fields

    def _row(self, read: frozenset[int], width: int) -> list[bytes]:
        fields = list[bytes]()
        for text in self._fields(read, LONGEST_FIELD, width):
            if len(fields) <= width:
                fields.append(text)
        return fields

    def _fields(self, read: frozenset[int] | None, most: int, width: int | None = None) -> Iterator[bytes]:
        """The fields of one row, to its end; empty at places that are not needed. None: all are.

        width: behind so many fields and one more, not every field is given.
        """
        place = 0
        while True:
            is_read = read is None or place in read
            text = self._field(most if is_read else -1)
            self._check_length(text)
            yield text
            place += 1
            if not self._pieces.takes(b","):
                self._pieces.takes(b"\n")
                return
            if width is not None and place > width:
                self._pieces.skip_plain()

    def _field(self, most: int) -> bytes:
        """One field; most: bytes to read of it, -1 where it is passed over."""
        pieces = self._pieces
        if pieces.peek(1) != b'"':
            return self._plain(most)
        mark = pieces.mark()
        try:
            return self._quoted(most)
        except _Misquoted as fault:
            if most >= 0:
                raise no_quoting(self._name, self._start, str(fault)) from None
        pieces.back(mark)  # in a column that is passed over such a quote is a letter, and the row ends with its line
        return self._plain(most)

    def _plain(self, most: int) -> bytes:
        text = self._pieces.plain(most)
        if self._pieces.peek(1) != b",":
            text = text.rstrip(b"\r")
        self._check_ends(text)
        return text

    def _quoted(self, most: int) -> bytes:
        pieces = self._pieces
        pieces.takes(b'"')
        text = pieces.quoted(most)
        if not pieces.takes(b'"'):
            raise _Misquoted(_NEVER_CLOSED)
        behind = [b",", b"\n", b""]
        while pieces.takes(b"\r"):
            behind = [b"\n", b""]
        if pieces.peek(1) not in behind:
            raise _Misquoted(_BEHIND)
        return text

    def _check_length(self, text: bytes) -> None:
        if len(text) > LONGEST_FIELD:
            where, wanted = f"{self._name}: line {self._start}", f"a field of at most {LONGEST_FIELD:,} bytes"
            raise too_large(where, wanted, "a longer one", "see that every quote is closed")

    def _check_ends(self, text: bytes) -> None:
        if b"\r" in text:
            raise no_quoting(self._name, self._start, "a line end within a field without quotes")


def _is_blank(line: bytes) -> bool:
    return not line or line.isspace()
