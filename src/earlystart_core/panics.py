"""Panics of libraries: Polars and others written in Rust raise them past every `except Exception`."""

from collections.abc import Iterator
from contextlib import contextmanager

from earlystart_core.errors import StoreUnavailable


@contextmanager
def no_panics() -> Iterator[None]:
    """Within, also as a decorator: a library's panic becomes StoreUnavailable. Everything else passes through."""
    try:
        yield
    except BaseException as panic:
        if type(panic).__name__ != "PanicException":  # each library in Rust has a class of its own, by that one name
            raise
        raise StoreUnavailable(
            "the columns could not be read: a library gave up, as it does without memory or open files left; try again"
        ) from panic
