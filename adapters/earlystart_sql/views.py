"""Views that are never stale, kept in the same database as the log.

An append advances, in its own transaction, the views that stood at its head. A reader that finds them behind catches
them up if it can have the lock at once; else it answers from the tables and the tail, with equal results. Nothing
runs in the background, and a crash loses nothing.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from time import perf_counter

from sqlalchemy import Connection

from earlystart_core.block import block
from earlystart_core.clocks import Clocks
from earlystart_core.entry import Recorded
from earlystart_core.errors import Unreadable
from earlystart_core.live import advance
from earlystart_core.log import of_one_log
from earlystart_core.privacy.keys import Chance
from earlystart_core.replay.as_at import AsAt
from earlystart_core.replay.check import built, differences, rows_by_row
from earlystart_core.replay.explain import Explained
from earlystart_core.replay.shelf import Looking, Shelf
from earlystart_core.store import Difference, Frames, Rebuilt, Source
from earlystart_core.views import VIEWS
from earlystart_core.words import EVENTS
from earlystart_sql import view_sample
from earlystart_sql.build_tables import lay
from earlystart_sql.building import Builder
from earlystart_sql.dictionary import Numbers
from earlystart_sql.frames import Live, Overlay
from earlystart_sql.live_tables import SqlTables
from earlystart_sql.log import SqlLog
from earlystart_sql.naming import Naming
from earlystart_sql.past import SqlPast
from earlystart_sql.segments import SqlShelf
from earlystart_sql.served import Served, Serving, move, say_served
from earlystart_sql.system import cores
from earlystart_sql.terms import make_terms
from earlystart_sql.view_tables import tables_of

WITH_APPEND = 500  # entries: a larger append leaves the views to the next reader, who rebuilds them by columns
BY_KEY = 5_000  # entries: how far behind refolding the touched keys still beats a rebuild


class SqlViews:
    """The views of one store (`store.Views`)."""

    def __init__(self, log: SqlLog) -> None:
        self._log = log
        self._tables = tables_of(log.database.dialect)
        self._serving = Serving(log.memory)
        self._builder = Builder(log, self._tables, self._serving, self._advanced)
        self.shelf = SqlShelf(log, EVENTS)
        self.threads = 1 if log.database.address.in_memory else cores()
        log.followers.append(self._follow)

    @block
    def reading(self) -> Iterator[Frames]:
        """The views at the head of the log, of one moment.

        Raises:
            Tampered: they stand at an entry that the log no longer has.
        """
        with self._seeing() as (state, naming):
            state.expect_there()
            if state.fresh:
                yield Live(naming, self._tables[state.slot], state.clocks)
                return
            history = naming.numbers.seen.memory
        folded = self._catch_up(state) if state.head else None
        with self._seeing() as (state, naming):
            state.expect_there()
            if state.fresh:
                yield Live(naming, self._tables[state.slot], state.clocks)
                return
            if state.laid and state.head - state.position <= BY_KEY:
                past = SqlPast(self._log, naming.numbers, EVENTS)
                yield Overlay(past, naming, self._tables[state.slot], state)
                return
        # Outside the transaction: dropping an unsound segment must not wait for this very reader.
        seen = folded is not None and folded.clocks.known == state.head
        with of_one_log(self._log, history):
            yield folded if folded is not None and seen else self._as_at(state.clocks, self.shelf)

    def rebuild(self, source: Source | None = None) -> Rebuilt:
        started = perf_counter()
        if source == "segments":
            self.shelf.seal()
        sealed_at = perf_counter()
        head, leaf = self._log.end()
        if source is None:
            source = "segments" if self.shelf.runs(head) else "rows"
        folded = self._fold(head, self.shelf if source == "segments" else None)
        folded_at = perf_counter()
        self._builder.serve(folded, leaf, "beside")
        done = perf_counter()
        views = {view.name: built(folded.rows(view.name)) for view in VIEWS}
        return Rebuilt(folded.events, source, folded_at - sealed_at, done - folded_at, done - started, views)

    def check(self, source: Source | None = None) -> tuple[Rebuilt, list[Difference]]:
        with of_one_log(self._log):
            return self._check(source)

    def _check(self, source: Source | None) -> tuple[Rebuilt, list[Difference]]:
        rows, found = {}, []
        with self._seeing() as (state, naming):
            if state.astray:
                found = [Difference(view.name, "", f"as served: {state.why}") for view in VIEWS]
            for view in VIEWS if state.there else ():
                try:
                    rows[view.name] = Live(naming, self._tables[state.slot], state.clocks).rows(view.name)
                except Unreadable as error:
                    found.append(Difference(view.name, "", f"as served: {error}"))
        known = state.position if state.there else state.head  # what is stored is bounded by what is there
        sources: list[Source] = ["segments", "rows"] if self.shelf.runs(known) else ["rows"]
        first = sources.pop(0 if source == "segments" else -1)
        started = perf_counter()
        folded = self._fold(known, Looking(self.shelf) if first == "segments" else None)
        seconds = perf_counter() - started
        columns = {view.name: folded.rows(view.name) for view in VIEWS}
        found += differences("by the row executor", rows_by_row(self._log, EVENTS, known), columns)
        for other in sources:
            again = self._fold(known, Looking(self.shelf) if other == "segments" else None)
            found += differences(f"by {other}", {view.name: again.rows(view.name) for view in VIEWS}, columns)
        found += differences("as served", rows, {name: columns[name] for name in rows})
        if not state.built:
            found += [Difference(view.name, "", "was never built") for view in VIEWS]
        views = {name: built(rows) for name, rows in columns.items()}
        return Rebuilt(folded.events, first, seconds, 0.0, seconds, views), found

    def sample(self, chance: Chance) -> tuple[int, list[Difference]]:
        with of_one_log(self._log):
            with self._seeing() as (state, naming):
                if not state.there or not state.position:
                    return 0, []
                tables = self._tables[state.slot]
                picked = {*view_sample.cases_in_tables(tables, naming, chance)}
                found = [one for one in picked if isinstance(one, Difference)]
                cases = {one for one in picked if isinstance(one, str)}
                cases |= view_sample.cases_in_log(self._log, state.position, chance)
                served = {}
                for each in view_sample.served_rows(Live(naming, tables, state.clocks), cases):
                    if isinstance(each, Difference):
                        found.append(each)
                    else:
                        served[each[0]] = each[1]
            return len(cases), [*found, *view_sample.against_log(self._log, served, cases, state.position)]

    def explain(self, source: Source | None = None) -> Explained:
        return self._as_at(Clocks(self._log.head(), None), None if source == "rows" else self.shelf).explain()

    def lag(self) -> dict[str, int | None]:
        with self._seeing() as (state, _):
            state.expect_there()
            return {view.name: state.head - state.position if state.built else None for view in VIEWS}

    @block
    def _seeing(self) -> Iterator[tuple[Served, Naming]]:
        """The state of the views, and what names are numbered, at one moment."""
        with self._log.reading() as connection:
            committed = not self._log.database.sees_uncommitted
            state = self._serving.state(connection, committed=committed)
            naming = Naming(self._log.numbers(connection), state.stamp)
            yield state, naming
            if committed:
                naming.numbers.remember()

    def _as_at(self, clocks: Clocks, shelf: Shelf | None) -> AsAt:
        return AsAt(self._log, EVENTS, clocks, shelf, self.threads)

    def _fold(self, known: int, shelf: Shelf | None = None, known_at: datetime | None = None) -> AsAt:
        folded = self._as_at(Clocks(known, known_at), shelf)
        folded.fold([view.name for view in VIEWS])
        for view in VIEWS:
            folded.cells(view.name)
        return folded

    def _catch_up(self, state: Served) -> AsAt | None:
        """Brings the views to the head if that can be had at once; gives what it folded for it."""
        if state.laid and state.head - state.position <= BY_KEY:
            with self._log.try_writing() as connection:
                if connection is not None:
                    state = self._serving.state(connection)
                    reached = self._advanced(connection, state.slot, state.position) if state.there else 0
                    if reached > state.position:
                        move(connection, reached, state.leaf)
            return None
        folded = self._fold(state.head, self.shelf, state.head_at)  # before the lock: writers do not wait for a fold
        self._builder.serve(folded, state.leaf, "if free")
        return folded

    def _follow(self, numbers: Numbers, recorded: Sequence[Recorded]) -> None:
        if not recorded:
            return
        state, connection = self._serving.state(numbers.connection), numbers.connection
        before = recorded[0].position - 1
        if not (state.there or before == 0) or state.position != before or len(recorded) > WITH_APPEND:
            return
        slot, stamp = (state.slot, state.stamp) if state.slot else self._lay(connection)
        tables = SqlTables(self._tables[slot], Naming(numbers, stamp))
        kept = numbers.seen.memory.kept if numbers.seen.is_newest else None
        advance(VIEWS, EVENTS, recorded, SqlPast(self._log, numbers, EVENTS), tables, kept)
        move(connection, recorded[-1].position, recorded[-1].leaf)

    def _advanced(self, connection: Connection, slot: str, after: int) -> int:
        """Brings the tables of a slot to the head, unless that is so far that a rebuild is quicker; gives where to."""
        state = self._serving.state(connection)
        if not after < state.head <= after + BY_KEY:
            return after
        numbers = self._log.numbers(connection)
        past, naming = SqlPast(self._log, numbers, EVENTS), Naming(numbers, state.stamp)
        advance(VIEWS, EVENTS, past.between(after, state.head), past, SqlTables(self._tables[slot], naming))
        return state.head

    def _lay(self, connection: Connection) -> tuple[str, str]:
        """The slot whose tables are served from here on: those of an empty log, empty; and the stamp of the terms."""
        make_terms(connection)
        slot = next(iter(self._tables))
        for table in self._tables[slot].values():
            lay(connection, table)
        return slot, say_served(connection, slot, 0)
