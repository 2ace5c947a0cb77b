"""A rebuild beside the served tables: overtaken, killed at any step, of other declarations, under a reader's eyes."""

import signal
from collections.abc import Callable

import pytest

from earlystart_core import Record
from earlystart_core.entry import micros
from earlystart_core.views import VIEW, VIEWS
from earlystart_sql import building
from earlystart_sql.build_tables import ALIVE
from earlystart_sql.system import system_clock
from earlystart_sql.terms import make_terms
from earlystart_sql.view_tables import SLOTS, table_name
from tests.ready import Ready

from .told import folded, meet, open_case, served

Opened = Callable[..., Record]

KILLED = """
import os, signal, sys
from earlystart_core.record import Record
from earlystart_sql import build_tables, building, filling
filling.AT_ONCE = building.AT_ONCE = 40
left = int(sys.argv[2])
def counted(real):
    def call(*given, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **named)
    return call
build_tables.run = filling.run = counted(build_tables.run)
filling.run_many = counted(filling.run_many)
building.stored = counted(building.stored)
with Record.open(sys.argv[1]) as record:
    record.rebuild("rows")
print(int(sys.argv[2]) - left)
"""


def ask(record: Record, statement: str) -> list[tuple[object, ...]]:
    """What the store's database says."""
    with record.store.log.writing() as connection:  # type: ignore[attr-defined]  # an SqlLog
        found = connection.exec_driver_sql(statement)
        return [tuple(row) for row in found] if found.returns_rows else []


def tables(record: Record) -> set[str]:
    """The names of all tables of views."""
    names = {
        "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'table'",
        "postgresql": "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
    }
    dialect = record.store.database.dialect  # type: ignore[attr-defined]  # an SqlStore
    return {str(name) for (name,) in ask(record, names[dialect]) if str(name).startswith("view_")}


def slot(record: Record) -> str:
    """The slot that is served."""
    found = {
        str(digest).split()[-1]
        for (digest,) in ask(record, "SELECT digest FROM view_state WHERE substr(name, 1, 1) <> '@'")
    }
    assert len(found) == 1
    return found.pop()


def in_the_other(record: Record) -> int:
    """How many rows stand in tables that nobody serves."""
    other = SLOTS[slot(record) == SLOTS[0]]
    names = [table_name(view.name, view.digest, other) for view in VIEWS]
    return sum(int(str(ask(record, f"SELECT count(*) FROM {name}")[0][0])) for name in names if name in tables(record))


def test_each_rebuild_fills_the_tables_that_are_not_served(opened: Opened) -> None:
    """They take turns, with the same rows; what was served before is emptied."""
    record = opened()
    record.rebuild()
    first, rows = slot(record), served(record)
    record.rebuild()
    assert slot(record) != first
    assert served(record) == rows == folded(record)
    assert in_the_other(record) == 0
    assert record.store.views.check()[1] == []


@pytest.mark.parametrize("after", [0, 3, 7, 12, 18, 25, 33, 40, 500])
def test_a_rebuild_killed_at_any_step_leaves_the_served_tables_alone(
    opened: Opened, town: str, after: int, ready: Ready
) -> None:
    """The next one takes over what it left behind."""
    record = opened()
    record.rebuild()
    case = open_case(record)
    child = ready.start(KILLED, town, after)
    said = child.communicate()
    assert child.returncode == (-signal.SIGKILL if after < 500 else 0), said
    assert served(record) == folded(record)
    meet(record, case)
    assert record.view("case_status", case=case)[0]["contacts_attended"] == 1
    record.rebuild()
    assert in_the_other(record) == 0
    assert record.store.views.check()[1] == []


def test_writers_come_between_and_what_they_write_is_served(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries appended while a build is on its way stand in the old tables at once and in the new ones at the swap."""
    record, writer = opened(), opened()
    record.rebuild()
    case = open_case(writer)
    real, steps = building.build_tables.go_on, []

    def go_on(*given: object) -> None:
        real(*given)  # type: ignore[arg-type]
        steps.append(1)

    def together(run: object) -> object:
        for one in real_together(run):  # type: ignore[arg-type]
            meet(writer, case)
            assert writer.view("case_status", case=case)[0]["contacts_attended"] == len(steps) + 1
            yield one

    real_together = building._together
    monkeypatch.setattr(building.build_tables, "go_on", go_on)
    monkeypatch.setattr(building, "_together", together)
    before = slot(record)
    record.rebuild()
    assert slot(record) != before
    assert len(steps) > 3
    assert record.view("case_status", case=case)[0]["contacts_attended"] == len(steps)
    assert record.store.views.check()[1] == []


def test_the_newest_build_wins_and_the_other_ends_well(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebuild that is overtaken in the middle fills in one transaction instead."""
    record, other = opened(), opened()
    record.rebuild()
    rows = served(record)
    done: list[bool] = []
    real = building._together

    def together(run: object) -> object:
        for number, one in enumerate(real(run)):  # type: ignore[arg-type]
            if number == 2 and not done:
                done.append(True)
                other.rebuild()
            yield one

    monkeypatch.setattr(building, "_together", together)
    record.rebuild()
    assert done == [True]
    assert served(record) == served(other) == rows
    assert in_the_other(record) == 0
    assert record.store.views.check()[1] == []


def test_a_reader_who_began_earlier_sees_its_moment(opened: Opened) -> None:
    """Whatever is built, swapped and emptied meanwhile, twice over."""
    reader, record = opened(), opened()
    record.rebuild()
    before = served(record)
    with reader.store.views.reading() as frames:
        assert frames.rows("case_status") == before["case_status"]
        for _ in range(2):
            record.rebuild()
            meet(record, open_case(record))
        assert {view.name: frames.rows(view.name) for view in VIEWS} == before
    assert served(reader) == served(record) == folded(record)


def test_a_reader_leaves_a_build_on_its_way_alone(opened: Opened) -> None:
    """Views that are not there are answered from the log while someone builds them; given up, they are built."""
    record = opened()
    record.rebuild()
    ask(record, "DELETE FROM view_state")
    ask(record, f"UPDATE view_build SET stepped_at = {micros(system_clock())}")
    assert served(record) == folded(record)
    assert record.store.views.lag()["case_status"] is None
    ask(record, f"UPDATE view_build SET stepped_at = {micros(system_clock()) - 2 * ALIVE}")
    assert served(record) == folded(record)
    assert record.store.views.lag()["case_status"] == 0


def test_tables_of_a_former_release_are_replaced_and_dropped(opened: Opened) -> None:
    """They are taken for another declaration's; while they are built anew everyone is answered."""
    record = opened()
    rows = folded(record)
    former = {view.name: f"view_{view.name}_{view.digest[:8]}" for view in VIEWS}
    ask(record, "DELETE FROM view_state")
    for name, table in former.items():
        ask(record, f'CREATE TABLE {table} ("case" TEXT)')
        ask(record, f"INSERT INTO view_state VALUES ('{name}', '{VIEW[name].digest}', 3)")
    assert record.store.views.lag()["case_status"] is None
    assert served(record) == rows
    assert record.store.views.lag()["case_status"] == 0
    record.rebuild()  # PostgreSQL drops them at the next build: a reader who began earlier would miss them
    assert not tables(record) & {*former.values()}


@pytest.mark.parametrize("gone", [["term"], ["view"], ["view", "term"], ["view_build"]])
def test_tables_that_are_dropped_are_made_again(opened: Opened, gone: list[str]) -> None:
    """By the next reader, whichever it was; numbers of lost terms are never read as those of others."""
    record = opened()
    record.rebuild()
    rows = served(record)
    mine = table_name("package_status", VIEW["package_status"].digest, slot(record))
    for name in gone:
        ask(record, f"DROP TABLE {mine if name == 'view' else name}")
    assert served(record) == rows
    assert record.store.views.lag()["case_status"] == 0
    meet(record, open_case(record))
    assert served(record) == folded(record)
    assert record.store.views.check()[1] == []


def test_terms_that_are_lost_are_lost_to_every_process(opened: Opened) -> None:
    """Who remembered numbers of the former table uses those of the new one, reading and writing."""
    one, other = opened(), opened()
    one.rebuild()
    assert served(one) == served(other)
    ask(one, "DROP TABLE term")
    ask(one, "DELETE FROM view_state")
    with one.store.log.writing() as connection:  # type: ignore[attr-defined]  # an SqlLog
        make_terms(connection)
        connection.exec_driver_sql("INSERT INTO term VALUES (1, 'first of all')")
    other.rebuild()
    meet(one, open_case(one))
    meet(other, open_case(other))
    assert served(opened()) == served(one) == served(other) == folded(one)
    assert opened().store.views.check()[1] == []
