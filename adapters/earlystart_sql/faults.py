"""The edge: what drivers raise becomes one sentence of StoreUnavailable, with nothing of anyone's data in it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from earlystart_core.errors import StoreUnavailable
from earlystart_core.interrupt import interrupt_behind

_BUSY = ("database is locked", "database table is locked", "lock timeout", "could not obtain lock")
_UNWRITABLE = ("readonly database", "read-only transaction")


class Absent(StoreUnavailable):
    """There is no store at that place, and none was to be made."""


class Driver:
    """The error classes of the drivers in use, for statements that do not go through SQLAlchemy."""

    errors: tuple[type[Exception], ...] = (SQLAlchemyError,)


def said(error: BaseException) -> str:
    """What the driver said, on one line; of PostgreSQL only the primary message, which holds no row."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    lines = str(primary or error).strip().splitlines()
    # "Could not decode to UTF-8 column 'id' with text '…'": what stands there is for nobody's eyes
    return lines[0].partition(" with text ")[0].strip() if lines else type(error).__name__


def is_busy(error: BaseException) -> bool:
    """Whether another writer holds the store."""
    return any(words in said(error) for words in _BUSY)


def busy(name: str) -> StoreUnavailable:
    """The sentence for a store of that name that another writer has for too long."""
    return StoreUnavailable(f"{name} is busy: expected its lock within a few seconds, another writer held it longer")


def unconfirmed(name: str, why: str) -> StoreUnavailable:
    """The sentence for a commit to the store of that name that may be there, or not."""
    return StoreUnavailable(
        f"{name} did not confirm a commit ({why}): it is not known whether it was stored; read again before you resend"
    )


def unavailable(name: str, error: BaseException) -> StoreUnavailable:
    """The sentence for a driver's error on the store of that name."""
    if is_busy(error):
        return busy(name)
    if any(words in said(error) for words in _UNWRITABLE):
        return StoreUnavailable(f"{name} cannot be written: expected the right to write, got reading only")
    return StoreUnavailable(f"{name} cannot be used: {said(error)}")


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Any driver's error within becomes StoreUnavailable; the library's own pass through, and so do interrupts."""
    before = sys.exception()
    try:
        yield
    except Driver.errors as error:
        if (interrupt := interrupt_behind(error, before)) is not None:
            raise interrupt from None
        raise unavailable(name, error) from error
    except AssertionError as error:
        raise interrupt_behind(error, before) or error from None
