"""Invariants: what the history in a feed breaks. History is what it was: these rows are recorded, and reported.

One function an invariant, numbered as in the domain's list (INV-nn) where it stands there. What a feed cannot carry at
all (agreements, signposts, receiving areas) is not counted as broken.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime

from earlystart_core.types import london_date
from earlystart_feeds import values
from earlystart_feeds.checking import Checked
from earlystart_feeds.contacts import by_contact, kind_of
from earlystart_feeds.reading import Row
from earlystart_feeds.report import Finding
from earlystart_feeds.stories import Stories, Story, happens_on
from earlystart_feeds.tables import ACTIVITIES, CONTACTS, LINKS, MOVES, PACKAGES, PERSONS, REQUESTS, TABLES

ATTENDED, FACE_TO_FACE = ("5", "6"), "01"
Rows = Iterator[Row]


def handed_on_by_another(story: Story) -> Rows:
    """A team passed responsibility on that did not hold it."""
    team = story.case["team"]
    for row in sorted(story.rows[MOVES], key=happens_on):
        if row["from_team"] != team:
            yield row
        team = row["to_team"]


def before_opening(story: Story) -> Rows:
    """Something lies before the case was opened, when no team held it; a contact may."""
    yield from (row for row in story.happened() if row.table is not CONTACTS and happens_on(row) < story.opened_on)


def after_closing(story: Story) -> Rows:
    """Something lies after the case was closed."""
    if story.closed_on is not None and story.case["close_reason"] != "died":
        yield from (row for row in story.happened() if happens_on(row) > story.closed_on)


def after_death(story: Story) -> Rows:
    """Something lies after the case was closed because the child died."""
    if story.closed_on is not None and story.case["close_reason"] == "died":
        yield from (row for row in story.happened() if happens_on(row) > story.closed_on)


def closed_over_open_package(story: Story) -> Rows:
    """The case was closed while a package was open."""
    if story.closed_on is not None:
        for row in story.rows[PACKAGES]:
            ended_on = values.day(row["ended_on"]) or date.max
            if happens_on(row) <= story.closed_on < ended_on:
                yield row


def linked_to_several(story: Story) -> Rows:
    """Several local ids are linked to the child; each further link is named."""
    yield from story.rows[LINKS][1:]


def other_birth_date(story: Story) -> Rows:
    """The two systems that a link joins give different birth dates."""
    born_on = story.case["born_on"]
    yield from (row for row in story.rows[PERSONS] if born_on and row["DateOfBirth"] != born_on)


STORIES: tuple[tuple[str, str, Callable[[Story], Rows]], ...] = (
    ("INV-02", "a team passed on responsibility that it did not hold", handed_on_by_another),
    ("INV-02", "something happened before the case was opened, when no team was responsible", before_opening),
    ("INV-18", "the two linked records give different birth dates", other_birth_date),
    ("INV-18", "several local ids are linked to one child", linked_to_several),
    ("INV-20", "something happened after the child's death closed the case", after_death),
    ("INV-26", "the case was closed while the package was open", closed_over_open_package),
    ("case.after_closing", "something happened after the case was closed", after_closing),
)


def counted_twice(checked: Checked, stories: Stories) -> Rows:
    """A mandated review was kept face to face more than once; each further one is named."""
    activities = by_contact(checked.standing[ACTIVITIES.file].values())
    for story in stories:
        seen: set[str] = set()
        for row in sorted(story.rows[CONTACTS], key=happens_on):
            kind = kind_of(activities.get(row.values[0], []))
            if kind != "other" and row["AttendanceStatus"] in ATTENDED and row["ConsMechanism"] == FACE_TO_FACE:
                if kind in seen:
                    yield row
                seen.add(kind)


def decided_before_received(checked: Checked) -> Rows:
    """A request was decided before it was received."""
    for row in checked.standing[REQUESTS.file].values():
        if row["outcome"] and row["decided_on"] < row["received_on"]:
            yield row


def request_of_another(checked: Checked) -> Rows:
    """A package answers a request about another child."""
    for row in checked.standing[PACKAGES.file].values():
        request = checked.standing[REQUESTS.file].get(row["request_ref"])
        if request is not None and request["child_ref"] != row["child_ref"]:
            yield row


def still_to_come(checked: Checked, today: date) -> Rows:
    """A row says that something happened on a day that has not come yet; planned ends and limits may."""
    for table in TABLES:
        columns = [
            column.name
            for column in table.columns
            if column.form == "day" and column.name not in ("planned_end_on", "until")
        ]
        for row in checked.standing[table.file].values():
            if any((values.day(row[name]) or date.min) > today for name in columns):
                yield row


def _each(stories: Stories, rule: Callable[[Story], Rows]) -> Rows:
    for story in stories:
        yield from rule(story)


def broken_by(checked: Checked, now: datetime) -> list[Finding]:
    """What the rows of a feed break, those already known included. now: aware, to tell what is still to come."""
    stories = Stories(checked)
    found = [(code, says, _each(stories, rule)) for code, says, rule in STORIES]
    found += [
        ("INV-11", "a mandated review was kept face to face more than once", counted_twice(checked, stories)),
        (
            "INV-16",
            "something is said to have happened on a day still to come",
            still_to_come(checked, london_date(now)),
        ),
        (
            "request.decided_before_received",
            "a request was decided before it was received",
            decided_before_received(checked),
        ),
        ("package.request_of_another", "a package answers a request about another child", request_of_another(checked)),
    ]
    order = {table.file: index for index, table in enumerate(TABLES)}
    findings = []
    for code, says, rows in sorted(found, key=lambda each: each[0]):
        places = sorted({(row.table.file, row.line) for row in rows}, key=lambda place: (order[place[0]], place[1]))
        if places:
            findings.append(Finding(code, says, places))
    return findings
