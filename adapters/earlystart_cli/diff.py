"""Diff: what the record learnt between two moments, and what had been decided meanwhile."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from earlystart_cli.columns import Row, lines_of, text_of
from earlystart_cli.options import HERE, Db, Effective, Json, Keys, Team
from earlystart_cli.output import note, put, put_clocks, put_json
from earlystart_cli.stores import opened

if TYPE_CHECKING:
    from earlystart_core.diff import Diff

EXAMPLE = "earlystart diff 2026-03-31 2026-04-30 --team team:armley"


def diff(
    known_a: Annotated[
        str, typer.Argument(metavar="KNOWN_A", help="The first: a position, an instant, or the end of a London day.")
    ],
    known_b: Annotated[
        str | None, typer.Argument(metavar="KNOWN_B", help="The second, likewise; the head where it is left out.")
    ] = None,
    db: Db = HERE,
    keys: Keys = None,
    team: Team = None,
    case: Annotated[str | None, typer.Option("--case", metavar="CASE", help="Only that case, read by its id.")] = None,
    effective: Effective = None,
    json: Json = False,
) -> None:
    """Print what was learnt between two moments: rows that changed, entries, marks, and decisions taken meanwhile."""
    with opened(db, keys) as record:
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
    tables = {
        "rows that changed": [_change(row) for row in found.changed],
        "entries": [_short(row, "tags") for row in found.entries],
        "marks": [_short(row, "tags") for row in found.marks],
        "decisions taken meanwhile (unknown: what had happened before, and was recorded later)": found.decisions,
        "decisions that had relied on what was struck since": found.relied_on_struck,
    }
    for title, rows in tables.items():
        if rows:
            yield f"{title}: {len(rows)}"
            yield from (f"  {line}" for line in lines_of(rows, None))
            yield ""


def _change(row: Row) -> Row:
    """A row that changed on one line: its key, and what each column was and is."""
    was, now = row["before"], row["after"]
    if was is None or now is None:
        what = "is new" if was is None else "is gone"
    else:
        what = "; ".join(f"{name} {text_of(was[name])} > {text_of(now[name])}" for name in row["columns"])
    return {"view": row["view"], "key": " ".join(row["key"].values()), "what": what}


def _short(row: Row, *left_out: str) -> Row:
    return {name: value for name, value in row.items() if name not in left_out}
