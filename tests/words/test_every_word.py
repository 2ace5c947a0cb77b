"""What holds for every command: its fields, its strictness, that it can be sent twice, and that it keeps secrets."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from every import ACTS, ALL
from leeds import CANCELLED, CLOSED, ENDED, LET_GO, WITHDRAWN_ASK
from spec import NOW, decided, given, order

from earlystart_core.command import Command
from earlystart_core.errors import Invalid, Refused
from earlystart_core.event import Event
from earlystart_core.words import EVENTS, WORDS

every = pytest.mark.parametrize(("command", "event", "history"), ALL, ids=[row[0].__name__ for row in ALL])


def test_every_event_has_its_command():
    assert [command for command, _, _ in ALL] == list(WORDS)
    ordered = [name for name in EVENTS.classes if name != "SubjectErased"]  # recorded by an erasure alone
    assert [type(event).__name__ for _, event, _ in ALL] == ordered


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
            datetime(2026, 4, 1, 12),  # noqa: DTZ001
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
TEXTS = ("reason", "rationale", "harm", "if_not_why", "purpose", "source", "wording", "capacity")


def faults(command: type[Command], event: Event) -> list[dict[str, Any]]:
    """The command's fields with the marker in all its texts, and one field wrong: each in turn, and none."""
    fields = {name: value for name, value in msgspec.structs.asdict(event).items() if value is not None}
    texts = [name for name in TEXTS if name in command.model_fields]
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
    for text in (MARKER, *map(json.dumps, [MARKER, [MARKER], dict.fromkeys(command.model_fields, MARKER)])):
        with pytest.raises(Invalid) as fault:
            command.from_json(text)
        assert MARKER not in str(fault.value)
