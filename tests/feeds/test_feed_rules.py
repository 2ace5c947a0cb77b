"""Section 4 of the contract, sentence by sentence: what a row is refused for, and what it becomes."""

from pathlib import Path
from typing import Any

import pytest
from base_feed import add, base, written
from feed_kit import Store, entries, take
from naive_feed import COLUMNS

from earlystart_feeds import Report

CASES, MOVES, TIERS, REQUESTS = "cases.csv", "moves.csv", "tiers.csv", "requests.csv"
PACKAGES, CONSENTS, LINKS, TEAMS = "packages.csv", "consents.csv", "links.csv", "teams.csv"
MPI, REFERRAL, SERVICE = "CYP001MPI.csv", "CYP101Referral.csv", "CYP102ServiceTypeReferredTo.csv"
CONTACT, ACTIVITY = "CYP201CareContact.csv", "CYP202CareActivity.csv"


class Given:
    """A base feed to change, and what an import of it into an empty store comes to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.feed = base()
        self.store = Store()

    def set(self, file: str, **fields: str) -> None:
        self.feed[file][0].update(fields)

    def add(self, file: str, **fields: str) -> None:
        add(self.feed, file, **fields)

    def take(self) -> Report:
        return take(self.store, written(self.folder / "feed", self.feed))

    def refused(self) -> list[tuple[str, int, str, str]]:
        return [(each.file, each.line, each.field, each.reason) for each in self.take().refused]

    def data(self, type: str) -> list[dict[str, Any]]:
        return [each["data"] for each in entries(self.store) if each["type"] == type]

    def instants(self, type: str) -> list[str]:
        return [each["occurred_at"] for each in entries(self.store) if each["type"] == type]


@pytest.fixture
def given(tmp_path: Path) -> Given:
    return Given(tmp_path)


def test_the_base_feed_is_whole(given: Given) -> None:
    report = given.take()
    assert report.refused == []
    assert report.total.accepted == 14
    assert [each["type"] for each in entries(given.store)] == [
        "CaseOpened",
        "ChildBorn",
        "CaseClosed",
        "ResponsibilityPassed",
        "TierDecided",
        "SupportRequested",
        "MeetingHeld",
        "RequestDecided",
        "PackageStarted",
        "PackageAllocated",
        "PackageEnded",
        "AllocationEnded",
        "SharingConsentRecorded",
        "ContactRecorded",
    ]


# --- more fields than the header ----------------------------------------------------------------------------------


def with_comma(given: Given, file: str, times: int = 1) -> None:
    """A comma that nobody quoted, in the file's first row."""
    folder = written(given.folder / "feed", given.feed)
    header, row, *rest = (folder / file).read_text().splitlines()
    (folder / file).write_text("\n".join([header, row + ", and more" * times, *rest]) + "\n")


@pytest.mark.parametrize("file", sorted(COLUMNS))
@pytest.mark.parametrize("times", [1, 30])
def test_surplus_fields(given: Given, file: str, times: int) -> None:
    with_comma(given, file, times)
    report = take(given.store, given.folder / "feed")
    first = report.refused[0]
    assert (first.file, first.line, first.field, first.reason) == (file, 2, COLUMNS[file][-1], "surplus_fields")
    assert report.files[file].refused == 1


def test_what_stands_behind_a_comma_is_not_lost_unseen(given: Given) -> None:
    given.set(MOVES, reason="Moved house")
    with_comma(given, MOVES)
    assert [each.reason for each in take(given.store, given.folder / "feed").refused] == ["surplus_fields"]
    assert given.data("ResponsibilityPassed") == []


def test_surplus_fields_come_before_any_other_fault(given: Given) -> None:
    given.set(CASES, opened_on="soon", team="")
    with_comma(given, CASES)
    refusal = take(given.store, given.folder / "feed").refused[0]
    assert (refusal.field, refusal.reason) == ("close_reason", "surplus_fields")
    assert refusal.fields == ("close_reason", "team", "opened_on")


@pytest.mark.parametrize("file", sorted(COLUMNS))
def test_a_row_that_is_known_is_refused_all_the_same(given: Given, file: str) -> None:
    """Nobody knows whether it says the same."""
    given.take()
    with_comma(given, file)
    report = take(given.store, given.folder / "feed")
    assert [(each.file, each.line, each.reason) for each in report.refused] == [(file, 2, "surplus_fields")]
    assert report.total.accepted == 0


REQUIRED = [
    (TEAMS, "cluster"),
    (TEAMS, "name"),
    (CASES, "family_ref"),
    (CASES, "team"),
    (CASES, "opened_on"),
    (CASES, "close_reason"),  # with closed_on
    (MOVES, "from_team"),
    (MOVES, "to_team"),
    (MOVES, "moved_on"),
    (TIERS, "tier"),
    (TIERS, "decided_on"),
    (REQUESTS, "request_ref"),
    (REQUESTS, "source"),
    (REQUESTS, "needs"),
    (REQUESTS, "received_on"),
    (REQUESTS, "decided_on"),  # with outcome
    (REQUESTS, "team"),
    (REQUESTS, "meeting_on"),  # with outcome
    (PACKAGES, "pathway"),
    (PACKAGES, "duration"),
    (PACKAGES, "started_on"),
    (PACKAGES, "practitioner"),
    (PACKAGES, "outcome"),  # with ended_on
    (CONSENTS, "person_ref"),
    (CONSENTS, "recipient"),
    (CONSENTS, "purpose"),
    (CONSENTS, "decision"),
    (CONSENTS, "decided_on"),
    (LINKS, "child_ref"),
    (MPI, "NHSNumber"),
    (MPI, "DateOfBirth"),
    (REFERRAL, "LocalPatientID"),
    (REFERRAL, "ReferralRequest_ReceivedDate"),
    (REFERRAL, "SourceOfReferral"),
    (SERVICE, "TeamID_Local"),
    (CONTACT, "ServiceRequestID"),
    (CONTACT, "TeamID_Local"),
    (CONTACT, "Contact_Date"),
    (CONTACT, "ConsMechanism"),
    (CONTACT, "Activity_LocationType"),
    (CONTACT, "AttendanceStatus"),
    (ACTIVITY, "CareContactID"),
    (ACTIVITY, "Activity_Type"),
    (ACTIVITY, "CareProfessionalID_Local"),
]


@pytest.mark.parametrize(("file", "field"), REQUIRED)
def test_a_required_field_is_empty(given: Given, file: str, field: str) -> None:
    given.set(file, **{field: ""})
    assert given.refused()[0] == (file, 2, field, "empty")


OPTIONAL = [
    (CASES, {"born_on": ""}),
    (CASES, {"closed_on": "", "close_reason": ""}),
    (CASES, {"closed_on": ""}),  # a reason without a day says nothing
    (MOVES, {"reason": ""}),
    (TIERS, {"reason": ""}),
    (REQUESTS, {"outcome": "", "decided_on": "", "meeting_on": ""}),
    (REQUESTS, {"outcome": ""}),
    (PACKAGES, {"request_ref": ""}),
    (PACKAGES, {"planned_end_on": ""}),
    (PACKAGES, {"ended_on": "", "outcome": ""}),
    (PACKAGES, {"ended_on": ""}),
    (CONSENTS, {"until": ""}),
    (REFERRAL, {"PrimaryReferralReason": ""}),
    (REFERRAL, {"Discharge_Date": ""}),
    (CONTACT, {"Contact_Time": ""}),
    (CONTACT, {"CareContact_Duration": ""}),
]


@pytest.mark.parametrize(("file", "fields"), OPTIONAL)
def test_an_optional_field_is_empty(given: Given, file: str, fields: dict[str, str]) -> None:
    given.set(file, **fields)
    assert given.refused() == []


@pytest.mark.parametrize(
    "text",
    [
        "2021-02-29",
        "2021-13-01",
        "20210301",
        "2021-W09-1",
        "2021-3-1",
        "01/03/2021",
        "2021-03-01 00:00:00",
        " 2021-03-01",
    ]
    + ["\uff12\uff10\uff12\uff11-03-01", "0000-01-01", "1899-12-31", "2201-01-01", "today"],
)
def test_a_date_that_is_not_one(given: Given, text: str) -> None:
    given.set(CASES, opened_on=text)
    assert given.refused()[0] == (CASES, 2, "opened_on", "not_a_date")


@pytest.mark.parametrize("text", ["9:30:00", "09:30", "24:00:00", "09:60:00", "09:30:60", "0930", "09:30:00Z", "noon"])
def test_a_time_that_is_not_one(given: Given, text: str) -> None:
    given.set(CONTACT, Contact_Time=text)
    assert given.refused()[0] == (CONTACT, 2, "Contact_Time", "not_a_time")


@pytest.mark.parametrize(
    ("day", "time", "instant"),
    [
        ("2022-03-27", "00:59:59", "2022-03-27T00:59:59Z"),
        ("2022-03-27", "01:00:00", None),
        ("2022-03-27", "01:59:59", None),
        ("2022-03-27", "02:00:00", "2022-03-27T01:00:00Z"),
        ("2021-10-31", "01:30:00", "2021-10-31T00:30:00Z"),  # the first of the two
        ("2021-10-31", "02:00:00", "2021-10-31T02:00:00Z"),
        ("2021-07-01", "", "2021-06-30T23:00:00Z"),
    ],
)
def test_london_time(given: Given, day: str, time: str, instant: str | None) -> None:
    given.set(CONTACT, Contact_Date=day, Contact_Time=time)
    refused = given.refused()
    assert refused[:1] == ([] if instant else [(CONTACT, 2, "Contact_Time", "not_a_time")])
    assert given.instants("ContactRecorded") == ([instant] if instant else [])


def test_a_day_happens_at_midnight_in_london(given: Given) -> None:
    given.take()
    assert given.instants("CaseOpened") == ["2021-03-01T00:00:00Z"]
    assert given.instants("TierDecided") == ["2021-06-30T23:00:00Z"]


@pytest.mark.parametrize(
    ("file", "field", "text"),
    [
        (CASES, "close_reason", "Moved_Out"),
        (TIERS, "tier", "community"),
        (REQUESTS, "needs", "maths"),
        (REQUESTS, "needs", "sleep;"),
        (REQUESTS, "needs", "sleep; parenting"),
        (REQUESTS, "outcome", "pending"),
        (PACKAGES, "pathway", "maths"),
        (PACKAGES, "duration", "open_ended"),
        (PACKAGES, "outcome", "finished"),
        (CONSENTS, "decision", "yes"),
        (CONSENTS, "recipient", "leeds-gp"),
        (CONSENTS, "recipient", "org:Leeds GP"),
        (REFERRAL, "SourceOfReferral", "24"),
        (REFERRAL, "PrimaryReferralReason", "046"),
        (CONTACT, "ConsMechanism", "03"),  # of v1.5 only
        (CONTACT, "ConsMechanism", "1"),
        (CONTACT, "Activity_LocationType", "A02"),
        (CONTACT, "AttendanceStatus", "0"),
        (CONTACT, "AttendanceStatus", "05"),
        (ACTIVITY, "Activity_Type", "13"),
        (ACTIVITY, "Activity_Type", "8"),
    ],
)
def test_a_code_that_is_not_known(given: Given, file: str, field: str, text: str) -> None:
    given.set(file, **{field: text})
    assert given.refused()[0] == (file, 2, field, "unknown_code")


@pytest.mark.parametrize(
    ("file", "field"),
    [(CASES, "team"), (MOVES, "from_team"), (MOVES, "to_team"), (REQUESTS, "team")]
    + [(SERVICE, "TeamID_Local"), (CONTACT, "TeamID_Local")],
)
@pytest.mark.parametrize("text", ["headingley", "Armley", "team:armley"])
def test_a_team_that_is_not_known(given: Given, file: str, field: str, text: str) -> None:
    given.set(file, **{field: text})
    assert given.refused()[0] == (file, 2, field, "unknown_team")


def test_a_team_that_is_no_slug(given: Given) -> None:
    given.add(TEAMS, team="Head ingley")
    assert given.refused() == [(TEAMS, 4, "team", "unknown_team")]


@pytest.mark.parametrize("text", ["9434765918", "3999999998", "0000000000", "1111111111", "9999999999", "943476591"])
@pytest.mark.parametrize("spaced", [False, True])
def test_an_nhs_number_that_fails_its_check(given: Given, text: str, spaced: bool) -> None:
    given.set(MPI, NHSNumber=f"{text[:3]} {text[3:6]} {text[6:]}" if spaced else text)
    assert given.refused() == [(MPI, 2, "NHSNumber", "nhs_number_check")]


@pytest.mark.parametrize(
    "text",
    [
        "4000000080",
        "99900000010",
        "\uff19\uff19\uff19\uff10\uff10\uff10\uff10\uff10\uff11\uff18",
        "999000001\t8",
        "   ",
        "999-000-0018",
    ],
)
def test_an_nhs_number_that_is_none(given: Given, text: str) -> None:
    given.set(MPI, NHSNumber=text)
    assert given.refused() == [(MPI, 2, "NHSNumber", "nhs_number_check")]


@pytest.mark.parametrize(
    "text", ["9434765919", "943 476 5919", "1234567881", " 9 9 9 0 0 0 0 0 1 8 ", "9990000050", "4010232137"]
)
def test_an_nhs_number_that_passes(given: Given, text: str) -> None:
    given.set(MPI, NHSNumber=text)
    assert given.refused() == []


WITH_ID = [
    (TEAMS, "team", {"name": "Another"}),
    (CASES, "child_ref", {"family_ref": "F2"}),
    (REQUESTS, "request_ref", {"source": "self"}),
    (PACKAGES, "package_ref", {"practitioner": "PR2"}),
    (LINKS, "LocalPatientID", {"child_ref": "C2"}),
    (MPI, "LocalPatientID", {"NHSNumber": "9990000026"}),
    (REFERRAL, "ServiceRequestID", {"SourceOfReferral": "01"}),
    (SERVICE, "ServiceRequestID", {"TeamID_Local": "beeston"}),
    (CONTACT, "CareContactID", {"AttendanceStatus": "6"}),
    (ACTIVITY, "CareActivityID", {"Activity_Type": "01"}),
]


@pytest.mark.parametrize(("file", "key", "fields"), WITH_ID)
def test_the_same_key_with_other_content(given: Given, file: str, key: str, fields: dict[str, str]) -> None:
    if file == LINKS:
        given.add(CASES, child_ref="C2")
    given.add(file, **fields)
    line = len(given.feed[file]) + 1
    assert given.refused() == [(file, line, key, "same_key_other_content")]


@pytest.mark.parametrize("file", list(base()))
def test_the_same_row_again_is_known(given: Given, file: str) -> None:
    given.add(file)
    report = given.take()
    assert (report.total.accepted, report.total.already_known, report.refused) == (14, 1, [])


@pytest.mark.parametrize(
    ("file", "fields"), [(MOVES, {"reason": ""}), (TIERS, {"reason": "moved"}), (CONSENTS, {"until": ""})]
)
def test_without_an_id_the_whole_row_is_the_id(given: Given, file: str, fields: dict[str, str]) -> None:
    given.add(file, **fields)
    report = given.take()
    assert (report.total.accepted, report.refused) == (15, [])


def test_a_refused_row_does_not_hold_its_key(given: Given) -> None:
    given.feed[CASES].insert(0, {**given.feed[CASES][0], "team": "headingley"})
    assert given.refused() == [(CASES, 2, "team", "unknown_team")]


def test_the_systems_have_keys_of_their_own(given: Given) -> None:
    """One local id in a file of each system is no clash, and neither is one in two files."""
    given.set(REQUESTS, request_ref="C1")
    given.set(PACKAGES, package_ref="C1", request_ref="C1")
    given.set(CONTACT, CareContactID="A1")
    given.set(ACTIVITY, CareContactID="A1")
    assert given.refused() == []


@pytest.mark.parametrize(
    ("file", "field", "reason"),
    [(file, "child_ref", "refers_to_not_accepted") for file in (MOVES, TIERS, REQUESTS, PACKAGES, CONSENTS, LINKS)]
    + [(PACKAGES, "request_ref", "refers_to_not_accepted")]
    + [(MPI, "LocalPatientID", "no_link"), (REFERRAL, "LocalPatientID", "no_link")]
    + [(SERVICE, "ServiceRequestID", "refers_to_not_accepted")]
    + [(CONTACT, "ServiceRequestID", "refers_to_not_accepted")]
    + [(ACTIVITY, "CareContactID", "refers_to_not_accepted")],
)
def test_it_refers_to_what_was_not_accepted(given: Given, file: str, field: str, reason: str) -> None:
    given.set(file, **{field: "nothing"})
    assert given.refused()[0] == (file, 2, field, reason)


def test_refusing_a_row_refuses_what_depends_on_it(given: Given) -> None:
    given.set(CASES, opened_on="soon")
    assert [(file, field) for file, _, field, _ in given.refused()] == [
        (CASES, "opened_on"),
        (MOVES, "child_ref"),
        (TIERS, "child_ref"),
        (REQUESTS, "child_ref"),
        (PACKAGES, "child_ref"),
        (CONSENTS, "child_ref"),
        (LINKS, "child_ref"),
        (MPI, "LocalPatientID"),
        (REFERRAL, "LocalPatientID"),
        (SERVICE, "ServiceRequestID"),
        (CONTACT, "ServiceRequestID"),
        (ACTIVITY, "CareContactID"),
    ]
    assert entries(given.store) == []


def test_a_referral_needs_no_person(given: Given) -> None:
    given.feed[MPI] = []
    assert given.refused() == []


@pytest.mark.parametrize(
    ("file", "end", "start"),
    [
        (CASES, "closed_on", "opened_on"),
        (PACKAGES, "ended_on", "started_on"),
        (PACKAGES, "planned_end_on", "started_on"),
    ]
    + [(CONSENTS, "until", "decided_on"), (REFERRAL, "Discharge_Date", "ReferralRequest_ReceivedDate")],
)
def test_an_end_before_its_start(given: Given, file: str, end: str, start: str) -> None:
    given.set(file, **{start: "2021-08-10", end: "2021-08-09"})
    assert given.refused()[0] == (file, 2, end, "end_before_start")


def test_the_same_day_is_not_before(given: Given) -> None:
    given.set(CASES, closed_on="2021-03-01")
    given.set(PACKAGES, planned_end_on="2021-08-09", ended_on="2021-08-09")
    given.set(CONSENTS, until="2021-07-02")
    given.set(REFERRAL, Discharge_Date="2021-03-02")
    assert given.refused() == []


def test_a_request_may_be_decided_before_it_was_received(given: Given) -> None:
    given.set(REQUESTS, decided_on="2021-07-01", meeting_on="2021-07-01")
    report = given.take()
    assert report.refused == []
    assert [each.code for each in report.invariants] == ["request.decided_before_received"]


def test_a_contact_before_the_birth(given: Given) -> None:
    given.set(CONTACT, Contact_Date="2021-06-14")
    assert given.refused() == [
        (CONTACT, 2, "Contact_Date", "before_birth"),
        (ACTIVITY, 2, "CareContactID", "refers_to_not_accepted"),
    ]


@pytest.mark.parametrize("kind", ["01", "07", "97"])
def test_another_contact_may_lie_before_the_birth(given: Given, kind: str) -> None:
    given.set(CONTACT, Contact_Date="2021-06-14")
    given.set(ACTIVITY, Activity_Type=kind)
    assert given.refused() == []
    assert [each["kind"] for each in given.data("ContactRecorded")] == ["other"]


def test_a_contact_on_the_birth_day_or_of_a_child_not_born_is_fine(given: Given) -> None:
    given.set(CONTACT, Contact_Date="2021-06-15", Contact_Time="00:00:00")
    assert given.refused() == []


def test_without_a_birth_date_nothing_is_before_it(given: Given) -> None:
    given.set(CASES, born_on="")
    given.set(CONTACT, Contact_Date="2021-03-02")
    assert given.refused() == []


def test_a_contact_whose_only_activity_is_faulty_is_other_and_stands(given: Given) -> None:
    given.set(CONTACT, Contact_Date="2021-06-14")
    given.set(ACTIVITY, Activity_Type="13")
    assert given.refused() == [(ACTIVITY, 2, "Activity_Type", "unknown_code")]
    assert given.data("ContactRecorded")[0]["practitioners"] == ["practitioner:unknown"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [("08", "new_birth_visit"), ("09", "six_to_eight_week"), ("10", "one_year"), ("11", "two_year")]
    + [("12", "handover_to_school_nursing"), ("02", "other"), ("97", "other")],
)
def test_the_kind_of_a_contact(given: Given, code: str, kind: str) -> None:
    given.set(ACTIVITY, Activity_Type=code)
    given.take()
    assert given.data("ContactRecorded")[0]["kind"] == kind


def test_the_first_activity_by_id_as_text_gives_the_kind(given: Given) -> None:
    given.set(ACTIVITY, CareActivityID="A9", Activity_Type="08")
    given.add(ACTIVITY, CareActivityID="A10", Activity_Type="09", CareProfessionalID_Local="HV2")
    given.add(ACTIVITY, CareActivityID="A95", Activity_Type="10")
    given.take()
    (contact,) = given.data("ContactRecorded")
    assert contact["kind"] == "six_to_eight_week"
    assert len(contact["practitioners"]) == 2  # A10's, then A9's, who also did A95


def test_an_activity_refused_with_its_contact_leaves_its_id_free(given: Given) -> None:
    given.set(CONTACT, Contact_Date="2021-06-14")  # before the birth, as A1 makes it a new birth visit
    given.add(CONTACT, CareContactID="CC2", Contact_Date="2021-06-20")
    given.add(ACTIVITY, CareContactID="CC2", Activity_Type="09")
    assert given.refused() == [
        (CONTACT, 2, "Contact_Date", "before_birth"),
        (ACTIVITY, 2, "CareContactID", "refers_to_not_accepted"),
    ]
    assert [each["kind"] for each in given.data("ContactRecorded")] == ["six_to_eight_week"]


def test_an_activity_whose_id_another_holds_does_not_give_the_kind(given: Given) -> None:
    given.add(CONTACT, CareContactID="CC2", Contact_Date="2021-06-14")
    given.add(ACTIVITY, CareContactID="CC2")
    assert given.refused() == [(ACTIVITY, 3, "CareActivityID", "same_key_other_content")]
    assert [each["kind"] for each in given.data("ContactRecorded")] == ["new_birth_visit", "other"]


ORDERED = [  # of several faults the first of the sentence, then of the columns
    (CASES, {"family_ref": "", "opened_on": "soon", "team": "nowhere"}, "family_ref", "empty"),
    (CASES, {"team": "", "close_reason": ""}, "team", "empty"),
    (CASES, {"opened_on": "soon", "team": "nowhere"}, "opened_on", "not_a_date"),
    (CASES, {"opened_on": "soon", "born_on": "late"}, "opened_on", "not_a_date"),
    (CASES, {"team": "nowhere", "close_reason": "lost"}, "team", "unknown_team"),
    (CASES, {"close_reason": "lost", "closed_on": "2021-02-01"}, "close_reason", "unknown_code"),
    (REQUESTS, {"needs": "maths", "team": "nowhere"}, "needs", "unknown_code"),
    (REQUESTS, {"child_ref": "C9", "needs": "maths"}, "needs", "unknown_code"),
    (PACKAGES, {"child_ref": "C9", "request_ref": "Q9"}, "child_ref", "refers_to_not_accepted"),
    (PACKAGES, {"request_ref": "Q9", "ended_on": "2021-01-01"}, "request_ref", "refers_to_not_accepted"),
    (PACKAGES, {"planned_end_on": "2021-01-01", "ended_on": "2021-01-01"}, "planned_end_on", "end_before_start"),
    (MPI, {"LocalPatientID": "L9", "NHSNumber": "1"}, "NHSNumber", "nhs_number_check"),
    (MPI, {"NHSNumber": "1", "DateOfBirth": "soon"}, "DateOfBirth", "not_a_date"),
    (CONTACT, {"Contact_Date": "soon", "Contact_Time": "noon"}, "Contact_Date", "not_a_date"),
    (CONTACT, {"Contact_Time": "noon", "TeamID_Local": "nowhere"}, "Contact_Time", "not_a_time"),
    (CONTACT, {"TeamID_Local": "nowhere", "ConsMechanism": "3"}, "TeamID_Local", "unknown_team"),
    (CONTACT, {"ServiceRequestID": "SR9", "Contact_Date": "2021-06-01"}, "ServiceRequestID", "refers_to_not_accepted"),
]


@pytest.mark.parametrize(("file", "fields", "field", "reason"), ORDERED)
def test_of_several_faults_the_first_is_named(
    given: Given, file: str, fields: dict[str, str], field: str, reason: str
) -> None:
    given.set(file, **fields)
    refusal = given.take().refused[0]
    assert (refusal.file, refusal.field, refusal.reason) == (file, field, reason)
    assert refusal.fields == (field, *refusal.fields[1:])


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"NHSNumber": "1"}, "NHSNumber", "nhs_number_check"),
        ({"NHSNumber": "9990000026"}, "LocalPatientID", "same_key_other_content"),
    ],
)
def test_a_key_comes_after_the_nhs_number(given: Given, fields: dict[str, str], field: str, reason: str) -> None:
    given.add(MPI, **fields)
    assert given.refused() == [(MPI, 3, field, reason)]


def test_a_key_comes_before_a_reference_and_an_end(given: Given) -> None:
    given.add(PACKAGES, child_ref="C9", ended_on="2021-01-01")
    (refusal,) = given.take().refused
    assert (refusal.field, refusal.reason) == ("package_ref", "same_key_other_content")
    assert refusal.fields == ("package_ref", "child_ref", "ended_on")


# --- what rows become ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("born_on", "reason", "on_opening", "born_later"),
    [("2021-03-01", "birth", "2021-03-01", 0), ("2020-12-24", "birth", "2020-12-24", 0)]
    + [("2021-03-02", "pregnancy", None, 1), ("", "pregnancy", None, 0)],
)
def test_why_a_case_was_opened(
    given: Given, born_on: str, reason: str, on_opening: str | None, born_later: int
) -> None:
    given.set(CASES, born_on=born_on)
    given.feed[CONTACT] = []
    given.take()
    (opened,) = given.data("CaseOpened")
    assert (opened["reason"], opened["born_on"], opened["due_on"]) == (reason, on_opening, None)
    assert [each["born_on"] for each in given.data("ChildBorn")] == [born_on] * born_later


@pytest.mark.parametrize(
    ("opened_on", "started_on", "team"),
    [
        ("2021-03-01", "2022-01-31", "team:armley"),
        ("2021-03-01", "2022-02-01", "team:beeston"),
        ("2021-03-01", "2022-02-02", "team:beeston"),
        ("2022-03-01", "2022-02-20", "team:armley"),  # the case was opened later than the package started
        ("2022-03-01", "2022-03-02", "team:armley"),  # and later than the move
    ],
)
def test_the_team_that_a_package_is_allocated_by(given: Given, opened_on: str, started_on: str, team: str) -> None:
    given.set(CASES, opened_on=opened_on, closed_on="", close_reason="")
    given.set(PACKAGES, started_on=started_on, planned_end_on="", ended_on="", outcome="")
    given.take()
    assert given.data("PackageAllocated")[0]["team"] == team


def test_of_two_moves_on_a_day_the_later_line_counts(given: Given) -> None:
    given.add(TEAMS, team="seacroft")
    given.add(MOVES, from_team="beeston", to_team="seacroft")
    given.add(MOVES, from_team="armley", to_team="armley", moved_on="2021-12-24")
    given.set(PACKAGES, started_on="2022-02-01", planned_end_on="", ended_on="", outcome="")
    given.take()
    assert given.data("PackageAllocated")[0]["team"] == "team:seacroft"


def test_a_meeting_is_held_once_a_team_and_date(given: Given) -> None:
    given.add(REQUESTS, request_ref="Q2", outcome="deferred", decided_on="2021-08-09")
    given.add(REQUESTS, request_ref="Q3", team="beeston")
    given.add(REQUESTS, request_ref="Q4", meeting_on="2021-08-11")
    given.add(REQUESTS, request_ref="Q5", meeting_on="2021-08-18", outcome="", decided_on="")
    given.take()
    meetings = [each["meeting"] for each in given.data("RequestDecided")]
    assert [meetings.index(each) for each in meetings] == [0, 0, 2, 3]
    assert [(each["team"], each["held_on"], each["attendees"]) for each in given.data("MeetingHeld")] == [
        ("team:armley", "2021-08-04", []),
        ("team:beeston", "2021-08-04", []),
        ("team:armley", "2021-08-11", []),
    ]


@pytest.mark.parametrize(("outcome", "reason"), [("completed", "completed"), ("moved", "other"), ("died", "other")])
def test_an_ended_package_ends_its_allocation(given: Given, outcome: str, reason: str) -> None:
    given.set(PACKAGES, outcome=outcome)
    given.take()
    (package,), (allocation,) = given.data("PackageEnded"), given.data("AllocationEnded")
    assert (package["outcome"], allocation["reason"]) == (outcome, reason)
    assert allocation["practitioner"] == given.data("PackageAllocated")[0]["practitioner"]


def test_what_the_feed_does_not_carry(given: Given) -> None:
    given.take()
    (consent,) = given.data("SharingConsentRecorded")
    assert (consent["capacity"], consent["wording"]) == ("unrecorded", "unrecorded")
    assert given.data("SupportRequested")[0]["urgency"] == "routine"


def test_a_need_named_twice_is_one_need(given: Given) -> None:
    given.set(REQUESTS, needs="sleep;parenting;sleep")
    assert given.refused() == []
    assert given.data("SupportRequested")[0]["needs"] == ["sleep", "parenting"]


def test_one_person_and_one_practitioner_keep_their_ids_within_a_system(given: Given) -> None:
    given.add(CASES, child_ref="C2", family_ref="F1")
    given.add(CONSENTS, child_ref="C2")
    given.add(PACKAGES, package_ref="K2", child_ref="C2", practitioner="HV1", request_ref="")
    given.take()
    assert len({each["family"] for each in given.data("CaseOpened")}) == 1
    assert len({each["person"] for each in given.data("SharingConsentRecorded")}) == 1
    council = {each["practitioner"] for each in given.data("PackageAllocated")}
    assert len(council) == 2
    assert not council & set(given.data("ContactRecorded")[0]["practitioners"])


def test_a_source_id_is_in_no_id(given: Given) -> None:
    given.take()
    again = Given(given.folder)
    again.take()
    assert given.data("CaseOpened")[0]["case"] != again.data("CaseOpened")[0]["case"]


@pytest.mark.parametrize(("text", "minutes"), [("0", 0), ("1440", 1440), ("1441", None), ("-5", None), ("45.5", None)])
def test_the_length_of_a_contact(given: Given, text: str, minutes: int | None) -> None:
    given.set(CONTACT, CareContact_Duration=text)
    report = given.take()
    assert report.refused == []
    assert given.data("ContactRecorded")[0]["duration_min"] == minutes
    assert [each.code for each in report.notes] == ([] if minutes is not None else ["contact.no_length"])


def test_more_practitioners_than_a_contact_can_have(given: Given) -> None:
    for number in range(30):
        given.add(ACTIVITY, CareActivityID=f"A{number:03}", CareProfessionalID_Local=f"HV{number}")
    report = given.take()
    assert len(given.data("ContactRecorded")[0]["practitioners"]) == 20
    assert [each.code for each in report.notes] == ["contact.too_many"]
