"""The universal contacts are kept about as often, and as late, as England's published metrics say."""

from datetime import date, timedelta

import pytest
from told_city import Told

from earlystart_city import END_AT
from earlystart_core.types import london_date
from earlystart_core.words.case import CaseClosed, CaseOpened, ChildBorn
from earlystart_core.words.contact import ContactRecorded

pytestmark = pytest.mark.chance  # of a city that is larger in an exhaustive run

TOLERANCE = 0.035  # three standard errors of the smallest denominator, and what marks take away


def born_on(told: Told) -> dict[str, date]:
    """Children seen from birth on: of cases opened in pregnancy or in the first week."""
    opened = {event.case: event for _, event in told.standing(CaseOpened) if event.reason in ("pregnancy", "birth")}
    born = {case: event.born_on for case, event in opened.items() if event.born_on}
    born |= {event.case: event.born_on for _, event in told.standing(ChildBorn) if event.case in opened}
    return born


def share(told: Told, kind: str, least: int, most: int) -> float:
    """The share of children who reached that age with an open case and kept the contact at `least` to `most` days."""
    closed = {event.case: london_date(event.occurred_at) for _, event in told.standing(CaseClosed)}
    end = END_AT.date() - timedelta(days=100)  # by then nearly all was typed
    due = {
        case: born
        for case, born in born_on(told).items()
        if born + timedelta(days=most) < min(end, closed.get(case, date.max))
    }
    kept = {
        case
        for _, event in told.standing(ContactRecorded)
        for case in event.cases
        if event.kind == kind
        and event.attendance in ("5", "6")
        and (kind != "new_birth_visit" or event.mechanism == "01")
        and case in due
        and least <= (london_date(event.occurred_at) - due[case]).days <= most
    }
    assert len(due) > 300
    return len(kept) / len(due)


@pytest.mark.parametrize(
    ("metric", "kind", "least", "most", "published"),
    [
        ("C2", "new_birth_visit", 0, 14, 0.864),
        ("C3", "new_birth_visit", 15, 30, 0.111),
        ("C8i", "six_to_eight_week", 0, 56, 0.815),
        ("C4", "one_year", 0, 365, 0.746),
        ("C5", "one_year", 0, 456, 0.826),
        ("C6i", "two_year", 0, 913, 0.757),
    ],
)
def test_rates_are_the_published_ones(
    told: Told, metric: str, kind: str, least: int, most: int, published: float
) -> None:
    assert share(told, kind, least, most) == pytest.approx(published, abs=TOLERANCE), metric


def test_a_case_has_25_to_60_entries(told: Told) -> None:
    about_cases = sum(any(tag.startswith("case:") for tag in entry.event.tags) for entry in told.entries)
    assert 25 < about_cases / told.summary.cases < 60
