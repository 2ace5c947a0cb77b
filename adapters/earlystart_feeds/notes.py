"""Notes: what accepted rows say and the record cannot hold, or holds in another form. Nothing of it is refused."""

from collections.abc import Iterator

from earlystart_feeds import values
from earlystart_feeds.becoming import MOST_PRACTITIONERS
from earlystart_feeds.checking import Checked
from earlystart_feeds.contacts import by_contact
from earlystart_feeds.ledger import Memory
from earlystart_feeds.reading import Row
from earlystart_feeds.report import Finding
from earlystart_feeds.tables import ACTIVITIES, CONTACTS, MOVES, TIERS

# Columns that a later feed may fill although no event of their own stands for them.
_WITH_EVENT = {"born_on", "closed_on", "close_reason", "outcome", "decided_on", "meeting_on", "ended_on"}


def no_length(checked: Checked) -> Iterator[Row]:
    """A contact whose duration is not whole minutes, up to a day."""
    for each in checked.outcomes[CONTACTS.file].accepted:
        text = each.row["CareContact_Duration"]
        if text and values.minutes(text) is None:
            yield each.row


def changed_text(checked: Checked) -> Iterator[Row]:
    """A reason with characters that are no text, or longer than the record holds."""
    for table in (MOVES, TIERS):
        for each in checked.outcomes[table.file].accepted:
            text = values.free_text(each.row["reason"])
            if values.NOT_TEXT in text or len(text) < len(each.row["reason"].replace("\r\n", "\n")):
                yield each.row


def came_late(checked: Checked, memory: Memory) -> Iterator[Row]:
    """An activity of a contact that an earlier feed brought: the contact stands as it was recorded."""
    for each in checked.outcomes[ACTIVITIES.file].accepted:
        if memory.row(CONTACTS.file, each.row["CareContactID"]) is not None:
            yield each.row


def too_many(checked: Checked) -> Iterator[Row]:
    """A contact with more practitioners than the record holds; the first ones are kept."""
    activities = by_contact(checked.standing[ACTIVITIES.file].values())
    for each in checked.outcomes[CONTACTS.file].accepted:
        rows = activities.get(each.row.values[0], ())
        if len({row["CareProfessionalID_Local"] for row in rows}) > MOST_PRACTITIONERS:
            yield each.row


def filled_without_event(checked: Checked) -> Iterator[Row]:
    """A later feed filled a field that no event stands for: only the ledger knows it."""
    for outcome in checked.outcomes.values():
        for each in outcome.accepted:
            if each.filled is not None and each.filled - _WITH_EVENT:
                yield each.row


def about_erased(checked: Checked) -> Iterator[Row]:
    """A row that an earlier feed brought, about someone who was erased since: it brings nothing back."""
    for outcome in checked.outcomes.values():
        yield from outcome.erased


def notes_on(checked: Checked, memory: Memory) -> list[Finding]:
    """The notes on the rows that a feed newly brought."""
    found = (
        ("contact.no_length", "the duration is not whole minutes, so none was recorded", no_length(checked)),
        ("contact.late_activity", "the contact was recorded before this activity came", came_late(checked, memory)),
        ("contact.too_many", f"only the first {MOST_PRACTITIONERS} practitioners were recorded", too_many(checked)),
        ("text.changed", "the reason was cut, or characters in it replaced", changed_text(checked)),
        ("row.filled_without_event", "a field was filled that no event stands for", filled_without_event(checked)),
        ("row.erased", "whom the row is about was erased since, so it was left out", about_erased(checked)),
    )
    findings = [Finding(code, says, [(row.table.file, row.line) for row in rows]) for code, says, rows in found]
    return [finding for finding in findings if finding.rows]
