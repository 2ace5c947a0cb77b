"""The city that a run measures on: written once into a store of ours, and told to the peers fact by fact."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from earlystart_city import END_AT, city_clock, seeded_chance, simulate
from earlystart_core.entry import Recorded
from earlystart_core.event import Event
from earlystart_core.record import Record
from earlystart_core.views import VIEWS
from earlystart_core.words import EVENTS
from earlystart_core.words.correction import MarkedInError
from earlystart_sql.store import open_store

PER_CASE, BESIDES = 43, 11_000  # entries, about: what six years give, and the meetings of 26 teams
TYPES: tuple[type[Event], ...] = tuple(dict.fromkeys(event for view in VIEWS for event in view.events))
READ: tuple[type[Event], ...] = (*TYPES, MarkedInError)  # what a replay of the four views must read
Progress = Callable[[str], None]


@dataclass(frozen=True)
class City:
    """A store with the city's log, in a folder of the run's own."""

    folder: Path
    events: int  # all entries
    seed: int

    @property
    def path(self) -> Path:
        """The store's file."""
        return self.folder / "city.db"

    def record(self) -> Record:
        """The record in it, with a clock that goes on after the city's last day."""
        return Record.open(str(self.path), keys=":memory:", clock=_after())

    def facts(self) -> Iterator[tuple[Recorded, Event]]:
        """Every entry, with the event that it stands for."""
        with self.record() as record:
            for recorded in record.store.log.read().entries():
                yield recorded, EVENTS.event(recorded)


def make_city(folder: Path, events: int, seed: int, say: Progress) -> City:
    """Simulates about so many entries into a fresh store, and seals it."""
    clock = city_clock()
    cases = max((events - BESIDES) // PER_CASE, 100)
    with open_store(str(folder / "city.db"), keys=":memory:", clock=clock, chance=seeded_chance(seed)) as store:
        year = 0

        def told(position: int, moment: datetime) -> None:
            nonlocal year
            if moment.year > year:
                year = moment.year
                say(f"simulating {year}, from entry {position:,}")

        made = simulate(store.log, store.keys, clock, cases=cases, years=6, seed=seed, progress=told)
        store.views.shelf.seal()
    return City(folder, made.events, seed)


def _after() -> Callable[[], datetime]:
    now = END_AT + timedelta(days=1)

    def clock() -> datetime:
        nonlocal now
        now += timedelta(milliseconds=1)
        return now

    return clock
