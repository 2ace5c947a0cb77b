"""Simulate: a whole city's years written into an empty log, through its ordinary append, in the order of typing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from earlystart_city.calendar import MAX_YEARS, moment
from earlystart_city.chance import KEYS, KIDS, NONCES, Ids, seeded_chance
from earlystart_city.city import weeks
from earlystart_city.clock import CityClock, city_clock
from earlystart_city.scenario import Scenario
from earlystart_city.writing import Writer
from earlystart_core.entry import Recorded
from earlystart_core.errors import Invalid
from earlystart_core.log import Log
from earlystart_core.memory_log import MemoryLog
from earlystart_core.privacy.keys import Keys, MemoryKeys

Progress = Callable[[int, datetime], None]  # entries written so far, and the instant of the last


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written."""

    events: int
    cases: int
    teams: int
    first_recorded: datetime | None
    last_recorded: datetime | None


def simulate(
    log: Log,
    keys: Keys,
    clock: CityClock,
    *,
    cases: int,
    years: int,
    seed: int,
    teams: int = 26,
    scenario: Scenario | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Writes the city into the log. The same seed and numbers give the same entries to the byte, on keys of the seed.

    clock: the one that the log was made with. years: 1 to 30. progress: called once a simulated week.

    Raises:
        Invalid: a number is out of bounds, or the log is not empty.
    """
    for name, value, most in (("cases", cases, 10_000_000), ("years", years, MAX_YEARS), ("teams", teams, 1000)):
        if not 1 <= value <= most:
            raise Invalid(name, f"expected a whole number from 1 to {most}, got {value}")
    if log.head():
        raise Invalid("db", "expected an empty store, got one that already holds entries")
    writer = Writer(log, clock, keys, seeded_chance(seed, NONCES))
    first = last = None
    for drafts in weeks(scenario or Scenario(), cases, years, teams, seed):
        if not drafts:
            continue
        writer.write(drafts)
        first, last = first or moment(drafts[0].typed), moment(drafts[-1].typed)
        if progress is not None:
            progress(drafts[-1].position, last)
    writer.finish()
    return Summary(writer.head, cases, teams, first, last)


def seeded_kids(seed: int) -> Callable[[], str]:
    """Fresh names of keys from the seed."""
    ids = Ids(seed, KIDS)
    return lambda: "k_" + ids.ulid(0)


def in_memory(
    *, cases: int, years: int, seed: int, teams: int = 26, scenario: Scenario | None = None
) -> tuple[MemoryLog, MemoryKeys, Summary]:
    """A city in memory: its log, its keys, and what was written."""
    clock = city_clock()
    log = MemoryLog(clock)
    keys = MemoryKeys(seeded_chance(seed, KEYS), seeded_kids(seed))
    summary = simulate(log, keys, clock, cases=cases, years=years, seed=seed, teams=teams, scenario=scenario)
    return log, keys, summary


def small_city(seed: int, cases: int = 12, years: int = 6, teams: int = 2) -> list[Recorded]:
    """The entries of a small city, a few hundred, with every wart more frequent than in life: for tests."""
    often = Scenario(
        meeting_every_weeks=8,
        twins=0.1,
        entered_twice=0.05,
        wrong_entry=0.05,
        mark_was_wrong=0.3,
        moves_between_teams=0.4,
        moved_out=0.3,
        comes_back=0.6,
        consent_withdrawn=0.3,
    )
    log, _, _ = in_memory(cases=cases, years=years, seed=seed, teams=teams, scenario=often)
    return [*log.read()]
