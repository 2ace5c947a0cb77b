"""A row of a view that the log does not give is found: by the sample of `doctor`, and by `rebuild --check`."""

from random import Random

import pytest

from earlystart_core import Record

from .conftest import *
from .test_by_the_log import ON_SQL, served, tampers


@ON_SQL
def test_a_view_that_is_what_the_log_says_has_no_difference(record: Record) -> None:
    assert record.store.views.sample(Random(1).randbytes) == (2, [])
    record.view("case_status")
    assert record.store.views.sample(Random(1).randbytes) == (2, [])


def test_in_memory_nothing_is_served_that_could_differ(clock) -> None:
    with Record.open("memory://", clock=clock) as record:
        assert record.store.views.sample(Random(1).randbytes) == (0, [])


@ON_SQL
def test_whatever_is_written_into_a_views_table_is_found_by_both(record: Record) -> None:
    record.view("case_status")
    count = len(list(tampers(served(record), each=False)))
    quiet = []
    for number in range(count):
        before = {view: [*record.view(view)] for view in served(record)}
        statement = list(tampers(served(record), each=False))[number]
        with record.store.database.writing() as connection:
            connection.exec_driver_sql(statement)
        _, checked = record.store.views.check()
        _, sampled = record.store.views.sample(Random(number).randbytes)
        if "view_state" in statement:
            pass  # where the views stand is said of them as a whole, wherever they are asked
        elif checked or sampled:
            assert bool(checked) == bool(sampled), (statement, checked, sampled)
        else:
            quiet.append(statement)
            assert {view: [*record.view(view)] for view in before} == before, statement
        record.rebuild()
    assert len(quiet) < count / 4


@ON_SQL
@pytest.mark.parametrize("view", ["case_status", "package_status", "consent_status"])
def test_a_row_that_was_taken_away_or_moved_to_another_case_is_named(record: Record, view: str) -> None:
    record.view("case_status")
    table = served(record)[view].name
    with record.store.database.writing() as connection:
        connection.exec_driver_sql(f"DELETE FROM {table}")
    _, found = record.store.views.sample(Random(2).randbytes)
    assert {(each.view, each.found) for each in found if each.view == view} == {(view, "as served: the row is missing")}
    record.rebuild()
    if view != "package_status":
        return
    table = served(record)[view].name
    with record.store.database.writing() as connection:
        connection.exec_driver_sql(f'UPDATE {table} SET "case" = 3 - "case"')
    _, found = record.store.views.sample(Random(2).randbytes)
    assert {each.found for each in found if each.view == view} <= {
        "as served: the row is missing",
        "as served: the row should not be there",
        "as served: differs in case",
    }
    assert found
