"""Notations: a whole column of dates or times that is written in another way than a feed writes them.

Each of its rows is refused for it; that none of them is right says that the file was saved in another form.
"""

import re
from collections.abc import Iterator

from earlystart_feeds import values
from earlystart_feeds.reading import Feed, Row
from earlystart_feeds.report import Finding
from earlystart_feeds.tables import TABLES, Column

OTHER = "feed.other_notation"
_WANTED = {"day": "YYYY-MM-DD", "time": "HH:MM:SS"}
_NOTATIONS = {
    "day": (
        (r"\d{1,2}([/.-])\d{1,2}\1(\d{4}|\d{2})", "day, month and year, as in 24/02/2026"),
        (r"\d{4}[/.]\d{1,2}[/.]\d{1,2}", "other marks, as in 2026/02/24"),
        (r"\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{2,4}", "the month's name, as in 24-Feb-2026"),
        (r"\d{8}", "no marks, as in 20260224"),
        (r"\d{4}-\d{2}-\d{2}[T ].*|\d{1,2}/\d{1,2}/\d{4} .*", "a time after it"),
        (r"\d{5}(\.\d+)?", "the day's number in a spreadsheet"),
    ),
    "time": (
        (r"\d{1,2}:\d{2}", "no seconds, as in 09:30"),
        (r"\d{1,2}:\d{2}(:\d{2})? ?[AaPp]\.?[Mm]\.?", "twelve hours, as in 9:30 am"),
        (r"\d{4}|\d{6}", "no marks, as in 0930"),
        (r"\d{1,2}\.\d{2}(\.\d{2})?", "other marks, as in 09.30"),
        (r"\d{1,2}:\d{2}:\d{2}\.\d+", "parts of a second"),
        (r".*[T ]\d{1,2}:\d{2}.*", "a date before it"),
    ),
}


def other_notations(feed: Feed) -> Iterator[Finding]:
    """For each column of dates or times without a single right one, the rows in another notation that is known."""
    for table in TABLES:
        for column in table.columns:
            if column.form in _WANTED:
                yield from _other(column, feed.rows[table.file])


def _other(column: Column, rows: list[Row]) -> Iterator[Finding]:
    form = str(column.form)
    is_one = values.day if form == "day" else values.clock_time
    found: dict[str, list[tuple[str, int]]] = {}
    for row in rows:
        text = row[column.name]
        if not text:
            continue
        if is_one(text) is not None:
            return
        for pattern, called in _NOTATIONS[form]:
            if re.fullmatch(pattern, text[:40], re.ASCII):
                found.setdefault(called, []).append((row.table.file, row.line))
                break
    for called, places in found.items():
        yield Finding(OTHER, f"{column.name}: expected {_WANTED[form]}, found {called}", places)
