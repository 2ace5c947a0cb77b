"""Selected numbers of a view's table told as people read them: as rows, or as a frame, by key in code-point order."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from operator import itemgetter
from typing import Any

import polars as pl

from earlystart_core.entry import from_micros
from earlystart_core.errors import Unreadable
from earlystart_core.projection import Row
from earlystart_core.replay.frames import TYPES
from earlystart_sql.naming import FEW, Naming
from earlystart_sql.view_tables import ViewTable

_ZERO = date(1970, 1, 1)
_STRANGE = (LookupError, TypeError, ValueError, OverflowError, pl.exceptions.PolarsError)
Numbers = Sequence[Sequence[int | None]]


def rows_of(table: ViewTable, names: Sequence[str], found: Numbers, naming: Naming) -> list[Row]:
    """The rows, each with those columns; by key where the key is among them.

    Raises:
        Unreadable: a number stands for nothing: someone else wrote there.
    """
    if not found:
        return []
    columns = zip(names, zip(*found, strict=True), strict=True)
    try:
        told = [_told(table.held[name], column, naming) for name, column in columns]
    except _STRANGE as error:
        raise _unreadable(table) from error
    rows = [dict(zip(names, values, strict=True)) for values in zip(*told, strict=True)]
    keys = table.projection.keys
    if len(rows) > 1 and set(keys) <= set(names):
        rows.sort(key=itemgetter(*keys))
    return rows


def frame_of(table: ViewTable, names: Sequence[str], found: Numbers, naming: Naming) -> pl.DataFrame:
    """The same as a frame, of the types that a fold gives."""
    try:
        whole = pl.DataFrame(found, schema=dict.fromkeys(names, pl.Int64), orient="row")
        told = {name: _series(table.held[name], whole[name], naming) for name in names}
    except _STRANGE as error:
        raise _unreadable(table) from error
    return pl.DataFrame(told).sort(table.projection.keys)


def _unreadable(table: ViewTable) -> Unreadable:
    return Unreadable(f"a row of {table.name} cannot be read: expected numbers of the store; a rebuild makes it anew")


def _told(held: str, values: Sequence[int | None], naming: Naming) -> Iterable[Any]:
    if held == "number":
        return values
    if held == "instant":
        return [None if value is None else from_micros(value) for value in values]
    if held == "day":
        return [None if value is None else _ZERO + timedelta(days=value) for value in values]
    if held == "flag":
        return [None if value is None else bool(value) for value in values]
    if len(values) > FEW:
        return naming.column(held).gather(pl.Series(values, dtype=pl.Int64)).to_list()
    return naming.tell(held, values)


def _series(held: str, values: pl.Series, naming: Naming) -> pl.Series:
    if held in TYPES:
        return (values.cast(pl.Int32) if held == "day" else values).cast(TYPES[held])
    if len(values) > FEW:
        return naming.column(held).gather(values)
    return pl.Series(_told(held, values.to_list(), naming), dtype=pl.String)
