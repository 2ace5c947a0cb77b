"""Kills, interrupts and disk faults by the hundred: nothing acknowledged is lost or doubled, and nobody waits long."""

import pytest

from tests.faults.soak import soak
from tests.faults.traced import NEEDS_STRACE, may_trace
from tests.ready import Ready

SMALL = {"kills_": 12, "interrupts_": 90, "faults": 8}
WHOLE = {"kills_": 300, "interrupts_": 3_000, "faults": 100}


@pytest.mark.skipif(not may_trace(), reason=NEEDS_STRACE)
@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param(SMALL, marks=pytest.mark.exhaustive, id="small"),
        pytest.param(WHOLE, marks=[pytest.mark.soak, pytest.mark.timeout(7_200)], id="whole"),
    ],
)
def test_nothing_is_lost_or_doubled(numbers: dict[str, int], ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite and on PostgreSQL."""
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    for came in soak(ready, **numbers, seed=1):
        assert came.is_good, came
        assert came.faults
        assert came.acknowledged
