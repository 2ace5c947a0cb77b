"""One seed gives one city, to the byte; another seed gives another."""

from earlystart_city import Scenario, in_memory, seeded_chance, small_city
from earlystart_core.entry import canonical_of


def bytes_of(seed: int, teams: int = 3) -> list[bytes]:
    log, _, _ = in_memory(cases=60, years=4, seed=seed, teams=teams)
    return [canonical_of(recorded) for recorded in log.read()]


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert bytes_of(5) == bytes_of(5)


def test_another_seed_shares_no_entry() -> None:
    assert not set(bytes_of(5)) & set(bytes_of(6))


def test_the_number_of_teams_changes_the_city() -> None:
    assert bytes_of(5) != bytes_of(5, teams=4)


def test_leaves_are_the_same_too() -> None:
    assert [entry.leaf for entry in small_city(1)] == [entry.leaf for entry in small_city(1)]


def test_a_small_city_is_a_few_hundred_entries() -> None:
    assert 200 < len(small_city(seed=3)) < 1500


def test_chance_from_a_seed_does_not_depend_on_how_it_is_cut() -> None:
    whole, cut = seeded_chance(9), seeded_chance(9)
    assert whole(100_000) == b"".join(cut(size) for size in (1, 70_000, 12, 29_987))


def test_a_scenario_without_mishaps_has_no_marks() -> None:
    calm = Scenario(entered_twice=0, wrong_entry=0)
    log, _, _ = in_memory(cases=60, years=4, seed=5, teams=3, scenario=calm)
    assert "MarkedInError" not in {recorded.event.type for recorded in log.read()}
