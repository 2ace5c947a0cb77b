"""A small town in a store of either kind, its views built in steps of few rows."""

from collections.abc import Callable, Iterator

import pytest

from earlystart_core import Record
from earlystart_sql import building, filling
from tests.segments.conftest import city, town

__all__ = ["city", "town"]

STEP = 40  # rows a transaction


@pytest.fixture(autouse=True)
def _in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (building, filling):
        monkeypatch.setattr(module, "AT_ONCE", STEP)


@pytest.fixture
def opened(town: str) -> Iterator[Callable[..., Record]]:
    """Opens records on the town, and closes them after the test."""
    records: list[Record] = []

    def opening(**options: object) -> Record:
        records.append(Record.open(town, **options))
        return records[-1]

    yield opening
    for record in records:
        record.close()
