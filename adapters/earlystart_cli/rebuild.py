"""Rebuild: every view anew from the log; or beside the served views, to see whether they are what the log says."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from earlystart_cli.columns import lines_of
from earlystart_cli.options import Json
from earlystart_cli.output import note, put, put_json
from earlystart_cli.progress import working
from earlystart_cli.stores import Stored, opened
from earlystart_core.counting import counted

if TYPE_CHECKING:
    from earlystart_core.store import Difference, Rebuilt

EXAMPLE = "earlystart rebuild --db leeds.db --check"


class Source(StrEnum):
    """What a rebuild reads."""

    segments = "segments"
    rows = "rows"


@dataclass(frozen=True)
class From:
    """What of the log to read; without it the segments that there are."""

    source: Annotated[
        Source | None, typer.Option("--from", help="The log's segments (a rebuild seals what is not yet), or its rows.")
    ] = None

    @property
    def read(self) -> Literal["segments", "rows"] | None:
        """Its name, as the record takes it."""
        return None if self.source is None else self.source.value


def rebuild(
    *,
    store: Stored,
    of: From,
    check: Annotated[
        bool, typer.Option("--check", metavar="", help="Change nothing; compare with the served views.")
    ] = False,
    json: Json = False,
) -> int:
    """Rebuild every view from the log. With --check, say whether the served views are what the log says."""
    found: list[Difference] = []
    known = lag = 0  # how far the served views of a check go, and how far they are behind
    with opened(store) as record:
        if check:
            with working("rebuilding beside the served views"):
                rebuilt, found = record.store.views.check(of.read)
            if not found:
                lag = max((behind or 0) for behind in record.store.views.lag().values())
                known = record.store.log.head() - lag
        else:
            with working("rebuilding every view"):
                rebuilt = record.rebuild(of.read)
    if of.source is Source.segments and rebuilt.source != of.read:
        note(f"there are no segments: read {rebuilt.source} instead")
    if json:
        put_json(as_json(rebuilt) | ({"differences": found} if check else {}))
    else:
        _tell(rebuilt)
    for each in found:
        note(f"earlystart: {each.view}{' ' if each.key else ''}{each.key}: {each.found}")
    if any(each.found == "was never built" for each in found):
        note("earlystart rebuild without --check builds what was never built")
    if check and not found and not json:
        note(
            "the served views are what the log says"
            + (f" up to position {known:,}, {lag:,} before its end" if lag else "")
        )
    return 1 if found else 0


def as_json(rebuilt: "Rebuilt") -> dict[str, Any]:
    """What a program reads of a rebuild."""
    return {
        "events": rebuilt.events,
        "source": rebuilt.source,
        "fold_seconds": rebuilt.fold_seconds,
        "write_seconds": rebuilt.write_seconds,
        "seconds": rebuilt.seconds,
        "fold_events_per_second": rebuilt.fold_events_per_second,
        "events_per_second": rebuilt.events_per_second,
        "views": {name: {"rows": view.rows, "sha256": view.sha256} for name, view in rebuilt.views.items()},
    }


def _tell(rebuilt: "Rebuilt") -> None:
    rows = [{"view": name, "rows": view.rows, "sha256": view.sha256} for name, view in sorted(rebuilt.views.items())]
    put([*lines_of(rows, None), "", rate_of(rebuilt)])


def rate_of(rebuilt: "Rebuilt") -> str:
    """How fast a rebuild was, in a sentence."""
    sealing = rebuilt.seconds - rebuilt.fold_seconds - rebuilt.write_seconds
    return (
        f"{counted(rebuilt.events, 'event')} from {rebuilt.source} in {rebuilt.seconds:.2f} s,"
        f" {rebuilt.events_per_second:,.0f} a second"
        f" ({f'sealed in {sealing:.2f} s, ' if sealing >= 0.005 else ''}read and folded in"
        f" {rebuilt.fold_seconds:.2f} s, written in {rebuilt.write_seconds:.2f} s)"
    )
