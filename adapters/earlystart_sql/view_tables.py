"""The tables of the views: each holds whole numbers only, and each view has two of them.

Ids stand as the store's numbers, other text as terms (`naming`), instants as microseconds and dates as days since
1970-01-01, as in the columns that a rebuild folds. One of a view's two tables is served; a rebuild fills the other
beside it, so that nobody waits for it and a reader who began earlier goes on seeing the rows of that moment.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from earlystart_core.projection import Projection
from earlystart_core.replay.columns import NULL
from earlystart_core.views import VIEW, VIEWS

SLOTS = ("a", "b")
PLAIN = ("number", "flag", "instant", "day")  # held as they are; all else is the number of a text
NAMED = re.compile(r"view_[a-z_]+_[0-9a-f]{8}(_[ab])?")  # the tables of any declaration, of older releases too


class ViewTable:
    """One of the two tables of one view, on one dialect."""

    def __init__(self, projection: Projection, dialect: str, slot: str) -> None:
        self.projection = projection
        self.name = table_name(projection.name, projection.digest, slot)
        self.held = {name: projection.held[name] for name in projection.columns}
        self.kinds = {name: held for name, held in self.held.items() if held not in PLAIN}
        self.ids = [name for name, kind in self.kinds.items() if kind != "text"]
        self.terms = [name for name, kind in self.kinds.items() if kind == "text"]
        self._slot = slot
        self.on_sqlite = dialect == "sqlite"
        self._mark = "?" if self.on_sqlite else "%s"
        self._order = ", ".join(map(quoted, projection.keys))

    @cached_property
    def create(self) -> str:
        """The statement that makes the table, where it is missing."""
        number = "INTEGER" if self.on_sqlite else "BIGINT"
        keys = self.projection.keys
        columns = [f"{quoted(name)} {number}" for name in self.held]
        if len(keys) == 1:  # INTEGER PRIMARY KEY is SQLite's rowid: rows in the order of their key, and no index
            columns = [f"{one} PRIMARY KEY" if one.startswith(f"{quoted(keys[0])} ") else one for one in columns]
        return f"CREATE TABLE IF NOT EXISTS {self.name} ({', '.join(columns)})"

    @cached_property
    def indexes(self) -> dict[str, str]:
        """The statements that make its indexes, by name: filling the table first is faster."""
        found = {}
        keys = self.projection.keys
        if len(keys) > 1:
            found[f"{self.name}_by_key"] = (
                f"UNIQUE INDEX IF NOT EXISTS {self.name}_by_key ON {self.name} ({self._order})"
            )
        if "case" in self.held and keys[0] != "case":
            found[f"{self.name}_by_case"] = f'INDEX IF NOT EXISTS {self.name}_by_case ON {self.name} ("case")'
        return {name: f"CREATE {statement}" for name, statement in found.items()}

    def insert(self, nullable: Iterable[str], rows: int = 1) -> str:
        """Adds so many rows, given end to end. nullable: the columns in which NULL stands for nothing."""
        may = set(nullable)
        # Binding None costs a driver of SQLite ten times what a number costs.
        values = ", ".join(f"nullif({self._mark}, {NULL})" if name in may else self._mark for name in self.held)
        return f"INSERT INTO {self.name} ({self.columns}) VALUES {', '.join([f'({values})'] * rows)}"

    @cached_property
    def columns(self) -> str:
        """The names of all columns, in order."""
        return ", ".join(map(quoted, self.held))

    @cached_property
    def upsert(self) -> str:
        """Adds a row, or replaces that of its key. NULL stands for nothing."""
        rest = [name for name in self.held if name not in self.projection.keys]
        sets = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in rest)
        return f"{self.insert(rest)} ON CONFLICT ({self._order}) DO UPDATE SET {sets}"

    @cached_property
    def delete(self) -> str:
        """Takes out the row of a key."""
        return (
            f"DELETE FROM {self.name} WHERE {' AND '.join(f'{quoted(k)} = {self._mark}' for k in self.projection.keys)}"
        )

    def select(
        self, names: Iterable[str], where: Mapping[str, Sequence[int]], team: int | None = None
    ) -> tuple[str, tuple[int, ...]]:
        """The statement and its parameters: those columns of rows with one of the values in each column."""
        parts = [f"{quoted(name)} IN ({', '.join([self._mark] * len(values))})" for name, values in where.items()]
        given = [value for values in where.values() for value in values]
        if team is not None:
            cases = table_name("case_status", VIEW["case_status"].digest, self._slot)
            parts.append(f'"case" IN (SELECT "case" FROM {cases} WHERE team = {self._mark})')
            given.append(team)
        cut = f" WHERE {' AND '.join(parts)}" if parts else ""
        return f"SELECT {', '.join(map(quoted, names))} FROM {self.name}{cut}", tuple(given)


def tables_of(dialect: str) -> dict[str, dict[str, ViewTable]]:
    """By slot and view the tables of all views."""
    return {slot: {view.name: ViewTable(view, dialect, slot) for view in VIEWS} for slot in SLOTS}


def table_name(view: str, digest: str, slot: str) -> str:
    """A table of a view under one declaration: another declaration has others."""
    return f"view_{view}_{digest[:8]}_{slot}"


def quoted(name: str) -> str:
    """A column's name; `case` is a word of SQL."""
    return f'"{name}"'
