"""Building the views' tables beside the served ones, and serving them instead in one transaction.

The tables of the free slot are filled in transactions short enough for writers to come between. Who begins later takes
the slot over, and the earlier sees so at its next step. Killed at any moment, a build leaves the served tables alone,
and what it filled is emptied by the next one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Literal

from sqlalchemy import Connection

from earlystart_core.errors import StoreUnavailable
from earlystart_core.replay.as_at import AsAt
from earlystart_sql import build_tables
from earlystart_sql.build_tables import Overtaken
from earlystart_sql.filling import AT_ONCE, Step, Stored, stored
from earlystart_sql.log import SqlLog
from earlystart_sql.naming import Naming
from earlystart_sql.remembered import expect_still
from earlystart_sql.segment_texts import texts_of
from earlystart_sql.served import Serving, say_served
from earlystart_sql.terms import make_terms, terms_are_there
from earlystart_sql.view_tables import SLOTS, ViewTable

Tables = Mapping[str, Mapping[str, ViewTable]]  # by slot and view
Advance = Callable[[Connection, str, int], int]  # brings a slot's tables on; gives the position that they reach
How = Literal["beside", "if free", "at once"]


class Builder:
    """Builds the tables of one store."""

    def __init__(self, log: SqlLog, tables: Tables, serving: Serving, advance: Advance) -> None:
        self._log = log
        self._tables = tables
        self._serving = serving
        self._advance = advance

    def serve(self, folded: AsAt, leaf: bytes, how: How) -> bool:
        """Fills tables with what was folded, brings them to the head and serves them; whether it came to that.

        leaf: of the last entry that was folded. how: `beside` takes over whatever is being built; overtaken in its
        turn, it fills in one transaction. `if free` leaves it to another build, or to the writer who holds the lock
        now. `at once` is one transaction.

        Raises:
            StoreUnavailable: the log no longer has that entry, or others build all the time.
        """
        served = False
        for way in (how, "at once", "at once"):
            with suppress(Overtaken):
                served = self._serve(folded, leaf, way)
                break
            if how == "if free":
                break
        else:
            raise StoreUnavailable(f"{self._log.database.name} is being changed by others all the time: rebuild again")
        if served:
            with suppress(StoreUnavailable):  # else the next build does it
                self._tidy()
        return served

    def _serve(self, folded: AsAt, leaf: bytes, how: How) -> bool:
        found = self._stored(folded, how)
        if found is None:
            return False
        views, terms = found
        steps = (step for view in views for step in view.steps())
        whole = how == "at once" or sum(view.rows for view in views) <= AT_ONCE
        ready = [*steps] if whole else []  # before the lock: writers do not wait for it
        with self._opening(how)() as connection:
            if connection is None or (how == "if free" and not self._is_wanted(connection, folded)):
                return False
            build, slot = self._begin(connection)
            if whole:
                self._write(connection, slot, ready)
                self._swap(connection, slot, (folded.clocks.known, leaf), terms)
                return True
        for last, some in _together(steps):
            with self._log.writing() as connection:
                build_tables.go_on(connection, build)
                self._write(connection, slot, some)
                if last:
                    self._swap(connection, slot, (folded.clocks.known, leaf), terms)
        return True

    def _opening(self, how: How) -> Callable[[], AbstractContextManager[Connection | None]]:
        return self._log.try_writing if how == "if free" else self._log.writing

    def _stored(self, folded: AsAt, how: How) -> tuple[list[Stored], list[str]] | None:
        """What was folded in the store's numbers, and the terms that they mean.

        None where some are still to be given and the lock is taken.
        """
        with self._log.reading() as connection:
            stamp = self._serving.state(connection).stamp
            naming = Naming(self._log.numbers(connection), stamp)
            views = self._numbered(folded, naming, add=False) if terms_are_there(connection) else None
            terms = [] if views is None else naming.terms.texts()[1:]
        if views is None:
            with self._opening(how)() as writer:
                if writer is None:
                    return None
                make_terms(writer)
                stamp = self._serving.state(writer).stamp
                naming = Naming(self._log.numbers(writer), stamp)
                views = self._numbered(folded, naming, add=True)
                terms = naming.terms.texts()[1:]
        if not self._log.database.sees_uncommitted:
            naming.numbers.remember()
        return None if views is None else (views, terms)

    def _numbered(self, folded: AsAt, naming: Naming, *, add: bool) -> list[Stored] | None:
        views = []
        for name, shape in self._tables[SLOTS[0]].items():
            view = stored(shape, folded.cells(name), folded.dictionaries, naming, add=add)
            if view is None:
                return None
            views.append(view)
        return views

    def _is_wanted(self, connection: Connection, folded: AsAt) -> bool:
        """Whether the tables are still behind, and no other build is on its way."""
        state = self._serving.state(connection)
        return not ((state.there and state.position >= folded.clocks.known) or build_tables.is_building(connection))

    def _begin(self, connection: Connection) -> tuple[int, str]:
        """The number of a new build, and the slot that it fills, empty."""
        slot = self._serving.state(connection).free
        build = build_tables.begin(connection)
        self._drop_others(connection)
        for table in self._tables[slot].values():
            build_tables.empty(connection, table)
        return build, slot

    def _write(self, connection: Connection, slot: str, steps: Iterable[Step]) -> None:
        for view, _, write in steps:
            write(connection, self._tables[slot][view])

    def _swap(self, connection: Connection, slot: str, last: tuple[int, bytes], terms: list[str]) -> None:
        """Serves the slot. last: the position that was folded up to, and its leaf."""
        expect_still(connection, *last)
        if texts_of(connection)[: len(terms)] != terms:
            raise Overtaken  # their table was dropped meanwhile and made anew: what was filled means something else
        say_served(connection, slot, self._advance(connection, slot, last[0]))
        build_tables.end(connection)

    def _tidy(self) -> None:
        """Empties the tables that were served before, unless someone builds again."""
        with self._log.try_writing() as connection:
            if connection is None or build_tables.is_building(connection):
                return
            state = self._serving.state(connection)
            if state.laid:
                if connection.dialect.name == "sqlite":  # on PostgreSQL a reader who began earlier would miss them
                    self._drop_others(connection)
                for table in self._tables[state.free].values():
                    build_tables.empty(connection, table)

    def _drop_others(self, connection: Connection) -> None:
        build_tables.drop_others(connection, (table.name for slot in self._tables.values() for table in slot.values()))


def _together(steps: Iterator[Step]) -> Iterator[tuple[bool, Sequence[Step]]]:
    """The steps in runs of about so many rows as one transaction writes, and whether a run is the last."""
    some: list[Step] = []
    for step in steps:
        if some and sum(rows for _, rows, _ in some) + step[1] > AT_ONCE:
            yield False, some
            some = []
        some.append(step)
    yield True, some
