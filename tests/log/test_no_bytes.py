"""A number where a column holds bytes: SQLite takes it, and `bytes` would make so many zeros of it."""

import sqlite3
from pathlib import Path

import pytest

from earlystart_core import OpenCase, Practitioner, Record
from earlystart_core.errors import EarlyStartError
from earlystart_sql.export import canonical_lines

BY = Practitioner("practitioner:00000000000000000000000001", "health_visitor", "org:lch")
HUGE = 2**46  # bytes: more than any machine has


@pytest.mark.parametrize(
    ("table", "column"), [("entry", "leaf"), ("entry", "frame"), ("fact", "data"), ("receipt", "digest")]
)
def test_a_number_in_its_place_is_one_sentence(tmp_path: Path, table: str, column: str) -> None:
    path = tmp_path / "store.db"
    with Record.open(path.as_posix()) as record:
        command = OpenCase(
            case=record.new_id("case"), family=record.new_id("family"), team="team:armley", reason="birth"
        )
        record.submit(command, by=BY, command_id="once")
    database = sqlite3.connect(path)
    for (trigger,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        database.execute(f"DROP TRIGGER {trigger}")
    database.execute(f"UPDATE {table} SET {column} = {HUGE}")
    database.commit()
    database.close()
    asked = 0
    with Record.open(path.as_posix()) as record:
        for ask in (
            lambda: record.rebuild("segments"),
            lambda: record.submit(command, by=BY, command_id="once"),
            lambda: record.timeline(command.case),
            lambda: list(canonical_lines(record.store.log, upto=1, leaves=True)),
        ):
            try:
                ask()
            except EarlyStartError:
                asked += 1
    assert asked
