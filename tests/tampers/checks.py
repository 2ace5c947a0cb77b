"""What may notice a tamper: questions and commands, by whether their answer is still right; checks, by their status."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from earlystart_core import DecideTier, Reader, Record, ShareInformation
from earlystart_core.errors import EarlyStartError, NotPermitted, Refused
from tests.access.conftest import ALLOCATED, ANNA, BEN, BY, NAMED, OF_TEAM, OFFICER, OUTSIDE, OWLS, STRANGER
from tests.cli.conftest import call
from tests.tampers.store import CHECKPOINTS, OPENED

RIGHT, WRONG, SEALED, NOTICED, BY_CHECKPOINT, NO = "right", "**wrong**", "sealed", "noticed", "by checkpoint", "–"
READERS: Sequence[Reader] = (ALLOCATED, NAMED, OF_TEAM, STRANGER, OFFICER, OUTSIDE)
VIEWS = ("case_status", "package_status", "consent_status", "request_queue")
THEN = 8  # a position: Anna's package was allocated, and her consent not yet withdrawn


def _answer(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except (Refused, NotPermitted) as no:
        return f"{type(no).__name__} {getattr(no, 'code', '')}"


def as_readers(url: str) -> Any:
    """What six readers are shown of two cases, and in a list."""
    with Record.open(url) as record:
        return [
            _answer(ask)
            for reader in READERS
            for seen in [record.seen_by(reader)]
            for case in (ANNA, BEN)
            for ask in (
                lambda seen=seen, case=case: seen.timeline(case).rows,
                lambda seen=seen, case=case: seen.view("case_status", case=case).rows,
                lambda seen=seen, case=case: seen.view("package_status", case=case).rows,
                lambda seen=seen: seen.view("case_status", team="team:armley").rows,
            )
        ]


def without_reader(url: str) -> Any:
    """Every view, and the numbers of teams, without a reader."""
    with Record.open(url) as record:
        return [*(record.view(view).rows for view in VIEWS), record.caseload().rows, record.tiers().rows]


def then(url: str) -> Any:
    """Every view as it was known at an earlier position."""
    with Record.open(url) as record:
        before = record.as_at(known=THEN)
        return [before.view(view).rows for view in VIEWS]


def retention(url: str) -> Any:
    """Until when every case and person is to be kept, and what is due; and the same of one case."""
    with Record.open(url) as record:
        return [record.retention("2051-12-31").rows, record.kept_until(ANNA)]


def submit(url: str) -> Any:
    """A command sent again, one that a withdrawn consent refuses, and a new one."""
    with Record.open(url) as record:
        share = ShareInformation(
            case=ANNA, recipient=OWLS, purpose="nursery_place", items=["case.tier"], basis="consent"
        )
        commands = [(OPENED, "opened"), (share, None), (DecideTier(case=BEN, tier="universal_plus"), None)]
        return [
            _answer(lambda command=command, name=name: record.submit(command, by=BY, command_id=name).positions)
            for command, name in commands
        ]


QUESTIONS = {
    "a reader": as_readers,
    "no reader": without_reader,
    "an earlier moment": then,
    "`retention`": retention,
    "a command": submit,
}
CHECKS = {
    "`log verify`": ("log", "verify"),
    "`audit access --check`": ("audit", "access", "--check"),
    "`rebuild --check`": ("rebuild", "--check"),
    "`doctor`": ("doctor",),
}
COLUMNS = [*QUESTIONS, *CHECKS]


def asked(url: str, name: str) -> Any:
    """What a question gives, or that it says that something is wrong."""
    try:
        return QUESTIONS[name](url)
    except EarlyStartError as error:
        return f"{NOTICED}: {type(error).__name__}"


def outcome(truth: Any, given: Any) -> str:
    """The cell of a question."""
    if isinstance(given, str) and given.startswith(NOTICED):
        return NOTICED
    if given == truth:
        return RIGHT
    return SEALED if "'(sealed)'" in repr(given) and "'(sealed)'" not in repr(truth) else WRONG


def checked(url: str, command: Sequence[str], folder: Path) -> str:
    """The cell of a check: with a checkpoint that someone else kept only where it finds nothing without."""
    if call(*command, "--db", url).status:
        return NOTICED
    checkpoint = CHECKPOINTS.get(command[0])
    if checkpoint is not None and call(*command, "--db", url, "--checkpoint", folder / checkpoint).status:
        return BY_CHECKPOINT
    return NO


def cells(url: str, truths: dict[str, Any], folder: Path) -> list[str]:
    """By column, of one tampered store. Checks come first, and then questions that write nothing: the others do.

    folder: where the checkpoints are that someone else kept.
    """
    found = {name: checked(url, command, folder) for name, command in CHECKS.items()}
    order = [*(name for name in QUESTIONS if name not in ("a reader", "a command")), "a reader", "a command"]
    found |= {name: outcome(truths[name], asked(url, name)) for name in order}
    return [found[name] for name in COLUMNS]
