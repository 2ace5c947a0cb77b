"""A command: an order that the record may carry out or refuse. Strict, bounded, unknown fields forbidden.

A word says which facts bear on each of its commands (`Facts`), and nothing wider: two commands conflict only when
one records a fact that bears on the other.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict, ValidationError

from earlystart_core.errors import Invalid
from earlystart_core.event import Event
from earlystart_core.types import AwareInstant

State = TypeVar("State")
AnyCommand = TypeVar("AnyCommand", bound="Command", contravariant=True)


class Command(BaseModel):
    """`occurred_at`: when it was so; aware; now where it is left out. Building one raises `Invalid`, naming the field."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)

    occurred_at: AwareInstant | None = None

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise invalid(error) from None


def invalid(error: ValidationError) -> Invalid:
    """The first fault of a command as one sentence: the field and what was expected, never the value that came."""
    first = error.errors(include_input=False, include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "command"
    return Invalid(field, first["msg"][:1].lower() + first["msg"][1:])


class Fact(msgspec.Struct, frozen=True):
    """Events of those types that carry all of those tags."""

    types: tuple[type[Event], ...]
    tags: tuple[str, ...]


class Facts(msgspec.Struct, frozen=True):
    """The facts that bear on a command; the shell adds the marks on them.

    target: the position of an entry that bears on it, whatever it is (only a correction asks so).
    """

    facts: tuple[Fact, ...] = ()
    target: int | None = None


def facts(*parts: tuple[Sequence[type[Event]], Sequence[str]], target: int | None = None) -> Facts:
    """Facts, briefly: `facts(([CaseOpened, CaseClosed], [case]), …)`."""
    return Facts(tuple(Fact(tuple(types), tuple(tags)) for types, tags in parts), target)


class Fold(Protocol[State]):
    """`evolve`: total over every event ever stored; never refuses, never decides."""

    def __call__(self, state: State, event: Event) -> State: ...


class Word(msgspec.Struct, Generic[State], frozen=True):
    """How the shell carries out the commands of one word."""

    boundary: Callable[[Any], Facts]
    initial: State
    evolve: Callable[[State, Any], State]
    decide: Callable[[Any, State], tuple[Event, ...]]
