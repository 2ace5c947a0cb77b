"""Planning: every accepted row as a step of the import, with its events, its ids and what the ledger is to remember.

Steps come file by file in the order of the contract's table, then of the file, each whole: so an interrupted import
has recorded a beginning of the same sequence, and goes on where it stopped.
"""

from collections.abc import Callable, Iterator

import msgspec

from earlystart_core.event import Event
from earlystart_feeds import becoming, values
from earlystart_feeds.checking import Accepted, Checked
from earlystart_feeds.contacts import by_contact
from earlystart_feeds.ledger import NUMBER, Memory, Name, Remembered
from earlystart_feeds.naming import Mention, Naming
from earlystart_feeds.past import Past, Responsible
from earlystart_feeds.reading import Row
from earlystart_feeds.tables import (
    ACTIVITIES,
    CASES,
    CONSENTS,
    CONTACTS,
    COUNCIL,
    LCH,
    LINKS,
    MOVES,
    PACKAGES,
    PERSONS,
    REFERRALS,
    REQUESTS,
    SERVICES,
    TABLES,
    TEAMS,
    TIERS,
)

Ids = tuple[str, ...]
Became = tuple[Ids, list[Event]]


class Step(msgspec.Struct, frozen=True):
    """One accepted row with all that it becomes, recorded together or not at all."""

    row: Row
    events: list[Event]
    rows: list[Remembered]  # the row's own first
    names: list[Name]
    personal: str | None = None  # to be sealed into the ledger under the row's first id, a person
    activities: list[Row] = []  # of a contact, in order of their ids; recorded with it


class Planning:
    """The plan of one import: asks for ids, and knows what each row before became."""

    def __init__(self, checked: Checked, memory: Memory, naming: Naming, past: Past) -> None:
        self._checked = checked
        self._memory = memory
        self._naming = naming
        self._past = past
        self._ids: dict[tuple[str, object], Ids] = {}
        self._responsible: dict[str, Responsible] = {}
        self._activities = by_contact(checked.standing[ACTIVITIES.file].values())
        self._new_activities = {each.row.id for each in checked.outcomes[ACTIVITIES.file].accepted}
        self._new_numbers = set[bytes]()
        self._become: dict[str, Callable[[Row], Became]] = {
            TEAMS.file: lambda row: ((f"team:{row['team']}",), []),
            CASES.file: self._case,
            MOVES.file: self._move,
            TIERS.file: self._tier,
            REQUESTS.file: self._request,
            PACKAGES.file: self._package,
            CONSENTS.file: self._consent,
            LINKS.file: lambda row: ((self._case_of(CASES.file, row["child_ref"]),), []),
            PERSONS.file: self._person,
            REFERRALS.file: lambda row: ((self._case_of(LINKS.file, row["LocalPatientID"]),), []),
            SERVICES.file: lambda row: ((self._case_of(REFERRALS.file, row["ServiceRequestID"]),), []),
            CONTACTS.file: self._contact,
            ACTIVITIES.file: lambda row: (self._found(CONTACTS.file, row["CareContactID"]), []),
        }

    def steps(self) -> Iterator[Step]:
        """The steps, in order. Ask `naming.recall` for the `mentions` first."""
        for table in TABLES:
            for accepted in self._checked.outcomes[table.file].accepted:
                if table is not ACTIVITIES or accepted.row.id in self._new_activities:  # else it went with its contact
                    yield self._step(accepted)

    def _step(self, accepted: Accepted) -> Step:
        row, file = accepted.row, accepted.row.table.file
        known = self._memory.row(file, row.id)
        if known is None:
            ids, events = self._become[file](row)
        else:
            ids, events = self._found(file, row.id), self._fills(row, known.ids, accepted.filled or frozenset())
        self._ids[file, row.id] = ids
        rows = [self._remember(row, ids)]
        if file == CONTACTS.file:
            mine = [each for each in self._activities.get(row.values[0], ()) if each.id in self._new_activities]
            self._new_activities.difference_update(each.id for each in mine)
            rows += [self._remember(each, ids) for each in mine]
            return Step(row, events, rows, self._naming.take_fresh(), activities=mine)
        if file == PERSONS.file:
            number = str(values.nhs_number(row["NHSNumber"]))
            personal = msgspec.json.encode([number, row["DateOfBirth"]]).decode()
            return Step(row, events, rows + self._number(number, ids), self._naming.take_fresh(), personal)
        return Step(row, events, rows, self._naming.take_fresh())

    def _number(self, number: str, ids: Ids) -> list[Remembered]:
        """What the ledger is to remember of an NHS number that is new to it: the child who has it."""
        key = self._memory.digests.number(number)
        if key in self._new_numbers or self._memory.number(key) is not None:
            return []
        self._new_numbers.add(key)
        return [Remembered(key, NUMBER, ids, b"")]

    # --- what a new row becomes ------------------------------------------------------------------------------------

    def _case(self, row: Row) -> Became:
        case, family = (
            self._naming.fresh(COUNCIL, "case", row["child_ref"]),
            self._naming.of(COUNCIL, "family", row["family_ref"]),
        )
        events = becoming.opened(row, case, family)
        self._responsible[case] = Responsible()
        self._responsible[case].add(events[0])
        return (case, family), events + (becoming.closed(row, case) if row["closed_on"] else [])

    def _move(self, row: Row) -> Became:
        case = self._case_of(CASES.file, row["child_ref"])
        events = becoming.moved(row, case)
        self._responsible_for(case).add(events[0])
        return (case,), events

    def _tier(self, row: Row) -> Became:
        case = self._case_of(CASES.file, row["child_ref"])
        return (case,), becoming.tier_decided(row, case)

    def _request(self, row: Row) -> Became:
        request, case = (
            self._naming.fresh(COUNCIL, "request", row["request_ref"]),
            self._case_of(CASES.file, row["child_ref"]),
        )
        events = becoming.requested(row, request, case)
        return (request, case), events + (self._decision(row, request, case) if row["outcome"] else [])

    def _decision(self, row: Row, request: str, case: str) -> list[Event]:
        meeting, is_new = self._naming.given(COUNCIL, "meeting", row["team"], row["meeting_on"])
        return (becoming.held(row, meeting) if is_new else []) + becoming.decided(row, request, case, meeting)

    def _package(self, row: Row) -> Became:
        package, case = (
            self._naming.fresh(COUNCIL, "package", row["package_ref"]),
            self._case_of(CASES.file, row["child_ref"]),
        )
        request = self._found(REQUESTS.file, row["request_ref"])[0] if row["request_ref"] else None
        practitioner = self._practitioner(row)
        team = self._responsible_for(case).on(becoming.day_of(row, "started_on"))
        events = becoming.started(row, package, case, request, practitioner, team)
        return (package, case), events + (becoming.ended(row, package, case, practitioner) if row["ended_on"] else [])

    def _consent(self, row: Row) -> Became:
        case = self._case_of(CASES.file, row["child_ref"])
        person = self._naming.of(COUNCIL, "person", row["person_ref"])
        return (case, person), becoming.consented(row, case, person)

    def _person(self, row: Row) -> Became:
        person = self._naming.of(LCH, "person", row["LocalPatientID"])
        return (person, self._case_of(LINKS.file, row["LocalPatientID"])), []

    def _contact(self, row: Row) -> Became:
        contact, case = (
            self._naming.fresh(LCH, "contact", row["CareContactID"]),
            self._case_of(REFERRALS.file, row["ServiceRequestID"]),
        )
        activities = self._activities.get(row.values[0], [])
        practitioners = [self._naming.of(LCH, "practitioner", each["CareProfessionalID_Local"]) for each in activities]
        return (contact, case), becoming.contacted(row, contact, case, activities, practitioners)

    def _fills(self, row: Row, ids: Ids, filled: frozenset[str]) -> list[Event]:
        """The events that the fields filled by a later feed stand for; none where only the ledger holds them."""
        events: list[Event] = []
        if "born_on" in filled:
            events += becoming.born(row, ids[0])
        if "closed_on" in filled:
            events += becoming.closed(row, ids[0])
        if row.table is REQUESTS and "outcome" in filled:
            events += self._decision(row, ids[0], ids[1])
        if "ended_on" in filled:
            events += becoming.ended(row, ids[0], ids[1], self._practitioner(row))
        return events

    # --- what is asked of other rows -------------------------------------------------------------------------------

    def _found(self, file: str, id: object) -> Ids:
        ids = self._ids.get((file, id))
        if ids is None:
            known = self._memory.row(file, id)
            assert known is not None, f"a row of {file} was checked to stand"
            ids = known.ids
            for each in ids:
                self._naming.stands(each, file, each.partition(":")[0], str(id))
        return ids

    def _case_of(self, file: str, id: str) -> str:
        return next(each for each in self._found(file, id) if each.startswith("case:"))

    def _practitioner(self, row: Row) -> str:
        return self._naming.of(COUNCIL, "practitioner", row["practitioner"])

    def _responsible_for(self, case: str) -> Responsible:
        if case not in self._responsible:
            self._responsible[case] = self._past.responsible.get(case) or Responsible()
        return self._responsible[case]

    def _remember(self, row: Row, ids: Ids) -> Remembered:
        known, digests = self._memory.row(row.table.file, row.id), self._memory.digests
        key = digests.row(row.table, row.id)
        fields = digests.fields(key, row)
        return Remembered(key, row.table.file, ids, fields, before=None if known is None else known.fields)


def mentions(checked: Checked) -> Iterator[Mention]:
    """What the rows that stand only mention: families, persons, practitioners, meetings."""
    rows = {file: standing.values() for file, standing in checked.standing.items()}
    yield from ((COUNCIL, "family", row["family_ref"]) for row in rows[CASES.file])
    yield from ((COUNCIL, "meeting", row["team"], row["meeting_on"]) for row in rows[REQUESTS.file])
    yield from ((COUNCIL, "practitioner", row["practitioner"]) for row in rows[PACKAGES.file])
    yield from ((COUNCIL, "person", row["person_ref"]) for row in rows[CONSENTS.file])
    yield from ((LCH, "person", row["LocalPatientID"]) for row in rows[PERSONS.file])
    yield from ((LCH, "practitioner", row["CareProfessionalID_Local"]) for row in rows[ACTIVITIES.file])
