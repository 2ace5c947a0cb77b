"""A city written into a store on disk, with its keys beside it, is the same to the byte each time."""

from pathlib import Path

from earlystart_city import city_clock, seeded_chance, simulate
from earlystart_core.entry import canonical_of
from earlystart_core.words import EVENTS
from earlystart_sql import open_store


def written(folder: Path, seed: int) -> list[bytes]:
    """The canonical bytes of a city in a fresh store; every text of it opens with the store's keys."""
    folder.mkdir()
    clock = city_clock()
    with open_store(str(folder / "city.db"), clock=clock, chance=seeded_chance(seed)) as store:
        done = simulate(store.log, store.keys, clock, cases=60, years=6, seed=seed, teams=2)
        entries = [*store.log.read()]
        assert len(entries) == done.events
        texts = [EVENTS.opened(EVENTS.event(entry), entry, store.keys) for entry in entries[:500]]
        assert any(texts)
    return [canonical_of(entry) for entry in entries]


def test_two_stores_of_one_seed_are_equal_and_of_another_seed_are_not(tmp_path: Path) -> None:
    assert written(tmp_path / "one", 4) == written(tmp_path / "two", 4)
    assert written(tmp_path / "three", 5) != written(tmp_path / "four", 4)
