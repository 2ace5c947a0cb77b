"""Views folded from the log's own entries, each compared with its leaf: what a list judges a reader by, and shows.

The columns of some cases are folded as those of the whole log are, from the entries about them alone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from earlystart_core.case_file import course_of
from earlystart_core.clocks import Clocks
from earlystart_core.entry import micros
from earlystart_core.erasing.retention import opened_in
from earlystart_core.log import Batch, Log
from earlystart_core.projection import Row
from earlystart_core.views import VIEW
from earlystart_core.words import EVENTS
from earlystart_core.words.package import PackageStarted
from earlystart_core.words.request import SupportRequested

if TYPE_CHECKING:
    from earlystart_core.proven import Proven
    from earlystart_core.replay.frames import Folding

MANY = 2_000  # cases: of more the whole log is read, which is quicker
_BEGINNINGS = [PackageStarted.__name__, SupportRequested.__name__]


class About:
    """The part of a log that carries one of those tags (`log.Batched`)."""

    def __init__(self, log: Log, tags: Collection[str]) -> None:
        self._log = log
        self._tags = tags

    def batches(self, types: Sequence[str], *, after: int = 0, upto: int | None = None) -> Iterator[Batch]:
        shapes: dict[tuple[str, int], list[Proven]] = defaultdict(list)
        for one in self._log.about(types, self._tags, upto=self._log.head() if upto is None else upto):
            if one.position > after:
                shapes[one.type, one.version].append(one)
        for (kind, version), found in shapes.items():
            occurred = [None if one.occurred_at is None else micros(one.occurred_at) for one in found]
            data = b"[" + b",".join([one.data for one in found]) + b"]"
            yield Batch(kind, version, [one.position for one in found], occurred, data)


def folded(
    log: Log, wanted: Mapping[str, Sequence[str] | None], clocks: Clocks, tags: Collection[str] | None
) -> "Folding":
    """Those columns of those views at two clocks, None for all columns; of the entries with those tags, or of all.

    Raises:
        Tampered: the bytes of an entry with one of the tags do not give its leaf.
        Unreadable: an entry cannot be read.
    """
    from earlystart_core.replay.frames import Folding  # Polars loads with the first list

    part = log if tags is None else About(log, tags)
    effective = None if clocks.effective is None else micros(clocks.effective)
    found = Folding(part, EVENTS, VIEW, known=clocks.known, effective=effective, span=max(clocks.known, 1))
    found.fold(wanted)
    return found


def rows_of(log: Log, view: str, clocks: Clocks, cases: Collection[str] | None, team: str | None) -> list[Row]:
    """The rows of a view, by key, of those cases or of all; team: only of those under it at the same clocks."""
    import polars as pl

    if cases is not None and not cases:
        return []
    of_some = cases is not None and len(cases) <= MANY
    found = folded(
        log,
        {view: None} if team is None else {view: None, "case_status": None if view == "case_status" else ("team",)},
        clocks,
        [*cases, *_courses(log, cases, clocks)] if cases is not None and of_some else None,
    )
    frame = found.frame(view)
    if cases is not None:
        frame = frame.filter(pl.col("case").is_in(sorted(cases)))
    if team is not None:
        under = found.frame("case_status", ("team",)).filter(pl.col("team") == team).select("case")
        frame = frame.join(under, on="case", how="semi", maintain_order="left")
    return frame.to_dicts()


def opened(log: Log, clocks: Clocks) -> list[Row]:
    """The rows of `case_status` of every case that was opened, at two clocks.

    Raises:
        Tampered: the bytes of an entry do not give its leaf; this is not checked for more than `MANY` cases.
        Unreadable: an entry cannot be read.
    """
    return rows_of(log, "case_status", clocks, opened_in(log, EVENTS, clocks.known), None)


def _courses(log: Log, cases: Collection[str], clocks: Clocks) -> list[str]:
    """The packages and requests of those cases: history may have put an entry about one under another case."""
    return course_of(EVENTS.event_of(one) for one in log.about(_BEGINNINGS, cases, upto=clocks.known))
