"""eventsourcing's own conformance suite for DCB recorders, on every log, empty and filled."""

import pytest
from eventsourcing.dcb.tests import DCBRecorderTestCase

from earlystart_core.entry import Entry
from earlystart_core.log import Log

FILLED = 7


@pytest.fixture(params=(0, FILLED), ids=("empty", "filled"))
def filled(request: pytest.FixtureRequest, log: Log) -> int:
    if request.param:
        log.append([Entry("before", b"{}", [f"n:{n}"]) for n in range(request.param)])
    return int(request.param)


def test_append_and_read(log: Log, filled: int) -> None:
    DCBRecorderTestCase()._test_append_read(log, initial_position=filled)


def test_append_and_subscribe(log: Log, filled: int) -> None:
    DCBRecorderTestCase()._test_append_subscribe(log, initial_position=filled)
