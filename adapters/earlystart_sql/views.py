"""Views that are never stale, kept in the same database as the log.

An append advances, in its own transaction, the views that stood at its head. A reader that finds them behind catches
them up if it can have the lock at once; else it answers from the tables and the tail, with equal results. Nothing
runs in the background, and a crash loses nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter

from sqlalchemy import Connection

from earlystart_core.clocks import Clocks
from earlystart_core.entry import Recorded
from earlystart_core.live import Kept, advance
from earlystart_core.replay.as_at import AsAt
from earlystart_core.replay.check import built, differences, rows_by_row
from earlystart_core.replay.shelf import Looking, Shelf
from earlystart_core.store import Difference, Frames, Rebuilt, Source
from earlystart_core.views import VIEWS
from earlystart_core.words import EVENTS
from earlystart_sql.frames import Live, Overlay
from earlystart_sql.log import SqlLog
from earlystart_sql.past import SqlPast
from earlystart_sql.raw import run
from earlystart_sql.segments import SqlShelf
from earlystart_sql.served import Served, served
from earlystart_sql.system import cores
from earlystart_sql.view_tables import SqlTables, ViewTable, table_name

WITH_APPEND = 500  # entries: a larger append leaves the views to the next reader, who rebuilds them by columns
BY_KEY = 5_000  # entries: how far behind refolding the touched keys still beats a rebuild


class SqlViews:
    """The views of one store (`store.Views`)."""

    def __init__(self, log: SqlLog) -> None:
        self._log = log
        self._tables = {view.name: ViewTable(view, log.database.dialect) for view in VIEWS}
        self._kept = Kept()
        self.shelf = SqlShelf(log, EVENTS)
        self.threads = 1 if log.database.address.in_memory else cores()
        log.followers.append(self._follow)

    @contextmanager
    def reading(self) -> Iterator[Frames]:
        """The views at the head of the log, of one moment."""
        with self._log.reading() as connection:
            state = served(connection)
            if state.fresh:
                yield Live(connection, self._tables, state.clocks)
                return
        if state.head:
            self._catch_up(state)
        with self._log.reading() as connection:
            state = served(connection)
            if state.fresh:
                yield Live(connection, self._tables, state.clocks)
                return
            if state.laid and state.head - state.position <= BY_KEY:
                past = SqlPast(self._log, connection, EVENTS)
                yield Overlay(past, connection, self._tables, state)
                return
        # Outside the transaction: dropping an unsound segment must not wait for this very reader.
        yield AsAt(self._log, EVENTS, state.clocks, self.shelf, self.threads)

    def rebuild(self, source: Source | None = None) -> Rebuilt:
        started = perf_counter()
        if source == "segments":
            self.shelf.seal()
        sealed_at = perf_counter()
        head = self._log.head()
        if source is None:
            source = "segments" if self.shelf.runs(head) else "rows"
        folded = self._fold(head, self.shelf if source == "segments" else None)
        folded_at = perf_counter()
        with self._log.writing() as connection:
            self._serve(connection, folded)
        done = perf_counter()
        views = {view.name: built(folded.rows(view.name)) for view in VIEWS}
        return Rebuilt(folded.events, source, folded_at - sealed_at, done - folded_at, done - started, views)

    def check(self) -> tuple[Rebuilt, list[Difference]]:
        with self._log.reading() as connection:
            state = served(connection)
            rows = {}
            if state.laid:
                live = Live(connection, self._tables, state.clocks)
                rows = {view.name: live.rows(view.name) for view in VIEWS}
        started = perf_counter()
        folded = self._fold(state.position if state.laid else state.head)
        seconds = perf_counter() - started
        columns = {view.name: folded.rows(view.name) for view in VIEWS}
        found = list(differences("by the row executor", rows_by_row(self._log, EVENTS, folded.clocks.known), columns))
        if self.shelf.runs(folded.clocks.known):
            sealed = self._fold(folded.clocks.known, Looking(self.shelf))
            found += differences("by segments", {view.name: sealed.rows(view.name) for view in VIEWS}, columns)
        if state.laid:
            found += differences("as served", rows, columns)
        elif not state.built:
            found += [Difference(view.name, "", "was never built") for view in VIEWS]
        views = {name: built(rows) for name, rows in columns.items()}
        return Rebuilt(folded.events, "rows", seconds, 0.0, seconds, views), found

    def explain(self, source: Source | None = None) -> list[str]:
        shelf = None if source == "rows" else self.shelf
        return AsAt(self._log, EVENTS, Clocks(self._log.head(), None), shelf, self.threads).explain()

    def lag(self) -> dict[str, int | None]:
        with self._log.reading() as connection:
            state = served(connection)
        return {view.name: state.head - state.position if state.built else None for view in VIEWS}

    def _fold(self, known: int, shelf: Shelf | None = None) -> AsAt:
        folded = AsAt(self._log, EVENTS, Clocks(known, None), shelf, self.threads)
        folded.fold([view.name for view in VIEWS])
        return folded

    def _catch_up(self, state: Served) -> None:
        near = state.laid and state.head - state.position <= BY_KEY
        folded = None if near else self._fold(state.head, self.shelf)  # before the lock: writers do not wait for a fold
        with self._log.try_writing() as connection:
            if connection is None:
                return
            state = served(connection)
            if folded is not None and not (state.laid and state.position >= folded.clocks.known):
                self._serve(connection, folded)
            elif state.laid:
                self._advance(connection, state.position, state.head)

    def _follow(self, connection: Connection, recorded: Sequence[Recorded]) -> None:
        if not recorded:
            return
        state = served(connection)
        before = recorded[0].position - 1
        if not (state.laid or before == 0) or state.position != before or len(recorded) > WITH_APPEND:
            return
        if not state.laid:
            self._lay(connection)
        tables = SqlTables(connection, self._tables)
        advance(VIEWS, EVENTS, recorded, SqlPast(self._log, connection, EVENTS), tables, self._kept)
        self._move(connection, recorded[-1].position)

    def _serve(self, connection: Connection, folded: AsAt) -> None:
        self._lay(connection)
        for name, table in self._tables.items():
            rows = table.tuples(folded.frame(name))
            if rows and connection.dialect.name == "postgresql":
                connection.exec_driver_sql(table.insert_all, tuple(list(column) for column in zip(*rows, strict=True)))
            elif rows:
                connection.exec_driver_sql(table.insert, rows)
        self._move(connection, folded.clocks.known)
        self._advance(connection, folded.clocks.known, served(connection).head)

    def _advance(self, connection: Connection, after: int, head: int) -> None:
        if after < head:
            past = SqlPast(self._log, connection, EVENTS)
            advance(VIEWS, EVENTS, past.between(after, head), past, SqlTables(connection, self._tables))
            self._move(connection, head)

    def _lay(self, connection: Connection) -> None:
        """The tables, empty, and what declarations they serve."""
        mine = {table.name for table in self._tables.values()}
        for name, digest in connection.exec_driver_sql("SELECT name, digest FROM view_state").all():
            if (other := table_name(name, digest)) not in mine:
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {other}")
        connection.exec_driver_sql("DELETE FROM view_state")
        for table in self._tables.values():
            for statement in table.create:
                connection.exec_driver_sql(statement)
            # Emptied, not made anew: a reader who began earlier goes on seeing the rows of that moment.
            connection.exec_driver_sql(f"DELETE FROM {table.name}")
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        rows = [(view.name, view.digest, 0) for view in VIEWS]
        connection.exec_driver_sql(
            f"INSERT INTO view_state (name, digest, position) VALUES ({mark}, {mark}, {mark})", rows
        )

    def _move(self, connection: Connection, position: int) -> None:
        run(connection, f"UPDATE view_state SET position = {int(position)}")
