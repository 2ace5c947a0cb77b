"""Kills, interrupts and disk faults by the hundred: nothing acknowledged is lost or doubled, and nobody waits long."""

import pytest

from tests.faults.soak import KINDS, STORES, part
from tests.faults.traced import NEEDS_STRACE, may_trace
from tests.ready import Ready

SMALL = {"kill": 12, "interrupt": 90, "disk fault": 8}
WHOLE = {"kill": 300, "interrupt": 3_000, "disk fault": 100}


# An interrupt may strike where Python cannot raise it, in a finalizer: it says so, and the call goes on.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(not may_trace(), reason=NEEDS_STRACE)
@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param(SMALL, marks=pytest.mark.exhaustive, id="small"),
        pytest.param(WHOLE, marks=[pytest.mark.soak, pytest.mark.timeout(7_200)], id="whole"),
    ],
)
def test_nothing_is_lost_or_doubled(
    numbers: dict[str, int], kind: str, store: str, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    came = part(ready, kind, store, numbers[kind], seed=1)
    assert came.is_good, came
    assert came.faults
    assert came.acknowledged
