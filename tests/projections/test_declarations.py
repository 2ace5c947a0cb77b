"""A declaration that cannot mean anything is refused where it is made, so at import, in one sentence."""

import subprocess
import sys

import pytest

from earlystart_core.event import Event, Personal
from earlystart_core.finish import count_of, days_after, first_of, london_day, only_if
from earlystart_core.projection import Projection
from earlystart_core.reducers import count, distinct, earliest, greatest, latest, smallest, standing, total
from earlystart_core.sources import at, constant, is_in, position
from earlystart_core.types import CaseId, Instant, MeetingId
from earlystart_core.views import VIEW, VIEWS
from earlystart_core.views.package_status import package_status
from earlystart_core.words.case import CaseOpened, CaseReopened, ChildBorn, ResponsibilityPassed
from earlystart_core.words.consent import SharingConsentRecorded
from earlystart_core.words.contact import ContactRecorded
from earlystart_core.words.meeting import MeetingHeld
from earlystart_core.words.package import PackageReviewed, PackageStarted
from earlystart_core.words.sharing import SharingOverridden
from earlystart_core.words.tier import TierDecided

from .synthetic import PROJECTIONS


class Twinned(Event, frozen=True):
    case: CaseId
    twin: CaseId
    seen_at: Instant
    ratio: float = 0.0
    text: Personal | None = None


def of(**columns):
    return lambda: Projection("trial", key=CaseId, row=CaseOpened, **columns)


FAULTS = {
    "a key field missing": (of(held=count(MeetingHeld)), "one field of kind case in MeetingHeld, got 0"),
    "a key field double": (of(twins=count(Twinned)), "one field of kind case in Twinned, got 2"),
    "a key that may be null": (
        lambda: Projection("trial", key=MeetingId, row=MeetingHeld, tiers=count(TierDecided)),
        "its key TierDecided.meeting may be null",
    ),
    "no kind of id as key": (lambda: Projection("trial", key=str, row=CaseOpened), "expected one field of kind None"),
    "a key over two events": (
        lambda: Projection("trial", key=(CaseOpened.case, ChildBorn.case), row=CaseOpened),
        "every part of its key stands in one event",
    ),
    "a key of several values": (
        lambda: Projection("trial", key=(ContactRecorded.contact, ContactRecorded.cases), row=ContactRecorded),
        "ContactRecorded.cases: expected a field of one value",
    ),
    "a date in a key": (
        lambda: Projection("trial", key=(ChildBorn.case, ChildBorn.born_on), row=ChildBorn),
        "expected ids or text as the parts of its key",
    ),
    "an instant in a key": (
        lambda: Projection("trial", key=(ChildBorn.case, at(ChildBorn)), row=ChildBorn),
        "expected ids or text as the parts of its key",
    ),
    "a column named as the key": (of(case=earliest(CaseOpened.case)), "its key 'case' is declared as a column too"),
    "occurred_at by its descriptor": (lambda: latest(CaseOpened.occurred_at), r"at\(E\) gives occurred_at"),
    "a name instead of a field": (lambda: latest("CaseOpened.team"), "expected an event's own field"),
    "a field of another struct": (lambda: latest(type(package_status.counts).values), "expected an event's own field"),
    "a field of several values": (lambda: latest(ContactRecorded.practitioners), "expected a field of one value"),
    "sealed text": (lambda: latest(CaseReopened.reason), "CaseReopened.reason: expected an id, text, a date"),
    "sealed text that must be there": (lambda: distinct(SharingOverridden.harm), "SharingOverridden.harm: expected"),
    "a fraction": (lambda: total(Twinned.ratio), "Twinned.ratio: expected an id, text, a date, a number or a flag"),
    "an instant as a field": (lambda: latest(Twinned.seen_at), "Twinned.seen_at: expected an id, text, a date"),
    "two kinds in one column": (lambda: latest(CaseOpened.team, CaseOpened.family), "got team and family"),
    "a team and a code": (lambda: latest(CaseOpened.team, constant(CaseReopened, "x")), "got team and text"),
    "one event twice": (lambda: latest(CaseOpened.due_on, CaseOpened.born_on), "expected each event once"),
    "no source": (latest, "latest: expected at least one field or event"),
    "the smallest id": (lambda: smallest(CaseOpened.team), "expected numbers, dates or instants, got team"),
    "the greatest code": (lambda: greatest(TierDecided.tier), "expected numbers, dates or instants, got text"),
    "the greatest flag": (lambda: greatest(SharingOverridden.family_told), "expected numbers, dates or instants"),
    "the sum of dates": (lambda: total(ChildBorn.born_on), "expected numbers, got day"),
    "the sum of instants": (lambda: total(at(ChildBorn)), "expected numbers, got instant"),
    "an initial date": (
        lambda: latest(ChildBorn.born_on, initial="2026-01-01"),
        "beside initial='2026-01-01', got day",
    ),
    "ends of another kind": (
        lambda: standing(CaseOpened.team, ended_by=TierDecided.case),
        "expected one kind of value, got team and case",
    ),
    "a condition on another event": (
        lambda: count(CaseOpened, where=is_in(TierDecided.tier, "universal")),
        "expected a condition on one of its events, got TierDecided.tier",
    ),
    "a condition on a date": (lambda: is_in(ChildBorn.born_on, "2026-01-01"), "expected a field of ids or text"),
    "a condition on an instant": (lambda: is_in(at(ChildBorn), "x"), "expected a field of ids or text"),
    "a condition on several values": (lambda: is_in(ContactRecorded.cases, "x"), "expected a field of one value"),
    "an expression over nothing": (
        of(opened_on=london_day("opened_at")),
        "trial.opened_on: expected a column declared before it, got 'opened_at'",
    ),
    "an expression over a later one": (
        of(
            one=first_of("two", london_day("_at")),
            two=london_day("_at"),
            _at=latest(at(CaseOpened)),
        ),
        "trial.one: expected a column declared before it, got 'two'",
    ),
    "the day of a team": (of(day=london_day("team"), team=latest(CaseOpened.team)), "'team' to hold instant, got team"),
    "a code compared with a date": (
        of(
            day=only_if("born_on", "x", london_day("_at")),
            born_on=latest(ChildBorn.born_on),
            _at=latest(at(CaseOpened)),
        ),
        "'born_on' to hold text, got day",
    ),
    "a first of two kinds": (
        of(day=first_of("_at", london_day("_at")), _at=latest(at(CaseOpened))),
        "'_at' to hold day, got instant",
    ),
    "days that are no number": (
        of(day=days_after(london_day("_at"), "_at"), _at=latest(at(CaseOpened))),
        "'_at' to hold number, got instant",
    ),
    "a count by a column that is not there": (
        lambda: count_of(package_status, by="child", without="ended_at"),
        "package_status: expected a column that it reduces from facts, got 'child'",
    ),
    "a count by an expression": (
        lambda: count_of(package_status, by="case", without="next_review_on"),
        "expected a column that it reduces from facts, got 'next_review_on'",
    ),
    "a count by another kind than the key": (
        of(packages=count_of(package_status, by="practitioner", without="ended_at")),
        "package_status.practitioner does not hold the key of its rows",
    ),
    "a count under a key of two parts": (
        lambda: Projection(
            "trial",
            key=(SharingConsentRecorded.case, SharingConsentRecorded.recipient),
            row=SharingConsentRecorded,
            packages=count_of(package_status, by="case", without="ended_at"),
        ),
        "package_status.case does not hold the key of its rows",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_refused_in_one_sentence(fault):
    declare, says = FAULTS[fault]
    with pytest.raises(TypeError, match=says) as refused:
        declare()
    assert "\n" not in str(refused.value)


def test_a_view_stands_after_those_it_counts():
    names = [view.name for view in VIEWS]
    for view in VIEWS:
        assert all(names.index(count.projection) < names.index(view.name) for count in view.counts.values())
    assert list(VIEW) == names


def base(**changed):
    declared = {
        "key": CaseId,
        "row": CaseOpened,
        "team": latest(CaseOpened.team, ResponsibilityPassed.to_team),
        "tier": latest(TierDecided.tier, initial="universal"),
        "plus": count(TierDecided, where=is_in(TierDecided.tier, "universal_plus", "universal")),
        "opened_on": london_day("_at"),
        "closed_on": only_if("tier", "universal", london_day("_at")),
        "packages": count_of(package_status, by="case", without="ended_at"),
        "_at": earliest(at(CaseOpened)),
    }
    return Projection(changed.pop("name", "trial"), **{**declared, **changed}).digest


def other_packages():
    return Projection(
        "package_status",
        key=PackageStarted.__annotations__["package"],
        row=PackageStarted,
        case=earliest(PackageStarted.case),
        ended_at=latest(at(PackageReviewed)),
    )


CHANGES = {
    "name": {"name": "other"},
    "row": {"row": CaseReopened, "_at": earliest(at(CaseReopened))},
    "row alone": {"row": ChildBorn},
    "key": {
        "key": (CaseOpened.case,),
        "team": latest(CaseOpened.team),
        "tier": latest(CaseOpened.reason),
        "plus": count(CaseOpened),
    },
    "source": {"team": latest(CaseOpened.team, CaseReopened.team)},
    "order of sources": {"team": latest(ResponsibilityPassed.to_team, CaseOpened.team)},
    "rule": {"team": earliest(CaseOpened.team, ResponsibilityPassed.to_team)},
    "what is taken": {
        "_at": earliest(position(CaseOpened)),
        "opened_on": latest(ChildBorn.born_on),
        "closed_on": latest(ChildBorn.born_on),
    },
    "constant": {"tier": latest(constant(TierDecided, "universal"), initial="universal")},
    "constant's value": {"tier": latest(constant(TierDecided, "other"), initial="universal")},
    "where gone": {"plus": count(TierDecided)},
    "where's values": {"plus": count(TierDecided, where=is_in(TierDecided.tier, "universal_plus"))},
    "initial": {"tier": latest(TierDecided.tier, initial="universal_plus")},
    "initial gone": {"tier": latest(TierDecided.tier)},
    "nulls": {"tier": latest(TierDecided.tier, initial="universal", nulls=True)},
    "expression": {"opened_on": only_if("tier", "universal_plus", london_day("_at"))},
    "expression's code": {"closed_on": only_if("tier", "universal_plus", london_day("_at"))},
    "what is counted": {"packages": count_of(package_status, by="case", without="planned_end_on")},
    "the rows that are counted": {"packages": count_of(other_packages(), by="case", without="ended_at")},
    "a column more": {"family": earliest(CaseOpened.family)},
    "a hidden column more": {"_family": earliest(CaseOpened.family)},
}


def test_every_change_of_a_declaration_changes_its_digest():
    digests = {"none": base()} | {change: base(**changed) for change, changed in CHANGES.items()}
    assert len(set(digests.values())) == len(digests)
    assert base() == base()


def test_the_order_of_columns_is_part_of_it():
    team, family = latest(CaseOpened.team), earliest(CaseOpened.family)
    one = Projection("trial", key=CaseId, row=CaseOpened, team=team, family=family)
    other = Projection("trial", key=CaseId, row=CaseOpened, family=family, team=team)
    assert one.digest != other.digest


def test_a_new_version_of_an_event_changes_it(monkeypatch):
    before = base()
    monkeypatch.setattr(ResponsibilityPassed, "version", 2)
    assert base() != before


def test_the_order_of_a_condition_is_not():
    one = base(plus=count(TierDecided, where=is_in(TierDecided.tier, "universal", "universal_plus")))
    assert one == base()


@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_it_is_the_same_in_every_process(seed):
    program = (
        "from earlystart_core.views import VIEWS\n"
        "from projections.synthetic import PROJECTIONS\n"
        "print(*[one.digest for one in (*VIEWS, *PROJECTIONS)])"
    )
    environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))}
    out = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert out.stdout.split() == [one.digest for one in (*VIEWS, *PROJECTIONS)]
