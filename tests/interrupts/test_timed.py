"""Real signals at random moments: no lock, no open transaction, nothing lost and nothing twice."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interrupts.bench import Bench, bench

TIMED = Path(__file__).with_name("timed.py")


def interrupts(at: Bench, count: int, seed: int) -> None:
    """Interrupts another process so often, while the neighbour goes on writing."""
    words = [sys.executable, str(TIMED), at.url, at.keys, str(count), str(seed)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
        while child.poll() is None:
            at.writes()
        assert child.stdout is not None
        found = json.loads(child.stdout.read())
    assert found["wrong"] == []
    assert found["struck"] == count
    at.holds(None)


@pytest.fixture
def place(sql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    with bench(sql_url, tmp_path) as made:
        yield made


def test_interrupts_at_random_moments_leave_nothing_open(place: Bench) -> None:
    interrupts(place, 60, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(7_200)
def test_three_thousand(place: Bench) -> None:
    interrupts(place, 3_000, seed=int(os.environ.get("EARLYSTART_SEED", "2")))
