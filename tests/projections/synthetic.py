"""Events and projections that only the tests know: every rule, every condition, every finishing expression."""

from datetime import date
from typing import Annotated, ClassVar, Literal

import msgspec

from earlystart_core.event import Event
from earlystart_core.finish import count_of, days_after, first_of, london_day, only_if
from earlystart_core.projection import Projection
from earlystart_core.reducers import (
    count,
    distinct,
    earliest,
    greatest,
    latest,
    smallest,
    standing,
    total,
)
from earlystart_core.registry import Registry
from earlystart_core.sources import at, constant, is_in, position
from earlystart_core.types import Label, MeetingId, PersonId, PractitionerId, TeamId
from earlystart_core.words.correction import MarkedInError

Mood = Literal["low", "high", "even"]
Grams = Annotated[int, msgspec.Meta(ge=-30, le=30)]


class Joined(Event, frozen=True):
    person: PersonId
    practitioner: PractitionerId
    team: TeamId | None = None


class Measured(Event, frozen=True):
    """Version 1 was about one person and had no mood; version 2 knew no urgency."""

    version: ClassVar[int] = 3

    people: Annotated[tuple[PersonId, ...], msgspec.Meta(min_length=1, max_length=20)]
    note: Label
    urgent: bool
    practitioner: PractitionerId | None = None
    grams: Grams | None = None
    on: date | None = None
    mood: Mood | None = "even"


class Left(Event, frozen=True):
    person: PersonId
    practitioner: PractitionerId
    note: Label
    grams: int
    on: date | None
    mood: Mood | None
    urgent: bool | None = None


class Visited(Event, frozen=True):
    meeting: MeetingId
    person: PersonId | None = None
    on: date | None = None


def to_several(fields):
    return {**fields, "people": [fields["person"]], "person": None, "mood": None}


def to_urgency(fields):
    return {name: value for name, value in fields.items() if name != "person"} | {"urgent": fields["note"] == "b"}


REGISTRY = Registry(
    [Joined, Measured, Left, Visited, MarkedInError],
    {("Measured", 1): to_several, ("Measured", 2): to_urgency},
)

low = is_in(Measured.mood, "low")
some_notes = is_in(Left.note, "a", "é", "never said")
of_team = is_in(Joined.team, "team:a", "team:never")

visits = Projection(
    "visits",
    key=MeetingId,
    row=Visited,
    person=latest(Visited.person, nulls=True),
    ended=latest(Visited.on),
)
everything = Projection(
    "everything",
    key=PersonId,
    row=Joined,
    team=latest(Joined.team),
    team_or=latest(Joined.team, initial="team:none"),
    team_null=latest(Joined.team, nulls=True, initial="team:none"),
    team_first=earliest(Joined.team, nulls=True),
    team_where=latest(Joined.team, where=of_team),
    mood=latest(Measured.mood, Left.mood, constant(Joined, "joined")),
    mood_first=earliest(Left.mood, Measured.mood, initial="none", where=low),
    mood_null=latest(Measured.mood, Left.mood, nulls=True),
    mood_null_where=earliest(Measured.mood, Left.mood, nulls=True, where=some_notes),
    note=latest(Left.note, Measured.note),
    note_low=latest(Left.note, Measured.note, where=low),
    urgent=latest(Measured.urgent, Left.urgent),
    urgent_first=earliest(Left.urgent, nulls=True),
    who=latest(Measured.practitioner, Left.practitioner),
    who_first=earliest(Joined.practitioner, Measured.practitioner),
    on=latest(Measured.on, Left.on),
    grams=latest(Measured.grams, Left.grams),
    joined_at=earliest(at(Joined)),
    left_at=latest(at(Left), where=some_notes),
    touched_at=latest(at(Measured), at(Left), at(Joined)),
    touched=latest(position(Measured), position(Left), position(Joined)),
    first_touched=earliest(position(Left), position(Measured), where=low),
    measured=count(Measured),
    counted=count(Measured, Left, Joined, where=low),
    counted_twice=count(Left, Left),
    weight=total(Measured.grams, Left.grams),
    weight_low=total(Measured.grams, where=low),
    places=total(position(Left)),
    least=smallest(Measured.grams, Left.grams),
    most=greatest(Measured.grams, Left.grams, where=low),
    least_on=smallest(Measured.on, Left.on),
    most_on=greatest(Left.on, Measured.on),
    least_at=smallest(at(Left), at(Measured)),
    most_at=greatest(at(Left), at(Measured)),
    most_place=greatest(position(Left)),
    moods=distinct(Measured.mood, Left.mood),
    whos=distinct(Measured.practitioner, Left.practitioner, where=low),
    weights=distinct(Measured.grams, Left.grams),
    days=distinct(Measured.on, Left.on),
    flags=distinct(Measured.urgent, Left.urgent),
    moments=distinct(at(Measured), at(Left)),
    holder=standing(Joined.practitioner, ended_by=Left.practitioner),
    keeper=standing(Measured.practitioner, ended_by=Joined.practitioner),
    joined_on=london_day("joined_at"),
    left_on=london_day("left_at"),
    low_on=only_if("mood", "low", london_day("touched_at")),
    on_or=first_of("on", london_day("left_at")),
    on_or_left=first_of("on_or", days_after(london_day("joined_at"), "grams")),
    due_on=days_after(london_day("joined_at"), "_weight"),
    late_on=first_of("left_on", only_if("mood_null", "high", days_after(london_day("touched_at"), "visits_open"))),
    visits_open=count_of(visits, by="person", without="ended"),
    _weight=smallest(Measured.grams),
)
by_note = Projection(
    "by_note",
    key=(Left.person, Left.note, Left.practitioner),
    row=Left,
    mood=latest(Left.mood, nulls=True),
    left_at=latest(at(Left)),
    weight=total(Left.grams),
    on=greatest(Left.on),
    times=count(Left),
    left_on=london_day("left_at"),
)
by_note_alone = Projection("by_note_alone", key=(Left.note,), row=Left, times=count(Left), mood=earliest(Left.mood))
PROJECTIONS = (visits, everything, by_note, by_note_alone)
PROJECTION = {one.name: one for one in PROJECTIONS}
