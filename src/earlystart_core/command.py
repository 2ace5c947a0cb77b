"""A command: an order that the record may carry out or refuse. Strict, bounded, unknown fields forbidden.

A word says which facts bear on each of its commands (`Facts`), and nothing wider: two commands conflict only when
one records a fact that bears on the other.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, Self, TypeVar

import msgspec
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from earlystart_core.entry import Practitioner
from earlystart_core.event import Event, shape_of
from earlystart_core.types import AwareInstant, PractitionerId, Text
from earlystart_core.wrong_fields import invalid

State = TypeVar("State")
AnyEvent = TypeVar("AnyEvent", bound=Event)

# --- what the fields of commands are made of, besides types.py ------------------------------------------------------


def several(least: int, most: int) -> Any:
    """Bounds of a tuple, for msgspec and pydantic alike; a command takes a list for it too."""
    return (
        msgspec.Meta(min_length=least, max_length=most),
        Field(min_length=least, max_length=most),
        BeforeValidator(lambda given: tuple(given) if isinstance(given, list) else given),
    )


def _someone(practitioner: str) -> str:
    if practitioner in ("practitioner:unknown", "practitioner:import"):
        raise ValueError("expected a practitioner who can be named, got a reserved id")
    return practitioner


Named = Annotated[PractitionerId, AfterValidator(_someone)]  # who answers for something: never a reserved id
Stated = Annotated[Text, Field(pattern=r"\S")]  # text that a rule asks for: not only blanks

# --- commands -------------------------------------------------------------------------------------------------------


class Command(BaseModel):
    """`occurred_at`: when it was so; aware; now where left out. Building one raises `Invalid`, naming the field."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)

    occurred_at: AwareInstant | None = None

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise invalid(error) from None

    # Else pydantic would send JSON through __init__ as Python values, where strictness refuses every date.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The command that a JSON object says.

        Raises:
            Invalid: it is no JSON, or a field is wrong.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise invalid(error) from None

    def checked(self) -> Self:
        """The same command, built again with checks: a copy, or one made without checks, may contain anything.

        Raises:
            Invalid: a field is wrong.
        """
        return type(self)(**{name: getattr(self, name) for name in self.model_fields_set})

    def dated(self, now: datetime) -> Self:
        """The command with its instant: its own, else `now`, which does not count as set by the caller."""
        if self.occurred_at is not None:
            return self
        fields = {**dict(self), "occurred_at": now}
        return self.model_construct(_fields_set=self.model_fields_set - {"occurred_at"}, **fields)

    @property
    def at(self) -> datetime:
        """When it was so; only of a command that is `dated`, as every `decide` gets it."""
        assert self.occurred_at is not None
        return self.occurred_at

    def says(self, event: Event | None) -> bool:
        """Whether the event holds what this orders, whenever it was: every field but personal text, which is sealed."""
        if event is None:
            return False
        shape = shape_of(type(event))
        plain = [name for name in shape.fields if name not in shape.sealed]
        return all(getattr(event, name) == getattr(self, name) for name in plain)

    def repeats(self, event: Event | None) -> bool:
        """Whether the event holds what this orders, and happened at its instant where the caller gave one."""
        undated = "occurred_at" not in self.model_fields_set
        return event is not None and self.says(event) and (undated or event.occurred_at == self.at)

    def ordered(self, event: type[AnyEvent]) -> AnyEvent:
        """The event that this orders: a command has the fields of its event."""
        return event(**dict(self))


def latest(events: Sequence[AnyEvent], at: datetime) -> AnyEvent | None:
    """The last of events in effective order that had happened by that instant."""
    return next((event for event in reversed(events) if event.occurred_at <= at), None)


# --- facts and words ------------------------------------------------------------------------------------------------


class Fact(msgspec.Struct, frozen=True):
    """Events of those types that carry all of those tags.

    whole: a kind of id, such as `agreement`. Then the whole course of each thing of that kind that one of them names
    bears on the command, whatever else its other events carry: a corrected one may say something else of it.
    """

    types: tuple[type[Event], ...]
    tags: tuple[str, ...]
    whole: str | None = None


class Facts(msgspec.Struct, frozen=True):
    """The facts that bear on a command; the shell adds the marks on them.

    target: the position of an entry that bears on it, whatever it is (only a correction asks so).
    """

    facts: tuple[Fact, ...] = ()
    target: int | None = None


def facts(*parts: tuple[Sequence[type[Event]], Sequence[str]] | Fact, target: int | None = None) -> Facts:
    """Facts, briefly: `facts(([CaseOpened, CaseClosed], [case]), …)`."""
    return Facts(
        tuple(part if isinstance(part, Fact) else Fact(tuple(part[0]), tuple(part[1])) for part in parts), target
    )


class Word(msgspec.Struct, Generic[State], frozen=True):
    """How the shell carries out the commands of one word."""

    boundary: Callable[[Any], Facts]
    initial: State
    evolve: Callable[[State, Any], State]  # takes every event of its facts, however wild; never refuses, never decides
    decide: Callable[[Any, State], tuple[Event, ...]]
    asked_by: Callable[[State, Practitioner], State] | None = None  # for a word whose rule asks who gives the order
    as_recorded: bool = False  # evolve takes the events in the order of their recording, not of their effect
    even_struck: tuple[type[Event], ...] = ()  # of these classes evolve takes what was marked in error, too

    def judge(self, command: Command, state: State, by: Practitioner) -> tuple[Event, ...]:
        """What the word decides for that practitioner. Raises: Refused: its rules say no."""
        return self.decide(command, state if self.asked_by is None else self.asked_by(state, by))
