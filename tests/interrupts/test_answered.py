"""A library may answer an interrupt with an error of its own: the interrupt comes out all the same."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import InvalidRequestError

from earlystart_core import StoreUnavailable, Unreadable
from earlystart_core.readable import readable
from earlystart_sql.faults import translated


def interrupted(error: Exception) -> None:
    try:
        raise KeyboardInterrupt
    finally:
        raise error


def fail(error: Exception) -> None:
    raise error


WITHIN: dict[str, Callable[[], Any]] = {"a question": readable, "a database": lambda: translated("a store")}


@pytest.mark.parametrize("within", WITHIN.values(), ids=WITHIN)
@pytest.mark.parametrize("error", [AssertionError(), InvalidRequestError("not now")], ids=["assertion", "error"])
def test_an_interrupt_comes_out_as_itself(within: Callable[[], Any], error: Exception) -> None:
    with pytest.raises(KeyboardInterrupt), within():
        interrupted(error)


@pytest.mark.parametrize(
    ("within", "error", "ours"),
    [(readable, ValueError("x"), Unreadable), (WITHIN["a database"], InvalidRequestError("x"), StoreUnavailable)],
)
def test_one_that_was_over_before_is_not_confused_with_it(
    within: Callable[[], Any], error: Exception, ours: type[Exception]
) -> None:
    """A program asks again while it handles an interrupt: what goes wrong then has a cause of its own."""
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        with pytest.raises(ours), within():
            fail(error)
