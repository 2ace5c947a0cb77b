"""The loop on the log in memory: once per command_id, again on a conflict, struck facts out, personal text sealed."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from threading import Barrier
from typing import Any

import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery

from earlystart_core.command import Command
from earlystart_core.decide import AHEAD, TRIES, Done, Shell
from earlystart_core.entry import Practitioner, canonical_of
from earlystart_core.errors import Conflict, Invalid, Refused, Tampered
from earlystart_core.event import Event
from earlystart_core.log import Receipt
from earlystart_core.memory_log import MemoryLog
from earlystart_core.privacy.keys import MemoryKeys
from earlystart_core.words import EVENTS, WORDS
from earlystart_core.words.agreement import AgreementEnded, SignAgreement
from earlystart_core.words.allocation import AllocatePackage
from earlystart_core.words.case import CaseOpened, OpenCase
from earlystart_core.words.closing import CloseCase
from earlystart_core.words.consent import RecordServiceAgreement
from earlystart_core.words.contact import RecordContact
from earlystart_core.words.correction import MarkInError
from earlystart_core.words.meeting import CancelMeeting
from earlystart_core.words.responsibility import PassResponsibility
from earlystart_core.words.sharing import OverrideSharing, ShareInformation
from earlystart_core.words.starting import StartPackage
from earlystart_core.words.tier import DecideTier, TierDecided

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
MARKER = "Zyxwvut said so"


def an(kind: str, number: int) -> str:
    return f"{kind}:{number:026d}"


CASE, OTHER, MOTHER, PLAN, MEETING = an("case", 1), an("case", 2), an("person", 1), an("package", 1), an("meeting", 1)
JO, SAM = an("practitioner", 1), an("practitioner", 2)
BY = Practitioner(JO, "health_visitor", "org:lch")


class Desk:
    """A record in memory, and someone at it. Chance repeats itself, the clock stands still until `now` is set."""

    def __init__(self, log: MemoryLog | None = None) -> None:
        self.now = NOW
        self.log = log or MemoryLog(lambda: self.now)
        self._drawn = 0
        self.keys = MemoryKeys(self._chance, lambda: f"k_{self._chance(13).hex()}")
        self.chance, self.secret = self._chance, self.keys.secret
        self.shell = Shell(self, EVENTS, WORDS)
        self._sent = 0

    def _chance(self, count: int) -> bytes:
        self._drawn += 1
        return hashlib.shake_256(str(self._drawn).encode()).digest(count)

    def submit(self, command: Command, command_id: str | None = None, by: Practitioner = BY) -> Done:
        self._sent += 1
        return self.shell.submit(command, by=by, command_id=command_id or f"c{self._sent}", now=self.now)

    def event(self, position: int) -> Event:
        return EVENTS.event(next(self.log.read(after=position - 1, limit=1)))


def opening(case: str = CASE, **fields: Any) -> OpenCase:
    at = {"occurred_at": NOW - timedelta(days=90)}
    return OpenCase(
        **{**at, "case": case, "family": an("family", 1), "team": "team:armley", "reason": "pregnancy", **fields}
    )


def visit(number: int = 1, **fields: Any) -> RecordContact:
    basics = {"contact": an("contact", number), "cases": [CASE], "kind": "new_birth_visit", "attendance": "5"}
    place = {"mechanism": "01", "location": "A01", "practitioners": [JO], "employers": ["org:lch"]}
    return RecordContact(**{**basics, **place, **fields})


@pytest.fixture
def desk() -> Desk:
    found = Desk()
    found.submit(opening())
    return found


# --- once per command_id ----------------------------------------------------------------------------------------------


def test_a_command_is_appended_with_all_that_is_known_of_it(desk):
    done = desk.submit(visit(), "one")
    assert done == Done((2,), (an("contact", 1), CASE, JO, "org:lch"))
    entry = next(desk.log.read(after=1)).event
    assert (entry.type, entry.command_id, entry.recorded_by, entry.tags) == (
        "ContactRecorded",
        "one",
        BY,
        list(done.ids),
    )


def test_a_command_sent_twice_under_one_id_is_carried_out_once(desk):
    first = desk.submit(visit(), "one")
    desk.now += timedelta(hours=1)
    assert desk.submit(visit(), "one") == first
    assert desk.log.head() == 2


def test_a_command_sent_twice_without_an_instant_is_the_same_command(desk):
    first = desk.submit(DecideTier(case=CASE, tier="universal_plus"), "one")
    desk.now += timedelta(hours=1)
    assert desk.submit(DecideTier(case=CASE, tier="universal_plus"), "one") == first


def test_a_field_left_out_is_a_field_of_none(desk):
    first = desk.submit(visit(), "one")
    assert desk.submit(visit(duration_min=None, occurred_at=None), "one") == first


@pytest.mark.parametrize("other", [visit(2), visit(attendance="6"), visit(occurred_at=NOW), opening(OTHER)])
def test_a_command_id_is_not_used_for_other_content(desk, other):
    desk.submit(visit(), "one")
    with pytest.raises(Refused) as refusal:
        desk.submit(other, "one")
    assert refusal.value.code == "command.other_content"


def test_a_command_id_is_not_used_by_someone_else(desk):
    desk.submit(visit(), "one")
    with pytest.raises(Refused) as refusal:
        desk.submit(visit(), "one", by=Practitioner(SAM, "family_worker", "org:council"))
    assert refusal.value.code == "command.other_content"


def test_other_content_in_personal_text_is_other_content(desk):
    desk.submit(DecideTier(case=CASE, tier="universal_plus", reason="a"), "one")
    with pytest.raises(Refused) as refusal:
        desk.submit(DecideTier(case=CASE, tier="universal_plus", reason="b"), "one")
    assert refusal.value.code == "command.other_content"


def test_a_command_that_changed_nothing_is_remembered(desk):
    assert desk.submit(opening(), "again") == Done((), ())
    assert desk.log.receipt("again").positions == ()
    assert desk.submit(opening(), "again") == Done((), ())
    with pytest.raises(Refused):
        desk.submit(opening(OTHER), "again")


@pytest.mark.parametrize("moved", [(-1,), (1,), (0, 1), (-1, 0), (-1000,), (2**62,)])
def test_a_receipt_that_names_entries_of_another_command_is_not_believed(desk, moved):
    desk.submit(visit(1), "one")
    desk.submit(visit(2), "two")
    desk.submit(visit(3), "three")
    before = desk.log.receipt("two")
    positions = tuple(before.positions[0] + each for each in moved)
    desk.log._receipts["two"] = Receipt("two", before.digest, positions)
    with pytest.raises(Tampered, match="the receipt of command_id two names entries that are not its own"):
        desk.submit(visit(2), "two")


def test_a_receipt_put_under_another_name_is_not_believed(desk):
    desk.submit(visit(), "one")
    before = desk.log.receipt("one")
    for positions in (before.positions, ()):  # of no entries it would say that nothing was to be done
        desk.log._receipts["two"] = Receipt("two", before.digest, positions)
        with pytest.raises(Refused) as refusal:
            desk.submit(visit(), "two")
        assert refusal.value.code == "command.other_content"


def test_a_receipt_from_before_digests_had_the_command_id_is_still_known(desk):
    done = desk.submit(visit(), "one")
    old = desk.shell._digest(visit(), BY, None)
    desk.log._receipts["one"] = Receipt("one", old, done.positions)
    assert desk.submit(visit(), "one") == done
    desk.log._receipts["two"] = Receipt("two", old, done.positions)
    with pytest.raises(Tampered):
        desk.submit(visit(), "two")


def test_a_refusal_is_not_remembered(desk):
    with pytest.raises(Refused):
        desk.submit(visit(cases=[OTHER]), "one")
    assert desk.log.receipt("one") is None
    desk.submit(opening(OTHER))
    assert desk.submit(visit(cases=[OTHER]), "one").positions == (3,)


def test_a_digest_shows_nothing_to_who_lacks_the_key(desk):
    desk.submit(visit(), "one")
    other = Desk()
    other.keys._secrets["commands"] = b"another key"
    other.submit(opening())
    other.submit(visit(), "one")
    assert desk.log.receipt("one").digest != other.log.receipt("one").digest


# --- time -------------------------------------------------------------------------------------------------------------


def test_a_command_without_an_instant_is_of_now(desk):
    position = desk.submit(visit()).positions[0]
    assert desk.event(position).occurred_at == NOW


def test_an_instant_is_stored_in_utc(desk):
    abroad = (NOW - timedelta(days=1)).astimezone(timezone(timedelta(hours=5)))
    position = desk.submit(visit(occurred_at=abroad)).positions[0]
    assert str(desk.event(position).occurred_at) == "2026-06-29 12:00:00+00:00"


def test_a_late_entry_is_accepted(desk):
    assert desk.submit(visit(occurred_at=NOW - timedelta(days=60))).positions == (2,)


@pytest.mark.parametrize(("ahead", "fine"), [(AHEAD, True), (AHEAD + timedelta(microseconds=1), False)])
def test_the_future_has_not_happened(desk, ahead, fine):
    if fine:
        assert desk.submit(visit(occurred_at=NOW + ahead)).positions == (2,)
    else:
        with pytest.raises(Refused) as refusal:
            desk.submit(visit(occurred_at=NOW + ahead))
        assert refusal.value.code == "time.in_the_future"


# --- conflicts --------------------------------------------------------------------------------------------------------


class Interrupted(MemoryLog):
    """Before each append that a command makes, someone else has recorded something."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW)
        self.others: list[Callable[[], object]] = []
        self.tries = 0

    def append(
        self,
        events: Sequence[DCBEvent],
        condition: DCBAppendCondition | None = None,
        *,
        receipt: Receipt | None = None,
    ) -> int:
        if self.others:
            other = self.others.pop(0)
            others, self.others = self.others, []
            other()
            self.others = others
        self.tries += 1
        return super().append(events, condition, receipt=receipt)


@pytest.fixture
def busy() -> Desk:
    found = Desk(Interrupted())
    found.submit(opening())
    found.log.tries = 0
    return found


def test_a_conflict_is_decided_again(busy):
    busy.log.others = [lambda: busy.submit(CloseCase(case=CASE, reason="moved_out"))]
    with pytest.raises(Refused) as refusal:
        busy.submit(visit())
    assert refusal.value.code == "case.not_open"


def test_a_conflict_that_does_not_change_the_decision_costs_a_try(busy):
    busy.log.others = [lambda: busy.submit(PassResponsibility(case=CASE, to_team="team:burley"))]
    assert busy.submit(PassResponsibility(case=CASE, to_team="team:chapel"), "one").positions == (3,)


def test_a_conflict_with_the_same_change_leaves_nothing_to_do(busy):
    busy.log.others = [lambda: busy.submit(DecideTier(case=CASE, tier="universal_plus"))]
    assert busy.submit(DecideTier(case=CASE, tier="universal_plus"), "one").positions == ()


def test_after_three_tries_it_is_a_conflict(busy):
    teams = [f"team:t{number}" for number in range(TRIES)]
    busy.log.others = [lambda team=team: busy.submit(PassResponsibility(case=CASE, to_team=team)) for team in teams]
    with pytest.raises(Conflict):
        busy.submit(PassResponsibility(case=CASE, to_team="team:chapel"), "one")
    assert busy.log.tries == 2 * TRIES
    assert busy.log.receipt("one") is None
    assert busy.submit(PassResponsibility(case=CASE, to_team="team:chapel"), "one").positions == (5,)


def test_two_who_record_contacts_of_one_child_do_not_conflict(busy):
    busy.log.others = [lambda: busy.submit(visit(2, practitioners=[SAM], employers=["org:council"]))]
    assert busy.submit(visit(1)).positions == (3,)
    assert busy.log.tries == 2


def test_the_same_command_twice_at_once_is_carried_out_once(busy):
    busy.log.others = [lambda: busy.submit(visit(), "one")]
    assert busy.submit(visit(), "one").positions == (2,)
    assert busy.log.head() == 2


def test_a_mark_on_a_bearing_fact_is_a_conflict(busy):
    busy.log.others = [lambda: busy.submit(MarkInError(target=1))]
    with pytest.raises(Refused) as refusal:
        busy.submit(visit())
    assert refusal.value.code == "case.unknown"


PACT = {"agreement": an("agreement", 1)}
TERMS = {**PACT, "purposes": ["place"], "items": ["x"], "lawful_basis": "public_task", "wording": "w"}
SHARE = ShareInformation(case=CASE, recipient="org:school", purpose="place", items=["x"], basis="agreement")


def signed_twice(desk: Desk) -> None:
    """An agreement with a school, corrected to one with a nursery; then the correction was taken back."""
    days = {"starts_on": NOW.date(), "occurred_at": NOW - timedelta(days=1)}
    first = desk.submit(SignAgreement(**TERMS, **days, parties=["org:lch", "org:school"])).positions[0]
    mark = desk.submit(MarkInError(target=first)).positions[0]
    days["occurred_at"] -= timedelta(days=1)
    desk.submit(SignAgreement(**TERMS, **days, parties=["org:lch", "org:nursery"]))
    desk.submit(MarkInError(target=mark))


def ends(desk: Desk) -> object:
    """It ends in the name of its parties as they were when nobody had taken the correction back."""
    ended = AgreementEnded(occurred_at=NOW, **PACT, parties=("org:lch", "org:nursery"), reason="other")
    return desk.log.append([EVENTS.entry(ended, by=BY, command_id=None, keys=desk.keys, chance=bytes)])


def test_an_end_that_names_other_parties_is_a_conflict_for_who_shares_under_the_agreement(busy):
    signed_twice(busy)
    busy.log.others = [lambda: ends(busy)]
    with pytest.raises(Refused) as refusal:
        busy.submit(SHARE)
    assert refusal.value.code == "sharing.agreement_not_in_force"


def test_what_is_recorded_between_the_two_readings_of_a_course_is_a_conflict(busy, monkeypatch):
    """Decided as the log stood at the first, and then again."""
    signed_twice(busy)
    read, before, tries = busy.log.read, busy.log.head(), busy.log.tries

    def interrupted(query: DCBQuery | None = None, **bounds: Any) -> Any:
        if any(item.tags == [PACT["agreement"]] for item in query.items) and busy.log.head() == before:
            ends(busy)
        return read(query, **bounds)

    monkeypatch.setattr(busy.log, "read", interrupted)
    with pytest.raises(Refused) as refusal:
        busy.submit(SHARE)
    assert refusal.value.code == "sharing.agreement_not_in_force"
    assert (busy.log.head(), busy.log.tries) == (before + 1, tries + 2)


def test_an_end_of_another_agreement_is_no_conflict(busy):
    signed_twice(busy)
    other = AgreementEnded(
        occurred_at=NOW, agreement=an("agreement", 2), parties=("org:lch", "org:nursery"), reason="other"
    )
    entry = EVENTS.entry(other, by=BY, command_id=None, keys=busy.keys, chance=bytes)
    busy.log.others = [lambda: busy.log.append([entry])]
    tries = busy.log.tries
    assert busy.submit(SHARE).positions == (busy.log.head(),)
    assert busy.log.tries == tries + 2  # theirs, and ours


def at_once(count: int, act: Callable[[int], object]) -> list[object]:
    """What became of each of that many acts at once: what it gave, or the Refused that it raised."""
    barrier = Barrier(count)

    def one(number: int) -> object:
        barrier.wait()
        try:
            return act(number)
        except Refused as refusal:
            return refusal.code

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def started(desk: Desk) -> Desk:
    desk.submit(RecordServiceAgreement(case=CASE, person=MOTHER, capacity="parent", decision="given"))
    desk.submit(StartPackage(package=PLAN, case=CASE, pathway="sleep", duration="ongoing"))
    return desk


def test_of_sixteen_who_allocate_one_package_one_wins(desk):
    started(desk)
    before = desk.log.head()

    def allocate(number: int) -> Done:
        command = AllocatePackage(package=PLAN, case=CASE, practitioner=an("practitioner", number), team="team:armley")
        return desk.submit(command, f"allocate-{number}")

    came = at_once(16, allocate)
    assert sorted(map(str, came)).count("allocation.held") == 15
    assert desk.log.head() == before + 1


def test_sixteen_contacts_of_one_child_are_all_recorded(desk):
    came = at_once(16, lambda number: desk.submit(visit(number), f"visit-{number}"))
    assert all(isinstance(done, Done) for done in came)
    assert desk.log.head() == 17


# --- marks ------------------------------------------------------------------------------------------------------------


def test_a_struck_fact_is_left_out(desk):
    plus = DecideTier(case=CASE, tier="universal_plus")
    decided = desk.submit(plus).positions[0]
    assert desk.submit(plus).positions == ()
    desk.submit(MarkInError(target=decided))
    assert desk.submit(plus).positions == (4,)


def test_a_mark_of_a_mark_lets_the_fact_stand_again(desk):
    plus = DecideTier(case=CASE, tier="universal_plus")
    decided = desk.submit(plus).positions[0]
    mark = desk.submit(MarkInError(target=decided)).positions[0]
    desk.submit(MarkInError(target=mark))
    assert desk.submit(plus).positions == ()
    assert desk.submit(MarkInError(target=mark)).positions == ()
    assert desk.submit(MarkInError(target=decided)).positions == (5,)


def test_a_mark_carries_all_tags_of_its_target(desk):
    assert desk.submit(MarkInError(target=1, reason="the wrong child")).ids == (CASE, an("family", 1), "team:armley")


def test_an_unknown_position_is_refused(desk):
    with pytest.raises(Refused) as refusal:
        desk.submit(MarkInError(target=2))
    assert refusal.value.code == "correction.no_such_entry"


def test_of_sixteen_who_mark_one_entry_one_does(desk):
    at_once(16, lambda number: desk.submit(MarkInError(target=1), f"mark-{number}"))
    assert desk.log.head() == 2


# --- personal text ----------------------------------------------------------------------------------------------------

PERSONAL: list[tuple[Command, str, str]] = [  # a command, its personal field, whose text it is
    (PassResponsibility(case=CASE, to_team="team:burley", reason=MARKER), "reason", CASE),
    (DecideTier(case=CASE, tier="universal_plus", reason=MARKER), "reason", CASE),
    (MarkInError(target=1, reason=MARKER), "reason", CASE),
    (CancelMeeting(meeting=MEETING, team="team:armley", planned_on=NOW.date(), reason=MARKER), "reason", MEETING),
    (
        OverrideSharing(case=CASE, recipient="org:police", harm=MARKER, authorised_by=SAM, family_told=True),
        "harm",
        CASE,
    ),
]


@pytest.mark.parametrize(("command", "field", "subject"), PERSONAL)
def test_personal_text_is_sealed_and_can_be_opened(desk, command, field, subject):
    position = desk.submit(command, "one").positions[0]
    recorded = next(desk.log.read(after=position - 1))
    assert MARKER.encode() not in canonical_of(recorded)
    assert EVENTS.opened(EVENTS.event(recorded), recorded, desk.keys) == {field: MARKER}
    assert [envelope.kid for envelope in getattr(EVENTS.event(recorded), field).sealed] == [
        desk.keys.for_subjects([subject])[subject].kid
    ]


def test_sealed_text_does_not_stand_in_the_way_of_a_decision(desk):
    plus = DecideTier(case=CASE, tier="universal_plus", reason=MARKER)
    desk.submit(plus)
    assert desk.submit(plus).positions == ()


def test_a_command_takes_no_sealed_text(desk):
    desk.submit(DecideTier(case=CASE, tier="universal_plus", reason=MARKER))
    sealed = desk.event(2)
    assert isinstance(sealed, TierDecided)
    with pytest.raises(Invalid):
        DecideTier(case=CASE, tier="universal", reason=sealed.reason)


@pytest.mark.parametrize(("command", "field", "subject"), PERSONAL)
def test_no_refusal_holds_personal_text(desk, command, field, subject):
    desk.submit(command, "one")
    later = command.model_copy(update={"occurred_at": NOW + timedelta(days=1)})
    with pytest.raises(Refused) as refusal:
        desk.submit(later, "two")
    assert MARKER not in str(refusal.value)
    with pytest.raises(Refused) as refusal:
        desk.submit(later, "one")
    assert MARKER not in str(refusal.value)


# --- wild history -----------------------------------------------------------------------------------------------------


def test_history_that_breaks_the_rules_is_read(desk):
    twice = CaseOpened(occurred_at=NOW, case=CASE, family=an("family", 2), team="team:burley", reason="birth")
    desk.log.append([EVENTS.entry(twice, by=BY, command_id=None, keys=desk.keys, chance=bytes)])
    assert desk.submit(visit()).positions == (3,)
    with pytest.raises(Refused) as refusal:
        desk.submit(opening(team="team:chapel"))
    assert refusal.value.code == "case.opened_before"
