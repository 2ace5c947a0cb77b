"""Any commands in any order, out of small pools so that they meet, and histories that no rule was ever kept in."""

from typing import Any, Literal, get_args, get_origin

import msgspec
from every import ALL
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from leeds import *
from spec import decided

from earlystart_core.command import Command
from earlystart_core.errors import Invalid, Refused
from earlystart_core.event import Event, shape_of
from earlystart_core.words import EVENTS, WORDS
from earlystart_core.words.allocation import AllocatePackage, AllocationEnded, EndAllocation, PackageAllocated
from earlystart_core.words.case import CaseClosed, CaseOpened, CaseReopened, OpenCase, ReopenCase, ResponsibilityPassed
from earlystart_core.words.closing import CloseCase
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.erasure import SubjectErased
from earlystart_core.words.package import EndPackage
from earlystart_core.words.responsibility import PassResponsibility
from tests.depth import many

instants = st.integers(1, 12).map(on)
days = st.none() | st.integers(1, 14).map(april)
cases, people = st.sampled_from([ANNA, BEN]), st.sampled_from([MOTHER, FATHER])
teams, orgs = st.sampled_from([ARMLEY, BURLEY]), st.sampled_from([SCHOOL, POLICE])
practitioners = st.sampled_from([JO, SAM])
POOLS: dict[str, st.SearchStrategy[Any]] = {
    "occurred_at": instants,
    "case": cases,
    "cases": st.lists(cases, min_size=1, max_size=2, unique=True),
    "family": st.just(FAMILY),
    "team": teams,
    "to_team": teams,
    "person": people,
    "practitioner": practitioners,
    "practitioners": st.just([JO]),
    "authorised_by": practitioners,
    "attendees": st.just([JO]),
    "employers": st.just([LCH]),
    "recipient": orgs,
    "requester": orgs,
    "package": st.sampled_from([PLAN, an("package", 2)]),
    "request": st.just(ASK),
    "contact": st.just(VISIT),
    "meeting": st.sampled_from([ROUND, an("meeting", 2)]),
    "born_on": st.integers(1, 12).map(april),
    "held_on": st.integers(1, 12).map(april),
    "planned_on": st.integers(1, 12).map(april),
    "due_on": days,
    "until": days,
    "planned_end_on": days,
    "next_review_on": days,
    "agreement": st.sampled_from([PACT, an("agreement", 2)]),
    "parties": st.sampled_from([[LCH, SCHOOL], [LCH, COUNCIL, POLICE], [SCHOOL, SCHOOL]]),
    "purposes": st.just(["school_place"]),
    "starts_on": st.integers(1, 12).map(april),
    "ends_on": days,
    "special_category": st.none(),
    "purpose": st.sampled_from(["school_place", "danger"]),
    "basis_position": st.none(),
    "target": st.integers(1, 12),
    "review_every_days": st.none(),
    "duration_min": st.none(),
    "items": st.just(["name"]),
    "needs": st.just(["sleep"]),
    "skills": st.just([]),
    "wording": st.just("w1"),
    "capacity": st.just("parent"),
    "source": st.just("gp"),
    "family_told": st.booleans(),
    "hold": st.sampled_from(["hold:one", "hold:two"]),
    "authority": st.just("a court"),
}
TEXTS = ("reason", "rationale", "harm", "if_not_why")


def fields_of(command: type[Command]) -> st.SearchStrategy[dict[str, Any]]:
    """Any fields of that command, out of small pools, so that commands meet."""
    by_name = {}
    for name, field in command.model_fields.items():
        codes = get_args(field.annotation) if get_origin(field.annotation) is Literal else None
        default = st.none() | st.just("because") if name in TEXTS else None
        by_name[name] = st.sampled_from(codes) if codes else POOLS.get(name, default)
    if command is OpenCase:
        by_name |= {"reason": st.just("birth")}
    return st.fixed_dictionaries({name: pool for name, pool in by_name.items() if pool is not None}).map(
        lambda fields: {name: value for name, value in fields.items() if value is not None}
    )


def commands_of(*kinds: type[Command]) -> st.SearchStrategy[Command | None]:
    def made(kind: type[Command], fields: dict[str, Any]) -> Command | None:
        try:
            return kind(**fields)
        except Invalid:
            return None

    return st.sampled_from(kinds).flatmap(lambda kind: fields_of(kind).map(lambda fields: made(kind, fields)))


@settings(max_examples=many(150), deadline=None)
@for_all(st.lists(commands_of(*WORDS), max_size=40))
def test_any_accepted_command_sent_again_changes_nothing(commands):
    events: list[Event] = [OPENED, BEN_OPENED, ASKED, AGREED, STARTED]
    for command in commands:
        if command is None:
            continue
        try:
            happened = decided(command, events)
        except Refused:
            continue
        events += happened
        assert decided(command, events) == ()


def wild(cls: type[Event]) -> st.SearchStrategy[Event]:
    command = next(command for command, event, _ in ALL if type(event) is cls)
    return fields_of(command).map(
        lambda fields: msgspec.convert(
            {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
            | {name: "because" for name in shape_of(cls).sealed if name not in fields},
            cls,
        )
    )


IMPORTED = [cls for cls in EVENTS.classes.values() if cls not in (MarkedInError, SubjectErased)]


@settings(max_examples=many(150), deadline=None)
@for_all(st.lists(st.sampled_from(IMPORTED).flatmap(wild), max_size=25), commands_of(*WORDS))
def test_no_history_is_too_wild(events, command):
    """Imported history breaks every rule: a command on it is accepted or refused, never anything else."""
    if command is not None:
        try:
            decided(command, events)
        except Refused as refusal:
            assert refusal.code.count(".") == 1


def carried_out(events: list[Event], commands: list[Command | None]) -> list[Event]:
    """What stands after the commands that were accepted, in effective order."""
    for command in commands:
        if command is not None:
            try:
                events = [*events, *decided(command, events)]
            except Refused:
                continue
    return sorted(events, key=lambda event: event.occurred_at)


PLANS = [msgspec.structs.replace(STARTED, package=an("package", each), occurred_at=on(1)) for each in (1, 2)]


@settings(max_examples=many(300), deadline=None)
@for_all(st.lists(commands_of(AllocatePackage, EndAllocation, EndPackage), max_size=25))
def test_a_package_has_one_holder_at_any_time(commands):
    held: dict[str, str] = {}
    for event in carried_out(PLANS, commands):
        if isinstance(event, PackageAllocated):
            assert held.get(event.package, event.practitioner) == event.practitioner
            held[event.package] = event.practitioner
        if isinstance(event, AllocationEnded):
            assert held.pop(event.package) == event.practitioner


@settings(max_examples=many(300), deadline=None)
@for_all(st.lists(commands_of(OpenCase, PassResponsibility, CloseCase, ReopenCase), max_size=25))
def test_a_case_changes_hands_only_while_open_and_reopens_only_while_closed(commands):
    is_open: dict[str, bool] = {}
    for event in carried_out([], commands):
        if isinstance(event, CaseOpened):
            assert event.case not in is_open
        if isinstance(event, CaseReopened):
            assert is_open[event.case] is False
        if isinstance(event, CaseClosed | ResponsibilityPassed):
            assert is_open[event.case] is True
        is_open[event.case] = not isinstance(event, CaseClosed)
