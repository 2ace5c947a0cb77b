"""Import: a feed's files, and a report of what became of each row."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from earlystart_cli.columns import lines_of
from earlystart_cli.options import Json
from earlystart_cli.output import put, put_json
from earlystart_cli.progress import working
from earlystart_cli.stores import Stored, on_sql, opened

if TYPE_CHECKING:
    from earlystart_feeds import Report

EXAMPLE = "earlystart import feeds/2026-11 --db leeds.db"
REASONS = {  # where the code alone does not say it
    "surplus_fields": "the row has more fields than the header",
    "same_key_other_content": "same reference, different content",
    "refers_to_not_accepted": "refers to a row that was refused or is not there",
    "no_link": "nobody linked this local id to a child",
}
NAMED = 3  # rows named of each kind of refusal or finding


class Beside(NamedTuple):
    """What an import needs of a store: the log, its keys, and the ledger beside it."""

    log: Any
    keys: Any
    ledger: Any


def import_(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder with the feed's CSV files.")],
    *,
    store: Stored,
    json: Json = False,
) -> None:
    """Import a feed. Refused rows stay out, each with its reason; the same feed again adds nothing."""
    from earlystart_feeds import import_read, read_feed
    from earlystart_sql.ledger import SqlLedger

    feed = read_feed(Path(folder))  # before a store is made for nothing
    with opened(store, create=True) as record, working("reading the feed") as step:
        place = on_sql(record)
        report = import_read(
            feed,
            Beside(place.log, place.keys, SqlLedger(place.log)),
            clock=place.clock,
            chance=place.chance,
            progress=lambda done, total: step(done / total if total else None, f"{done:,} of {total:,} rows recorded"),
        )
    if json:
        put_json(report.as_json())
    else:
        put(told(report))


def told(report: "Report") -> Iterator[str]:
    """The report for people: a line a file, then what was refused and why, then what the history breaks."""
    counts = [*report.files.items(), ("total", report.total)]
    shown = [
        {"file": name, "accepted": count.accepted, "already known": count.already_known, "refused": count.refused}
        for name, count in counts
        if name not in report.absent
    ]
    yield from lines_of(shown, None)
    if report.absent:
        yield f"absent: {', '.join(report.absent)}"
    for file, columns in report.unknown_columns.items():
        yield f"{file}: ignored {', '.join(columns)}"
    if report.refused:
        yield from ("", "Refused")
        kinds: dict[tuple[str, str, str], list[int]] = {}
        for each in report.refused:
            kinds.setdefault((each.file, each.field, each.reason), []).append(each.line)
        order = list(report.files)
        for (file, field, reason), lines in sorted(
            kinds.items(), key=lambda kind: (order.index(kind[0][0]), -len(kind[1]))
        ):
            named = f"line{'' if len(lines) == 1 else 's'} {_first(list(map(str, lines)))}"
            yield f"  {len(lines):>6,}  {file}, {field}: {REASONS.get(reason, reason.replace('_', ' '))} ({named})"
    for title, findings in (("The history breaks", report.invariants), ("Not carried over", report.notes)):
        if findings:
            yield from ("", title)
        for finding in findings:
            named = _first([f"{file}:{line}" for file, line in finding.rows])
            yield f"  {len(finding.rows):>6,}  {finding.code}: {finding.says}" + (f" ({named})" if named else "")


def _first(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more:,} more" if more > 0 else "")
