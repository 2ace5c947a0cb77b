"""The types of fields say the same to events (msgspec) and commands (pydantic); where they do not, this says so."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any

import msgspec
import pytest
from pydantic import ConfigDict, TypeAdapter, ValidationError

from earlystart_core import OpenCase, OverrideSharing, PassResponsibility, RecordContact, types
from earlystart_core.command import several
from earlystart_core.errors import Invalid

ULID = "01JZZZZZZZZZZZZZZZZZZZZZZZ"


def events_take(kind: Any, value: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def commands_take(kind: Any, value: Any) -> bool:
    try:
        TypeAdapter(kind, config=ConfigDict(strict=True)).validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"case": "123"}, "case: expected case: and 26 characters, such as case:01JH0000000000000000000000"),
        ({"case": 123}, "case: expected text, got int"),
        ({"team": "Armley"}, "team: expected team: and small letters or digits, with hyphens between, such as "),
        ({"reason": "bored"}, "reason: expected 'pregnancy', 'birth', "),
        ({"born_on": "2026-02-20"}, "born_on: expected a date, got str"),
        ({"occurred_at": "2026-02-20T10:00:00Z"}, "occurred_at: expected an instant, a datetime with its offset from "),
        (
            {"occurred_at": datetime(2026, 2, 20, tzinfo=UTC).replace(tzinfo=None)},
            "occurred_at: expected an instant with its offset from UTC, got one ",
        ),
        ({"name": "Sam"}, "name: OpenCase has no such field"),
    ],
)
def test_a_wrong_field_is_told_in_the_words_of_this_library(fields: dict[str, Any], said: str) -> None:
    right = {"case": f"case:{ULID}", "family": f"family:{ULID}", "team": "team:armley", "reason": "birth"}
    with pytest.raises(Invalid) as caught:
        OpenCase(**{**right, **fields})
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "command: expected one object with its fields"),
        ("{", "command: expected one JSON object, got other text"),
        ('{"born_on":"20/02/2026"}', "born_on: expected a date such as 2026-03-31, got other text"),
        ('{"born_on":"2026-02-30"}', "born_on: expected a date such as 2026-03-31, got other text"),
        ('{"born_on":"2026-02-20T10:00:00Z"}', "born_on: expected a date such as 2026-03-31, got other text"),
        ('{"occurred_at":"now"}', "occurred_at: expected an instant such as 2026-03-31T12:00:00Z, got other text"),
        (
            '{"occurred_at":"2026-02-20"}',
            "occurred_at: expected an instant such as 2026-03-31T12:00:00Z, got other text",
        ),
        (
            '{"occurred_at":"2026-02-20T10:00"}',
            "occurred_at: expected an instant with its offset from UTC, got one without",
        ),
    ],
)
def test_a_wrong_form_is_told_in_the_words_of_this_library(text: str, said: str) -> None:
    """What a front end posts."""
    right = json.dumps({"case": f"case:{ULID}", "family": f"family:{ULID}", "team": "team:armley", "reason": "birth"})
    whole = f"{right[:-1]},{text[1:]}" if text.endswith("}") else text
    with pytest.raises(Invalid) as caught:
        OpenCase.from_json(whole)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"duration_min": "long"}, "duration_min: expected a whole number, got str"),
        ({"duration_min": 1.5}, "duration_min: expected a whole number, got float"),
        ({"duration_min": -1}, "duration_min: expected 0 or more"),
        ({"duration_min": 1441}, "duration_min: expected at most 1,440"),
        ({"cases": []}, "cases: expected 1 or more, got 0"),
        ({"cases": [1]}, "cases.0: expected text, got int"),
        ({"cases": [f"case:{ULID}"] * 21}, "cases: expected at most 20, got 21"),
    ],
)
def test_a_wrong_number_or_list_is_told_likewise(fields: dict[str, Any], said: str) -> None:
    right = {"contact": f"contact:{ULID}", "cases": [f"case:{ULID}"], "kind": "targeted", "attendance": "5"}
    right |= {"mechanism": "01", "location": "A01", "practitioners": [f"practitioner:{ULID}"], "employers": ["org:lch"]}
    with pytest.raises(Invalid) as caught:
        RecordContact.from_json(json.dumps({**right, **fields}))
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", "reason: expected at least 1 character, got none"),
        ("x" * 10_001, "reason: expected at most 10,000 characters"),
        ("\ud800", "reason: expected text, got half a character"),
    ],
)
def test_a_wrong_text_is_told_likewise(reason: str, said: str) -> None:
    with pytest.raises(Invalid) as caught:
        PassResponsibility(case=f"case:{ULID}", to_team="team:armley", reason=reason)
    assert str(caught.value) == said


def test_other_wrong_fields() -> None:
    with pytest.raises(Invalid, match=r"^case: expected a value, got none$"):
        OpenCase()
    with pytest.raises(Invalid, match=r"^cases: expected a list, got str$"):
        RecordContact(contact=f"contact:{ULID}", cases=f"case:{ULID}")
    with pytest.raises(Invalid, match=r"^harm: expected more than blanks$"):
        OverrideSharing(case=f"case:{ULID}", recipient="org:lch", harm="  ")


IDS = [getattr(types, kind.capitalize() + "Id") for kind in types.ULID_KINDS]
SLUGS = [getattr(types, kind.capitalize() + "Id") for kind in types.SLUG_KINDS]


@pytest.mark.parametrize(("kind", "name"), [*zip(IDS, types.ULID_KINDS, strict=True)], ids=types.ULID_KINDS)
@pytest.mark.parametrize(
    ("body", "fine"),
    [
        (ULID, True),
        ("0" * 26, True),
        ("7" + "Z" * 25, True),
        ("8" + "Z" * 25, False),  # over 128 bits
        (ULID + "\n", False),
        ("\n" + ULID, False),
        (" " + ULID, False),
        (ULID.lower(), False),
        (ULID[:-1], False),
        (ULID + "0", False),
        ("I" + ULID[1:], False),
        (ULID[:-1] + "L", False),
        (ULID[:-1] + "O", False),
        (ULID[:-1] + "U", False),
        (ULID[:-1] + "é", False),
        (ULID[:-1] + "\u0661", False),  # a digit, but not one of ours
        ("", False),
        ("a" * 10_000, False),
    ],
)
def test_ids(kind, name, body, fine):
    value = f"{name}:{body}"
    assert (events_take(kind, value), commands_take(kind, value)) == (fine, fine)


@pytest.mark.parametrize("kind", IDS + SLUGS)
@pytest.mark.parametrize(
    "value", [None, 1, True, b"case:" + ULID.encode(), ULID, f"baby:{ULID}", f"CASE:{ULID}", ["x"], {}]
)
def test_ids_of_no_kind(kind, value):
    assert (events_take(kind, value), commands_take(kind, value)) == (False, False)


@pytest.mark.parametrize(
    ("value", "fine"),
    [("unknown", True), ("import", True), ("Unknown", False), ("unknown\n", False), ("someone", False)],
)
def test_reserved_practitioners(value, fine):
    value = f"practitioner:{value}"
    assert (events_take(types.PractitionerId, value), commands_take(types.PractitionerId, value)) == (fine, fine)


@pytest.mark.parametrize(("kind", "name"), [*zip(SLUGS, types.SLUG_KINDS, strict=True)], ids=types.SLUG_KINDS)
@pytest.mark.parametrize(
    ("body", "fine"),
    [
        ("armley", True),
        ("inner-west-2", True),
        ("2", True),
        ("a" * 80, True),
        ("a" * 100, False),
        ("armley\n", False),
        ("Armley", False),
        ("inner--west", False),
        ("-west", False),
        ("west-", False),
        ("inner west", False),
        ("inner_west", False),
        ("örtlich", False),
        ("", False),
    ],
)
def test_slugs(kind, name, body, fine):
    value = f"{name}:{body}"
    assert (events_take(kind, value), commands_take(kind, value)) == (fine, fine)


@pytest.mark.parametrize(
    ("kind", "value", "fine"),
    [
        (types.Minutes, -1, False),
        (types.Minutes, 0, True),
        (types.Minutes, 1440, True),
        (types.Minutes, 1441, False),
        (types.ReviewDays, 0, False),
        (types.ReviewDays, 1, True),
        (types.ReviewDays, 366, True),
        (types.ReviewDays, 367, False),
        (types.Position, 0, False),
        (types.Position, 1, True),
        (types.Position, 2**53, True),
        (types.Position, 2**53 + 1, False),
        (types.Position, 10**30, False),
        (types.Position, True, False),
        (types.Position, "1", False),
        (types.Position, 1.5, False),
        (types.Tier, "universal", True),
        (types.Tier, "community", False),
        (types.Tier, "universal\n", False),
        (types.Attendance, "5", True),
        (types.Attendance, 5, False),
        (types.Attendance, "05", False),
        (types.Mechanism, "01", True),
        (types.Mechanism, "1", False),
        (types.Mechanism, "03", False),
        (types.Text, "a" * 10_000, True),
        (types.Text, "a" * 10_001, False),
        (types.Text, 5, False),
        (types.Text, "Zoë said:\n\tdanger", True),
        (types.Label, "a" * 200, True),
        (types.Label, "a" * 201, False),
        (types.Instant, datetime(2026, 4, 1, tzinfo=UTC), True),
        (types.Instant, datetime(2026, 4, 1), False),  # noqa: DTZ001
        (types.Instant, date(2026, 4, 1), False),
        (types.Instant, 5, False),
        (types.Instant, None, False),
        (types.Day, date(2026, 4, 1), True),
        (types.Day, 5, False),
    ],
)
def test_bounds_and_codes(kind, value, fine):
    commands = types.AwareInstant if kind is types.Instant else kind
    assert (events_take(kind, value), commands_take(commands, value)) == (fine, fine)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (types.Text, ""),
        (types.Label, ""),
        (types.Text, "a\x00b"),
        (types.Text, "a\x1bb"),
        (types.Text, "a\r\nb"),
        (types.Text, "a\u202eb"),
        (types.Text, "\ufeffb"),
        (types.Text, "a\u200bb"),
        (types.Label, "a\x7fb"),
        (types.Label, "\ue000"),
        (types.Day, date(1899, 12, 31)),
        (types.Day, date(2201, 1, 1)),
        (types.AwareInstant, datetime(1899, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (types.AwareInstant, datetime(2201, 1, 1, tzinfo=UTC)),
        (types.AwareInstant, datetime(2200, 12, 31, 23, 30, tzinfo=timezone(timedelta(hours=-1)))),
        (types.AwareInstant, datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))),
        (types.AwareInstant, datetime(2026, 4, 1, tzinfo=timezone(timedelta(hours=14, minutes=1)))),
    ],
)
def test_what_only_commands_refuse(kind, value):
    """Empty text, characters, years and offsets are checked at the edge; the log is read back as it was written."""
    assert events_take(types.Instant if kind is types.AwareInstant else kind, value)
    assert not commands_take(kind, value)


@pytest.mark.parametrize("value", [date(1900, 1, 1), date(2200, 12, 31)])
def test_years(value):
    assert commands_take(types.Day, value)


@pytest.mark.parametrize(
    "value",
    [
        datetime(1900, 1, 1, tzinfo=UTC),
        datetime(2200, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(1899, 12, 31, 23, 30, tzinfo=timezone(timedelta(hours=-1))),
        datetime(2026, 4, 1, tzinfo=timezone(timedelta(hours=14))),
    ],
)
def test_instants_are_bounded_in_utc(value):
    assert commands_take(types.AwareInstant, value)


@pytest.mark.parametrize(("text", "stored"), [("Zoe\u0308", "Zo\u00eb"), ("\u0646\u200c\u0645", "\u0646\u200c\u0645")])
def test_text_is_kept_in_its_composed_form(text, stored):
    assert TypeAdapter(types.Text).validate_python(text) == stored


UpToTwo = Annotated[tuple[str, ...], *several(1, 2)]


@pytest.mark.parametrize(
    ("value", "fine"),
    [
        ((), False),
        ((ULID,), True),
        ((ULID, ULID), True),
        ((ULID,) * 3, False),
        ([ULID], True),
        ((5,), False),
        (ULID, False),
    ],
)
def test_several(value, fine):
    assert (events_take(UpToTwo, value), commands_take(UpToTwo, value)) == (fine, fine)
