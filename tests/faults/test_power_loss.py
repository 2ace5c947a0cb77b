"""F1: the power goes at any moment, and the disk has whatever was synced, and of the rest any part."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from earlystart_core import Record
from earlystart_core.proof.judging import verify_log
from tests.depth import many
from tests.faults.disk import Disk
from tests.faults.traced import NEEDS_STRACE, Op, may_trace, traced

WRITER = """
import sys
from earlystart_core import DecideTier, OpenCase, Practitioner, Record
from earlystart_sql import sqlite
if sys.argv[2] == "delete":
    sqlite.has_wal_reset_bug = lambda version: True
if sys.argv[2] == "normal":
    pragmas = sqlite.pragmas
    sqlite.pragmas = lambda **how: pragmas(**how) | {"synchronous": 1}
by = Practitioner("practitioner:" + "0" * 26, "health_visitor", "org:lch")
for turn in range(3):
    with Record.open(sys.argv[1]) as record:
        for n in range(4 * turn, 4 * turn + 4):
            case, family = f"case:{n:026d}", f"family:{n:026d}"
            record.submit(OpenCase(case=case, family=family, team="team:a", reason="birth"), by=by, command_id=f"o{n}")
            print(f"o{n}", flush=True)
            order = DecideTier(case=case, tier="universal_plus", reason=f"text {n}")
            record.submit(order, by=by, command_id=f"t{n}")
            print(f"t{n}", flush=True)
"""
pytestmark = pytest.mark.skipif(not may_trace(), reason=NEEDS_STRACE)


@pytest.fixture(scope="module", params=["wal", "delete"])
def course(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Op]]:
    """What a program that opens a store three times and records eight commands each time does to its folder."""
    folder = tmp_path_factory.mktemp(request.param).resolve() / "place"
    folder.mkdir()
    return folder, traced(WRITER, folder / "store.db", request.param, folder=folder)


def test_what_was_acknowledged_is_there_whatever_was_not_synced(course: tuple[Path, list[Op]], tmp_path: Path) -> None:
    """And what is there is a beginning of what was recorded, whole: its proof holds, and its text can be read."""
    folder, ops = course
    said = [op for op in ops if op.what == "said"]
    assert len(said) == 24
    assert sum(op.what == "sync" for op in ops) > 24
    counts = {recovered(place, acknowledged) for place, acknowledged in crashes(folder, ops, tmp_path, many(300, 60))}
    assert len(counts) > 10


def test_a_store_that_syncs_less_would_be_caught(tmp_path: Path) -> None:
    """SQLite's own default with a write-ahead log keeps a beginning, but loses what it acknowledged last."""
    folder = tmp_path / "place"
    folder.mkdir()
    ops = traced(WRITER, folder / "store.db", "normal", folder=folder)
    with pytest.raises(AssertionError, match="acknowledged and lost"):
        for place, acknowledged in crashes(folder, ops, tmp_path, 60):
            recovered(place, acknowledged)


def crashes(folder: Path, ops: list[Op], to: Path, points: int) -> Iterator[tuple[Path, list[str]]]:
    """What is left of that folder at so many moments, each in a place of its own, and what was acknowledged by then."""
    chance = Random(1)
    chosen = {*chance.sample(range(1, len(ops) + 1), points)}
    disk, acknowledged = Disk(), []
    for step, op in enumerate(ops, 1):
        disk.carry_out(op)
        if op.what == "said":
            acknowledged.append(op.data.decode())
        if step in chosen:
            place = to / str(step)
            place.mkdir()
            disk.crash(folder, place, chance)
            yield place, [*acknowledged]


def recovered(place: Path, acknowledged: list[str]) -> int:
    """How many commands the store there has, once it is known to be sound."""
    with Record.open(str(place / "store.db")) as record:
        log = record.store.log
        commands = [entry.event.command_id for entry in log.read()]
        whole = [f"{kind}{n}" for n in range(12) for kind in "ot"]
        assert commands == whole[: len(commands)]
        assert set(acknowledged) <= set(commands), "acknowledged and lost"
        assert verify_log(log.tree).sound  # type: ignore[attr-defined]  # an SqlLog
        for n in range(len(commands) // 2):
            assert record.timeline(f"case:{n:026d}")[1]["fields"]["reason"] == f"text {n}"
        assert record.store.views.check()[1] == []
        return len(commands)
