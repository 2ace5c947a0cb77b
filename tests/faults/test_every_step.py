"""F11: the n-th step of a statement, call of a clock or call for chance fails: nothing half-done, nothing locked."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from earlystart_core import EarlyStartError, Record
from earlystart_sql import sqlite
from earlystart_sql.system import system_clock
from tests.depth import many
from tests.faults.writing import BY, found_in, order_of
from tests.interrupts.bench import Bench, bench
from tests.interrupts.calls import CALLS, Call

STEPS = 4  # of SQLite's machine, between two places at which a statement may be stopped


class Stopping:
    """Stops the statements of this process's connections at one of their steps, as a fault of the database would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passed = self.deadly = 0
        self._connect = sqlite._connect
        monkeypatch.setattr(sqlite, "_connect", self.connect)

    def connect(self, *given: Any) -> Any:
        connection = self._connect(*given)
        connection.set_progress_handler(self._step, STEPS)
        return connection

    def _step(self) -> bool:
        self.passed += 1
        return self.passed == self.deadly

    def at(self, n: int, call: Call) -> BaseException | None:
        """Calls it, stopped at its n-th place; what came out of it."""
        self.passed, self.deadly = 0, n
        try:
            call()
        except EarlyStartError as error:
            return error
        finally:
            self.deadly = 0
        return None


@pytest.fixture
def stopping(monkeypatch: pytest.MonkeyPatch) -> Stopping:
    return Stopping(monkeypatch)


@pytest.fixture
def place(stopping: Stopping, tmp_path: Path) -> Iterator[Bench]:
    with bench(f"sqlite:///{tmp_path / 'store.db'}", tmp_path) as made:
        yield made


@pytest.mark.parametrize("make", CALLS, ids=lambda make: make.__name__)
def test_a_statement_that_fails_anywhere(place: Bench, stopping: Stopping, make: Callable[[Bench, int], Call]) -> None:
    """The call is refused in a sentence, or done; whoever comes next is not in its way, and all is sound at the end."""
    make(place, 0)()  # what is done once a process
    assert stopping.at(0, make(place, 1_001)) is None
    steps, refused = stopping.passed, 0
    assert steps > 10
    for n in range(1, (count := many(60, 8)) + 1):
        call = make(place, n)
        refused += stopping.at(1 + (2 * n - 1) * steps // (2 * count), call) is not None
        place.holds(None)
        call()
    assert refused


class Counted:
    """Gives what the real one gives, and fails at one of its calls."""

    def __init__(self, real: Callable[..., Any], deadly: int) -> None:
        self.real, self.left = real, deadly

    def __call__(self, *given: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            raise ZeroDivisionError("it is broken")
        return self.real(*given)


@pytest.mark.parametrize("broken", ["clock", "chance"])
def test_a_clock_or_a_source_of_chance_that_fails(broken: str, sql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any of its calls: what was sent is there once after it is sent again, and nothing is locked."""
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    real = {"clock": system_clock, "chance": __import__("os").urandom}[broken]
    with Record.open(sql_url) as record:
        record.submit(order_of("first-0"), by=BY)
    failed = 0
    for n in range(1, 12):
        with Record.open(sql_url, **{broken: (counted := Counted(real, n))}) as record:
            for part in (0, 1):
                id = f"n{n}-{part}"
                for _ in range(2):
                    try:
                        record.submit(order_of(id), by=BY, command_id=id)
                    except (EarlyStartError, ZeroDivisionError):
                        failed += 1
            found = found_in(record)
            assert [len(found[f"n{n}-{part}"]) for part in (0, 1)] == [1, 1]
            if counted.left > 0:
                break
    assert failed
