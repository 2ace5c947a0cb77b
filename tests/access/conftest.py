"""Two children of two teams, those who work with them, and those who do not."""

from collections.abc import Iterator

import pytest

from earlystart_core import (
    AllocatePackage,
    DecideTier,
    NamePointOfContact,
    OpenCase,
    Practitioner,
    Reader,
    Record,
    RecordContact,
    RecordServiceAgreement,
    RecordSharingConsent,
    StartPackage,
)
from tests.conftest import KINDS


def an(kind: str, number: int) -> str:
    return f"{kind}:{number:026d}"


ANNA, BEN, NOBODY = an("case", 1), an("case", 2), an("case", 9)
MOTHER, FATHER = an("person", 1), an("person", 2)
PLAN = an("package", 1)
JO, SAM, KIM, PAT, IGOR, NURSERY = (an("practitioner", number) for number in range(1, 7))
LCH, COUNCIL, OWLS = "org:lch", "org:leeds-city-council", "org:little-owls"
BY = Practitioner(JO, "health_visitor", LCH)
WHY = "The mother rang, out of breath."
SECRET = "Low mood since the birth."

ALLOCATED = Reader(JO, "health_visitor", LCH, "direct_care")
NAMED = Reader(SAM, "family_outreach_worker", COUNCIL, "direct_care")
OF_TEAM = Reader(KIM, "health_visitor", LCH, "direct_care", team="team:armley")
STRANGER = Reader(PAT, "health_visitor", LCH, "safeguarding", team="team:wetherby")
OFFICER = Reader(IGOR, "information_governance", LCH, "audit")
OUTSIDE = Reader(NURSERY, "nursery_worker", OWLS, "nursery_place")


def told(record: Record) -> None:
    """Anna is of Armley, with a package that Jo delivers and Sam to ring; Ben is of Burley, with nothing."""
    for case, team in ((ANNA, "team:armley"), (BEN, "team:burley")):
        record.submit(OpenCase(case=case, family=an("family", 1), team=team, reason="birth"), by=BY)
    record.submit(NamePointOfContact(case=ANNA, practitioner=SAM), by=BY)
    record.submit(DecideTier(case=ANNA, tier="universal_plus", reason=SECRET), by=BY)
    record.submit(
        RecordContact(
            contact=an("contact", 1),
            cases=(ANNA, BEN),
            kind="group",
            attendance="5",
            mechanism="01",
            location="K01",
            practitioners=(JO,),
            employers=(LCH,),
        ),
        by=BY,
    )
    agreed = {"case": ANNA, "person": MOTHER, "capacity": "parent_with_pr", "decision": "given"}
    record.submit(RecordServiceAgreement(**agreed), by=BY)
    record.submit(StartPackage(package=PLAN, case=ANNA, pathway="sleep", duration="ongoing"), by=BY)
    record.submit(AllocatePackage(package=PLAN, case=ANNA, practitioner=JO, team="team:armley"), by=BY)
    consents(record, "given")


def consents(record: Record, decision: str, person: str = MOTHER, **more: object) -> None:
    """That person decides whether the nursery may be told."""
    about = {"case": ANNA, "recipient": OWLS, "purpose": "nursery_place", "wording": "w-1"}
    order = RecordSharingConsent(**about, person=person, capacity="parent_with_pr", decision=decision, **more)
    record.submit(order, by=BY)


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest) -> str:
    """A place for a fresh store of each kind."""
    if request.param == "memory":
        return "memory://"
    found: str = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])
    return found


@pytest.fixture
def record(url: str, clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Record]:
    """A record of each kind of store, told of Anna and Ben."""
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    with Record.open(url, clock=clock) as opened:
        told(opened)
        yield opened


@pytest.fixture
def lasting(sqlite_url: str, clock) -> Iterator[Record]:
    """The same on SQLite alone."""
    with Record.open(sqlite_url, clock=clock) as opened:
        told(opened)
        yield opened
