"""The answer to a question in one line, beside its rows: what an officer asked is often a yes, a no or a number."""

from collections.abc import Callable, Sequence
from typing import Any

from earlystart_core.counting import counted, entries

Row = dict[str, Any]
Options = dict[str, Any]


def line_of(question: str, rows: Sequence[Row], options: Options) -> str | None:
    """The line for the question of that name, asked with those options; None where its rows say it all."""
    line = LINES.get(question)
    return line and line(rows, options)


def _could_see(rows: Sequence[Row], options: Options) -> str | None:
    if not rows:
        return None
    if options["role"] is None:
        return "allowed was not judged: expected --role and --employer for that, as what and for whom they worked"
    return f"{sum(row['allowed'] for row in rows):,} of {entries(len(rows))} could be seen"


def _consents(rows: Sequence[Row], _: Options) -> str:
    if not rows:
        return "nothing was shared"
    shared = {row["position"] for row in rows}
    alone = {row["position"] for row in rows if row["consent"] is None}
    return f"{counted(len(shared), 'sharing')}, {len(alone):,} of them with nobody's decision behind it"


def _looked(rows: Sequence[Row], _: Options) -> str | None:
    return None if rows else "nobody looked, as the access log has it"


def _told(rows: Sequence[Row], _: Options) -> str:
    overrides = [row for row in rows if row["told"] == "override"]
    decisions = [row for row in rows if row["told"] != "override"]
    worded = sum(row["wording"] is not None for row in decisions)
    untold = [row for row in overrides if not row["family_told"]]
    return (
        f"told by a wording at {worded:,} of {counted(len(decisions), 'decision')};"
        f" {counted(len(overrides), 'override')}, {len(untold):,} of them without telling the family"
    )


def _exposed(rows: Sequence[Row], _: Options) -> str:
    if not rows:
        return "nobody looked: no such entry is marked in error"
    to_somebody = [row for row in rows if row["how"] is not None]
    wrong = {row["entry"] for row in to_somebody}
    all_wrong = {row["entry"] for row in rows}
    return (
        f"exposed to someone: {len(wrong):,} of {entries(len(all_wrong))} marked in error,"
        f" {counted(len(to_somebody), 'time')}"
    )


def _late(rows: Sequence[Row], options: Options) -> str:
    hours = 48 if options["hours"] is None else options["hours"]
    late = f"{entries(len(rows))} recorded more than {counted(hours, 'hour')} late"
    who = {row["practitioner"] for row in rows} - {None}
    return f"{late}, by {counted(len(who), 'practitioner')}" if who else late


def _concerns(rows: Sequence[Row], options: Options) -> str:
    hours = 24 if options["hours"] is None else options["hours"]
    within = sum(row["within"] for row in rows)
    return f"{within:,} of {counted(len(rows), 'concern')} answered by a sharing within {counted(hours, 'hour')}"


LINES: dict[str, Callable[[Sequence[Row], Options], str | None]] = {
    "could_see": _could_see,
    "consents": _consents,
    "looked": _looked,
    "told": _told,
    "exposed": _exposed,
    "late": _late,
    "concerns": _concerns,
}
