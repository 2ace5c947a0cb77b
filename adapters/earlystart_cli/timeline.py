"""Timeline: the story of one case, both clocks, who recorded what, and what was corrected since."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from rich.style import Style
from rich.text import Text

from earlystart_cli.columns import Row, text_of
from earlystart_cli.options import CaseId, Form, TwoClocks
from earlystart_cli.output import Screen, note, note_sealed, plain, put_answer, put_clocks, screen
from earlystart_cli.reading import AsSomeone, asked
from earlystart_cli.stores import Stored, opened
from earlystart_core.codes import CODES
from earlystart_core.types import LONDON

EXAMPLE = "earlystart timeline case:01JH0000000000000000000000 --known 2026-03-31"
INDENT = 7
NAMES = {"target": "entry", "duration_min": "minutes", "to_team": "to"}  # fields whose stored name reads badly


def timeline(
    case: CaseId,
    *,
    store: Stored,
    clocks: TwoClocks,
    someone: AsSomeone,
    form: Form,
) -> None:
    """Print a case's story: when each thing happened, when it was recorded, by whom, and what was corrected."""
    with opened(store) as record:
        answer = asked(record, clocks, someone).timeline(case)
    note_sealed(answer)
    if form.name != "text":
        put_answer(answer, form.name)
        return
    put_clocks(answer.clocks)
    if not answer:
        note("no entry is about that case at these clocks")
        return
    show(screen(), answer.rows, case)


def show(on: Screen, rows: list[Row], case: str, *, ids: int = 0) -> None:
    """The story, day by day. Times are those of Leeds. ids: how much of the end of an id to show, 0 for all of it."""
    day = None
    for row in rows:
        happened = row["occurred_at"].astimezone(LONDON)
        if happened.date() != day:
            day = happened.date()
            _print(on, Text(f"{happened:%a} {day_of(happened)}", style="bold cyan"), 0)
        told = Text(f"{happened:%H:%M}  ")
        told.append_text(_told(row, case, ids))
        _print(on, told, INDENT)
        _print(on, Text(" " * INDENT + _cut(_recorded(row, happened), ids), style="dim"), INDENT)


def _told(row: Row, case: str, ids: int) -> Text:
    text = Text(words(row["type"]), style="bold")
    said = _cut(", ".join(_fields(row["fields"], case)), ids)
    text.append(f": {said}" if said else "", style=Style(bold=False))
    if row["struck"]:
        text.stylize(Style(strike=True, bold=False, dim=True))
    if row["marked_by"]:
        marks = ", ".join(map(str, row["marked_by"]))
        state = "marked in error" if row["struck"] else "was marked in error, and stands again"
        text.append(f"  [{state} by entry {marks}]", style="bold red" if row["struck"] else "yellow")
    return text


def _cut(text: str, ids: int) -> str:
    return re.sub(rf":[0-7][0-9A-Z]{{{25 - ids}}}(?=[0-9A-Z]{{{ids}}}\b)", " …", text) if ids else text


def _fields(fields: dict[str, Any], case: str) -> Iterator[str]:
    for name, value in fields.items():
        if value == case or (isinstance(value, list | tuple) and list(value) == [case]):
            continue
        said = CODES.get(name, {}).get(value) if isinstance(value, str) else None
        shown = said or _value(value)
        yield plain(
            shown
            if said or shown.startswith(f"{name.rstrip('s')}:")
            else f"{NAMES.get(name, name).replace('_', ' ')} {shown}"
        )


def _value(value: Any) -> str:
    return _moment(value.astimezone(LONDON)) if isinstance(value, datetime) else text_of(value)


def _recorded(row: Row, happened: datetime) -> str:
    recorded = row["recorded_at"].astimezone(LONDON)
    by = row.get("recorded_by")
    unknown = "an unknown hand" if "recorded_by" in row else "a hand that this reader may not know"
    who = unknown if by is None else f"{by['practitioner']} ({by['role']}, {by['employer']})"
    late = (recorded.date() - happened.date()).days
    after = "" if late < 1 else " (a day later)" if late == 1 else f" ({late} days later)"
    return plain(f"entry {row['position']}, recorded {_moment(recorded)}{after} by {who}")


def words(name: str) -> str:
    """The stored name of an event as people say it: `CaseOpened` is `Case opened`."""
    spaced = "".join(f" {char.lower()}" if char.isupper() else char for char in plain(name)).strip()
    return spaced[:1].upper() + spaced[1:]


def day_of(day: date) -> str:
    """A day as people write it."""
    return f"{day.day} {day:%b %Y}"


def _moment(moment: datetime) -> str:
    return f"{day_of(moment)} {moment:%H:%M}"


def _print(on: Screen, text: Text, indent: int) -> None:
    """The text with its further lines under its first; on what is no terminal, on one line."""
    if not on.is_terminal:
        on.print(text, soft_wrap=True)
        return
    first = text.wrap(on, on.width)[0]
    rest = text[len(first.plain) :]
    first.rstrip()
    on.print(first, soft_wrap=True)
    for line in rest.wrap(on, max(on.width - indent, 20)) if rest.plain.strip() else ():
        line.rstrip()
        on.print(Text(" " * indent).append_text(line), soft_wrap=True)
