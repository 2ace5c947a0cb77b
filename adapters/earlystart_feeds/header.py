"""The header of a file: which columns it has, and where."""

import msgspec

from earlystart_core.errors import Refused
from earlystart_feeds.looks import bare, look_of, look_of_header
from earlystart_feeds.no_feed import no_columns, no_csv, wrong_column
from earlystart_feeds.scanning import Scan
from earlystart_feeds.tables import TABLES, Table

LONGEST_NAME = 100  # characters of an unknown column's name that are shown


class Header(msgspec.Struct, frozen=True):
    """What a header says."""

    places: tuple[int, ...]  # of each of the table's columns; -1 where the file lacks it
    width: int  # how many fields it has
    last: str  # the name of the last column that has one
    unknown: list[str]  # names that the table does not know, once each


def header_of(table: Table, scan: Scan, start: bytes) -> Header:
    """The header of a file. start: its first bytes.

    Raises:
        Refused: it has no column of the table, one of them twice, or one in another spelling.
    """
    look, fault = look_of(start), None
    if look is not None:
        raise no_csv(table.file, *look)
    try:
        names = [name.decode("utf-8", "replace") for name in scan.header()]
    except Refused as refused:
        names, fault = [], refused
    if table.at.keys().isdisjoint(names):
        raise _without_columns(table, start, fault)
    for column in table.at:
        _check(table, column, names)
    named = [name for name in names if name]
    unknown = dict.fromkeys(_shown(name) for name in named if name not in table.at)
    places = tuple(names.index(column) if column in names else -1 for column in table.at)
    return Header(places, len(names), _shown(named[-1]), list(unknown))


def _check(table: Table, column: str, names: list[str]) -> None:
    count = names.count(column)
    if count > 1:
        raise wrong_column(table.file, column, f"{count} times", "leave one of them")
    if count == 0 and bare(column) in map(bare, names):
        raise wrong_column(
            table.file, column, "in another spelling", "write it as it stands here, capitals and blanks too"
        )


def _without_columns(table: Table, start: bytes, fault: Refused | None) -> Refused:
    """Why no column of the table was found: by what the first row looks like, else by what stopped its reading."""
    columns, others = list(table.at), {other.file: list(other.at) for other in TABLES if other is not table}
    look = look_of_header(start, columns, others)
    if look is None and fault is not None:
        return fault
    return no_columns(table.file, columns, *(look or ("none of them", "see whether the header row is missing")))


def _shown(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
