"""Disclosures: covered then and covered now, of any history, against an independent reading of the export."""

import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
import naive_disclosures
from earlystart_city import in_memory
from earlystart_core import (
    EndAgreement,
    Invalid,
    MarkInError,
    OpenCase,
    Practitioner,
    Record,
    RecordSharingConsent,
    Refused,
    ShareInformation,
    SignAgreement,
)
from earlystart_core.audit.disclosures import disclosures
from earlystart_core.clocks import clocks_at
from earlystart_core.entry import canonical_of
from earlystart_core.event import tags_of
from earlystart_core.memory_log import MemoryLog
from earlystart_core.privacy.keys import MemoryKeys
from earlystart_core.types import london_date
from earlystart_core.words import EVENTS
from earlystart_core.words.agreement import AgreementEnded, AgreementReviewed, AgreementSigned
from earlystart_core.words.consent import SharingConsentRecorded
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.sharing import InformationShared, SharingOverridden
from tests.projections.strategies import bounded, ndjson

START = datetime(2026, 3, 28, 23, tzinfo=UTC)  # an hour before a London midnight, a day before the clocks change
CASES = ["case:" + "0" * 25 + digit for digit in "12"]
PEOPLE = ["person:" + "0" * 25 + digit for digit in "12"]
PACTS = ["agreement:" + "0" * 25 + digit for digit in "12"]
ORGS, ITEMS = ["org:a", "org:a", "org:a", "org:b", "org:c"], ["x", "y"]
WORKER = "practitioner:" + "0" * 26

HOURS = [START + timedelta(hours=hour) for hour in range(13)]
TODAY = london_date(START)
DAYS = [None, TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=1)]
SOME = [("x",), ("y",), ("x", "y")]
ABOUT = {"occurred_at": HOURS, "case": [CASES[0]] * 4 + CASES[1:], "recipient": ["org:b"] * 4 + ["org:a"]}
PACT = {
    "occurred_at": HOURS,
    "agreement": PACTS,
    "parties": [("org:a", "org:b"), ("org:b", "org:a", "org:c"), ("org:b", "org:c"), ("org:a", "org:c")],
}
PURPOSE = ["p", "p", "p", "q"]
POOLS = [  # a class and what its fields hold; one that stands twice is met more often
    *[
        (
            InformationShared,
            {
                **ABOUT,
                "purpose": PURPOSE,
                "items": SOME,
                "basis": ["consent", "consent", "agreement", "override", "duty"],
            },
        )
    ]
    * 2,
    *[
        (
            SharingConsentRecorded,
            {
                **ABOUT,
                "person": PEOPLE,
                "capacity": ["parent"],
                "purpose": PURPOSE,
                "decision": ["given", "given", "refused", "withdrawn"],
                "wording": ["w"],
                "until": DAYS,
            },
        )
    ]
    * 3,
    (SharingOverridden, {**ABOUT, "harm": ["harm"], "authorised_by": [WORKER], "family_told": [True]}),
    *[
        (
            AgreementSigned,
            {
                **PACT,
                "purposes": [("p",), ("p", "q")],
                "items": SOME,
                "lawful_basis": ["public_task"],
                "starts_on": DAYS[2:],
                "wording": ["w"],
                "ends_on": DAYS,
            },
        )
    ]
    * 2,
    (AgreementReviewed, {**PACT, "outcome": ["extend"], "ends_on": DAYS}),
    (AgreementEnded, {**PACT, "reason": ["other"]}),
    *[(MarkedInError, {"occurred_at": HOURS, "target": range(1, 31)})] * 2,
]
GAPS = [timedelta(0), timedelta(hours=1), timedelta(hours=2)]  # since the entry before
one = st.tuples(
    st.one_of(st.builds(cls, **{name: st.sampled_from(pool) for name, pool in pools.items()}) for cls, pools in POOLS),
    st.sampled_from(GAPS),
    st.sampled_from(ORGS),
)
facts = st.sampled_from([6, 16, 30]).flatmap(lambda size: st.lists(one, min_size=size, max_size=size))


def drawn(seed):
    """Any history, evenly: what is drawn above tends to what is simple."""
    chance = random.Random(seed)
    for _ in range(30):
        cls, pools = chance.choice(POOLS)
        event = cls(**{name: chance.choice(pool) for name, pool in pools.items()})
        yield event, chance.choice(GAPS), chance.choice(ORGS)


class Told:
    """A log in memory of any facts, and its lines as exported."""

    def __init__(self, told):
        now = START
        chance = random.Random(7).randbytes
        keys = MemoryKeys(chance, lambda: "k_" + chance(13).hex())
        self.log = MemoryLog(lambda: now)
        tags = []
        for event, gap, employer in told:
            now += gap
            if isinstance(event, MarkedInError) and event.target > len(tags):
                continue
            tags.append(tags[event.target - 1] if isinstance(event, MarkedInError) else tags_of(event))
            by = Practitioner(WORKER, "health_visitor", employer)
            self.log.append([EVENTS.entry(event, by=by, command_id=None, keys=keys, chance=chance, tags=tags[-1])])
        self.lines = [json.loads(canonical_of(one)) for one in self.log.read()]

    def rows(self, known=None, effective=None, case=None):
        return disclosures(self.log, EVENTS, clocks_at(self.log, known, effective), case)


@bounded(400)
@given(facts, st.data())
def test_any_history_reads_as_the_naive_reader_has_it(told, data):
    log = Told(told)
    known, hours = st.integers(0, len(log.lines)), st.sampled_from(HOURS)
    pairs = [(None, None), (data.draw(known), None), (data.draw(known), data.draw(hours))]
    for known, effective in pairs:
        until = None if effective is None else effective.isoformat()
        expected = naive_disclosures.disclosures(log.lines, known, until)
        assert log.rows(known, effective) == expected
        for one in CASES:
            assert log.rows(known, effective, one) == [row for row in expected if row["case"] == one]


def test_many_histories_read_so_and_meet_every_reason():
    """A property that holds of nothing proves nothing."""
    met = Counter()
    for seed in range(600):
        log = Told(drawn(seed))
        expected = naive_disclosures.disclosures(log.lines)
        assert log.rows() == expected, seed
        met.update((row["basis"], row["reason"]) for row in expected)
    learnt = {"struck_since", "learnt_since", None}
    agreed = {"no_agreement", "agreement_not_in_force", "agreement_other_purpose", "agreement_other_items"}
    assert set(met) == {
        *(("consent", why) for why in {"nobody_asked", "not_given", "past", "withdrawn_unrecorded"} | learnt),
        *(("agreement", why) for why in agreed | learnt),
        *(("override", why) for why in {"no_override"} | learnt),
        ("duty", None),
    }


@bounded(150)
@given(facts)
def test_what_is_recorded_later_never_changes_what_was_covered_then(told):
    whole = Told(told)
    then = {row["position"]: row["covered_then"] for row in whole.rows()}
    for known in range(len(whole.lines)):
        for row in whole.rows(known):
            assert row["covered_then"] == then[row["position"]]


@bounded(150)
@given(facts)
def test_no_sharing_is_ever_lost(told):
    log = Told(told)
    assert [row["position"] for row in log.rows()] == [
        line["position"] for line in log.lines if line["type"] == "InformationShared"
    ]


# --- on a store -------------------------------------------------------------------------------------------------------


@pytest.fixture(params=("memory", "sqlite", "postgresql"))
def record(request, clock):
    urls = {"memory": lambda: "memory://", "sqlite": lambda: request.getfixturevalue("sqlite_url"),
            "postgresql": lambda: request.getfixturevalue("postgres_url")}  # fmt: skip
    clock.step = timedelta(minutes=1)
    with Record.open(urls[request.param](), clock=clock) as opened:
        yield opened


def test_a_withdrawal_stops_later_sharing_deletes_nothing_and_flags_what_was_shared_unaware(record, clock):
    by = Practitioner(WORKER, "health_visitor", "org:lch")
    case, mother = record.new_id("case"), record.new_id("person")
    record.submit(OpenCase(case=case, family=record.new_id("family"), team="team:a", reason="birth"), by=by)
    terms = {"case": case, "recipient": "org:school", "purpose": "place"}
    asked = {**terms, "person": mother, "capacity": "parent", "wording": "w"}
    record.submit(RecordSharingConsent(**asked, decision="given", occurred_at=clock.now), by=by)
    spoken = clock.now + timedelta(hours=1)
    clock.now = spoken + timedelta(hours=1)
    share = ShareInformation(**terms, items=["x"], basis="consent", occurred_at=clock.now)
    (first,) = record.submit(share, by=by).positions  # withdrawn an hour ago, but nobody has recorded it
    clock.now += timedelta(hours=1)
    record.submit(RecordSharingConsent(**asked, decision="withdrawn", occurred_at=spoken), by=by)
    with pytest.raises(Refused, match="not to give it"):
        record.submit(ShareInformation(**terms, items=["x"], basis="consent"), by=by)
    (row,) = record.disclosures(case)
    assert row == {
        "position": first, **terms, "basis": "consent", "covered_then": True, "covered_now": False, "struck": False,
        "reason": "withdrawn_unrecorded",
    }  # fmt: skip
    assert record.as_at(known=first).disclosures()[0]["reason"] is None
    record.submit(MarkInError(target=first), by=by)
    (row,) = record.disclosures()
    assert (row["struck"], row["reason"]) == (True, "withdrawn_unrecorded")
    answer = record.as_at(effective=spoken).disclosures(case)
    assert (len(answer), answer.effective) == (0, spoken)


def test_an_agreement_covers_what_its_parties_share_until_it_ends(record, clock):
    lch, other = (Practitioner(WORKER, "health_visitor", employer) for employer in ("org:lch", "org:elsewhere"))
    case, pact = record.new_id("case"), record.new_id("agreement")
    family = record.new_id("family")
    record.submit(OpenCase(case=case, family=family, team="team:a", reason="birth"), by=lch)
    between = {"agreement": pact, "parties": ["org:lch", "org:school"]}
    terms = {"purposes": ["place"], "items": ["x"], "lawful_basis": "public_task", "wording": "w"}
    record.submit(SignAgreement(**between, **terms, starts_on=london_date(clock.now)), by=lch)
    share = {"case": case, "recipient": "org:school", "purpose": "place", "basis": "agreement"}
    (first,) = record.submit(ShareInformation(**share, items=["x"]), by=lch).positions
    with pytest.raises(Refused, match="signed by both"):
        record.submit(ShareInformation(**share, items=["x"]), by=other)
    with pytest.raises(Refused, match="every one of the items"):
        record.submit(ShareInformation(**share, items=["x", "y"]), by=lch)
    ended_at = clock.now
    clock.now += timedelta(hours=1)
    (second,) = record.submit(ShareInformation(**share, items=["x"]), by=lch).positions
    (end,) = record.submit(EndAgreement(**between, reason="withdrawn", occurred_at=ended_at), by=lch).positions
    with pytest.raises(Refused, match="was not on that day"):
        record.submit(ShareInformation(**share, items=["x"]), by=lch)
    reasons = {row["position"]: row["reason"] for row in record.disclosures(case)}
    assert reasons == {first: None, second: "learnt_since"}
    record.submit(MarkInError(target=end), by=lch)
    assert [row["reason"] for row in record.disclosures(case)] == [None, None]
    assert record.disclosures(case).rows == record.disclosures().rows


def test_an_agreement_that_ended_covers_nobody_that_it_was_ever_signed_with(record, clock):
    """It was signed with the wrong school, which was corrected; it ended; then the correction was taken back."""
    by = Practitioner(WORKER, "health_visitor", "org:lch")
    case, pact = record.new_id("case"), record.new_id("agreement")

    def done(command):
        (position,) = record.submit(command, by=by).positions
        return position

    done(OpenCase(case=case, family=record.new_id("family"), team="team:a", reason="birth"))
    terms = {"agreement": pact, "purposes": ["place"], "items": ["x"], "lawful_basis": "public_task", "wording": "w"}
    terms["starts_on"] = london_date(clock.now)
    with_school, with_nursery = ({"parties": ["org:lch", org]} for org in ("org:school", "org:nursery"))
    share = {"case": case, "recipient": "org:school", "purpose": "place", "items": ["x"], "basis": "agreement"}
    at = clock.now
    clock.now += timedelta(hours=3)
    signed = done(SignAgreement(**terms, **with_school, occurred_at=at + timedelta(hours=1)))
    early = done(ShareInformation(**share))
    mark = done(MarkInError(target=signed))
    done(SignAgreement(**terms, **with_nursery, occurred_at=at))
    done(EndAgreement(agreement=pact, **with_nursery, reason="other", occurred_at=at + timedelta(hours=1)))
    done(MarkInError(target=mark))
    with pytest.raises(Refused, match="was not on that day"):
        done(ShareInformation(**share))
    for answer in (record.disclosures(), record.disclosures(case)):
        assert [(row["position"], row["covered_then"], row["covered_now"]) for row in answer] == [(early, True, False)]
    assert [row["in_force"] for row in record.ask("agreements", recipient="org:school")] == [False]
    assert record.ask("agreements", recipient="org:nursery").rows == []


def test_a_case_is_an_id(record):
    with pytest.raises(Invalid, match="case: expected case:"):
        record.disclosures("anna")


def test_the_simulated_city():
    log, _, _ = in_memory(cases=60, years=3, seed=11)
    lines = [json.loads(canonical_of(one)) for one in log.read()]
    expected = naive_disclosures.disclosures(lines)
    found = disclosures(log, EVENTS, clocks_at(log))
    assert ndjson(found) == naive.ndjson(expected)
    assert {row["reason"] for row in expected} >= {None, "no_agreement", "withdrawn_unrecorded"}
    assert any(row["struck"] for row in expected)
