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


def _consents(rows: Sequence[Row], options: Options) -> str:
    if not rows:
        item = options["item"]
        return "nothing was shared" if item is None else f"nothing was shared under the exact name {item!r}"
    shared = {row["position"] for row in rows}
    alone = {row["position"] for row in rows if row["consent"] is None}
    return f"{counted(len(shared), 'sharing')}, {len(alone):,} of them with nobody's decision behind it"


def _agreements(rows: Sequence[Row], _: Options) -> str:
    if not rows:
        return "no such agreement was signed"
    return f"{sum(row['covers'] for row in rows):,} of {counted(len(rows), 'agreement')} covered what was asked"


def _looked(rows: Sequence[Row], options: Options) -> str | None:
    if rows:
        return None
    did = "nobody looked" if options["practitioner"] is None else "that practitioner did not look"
    return f"{did}, as the access log has it"


def _after_withdrawal(rows: Sequence[Row], _: Options) -> str:
    if not rows:
        return "nothing was shared or read after a no"
    shared = {row["position"] for row in rows if row["what"] == "shared"}
    knew = {row["position"] for row in rows if row["what"] == "shared" and row["knew"]}
    # One reading, or one sharing, has a row for each no that it came after.
    read = {(row["case"], row["practitioner"], row["at"]) for row in rows if row["what"] == "read"}
    return (
        f"{counted(len(shared), 'sharing')} after a no, {len(knew):,} of them when it was known;"
        f" {counted(len(read), 'reading')}"
    )


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


def _unaltered(rows: Sequence[Row], _: Options) -> str | None:
    row = rows[0]
    if not row["sound"]:
        return None
    if row["consistent_since"] is None:
        return "compared with no checkpoint: it can only be said that the log agrees with itself"
    by = "" if row["signatures"] else "; its signature was not checked: expected --vkey for that"
    return f"nothing that the checkpoint of {entries(row['consistent_since'])} covers was altered since{by}"


def _late(rows: Sequence[Row], options: Options) -> str:
    hours = 48 if options["hours"] is None else options["hours"]
    late = f"{entries(len(rows))} recorded more than {counted(hours, 'hour')} late"
    who = {row["practitioner"] for row in rows} - {None}
    return f"{late}, by {counted(len(who), 'practitioner')}" if who else late


def _kept(rows: Sequence[Row], _: Options) -> str:
    due = sum(row["due"] for row in rows)
    holds = sum(bool(row["holds"]) for row in rows)
    return f"due for disposal: {due:,}; under a legal hold: {holds:,}"


def _necessary(rows: Sequence[Row], _: Options) -> str | None:
    if not rows:
        return "nothing was shared"
    beyond = sum(bool(row["beyond"]) for row in rows)
    unsaid = sum(row["agreed"] is None for row in rows)
    return (
        f"{beyond:,} of {counted(len(rows), 'sharing')} went beyond what was agreed;"
        f" of {unsaid:,} no agreement says how much is enough"
    )


def _concerns(rows: Sequence[Row], options: Options) -> str:
    hours = 24 if options["hours"] is None else options["hours"]
    within = sum(row["within"] for row in rows)
    return f"{within:,} of {counted(len(rows), 'concern')} answered by a sharing within {counted(hours, 'hour')}"


LINES: dict[str, Callable[[Sequence[Row], Options], str | None]] = {
    "could_see": _could_see,
    "consents": _consents,
    "agreements": _agreements,
    "looked": _looked,
    "after_withdrawal": _after_withdrawal,
    "told": _told,
    "exposed": _exposed,
    "unaltered": _unaltered,
    "late": _late,
    "kept": _kept,
    "necessary": _necessary,
    "concerns": _concerns,
}
