"""Contact: one interaction with a family, kept or not, by one or several practitioners of one or several employers.

A joint visit is one contact, and a contact with twins counts once for each of their cases.
"""

from typing import Annotated, assert_never

import msgspec
from msgspec.structs import replace

from earlystart_core.command import Command, Facts, Word, facts, several
from earlystart_core.errors import Refused
from earlystart_core.event import Event
from earlystart_core.types import (
    Attendance,
    CaseId,
    ContactId,
    ContactKind,
    Location,
    Mechanism,
    Minutes,
    OrgId,
    PractitionerId,
)
from earlystart_core.words.case import LIFE, CaseClosed, CaseOpened, CaseReopened, Life, LifeEvent

Cases = Annotated[tuple[CaseId, ...], *several(1, 20)]
Practitioners = Annotated[tuple[PractitionerId, ...], *several(1, 20)]
Employers = Annotated[tuple[OrgId, ...], *several(1, 20)]


class ContactRecorded(Event, frozen=True):
    contact: ContactId
    cases: Cases
    kind: ContactKind
    attendance: Attendance  # 5 and 6: attended
    mechanism: Mechanism  # 01: face to face
    location: Location
    practitioners: Practitioners
    employers: Employers
    duration_min: Minutes | None = None


class RecordContact(Command):
    contact: ContactId
    cases: Cases
    kind: ContactKind
    attendance: Attendance
    mechanism: Mechanism
    location: Location
    practitioners: Practitioners
    employers: Employers
    duration_min: Minutes | None = None


class Contacts(msgspec.Struct, frozen=True):
    life: Life = Life()
    recorded: tuple[ContactRecorded, ...] = ()  # under this id


def boundary(command: RecordContact) -> Facts:
    # Other contacts of the same child do not bear on this one: two people can record theirs at once.
    cases = [(LIFE, [case]) for case in dict.fromkeys(command.cases)]
    return facts(([ContactRecorded], [command.contact]), *cases)


def evolve(state: Contacts, event: LifeEvent | ContactRecorded) -> Contacts:
    match event:
        case CaseOpened() | CaseClosed() | CaseReopened():
            return replace(state, life=state.life.after(event))
        case ContactRecorded():
            return replace(state, recorded=(*state.recorded, event))
        case _:
            assert_never(event)


def decide(command: RecordContact, state: Contacts) -> tuple[Event, ...]:
    if any(command.repeats(contact) for contact in state.recorded):
        return ()
    if state.recorded:
        raise Refused("contact.other_content", f"{command.contact} was recorded before, with other content")
    state.life.expect_open(command, *command.cases)
    return (command.ordered(ContactRecorded),)


WORD = Word(boundary, Contacts(), evolve, decide)
