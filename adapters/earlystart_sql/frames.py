"""The served views as frames and rows: from the tables alone, or from the tables and a tail folded in memory."""

from collections.abc import Collection, Mapping, Sequence

import polars as pl

from earlystart_core.clocks import Clocks
from earlystart_core.live import advance
from earlystart_core.projection import Key, Row
from earlystart_core.replay.frames import frame_of_rows
from earlystart_core.views import VIEW, VIEWS
from earlystart_core.words import EVENTS
from earlystart_sql.live_tables import SqlTables
from earlystart_sql.naming import Naming
from earlystart_sql.past import SqlPast
from earlystart_sql.raw import run
from earlystart_sql.served import Served
from earlystart_sql.telling import Numbers, frame_of, rows_of
from earlystart_sql.view_tables import ViewTable


class Live:
    """The tables, as one transaction sees them (`store.Frames`)."""

    def __init__(self, naming: Naming, tables: Mapping[str, ViewTable], clocks: Clocks) -> None:
        self.clocks = clocks
        self._naming = naming
        self._tables = tables

    def frame(
        self, view: str, columns: Sequence[str] | None = None, *, team: str | None = None, case: str | None = None
    ) -> pl.DataFrame:
        table, names = self._tables[view], _names(view, columns)
        return frame_of(table, names, self._select(table, names, team, case), self._naming)

    def rows(self, view: str, *, team: str | None = None, case: str | None = None) -> list[Row]:
        table, names = self._tables[view], VIEW[view].columns
        return rows_of(table, names, self._select(table, names, team, case), self._naming)

    def _select(self, table: ViewTable, names: Sequence[str], team: str | None, case: str | None) -> Numbers:
        asked = {kind: text for kind, text in (("case", case), ("team", team)) if text is not None}
        numbers = {kind: self._naming.find(kind, [text]).get(text) for kind, text in asked.items()}
        if None in numbers.values():  # what no entry names has no row
            return []
        cases = [number for kind, number in numbers.items() if kind == "case" and number is not None]
        statement, given = table.select(names, {"case": cases} if cases else {}, numbers.get("team"))
        found: Numbers = run(self._naming.numbers.connection, statement, given).fetchall()
        return found


class Overlay:
    """The tables of a lower position, with the rows that the tail changes laid over them in memory.

    For a reader who may not write, or finds the lock taken.
    """

    def __init__(self, past: SqlPast, naming: Naming, tables: Mapping[str, ViewTable], served: Served) -> None:
        self.clocks = served.clocks
        self._tables = tables
        self._live = Live(naming, tables, served.clocks)
        self._over = _Over(SqlTables(tables, naming))
        advance(VIEWS, EVENTS, past.between(served.position, served.head), past, self._over)

    def rows(self, view: str, *, team: str | None = None, case: str | None = None) -> list[Row]:
        keys = VIEW[view].keys
        rows = self._over.laid_over(view, self._live.rows(view))
        if case is not None:
            rows = [row for row in rows if row["case"] == case]
        if team is not None:
            cases = {row["case"] for row in self.rows("case_status") if row["team"] == team}
            rows = [row for row in rows if row["case"] in cases]
        return sorted(rows, key=lambda row: tuple(row[key] for key in keys))

    def frame(
        self, view: str, columns: Sequence[str] | None = None, *, team: str | None = None, case: str | None = None
    ) -> pl.DataFrame:
        return frame_of_rows(VIEW[view], self.rows(view, team=team, case=case), _names(view, columns))


class _Over:
    """Rows kept in memory over the tables (`live.Tables`)."""

    def __init__(self, tables: SqlTables) -> None:
        self._tables = tables
        self._put: dict[str, dict[Key, Row | None]] = {view.name: {} for view in VIEWS}

    def rows(self, view: str, column: str, values: Collection[str], names: Sequence[str]) -> list[Row]:
        wanted = set(values)
        rows = self.laid_over(view, self._tables.rows(view, column, values, [*VIEW[view].keys, column, *names]))
        return [row for row in rows if row[column] in wanted]

    def put(self, view: str, keys: Collection[Key], rows: Sequence[Row]) -> None:
        self._put[view].update(dict.fromkeys(keys))
        self._put[view].update({tuple(row[name] for name in VIEW[view].keys): row for row in rows})

    def laid_over(self, view: str, rows: list[Row]) -> list[Row]:
        """Those rows of a table without what was replaced, and all that replaced something."""
        put, keys = self._put[view], VIEW[view].keys
        kept = [row for row in rows if tuple(row[name] for name in keys) not in put]
        return kept + [row for row in put.values() if row is not None]


def _names(view: str, columns: Sequence[str] | None) -> list[str]:
    """The key, the case and the asked columns, in the view's order."""
    keep = {*VIEW[view].keys, "case", *(VIEW[view].columns if columns is None else columns)}
    return [name for name in VIEW[view].columns if name in keep]
