"""An answer: rows, and the two clocks that they hold for."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, overload

import msgspec

from earlystart_core.clocks import Clocks
from earlystart_core.counting import counted

Row = dict[str, Any]
_encode = msgspec.json.Encoder(order="sorted").encode


class Answer(Sequence[Row]):
    """A sequence of rows as dicts; instants are aware and in UTC, dates are London's."""

    def __init__(self, rows: list[Row], clocks: Clocks) -> None:
        self.rows = rows
        self.clocks = clocks

    @property
    def known(self) -> int:
        """The position that the answer was known at."""
        return self.clocks.known

    @property
    def known_at(self) -> datetime | None:
        """When that position was recorded."""
        return self.clocks.known_at

    @property
    def effective(self) -> datetime | None:
        """The instant that facts were cut at, None where they were not."""
        return self.clocks.effective

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        return self.rows[index]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return f"<Answer of {counted(len(self.rows), 'row')}, {self.clocks}>"

    def json(self) -> bytes:
        """One array of rows: UTF-8, no spaces, keys sorted."""
        return _encode(self.rows)

    def ndjson(self) -> Iterator[bytes]:
        """One object a line, LF at its end."""
        return (_encode(row) + b"\n" for row in self.rows)
