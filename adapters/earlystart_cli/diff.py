"""Diff: what the record learnt between two moments, and what had been decided meanwhile."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from earlystart_cli.columns import Row, lines_of, text_of
from earlystart_cli.options import Effective, Json, Team
from earlystart_cli.output import note, put, put_clocks, put_json
from earlystart_cli.stores import Stored, opened

if TYPE_CHECKING:
    from earlystart_core.audit.diff import Diff

WIDE = 90  # columns that a line for people takes, if its ids let it
EXAMPLE = "earlystart diff 2026-03-31 2026-04-30 --team team:armley"


def diff(
    known_a: Annotated[
        str, typer.Argument(metavar="KNOWN_A", help="The first: a position, an instant, or the end of a London day.")
    ],
    known_b: Annotated[
        str | None, typer.Argument(metavar="KNOWN_B", help="The second, likewise; the head where it is left out.")
    ] = None,
    *,
    store: Stored,
    team: Team = None,
    case: Annotated[str | None, typer.Option("--case", metavar="CASE", help="Only that case, read by its id.")] = None,
    effective: Effective = None,
    json: Json = False,
) -> None:
    """Print what was learnt between two moments: rows that changed, entries, marks, and decisions taken meanwhile."""
    with opened(store) as record:
        found = record.diff(known_a, known_b, effective, team=team, case=case)
    put_clocks(found.before)
    put_clocks(found.after)
    if json:
        put_json(found)
        return
    put(_lines(found))
    if not (found.changed or found.entries or found.relied_on_struck):
        note("nothing was learnt between the two")


def _lines(found: "Diff") -> Iterator[str]:
    parts: tuple[tuple[str, Sequence[Row], Callable[[Sequence[Row]], Iterator[str]]], ...] = (
        ("rows that changed", found.changed, _changes),
        ("entries", found.entries, _entries),
        ("marks", found.marks, _marks),
        ("decisions taken meanwhile (what they did not know of was recorded later)", found.decisions, _decisions),
        ("decisions that had relied on what was struck since", found.relied_on_struck, _decisions),
    )
    for title, rows, told in parts:
        if rows:
            yield f"{title}: {len(rows)}"
            yield from (f"  {line}" for line in told(rows))
            yield ""


def _changes(rows: Sequence[Row]) -> Iterator[str]:
    """A block a row: its key, then what each column was and is."""
    for row in rows:
        was, now = row["before"], row["after"]
        state = ": is new" if was is None else ": is gone" if now is None else ""
        yield from _wrapped(f"{row['view']} {' '.join(row['key'].values())}{state}")
        for name in row["columns"] if was is not None and now is not None else ():
            before, after = f"  {name}: {text_of(was[name])}", f"-> {text_of(now[name])}"
            yield from [f"{before} {after}"] if len(before) + len(after) < WIDE else [before, f"    {after}"]


def _entries(rows: Sequence[Row]) -> Iterator[str]:
    """A line an entry; instants to the second."""
    return lines_of(
        [
            {
                "position": row["position"],
                "happened": _second(row["occurred_at"]),
                "recorded": _second(row["recorded_at"]),
                "type": row["type"],
                "": " ".join(name for name in ("late", "struck") if row[name]),
            }
            for row in rows
        ],
        None,
    )


def _marks(rows: Sequence[Row]) -> Iterator[str]:
    return lines_of([{name: value for name, value in row.items() if name != "tags"} for row in rows], None)


def _decisions(rows: Sequence[Row]) -> Iterator[str]:
    """A block a decision: when it was taken and recorded, and the entries it did not know of or had relied on."""
    for row in rows:
        yield f"entry {row['position']}, {row['type']}{', struck' if row['struck'] else ''}: {row['case']}"
        yield f"  taken {_second(row['occurred_at'])}, recorded {_second(row['recorded_at'])}"
        if facts := row.get("unknown") or row.get("relied_on"):
            said = "had relied on" if "relied_on" in row else "did not know of"
            yield from _wrapped(f"  {said} {', '.join(map(str, facts))}")


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, WIDE, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _second(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
