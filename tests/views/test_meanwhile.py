"""Processes that read, write and rebuild one store at once: every answer is right, and everyone ends well."""

import pytest

from earlystart_core import Record
from earlystart_core.views import VIEWS
from tests.depth import many
from tests.ready import Ready

from .told import folded, open_case, served

PREPARE = """
import sys, time
from earlystart_core import Record
from earlystart_sql import building, filling, sqlite
from tests.views.told import BY, meet, open_case
if sys.argv[2] == "delete":
    sqlite.has_wal_reset_bug = lambda version: True
filling.AT_ONCE = building.AT_ONCE = 40
with Record.open(sys.argv[1]) as record:
    until = time.monotonic() + float(sys.argv[3])
"""
READ = """
    asked = 0
    while time.monotonic() < until or asked < 3:
        for view in ("case_status", "package_status", "consent_status"):
            answer = record.view(view)
            assert answer.rows == record.as_at(known=answer.known).view(view).rows, view
        asked += 1
"""
WRITE = """
    written = 0
    while time.monotonic() < until or written < 3:
        case = open_case(record)
        meet(record, case)
        assert record.view("case_status", case=case)[0]["contacts_attended"] == 1
        written += 1
"""
REBUILD = """
    built = 0
    while time.monotonic() < until or built < 3:
        record.rebuild()
        built += 1
"""


def processes(ready: Ready, url: str, journal: str, *bodies: str) -> None:
    """Runs them all at once to their ends."""
    started = [ready.start(PREPARE + body, url, journal, many(4, 2)) for body in bodies]
    said = [each.communicate()[1] for each in started]
    assert [each.returncode for each in started] == [0] * len(started), said


def test_everyone_at_once(town: str, ready: Ready) -> None:
    """Two readers, two writers and two who rebuild."""
    with Record.open(town) as record:
        record.rebuild()
    processes(ready, town, "wal", READ, READ, WRITE, WRITE, REBUILD, REBUILD)
    with Record.open(town) as record:
        assert served(record) == folded(record)
        assert record.store.views.check()[1] == []


@pytest.mark.parametrize("town", ["sqlite"], indirect=True)
def test_everyone_at_once_with_a_rollback_journal(town: str, ready: Ready) -> None:
    """SQLite's other journal, where a commit waits for readers."""
    with Record.open(town) as record:
        open_case(record)
    processes(ready, town, "delete", READ, WRITE, REBUILD)
    with Record.open(town) as record:
        assert {view.name: len(record.view(view.name)) for view in VIEWS} == {
            name: len(rows) for name, rows in folded(record).items()
        }
        assert record.store.views.check()[1] == []
