"""The views' rows within one transaction, as the live path reads and replaces them."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from earlystart_core.projection import Key, Row
from earlystart_sql.naming import Naming
from earlystart_sql.raw import run
from earlystart_sql.telling import rows_of
from earlystart_sql.view_tables import ViewTable

AT_ONCE = 200  # values in one IN list


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
            numbers = self._naming.give(_texts(table, rows))
            for row in rows:
                run(self._connection, table.upsert, table.into(row, numbers))

    def _delete(self, table: ViewTable, keys: Iterable[Key]) -> None:
        kinds = [table.kinds[name] for name in table.projection.keys]
        for key in keys:
            numbers = [self._naming.find(kind, [part]).get(part) for kind, part in zip(kinds, key, strict=True)]
            if None not in numbers:  # else no row can name it
                run(self._connection, table.delete, numbers)


def _texts(table: ViewTable, rows: Sequence[Row]) -> dict[str, set[str]]:
    """All text of those rows, by kind."""
    texts: dict[str, set[str]] = {kind: set() for kind in table.kinds.values()}
    for name, kind in table.kinds.items():
        texts[kind].update(row[name] for row in rows if row[name] is not None)
    return texts
