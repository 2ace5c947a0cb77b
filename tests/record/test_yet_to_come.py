"""A moment that is yet to come cannot be known at; one that has come gives the same answer ever after."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from earlystart_core import DecideTier, Invalid, OpenCase, Practitioner, Reader, Record
from earlystart_sql.raw import run
from earlystart_sql.views import BY_KEY
from tests.cli.conftest import call

JO = f"practitioner:{1:026d}"
BY = Practitioner(JO, "health_visitor", "org:lch")
READER = Reader(JO, "health_visitor", "org:lch", "direct_care", team="team:armley")
CASE, FAMILY = f"case:{1:026d}", f"family:{1:026d}"
NOON = datetime(2026, 7, 1, 11, tzinfo=UTC)
LEAST = timedelta(microseconds=1)


class Here:
    """A record whose clock stands where it was put."""

    def __init__(self, url: str) -> None:
        self.now = NOON
        self.record = Record.open(url, clock=lambda: self.now)
        order = {"case": CASE, "family": FAMILY, "team": "team:armley", "reason": "birth"}
        self.record.submit(OpenCase(**order, occurred_at=NOON - timedelta(days=9)), by=BY)

    def decide(self, tier: str) -> None:
        self.record.submit(
            DecideTier(case=CASE, tier=tier, reason="Cries.", occurred_at=NOON - timedelta(days=8)), by=BY
        )


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Here]:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    names = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}
    made = Here("memory://" if request.param == "memory" else request.getfixturevalue(names[request.param]))
    yield made
    made.record.close()


ASKED: dict[str, Callable[[Record, Any], object]] = {
    "as_at": lambda record, known: record.as_at(known),
    "diff, first": lambda record, known: record.diff(known),
    "diff, second": lambda record, known: record.diff(0, known),
    "ask": lambda record, known: record.ask("unaltered", known),
    "ask, at": lambda record, known: record.ask("backdated", case=CASE, at=known),
    "could_see": lambda record, known: record.could_see(READER, CASE, known),
    "a reader": lambda record, known: record.seen_by(READER).as_at(known),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_what_is_yet_to_come_is_a_wrong_call(here: Here, ask: Callable[[Record, Any], object]) -> None:
    here.now += timedelta(hours=1)
    tomorrow = date(2026, 7, 2)
    for known in (here.now + LEAST, (here.now + LEAST).isoformat(), tomorrow, tomorrow.isoformat(), "2200-12-31"):
        with pytest.raises(Invalid, match="expected a moment up to now, 2026-07-01T12:00:00Z, got 2") as raised:
            ask(here.record, known)
        assert raised.value.field in ("known", "at")
    for known in (here.now, here.now.isoformat(), date(2026, 7, 1), "2026-07-01", NOON, 1, "1", "2020-01-01"):
        ask(here.record, known)


def test_a_moment_that_came_gives_the_same_answer_ever_after(here: Here) -> None:
    """An instant before the last entry, and a day that is over, whatever the clock does meanwhile."""
    here.now += timedelta(hours=1)
    here.decide("universal_plus")
    before = [here.record.as_at(known).tiers() for known in (NOON, here.now - LEAST, "2026-06-30")]
    for hours in (0, -5, 48):
        here.now += timedelta(hours=hours)
        here.decide("universal" if hours else "universal_partnership_plus")
    after = [here.record.as_at(known).tiers() for known in (NOON, NOON + timedelta(hours=1) - LEAST, "2026-06-30")]
    assert [(one.known, one.rows) for one in after] == [(one.known, one.rows) for one in before]


def test_what_was_recorded_can_be_asked_about_when_the_clock_was_set_back(here: Here) -> None:
    here.now -= timedelta(days=1)
    assert here.record.as_at(NOON).clocks.known == 1
    assert here.record.as_at(date(2026, 7, 1)).clocks.known == 1
    with pytest.raises(Invalid, match="up to now"):
        here.record.as_at(NOON + LEAST)


def test_a_day_begins_in_london(here: Here) -> None:
    here.now = datetime(2026, 7, 2, 0, 0, tzinfo=ZoneInfo("Europe/London"))  # 23:00 the day before in UTC
    assert here.record.as_at("2026-07-02").clocks.known == 1
    here.now -= LEAST
    with pytest.raises(Invalid, match="up to now"):
        here.record.as_at("2026-07-02")


def test_of_an_empty_log_too() -> None:
    with Record.open("memory://", clock=lambda: NOON) as record:
        assert record.as_at(NOON).clocks.known == 0
        with pytest.raises(Invalid, match="up to now"):
            record.as_at(NOON + LEAST)


def test_what_had_happened_may_be_cut_in_the_future(here: Here) -> None:
    """The effective clock says what is cut, not what was known."""
    assert len(here.record.as_at(effective="2099-12-31").view("case_status")) == 1


@pytest.mark.parametrize("words", [("tiers", "--known"), ("diff", "1"), ("audit", "disclosures", "--known")])
def test_on_the_command_line(sqlite_url: str, words: tuple[str, ...]) -> None:
    Here(sqlite_url).record.close()
    found = call(*words, "2199-12-31", "--db", sqlite_url)
    assert (found.status, found.out) == (2, b"")
    assert "expected a moment up to now, " in found.err
    assert found.err.count("\n") == 1
    assert call(*words, "2026-07-01", "--db", sqlite_url).status == 0


@pytest.mark.parametrize("how", ["served", "behind", "far behind", "never built"])
def test_an_answer_says_when_it_was_known(sql_url: str, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also to whoever may only read, whose views no one brings up."""
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    if how == "far behind":
        monkeypatch.setattr("earlystart_sql.views.BY_KEY", 0)
    here = Here(sql_url)
    log: Any = here.record.store.log
    if how != "served":
        log.followers.clear()
    here.decide("universal_plus")
    if how == "never built":
        with log.writing() as connection:
            run(connection, "DELETE FROM view_state")
    with Record.open(sql_url, read_only=True) as reader:
        for answer in (reader.view("case_status"), reader.tiers(), reader.timeline(CASE), reader.as_at(2).tiers()):
            assert (answer.known, answer.known_at) == (2, NOON)
    here.record.close()
    assert BY_KEY > 0
