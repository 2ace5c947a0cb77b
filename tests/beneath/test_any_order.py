"""Programs that keep a store open, while others write to it and backups are put back beneath them, in any order.

Whatever they are asked then they answer as a program does that has only just opened the store.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from earlystart_core import Record
from earlystart_core.errors import NotPermitted, Refused, StoreUnavailable
from tests.beneath.backups import Backup
from tests.beneath.told import READER, answers, case_of, decide_tier, open_case
from tests.depth import seeds

CASES = 5
STEPS = 30


class World:
    """A store, the programs that have it open, and what it must hold."""

    def __init__(self, url: str, folder: Path, seed: int) -> None:
        self.url, self.folder = url, folder
        self.chance = random.Random(seed)
        self.programs = [Record.open(url), Record.open(url)]
        self.pasts: list[Record] = []
        self.backups: list[tuple[Backup, list[int], set[int]]] = []
        self.positions: list[int] = []  # that were acknowledged, of what is in the store now
        self.cases: set[int] = set()  # that are in it

    def close(self) -> None:
        """Ends its programs."""
        for program in self.programs:
            program.close()

    def program(self) -> Record:
        return self.chance.choice(self.programs)

    def case(self) -> int:
        return self.chance.randrange(CASES)

    def open_a_case(self) -> None:
        number, team = self.case(), self.chance.choice(["team:armley", "team:kippax"])
        try:
            positions = open_case(self.program(), number, team)
        except Refused:
            positions = ()
        assert bool(positions) == (number not in self.cases)
        self.positions += positions
        self.cases.add(number)

    def decide_a_tier(self) -> None:
        number, tier = self.case(), self.chance.choice(["universal", "universal_plus", "universal_partnership_plus"])
        try:
            self.positions += decide_tier(self.program(), number, tier, self.chance.choice([None, "why"]))
        except Refused as error:
            assert number not in self.cases, error
        else:
            assert number in self.cases

    def look(self) -> None:
        with suppress(NotPermitted):  # where the case is of another team, or of none
            self.program().seen_by(READER).timeline(case_of(self.case()))

    def ask_some(self) -> None:
        self.program().view(self.chance.choice(["case_status", "consent_status"]))

    def rebuild(self) -> None:
        self.program().rebuild(self.chance.choice(["rows", "segments"]))

    def keep_a_past(self) -> None:
        past = self.program().as_at(known=self.chance.choice([None, *range(len(self.positions) + 1)]))
        past.view("case_status")
        self.pasts.append(past)

    def ask_a_past(self) -> None:
        """It says what it was asked for, or that it is gone."""
        if not self.pasts:
            return
        past = self.chance.choice(self.pasts)
        try:
            found = past.view("case_status").rows, past.timeline(case_of(0)).rows
        except StoreUnavailable as error:
            assert "put back" in str(error)
            self.pasts.remove(past)
            return
        with Record.open(self.url) as fresh:
            again = fresh.as_at(known=past.clocks.known)
            assert again.clocks == past.clocks
            assert found == (again.view("case_status").rows, again.timeline(case_of(0)).rows)

    def back_up(self) -> None:
        backup = Backup(self.url, self.folder / f"backup{len(self.backups)}")
        self.backups.append((backup, [*self.positions], {*self.cases}))

    def put_back(self) -> None:
        if self.backups:
            backup, positions, cases = self.chance.choice(self.backups)
            backup.put_back()
            self.positions, self.cases = [*positions], {*cases}

    def compare(self) -> None:
        """Every program answers as one does that has only just opened the store."""
        with Record.open(self.url) as fresh:
            expected = answers(fresh, CASES)
            assert self.positions == [*range(1, fresh.store.log.head() + 1)]
            assert {row["case"] for row in fresh.view("case_status")} == {*map(case_of, self.cases)}
        for program in self.programs:
            assert answers(program, CASES) == expected


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str, int], World]]:
    made: list[World] = []

    def making(url: str, seed: int) -> World:
        made.append(World(url, tmp_path, seed))
        return made[-1]

    yield making
    for world in made:
        world.close()


def live(world: World, steps: int = STEPS) -> None:
    often = [world.open_a_case, world.decide_a_tier, world.ask_some, world.compare, world.keep_a_past, world.ask_a_past]
    seldom = [world.back_up, world.back_up, world.put_back, world.look, world.rebuild]
    world.open_a_case()
    world.back_up()
    for _ in range(steps):
        world.chance.choice([*often, *often, *seldom])()
    world.put_back()
    world.compare()
    world.open_a_case()
    world.compare()
    with Record.open(world.url) as fresh:
        assert fresh.proof.verify().sound
        assert fresh.access_proof.verify().sound
        assert fresh.store.views.check()[1] == []


@seeds(60, 8)
def test_sqlite(sqlite_url: str, make: Callable[[str, int], World], seed: int) -> None:
    live(make(sqlite_url, seed))


@seeds(8, 2)
def test_postgresql(postgres_url: str, make: Callable[[str, int], World], seed: int) -> None:
    live(make(postgres_url, seed))
