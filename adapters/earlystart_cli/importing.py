"""Import: a feed's files, and a report of what became of each row."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earlystart_cli.columns import lines_of
from earlystart_cli.options import Json
from earlystart_cli.output import note, put, put_json
from earlystart_cli.progress import working
from earlystart_cli.stores import Stored, on_sql, opened
from earlystart_core.counting import counted

if TYPE_CHECKING:
    from earlystart_core.log import Log
    from earlystart_core.privacy.keys import Keys
    from earlystart_core.record import Record
    from earlystart_core.store import Store
    from earlystart_feeds import Feed, Report
    from earlystart_feeds.ledger import Ledger

EXAMPLE = "earlystart import feeds/2026-11 --db leeds.db"
REASONS = {  # where the code alone does not say it
    "surplus_fields": "the row has more fields than the header",
    "same_key_other_content": "same reference, different content",
    "refers_to_not_accepted": "refers to a row that was refused or is not there",
    "no_link": "nobody linked this local id to a child",
    "nhs_number_check": "not a valid NHS number (ten digits, the last one a check digit)",
}
NAMED = 3  # rows named of each kind of refusal or finding


@dataclass(frozen=True)
class Beside:
    """What an import needs of a store: the log, its keys once they are asked for, and the ledger beside it."""

    store: "Store"
    ledger: "Ledger"

    @property
    def log(self) -> "Log":
        return self.store.log

    @property
    def keys(self) -> "Keys":
        return self.store.keys


def import_(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder with the feed's CSV files.")],
    *,
    store: Stored,
    check: Annotated[bool, typer.Option("--check", metavar="", help="Report as usual but store nothing.")] = False,
    max_refused: Annotated[
        int | None,
        typer.Option("--max-refused", metavar="N", min=0, help="With more refused rows than N store nothing."),
    ] = None,
    json: Json = False,
) -> int:
    """Import a feed. Refused rows stay out, each with its reason; the same feed again adds nothing."""
    from earlystart_feeds import read_feed

    feed = read_feed(Path(folder))  # before a store is made for nothing
    report = None
    if check or max_refused is not None:
        with _as_it_stands(store) as place:
            report = _taken(feed, place, check=True)
    if report is None or not (check or exceeds(report, max_refused)):
        with opened(store, create=True) as record:
            report = _taken(feed, _beside(record), max_refused=max_refused)
    if json:
        put_json(report.as_json())
    else:
        put(told(report))
    return _status(report, check=check, most=max_refused)


@contextmanager
def _as_it_stands(store: Stored) -> "Iterator[Beside]":
    """The store, for reading; an empty one in memory if there is none."""
    from earlystart_core.record import Record
    from earlystart_feeds.ledger import MemoryLedger
    from earlystart_sql.faults import Absent

    with ExitStack() as opening:
        try:
            place = _beside(opening.enter_context(opened(store, read_only=True)))
        except Absent:
            none = opening.enter_context(Record.open("memory://")).store
            place = Beside(none, MemoryLedger(none.log))
        yield place


def _beside(record: "Record") -> Beside:
    return Beside(record.store, on_sql(record).ledger)


def _taken(feed: "Feed", place: Beside, **terms: Any) -> "Report":
    from earlystart_feeds import import_read

    what, done_so = ("checking the feed", "checked") if terms.get("check") else ("reading the feed", "recorded")
    with working(what) as step:
        return import_read(
            feed,
            place,
            clock=place.store.clock,
            chance=place.store.chance,
            progress=lambda done, total: step(done / total if total else None, f"{done:,} of {total:,} rows {done_so}"),
            **terms,
        )


def exceeds(report: "Report", most: int | None) -> bool:
    """Whether more rows are refused than an import may refuse."""
    return most is not None and report.total.refused > most


def _status(report: "Report", *, check: bool, most: int | None) -> int:
    """The exit status, and in sentences why it is not 0."""
    from earlystart_feeds.notations import OTHER

    status = 0
    for finding in report.notes:
        if finding.code == OTHER:
            note(f"earlystart: {finding.rows[0][0]}, {finding.says}, in {counted(len(finding.rows), 'row')}")
            status = 1
    if most is not None and report.total.refused > most:
        note(
            f"earlystart: nothing was stored: expected at most {counted(most, 'refused row')} (--max-refused),"
            f" found {report.total.refused:,}"
        )
        return 1
    if check:
        note("nothing was stored: this was a check")
    return status


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
    for title, findings in (
        ("The history breaks", report.invariants),
        ("To look into", report.doubles),
        ("Not carried over", report.notes),
    ):
        if findings:
            yield from ("", title)
        for finding in findings:
            named = _first([f"{file}:{line}" for file, line in finding.rows])
            yield f"  {len(finding.rows):>6,}  {finding.code}: {finding.says}" + (f" ({named})" if named else "")


def _first(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more:,} more" if more > 0 else "")
