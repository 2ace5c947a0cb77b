"""In memory too: an interrupted command was recorded whole or not at all, and whoever comes next is let in."""

from threading import Thread

import pytest

from earlystart_core import DecideTier, OpenCase, Practitioner, Record
from tests.interrupts.striking import Strike

BY = Practitioner(f"practitioner:{1:026d}", "health_visitor", "org:lch")
CASE, FAMILY = f"case:{1:026d}", f"family:{1:026d}"
STRIKES = 60

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def decide(record: Record, n: int) -> DecideTier:
    return DecideTier(case=CASE, tier="universal" if n % 2 else "universal_plus", reason="Cries at night.")


def test_a_command_is_recorded_whole_or_not_at_all() -> None:
    with Record.open("memory://") as record:
        record.submit(OpenCase(case=CASE, family=FAMILY, team="team:armley", reason="birth"), by=BY)
        record.submit(decide(record, 0), by=BY)
        counting = Strike(0)
        counting.on(lambda: record.submit(decide(record, 1), by=BY))
        for n in range(2, STRIKES + 2):
            order = decide(record, n)
            place = 1 + (n - 2) * counting.passed // STRIKES
            Strike(place).on(lambda order=order, n=n: record.submit(order, by=BY, command_id=f"c{n}"))
            again = Thread(target=record.submit, args=(order, BY, f"c{n}"))
            again.start()
            again.join(5)
            assert not again.is_alive(), "the next write of another thread"
            found = [one.position for one in record.store.log.read().entries() if one.event.command_id == f"c{n}"]
            assert found == [*record.submit(order, by=BY, command_id=f"c{n}").positions]
            assert len(found) == 1
        texts = [row["fields"]["reason"] for row in record.timeline(CASE) if row["type"] == "TierDecided"]
        assert texts == ["Cries at night."] * (STRIKES + 2)
        assert record.proof.verify().doubts == ()
        assert record.store.views.check()[1] == []
