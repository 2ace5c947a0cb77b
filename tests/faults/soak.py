"""Hundreds of kills, interrupts and disk faults on a store: what was lost or doubled, and how long others waited.

`python -m tests.faults` prints docs/explanation/soak.md. tests/faults/test_soak.py runs it with `-m soak`, and a small
part of it with `-m exhaustive`.
"""

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path

from earlystart_core import Record
from earlystart_core.proof.judging import verify_log
from tests.faults.injected import FAULTS, NAMING, Fault, failing
from tests.faults.server import own_server
from tests.faults.writing import WITHIN_SECONDS, WRITER, Answers, found_in, next_writer, unreadable
from tests.interrupts.bench import Bench, bench
from tests.interrupts.calls import CALLS, Cancelled
from tests.interrupts.striking import Strike
from tests.ready import Child, Ready

KINDS = ("kill", "disk fault", "interrupt")
STORES = ("SQLite", "PostgreSQL")
WRITERS = 4
PATIENCE = 60.0  # seconds that a next writer is waited for, so that the report can say how long it took


@dataclass
class Place:
    """A store to be tried, and how to know the processes that serve it: those whose disk is to fail."""

    name: str
    url: str
    keys: str
    serving: Callable[[], list[int]] | None  # None: the writers themselves


@dataclass
class Came:
    """What so many faults of a kind came to on a store."""

    store: str
    kind: str
    faults: int = 0
    acknowledged: int = 0
    refused: int = 0  # and sent again
    lost: int = 0
    doubled: int = 0
    raw: list[str] = field(default_factory=list)  # what came out that is no error of this library
    doubts: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)  # seconds until the next writer's entry was acknowledged
    seconds: float = 0

    @property
    def is_good(self) -> bool:
        """Whether all holds that is promised."""
        nothing = not (self.lost or self.doubled or self.raw or self.doubts)
        return nothing and max(self.waits) <= WITHIN_SECONDS

    def count(self, place: Place, answers: Answers) -> None:
        """Sends again what was refused, then holds the store against what was said."""
        with Record.open(place.url, keys=place.keys) as record:
            self.refused += len(answers.no)
            answers.send_again(record)
            found = found_in(record)
            self.acknowledged += len(answers.yes)
            self.lost += sum(found.get(id) != positions for id, positions in answers.yes.items())
            self.lost += len(unreadable(record, answers.yes))
            self.doubled += sum(len(positions) > 1 for positions in found.values())
            self.raw += answers.raw
            self.doubts += [str(doubt) for doubt in verify_log(record.store.log.tree).doubts]  # type: ignore[attr-defined]
            self.doubts += record.store.views.check()[1]


@contextmanager
def timed(came: Came) -> Iterator[None]:
    started = time.monotonic()
    yield
    came.seconds = time.monotonic() - started


def kills(place: Place, ready: Ready, number: int, seed: int) -> Came:
    """So many writers killed amid others that write on, one after another, at random moments."""
    came, answers, chance, names = Came(place.name, "kill"), Answers(), random.Random(seed), count()

    def start() -> Child:
        child = ready.start(WRITER, place.url, place.keys, f"k{next(names)}", 10**6, "/")
        assert child.stdout.readline() == "ready\n"
        return child

    with timed(came):
        next_writer(place.url, place.keys)
        writers = [start() for _ in range(WRITERS)]
        for _ in range(number):
            time.sleep(chance.uniform(0.005, 0.15))
            killed = writers.pop(chance.randrange(WRITERS))
            killed.kill()
            came.waits.append(next_writer(place.url, place.keys, PATIENCE))
            answers.read(killed.communicate()[0])
            came.faults += 1
            writers.append(start())
        for writer in writers:
            writer.kill()
            answers.read(writer.communicate()[0])
        came.count(place, answers)
    return came


def disk_faults(place: Place, ready: Ready, number: int, seed: int, folder: Path) -> Came:
    """So many calls that failed, of writers that record four commands each, or of the server that they write to."""
    came, answers, chance, names = Came(place.name, "disk fault"), Answers(), random.Random(seed), count()
    kinds = [fault for fault in FAULTS if fault[0] != NAMING]
    go = folder / "go"
    with timed(came):
        next_writer(place.url, place.keys)
        for calls, error in cycle(kinds):
            if came.faults >= number:
                break
            writer = ready.start(WRITER, place.url, place.keys, f"d{next(names)}", 4, go)
            assert writer.stdout.readline() == "ready\n"
            fault = Fault(calls, error, chance.randint(1, 12))
            with failing(fault, folder / "trace", *(place.serving() if place.serving else [writer.pid])) as fired:
                go.touch()
                answers.read(writer.communicate()[0])
            go.unlink()
            came.faults += fired.count
            if fired.count:
                came.waits.append(next_writer(place.url, place.keys, PATIENCE))
        came.count(place, answers)
    return came


def interrupts(place: Place, folder: Path, number: int, seed: int) -> Came:
    """So many interrupts at places that each kind of call passes: Ctrl-C's, SIGTERM's and a cancellation's."""
    came, chance, sent = Came(place.name, "interrupt"), random.Random(seed), list[str]()
    with timed(came), bench(place.url, folder) as at:
        at.holds(None)  # the other process has started
        each = -(-number // len(CALLS))
        for make in CALLS:
            make(at, 0)()  # what is done once a process
            passed = Strike(0)
            assert passed.on(make(at, 0)) is None
            fired, numbers = 0, count(1)
            while fired < each:
                call = make(at, n := next(numbers))
                error = chance.choice((KeyboardInterrupt, SystemExit, Cancelled))
                struck = Strike(chance.randint(1, passed.passed), error).on(call)
                fired += struck is not None
                came.waits.append(waited(at, struck))
                call()  # sent again, or asked again: once it is there
                if make.__name__ == "submit":
                    sent.append(f"c{n}")
            came.faults += fired
        found = found_in(at.record)
        came.acknowledged = len(sent)
        came.doubled = sum(len(positions) > 1 for positions in found.values())
        came.lost = sum(id not in found for id in sent)
    return came


def waited(at: Bench, struck: BaseException | None) -> float:
    """How long whoever writes next, here and in another process, had to wait; nothing is left open."""
    started = time.monotonic()
    at.holds(struck)
    return time.monotonic() - started


@contextmanager
def place_of(store: str, folder: Path) -> Iterator[Place]:
    """A fresh store of that kind; PostgreSQL's on a server of its own."""
    if store == "SQLite":
        yield Place(store, f"sqlite:///{folder / 'store.db'}", str(folder / "store.db.keys"), None)
    else:
        with own_server() as server:
            url = server.new_store("soak")
            yield Place(store, url, url, server.backends)


def part(ready: Ready, kind: str, store: str, number: int, seed: int, disk: str | None = None) -> Came:
    """So many faults of a kind on a fresh store. disk: a folder for it; without it that for temporary files."""
    with tempfile.TemporaryDirectory(dir=disk) as name, place_of(store, folder := Path(name)) as place:
        if kind == "kill":
            return kills(place, ready, number, seed)
        if kind == "disk fault":
            return disk_faults(place, ready, number, seed, folder)
        return interrupts(place, folder, number, seed)
