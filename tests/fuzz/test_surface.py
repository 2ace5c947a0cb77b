"""Nothing raw: whatever is given to a public function, what comes out is an answer or an error of this library."""

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from earlystart_core import DecideTier, Invalid, OpenCase, Practitioner, Record
from earlystart_core.command import Command
from tests.fuzz.odd import Hostile
from tests.fuzz.surface import Surface, opened, sound

CASE = "case:01JH0000000000000000000001"
FIELDS = {"case": CASE, "family": "family:01JH0000000000000000000001", "team": "team:armley", "reason": "birth"}
OPENING = OpenCase(**FIELDS)


class Role(StrEnum):
    """Roles of an application."""

    VISITOR = "health_visitor"


class Timestamp(datetime):
    """An instant of another library's class."""


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)


@pytest.mark.parametrize("seed", range(3))
def test_any_call_gives_an_answer_or_one_sentence(seed: int, tmp_path: Path) -> None:
    """A few hundred calls with right and odd arguments, after which the record is sound."""
    surface = Surface(str(tmp_path / "store.db") if seed else "memory://", seed)
    finds = [found for _ in range(150) if (found := surface.step())]
    surface.close()
    assert not finds
    assert surface.answered > 30
    assert not seed or sound(str(tmp_path / "store.db")) is None


def test_any_way_to_open_a_record_gives_one_or_one_sentence(tmp_path: Path) -> None:
    """Options of any type."""
    here = Path.cwd()
    try:
        os.chdir(tmp_path)
        finds = [found for number in range(60) if (found := opened(number, tmp_path))]
    finally:
        os.chdir(here)
    assert not finds


def test_text_of_a_class_of_its_own_is_recorded_as_text() -> None:
    """An Enum's member as role and as command_id."""
    with Record.open("memory://") as record:
        by = Practitioner("practitioner:00000000000000000000000001", Role.VISITOR, "org:lch")
        record.submit(OPENING, by, command_id=Role.VISITOR)
        entry = next(record.store.log.read())
    assert type(entry.event.recorded_by.role) is str
    assert entry.event.command_id == "health_visitor"


def test_an_instant_of_another_class_is_an_instant() -> None:
    """In a command, and as a moment that is asked about."""
    at = Timestamp(2026, 1, 1, 9, tzinfo=UTC)
    with Record.open("memory://", clock=lambda: datetime(2026, 1, 2, tzinfo=UTC)) as record:
        by = Practitioner("practitioner:00000000000000000000000001", "health_visitor", "org:lch")
        record.submit(OpenCase(**FIELDS, occurred_at=at), by)
        record.submit(DecideTier(case=CASE, tier="universal_plus", reason="r", occurred_at=at), by)
        asked = record.as_at(effective=at)
        assert str(asked.clocks).endswith("effective=2026-01-01T09:00:00Z")
        assert asked.view("case_status")[0]["tier"] == "universal_plus"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"create": "no"}, "create"),
        ({"read_only": 1}, "read_only"),
        ({"chance": b"1234"}, "chance"),
        ({"kek": "secret"}, "kek"),
        ({"kek": Hostile()}, "kek"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_an_option_of_another_kind_is_named(options: dict[str, Any], field: str, tmp_path: Path) -> None:
    """`Record.open` says which, and makes nothing."""
    with pytest.raises(Invalid) as raised:
        Record.open(str(tmp_path / "store.db"), **options)
    assert raised.value.field == field
    assert not list(tmp_path.iterdir())


class Wish(Command):
    """No command of this library."""


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (OPENING.model_copy(update={"team": 7}), "team"),
        (OPENING.model_copy(update={"colour": "red"}), "colour"),
        (OpenCase.model_construct(case=CASE), "family"),
        (Wish(), "command"),
        (Command(), "command"),
    ],
)
def test_a_command_that_escaped_its_checks_is_refused(command: Command, field: str) -> None:
    """A changed copy, one made without checks, and one of a class of the caller's own."""
    by = Practitioner("practitioner:00000000000000000000000001", "health_visitor", "org:lch")
    with Record.open("memory://") as record, pytest.raises(Invalid) as raised:
        record.submit(command, by)
    assert raised.value.field == field


@pytest.mark.parametrize("chance", [lambda _: "text", lambda count: b"1" * (count - 1), lambda _: 1 / 0])
def test_chance_that_fails_is_named(chance: Any) -> None:
    """Too little, no bytes, or an error of its own."""
    with Record.open("memory://", chance=chance) as record, pytest.raises(Invalid, match="chance: expected 10 bytes"):
        record.new_id("case")


def test_an_id_that_is_needed_is_asked_for() -> None:
    """None is no case."""
    with Record.open("memory://") as record, pytest.raises(Invalid, match="case: expected"):
        record.timeline(None)


def test_a_path_that_no_file_system_takes_is_a_wrong_call() -> None:
    """Half a surrogate pair in the name of the file."""
    with pytest.raises(Invalid, match="db: expected a file path"):
        Record.open("\ud800")
