"""A program that records commands of known ids, says of each what became of it, and what must check whatever it met."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

from earlystart_core import DecideTier, OpenCase, Practitioner, Record, StoreUnavailable
from earlystart_core.proof.judging import verify_log

WITHIN_SECONDS = 5  # the next writer is in
BY = Practitioner("practitioner:" + "0" * 26, "health_visitor", "org:lch")

# URL KEYS NAME COUNT GO: opens the store, says "ready", waits for the file GO, then records; a line for each:
#   yes ID POSITION | no ID SENTENCE | raw ID ERROR
# With "late:" before GO it opens the store only then.
WRITER = """
import sys, time
from pathlib import Path
from earlystart_core import Conflict, Record, Refused, StoreUnavailable
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
    except (Conflict, Refused, StoreUnavailable) as error:
        print("no", id, error, flush=True)
        time.sleep(0.05)
    except BaseException as error:
        print("raw", id, type(error).__name__, error, flush=True)
for one in opened:
    one.close()
"""


def order_of(id: str) -> DecideTier | OpenCase:
    """The command of an id NAME-N, the same one whoever sends it: each odd one says something of the case before it."""
    name, _, number = id.rpartition("-")
    case = case_of(f"{name}-{int(number) // 2 * 2}")
    if int(number) % 2:
        return DecideTier(case=case, tier="universal_plus", reason=text_of(id))
    return OpenCase(case=case, family=case.replace("case", "family"), team="team:a", reason="birth")


def case_of(id: str) -> str:
    """The case that the command of that id opens."""
    return f"case:{int.from_bytes(sha256(id.encode()).digest()) % 10**25:026d}"


def text_of(id: str) -> str:
    """The personal text of the command of that id."""
    return f"Text of {id}."


@dataclass
class Answers:
    """What programs said of their commands."""

    yes: dict[str, list[int]] = field(default_factory=dict)
    no: dict[str, str] = field(default_factory=dict)
    raw: list[str] = field(default_factory=list)

    def read(self, said: str) -> None:
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

    def send_again(self, record: Record) -> None:
        """Whatever became of what was not acknowledged, sent again it is there once."""
        for id in self.no:
            self.yes[id] = list(record.submit(order_of(id), by=BY, command_id=id).positions)
        self.no.clear()


def next_writer(url: str, keys: str, patience: float = 0) -> float:
    """How many seconds it takes whoever comes next to open the store and record something.

    patience: for so many seconds it asks again where the store is not available, as after a crash of a server.
    """
    started, id = monotonic(), f"next-{uuid4().hex}-0"
    while True:
        try:
            with Record.open(url, keys=keys) as record:
                record.submit(order_of(id), by=BY, command_id=id)
                return monotonic() - started
        except StoreUnavailable:
            if monotonic() - started > patience:
                raise
            sleep(0.02)


def found_in(record: Record) -> dict[str, list[int]]:
    """At which positions each command is; positions have no gaps."""
    log: Any = record.store.log
    found: dict[str, list[int]] = {}
    for number, entry in enumerate(log.read().entries(), 1):
        assert entry.position == number
        if entry.event.command_id is not None:
            found.setdefault(entry.event.command_id, []).append(number)
    return found


def unreadable(record: Record, ids: Iterable[str]) -> list[str]:
    """Those of the acknowledged commands with personal text whose text cannot be read."""
    return [
        id
        for id in ids
        if int(id.rpartition("-")[2]) % 2
        and text_of(id) not in [row["fields"].get("reason") for row in record.timeline(order_of(id).case)]
    ]


def check(record: Record, answers: Answers) -> None:
    """Nothing that was acknowledged is lost, nothing is there twice, and the store is sound."""
    assert answers.raw == []
    found, log = found_in(record), record.store.log
    lost = {id: positions for id, positions in answers.yes.items() if found.get(id) != positions}
    assert not lost, f"acknowledged and lost, or elsewhere: {lost}"
    doubled = {id: positions for id, positions in found.items() if len(positions) > 1}
    assert not doubled, f"recorded twice: {doubled}"
    assert unreadable(record, answers.yes) == []
    assert verify_log(log.tree).doubts == ()  # type: ignore[attr-defined]  # an SqlLog
    assert record.store.views.check()[1] == []
