"""Stories: the rows of a feed that stand, put together child by child, for what only shows across files."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date

from earlystart_feeds import values
from earlystart_feeds.checking import Checked
from earlystart_feeds.reading import Row
from earlystart_feeds.tables import (
    CASES,
    CONTACTS,
    LINKS,
    MOVES,
    PACKAGES,
    PERSONS,
    REFERRALS,
    REQUESTS,
    TIERS,
    Table,
)

DAYS = {  # when a row of each file happens
    MOVES: "moved_on",
    TIERS: "decided_on",
    REQUESTS: "received_on",
    PACKAGES: "started_on",
    CONTACTS: "Contact_Date",
}


def happens_on(row: Row) -> date:
    """The day on which a row of those files happens; it was checked to be one."""
    return values.day(row[DAYS[row.table]]) or date.max


class Story:
    """One child whose case row is in the feed, with the rows about it in file order."""

    def __init__(self, case: Row) -> None:
        self.case = case
        self.opened_on = values.day(case["opened_on"]) or date.min
        self.closed_on = values.day(case["closed_on"])
        self.rows: dict[Table, list[Row]] = defaultdict(list)

    def happened(self) -> Iterator[Row]:
        """Every row about the child that has a day."""
        for table in DAYS:
            yield from self.rows[table]


class Stories:
    """All children of a feed. A row about a child that only an earlier feed brought is in no story."""

    def __init__(self, checked: Checked) -> None:
        self._standing = checked.standing
        self.by_child = {str(child): Story(row) for child, row in checked.standing[CASES.file].items()}
        for table in (MOVES, TIERS, REQUESTS, PACKAGES, LINKS):
            for row in self._of(table):
                self._add(row["child_ref"], row)
        for table in (PERSONS, REFERRALS):
            for row in self._of(table):
                self._add(self._linked(row["LocalPatientID"]), row)
        for row in self._of(CONTACTS):
            referral = checked.standing[REFERRALS.file].get(row["ServiceRequestID"])
            self._add("" if referral is None else self._linked(referral["LocalPatientID"]), row)

    def __iter__(self) -> Iterator[Story]:
        return iter(self.by_child.values())

    def _of(self, table: Table) -> Iterable[Row]:
        return sorted(self._standing[table.file].values(), key=lambda row: row.line)

    def _linked(self, patient: str) -> str:
        link = self._standing[LINKS.file].get(patient)
        return "" if link is None else link["child_ref"]

    def _add(self, child: str, row: Row) -> None:
        story = self.by_child.get(child)
        if story is not None:
            story.rows[row.table].append(row)
