"""Until when each record is kept: to the 25th birthday, the 26th where care ended late, and what is due."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earlystart_core import CloseCase, Invalid, MarkInError, OpenCase, PlaceLegalHold, Record, RecordServiceAgreement
from earlystart_core.erasing.retention import Kept, birthday, kept, longest
from tests.erasure.conftest import ANNA, BEN, BY, FAMILY, MOTHER, WORDS_OF_TWO, Place

CHILD = f"case:{3:026d}"


@pytest.mark.parametrize(
    ("born_on", "closed_on", "until", "rule"),
    [
        (date(2020, 6, 15), date(2025, 6, 15), date(2045, 6, 15), "birthday_25"),
        (date(2020, 6, 15), date(2020, 6, 16), date(2045, 6, 15), "birthday_25"),
        (date(2020, 6, 15), date(2037, 6, 14), date(2045, 6, 15), "birthday_25"),  # 16 when care ended
        (date(2020, 6, 15), date(2037, 6, 15), date(2046, 6, 15), "birthday_26"),  # 17
        (date(2020, 6, 15), date(2038, 6, 14), date(2046, 6, 15), "birthday_26"),
        (date(2020, 6, 15), date(2050, 1, 1), date(2050, 1, 1), "birthday_26"),  # never before care ended
        (date(2020, 2, 29), date(2025, 2, 28), date(2045, 3, 1), "birthday_25"),  # 29 February: 1 March
        (date(2020, 2, 29), date(2037, 2, 28), date(2045, 3, 1), "birthday_25"),  # 17 on 1 March 2037
        (date(2020, 2, 29), date(2037, 3, 1), date(2046, 3, 1), "birthday_26"),
        (None, date(2025, 6, 15), date(2050, 6, 15), "maternity_25"),
        (None, date(2024, 2, 29), date(2049, 3, 1), "maternity_25"),
        (date(2020, 6, 15), None, None, "care_not_ended"),
        (None, None, None, "care_not_ended"),
    ],
)
def test_a_case_is_kept_until(born_on: date | None, closed_on: date | None, until: date | None, rule: str) -> None:
    assert kept(born_on, closed_on) == Kept(until, rule)


DAYS = st.dates(date(1950, 1, 1), date(2100, 12, 31))


@given(DAYS, DAYS)
def test_no_record_goes_before_care_ended_or_the_child_is_25(born_on: date, closed_on: date) -> None:
    until = kept(born_on, closed_on).until
    assert until is not None
    assert until >= birthday(born_on, 25)
    assert closed_on < birthday(born_on, 17) or until >= closed_on


def test_the_longest_counts_and_one_that_cannot_be_said_is_longest() -> None:
    short, long, never = Kept(date(2040, 1, 1), "a"), Kept(date(2050, 1, 1), "b"), Kept(None, "care_not_ended")
    assert longest([short, long]) == long
    assert longest([short, never, long]) == never
    unknown = Kept(None, "case_unknown")
    assert longest([unknown, never, long]) == longest([long, never, unknown]) == never
    same = Kept(short.until, "maternity_25")
    assert longest([short, same]) == longest([same, short])
    assert longest([]) == Kept(None, "case_unknown")


def rows_of(place: Place, on: date | None = None) -> dict[str, dict[str, Any]]:
    with place.open() as record:
        return {row["subject"]: row for row in record.retention(on=on)}


def closed(place: Place, *cases: str) -> None:
    with place.open() as record:
        for case in cases:
            at = datetime(2026, 4, 1, 12, tzinfo=UTC)
            record.submit(CloseCase(occurred_at=at, case=case, reason="moved_out"), by=BY)


def test_each_case_and_person_has_its_date(place: Place) -> None:
    closed(place, ANNA)
    rows = rows_of(place)
    assert list(rows) == sorted([ANNA, BEN, MOTHER])
    assert (rows[ANNA]["kept_until"], rows[ANNA]["rule"]) == (date(2051, 2, 20), "birthday_25")
    assert rows[MOTHER]["kept_until"] == date(2051, 2, 20)  # as her child's: she appears in it
    assert (rows[BEN]["kept_until"], rows[BEN]["rule"]) == (None, "care_not_ended")
    assert not any(row["due"] for row in rows.values())


def test_one_of_them_can_be_asked_for(place: Place) -> None:
    closed(place, ANNA)
    with place.open() as record:
        assert record.kept_until(ANNA) == record.kept_until(MOTHER) == Kept(date(2051, 2, 20), "birthday_25")
        assert record.kept_until(BEN) == Kept(None, "care_not_ended")
        assert record.kept_until(CHILD) == Kept(None, "case_unknown")
        with pytest.raises(Invalid, match=r"^subject: expected a case: or person: id"):
            record.kept_until(FAMILY)


def test_siblings_are_due_each_for_itself_and_their_mother_with_the_last(place: Place) -> None:
    """An agreement about the second child, too, so that the mother appears in both cases."""
    with place.open() as record:
        order = {"case": BEN, "person": MOTHER, "capacity": "parent", "decision": "given"}
        record.submit(RecordServiceAgreement(**order), by=BY)
    closed(place, ANNA)
    day = date(2051, 2, 20)
    assert [subject for subject, row in rows_of(place, day).items() if row["due"]] == [ANNA]
    assert not rows_of(place, date(2051, 2, 19))[ANNA]["due"]
    closed(place, BEN)
    assert [subject for subject, row in rows_of(place, day).items() if row["due"]] == [ANNA, BEN, MOTHER]


def test_what_is_held_or_erased_is_not_due(place: Place) -> None:
    closed(place, ANNA, BEN)
    day = date(2060, 1, 1)
    with place.open() as record:
        record.submit(PlaceLegalHold(hold="hold:inquiry-7", authority="Inquiry 7", case=ANNA), by=BY)
        done = record.erase(BEN, **WORDS_OF_TWO)
    rows = rows_of(place, day)
    assert rows[ANNA]["holds"] == rows[MOTHER]["holds"] == ["hold:inquiry-7"]
    assert (rows[BEN]["holds"], rows[BEN]["erased"]) == ([], done.position)
    assert not any(row["due"] for row in rows.values())


def test_a_person_of_a_case_opened_in_error_has_no_date(place: Place) -> None:
    """The case has no row in `case_status` then, and its text is there all the same: people decide."""
    with place.open() as record:
        opening = OpenCase(case=CHILD, family=FAMILY, team="team:armley", reason="birth", born_on=date(2020, 1, 1))
        opened = record.submit(opening, by=BY).positions[0]
        order = {"case": CHILD, "person": f"person:{7:026d}", "capacity": "parent", "decision": "given"}
        record.submit(RecordServiceAgreement(**order), by=BY)
        record.submit(MarkInError(target=opened), by=BY)
    rows = rows_of(place, date(2100, 1, 1))
    for subject in (CHILD, f"person:{7:026d}"):
        assert (rows[subject]["kept_until"], rows[subject]["rule"], rows[subject]["due"]) == (
            None,
            "case_unknown",
            False,
        )


def test_a_case_opened_in_error_is_listed_without_a_date_also_where_it_names_nobody(place: Place) -> None:
    with place.open() as record:
        opening = OpenCase(case=CHILD, family=FAMILY, team="team:armley", reason="birth", born_on=date(2020, 1, 1))
        opened = record.submit(opening, by=BY).positions[0]
        record.submit(MarkInError(target=opened), by=BY)
        assert record.view("case_status", case=CHILD).rows == []
        assert record.kept_until(CHILD) == Kept(None, "case_unknown")
    row = rows_of(place, date(2100, 1, 1))[CHILD]
    assert (row["kept_until"], row["rule"], row["due"]) == (None, "case_unknown", False)


@pytest.mark.parametrize("on", ["soon", "20510101", 2051, True, datetime(2051, 1, 1, tzinfo=UTC)])
def test_a_day_that_is_none_is_a_wrong_call(on: Any) -> None:
    """Else it compares with no day that is due, or says nothing while none is."""
    with (
        Record.open("memory://") as record,
        pytest.raises(Invalid, match="on: expected a date such as 2051-12-31, got"),
    ):
        record.retention(on=on)


@pytest.mark.parametrize(("day", "due"), [("2051-02-20", True), ("0001-01-01", False), ("9999-12-31", True)])
def test_a_day_may_be_a_text(place: Place, day: str, due: bool) -> None:
    closed(place, ANNA)
    for on in (day, date.fromisoformat(day)):
        with place.open() as record:
            assert {row["subject"]: row["due"] for row in record.retention(on)} == {ANNA: due, BEN: False, MOTHER: due}
