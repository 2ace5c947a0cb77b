"""The tables of the views: what each holds, and how rows go in and come out.

Instants are whole microseconds and dates whole days since 1970-01-01, as in the columns that a rebuild folds.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import polars as pl
from sqlalchemy import Connection

from earlystart_core.entry import from_micros, micros
from earlystart_core.projection import Key, Projection, Row
from earlystart_core.views import VIEW
from earlystart_sql.raw import run

_ZERO = date(1970, 1, 1)
NUMBERS = ("number", "flag", "instant", "day")  # held as whole numbers
AT_ONCE = 200  # values in one IN list


class ViewTable:
    """The table of one view, on one dialect."""

    def __init__(self, projection: Projection, dialect: str) -> None:
        self.projection = projection
        self.name = table_name(projection.name, projection.digest)
        self.held = {name: projection.held[name] for name in projection.columns}
        self._mark = "?" if dialect == "sqlite" else "%s"
        self._text = "TEXT" if dialect == "sqlite" else 'TEXT COLLATE "C"'
        self._rows = " WITHOUT ROWID" if dialect == "sqlite" else ""
        self._number = "INTEGER" if dialect == "sqlite" else "BIGINT"
        self._order = ", ".join(map(quoted, projection.keys))

    @cached_property
    def create(self) -> tuple[str, ...]:
        """The statements that make the table, empty."""
        columns = [
            f"{quoted(name)} {self._number if held in NUMBERS else self._text}" for name, held in self.held.items()
        ]
        found = [
            f"CREATE TABLE IF NOT EXISTS {self.name} ({', '.join(columns)}, PRIMARY KEY ({self._order})){self._rows}"
        ]
        if "case" in self.projection.columns and self.projection.keys[0] != "case":
            found.append(f'CREATE INDEX IF NOT EXISTS {self.name}_by_case ON {self.name} ("case")')
        return tuple(found)

    @cached_property
    def insert(self) -> str:
        """Adds a row."""
        marks = ", ".join([self._mark] * len(self.held))
        return f"INSERT INTO {self.name} ({', '.join(map(quoted, self.held))}) VALUES ({marks})"

    @cached_property
    def insert_all(self) -> str:
        """Adds many rows at once from arrays, one a column. PostgreSQL only."""
        arrays = ", ".join(f"%s::{'int8' if held in NUMBERS else 'text'}[]" for held in self.held.values())
        return f"INSERT INTO {self.name} ({', '.join(map(quoted, self.held))}) SELECT * FROM unnest({arrays})"

    @cached_property
    def upsert(self) -> str:
        """Adds a row, or replaces that of its key."""
        rest = [name for name in self.held if name not in self.projection.keys]
        sets = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in rest)
        return f"{self.insert} ON CONFLICT ({self._order}) DO UPDATE SET {sets}"

    @cached_property
    def delete(self) -> str:
        """Takes out the row of a key."""
        return (
            f"DELETE FROM {self.name} WHERE {' AND '.join(f'{quoted(k)} = {self._mark}' for k in self.projection.keys)}"
        )

    def select(
        self, names: Iterable[str], where: Mapping[str, Sequence[str]], team: str | None = None
    ) -> tuple[str, tuple[str, ...]]:
        """The statement and its parameters: those columns by key, of rows with one of the values in each column."""
        parts = [f"{quoted(name)} IN ({', '.join([self._mark] * len(values))})" for name, values in where.items()]
        given = [value for values in where.values() for value in values]
        if team is not None:
            cases = table_name("case_status", VIEW["case_status"].digest)
            parts.append(f'"case" IN (SELECT "case" FROM {cases} WHERE team = {self._mark})')
            given.append(team)
        cut = f" WHERE {' AND '.join(parts)}" if parts else ""
        columns = ", ".join(map(quoted, names))
        return f"SELECT {columns} FROM {self.name}{cut} ORDER BY {', '.join(map(quoted, self.projection.keys))}", tuple(
            given
        )

    def into(self, row: Row) -> tuple[Any, ...]:
        """The row as the table holds it."""
        return tuple(_into(held, row[name]) for name, held in self.held.items())

    def out_of(self, names: Sequence[str], values: Iterable[Any]) -> Row:
        """A row as people read it, from selected values."""
        return {name: _out_of(self.held[name], value) for name, value in zip(names, values, strict=True)}

    def tuples(self, frame: pl.DataFrame) -> list[tuple[Any, ...]]:
        """A folded frame's rows as the table holds them."""
        plain = {
            "instant": lambda name: pl.col(name).dt.timestamp("us"),
            "day": lambda name: pl.col(name).cast(pl.Int32),
        }
        return frame.select(
            plain[held](name) if held in plain else pl.col(name) for name, held in self.held.items()
        ).rows()

    def frame(self, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
        """Selected values as a frame, of the types that a fold gives."""
        held = {name: self.held[name] for name in names}
        schema = {name: pl.Int64 if one in NUMBERS else pl.String for name, one in held.items()}
        frame = pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
        casts: dict[str, Any] = {"instant": pl.Datetime("us", "UTC"), "day": pl.Date}
        return frame.with_columns(
            (pl.col(name).cast(pl.Int32) if one == "day" else pl.col(name)).cast(casts[one])
            for name, one in held.items()
            if one in casts
        )


class SqlTables:
    """The views' rows within one transaction (`live.Tables`)."""

    def __init__(self, connection: Connection, tables: Mapping[str, ViewTable]) -> None:
        self._connection = connection
        self._tables = tables

    def rows(self, view: str, column: str, values: Collection[str], names: Sequence[str]) -> list[Row]:
        table = self._tables[view]
        found = []
        for some in _some(list(values)):
            statement, given = table.select(names, {column: some})
            found += [table.out_of(names, row) for row in run(self._connection, statement, given)]
        return found

    def put(self, view: str, keys: Collection[Key], rows: Sequence[Row]) -> None:
        table = self._tables[view]
        gone = set(keys) - {tuple(row[name] for name in VIEW[view].keys) for row in rows}
        if gone:
            self._each(table.delete, list(gone))
        if rows:
            self._each(table.upsert, [table.into(row) for row in rows])

    def _each(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        for row in rows:
            run(self._connection, statement, row)


def table_name(view: str, digest: str) -> str:
    """The table of a view under one declaration: another declaration has another table."""
    return f"view_{view}_{digest[:8]}"


def quoted(name: str) -> str:
    """A column's name; `case` is a word of SQL."""
    return f'"{name}"'


def _some(values: list[str]) -> Iterable[list[str]]:
    return (values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE))


def _into(held: str, value: Any) -> Any:
    if value is None:
        return None
    return micros(value) if held == "instant" else (value - _ZERO).days if held == "day" else value


def _out_of(held: str, value: Any) -> Any:
    if value is None:
        return None
    return from_micros(value) if held == "instant" else _ZERO + timedelta(days=value) if held == "day" else value
