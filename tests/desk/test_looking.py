"""Who looked, and had they a reason: what the desk makes of an access log, row by row."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from earlystart_core import (
    AllocatePackage,
    Answer,
    CloseCase,
    EndAllocation,
    EndPackage,
    NamePointOfContact,
    NotPermitted,
    OpenCase,
    Practitioner,
    Reader,
    Record,
    RecordServiceAgreement,
    RecordSharingConsent,
    StartPackage,
)
from earlystart_core.command import Command
from earlystart_core.event import Event
from earlystart_core.words import EVENTS
from earlystart_core.words.allocation import PackageAllocated
from earlystart_core.words.package import PackageEnded
from earlystart_report import report_page

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Watched(Record):
    """A record whose access log is given: rows as `looked` has them."""

    rows: list[dict[str, Any]]

    def looked(self, case: str | None = None) -> Answer:
        return Answer([row for row in self.rows if case in (None, row["subject"])], self._moment())


def row(
    practitioner: str, subject: str | None, at: datetime, known: int = 4, employer: str = "org:lch", **more: Any
) -> dict[str, Any]:
    by = {"at": at, "practitioner": practitioner, "role": "health_visitor", "employer": employer, "purpose": "care"}
    done = {"action": "timeline", "rings": ["early_start"], "result": "permitted", "rules": ["r"], "break_glass": None}
    return {**by, "subject": subject, **done, "known": known, **more}


@pytest.fixture
def record() -> Watched:
    now = [START]
    made = Watched.open("memory://", clock=lambda: now[0])
    ada = Practitioner(made.new_id("practitioner"), role="health_visitor", employer="org:lch")
    bob, eve = made.new_id("practitioner"), made.new_id("practitioner")
    case, parent = made.new_id("case"), made.new_id("person")
    made.submit(OpenCase(case=case, family=made.new_id("family"), team="team:a", reason="birth"), by=ada)
    made.submit(NamePointOfContact(case=case, practitioner=bob), by=ada)
    consent = {
        "case": case,
        "person": parent,
        "capacity": "mother",
        "wording": "w",
        "recipient": "org:b",
        "purpose": "p",
    }
    made.submit(RecordSharingConsent(**consent, decision="given"), by=ada)
    now[0] += timedelta(days=1)
    made.submit(RecordSharingConsent(**consent, decision="withdrawn"), by=ada)
    later = START + timedelta(days=2)
    made.rows = [
        row(ada.practitioner, case, later),
        row(bob, case, later),
        row(eve, case, later, employer="org:b"),
        row(eve, case, later, employer="org:b", result="refused"),
        row(eve, None, later),
        row(bob, case, START - timedelta(days=1), known=0),
    ]
    return made


def test_each_reading_has_what_tied_the_reader_to_the_case_then(record: Watched) -> None:
    found = record.ask("looked")
    assert [(one["ties"], one["dealings"], one["reason"]) for one in found] == [
        ([], ["recorded"], False),  # that opens nothing
        (["point_of_contact"], [], True),
        ([], [], False),
        ([], [], False),
        ([], [], None),
        ([], [], False),  # before he was named
    ]


def test_a_reading_after_a_withdrawal_by_that_organisation_is_told(record: Watched) -> None:
    (read,) = record.ask("after_withdrawal")
    assert (read["what"], read["knew"], read["position"]) == ("read", True, None)
    assert read["practitioner"] == record.rows[2]["practitioner"]


def test_readings_are_cut_at_the_clocks_that_are_asked_for(record: Watched) -> None:
    assert len(record.ask("looked", effective=START)) == 1
    assert len(record.ask("looked", known=1)) == 1


def test_a_report_says_how_many_had_no_tie(record: Watched) -> None:
    page = report_page(record, record.rows[0]["subject"])
    said = page.split("Readings without a tie to the case")[1][:120]
    assert re.search(r'"bad">3 <span class="soft">of 4<', said), said  # the refused one was shown nothing
    assert '<span class="bad">nothing</span><br><span class="soft">had recorded something</span>' in page


def test_a_real_look_is_answered_for_and_the_policy_says_what_it_could_show() -> None:
    """The access log of a store, and question 1 with a role: as the policy would have shown it."""
    with Record.open("memory://") as record:
        ada = Practitioner(record.new_id("practitioner"), role="health_visitor", employer="org:lch")
        case = record.new_id("case")
        record.submit(OpenCase(case=case, family=record.new_id("family"), team="team:a", reason="birth"), by=ada)
        record.submit(NamePointOfContact(case=case, practitioner=ada.practitioner), by=ada)
        seen = record.seen_by(Reader(ada.practitioner, ada.role, ada.employer, "direct_care")).timeline(case)
        (look,) = record.ask("looked", case=case)
        assert (look["reason"], look["ties"], look["dealings"]) == (True, ["point_of_contact"], ["recorded"])
        at = record.store.log.head()
        about = {"case": case, "practitioner": ada.practitioner, "at": at}
        assert {one["allowed"] for one in record.ask("could_see", **about)} == {None}
        judged = record.ask("could_see", **about, role=ada.role, employer=ada.employer)
        assert [one["position"] for one in judged if one["allowed"]] == [one["position"] for one in seen]
        stranger = {**about, "practitioner": record.new_id("practitioner")}
        other = record.ask("could_see", **stranger, role=ada.role, employer=ada.employer)
        assert {one["allowed"] for one in other} == {False}


class Work:
    """A record in memory of one case and a package; Ada looks, and the officer asks of her looks."""

    def __init__(self) -> None:
        self.now = START
        self.record = Record.open("memory://", clock=lambda: self.now)
        new = self.record.new_id
        self.ada = Practitioner(new("practitioner"), role="health_visitor", employer="org:lch")
        self.case, self.package = new("case"), new("package")
        family, parent = new("family"), new("person")
        self.submit(OpenCase(case=self.case, family=family, team="team:a", reason="birth"))
        agreed = {"case": self.case, "person": parent, "capacity": "mother", "decision": "given"}
        self.submit(RecordServiceAgreement(**agreed))
        self.submit(StartPackage(package=self.package, case=self.case, pathway="sleep", duration="ongoing"))
        self.allocated = AllocatePackage(
            package=self.package, case=self.case, practitioner=self.ada.practitioner, team="team:a"
        )

    def submit(self, command: Command) -> None:
        self.now += timedelta(hours=1)
        self.record.submit(command, by=self.ada)

    def recorded(self, event: Event) -> None:
        """History as it came, whatever the rules."""
        store = self.record.store
        by = Practitioner("practitioner:import", role="feed", employer="org:council")
        entry = EVENTS.entry(event, by=by, command_id=None, keys=store.keys, chance=store.chance)
        store.log.append([entry])

    def look(self, **reader: Any) -> tuple[bool, dict[str, Any]]:
        """Whether Ada is shown the case, and the row of question 6 about it."""
        self.now += timedelta(hours=1)
        who = Reader(self.ada.practitioner, self.ada.role, self.ada.employer, "direct_care", **reader)
        try:
            self.record.seen_by(who).timeline(self.case)
            shown = True
        except NotPermitted:
            shown = False
        return shown, self.record.ask("looked", case=self.case)[-1]


def test_who_is_of_the_team_had_a_reason() -> None:
    shown, row = Work().look(team="team:a")
    assert (shown, row["ties"], row["reason"]) == (True, ["team"], True)


def test_a_package_that_has_ended_ties_nobody_whatever_is_recorded_of_it_later() -> None:
    work = Work()
    work.submit(work.allocated)
    assert work.look()[1]["ties"] == ["allocated"]
    ended = PackageEnded(occurred_at=work.now, package=work.package, case=work.case, outcome="completed")
    work.recorded(ended)
    after = {name: getattr(work.allocated, name) for name in ("package", "case", "practitioner", "team")}
    work.recorded(PackageAllocated(occurred_at=work.now + timedelta(minutes=1), **after))
    shown, row = work.look()
    assert (shown, row["ties"], row["dealings"], row["reason"]) == (False, [], ["recorded"], False)


def test_the_point_of_contact_of_a_closed_case_is_tied_to_it_no_longer() -> None:
    work = Work()
    work.submit(NamePointOfContact(case=work.case, practitioner=work.ada.practitioner))
    assert work.look()[1]["ties"] == ["point_of_contact"]
    work.submit(EndPackage(package=work.package, case=work.case, outcome="completed"))
    work.submit(CloseCase(case=work.case, reason="moved_out"))
    shown, row = work.look()
    assert (shown, row["ties"], row["reason"]) == (False, [], False)
    could = work.record.ask("could_see", case=work.case, practitioner=work.ada.practitioner, at=work.now.isoformat())
    assert {tuple(one["ties"]) for one in could} == {()}


def test_a_look_is_answered_for_by_what_was_known_then() -> None:
    """Who was allocated is told only afterwards, and who no longer is; neither changes what tied them then."""
    work = Work()
    work.submit(work.allocated)
    early = work.now
    assert work.look()[0]
    work.submit(EndAllocation(package=work.package, case=work.case, practitioner=work.ada.practitioner, reason="left",
                              occurred_at=early))  # fmt: skip
    assert not work.look()[0]
    rows = work.record.ask("looked")
    assert [row["ties"] for row in rows] == [["allocated"], []]


def test_question_one_goes_by_the_same_ties() -> None:
    work = Work()
    about = {"case": work.case, "practitioner": work.ada.practitioner, "at": work.now.isoformat()}
    assert work.record.ask("could_see", **about)[0]["ties"] == []
    assert work.record.ask("could_see", **about, team="team:a")[0]["ties"] == ["team"]
    assert work.record.ask("could_see", **about, team="team:b")[0]["ties"] == []
    outside = {**about, "role": "nursery_worker", "employer": "org:b", "purpose": "p"}
    person = work.record.new_id("person")
    consent = {"case": work.case, "person": person, "capacity": "mother", "wording": "w", "decision": "given"}
    work.submit(RecordSharingConsent(**consent, recipient="org:b", purpose="p", until=START.date()))
    outside["at"] = work.now.isoformat()
    (row, *_) = work.record.ask("could_see", **outside)
    assert (row["ties"], row["allowed"]) == (["consented"], True)
    work.now += timedelta(days=1)
    outside["at"] = work.now.isoformat()
    (row, *_) = work.record.ask("could_see", **outside)
    assert (row["ties"], row["allowed"]) == ([], False)


def test_consent_that_had_run_out_is_none_in_the_answer_either_when_the_clock_is_set_back() -> None:
    work = Work()
    about = {"case": work.case, "recipient": "org:b", "purpose": "p", "wording": "w"}
    person = work.record.new_id("person")
    work.submit(RecordSharingConsent(**about, person=person, capacity="mother", decision="given", until=START.date()))
    nursery = Reader(work.record.new_id("practitioner"), "nursery_worker", "org:b", "p")
    work.record.seen_by(nursery).timeline(work.case)
    early = work.now
    work.now += timedelta(days=2)
    work.submit(NamePointOfContact(case=work.case, practitioner=work.ada.practitioner))
    work.now = early
    with pytest.raises(NotPermitted):
        work.record.seen_by(nursery).timeline(work.case)
    assert [row["ties"] for row in work.record.ask("looked")] == [["consented"], []]
