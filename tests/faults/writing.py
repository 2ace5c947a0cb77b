"""A program that records commands of known ids, says of each what became of it, and what must hold whatever it met."""

from dataclasses import dataclass, field
from hashlib import sha256
from time import monotonic_ns, sleep
from typing import Any

from earlystart_core import OpenCase, Practitioner, Record, StoreUnavailable
from earlystart_core.proof.judging import verify_log

WITHIN_SECONDS = 5  # the next writer is in
BY = Practitioner("practitioner:" + "0" * 26, "health_visitor", "org:lch")

# URL KEYS NAME COUNT: says "ready", waits for a line in the file GO, then records; a line for each:
#   yes ID POSITION | no ID SENTENCE | raw ID ERROR
WRITER = """
import sys, time
from pathlib import Path
from earlystart_core import Conflict, Record, StoreUnavailable
from tests.faults.writing import BY, order_of
url, keys, name, count, go = sys.argv[1:]
opened = []
def record():
    if not opened:
        opened.append(Record.open(url, keys=keys))
    return opened[0]
if not go.startswith("late:"):
    record().view("case_status")
print("ready", flush=True)
while not Path(go.removeprefix("late:")).exists():
    time.sleep(0.002)
for n in range(int(count)):
    id = f"{name}-{n}"
    try:
        done = record().submit(order_of(id), by=BY, command_id=id)
        print("yes", id, *done.positions, flush=True)
    except (Conflict, StoreUnavailable) as error:
        print("no", id, error, flush=True)
    except BaseException as error:
        print("raw", id, type(error).__name__, error, flush=True)
for one in opened:
    one.close()
"""


def order_of(id: str) -> OpenCase:
    """The command of that id: the same one whoever sends it."""
    number = int.from_bytes(sha256(id.encode()).digest()) % 10**25
    return OpenCase(case=f"case:{number:026d}", family=f"family:{number:026d}", team="team:a", reason="birth")


@dataclass
class Told:
    """What programs said of their commands."""

    yes: dict[str, list[int]] = field(default_factory=dict)
    no: dict[str, str] = field(default_factory=dict)
    raw: list[str] = field(default_factory=list)

    def hear(self, said: str) -> None:
        """Lines of a program; the last one may be torn."""
        for line in said.splitlines(keepends=True):
            kind, _, rest = line.strip().partition(" ")
            if not line.endswith("\n") or kind == "ready":
                continue
            id, _, rest = rest.partition(" ")
            if kind == "yes":
                self.yes[id] = [int(one) for one in rest.split()]
            elif kind == "no":
                self.no[id] = rest
            else:
                self.raw.append(line.strip())


def next_writer(url: str, keys: str, patience: float = 0) -> float:
    """How many seconds it takes whoever comes next to open the store and record something.

    patience: for so many seconds it asks again where the store is not available, as after a crash of a server.
    """
    started = monotonic_ns()
    while True:
        try:
            with Record.open(url, keys=keys) as record:
                record.submit(order_of(f"next-{started}"), by=BY, command_id=f"next-{started}")
                return (monotonic_ns() - started) / 1e9
        except StoreUnavailable:
            if (monotonic_ns() - started) / 1e9 > patience:
                raise
            sleep(0.02)


def hold(record: Record, told: Told) -> None:
    """Nothing that was acknowledged is lost, nothing is there twice, and the store is sound."""
    assert told.raw == []
    log: Any = record.store.log
    found: dict[str, list[int]] = {}
    for number, entry in enumerate(log.read().entries(), 1):
        assert entry.position == number
        if entry.event.command_id is not None:
            found.setdefault(entry.event.command_id, []).append(number)
    lost = {id: positions for id, positions in told.yes.items() if found.get(id) != positions}
    assert not lost, f"acknowledged and lost, or elsewhere: {lost}"
    doubled = {id: positions for id, positions in found.items() if len(positions) > 1}
    assert not doubled, f"recorded twice: {doubled}"
    assert verify_log(log.tree).doubts == ()
    assert record.store.views.check()[1] == []
