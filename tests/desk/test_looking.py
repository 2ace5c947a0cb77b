"""Who looked, and had they a reason: what the desk makes of an access log, row by row."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from earlystart_core import Answer, NamePointOfContact, OpenCase, Practitioner, Record, RecordSharingConsent
from earlystart_report import report_page

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Watched(Record):
    """A record whose access log is given: rows as `looked` has them."""

    rows: list[dict[str, Any]]

    def looked(self, case: str | None = None) -> Answer:
        return Answer([row for row in self.rows if case in (None, row["subject"])], self._moment())


def row(practitioner: str, subject: str | None, at: datetime, employer: str = "org:lch", **more: Any) -> dict[str, Any]:
    by = {"at": at, "practitioner": practitioner, "role": "health_visitor", "employer": employer, "purpose": "care"}
    done = {"action": "timeline", "rings": ["early_start"], "result": "permitted", "rules": ["r"], "break_glass": None}
    return {**by, "subject": subject, **done, **more}


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
        row(bob, case, START - timedelta(days=1)),
    ]
    return made


def test_each_reading_has_what_tied_the_reader_to_the_case_then(record: Watched) -> None:
    found = record.ask("looked")
    assert [(one["ties"], one["reason"]) for one in found] == [
        (["recorded"], True),
        (["point_of_contact"], True),
        ([], False),
        ([], False),
        ([], None),
        ([], False),  # before he was named
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
    assert "3 <span class" in page.split("Readings without a tie to the case")[1][:120]
    assert '<span class="bad">nothing</span>' in page


def test_a_real_look_is_answered_for_and_the_policy_says_what_it_could_show() -> None:
    """The access log of a store, and question 1 with a role: as the policy would have shown it."""
    from earlystart_core.access.reader import Reader

    with Record.open("memory://") as record:
        ada = Practitioner(record.new_id("practitioner"), role="health_visitor", employer="org:lch")
        case = record.new_id("case")
        record.submit(OpenCase(case=case, family=record.new_id("family"), team="team:a", reason="birth"), by=ada)
        record.submit(NamePointOfContact(case=case, practitioner=ada.practitioner), by=ada)
        seen = record.seen_by(Reader(ada.practitioner, ada.role, ada.employer, "direct_care")).timeline(case)
        (look,) = record.ask("looked", case=case)
        assert (look["reason"], look["ties"]) == (True, ["point_of_contact", "recorded"])
        at = record.store.log.head()
        about = {"case": case, "practitioner": ada.practitioner, "at": at}
        assert {one["allowed"] for one in record.ask("could_see", **about)} == {None}
        judged = record.ask("could_see", **about, role=ada.role, employer=ada.employer)
        assert [one["position"] for one in judged if one["allowed"]] == [one["position"] for one in seen]
        stranger = {**about, "practitioner": record.new_id("practitioner")}
        other = record.ask("could_see", **stranger, role=ada.role, employer=ada.employer)
        assert {one["allowed"] for one in other} == {False}
