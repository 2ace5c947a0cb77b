"""A block ends whatever strikes it, and wherever; `contextlib`'s own does not, which shows that strikes are real."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

import pytest

from earlystart_core.block import block
from tests.interrupts.striking import Strike


class Room:
    """A thing that is taken for a block, and given back by what cannot be interrupted."""

    def __init__(self, made_by: Callable[..., Any]) -> None:
        self.lock = RLock()
        self.within = made_by(self._within)

    def _within(self) -> Iterator[int]:
        try:
            yield self.lock.acquire()
        finally:
            try:  # noqa: SIM105
                self.lock.release()
            except RuntimeError:
                pass

    def use(self) -> None:
        with self.within() as number:
            str(number)

    @property
    def is_free(self) -> bool:
        return not self.lock._is_owned()  # type: ignore[attr-defined]


def left_open(made_by: Callable[..., Any]) -> list[int]:
    """The places at which an interrupt leaves the room taken while its traceback is kept."""
    counting = Strike(0)
    counting.on(Room(made_by).use)
    assert counting.passed > 5
    found = []
    for n in range(1, counting.passed + 1):
        room = Room(made_by)
        struck = Strike(n).on(room.use)
        if not room.is_free:
            found.append(n)
        del struck
    return found


def test_a_block_ends_wherever_it_is_struck() -> None:
    assert left_open(block) == []


def test_a_block_of_contextlib_does_not() -> None:
    assert left_open(contextmanager) != []


@block
def noting(notes: list[str]) -> Iterator[str]:
    notes.append("begun")
    try:
        yield "given"
        notes.append("well")
    except ValueError as error:
        notes.append(str(error))
        raise KeyError(str(error)) from error
    finally:
        notes.append("ended")


def test_a_block_gives_what_its_generator_yields_and_ends_it() -> None:
    notes: list[str] = []
    with noting(notes) as given:
        assert given == "given"
    assert notes == ["begun", "well", "ended"]


@pytest.mark.parametrize(
    "error", [OSError("gone"), StopIteration(1), GeneratorExit()], ids=lambda one: type(one).__name__
)
def test_what_is_raised_within_comes_out_as_itself(error: BaseException) -> None:
    notes: list[str] = []
    with pytest.raises(type(error)) as raised, noting(notes):
        raise error
    assert raised.value is error
    assert notes == ["begun", "ended"]


def test_a_generator_may_raise_another_error_in_its_place() -> None:
    notes: list[str] = []
    with pytest.raises(KeyError, match="no number"), noting(notes):
        raise ValueError("no number")
    assert notes == ["begun", "no number", "ended"]


def test_a_block_that_is_left_by_return_ends_well() -> None:
    notes: list[str] = []

    def left() -> str:
        with noting(notes) as given:
            return given

    assert left() == "given"
    assert notes == ["begun", "well", "ended"]


def test_a_block_that_a_dropped_generator_was_in_ends() -> None:
    notes: list[str] = []

    def rows() -> Iterator[int]:
        with noting(notes):
            yield 1
            yield 2

    some = rows()
    next(some)
    del some
    assert notes == ["begun", "ended"]


def test_what_fails_before_it_yields_raises_that() -> None:
    @block
    def failing() -> Iterator[None]:
        raise OSError("no room")
        yield

    with pytest.raises(OSError, match="no room"), failing():
        pytest.fail("the block began")
