"""Progress of what takes longer than a second: drawn on a terminal, now and then a line anywhere else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from earlystart_cli.output import Screen, note, plain

EVERY = 10.0  # seconds between lines where there is no terminal
Step = Callable[[float | None, str], None]  # how much is done, from 0 to 1 or None where nobody knows, and what


@contextmanager
def working(what: str) -> Iterator[Step]:
    """Within: shows that something goes on, and how far it is, as often as it is told."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield _lines(what)
        return
    shown = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(24), TimeElapsedColumn())
    with Progress(*shown, console=Screen(sys.stderr), transient=True) as drawn:
        task = drawn.add_task(plain(what), total=None)

        def step(share: float | None, text: str) -> None:
            total = None if share is None else 1.0
            drawn.update(task, total=total, completed=share or 0.0, description=plain(f"{what}: {text}"))

        yield step


def _lines(what: str) -> Step:
    last = perf_counter()

    def step(share: float | None, text: str) -> None:
        nonlocal last
        if perf_counter() - last >= EVERY:
            last = perf_counter()
            note(f"{what}: {text}" + ("" if share is None else f" ({share:.0%})"))

    return step
