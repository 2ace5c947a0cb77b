"""Faults: what can be wrong with a row, one function a clause of the contract's sentence, in its order.

Within a clause the table's column order decides. What hangs on other rows is asked of a `World`.
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Protocol

from earlystart_feeds import values
from earlystart_feeds.reading import Row
from earlystart_feeds.tables import CONSENTS, CONTACTS, LINKS

Fault = tuple[str, str]  # the field, and a short class of reason
SAME_KEY = "same_key_other_content"
_FREE: dict[str | None, Callable[[str], object]] = {"org": values.org, "label": values.label}


class World(Protocol):
    """The rows that stand around the one in question."""

    def stands(self, file: str, id: object) -> bool:
        """Whether a row of that id is recorded, or accepted to be."""

    def is_gone(self, person_ref: str) -> bool:
        """Whether the person of that reference was erased."""

    def other_content(self, row: Row) -> bool:
        """Whether a row of the same id came before in this feed with other content."""

    def changed(self, row: Row) -> bool:
        """Whether the row is known from an earlier feed and does more than fill what was empty there."""

    def too_early(self, contact: Row, on: date) -> bool:
        """Whether that day lies before the birth of the child, for a contact that needs the child born."""


def surplus(row: Row, world: World) -> Iterator[Fault]:
    """A row with more fields than the header, so that nobody knows which field is which."""
    if row.surplus is not None:
        yield row.surplus, "surplus_fields"


def empty(row: Row, world: World) -> Iterator[Fault]:
    """A required field is empty."""
    for column, text in zip(row.table.columns, row.values, strict=True):
        if not text and (column.required or (column.with_ is not None and row[column.with_])):
            yield column.name, "empty"


def unreadable(row: Row, world: World) -> Iterator[Fault]:
    """A date or time is not one."""
    for column, text in zip(row.table.columns, row.values, strict=True):
        if not text:
            continue
        if column.form == "day" and values.day(text) is None:
            yield column.name, "not_a_date"
        if column.form == "time" and not _is_time(text, values.day(row["Contact_Date"])):
            yield column.name, "not_a_time"


def _is_time(text: str, on: date | None) -> bool:
    at = values.clock_time(text)
    return at is not None and (on is None or values.instant(on, at) is not None)


def unknown(row: Row, world: World) -> Iterator[Fault]:
    """A code or a team is not known."""
    for column, text in zip(row.table.columns, row.values, strict=True):
        if not text:
            continue
        if column.codes is not None:
            if not column.codes.issuperset(text.split(";") if column.several else (text,)):
                yield column.name, "unknown_code"
        elif column.form == "team":
            if not world.stands("teams.csv", text):
                yield column.name, "unknown_team"
        elif column.form == "slug":
            if values.slug(text) is None:
                yield column.name, "unknown_team"
        elif column.form in _FREE and _FREE[column.form](text) is None:
            yield column.name, "unknown_code"  # free, but no id of the kind, or nothing that the record can hold


def nhs_number(row: Row, world: World) -> Iterator[Fault]:
    """The NHS number fails its check."""
    for column, text in zip(row.table.columns, row.values, strict=True):
        if column.form == "nhs" and text and values.nhs_number(text) is None:
            yield column.name, "nhs_number_check"


def same_key(row: Row, world: World) -> Iterator[Fault]:
    """The same key came before with other content."""
    if world.other_content(row):
        yield row.table.id, SAME_KEY


def refers(row: Row, world: World) -> Iterator[Fault]:
    """It refers to a row that was not accepted, to a local id without a link, or to a person who was erased."""
    for column in row.table.references:
        if row[column.name] and not world.stands(str(column.refers), row[column.name]):
            yield column.name, "no_link" if column.refers == LINKS.file else "refers_to_not_accepted"
    if row.table is CONSENTS and world.is_gone(row["person_ref"]):
        yield "person_ref", "refers_to_not_accepted"


def ends(row: Row, world: World) -> Iterator[Fault]:
    """An end is before its start; the same day is not before."""
    for column in row.table.columns:
        if column.not_before is not None:
            start, end = values.day(row[column.not_before]), values.day(row[column.name])
            if start is not None and end is not None and end < start:
                yield column.name, "end_before_start"


def before_birth(row: Row, world: World) -> Iterator[Fault]:
    """A contact other than kind `other` lies before the child's birth date."""
    if row.table is CONTACTS:
        on = values.day(row["Contact_Date"])
        if on is not None and world.too_early(row, on):
            yield "Contact_Date", "before_birth"


OWN = (surplus, empty, unreadable, unknown, nhs_number)  # need no other row but the teams
ORDER = (*OWN, same_key, refers, ends, before_birth)  # the sentence


def faults(row: Row, world: World) -> Iterator[Fault]:
    """All faults of a row, the one to name first."""
    found = False
    for clause in ORDER:
        for fault in clause(row, world):
            found = True
            yield fault
    if not found and world.changed(row):  # last, so that a feed read twice is refused for the same reasons
        yield row.table.id, SAME_KEY


def is_sound(row: Row, world: World) -> bool:
    """Whether the row has no fault of its own, whatever its id and its references."""
    return not any(True for clause in OWN for _ in clause(row, world))
