"""What holds for every command: its fields, its strictness, that it can be sent twice, and that it keeps secrets."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from leeds import *
from spec import NOW, decided, given, order

from earlystart_core.command import Command
from earlystart_core.errors import Invalid, Refused
from earlystart_core.event import Event, shape_of
from earlystart_core.words import EVENTS, WORDS
from earlystart_core.words.allocation import AllocatePackage, EndAllocation
from earlystart_core.words.case import OpenCase, RecordBirth, ReopenCase
from earlystart_core.words.closing import CloseCase
from earlystart_core.words.consent import RecordServiceAgreement, RecordSharingConsent
from earlystart_core.words.contact import RecordContact
from earlystart_core.words.correction import MarkedInError, MarkInError
from earlystart_core.words.meeting import CancelMeeting, HoldMeeting
from earlystart_core.words.package import EndPackage, ReviewPackage
from earlystart_core.words.request import DecideRequest, RequestSupport, WithdrawRequest
from earlystart_core.words.responsibility import NamePointOfContact, PassResponsibility
from earlystart_core.words.sharing import OverrideSharing, RefuseDisclosure, ShareInformation
from earlystart_core.words.starting import StartPackage
from earlystart_core.words.tier import DecideTier

MARKED = MarkedInError(occurred_at=on(30), target=1)
# Each command, the event that it orders, and a history in which it is accepted.
ALL: list[tuple[type[Command], Event, list[Event]]] = [
    (OpenCase, OPENED, []),
    (RecordBirth, BORN, [OPENED]),
    (PassResponsibility, PASSED, [OPENED]),
    (NamePointOfContact, NAMED, [OPENED]),
    (CloseCase, CLOSED, [OPENED, STARTED, ENDED]),
    (ReopenCase, REOPENED, [OPENED, CLOSED]),
    (DecideTier, DECIDED_TIER, [OPENED]),
    (RecordContact, VISITED, [OPENED]),
    (RequestSupport, ASKED, [OPENED]),
    (DecideRequest, ALLOCATED_ASK, [ASKED]),
    (WithdrawRequest, WITHDRAWN_ASK, [ASKED]),
    (HoldMeeting, HELD, []),
    (CancelMeeting, CANCELLED, []),
    (StartPackage, STARTED, [OPENED, AGREED]),
    (ReviewPackage, REVIEWED, [STARTED]),
    (EndPackage, ENDED, [STARTED]),
    (AllocatePackage, ALLOCATED, [STARTED]),
    (EndAllocation, LET_GO, [STARTED, ALLOCATED]),
    (RecordServiceAgreement, AGREED, [OPENED]),
    (RecordSharingConsent, CONSENTED, [OPENED]),
    (OverrideSharing, OVERRIDDEN, [OPENED]),
    (ShareInformation, SHARED, [OPENED, CONSENTED]),
    (RefuseDisclosure, KEPT, [OPENED]),
    (MarkInError, MARKED, [OPENED]),
]
ACTS = (ReviewPackage, OverrideSharing, ShareInformation, RefuseDisclosure)  # each instant of these is another act
every = pytest.mark.parametrize(("command", "event", "history"), ALL, ids=[row[0].__name__ for row in ALL])


def test_every_event_has_its_command():
    assert [command for command, _, _ in ALL] == list(WORDS)
    assert [type(event).__name__ for _, event, _ in ALL] == list(EVENTS.classes)


@every
class TestEveryCommand:
    def test_has_the_fields_of_its_event(self, command, event, history):
        assert set(command.model_fields) == set(msgspec.structs.asdict(event))

    def test_requires_what_its_event_requires(self, command, event, history):
        required = {field.name for field in msgspec.structs.fields(event) if field.required} - {"occurred_at"}
        assert {name for name, field in command.model_fields.items() if field.is_required()} == required

    def test_takes_an_unknown_field_for_a_fault(self, command, event, history):
        with pytest.raises(Invalid, match="nickname: "):
            order(command, event, nickname="Anna")

    def test_orders_its_event(self, command, event, history):
        given(*history).when(order(command, event)).then(event)

    def test_says_the_same_in_json(self, command, event, history):
        said = order(command, event)
        assert command.from_json(said.model_dump_json(exclude_unset=True)) == said

    def test_has_a_schema(self, command, event, history):
        schema = command.model_json_schema()
        assert schema["additionalProperties"] is False
        assert set(schema["properties"]) == set(command.model_fields)

    def test_sent_twice_changes_nothing_the_second_time(self, command, event, history):
        given(*history, event).when(order(command, event)).nothing()

    @pytest.mark.parametrize(
        "instant",
        [
            datetime(2026, 4, 1, 12),
            "2026-04-01T12:00:00Z",
            1775044800,
            datetime(1899, 12, 31, 23, 59, 59, tzinfo=UTC),
            datetime(2201, 1, 1, tzinfo=UTC),
            datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
            datetime(2026, 4, 1, 12, tzinfo=timezone(timedelta(hours=14, minutes=1))),
        ],
    )
    def test_happens_at_an_instant(self, command, event, history, instant):
        with pytest.raises(Invalid) as fault:
            order(command, event, occurred_at=instant)
        assert fault.value.field == "occurred_at"

    def test_happens_in_utc_wherever_it_was_said(self, command, event, history):
        abroad = event.occurred_at.astimezone(timezone(timedelta(hours=2)))
        assert order(command, event, occurred_at=abroad).occurred_at.tzinfo is UTC


@pytest.mark.parametrize(("command", "event", "history"), [row for row in ALL if row[0] not in ACTS])
def test_sent_again_later_without_an_instant_changes_nothing(command, event, history):
    undated = order(command, event, occurred_at=None)
    happened = msgspec.structs.replace(event, occurred_at=NOW)
    given(*history).when(undated).then(happened)
    given(*history, happened).when(undated, now=NOW + timedelta(minutes=1)).nothing()


MARKER = "Zyxwvut"


def faults(command: type[Command], event: Event) -> list[dict[str, Any]]:
    """The command's fields with the marker in all its texts, and one field wrong: each in turn, and none."""
    fields = {name: value for name, value in msgspec.structs.asdict(event).items() if value is not None}
    texts = [
        name for name, field in command.model_fields.items() if "str" in str(field.annotation) and name not in fields
    ]
    marked = {**fields, **dict.fromkeys(texts, MARKER)}
    wrong: list[Any] = [MARKER, MARKER + "\x00", [MARKER], {MARKER: MARKER}, 10**30, MARKER * 2000]
    return [marked, *({**marked, name: value} for name in command.model_fields for value in wrong)]


@every
def test_no_message_holds_what_came(command, event, history):
    histories = [[], history, [*history, event], [*history, CLOSED, CANCELLED, WITHDRAWN_ASK, ENDED, LET_GO]]
    said = []
    for fields in faults(command, event):
        for events in histories:
            try:
                decided(command(**fields).dated(NOW), events)
            except (Refused, Invalid) as no:
                said.append(str(no))
    assert said
    assert not [message for message in said if MARKER in message]


@every
def test_no_message_about_json_holds_what_came(command, event, history):
    for text in (
        MARKER,
        json.dumps(MARKER),
        json.dumps([MARKER]),
        json.dumps(dict.fromkeys(command.model_fields, MARKER)),
    ):
        with pytest.raises(Invalid) as fault:
            command.from_json(text)
        assert MARKER not in str(fault.value)


# --- any history at all ---------------------------------------------------------------------------------------------

instants = st.integers(1, 12).map(on)
days = st.none() | st.integers(1, 14).map(april)
cases, people, teams = (
    st.sampled_from([ANNA, BEN]),
    st.sampled_from([MOTHER, FATHER]),
    st.sampled_from([ARMLEY, BURLEY]),
)
practitioners, orgs = st.sampled_from([JO, SAM]), st.sampled_from([SCHOOL, POLICE])
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


@settings(max_examples=150, deadline=None)
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


@settings(max_examples=150, deadline=None)
@for_all(
    st.lists(
        st.sampled_from([cls for cls in EVENTS.classes.values() if cls is not MarkedInError]).flatmap(wild), max_size=25
    ),
    commands_of(*WORDS),
)
def test_no_history_is_too_wild(events, command):
    """Imported history breaks every rule: a command on it is accepted or refused, never anything else."""
    if command is not None:
        try:
            decided(command, events)
        except Refused as refusal:
            assert refusal.code.count(".") == 1


@settings(max_examples=150, deadline=None)
@for_all(st.lists(commands_of(AllocatePackage, EndAllocation, EndPackage), max_size=25))
def test_a_package_has_one_holder_at_any_time(commands):
    events: list[Event] = [OPENED, but_plan(1), but_plan(2)]
    for command in commands:
        if command is not None:
            try:
                events += decided(command, events)
            except Refused:
                continue
    held: dict[str, str] = {}
    for event in sorted(events, key=lambda each: each.occurred_at):
        if event.__class__.__name__ == "PackageAllocated":
            assert held.get(event.package, event.practitioner) == event.practitioner
            held[event.package] = event.practitioner
        if event.__class__.__name__ == "AllocationEnded":
            assert held.pop(event.package) == event.practitioner


def but_plan(number: int) -> Event:
    return msgspec.structs.replace(STARTED, package=an("package", number), occurred_at=on(1))


@settings(max_examples=150, deadline=None)
@for_all(
    st.lists(commands_of(OpenCase, PassResponsibility, CloseCase, ReopenCase, StartPackage, EndPackage), max_size=25)
)
def test_a_case_is_closed_only_while_open_and_never_over_a_package(commands):
    events: list[Event] = [OVERRIDDEN, msgspec.structs.replace(OVERRIDDEN, case=BEN, occurred_at=on(1))]
    for command in commands:
        if command is not None:
            try:
                events += decided(command, events)
            except Refused:
                continue
    is_open: dict[str, bool] = {}
    active: dict[str, str] = {}
    for event in sorted(events, key=lambda each: each.occurred_at):
        match type(event).__name__:
            case "CaseOpened":
                assert event.case not in is_open
                is_open[event.case] = True
            case "CaseReopened":
                assert is_open[event.case] is False
                is_open[event.case] = True
            case "CaseClosed":
                assert is_open[event.case] and event.case not in active.values()
                is_open[event.case] = False
            case "ResponsibilityPassed":
                assert is_open[event.case]
            case "PackageStarted":
                assert is_open[event.case]
                active[event.package] = event.case
            case "PackageEnded":
                del active[event.package]
