"""Doubles: what looks like one child under two references, or one NHS number on two children.

Nothing is refused for it, and nobody is joined by it: a person looks. Numbers are compared by keyed digests.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from earlystart_feeds import values
from earlystart_feeds.checking import Checked
from earlystart_feeds.ledger import Memory
from earlystart_feeds.naming import Naming
from earlystart_feeds.past import Past
from earlystart_feeds.reading import Row
from earlystart_feeds.report import Finding
from earlystart_feeds.tables import CASES, COUNCIL, LCH, LINKS, PERSONS, Table

Rows = Iterator[Row]


class Doubles:
    """What the standing rows of a feed say of the same child, with what earlier feeds said of it."""

    def __init__(self, checked: Checked, memory: Memory, naming: Naming, past: Past) -> None:
        self._checked = checked
        self._memory = memory
        self._naming = naming
        self._past = past
        self._by_number: dict[bytes, list[Row]] = defaultdict(list)
        for row in self._standing(PERSONS):
            self._by_number[self._number(row)].append(row)
        memory.recall_numbers(self._by_number)

    def _standing(self, table: Table) -> Iterable[Row]:
        return sorted(self._checked.standing[table.file].values(), key=lambda row: row.line)

    def _number(self, row: Row) -> bytes:
        return self._memory.digests.number(str(values.nhs_number(row["NHSNumber"])))

    def _child(self, person: Row) -> str:
        """The child behind a row of persons: its case where an earlier feed brought it, else its reference."""
        link = self._checked.standing[LINKS.file].get(person["LocalPatientID"])
        known = self._memory.row(LINKS.file, person["LocalPatientID"])
        if link is not None:
            known = self._memory.row(CASES.file, link["child_ref"])
            return link["child_ref"] if known is None else known.case
        return "" if known is None else known.case

    def on_several_children(self) -> Rows:
        """Every row whose NHS number is also on another child."""
        for key, rows in self._by_number.items():
            first = self._memory.number(key)
            children = {self._child(row) for row in rows} | ({first.case} if first is not None else set())
            if len(children) > 1:
                yield from rows

    def linked_before(self) -> Rows:
        """Every row of a child that an earlier feed linked under another local id with the same NHS number.

        Where both links are in this feed the invariants name them.
        """
        links = Counter(row["child_ref"] for row in self._standing(LINKS))
        for key, rows in self._by_number.items():
            first = self._memory.number(key)
            for row in rows:
                patient = row["LocalPatientID"]
                link = self._checked.standing[LINKS.file].get(patient)
                is_only_link = link is None or links[link["child_ref"]] == 1
                if (
                    first is not None
                    and is_only_link
                    and first.case == self._child(row)
                    and first.ids[0] != self._naming.known(LCH, "person", patient)
                ):
                    yield row

    def several_numbers(self) -> Rows:
        """Every row of a child whose rows have different NHS numbers."""
        by_child: dict[str, list[Row]] = defaultdict(list)
        for row in self._standing(PERSONS):
            by_child[self._child(row)].append(row)
        for rows in by_child.values():
            if len({self._number(row) for row in rows}) > 1:
                yield from rows

    def born_together(self) -> Rows:
        """Every further case of one family with the same birth date."""
        seen = set[tuple[str, str]]()
        for row in self._standing(CASES):
            child = (row["family_ref"], row["born_on"])
            if row["born_on"] and (child in seen or self._was_born(row)):
                yield row
            seen.add(child)

    def _was_born(self, row: Row) -> bool:
        """Whether the log has a child of that family and birth date already, of a row that is new."""
        family = self._naming.known(COUNCIL, "family", row["family_ref"])
        if family is None or self._memory.row(CASES.file, row.id) is not None:
            return False
        born_on = values.day(row["born_on"])
        return any(self._past.births.get(case) == born_on for case in self._past.families[family])


def doubles_in(checked: Checked, memory: Memory, naming: Naming, past: Past) -> list[Finding]:
    """What to look into of the rows of a feed, those already known included."""
    doubles = Doubles(checked, memory, naming, past)
    found = (
        (
            "child.born_together",
            "children of one family have the same birth date: twins, or one child under two references",
            doubles.born_together(),
        ),
        (
            "child.number_of_another",
            "several children have the same NHS number: one child under two references, or a wrong number",
            doubles.on_several_children(),
        ),
        (
            "child.linked_before",
            "an earlier feed linked the child under another local id with the same NHS number",
            doubles.linked_before(),
        ),
        ("child.several_numbers", "one child has several NHS numbers", doubles.several_numbers()),
    )
    findings = [Finding(code, says, [(row.table.file, row.line) for row in rows]) for code, says, rows in found]
    return [
        Finding(finding.code, finding.says, sorted(finding.rows, key=lambda place: place[1]))
        for finding in findings
        if finding.rows
    ]
