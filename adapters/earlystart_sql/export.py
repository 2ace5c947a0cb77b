"""Export: the canonical bytes of every entry straight from the rows, without parsing them."""

from collections.abc import Iterator

from earlystart_core.entry import blob_of
from earlystart_core.errors import Unreadable
from earlystart_sql.log import SqlLog
from earlystart_sql.query import WHOLE
from earlystart_sql.raw import run_binary

PAGE = 5_000  # entries read at once
_CUT = b'"data":'


def canonical_lines(log: SqlLog, *, upto: int, leaves: bool = False) -> Iterator[bytes]:
    """The entries to that position, one a line, some thousand lines at a time.

    leaves: each line has `leaf` besides (hex), in its place among the sorted keys.

    Raises:
        Unreadable: a row is not one of an entry.
    """
    for after in range(0, upto, PAGE):
        with log.reading() as connection:
            rows = run_binary(
                connection,
                f"SELECT e.frame, f.data, e.leaf FROM {WHOLE}"
                f" WHERE e.position > {after} AND e.position <= {min(after + PAGE, upto)} ORDER BY e.position",
            ).fetchall()
        yield b"".join(_lines(rows, leaves=leaves))


def _lines(rows: list[tuple[bytes, bytes, bytes]], *, leaves: bool) -> Iterator[bytes]:
    for frame, data, leaf in rows:
        try:
            before, cut, after = blob_of(frame).partition(_CUT)
            more = b',"leaf":"%s"' % blob_of(leaf).hex().encode() if leaves else b""
            line = b"%s%s%s%s%s\n" % (before, cut, blob_of(data), more, after)
        except TypeError:
            cut = b""
        if not cut:
            raise Unreadable("an entry of the log cannot be read: expected the frame of an entry, got other bytes")
        yield line
