"""The views' rows within one transaction, as the live path reads and replaces them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from earlystart_core.entry import micros
from earlystart_core.projection import Key, Row
from earlystart_core.replay.columns import NULL
from earlystart_sql.naming import Naming
from earlystart_sql.raw import run
from earlystart_sql.telling import rows_of
from earlystart_sql.view_tables import PLAIN, ViewTable

AT_ONCE = 200  # values in one IN list
_ZERO = date(1970, 1, 1)


class SqlTables:
    """The tables of one slot (`live.Tables`)."""

    def __init__(self, tables: Mapping[str, ViewTable], naming: Naming) -> None:
        self._tables = tables
        self._naming = naming
        self._connection = naming.numbers.connection

    def rows(self, view: str, column: str, values: Collection[str], names: Sequence[str]) -> list[Row]:
        table = self._tables[view]
        wanted = list(self._naming.find(table.held[column], values).values())
        found: list[Row] = []
        for start in range(0, len(wanted), AT_ONCE):
            statement, given = table.select(names, {column: wanted[start : start + AT_ONCE]})
            found += rows_of(table, names, run(self._connection, statement, given).fetchall(), self._naming)
        return found

    def put(self, view: str, keys: Collection[Key], rows: Sequence[Row]) -> None:
        table = self._tables[view]
        gone = set(keys) - {tuple(row[name] for name in table.projection.keys) for row in rows}
        if gone:
            self._delete(table, gone)
        if rows:
            ids, terms = (_texts(names, rows) for names in (table.ids, table.terms))
            self._naming.give(ids, terms)
            for row in rows:
                run(self._connection, table.upsert, self._into(table, row))

    def _into(self, table: ViewTable, row: Row) -> list[int]:
        """The row as the table takes it, once all its texts have numbers."""
        tags, term = self._naming.numbers.tags, self._naming.terms.number
        values = []
        for name, held in table.held.items():
            value = row[name]
            if value is None:
                value = NULL
            elif held == "instant":
                value = micros(value)
            elif held == "day":
                value = (value - _ZERO).days
            elif held == "text":
                value = term(value)
            elif held not in PLAIN:
                value = tags[value][1]
            values.append(value)
        return values

    def _delete(self, table: ViewTable, keys: Iterable[Key]) -> None:
        kinds = [table.kinds[name] for name in table.projection.keys]
        for key in keys:
            numbers = [self._naming.find(kind, [part]).get(part) for kind, part in zip(kinds, key, strict=True)]
            if None not in numbers:  # else no row can name it
                run(self._connection, table.delete, numbers)


def _texts(names: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """All that those columns say."""
    return [row[name] for row in rows for name in names if row[name] is not None]
