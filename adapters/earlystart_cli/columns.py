"""Rows as people read them: in columns, or where a terminal is too narrow one value a line."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from rich.cells import cell_len

from earlystart_core.clocks import instant_text

Row = dict[str, Any]


def text_of(value: Any) -> str:
    """A value of a row: null is `-`, an empty list `none`, of a row in it each `name=value`; instants are in UTC."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ", ".join(map(text_of, value)) or "none"
    if isinstance(value, dict):
        return " ".join(f"{name}={text_of(each)}" for name, each in value.items())
    return str(value)


def lines_of(rows: Sequence[Row], width: int | None) -> Iterator[str]:
    """The rows under a head, each on one line; with a width that they would not fit in, one value a line."""
    if not rows:
        return
    names = list(rows[0])
    cells = [[text_of(row[name]) for name in names] for row in rows]
    widths = [max(len(name), *(_len(line[at]) for line in cells)) for at, name in enumerate(names)]
    if width is not None and sum(widths) + 2 * len(widths) - 2 > width:
        yield from _upright(names, cells)
        return
    right = [all(isinstance(row[name], int | None) for row in rows) for name in names]
    yield _line(names, widths, right)
    for line in cells:
        yield _line(line, widths, right)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = []
    for cell, width, to_right in zip(cells, widths, right, strict=True):
        space = " " * (width - _len(cell))
        padded.append(space + cell if to_right else cell + space)
    return "  ".join(padded).rstrip()


def _upright(names: Sequence[str], cells: Sequence[Sequence[str]]) -> Iterator[str]:
    left = max(map(len, names))
    for number, line in enumerate(cells):
        if number:
            yield ""
        for name, cell in zip(names, line, strict=True):
            yield f"{name:<{left}}  {cell}"


def _len(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)
