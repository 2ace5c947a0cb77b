"""Pieces: a file read a piece at a time, so that neither a long line nor a large file fills memory."""

import re
from typing import BinaryIO, NamedTuple

from earlystart_feeds.no_feed import too_large

PIECE = 2**18  # bytes read at a time
LONGEST_LINE = 2**20  # bytes that are handed out as one line
LARGEST_FILE = 4 * 2**30  # bytes

_END, _INSIDE = re.compile(b"[,\n]"), re.compile(b'(?:[^"]++|"")*+')
_PLAIN = re.compile(b'(?:(?!")[^,\n]*+,)*+')  # fields without quotes, each with the comma behind it


class Mark(NamedTuple):
    """A place in a file."""

    offset: int
    line: int


class Pieces:
    """A file that can seek, from its start. `line`: the physical line of what comes next; only LF ends one.

    Raises:
        Refused: at any reading, the file is larger than 4 GiB.
    """

    def __init__(self, name: str, file: BinaryIO) -> None:
        self._name = name
        self._file = file
        self._piece = b""
        self._at = 0  # within the piece
        self._before = 0  # bytes of the file before the piece
        self.line = 1

    def is_over(self) -> bool:
        """Whether nothing comes any more."""
        return self._at == len(self._piece) and not self._more()

    def peek(self, count: int) -> bytes:
        """The next bytes, fewer at the end."""
        while len(self._piece) - self._at < count and self._more():
            pass
        return self._piece[self._at : self._at + count]

    def takes(self, text: bytes) -> bool:
        """Whether that comes next; then it is taken."""
        if self.peek(len(text)) != text:
            return False
        self._at += len(text)
        self.line += text.count(b"\n")
        return True

    def whole_line(self) -> bytes | None:
        """The next line without its LF; None, and nothing is taken, where it has a quote in it or is over 1 MiB."""
        while (end := self._piece.find(b"\n", self._at)) < 0:
            if len(self._piece) - self._at > LONGEST_LINE:
                return None
            if not self._more():
                end = len(self._piece)
                break
        line = self._piece[self._at : end]
        if b'"' in line:
            return None
        self._at = min(end + 1, len(self._piece))
        self.line += 1
        return line

    def plain(self, most: int) -> bytes:
        """The text of a field without quotes; of what is longer than `most` bytes the first `most` + 1 only."""
        taken = bytearray()
        while True:
            found = _END.search(self._piece, self._at)
            stop = len(self._piece) if found is None else found.start()
            taken += self._piece[self._at : min(stop, self._at + max(0, most + 1 - len(taken)))]
            self._at = stop
            if found is not None or not self._more():
                return bytes(taken)

    def skip_plain(self) -> None:
        """From the start of a field, passes over those without quotes that end within what was read, all at once."""
        self._at = _PLAIN.match(self._piece, self._at).end()  # type: ignore[union-attr]  # it matches nothing at least

    def quoted(self, most: int) -> bytes:
        """What comes before the quote that closes a field, or before the end; as long as `plain`."""
        taken = bytearray()
        while True:
            stop = _INSIDE.match(self._piece, self._at).end()  # type: ignore[union-attr]  # it matches nothing at least
            self.line += self._piece.count(b"\n", self._at, stop)
            if most >= len(taken):
                taken += self._piece[self._at : stop].replace(b'""', b'"')[: most + 1 - len(taken)]
            self._at = stop
            if stop + 1 < len(self._piece) or not self._more():  # else half of a doubled quote may stand there
                return bytes(taken)

    def mark(self) -> Mark:
        """Where we are."""
        return Mark(self._before + self._at, self.line)

    def back(self, mark: Mark) -> None:
        """Goes back there, and reads on from there."""
        if mark.offset >= self._before:
            self._at = mark.offset - self._before
        else:
            self._file.seek(mark.offset)
            self._piece, self._at, self._before = b"", 0, mark.offset
        self.line = mark.line

    def _more(self) -> bool:
        piece = self._file.read(PIECE)
        if not piece:
            return False
        self._before += self._at
        self._piece = self._piece[self._at :] + piece
        self._at = 0
        if self._before + len(self._piece) > LARGEST_FILE:
            raise too_large(self._name, "a file of at most 4 GiB", "a larger one", "send it in several feeds")
        return True
