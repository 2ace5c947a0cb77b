"""Question 1 with a role: each row as the policy would have shown it at that moment, and no word more."""

from datetime import date, timedelta
from typing import Any

import pytest

from earlystart_core import DecideTier, Invalid, NamePointOfContact, OverrideSharing
from earlystart_core.access.reader import Reader

from .making import Desk

ROLES = (
    ("health_visitor", "org:lch", "direct_care"),
    ("early_years_practitioner", "org:council", "direct_care"),
    ("nursery_worker", "org:b", "p"),
    ("information_governance", "org:lch", "audit"),
)


@pytest.fixture
def desk() -> Desk:
    """A case with text of every kind."""
    made = Desk()
    made.do(NamePointOfContact(case=made.case, practitioner=made.ada.practitioner))
    made.do(DecideTier(case=made.case, tier="universal_plus", reason="mother's depression"))
    made.decide("given")
    harm = {"harm": "secret harm", "authorised_by": made.ada.practitioner, "family_told": True}
    made.do(OverrideSharing(case=made.case, recipient="org:b", **harm))
    return made


def asked(desk: Desk, role: str, employer: str, purpose: str, **more: Any) -> Any:
    about = {"case": desk.case, "practitioner": desk.ada.practitioner, "at": desk.record.store.log.head()}
    return desk.ask("could_see", **about | {"role": role, "employer": employer, "purpose": purpose} | more)


@pytest.mark.parametrize(("role", "employer", "purpose"), ROLES)
def test_a_row_has_the_fields_that_could_be_seen(desk: Desk, role: str, employer: str, purpose: str) -> None:
    """As `record.could_see` shows them; of a row that is not shown nobody saw a field."""
    rows = asked(desk, role, employer, purpose)
    reader = Reader(desk.ada.practitioner, role, employer, purpose)
    seen = {row["position"]: row for row in desk.record.could_see(reader, desk.case, desk.record.store.log.head())[1]}
    assert seen
    for row in rows:
        shown = seen.get(row["position"], {})
        assert row["allowed"] == bool(shown)
        assert row["fields"] == shown.get("fields", {})
        assert row["recorded_by"] == shown.get("recorded_by")


def test_without_a_role_everything_that_stood_is_there(desk: Desk) -> None:
    at = {"case": desk.case, "practitioner": desk.ada.practitioner, "at": desk.record.store.log.head()}
    rows = desk.ask("could_see", **at)
    assert {row["allowed"] for row in rows} == {None}
    assert [row["fields"].get("harm") for row in rows][-1] == "secret harm"


def test_a_consent_is_judged_at_the_moment_asked_not_at_the_last_entry() -> None:
    desk = Desk()
    desk.decide("given", until=date(2026, 3, 2))
    desk.now = desk.now.replace(month=6)
    for at, allowed in (("2026-03-02", True), ("2026-03-20", False)):
        rows = asked(desk, "general_practitioner", "org:b", "p", at=at)
        assert any(row["allowed"] for row in rows) is allowed


def test_a_glass_that_ran_then_opened_the_case(desk: Desk) -> None:
    """For whoever broke it, in the role of then, from its breaking until it was over; and nobody else."""
    bob = Reader(desk.bob.practitioner, desk.bob.role, desk.bob.employer, "direct_care")
    desk.now += timedelta(hours=1)
    before = desk.now - timedelta(minutes=1)
    glass = desk.record.glass.break_for(desk.case, reason="danger_of_harm", text="bruises seen", by=bob, hours=2)
    broken, over = desk.now, desk.now + timedelta(hours=2)
    desk.now = over
    for practitioner, at, opened in (
        (desk.bob, before, False),
        (desk.bob, broken, True),
        (desk.bob, over - timedelta(minutes=1), True),
        (desk.bob, over, False),
        (desk.ada, broken, False),
    ):
        who: dict[str, Any] = {"practitioner": practitioner.practitioner, "at": at.isoformat()}
        (row, *_) = desk.ask("could_see", case=desk.case, **who)
        assert row["glasses"] == ([glass.id] if opened else [])
        judged = asked(desk, desk.bob.role, desk.bob.employer, "direct_care", **who)
        assert judged[0]["glasses"] == row["glasses"]
        assert any(one["allowed"] for one in judged) is (opened or practitioner == desk.ada)
    other = asked(desk, "nursery_nurse", "org:lch", "direct_care", practitioner=bob.practitioner, at=broken.isoformat())
    assert (other[0]["glasses"], other[0]["allowed"]) == ([], False)


def test_a_glass_that_opened_no_ring_more_opened_the_text(desk: Desk) -> None:
    """An officer reads as far without one, but for the text: that is withheld from them until they break a glass."""
    officer = Reader(desk.bob.practitioner, "information_governance", "org:lch", "audit")
    who: dict[str, Any] = {"practitioner": officer.practitioner, "at": desk.now.isoformat()}
    harms = []
    for broken in (False, True):
        if broken:
            desk.record.glass.break_for(desk.case, reason="complaint", text="the family asks", by=officer)
        rows = asked(desk, officer.role, officer.employer, officer.purpose, **who)
        harms += [row["fields"]["harm"] for row in rows if row["type"] == "SharingOverridden"]
    assert harms == ["(withheld)", "secret harm"]


@pytest.mark.parametrize("part", [{"role": "health_visitor"}, {"employer": "org:lch"}, {"purpose": "p"}])
def test_a_reader_in_part_is_no_reader(desk: Desk, part: dict[str, str]) -> None:
    about = {"case": desk.case, "practitioner": desk.ada.practitioner, "at": 2}
    with pytest.raises(Invalid, match="role and employer"):
        desk.ask("could_see", **about, **part)


@pytest.mark.parametrize(
    ("field", "reader"),
    [
        ("role", ("nonsense", "org:lch", "direct_care")),
        ("role", ("health visitor", "org:lch", "direct_care")),
        ("purpose", ("health_visitor", "org:lch", "direct_car")),
    ],
)
def test_a_mistyped_role_or_purpose_is_no_answer(desk: Desk, field: str, reader: tuple[str, str, str]) -> None:
    with pytest.raises(Invalid, match=f"^{field}: expected one of ") as found:
        asked(desk, *reader)
    assert found.value.field == field


def test_an_error_names_the_option(desk: Desk) -> None:
    with pytest.raises(Invalid) as found:
        asked(desk, "health_visitor", "lch", "direct_care")
    assert found.value.field == "employer"
