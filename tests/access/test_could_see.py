"""What someone could have seen at a moment, by the ties and the knowledge of then."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from earlystart_core import EndAllocation, PassResponsibility, Record
from earlystart_core.access.policy import Rule, RulePolicy
from earlystart_core.access.ties import ties_of, ties_then
from earlystart_core.clocks import clocks_at
from earlystart_core.errors import Invalid, NotPermitted

from .conftest import *

EVERYONE = (ALLOCATED, NAMED, OF_TEAM, STRANGER, OFFICER, OUTSIDE, replace(ALLOCATED, own=(ANNA,)))


@pytest.mark.parametrize("case", [ANNA, BEN, NOBODY])
def test_at_the_head_it_is_what_is_shown_now(record: Record, clock, case: str) -> None:
    """The ties of one case now, and as of a moment that is now, agree."""
    for reader in EVERYONE:
        live = ties_of(record.store, reader, case)
        then = ties_then(record.store, reader, case, clocks_at(record.store.log), clock.now)
        assert live.to(case) == then.to(case)
        decision, rows = record.could_see(reader, case, record.store.log.head())
        if decision.permitted:
            assert rows.rows == record.seen_by(reader).timeline(case).rows
        else:
            assert rows.rows == []


def test_it_is_judged_by_the_ties_of_then(record: Record, clock) -> None:
    """And shows what was known then, although someone else would be shown it now."""
    before = record.store.log.head()
    at = clock.now
    clock.now += timedelta(minutes=1)
    record.submit(EndAllocation(package=PLAN, case=ANNA, practitioner=JO, reason="left"), by=BY)
    record.submit(PassResponsibility(case=ANNA, to_team="team:wetherby"), by=BY)
    for known in (before, at):
        decision, rows = record.could_see(ALLOCATED, ANNA, known)
        assert (decision.rules, decision.position) == (("read.allocated",), before)
        assert len(rows) == len(record.as_at(known=before).timeline(ANNA))
        assert not record.could_see(STRANGER, ANNA, known)[0].permitted
    head = record.store.log.head()
    assert record.could_see(ALLOCATED, ANNA, head)[0].rules == ("default.deny",)
    assert record.could_see(STRANGER, ANNA, head)[0].rules == ("read.team",)
    assert record.could_see(ALLOCATED, ANNA, 0)[1].rows == []
    assert record.looked().rows == []


def test_a_glass_counts_while_it_stood(record: Record, clock) -> None:
    glass = record.glass.break_for(ANNA, reason="complaint", text=WHY, by=STRANGER, hours=1)
    reader = replace(STRANGER, break_glass=glass.id)
    before, during, after = (clock.now + timedelta(minutes=minutes) for minutes in (-5, 5, 70))
    clock.now = after
    seen = [record.could_see(reader, ANNA, moment)[0].permitted for moment in (before, during, after)]
    assert seen == [False, True, False]


def test_who_comes_with_a_glass_that_is_not_theirs_would_have_been_refused(record: Record, clock) -> None:
    """Whatever ties them besides, as when they ask; and so with one that was still to be broken."""
    before = clock.now
    clock.now += timedelta(minutes=1)
    theirs = record.glass.break_for(ANNA, reason="complaint", text=WHY, by=STRANGER)
    for reader in (ALLOCATED, OF_TEAM):
        with_it = replace(reader, break_glass=theirs.id)
        with pytest.raises(NotPermitted, match=r"glass\.unknown"):
            record.seen_by(with_it).timeline(ANNA)
        decision, rows = record.could_see(with_it, ANNA, clock.now)
        assert (decision.rules, decision.rings, rows.rows) == (("glass.unknown",), (), [])
    for_ben = record.glass.break_for(BEN, reason="complaint", text=WHY, by=OF_TEAM)
    with_it = replace(OF_TEAM, break_glass=for_ben.id)
    assert record.could_see(with_it, ANNA, before)[0].rules == ("glass.unknown",)
    assert record.could_see(with_it, ANNA, clock.now)[0].rules == ("read.team",)


def test_a_wrong_call_is_one_sentence(lasting: Record) -> None:
    for reader, case, known in ((BY, ANNA, 1), (OFFICER, "anna", 1), (OFFICER, None, 1), (OFFICER, ANNA, 10**9)):
        with pytest.raises(Invalid, match="expected"):
            lasting.could_see(reader, case, known)


@pytest.mark.parametrize("role", ["nonsense", "health visitor", "Health_Visitor"])
def test_a_role_that_is_not_known_was_mistyped(lasting: Record, role: str) -> None:
    """A no would look like an answer. Whoever reads in such a role is denied, and recorded, as ever."""
    for known in (0, 1):
        with pytest.raises(Invalid, match=r"reader\.role: expected one of .*health_visitor.*, got '" + role):
            lasting.could_see(replace(ALLOCATED, role=role), ANNA, known)
    assert lasting.looked().rows == []
    with pytest.raises(NotPermitted):
        lasting.seen_by(replace(ALLOCATED, role=role)).timeline(ANNA)
    assert [row["role"] for row in lasting.looked()] == [role]


def test_a_purpose_that_no_rule_knows_was_mistyped(lasting: Record) -> None:
    """But of someone outside: families consent to whatever purpose they are asked about."""
    for reader in (ALLOCATED, OFFICER):
        with pytest.raises(Invalid, match=r"reader\.purpose: expected one of .*direct_care.*, got 'direct_car'"):
            lasting.could_see(replace(reader, purpose="direct_car"), ANNA, 1)
    assert not lasting.could_see(replace(OUTSIDE, purpose="direct_car"), ANNA, 1)[0].permitted


def test_another_policy_knows_its_own_roles_and_purposes(lasting: Record) -> None:
    policy = RulePolicy("theirs 1", (Rule("all", "permit", None, ring="outside"),))
    assert lasting.could_see(replace(ALLOCATED, purpose="teeth"), ANNA, 1, policy)[0].permitted
    assert lasting.could_see(replace(ALLOCATED, role="dentist"), ANNA, 1, policy)[0].policy == "theirs 1"


def test_a_glass_that_nobody_broke_is_one_sentence(lasting: Record) -> None:
    """It is an audit's question about someone, who is not judged by it: nothing is recorded."""
    with pytest.raises(Invalid, match=r"reader\.break_glass: expected a glass that someone broke"):
        lasting.could_see(replace(STRANGER, break_glass=an("glass", 7)), ANNA, 1)
    assert lasting.looked().rows == []
