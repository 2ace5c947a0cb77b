"""Both clocks: each entry is recorded when it was typed, never before it happened, and the city ends."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from told_city import Told

from earlystart_city import END_AT, Scenario, city_clock, in_memory, seeded_chance, seeded_kids, simulate
from earlystart_city.calendar import anniversary, at_minute, date_of, day_of, moment, next_working, number_of
from earlystart_city.city import weeks
from earlystart_core.errors import Invalid
from earlystart_core.memory_log import MemoryLog
from earlystart_core.privacy.keys import MemoryKeys
from earlystart_core.types import london_date


def test_recorded_at_never_falls_and_is_sometimes_equal(told: Told) -> None:
    recorded = [entry.recorded_at for entry in told.entries]
    steps = {(later > earlier) - (later < earlier) for earlier, later in pairwise(recorded)}
    assert steps == {0, 1}


def test_each_entry_is_recorded_when_it_was_typed() -> None:
    log, _, _ = in_memory(cases=40, years=3, seed=11, teams=3)
    typed = [moment(draft.typed) for week in weeks(Scenario(), 40, 3, 3, 11) for draft in week]
    assert [entry.recorded_at for entry in log.read()] == typed


def test_nothing_is_recorded_before_it_happened_or_once_the_city_has_ended(told: Told) -> None:
    assert all(
        event.occurred_at <= entry.recorded_at < END_AT for entry, event in zip(told.entries, told.events, strict=True)
    )


def test_positions_have_no_gaps_and_the_summary_is_true(told: Told) -> None:
    assert [entry.position for entry in told.entries] == list(range(1, told.summary.events + 1))
    assert told.summary.first_recorded == told.entries[0].recorded_at
    assert told.summary.last_recorded == told.entries[-1].recorded_at


def test_people_type_in_the_role_and_for_the_employer_they_have(told: Told) -> None:
    roles: dict[str, set[tuple[str, str]]] = {}
    for entry in told.entries:
        by = entry.event.recorded_by
        assert by is not None
        roles.setdefault(by.practitioner, set()).add((by.role, by.employer))
    assert all(len(held) == 1 for held in roles.values())
    assert {employer for held in roles.values() for _, employer in held} == {"org:lch", "org:leeds-city-council"}


def test_a_city_is_written_only_into_an_empty_log() -> None:
    clock = city_clock()
    log, keys = MemoryLog(clock), MemoryKeys(seeded_chance(1), seeded_kids(1))
    simulate(log, keys, clock, cases=2, years=1, seed=1, teams=1)
    with pytest.raises(Invalid, match="empty store"):
        simulate(log, keys, clock, cases=2, years=1, seed=1, teams=1)


@pytest.mark.parametrize(
    ("cases", "years", "seed", "teams"), [(0, 1, 1, 1), (1, 0, 1, 1), (1, 31, 1, 1), (1, 1, -1, 1), (1, 1, 1, 0)]
)
def test_numbers_out_of_bounds_are_wrong_calls(cases: int, years: int, seed: int, teams: int) -> None:
    with pytest.raises(Invalid):
        in_memory(cases=cases, years=years, seed=seed, teams=teams)


def test_a_log_with_another_clock_is_noticed() -> None:
    log = MemoryLog(lambda: datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(RuntimeError, match="clock"):
        simulate(log, MemoryKeys(seeded_chance(1), seeded_kids(1)), city_clock(), cases=2, years=1, seed=1, teams=1)


def test_progress_is_told_as_the_weeks_go_by() -> None:
    clock, told = city_clock(), list[tuple[int, datetime]]()
    log, keys = MemoryLog(clock), MemoryKeys(seeded_chance(1), seeded_kids(1))
    done = simulate(
        log, keys, clock, cases=2, years=1, seed=1, teams=1, progress=lambda count, at: told.append((count, at))
    )
    assert told == sorted(told)
    assert told[-1] == (done.events, done.last_recorded)


@pytest.mark.parametrize("day", [date(2026, 3, 28), date(2026, 3, 29), date(2025, 10, 26), date(2024, 2, 29)])
@pytest.mark.parametrize("minute", [180, 510, 1020, 1439])
def test_a_minute_of_a_day_is_that_minute_in_leeds(day: date, minute: int) -> None:
    at = at_minute(number_of(day), minute)
    assert day_of(at) == number_of(day)
    assert london_date(moment(at)) == day
    assert date_of(number_of(day)) == day


def test_the_next_working_day_steps_over_weekends_and_christmas() -> None:
    assert date_of(next_working(number_of(date(2025, 12, 25)))) == date(2025, 12, 29)
    assert date_of(next_working(number_of(date(2026, 8, 29)))) == date(2026, 9, 1)


def test_a_child_born_on_29_february_has_its_fifth_birthday_on_1_march() -> None:
    assert date_of(anniversary(number_of(date(2020, 2, 29)), 5)) == date(2025, 3, 1)
    assert date_of(anniversary(number_of(date(2020, 2, 28)), 5)) == date(2025, 2, 28)


def test_most_is_typed_within_two_days_and_some_after_weeks(told: Told) -> None:
    late = [entry.recorded_at - event.occurred_at for entry, event in zip(told.entries, told.events, strict=True)]
    assert sum(delay <= timedelta(days=2) for delay in late) > 0.75 * len(late)
    assert 0.01 * len(late) < sum(delay >= timedelta(days=14) for delay in late) < 0.10 * len(late)
