"""Blocks: as `contextlib.contextmanager`, but an interrupt cannot come between a block and what cleans up behind it.

Python raises Ctrl-C, and what another thread sends, at the next call or jump of Python code. `contextlib` runs such
code of its own on the way out of a block: interrupted there, it leaves the lock and the transaction of the block open
for as long as anyone keeps the traceback. Here only C runs between the two, so an interrupt is raised either in the
block or in the generator, and the generator ends in both cases.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


class _Block:
    """What `with` enters and leaves. Both are C functions, which hand over to the generator and do nothing else."""

    __slots__ = ("__enter__", "__exit__")

    def __init__(self, steps: Generator[object, Any, None]) -> None:
        self.__enter__ = steps.__next__
        # `max` sends None and the three things that `with` tells about an exception to the generator, one by one. As
        # all of them get the same answer it returns the first, None: the exception goes on.
        self.__exit__ = partial(max, None, key=steps.send)


def block(function: Callable[P, Iterator[T]]) -> Callable[P, AbstractContextManager[T, None]]:
    """As `contextlib.contextmanager`; only that such a block cannot swallow an exception."""

    @wraps(function)
    def begin(*args: P.args, **kwargs: P.kwargs) -> AbstractContextManager[T, None]:
        body = cast("Generator[T, None, None]", function(*args, **kwargs))
        return cast("AbstractContextManager[T, None]", _Block(_steps(body)))

    return begin


def _steps(body: Generator[T, None, None]) -> Generator[object, Any, None]:
    """Takes the generator to its yield, and at the third of four sendings, an exception or None, to its end.

    `throw` and `next` stand here themselves: a function of Python around them could be interrupted before it begins.
    """
    try:
        yield next(body)
        yield 0
        error: BaseException | None = yield 0
    except BaseException as struck:  # an interrupt, or the block was dropped
        body.throw(struck)
        raise
    if error is None:
        next(body, None)
    else:
        trace = error.__traceback__
        try:
            body.throw(error)
        except StopIteration:
            pass  # the generator swallowed it; `with` raises it all the same
        except BaseException as raised:
            if raised is not error and not (isinstance(error, StopIteration) and raised.__cause__ is error):
                raise
            error.__traceback__ = trace
    yield 0
    yield 0
