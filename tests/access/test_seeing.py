"""What each reader is shown: by ties of the moment, up to their ring, and never without its being recorded."""

from datetime import timedelta
from threading import Thread

import pytest
from msgspec.structs import replace

from earlystart_core import (
    AllocatePackage,
    CloseCase,
    EndAllocation,
    EndPackage,
    MarkInError,
    PassResponsibility,
    Record,
)
from earlystart_core.access import judging
from earlystart_core.access.policy import Decision
from earlystart_core.access.rings import RINGS
from earlystart_core.access.ties import ties_of
from earlystart_core.errors import Conflict, Invalid, NotPermitted, StoreUnavailable

from .conftest import *


def refused(record: Record, reader: Reader, case: str = ANNA) -> list[str]:
    """The rules by which a reader may not read a case; raises where they may."""
    before = len(record.looked())
    with pytest.raises(NotPermitted, match="may not read"):
        record.seen_by(reader).timeline(case)
    rows = record.looked()[before:]
    assert [(row["result"], row["subject"], row["rings"]) for row in rows] == [("refused", case, [])]
    return rows[0]["rules"]


def fields(record: Record, reader: Reader, kind: str) -> dict[str, object]:
    return next(row for row in record.seen_by(reader).timeline(ANNA) if row["type"] == kind)["fields"]


def test_each_is_shown_what_their_tie_opens(record: Record) -> None:
    """Whoever delivers a package sees the health record; the rest of the team and the outside see less."""
    tier = fields(record, ALLOCATED, "TierDecided")
    assert tier == {"case": ANNA, "tier": "universal_plus", "reason": SECRET}
    assert fields(record, NAMED, "TierDecided") == {"case": ANNA, "tier": "universal_plus"}
    assert fields(record, OF_TEAM, "TierDecided") == {"case": ANNA, "tier": "universal_plus"}
    types = {row["type"] for row in record.seen_by(OUTSIDE).timeline(ANNA)}
    assert types == {"CaseOpened", "PointOfContactNamed"}
    assert fields(record, OUTSIDE, "CaseOpened") == {"case": ANNA, "team": "team:armley"}
    assert "recorded_by" not in record.seen_by(OUTSIDE).timeline(ANNA)[0]
    assert refused(record, STRANGER) == refused(record, ALLOCATED, BEN) == ["default.deny"]
    assert refused(record, replace(ALLOCATED, role="astrologer")) == ["default.deny"]
    assert refused(record, replace(ALLOCATED, purpose="curiosity")) == ["default.deny"]
    assert refused(record, ALLOCATED, NOBODY) == ["default.deny"]


def test_a_mark_on_what_is_out_of_reach_is_out_of_reach(record: Record) -> None:
    """Else it would tell someone outside that there is such an entry, where it stands, and when it was found wrong."""
    place = {row["type"]: row["position"] for row in record.timeline(ANNA)}
    tier, ring = (record.submit(MarkInError(target=place[name]), by=BY).positions[0]
                  for name in ("TierDecided", "PointOfContactNamed"))  # fmt: skip
    record.submit(MarkInError(target=tier), by=BY)
    marks = [row["position"] for row in record.seen_by(OUTSIDE).timeline(ANNA) if row["type"] == "MarkedInError"]
    assert marks == [ring]
    seen = record.seen_by(ALLOCATED).timeline(ANNA)
    assert [row["position"] for row in seen] == [row["position"] for row in record.timeline(ANNA)]


def test_of_several_children_only_the_one_that_was_asked_for_is_named(record: Record) -> None:
    assert fields(record, ALLOCATED, "ContactRecorded")["cases"] == (ANNA,)
    whole = next(row for row in record.timeline(ANNA) if row["type"] == "ContactRecorded")
    assert whole["fields"]["cases"] == (ANNA, BEN)


def test_a_view_has_the_columns_that_the_reader_may_see(record: Record) -> None:
    row = record.view("case_status", case=ANNA)[0]
    assert dict(record.seen_by(OF_TEAM).view("case_status", case=ANNA)[0]) == row
    outside = record.seen_by(OUTSIDE).view("case_status", case=ANNA)[0]
    assert list(outside) == ["case", "team", "point_of_contact", "opened_on", "closed_on", "status"]
    with pytest.raises(NotPermitted, match=r"ring\.out_of_reach"):
        record.seen_by(OUTSIDE).view("package_status", case=ANNA)


def test_an_officer_sees_structure_and_no_text(record: Record) -> None:
    assert fields(record, OFFICER, "TierDecided")["reason"] == "(withheld)"
    assert record.seen_by(OFFICER).disclosures().rows == record.disclosures().rows
    with pytest.raises(NotPermitted, match="may not audit all cases"):
        record.seen_by(ALLOCATED).disclosures()


def test_ties_are_those_of_the_moment(record: Record) -> None:
    """An allocation that ended, a team that passed on and a closed case open nothing, then or at earlier clocks."""
    before = record.store.log.head()
    assert record.seen_by(ALLOCATED).timeline(ANNA)
    record.submit(EndAllocation(package=PLAN, case=ANNA, practitioner=JO, reason="left"), by=BY)
    assert refused(record, ALLOCATED) == ["default.deny"]
    with pytest.raises(NotPermitted):
        record.seen_by(ALLOCATED).as_at(known=before).timeline(ANNA)
    record.submit(PassResponsibility(case=ANNA, to_team="team:wetherby"), by=BY)
    assert refused(record, OF_TEAM) == ["default.deny"]
    assert record.seen_by(STRANGER).timeline(ANNA)
    assert record.seen_by(STRANGER).as_at(known=1).view("case_status", case=ANNA)[0]["team"] == "team:armley"
    record.submit(EndPackage(package=PLAN, case=ANNA, outcome="completed"), by=BY)
    record.submit(CloseCase(case=ANNA, reason="moved_out"), by=BY)
    assert refused(record, NAMED) == refused(record, STRANGER) == ["default.deny"]


def test_a_tie_that_was_marked_in_error_is_none(record: Record) -> None:
    allocation = next(row for row in record.timeline(ANNA) if row["type"] == "PackageAllocated")
    record.submit(MarkInError(target=allocation["position"]), by=BY)
    assert refused(record, ALLOCATED) == ["default.deny"]


def test_consent_opens_the_outermost_ring_while_everyone_gives_it(record: Record) -> None:
    assert [row["case"] for row in record.seen_by(OUTSIDE).view("case_status")] == [ANNA]
    assert refused(record, replace(OUTSIDE, purpose="curiosity")) == ["default.deny"]
    assert refused(record, replace(OUTSIDE, employer="org:other")) == ["default.deny"]
    consents(record, "refused", person=FATHER)
    assert refused(record, OUTSIDE) == ["default.deny"]
    consents(record, "given", person=FATHER)
    assert record.seen_by(OUTSIDE).timeline(ANNA)
    consents(record, "withdrawn")
    assert refused(record, OUTSIDE) == ["default.deny"]


def test_consent_that_has_run_out_opens_nothing(record: Record, clock) -> None:
    consents(record, "given", until=clock.now.date())
    assert record.seen_by(OUTSIDE).timeline(ANNA)
    clock.now += timedelta(days=1)
    assert refused(record, OUTSIDE) == ["default.deny"]


def test_consent_that_was_taken_back_opens_nothing_when_the_clock_is_set_back(record: Record, clock) -> None:
    """By the instants of the log, which never fall, it was withdrawn, or had run out."""
    start = clock.now
    clock.now += timedelta(hours=1)
    consents(record, "withdrawn")
    clock.now = start
    assert refused(record, OUTSIDE) == ["default.deny"]
    clock.now = again = start + timedelta(hours=2)
    consents(record, "given", until=clock.now.date())
    assert record.seen_by(OUTSIDE).timeline(ANNA)
    clock.now += timedelta(days=1)
    record.submit(PassResponsibility(case=BEN, to_team="team:wetherby"), by=BY)
    clock.now = again
    assert refused(record, OUTSIDE) == ["default.deny"]


def test_nobody_reads_their_own_family(record: Record) -> None:
    assert refused(record, replace(ALLOCATED, own=(ANNA,))) == ["forbid.own_family"]
    assert record.seen_by(replace(ALLOCATED, own=(BEN,))).timeline(ANNA)


def test_a_list_has_the_cases_that_may_be_read_and_records_each(record: Record) -> None:
    before = len(record.looked())
    rows = record.seen_by(ALLOCATED).view("case_status")
    assert [row["case"] for row in rows] == [ANNA]
    said = [(row["action"], row["subject"], row["result"]) for row in record.looked()[before:]]
    assert said == [("list", None, "permitted"), ("read", ANNA, "permitted")]
    assert len(record.seen_by(OFFICER).view("case_status")) == 2
    assert [row["case"] for row in record.seen_by(OUTSIDE).view("case_status")] == [ANNA]
    assert record.seen_by(STRANGER).view("case_status", team="team:armley").rows == []
    with pytest.raises(NotPermitted, match="may not list team:armley"):
        record.seen_by(replace(STRANGER, role="astrologer")).view("case_status", team="team:armley")


def test_numbers_that_name_no_child_are_judged_and_recorded_too(record: Record) -> None:
    seen = record.seen_by(STRANGER)
    assert (seen.caseload().rows, seen.tiers().rows) == (record.caseload().rows, record.tiers().rows)
    assert [row["action"] for row in record.looked()] == ["count", "count"]
    with pytest.raises(NotPermitted, match="may not count"):
        record.seen_by(OUTSIDE).tiers("team:armley")


def test_who_looked_says_who_when_why_and_by_which_rules(record: Record, clock) -> None:
    record.seen_by(OF_TEAM).timeline(ANNA)
    at = clock.now
    record.seen_by(ALLOCATED).timeline(ANNA)
    record.seen_by(OFFICER).timeline(BEN)
    first, second = record.looked(case=ANNA)
    assert second == {
        "at": second["at"],
        "practitioner": JO,
        "role": "health_visitor",
        "employer": LCH,
        "purpose": "direct_care",
        "subject": ANNA,
        "action": "read",
        "rings": list(RINGS),
        "result": "permitted",
        "rules": ["read.allocated"],
        "known": record.store.log.head(),
        "break_glass": None,
    }
    assert (first["practitioner"], first["rings"], first["rules"]) == (KIM, ["outside", "team"], ["read.team"])
    assert record.looked(case=ANNA, since=at).rows == [second]
    assert [row["subject"] for row in record.looked(since="2026-01-01")] == [ANNA, ANNA, BEN]
    assert record.looked(since="2026-01-02").rows == []
    assert record.looked(case=NOBODY).rows == []


def test_an_officer_who_asks_who_looked_is_recorded_and_others_may_not(record: Record) -> None:
    record.seen_by(ALLOCATED).timeline(ANNA)
    assert [row["action"] for row in record.seen_by(OFFICER).looked(case=ANNA)] == ["read", "audit"]
    with pytest.raises(NotPermitted):
        record.seen_by(ALLOCATED).looked(case=ANNA)


def test_what_the_library_does_not_do_itself_can_be_judged(record: Record) -> None:
    """An application that exports or erases asks first; a caller's own words are not kept."""
    subject_access = replace(OFFICER, purpose="subject_access")
    assert record.seen_by(subject_access).may("export", ANNA).permitted
    assert not record.seen_by(ALLOCATED).may("export", ANNA).permitted
    assert not record.seen_by(OFFICER).may("tell Mrs Smith").permitted
    assert [row["action"] for row in record.looked()] == ["export", "export", "unknown"]


class Failing:
    name = "failing 1"

    def decide(self, asked):
        raise ZeroDivisionError


def test_a_policy_that_fails_shows_nothing_and_is_recorded(record: Record) -> None:
    with pytest.raises(NotPermitted, match=r"policy\.failed \(failing 1\)"):
        record.seen_by(ALLOCATED, Failing()).timeline(ANNA)
    assert record.looked()[0]["rules"] == ["policy.failed"]


class Everything:
    name = "everything 1"

    def decide(self, asked):
        return Decision("permit", ("all",), self.name, RINGS)


def test_an_application_may_bring_its_own_policy(record: Record) -> None:
    assert record.seen_by(STRANGER, Everything()).timeline(BEN)
    assert record.looked()[0]["rules"] == ["all"]


class Outermost:
    name = "outermost 1"

    def decide(self, asked):
        return Decision("permit", ("all",), self.name, ("outside",))


def test_what_lies_further_in_than_a_policy_opens_is_refused(record: Record) -> None:
    """Also by one that says yes to it: how many rows there are, and what was disclosed, lies there too."""
    seen = record.seen_by(STRANGER, Outermost())
    for ask in (lambda: seen.view("package_status", case=ANNA), lambda: seen.disclosures(ANNA)):
        with pytest.raises(NotPermitted, match=r"ring\.out_of_reach \(outermost 1\)"):
            ask()
    assert seen.view("package_status").rows == []
    assert {row["type"] for row in seen.timeline(ANNA)} == {"CaseOpened", "PointOfContactNamed"}


@pytest.mark.parametrize("ask", ["timeline", "view", "list", "caseload", "tiers", "disclosures", "looked"])
def test_where_it_cannot_be_recorded_nothing_is_shown(record: Record, monkeypatch, ask: str) -> None:
    """The access log fails closed."""

    def full(entries, **_):
        raise StoreUnavailable("no room")

    reader = replace(OFFICER, purpose="audit")
    seen = record.seen_by(reader)
    monkeypatch.setattr(record.store.access, "append", full)
    asked = {
        "timeline": lambda: seen.timeline(ANNA),
        "view": lambda: seen.view("case_status", case=ANNA),
        "list": lambda: seen.view("case_status"),
        "caseload": seen.caseload,
        "tiers": seen.tiers,
        "disclosures": lambda: seen.disclosures(ANNA),
        "looked": seen.looked,
    }
    with pytest.raises(StoreUnavailable, match="no room"):
        asked[ask]()


def test_a_store_that_takes_no_writing_shows_a_reader_nothing(sqlite_url: str, lasting: Record) -> None:
    with Record.open(sqlite_url, create=False, read_only=True) as reading:
        assert reading.view("case_status", case=ANNA)
        with pytest.raises(StoreUnavailable, match="reading only"):
            reading.seen_by(ALLOCATED).view("case_status", case=ANNA)
        assert reading.looked().rows == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("practitioner", "jo", "reader.practitioner: expected practitioner:"),
        ("practitioner", None, "reader.practitioner: expected"),
        ("practitioner", "practitioner:unknown", "reader.practitioner: expected practitioner:"),
        ("role", "", "reader.role: expected a role"),
        ("employer", "lch", "reader.employer: expected org:"),
        ("purpose", "", "reader.purpose: expected a purpose"),
        ("purpose", "a\x00b", "reader.purpose: expected a purpose"),
        ("team", "armley", "reader.team: expected team:"),
        ("own", ["case:1"], "reader.own: expected a tuple"),
        ("own", ("anna",), "reader.own: expected case:"),
        ("break_glass", "glass", "reader.break_glass: expected glass:"),
    ],
)
def test_a_malformed_reader_is_one_sentence(field: str, value: object, said: str) -> None:
    record = Record.open("memory://")
    with pytest.raises(Invalid) as raised:
        record.seen_by(replace(ALLOCATED, **{field: value}))
    assert str(raised.value).startswith(said)


def test_a_wrong_question_is_one_sentence() -> None:
    record = Record.open("memory://")
    seen = record.seen_by(OFFICER)
    for ask in (
        lambda: record.seen_by("jo"),
        lambda: seen.view("weather"),
        lambda: seen.view("case_status", team="armley"),
        lambda: seen.timeline("anna"),
        lambda: seen.timeline(None),
        lambda: seen.disclosures("anna"),
        lambda: seen.may("read", "anna"),
        lambda: seen.may(None),
        lambda: seen.may(["read"]),
        lambda: record.looked(case="anna"),
        lambda: record.looked(since="yesterday"),
        lambda: record.looked(since=7),
    ):
        with pytest.raises(Invalid, match="expected"):
            ask()
    assert record.looked().rows == []


def moving(record: Record, monkeypatch, times: int) -> list[int]:
    """Lets something be recorded about Anna right after ties were read, so many times; returns the tries."""
    tried: list[int] = []

    def read(store, reader, case=None, views=()):
        found = ties_of(store, reader, case, views)
        tried.append(found.position)
        if len(tried) <= times:
            order = EndAllocation if len(tried) % 2 else AllocatePackage
            more = {"reason": "left"} if order is EndAllocation else {"team": "team:armley"}
            record.submit(order(package=PLAN, case=ANNA, practitioner=JO, **more), by=BY)
        return found

    monkeypatch.setattr(judging, "ties_of", read)
    return tried


def test_a_tie_that_ends_while_it_is_read_opens_nothing(record: Record, monkeypatch) -> None:
    """The look is recorded by the log as it is at that moment, or not at all."""
    tried = moving(record, monkeypatch, 1)
    with pytest.raises(NotPermitted):
        record.seen_by(ALLOCATED).timeline(ANNA)
    assert len(tried) == 2
    assert [row["result"] for row in record.looked()] == ["refused"]


def test_in_memory_no_tie_ends_between_its_check_and_the_look(clock, monkeypatch) -> None:
    """As under the lock of a database: another thread's entry waits until the look is kept."""
    with Record.open("memory://", clock=clock) as record:
        told(record)
        before = record.store.log.head()
        ending = Thread(
            target=lambda: record.submit(EndAllocation(package=PLAN, case=ANNA, practitioner=JO, reason="left"), by=BY)
        )
        kept = record.store.access._log
        append = kept.append

        def meanwhile(entries):
            ending.start()
            ending.join(0.2)
            assert record.store.log.head() == before
            return append(entries)

        monkeypatch.setattr(kept, "append", meanwhile)
        assert record.seen_by(ALLOCATED).may("read", ANNA).permitted
        ending.join()
        assert record.store.log.head() == before + 1


def test_a_list_is_judged_again_where_a_case_in_it_moved(record: Record, monkeypatch) -> None:
    tried = moving(record, monkeypatch, 1)
    assert record.seen_by(ALLOCATED).view("case_status").rows == []
    assert len(tried) == 2


def test_a_case_that_never_rests_is_a_conflict(record: Record, monkeypatch) -> None:
    tried = moving(record, monkeypatch, 9)
    with pytest.raises(Conflict, match="kept arriving: 3 tries were made"):
        record.seen_by(ALLOCATED).timeline(ANNA)
    assert (len(tried), [row["rings"] for row in record.looked()]) == (3, [[]])
