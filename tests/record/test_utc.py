"""A record whose clock speaks another zone is the same record, byte for byte, on every store."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from earlystart_core import (
    DecideTier,
    EndPackage,
    Invalid,
    OpenCase,
    Practitioner,
    Reader,
    Record,
    RecordContact,
    RecordServiceAgreement,
    RecordSharingConsent,
    StartPackage,
)
from earlystart_core.entry import canonical_of
from tests.cli.conftest import call
from tests.proof.conftest import PEM

LONDON = ZoneInfo("Europe/London")
JO = f"practitioner:{1:026d}"
BY = Practitioner(JO, "health_visitor", "org:lch")
READER = Reader(JO, "health_visitor", "org:lch", "direct_care", team="team:armley")
OTHER = Reader(f"practitioner:{2:026d}", "health_visitor", "org:lch", "safeguarding", team="team:wetherby")
OFFICER = Reader(f"practitioner:{3:026d}", "information_governance", "org:lch", "audit")
CASE, FAMILY, MOTHER, PLAN = (f"{kind}:{1:026d}" for kind in ("case", "family", "person", "package"))
BEGIN = datetime(2026, 10, 24, 23, 45, tzinfo=UTC)  # from here on an hour goes by twice in London
ZONES = {
    "London": LONDON,
    "Kathmandu": timezone(timedelta(hours=5, minutes=45)),
    "west": timezone(timedelta(hours=-11)),
}


def chance() -> Callable[[int], bytes]:
    numbers = count()
    return lambda size: next(numbers).to_bytes(size)


def clock_in(zone: timezone | ZoneInfo) -> Callable[[], datetime]:
    """Moves on by ten minutes, so that the doubled hour is met in every part."""
    moments = count()
    return lambda: (BEGIN + next(moments) * timedelta(minutes=10)).astimezone(zone)


def lived(url: str, zone: timezone | ZoneInfo, keys: str | None = None) -> Record:
    """A record of everything that asks the clock: commands, looks, a glass, a checkpoint, an erasure, a hold."""
    record = Record.open(url, keys=keys, clock=clock_in(zone), chance=chance())
    record.submit(OpenCase(case=CASE, family=FAMILY, team="team:armley", reason="birth"), by=BY)
    record.submit(DecideTier(case=CASE, tier="universal_plus", reason="Cries at night."), by=BY)
    about = {"case": CASE, "recipient": "org:owls", "purpose": "nursery_place", "wording": "w1"}
    record.submit(RecordSharingConsent(**about, person=MOTHER, capacity="parent", decision="given"), by=BY)
    record.submit(RecordServiceAgreement(case=CASE, person=MOTHER, capacity="parent", decision="given"), by=BY)
    record.submit(StartPackage(package=PLAN, case=CASE, pathway="sleep", duration="ongoing"), by=BY)
    record.submit(
        RecordContact(
            contact=f"contact:{1:026d}",
            cases=[CASE],
            kind="group",
            attendance="5",
            mechanism="01",
            location="K01",
            practitioners=[JO],
            employers=["org:lch"],
        ),
        by=BY,
    )
    record.submit(EndPackage(package=PLAN, case=CASE, outcome="completed"), by=BY)
    record.seen_by(READER).timeline(CASE)
    glass = record.glass.break_for(CASE, reason="complaint", text="She rang.", by=OTHER)
    record.glass.review(glass.id, outcome="justified", by=OFFICER)
    record.proof.checkpoint(PEM)
    other = record.new_id("case")
    record.submit(OpenCase(case=other, family=FAMILY, team="team:armley", reason="birth"), by=BY)
    record.erase(other, authority="Guardian, IG-7", second_authority="Head of IG, IG-7", by=BY)
    return record


def said(record: Record) -> bytes:
    """All that a record answers."""
    answers = [record.view(name) for name in ("case_status", "package_status", "consent_status")]
    answers += [record.timeline(CASE), record.disclosures(), record.looked(), record.glass.rows(), record.erasures()]
    answers += [record.ask(number, case=CASE) for number in (5, 10)]
    facts = [msgspec.json.encode([answer.rows, answer.clocks]) for answer in answers]
    facts.append(msgspec.json.encode(record.proof.verify().kept))
    return b"\n".join(facts)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], tuple[str, str | None]]]:
    """Gives a URL, and one for the keys, for a fresh store under that name."""
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    if request.param == "memory":
        yield lambda _: ("memory://", None)
    elif request.param == "sqlite":
        yield lambda name: (str(tmp_path / f"{name}.db"), None)
    else:
        url = request.getfixturevalue("postgres_url")
        yield lambda name: (url if name != "UTC" else str(tmp_path / "UTC.db"), str(tmp_path / f"{name}.keys"))


@pytest.mark.parametrize("zone", ZONES.values(), ids=ZONES)
def test_a_record_in_another_zone_is_the_same_record(place: Callable, zone: timezone | ZoneInfo) -> None:
    urls = {name: place(name) for name in ("UTC", "theirs")}
    with (
        lived(urls["UTC"][0], UTC, urls["UTC"][1]) as ours,
        lived(urls["theirs"][0], zone, urls["theirs"][1]) as theirs,
    ):
        entries = [[canonical_of(one) for one in record.store.log.read().entries()] for record in (ours, theirs)]
        assert entries[0] == entries[1]
        assert not any(re.search(rb"[+-]\d\d:\d\d\"", one) for one in entries[1])
        assert said(ours) == said(theirs)
        assert not re.search(rb"\d[+-]\d\d:\d\d\"", said(theirs))
        for record in (ours, theirs):
            assert record.proof.verify().doubts == ()
            assert record.access_proof.verify().doubts == ()
            assert record.store.views.check()[1] == []
        looks = [[canonical_of(one) for one in record.store.access.about()] for record in (ours, theirs)]
        assert looks[0] == looks[1]
        assert str(ours.proof.entry(2)) == str(theirs.proof.entry(2))


def test_the_command_line_prints_utc(tmp_path: Path) -> None:
    url = str(tmp_path / "store.db")
    lived(url, LONDON).close()
    assert call("log", "verify", "--db", url).status == 0
    for line in call("log", "export", "--db", url, "--ndjson").out.splitlines():
        entry = json.loads(line)
        assert entry["occurred_at"].endswith("Z")
        assert entry["recorded_at"].endswith("Z")


def test_a_clock_that_cannot_be_called_makes_no_store(tmp_path: Path) -> None:
    for url in ("memory://", str(tmp_path / "store.db")):
        with pytest.raises(Invalid, match="clock: expected a function that gives an instant, got datetime"):
            Record.open(url, clock=BEGIN)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", [date(2026, 7, 1), datetime(2026, 7, 1, 9), datetime(9999, 1, 1, tzinfo=UTC), None])  # noqa: DTZ001
def test_a_clock_that_gives_no_instant_stops_whatever_asks_it(place: Callable, given: object) -> None:
    url, keys = place("theirs")
    now: list[object] = [BEGIN]
    with Record.open(url, keys=keys, clock=lambda: now[0]) as record:  # type: ignore[arg-type,return-value]
        record.submit(OpenCase(case=CASE, family=FAMILY, team="team:armley", reason="birth"), by=BY)
        now[0] = given
        for asked in (
            lambda: record.submit(DecideTier(case=CASE, tier="universal_plus", reason="Cries."), by=BY),
            lambda: record.new_id("case"),
            lambda: record.seen_by(READER).timeline(CASE),
            lambda: record.glass.break_for(CASE, reason="complaint", text="She rang.", by=OTHER),
            lambda: record.proof.checkpoint(PEM),
            lambda: record.erase(CASE, authority="Guardian, IG-7", second_authority="Head of IG, IG-7", by=BY),
            record.holds,
            record.retention,
            lambda: record.as_at(known="2200-01-01"),
        ):
            with pytest.raises(Invalid) as raised:
                asked()
            assert raised.value.field == "clock"
        assert record.store.log.head() == 1
        assert record.looked().rows == []
        now[0] = BEGIN
        assert record.submit(DecideTier(case=CASE, tier="universal_plus", reason="Cries."), by=BY).positions == (2,)


TEXTS = {
    "2026-03-31T12:00:00.1234567Z": "2026-03-31T12:00:00.123456+00:00",
    "2026-03-31T12:00:00.9999999+01:00": "2026-03-31T11:00:00.999999+00:00",
    "2026-03-31T12:00:00+05:45": "2026-03-31T06:15:00+00:00",
    "2026-03-31 12:00:00Z": "2026-03-31T12:00:00+00:00",
    "2026-03-31T12:00Z": "2026-03-31T12:00:00+00:00",
    "2026-03-31T12:00-01:30": "2026-03-31T13:30:00+00:00",
    "2200-12-31T23:59:59.999999Z": "2200-12-31T23:59:59.999999+00:00",
}
NO_TEXTS = [
    "2016-12-31T23:59:60Z",
    "2026-03-31T24:00:00Z",
    "2026-03-31T12:00:00+01:00:30",
    "2026-03-31T12:00:00,5Z",
    "2026-03-31T12:00:00",
    "2026-03-31T12:00",
    "2026-03-31T12Z",
    "2026-02-30T12:00:00Z",
    "20260331",
    "-5",
    "1774958400",
    "1774958400.5",
    "2201-01-01T00:00:00Z",
    "1899-12-31T23:59:59Z",
    "2026-03-31T12:00:00+15:00",
    "٢٠٢٦-03-31T12:00:00Z",
]


def ended(text: str) -> EndPackage:
    order = {"package": PLAN, "case": CASE, "outcome": "completed", "occurred_at": text}
    return EndPackage.from_json(json.dumps(order))


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_one_instant_wherever_it_is_read(text: str) -> None:
    with Record.open("memory://") as record:
        moment = record.as_at(effective=text).clocks.effective
    assert moment is not None
    assert moment.isoformat() == TEXTS[text]
    assert ended(text).occurred_at == moment


@pytest.mark.parametrize("text", NO_TEXTS)
def test_what_is_no_instant_is_none_wherever_it_is_read(text: str) -> None:
    with Record.open("memory://") as record, pytest.raises(Invalid, match="effective: expected"):
        record.as_at(effective=text)
    with pytest.raises(Invalid, match="occurred_at: expected"):
        ended(text)


@pytest.mark.parametrize("text", ["20240220", "1708387200", "-1", "2024-02-20T00:00:00Z", "2024-02-30", "24-02-20"])
def test_a_number_is_no_date(text: str) -> None:
    """`1708387200` was read as a day: so many seconds after 1970 began."""
    order = {"case": CASE, "family": FAMILY, "team": "team:a", "reason": "birth", "born_on": text}
    with pytest.raises(Invalid, match="born_on: expected a date such as 2026-03-31, got other text"):
        OpenCase.from_json(json.dumps(order))
