"""Sharing under agreements that were corrected over and over: what a command may, and what the desk says of it."""

import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import naive
import naive_disclosures
from earlystart_core import (
    EndAgreement,
    MarkInError,
    OpenCase,
    Practitioner,
    Record,
    Refused,
    ReviewAgreement,
    ShareInformation,
    SignAgreement,
)
from earlystart_core.entry import canonical_of
from earlystart_core.types import london_date
from tests.depth import many

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
PACTS = [f"agreement:{number:026d}" for number in (1, 2)]
ORGS = ["org:a", "org:b", "org:c"]
PARTIES = [["org:a", "org:b"], ["org:a", "org:c"], ["org:c", "org:b"], ORGS]


class Desk:
    """A record in memory at which chance gives the orders, and its lines as exported."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.now = START
        self.record = Record.open("memory://", clock=lambda: self.now)
        self.case = self.record.new_id("case")
        self.lines = []
        family = self.record.new_id("family")
        self.submit(OpenCase(case=self.case, family=family, team="team:a", reason="birth"))

    def submit(self, command, employer="org:a"):
        """The code of the refusal; None where it was carried out."""
        try:
            self.record.submit(command, by=Practitioner("practitioner:" + "0" * 26, "health_visitor", employer))
        except Refused as refused:
            return refused.code
        finally:
            read = self.record.store.log.read(after=len(self.lines))
            self.lines += [json.loads(canonical_of(one)) for one in read.entries()]
        return None

    def past(self):
        """Now, or some hours ago."""
        return self.now - timedelta(hours=self.chance.choice([0, 0, 1, 5, 20]))

    def order(self):
        """Something is signed, reviewed, ended or marked in error; marks are marked as often as all else."""
        pick, day = self.chance.choice, london_date(self.now)
        positions = [*range(2, len(self.lines) + 2)]
        marks = [one["position"] for one in self.lines if one["type"] == "MarkedInError"]
        about = {"agreement": pick(PACTS), "parties": pick(PARTIES), "occurred_at": self.past()}
        terms = {"purposes": ["p"], "items": pick([["x"], ["x", "y"]]), "lawful_basis": "public_task", "wording": "w"}
        return pick(
            [
                lambda: SignAgreement(**about, **terms, starts_on=day - timedelta(days=pick([-1, 1, 1, 1]))),
                lambda: ReviewAgreement(**about, outcome="extend", ends_on=pick([None, day, day + timedelta(days=9)])),
                lambda: EndAgreement(**about, reason="other"),
                lambda: MarkInError(target=pick(positions)),
                lambda: MarkInError(target=pick(marks or positions)),
            ]
        )()

    def share(self):
        """Someone shares under an agreement: the order, the employer, and the entry that it asks for."""
        pick = self.chance.choice
        fields = {"case": self.case, "recipient": pick(ORGS), "purpose": pick(["p", "p", "p", "q"])}
        fields |= {"items": pick([["x"], ["y"]]), "basis": "agreement"}
        at, employer = self.past(), pick(ORGS)
        entry = {"occurred_at": at.isoformat(), "data": fields, "recorded_by": {"employer": employer}}
        return ShareInformation(**fields, occurred_at=at), employer, entry


def tangled(facts, recipient):
    """Whether an agreement that the recipient signed has ended in the name of others alone."""
    signed = {one["data"]["agreement"] for one in naive.of(facts, "AgreementSigned") if recipient in one["tags"]}
    ended = [one for one in naive.of(facts, "AgreementEnded") if one["data"]["agreement"] in signed]
    return any(recipient not in one["tags"] for one in ended)


def test_a_sharing_is_let_through_exactly_where_an_agreement_covers_it():
    met = Counter()
    for seed in range(many(250)):
        desk = Desk(seed)
        for _ in range(40):
            desk.now += timedelta(hours=desk.chance.choice([0, 1, 6]), minutes=1)
            desk.submit(desk.order())
            command, employer, entry = desk.share()
            facts = naive.standing(desk.lines, None, entry["occurred_at"])
            lack = naive_disclosures.lack(facts, entry)
            assert desk.submit(command, employer) == (None if lack is None else f"sharing.{lack}"), (seed, entry)
            met[lack] += 1
            met["tangled"] += tangled(facts, command.recipient)
        expected = naive_disclosures.disclosures(desk.lines)
        assert [row["reason"] for row in desk.record.disclosures()] == [row["reason"] for row in expected], seed
        assert desk.record.disclosures(desk.case).rows == desk.record.disclosures().rows
    assert set(met) == {None, *(f"agreement_{why}" for why in ("not_in_force", "other_purpose", "other_items")),
                        "no_agreement", "tangled"}  # fmt: skip
    assert min(met.values()) > many(50, 5), met


def agreements(lines, at, recipient=None, purpose=None, item=None):
    """Question 4 by hand: `agreement, position, parties, last_on, in_force, covers` at an instant."""
    facts, rows, day = naive.standing(lines), [], naive.day_of(at.isoformat())
    for pact in sorted({one["data"]["agreement"] for one in naive.of(facts, "AgreementSigned")}):
        course = [one for one in facts if one["data"].get("agreement") == pact]
        by_then = [one for one in course if naive.instant(one["occurred_at"]) <= at]
        signed = naive.of(by_then, "AgreementSigned")
        terms = (naive.last(signed) or naive.first(naive.of(course, "AgreementSigned")))["data"]
        ends_on = naive.last(naive.values(naive.of(by_then, "AgreementSigned", "AgreementReviewed"), "ends_on"))
        ended = naive.of(by_then, "AgreementEnded")
        in_force = bool(signed) and not ended and terms["starts_on"] <= day <= (ends_on or "9999")
        fits = (purpose is None or purpose in terms["purposes"]) and (item is None or item in terms["items"])
        if recipient is None or recipient in terms["parties"]:
            rows.append((pact, terms["parties"], ends_on, in_force, in_force and fits))
    return rows


def test_the_officer_is_told_of_an_agreement_what_its_whole_course_says():
    met = Counter()
    for seed in range(many(150)):
        desk = Desk(seed)
        for _ in range(50):
            desk.now += timedelta(hours=desk.chance.choice([0, 1, 6]), minutes=1)
            desk.submit(desk.order())
        named = {tag for line in desk.lines for tag in line["tags"]}  # what no entry names is refused
        for recipient in (None, *sorted(named.intersection(ORGS))):
            at = desk.past()
            asked = {"recipient": recipient, "purpose": desk.chance.choice([None, "p", "q"])}
            asked["item"] = desk.chance.choice([None, "x", "y"])
            rows = desk.record.ask("agreements", at=at.isoformat(), **asked)
            found = [
                (
                    row["agreement"],
                    [*row["parties"]],
                    row["last_on"] and str(row["last_on"]),
                    row["in_force"],
                    row["covers"],
                )
                for row in rows
            ]
            expected = agreements(desk.lines, at, **asked)
            assert found == expected, (seed, asked)
            for row in rows:
                told = desk.lines[row["position"] - 1]
                assert (told["type"], told["data"]["parties"]) == ("AgreementSigned", [*row["parties"]])
            met.update((one[3], one[4]) for one in expected)
            met["tangled"] += recipient is not None and tangled(naive.standing(desk.lines), recipient)
    assert min(met[each] for each in ((True, True), (True, False), (False, False), "tangled")) > many(20, 2), met
