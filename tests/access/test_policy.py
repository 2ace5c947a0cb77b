"""The access policy: the whole matrix as it was reviewed, and what must hold of any table of rules."""

import itertools
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from earlystart_core.access.policy import (
    ACTIONS,
    POLICY,
    RULES,
    Asked,
    Decision,
    Relation,
    Rule,
    RulePolicy,
    judged,
)
from earlystart_core.access.rings import RINGS
from earlystart_core.access.roles import GROUPS, PURPOSES
from tests.access import matrix
from tests.docs.shapes import ROOT, rows_of

TIES = ("allocated", "point_of_contact", "team", "consented")
ROLES = [role for roles in GROUPS.values() for role in sorted(roles)]
RELATIONS = st.builds(Relation, *[st.booleans()] * len(Relation.__struct_fields__))
ASKED = st.builds(
    Asked,
    st.sampled_from([*ROLES, "astrologer"]),
    st.sampled_from([*sorted(PURPOSES), "nursery_place", ""]),
    st.sampled_from([*ACTIONS, "steal"]),
    RELATIONS,
    st.booleans(),
    st.sampled_from([None, *RINGS]),
)


def sees(decision: Decision) -> tuple[bool, int]:
    """How much a decision gives: more is greater."""
    return decision.permitted, len(decision.rings)


def test_the_matrix_is_the_reviewed_one() -> None:
    """A change of the policy changes this table, and whoever reviews it sees which cells."""
    assert matrix.text() == matrix.PATH.read_text("utf-8")


def test_roles_of_one_group_are_judged_alike() -> None:
    """So one of each stands for all in the matrix; and no role is in two groups."""
    assert len(ROLES) == len(set(ROLES))
    for roles in GROUPS.values():
        for action, purpose, relation in itertools.product(ACTIONS, PURPOSES, matrix.RELATIONS.values()):
            found = {POLICY.decide(Asked(role, purpose, action, relation)) for role in roles}
            assert len(found) == 1


@given(ASKED)
def test_taking_a_tie_away_never_adds_access(asked: Asked) -> None:
    for tie in TIES:
        without = replace(asked, relation=replace(asked.relation, **{tie: False}))
        assert sees(POLICY.decide(without)) <= sees(POLICY.decide(asked))


@given(ASKED)
def test_being_of_the_family_or_the_breaker_never_adds_access(asked: Asked) -> None:
    for bar in ("own", "broke"):
        barred = replace(asked, relation=replace(asked.relation, **{bar: True}))
        free = replace(asked, relation=replace(asked.relation, **{bar: False}))
        assert sees(POLICY.decide(barred)) <= sees(POLICY.decide(free))


FORBIDS = st.builds(
    Rule,
    st.just("forbid.more"),
    st.just("deny"),
    st.none() | st.lists(st.sampled_from(ACTIONS)).map(tuple),
    st.lists(st.sampled_from([*GROUPS, None])).map(tuple),
    st.none() | st.frozensets(st.sampled_from(sorted(PURPOSES))),
    st.none() | st.sampled_from(Relation.__struct_fields__),
    st.none() | st.booleans(),
)


@given(ASKED, FORBIDS, st.integers(0, len(RULES)))
def test_one_more_rule_that_forbids_never_adds_access(asked: Asked, rule: Rule, place: int) -> None:
    stricter = RulePolicy("stricter 1", (*RULES[:place], rule, *RULES[place:]))
    before, after = POLICY.decide(asked), stricter.decide(asked)
    assert sees(after) <= sees(before)
    if rule.holds(asked, next((group for group, roles in GROUPS.items() if asked.role in roles), None)):
        assert not after.permitted


@given(ASKED)
def test_no_rule_permits_what_is_not_known(asked: Asked) -> None:
    for strange in (replace(asked, role="astrologer"), replace(asked, action="steal"), replace(asked, role="")):
        assert not POLICY.decide(strange).permitted


@given(ASKED)
def test_a_further_ring_is_asked_for_in_vain(asked: Asked) -> None:
    decision = POLICY.decide(asked)
    open_ = POLICY.decide(replace(asked, ring=None))
    if asked.ring is not None:
        assert decision.permitted == (open_.permitted and asked.ring in open_.rings)
    assert decision.rings == (open_.rings if decision.permitted else ())


@given(ASKED)
def test_a_glass_opens_reading_and_nothing_else(asked: Asked) -> None:
    with_glass = POLICY.decide(replace(asked, glass=True))
    if asked.action != "read":
        assert not with_glass.permitted
    if with_glass.permitted:
        without = POLICY.decide(replace(asked, glass=False))
        more = sees(with_glass) > sees(without)
        assert ("review" in with_glass.obligations) or not more or "text_withheld" in without.obligations


def test_without_rules_nobody_may_do_anything() -> None:
    empty = RulePolicy("empty 1", ())
    assert all(
        empty.decide(Asked(role, purpose, action, Relation(allocated=True))).rules == ("default.deny",)
        for role, purpose, action in itertools.product(ROLES, PURPOSES, ACTIONS)
    )


class Broken:
    name = "broken 7"

    def __init__(self, gives):
        self.gives = gives

    def decide(self, asked):
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


@pytest.mark.parametrize("gives", [ValueError("x"), RecursionError(), None, True, "permit"])
def test_a_policy_that_fails_denies(gives) -> None:
    decision = judged(Broken(gives), Asked("health_visitor", "direct_care", "read", Relation(allocated=True)), 7)
    assert decision == Decision("deny", ("policy.failed",), "broken 7", position=7)


def test_a_decision_says_by_which_rules_under_which_policy_and_as_of_where() -> None:
    asked = Asked("health_visitor", "direct_care", "read", Relation(allocated=True, team=True))
    assert asdict(judged(POLICY, asked, 42)) == {
        "effect": "permit",
        "rules": ("read.allocated", "read.team"),
        "policy": "early_start_access 1",
        "rings": RINGS,
        "obligations": (),
        "position": 42,
    }


def test_rule_ids_are_distinct_and_say_what_they_do() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all((rule.effect == "deny") == rule.id.startswith("forbid.") for rule in RULES)
    assert msgspec.json.encode(RULES[0].id)


def test_the_reference_page_has_every_role_and_rule() -> None:
    page = ROOT / "docs" / "reference" / "access.md"
    said = {row[0].strip("`"): re.findall(r"`(\w+)`", row[1]) for row in rows_of(page, "| group | roles |")}
    assert said == {group: sorted(roles) for group, roles in GROUPS.items()}
    rows = rows_of(page, "| rule | actions |")
    told = [(row[0].strip("`"), row[1], row[3], row[5].split(",")[0]) for row in rows]
    assert told == [
        (
            rule.id,
            ", ".join(f"`{one}`" for one in rule.actions) if rule.actions else "any",
            ", ".join(f"`{one}`" for one in sorted(rule.purposes)) if rule.purposes else "any",
            rule.ring or "–",
        )
        for rule in RULES
    ]
