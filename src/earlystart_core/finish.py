"""Finishing: columns made from a row's other columns after every fact is in. Pure, and per row.

Each expression has two readings, one for a row and one for a frame, which the tests hold against each other.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from earlystart_core.types import london_date

if TYPE_CHECKING:
    import polars as pl

    from earlystart_core.projection import Projection


class Finish(msgspec.Struct, frozen=True):
    """An expression over columns of the same row."""

    needs: tuple[str, ...]

    def held(self, columns: Mapping[str, str]) -> str:
        """How its values are held (as `Source.held`), given how the columns are.

        Raises TypeError where it needs a column that is not there, or one of another kind.
        """
        raise TypeError("an expression is one of the kinds below")

    def row(self, row: dict[str, Any]) -> Any:
        """The value for a row."""
        raise TypeError("an expression is one of the kinds below")

    def column(self) -> "pl.Expr":
        """The same for a frame."""
        raise TypeError("an expression is one of the kinds below")


def _expect(columns: Mapping[str, str], name: str, *kinds: str) -> str:
    found = columns.get(name)
    if found is None:
        raise TypeError(f"expected a column declared before it, got {name!r}")
    if kinds and found not in kinds:
        raise TypeError(f"expected {name!r} to hold {' or '.join(kinds)}, got {found}")
    return found


class _LondonDay(Finish, frozen=True):
    def held(self, columns: Mapping[str, str]) -> str:
        _expect(columns, self.needs[0], "instant")
        return "day"

    def row(self, row: dict[str, Any]) -> Any:
        moment = row[self.needs[0]]
        return None if moment is None else london_date(moment)

    def column(self) -> "pl.Expr":
        import polars as pl

        return pl.col(self.needs[0]).map_batches(_london_days, return_dtype=pl.Date)


def _london_days(moments: "pl.Series") -> "pl.Series":
    import polars as pl

    from earlystart_core.civil import london_days

    instants = moments.to_physical()
    there = None if not instants.null_count() else instants.is_not_null()
    days = pl.Series(london_days(instants.fill_null(0).to_numpy())).cast(pl.Int32).cast(pl.Date)
    return days if there is None else days.zip_with(there, pl.Series([None], dtype=pl.Date))


class _OnlyIf(Finish, frozen=True):
    equals: str
    then: Finish

    def held(self, columns: Mapping[str, str]) -> str:
        _expect(columns, self.needs[0], "text")
        return self.then.held(columns)

    def row(self, row: dict[str, Any]) -> Any:
        return self.then.row(row) if row[self.needs[0]] == self.equals else None

    def column(self) -> "pl.Expr":
        import polars as pl

        return pl.when(pl.col(self.needs[0]) == self.equals).then(self.then.column())


class _FirstOf(Finish, frozen=True):
    column_first: str
    then: Finish

    def held(self, columns: Mapping[str, str]) -> str:
        return _expect(columns, self.column_first, self.then.held(columns))

    def row(self, row: dict[str, Any]) -> Any:
        value = row[self.column_first]
        return self.then.row(row) if value is None else value

    def column(self) -> "pl.Expr":
        import polars as pl

        return pl.coalesce(pl.col(self.column_first), self.then.column())


class _DaysAfter(Finish, frozen=True):
    then: Finish
    days: str

    def held(self, columns: Mapping[str, str]) -> str:
        _expect(columns, self.days, "number")
        if self.then.held(columns) != "day":
            raise TypeError("expected a date to count days from")
        return "day"

    def row(self, row: dict[str, Any]) -> Any:
        start, days = self.then.row(row), row[self.days]
        try:
            return None if start is None or days is None else start + timedelta(days=days)
        except OverflowError:
            return None

    def column(self) -> "pl.Expr":
        import polars as pl

        day = self.then.column().cast(pl.Int32).cast(pl.Int64) + pl.col(self.days)
        first, last = ((end - date(1970, 1, 1)).days for end in (date.min, date.max))
        return pl.when(day.is_between(first, last)).then(day).cast(pl.Int32).cast(pl.Date)


def london_day(column: str) -> Finish:
    """The civil date in Leeds of an instant."""
    return _LondonDay((column,))


def only_if(column: str, equals: str, then: Finish) -> Finish:
    """`then` where the column holds that code, else null."""
    return _OnlyIf((column, *then.needs), equals, then)


def first_of(column: str, then: Finish) -> Finish:
    """The column, or `then` where it is null."""
    return _FirstOf((column, *then.needs), column, then)


def days_after(then: Finish, days: str) -> Finish:
    """A date that many days later; null where either is, or beyond the calendar's years 1 to 9999."""
    return _DaysAfter((*then.needs, days), then, days)


class CountOf(msgspec.Struct, frozen=True):
    """How many finished rows of another projection name this row's key in a column, and have nothing in another."""

    projection: str
    by: str
    without: str
    kind: str  # of the ids in `by`
    digest: str  # of the other projection


def count_of(projection: "Projection", *, by: str, without: str) -> CountOf:
    """`count_of(package_status, by="case", without="ended_at")`.

    Raises TypeError where either is not a column that the other projection reduces.
    """
    for column in (by, without):
        if column not in projection.reducers:
            raise TypeError(f"{projection.name}: expected a column that it reduces from facts, got {column!r}")
    return CountOf(projection.name, by, without, projection.reducers[by].held, projection.digest)
