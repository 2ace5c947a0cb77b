"""What tied a reader to a case is what the access policy went by: of any history, look by look, after the fact."""

import itertools
import random
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

import naive
from earlystart_city import in_memory
from earlystart_core import NotPermitted, Practitioner, Reader, Record
from earlystart_core.access.policy import POLICY
from earlystart_core.access.roles import CARE, group_of
from earlystart_core.entry import EPOCH, Entry, Recorded, canonical_of
from earlystart_core.words import EVENTS
from tests.depth import many
from tests.record.any_history import history

ROLES = ["health_visitor", "family_outreach_worker", "team_lead", "nursery_worker", "information_governance"]
PURPOSES = ["direct_care", "direct_care", "safeguarding", "service_management", "audit"]
NOBODY = "practitioner:unknown"
TIES = ("allocated", "point_of_contact", "team", "consented")
MANY = [  # the events that ties come from, met more often
    EVENTS.classes[name]
    for name in ("CaseOpened", "PackageStarted", "PackageAllocated", "PackageEnded", "AllocationEnded", "CaseClosed")
    + (
        "PointOfContactNamed",
        "SharingConsentRecorded",
        "SharingConsentRecorded",
        "MarkedInError",
        "MarkedInError",
        "ContactRecorded",
    )
]


def looks(given: Iterable[Recorded], chance: random.Random, often: float) -> tuple[list[dict[str, Any]], list[Any]]:
    """The rows of question 6 after that history, with readers who looked as it went on, and its lines as exported.

    often: how likely someone looks after an entry. Readers and recorders are whom entries name.
    """
    now = [EPOCH]
    known: dict[str, list[str]] = {"team": [], "org": [], "case": []}
    pairs: list[tuple[str, str]] = []  # of a practitioner and a case that an entry names together
    with Record.open("memory://", clock=lambda: now[0]) as record:
        for one in given:
            now[0] = one.recorded_at
            for kind, found in known.items():
                found += [tag for tag in one.event.tags if tag.startswith(f"{kind}:")]
            told = one.event
            people, cases = ([tag for tag in told.tags if tag.startswith(kind)] for kind in ("practitioner:", "case:"))
            pairs += itertools.product(people, cases)
            by = Practitioner(chance.choice(pairs)[0] if pairs else NOBODY, "health_visitor", "org:lch")
            record.store.log.append(
                [Entry(told.type, told.data, told.tags, by, told.command_id, told.version, told.occurred_at)]
            )
            if pairs and all(known.values()) and chance.random() < often:
                if chance.random() < 0.1:
                    now[0] -= timedelta(days=2)  # someone sets the clock back
                look(record, chance, pairs[-30:], {kind: found[-9:] for kind, found in known.items()})
        rows = record.ask("looked").rows
        return rows, naive.parse("\n".join(canonical_of(one).decode() for one in record.store.log.read()))


def look(record: Record, chance: random.Random, pairs: list[tuple[str, str]], known: dict[str, list[str]]) -> None:
    who, case = chance.choice(pairs)
    team, role = chance.choice([None, *known["team"]]), chance.choice(ROLES)
    purpose = chance.choice(PURPOSES if role != "nursery_worker" else ["a", "nursery_place"])
    seen = record.seen_by(Reader(who, role, chance.choice(known["org"]), purpose, team=team))
    if role == "nursery_worker" or chance.random() < 0.2:
        case = chance.choice(known["case"])
    try:
        if chance.random() < 0.2:
            seen.view("case_status")
        else:
            seen.timeline(case)
    except NotPermitted:
        pass


def tied_by(rules: Iterable[str]) -> set[str]:
    """What rules that permit went by."""
    table = {rule.id: rule.relation for rule in POLICY.rules if rule.effect == "permit"}
    return {tie for rule in rules if (tie := table.get(rule)) in TIES}


def expect(row: dict[str, Any], lines: list[Any], met: Counter[str]) -> None:
    """A row of question 6 says what the recorded rules say, and what a naive reading of the log as known then does."""
    ties, tied = set(row["ties"]), tied_by(row["rules"])
    group = group_of(row["role"])
    assert tied <= ties
    if group == "outside" or (group in ("health", "team", "lead") and row["purpose"] in CARE):
        assert ties == tied
    assert row["reason"] == bool(ties)
    met.update(f"{tie} {row['result']}" for tie in ties or ["nothing"])
    me, case = row["practitioner"], row["subject"]
    packages = {one["data"]["package"] for one in lines if one["type"] == "PackageStarted" and case in one["tags"]}
    near = [one for one in lines if {case, *packages} & set(one["tags"]) and one["position"] <= row["known"]]
    facts = naive.standing(near)
    if group != "outside":
        running = [one for one in naive.package_status(facts) if one["case"] == case and one["ended_at"] is None]
        cases = [one for one in naive.case_status(facts) if one["case"] == case and one["status"] == "open"]
        assert ("allocated" in ties) == (me in [one["practitioner"] for one in running])
        assert ("point_of_contact" in ties) == (me in [one["point_of_contact"] for one in cases])
    before = [one for one in facts if naive.instant(one["occurred_at"]) <= row["at"] and case in one["tags"]]
    dealings = {
        "contact": any(me in one["data"]["practitioners"] for one in naive.of(before, "ContactRecorded")),
        "recorded": any(one["recorded_by"]["practitioner"] == me for one in before),
    }
    assert row["dealings"] == [name for name, had in dealings.items() if had]
    met.update(row["dealings"])


def test_of_any_history_the_ties_are_those_that_the_policy_went_by() -> None:
    met: Counter[str] = Counter()
    for seed in range(many(120, 40)):
        log = history([*MANY, *EVENTS.classes.values()], seed, size=40)
        rows, lines = looks(log.recorded, random.Random(seed), often=0.8)
        for row in rows:
            if row["subject"] is None:
                assert (row["ties"], row["dealings"], row["reason"]) == ([], [], None)
            else:
                expect(row, lines, met)
    wanted = [f"{tie} permitted" for tie in TIES] + ["nothing refused", "contact", "recorded"]
    assert min(met[each] for each in wanted) >= many(6, 1), met


@pytest.mark.parametrize("seed", [5, 6])
def test_of_a_city_the_ties_are_those_that_the_policy_went_by(seed: int) -> None:
    met: Counter[str] = Counter()
    log, _, _ = in_memory(cases=5, years=2, seed=seed)
    rows, lines = looks(log.read().entries(), random.Random(seed), often=0.1)
    for row in rows:
        if row["subject"] is not None:
            expect(row, lines, met)
    assert min(met[each] for each in ("allocated permitted", "point_of_contact permitted", "nothing refused")) > 3, met
