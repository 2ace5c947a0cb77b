"""Checking: which rows of a feed are accepted, which are already known, and why each other one is refused.

A refused row stores nothing, and only an accepted row holds its key and can be referred to; so files are checked in
the order in which they refer to each other.
"""

from datetime import date
from functools import cached_property

import msgspec

from earlystart_core.types import ContactKind
from earlystart_feeds import values
from earlystart_feeds.contacts import by_contact, kind_of, without_own_fault
from earlystart_feeds.faults import faults, is_sound
from earlystart_feeds.ledger import Memory
from earlystart_feeds.past import Past
from earlystart_feeds.reading import Feed, Row
from earlystart_feeds.tables import (
    ACTIVITIES,
    CASES,
    CONSENTS,
    CONTACTS,
    COUNCIL,
    LINKS,
    REFERRALS,
    TABLES,
    TEAMS,
    Table,
)


class Accepted(msgspec.Struct, frozen=True):
    """A row to record. `filled`: the columns that it fills of a row known from an earlier feed; None for a new row."""

    row: Row
    filled: frozenset[str] | None = None


class Refusal(msgspec.Struct, frozen=True):
    """A row that is not taken, and why."""

    file: str
    line: int
    field: str
    reason: str
    fields: tuple[str, ...]  # of all its faults, in the contract's order


class Outcome(msgspec.Struct, frozen=True):
    """What became of the rows of one file."""

    accepted: list[Accepted]
    known: list[Row]
    refused: list[Refusal]
    erased: list[Row] = []  # known too, and left out: whom they are about was erased since


class Checked(msgspec.Struct, frozen=True):
    """A feed, checked. `standing`: of each file, by id, the rows of this feed that are recorded or will be."""

    outcomes: dict[str, Outcome]
    standing: dict[str, dict[object, Row]]

    @property
    def accepted(self) -> int:
        """How many rows are to be recorded."""
        return sum(len(outcome.accepted) for outcome in self.outcomes.values())

    @property
    def refused(self) -> int:
        """How many rows are refused."""
        return sum(len(outcome.refused) for outcome in self.outcomes.values())


class Checking:
    """One run over a feed: the world that its rows are judged in, growing file by file."""

    def __init__(self, feed: Feed, memory: Memory, past: Past) -> None:
        self._feed = feed
        self._memory = memory
        self._past = past
        self._standing: dict[str, dict[object, Row]] = {table.file: {} for table in TABLES}
        self._kinds: dict[str, ContactKind] = {}

    def run(self) -> Checked:
        """Every file, checked."""
        for table in TABLES:
            self._recall(table)
        outcomes = {table.file: self._contacts() if table is CONTACTS else self._file(table) for table in TABLES}
        return Checked(outcomes, self._standing)

    def _recall(self, table: Table) -> None:
        """Fetches what the ledger knows of this file's rows, and of those that they refer to."""
        rows = self._feed.rows[table.file]
        self._memory.recall(table, {row.id for row in rows})
        if table is CONSENTS:
            self._memory.recall_gone({(COUNCIL, "person", row["person_ref"]) for row in rows})
        for column in table.columns:
            other = TEAMS.file if column.form == "team" else column.refers
            for target in TABLES:
                if target.file == other:
                    self._memory.recall(target, {row[column.name] for row in rows} - {""})

    def _file(self, table: Table) -> Outcome:
        outcome = Outcome([], [], [])
        held = self._standing[table.file] = {}
        for row in self._feed.rows[table.file]:
            first = held.get(row.id)
            filled = self._filled(row) if first is None else None
            is_again = filled == frozenset() or (first is not None and first.values == row.values)
            is_whole = row.surplus is None
            if is_whole and self._memory.is_erased(table.file, row.id):
                outcome.erased.append(row)
            elif is_whole and is_again:
                outcome.known.append(row)
                held.setdefault(row.id, row)
            elif found := list(faults(row, self)):
                fields = tuple(dict.fromkeys(field for field, _ in found))
                outcome.refused.append(Refusal(table.file, row.line, *found[0], fields))
            else:
                outcome.accepted.append(Accepted(row, filled))
                held[row.id] = row
        return outcome

    def _contacts(self) -> Outcome:
        """The contacts, judged again until the kinds of their activities and the contacts that stand agree."""
        rows = self._feed.rows[ACTIVITIES.file]
        again = {row.id for row in rows if self._filled(row) == frozenset()}
        sound = [row for row in rows if (row.id in again or not self.changed(row)) and is_sound(row, self)]
        contacts = {row["CareContactID"] for row in rows}
        standing = contacts
        outcome, tried = Outcome([], [], []), list[dict[str, ContactKind]]()
        while True:
            kept = without_own_fault(sound, standing)
            self._kinds = {contact: kind_of(rows) for contact, rows in by_contact(kept).items()}
            if self._kinds in tried:
                return outcome
            tried.append(self._kinds)
            outcome = self._file(CONTACTS)
            standing = {contact for contact in contacts if self.stands(CONTACTS.file, contact)}

    # --- the world around a row ----------------------------------------------------------------------------------

    def stands(self, file: str, id: object) -> bool:
        return id in self._standing[file] or self._memory.row(file, id) is not None

    def is_gone(self, person_ref: str) -> bool:
        return self._memory.is_gone(COUNCIL, "person", person_ref)

    def other_content(self, row: Row) -> bool:
        first = self._standing[row.table.file].get(row.id)
        return first is not None and first.values != row.values

    def changed(self, row: Row) -> bool:
        return self._memory.row(row.table.file, row.id) is not None and self._filled(row) is None

    def too_early(self, contact: Row, on: date) -> bool:
        if self._kinds.get(contact.values[0], "other") == "other":
            return False
        born_on = self._born_on(contact["ServiceRequestID"])
        return born_on is not None and on < born_on

    def _born_on(self, referral: str) -> date | None:
        """The birth date of the child behind a referral: by this feed's rows as far as they go, then by the log."""
        known, target = None, referral
        for file, next_column in (
            (REFERRALS.file, "LocalPatientID"),
            (LINKS.file, "child_ref"),
            (CASES.file, "born_on"),
        ):
            known = self._memory.row(file, target) or known
            row = self._standing[file].get(target)
            if row is None:
                return None if known is None else self._known_births.get(known.case)
            target = row[next_column]
        return values.day(target)

    @cached_property
    def _known_births(self) -> dict[str, date | None]:
        """The birth dates of known cases: as the log has them, and as this feed fills them."""
        births = dict[str, date | None](self._past.births)
        for child, row in self._standing[CASES.file].items():
            known = self._memory.row(CASES.file, child)
            if known is not None:
                births[known.case] = values.day(row["born_on"])
        return births

    def _filled(self, row: Row) -> frozenset[str] | None:
        """The columns that the row fills of the one known from an earlier feed; None without one, or if it changes."""
        earlier = self._memory.row(row.table.file, row.id)
        return None if earlier is None else self._memory.filled(earlier, row)
