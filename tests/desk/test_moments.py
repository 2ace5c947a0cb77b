"""Both clocks in every question: nothing of an answer is later than what was asked for, and nothing goes missing."""

from datetime import UTC, date, datetime, timedelta

import pytest

from earlystart_core import (
    CloseCase,
    DecideTier,
    MarkInError,
    NamePointOfContact,
    OverrideSharing,
    PlaceLegalHold,
    RecordServiceAgreement,
    ReviewAgreement,
    ShareInformation,
)

from .making import START, Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("clocks", "looks"),
    [
        ({}, 1),
        ({"known": "2026-03-02"}, 1),
        ({"known": "2026-03-03"}, 1),
        ({"known": START + timedelta(hours=3, minutes=30)}, 0),
        ({"known": 2}, 0),
        ({"known": 3}, 1),
        ({"known": 0}, 0),
        ({"known": "2020-01-01"}, 0),
        ({"effective": "2026-03-01"}, 0),
        ({"known": 3, "effective": "2026-03-02"}, 1),
    ],
)
def test_looks_are_cut_at_the_moment_asked_not_at_the_last_entry(desk: Desk, clocks: dict, looks: int) -> None:  # type: ignore[type-arg]
    """A date means the whole of that day, a position the moment of its recording, whatever came later."""
    desk.do(NamePointOfContact(case=desk.case, practitioner=desk.ada.practitioner))  # at 11:00
    desk.look(hours=3)
    desk.do(DecideTier(case=desk.case, tier="universal_plus"), hours=48)
    assert len(desk.ask("looked", **clocks)) == looks


def test_a_position_gives_the_same_looks_while_the_log_goes_on(desk: Desk) -> None:
    at = desk.do(NamePointOfContact(case=desk.case, practitioner=desk.ada.practitioner))
    desk.look()
    before = desk.ask("looked", known=at).rows
    desk.do(DecideTier(case=desk.case, tier="universal_plus"))
    assert desk.ask("looked", known=at).rows == before == []


def test_a_moment_beyond_the_effective_clock_is_cut_by_it(desk: Desk) -> None:
    desk.do(NamePointOfContact(case=desk.case, practitioner=desk.ada.practitioner))
    desk.do(NamePointOfContact(case=desk.case, practitioner=desk.bob.practitioner), hours=120)
    desk.now = datetime(2026, 4, 1, tzinfo=UTC)
    clocks = {"at": "2026-03-31", "effective": "2026-03-03"}
    for row in desk.ask("contact", case=desk.case, **clocks):
        assert row["point_of_contact"] == desk.ada.practitioner
        assert row["at"].date() == date(2026, 3, 3)
    seen = desk.ask("could_see", case=desk.case, practitioner=desk.ada.practitioner, **clocks)
    assert len(seen) == 2
    assert seen.effective == desk.ask("looked", effective="2026-03-03").effective
    assert desk.ask("then_and_now", **clocks).rows == []
    assert len(desk.ask("backdated", team="team:a", **clocks)) == 2


def test_before_the_first_entry_nobody_was_the_point_of_contact(desk: Desk) -> None:
    desk.do(NamePointOfContact(case=desk.case, practitioner=desk.ada.practitioner))
    for row in desk.ask("contact", case=desk.case, at=0):
        assert (row["point_of_contact"], row["at"]) == (None, None)


def test_an_exposure_ends_with_its_mark_whatever_the_effective_clock(desk: Desk) -> None:
    """Marks are cut by what is known alone."""
    wrong = desk.decide("given")
    mark = desk.do(MarkInError(target=wrong), hours=5)
    during = desk.do(DecideTier(case=desk.case, tier="universal_plus", occurred_at=START + timedelta(hours=2)))
    for effective in (None, START + timedelta(hours=2, minutes=30)):
        (row,) = desk.ask("exposed", effective=effective)
        assert row["exposed_until"] == desk.recorded_at(mark)
        assert (row["how"], row["to"]) == (None, None), f"entry {during} came after the mark"


def test_what_is_kept_is_told_at_the_clocks(desk: Desk) -> None:
    desk.do(CloseCase(case=desk.case, reason="moved_out"))
    (row,) = desk.ask("kept", on="2099-01-01")
    assert (row["kept_until"], row["rule"]) == (date(2051, 2, 20), "birthday_25")
    for clocks in ({"known": 1}, {"known": 0}, {"effective": "2026-03-01"}):
        assert desk.ask("kept", on="2099-01-01", **clocks).rows == []
    desk.do(PlaceLegalHold(hold="hold:x", case=desk.case, authority="a court"))
    (held,) = desk.ask("kept", known=1)
    assert (held["rule"], held["holds"]) == ("care_not_ended", ["hold:x"])  # a hold stands, whatever the clocks


def test_what_is_kept_before_an_erasure_does_not_tell_of_it(desk: Desk) -> None:
    desk.do(CloseCase(case=desk.case, reason="moved_out"))
    head = desk.record.store.log.head()
    desk.record.erase(desk.case, authority="a", second_authority="b", by=desk.ada)
    (row,) = desk.ask("kept", on="2099-01-01", known=head)
    assert (row["due"], row["erased"]) == (True, None)
    assert desk.ask("kept", on="2099-01-01").rows == []


def test_an_agreement_says_what_it_said_by_then(desk: Desk) -> None:
    """Its last day, its next review and its terms are of one moment."""
    pact = desk.agree(ends_on=date(2026, 12, 31), next_review_on=date(2026, 4, 1))
    review = {"agreement": pact, "parties": ["org:lch", "org:b"], "outcome": "extend"}
    days = {"ends_on": date(2027, 12, 31), "next_review_on": date(2027, 4, 1)}
    desk.do(ReviewAgreement(**review, **days), hours=720)
    (then,), (now,) = desk.ask("agreements", at="2026-03-10"), desk.ask("agreements")
    assert (then["last_on"], then["next_review_on"]) == (date(2026, 12, 31), date(2026, 4, 1))
    assert (now["last_on"], now["next_review_on"]) == (date(2027, 12, 31), date(2027, 4, 1))


def test_that_nothing_was_altered_is_said_of_the_whole_log(desk: Desk) -> None:
    """And the clocks of the answer are those of what was read."""
    desk.do(DecideTier(case=desk.case, tier="universal_plus"))
    found = desk.ask("unaltered", known=1)
    assert (found[0]["size"], found.known) == (2, 2)


def test_a_concern_half_an_hour_too_late_does_not_read_as_in_time(desk: Desk) -> None:
    harm = {"harm": "h", "authorised_by": desk.ada.practitioner, "family_told": True}
    desk.do(OverrideSharing(case=desk.case, recipient="org:b", **harm))
    desk.share("override", hours=24.5)
    (row,) = desk.ask("concerns")
    assert (row["hours"], row["within"]) == (25, False)
    assert desk.ask("concerns", hours=25)[0]["within"] is True


def test_an_entry_half_an_hour_too_late_does_not_read_as_in_time(desk: Desk) -> None:
    desk.now += timedelta(hours=100)
    told = {"recipient": "org:b", "purpose": "p", "items": ["x"], "basis": "duty"}
    desk.do(ShareInformation(case=desk.case, **told, occurred_at=desk.now - timedelta(hours=47.5)))
    (row,) = desk.ask("late")
    assert row["hours_late"] == 49


def test_why_a_person_has_no_date_is_told_alike_everywhere(desk: Desk) -> None:
    """Of one with an open case and one whose opening was marked in error: that care goes on."""
    opening = desk.record.store.log.head() + 1
    other = desk.opened()
    for case in (desk.case, other):
        desk.do(RecordServiceAgreement(case=case, person=desk.parent, capacity="mother", decision="given"))
    desk.do(MarkInError(target=opening))
    desk.do(PlaceLegalHold(hold="hold:x", authority="a court"))
    rules = {row["subject"]: row["rule"] for row in desk.ask("kept")}
    assert rules == {desk.case: "care_not_ended", desk.parent: "care_not_ended", other: "case_unknown"}
    assert rules == {subject: desk.record.kept_until(subject).rule for subject in rules}
    desk.do(CloseCase(case=desk.case, reason="moved_out"))
    assert {row["rule"] for row in desk.ask("kept") if row["subject"] == desk.parent} == {"case_unknown"}
    assert desk.record.kept_until(desk.parent).rule == "case_unknown"
