"""Reading what is stored: whatever a library or a damaged value does, callers get an error of this library.

A damaged store may hold anything anywhere, and libraries written in Rust raise panics past every `except Exception`.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import msgspec

from earlystart_core.errors import EarlyStartError, StoreUnavailable, Unreadable
from earlystart_core.interrupt import interrupt_behind

_MISFITS = (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RecursionError, msgspec.MsgspecError)


@contextmanager
def readable() -> Iterator[None]:
    """As a decorator of what a caller may ask: what comes of a stored value that does not belong is Unreadable.

    A panic is StoreUnavailable. Arguments are looked at before, so that a wrong one is named and is Invalid.
    """
    before = sys.exception()
    try:
        yield
    except EarlyStartError:
        raise
    except BaseException as error:
        if isinstance(error, Exception) and (interrupt := interrupt_behind(error, before)) is not None:
            raise interrupt from None
        if type(error).__name__ == "PanicException":  # each library in Rust has a class of its own, by that one name
            raise StoreUnavailable(
                "the columns could not be read: a library gave up, as it does without memory or open files left; try"
                " again"
            ) from error
        if _never_began(error):
            raise
        if isinstance(error, _MISFITS) or type(error).__module__.startswith("polars."):
            raise Unreadable(
                f"the store holds a value that does not belong there ({_place(error)}): verify the log, then rebuild"
                " the views"
            ) from error
        raise


def _last(error: BaseException) -> TracebackType | None:
    """The place at which an error was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace


def _never_began(error: BaseException) -> bool:
    """Whether a function was called with an argument that it does not have, or without one that it needs."""
    trace = _last(error)
    return isinstance(error, TypeError) and trace is not None and trace.tb_frame.f_globals["__name__"] == "contextlib"


def _place(error: BaseException) -> str:
    """The kind of an error and where it was raised. Never its words: they may hold anything."""
    trace = _last(error)
    if trace is None:
        return type(error).__name__
    file = trace.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"{type(error).__name__} in {file}:{trace.tb_lineno}"
