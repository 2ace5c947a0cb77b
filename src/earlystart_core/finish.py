"""Finishing: columns made from a row's other columns after every fact is in. Pure, and per row.

Each expression has two readings, one for a row and one for a frame, which the tests hold against each other.
"""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from earlystart_core.types import london_date

if TYPE_CHECKING:
    import polars as pl

LAST_DAY = date(9999, 12, 31)


class Finish(msgspec.Struct, frozen=True):
    """An expression over columns of the same row."""

    needs: tuple[str, ...]

    def row(self, row: dict[str, Any]) -> Any:
        """The value for a row."""
        raise TypeError("an expression is one of the kinds below")

    def column(self) -> "pl.Expr":
        """The same for a frame."""
        raise TypeError("an expression is one of the kinds below")


class _LondonDay(Finish, frozen=True):
    def row(self, row: dict[str, Any]) -> Any:
        moment = row[self.needs[0]]
        return None if moment is None else london_date(moment)

    def column(self) -> "pl.Expr":
        import polars as pl

        return pl.col(self.needs[0]).dt.convert_time_zone("Europe/London").dt.date()


class _OnlyIf(Finish, frozen=True):
    equals: str
    then: Finish

    def row(self, row: dict[str, Any]) -> Any:
        return self.then.row(row) if row[self.needs[0]] == self.equals else None

    def column(self) -> "pl.Expr":
        import polars as pl

        return pl.when(pl.col(self.needs[0]) == self.equals).then(self.then.column())


class _FirstOf(Finish, frozen=True):
    column_first: str
    then: Finish

    def row(self, row: dict[str, Any]) -> Any:
        value = row[self.column_first]
        return self.then.row(row) if value is None else value

    def column(self) -> "pl.Expr":
        import polars as pl

        return pl.coalesce(pl.col(self.column_first), self.then.column())


class _DaysAfter(Finish, frozen=True):
    then: Finish
    days: str

    def row(self, row: dict[str, Any]) -> Any:
        start, days = self.then.row(row), row[self.days]
        return None if start is None or days is None else start + timedelta(days=days)

    def column(self) -> "pl.Expr":
        import polars as pl

        return (self.then.column().cast(pl.Int32) + pl.col(self.days).cast(pl.Int32)).cast(pl.Date)


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
    """A date that many days later; null where either is null."""
    return _DaysAfter((*then.needs, days), then, days)


class CountOf(msgspec.Struct, frozen=True):
    """How many finished rows of another projection name this row's key in a column, and have nothing in another."""

    projection: str
    by: str
    without: str


def count_of(projection: str, *, by: str, without: str) -> CountOf:
    """`count_of("package_status", by="case", without="ended_at")`."""
    return CountOf(projection, by, without)
