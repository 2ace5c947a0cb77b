"""Tables: the files of a feed, column by column, as section 4 of the contract lists them.

Everything that is checked of a single row is declared here; `checking` reads it, in the contract's order of faults.
"""

from functools import cached_property
from typing import Any, get_args

import msgspec

from earlystart_core.types import (
    Attendance,
    CloseReason,
    Decision,
    Duration,
    Location,
    Mechanism,
    Need,
    PackageOutcome,
    RequestOutcome,
    Tier,
)

COUNCIL, LCH = "council", "lch"  # the two recording systems: council, and Leeds Community Healthcare

# National codes that only a feed holds (domain.md 3.3, NHS Data Dictionary).
REFERRAL_SOURCES = frozenset(f"{number:02}" for number in range(1, 24))
REFERRAL_REASONS = frozenset(["003", "025", "031", "032", "039", "045", "058", "060", "081", "082", "083"])
ACTIVITY_TYPES = frozenset([f"{number:02}" for number in range(1, 13)] + ["97"])


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column. At most one of `form`, `codes` and `refers` says what its text must be."""

    name: str
    required: bool = True
    with_: str | None = None  # required where that column is filled
    form: str | None = None  # day, time, nhs, team (a slug of teams.csv), slug, org, label
    codes: frozenset[str] | None = None
    several: bool = False  # codes separated by `;`
    refers: str | None = None  # to the id of an accepted row of that file
    not_before: str | None = None  # the column of its start


class Table(msgspec.Struct, frozen=True, dict=True):
    """One file. `whole`: it has no id column, the whole row is the id."""

    file: str
    columns: tuple[Column, ...]
    whole: bool = False

    @cached_property
    def at(self) -> dict[str, int]:
        """Where each column stands in a row."""
        return {column.name: index for index, column in enumerate(self.columns)}

    @property
    def system(self) -> str:
        """The recording system that a file of this name comes from."""
        return LCH if self.file.startswith("CYP") else COUNCIL

    @property
    def id(self) -> str:
        """The column that a row is known by, or that stands for the whole row."""
        return self.columns[0].name

    @cached_property
    def references(self) -> tuple[Column, ...]:
        """The columns that refer to other rows."""
        return tuple(column for column in self.columns if column.refers is not None)


def _text(name: str, *, required: bool = True, form: str | None = None) -> Column:
    return Column(name=name, required=required, form=form)


def _day(name: str, *, required: bool = True, not_before: str | None = None, with_: str | None = None) -> Column:
    return Column(name=name, required=required, form="day", not_before=not_before, with_=with_)


def _code(name: str, codes: Any, *, required: bool = True, with_: str | None = None, several: bool = False) -> Column:
    known = codes if isinstance(codes, frozenset) else frozenset(get_args(codes))
    return Column(name=name, required=required, codes=known, with_=with_, several=several)


def _ref(name: str, file: str, *, required: bool = True) -> Column:
    return Column(name=name, required=required, refers=file)


TEAMS = Table("teams.csv", (_text("team", form="slug"), _text("cluster"), _text("name")))
CASES = Table(
    "cases.csv",
    (
        _text("child_ref"),
        _text("family_ref"),
        _text("team", form="team"),
        _day("opened_on"),
        _day("born_on", required=False),
        _day("closed_on", required=False, not_before="opened_on"),
        _code("close_reason", CloseReason, required=False, with_="closed_on"),
    ),
)
_CHILD = _ref("child_ref", CASES.file)
MOVES = Table(
    "moves.csv",
    (
        _CHILD,
        _text("from_team", form="team"),
        _text("to_team", form="team"),
        _day("moved_on"),
        _text("reason", required=False),
    ),
    whole=True,
)
TIERS = Table(
    "tiers.csv",
    (_CHILD, _code("tier", Tier), _day("decided_on"), _text("reason", required=False)),
    whole=True,
)
REQUESTS = Table(
    "requests.csv",
    (
        _text("request_ref"),
        _CHILD,
        _text("source", form="label"),
        _code("needs", Need, several=True),
        _day("received_on"),
        _code("outcome", RequestOutcome, required=False),
        _day("decided_on", required=False, with_="outcome"),
        _text("team", form="team"),
        _day("meeting_on", required=False, with_="outcome"),
    ),
)
PACKAGES = Table(
    "packages.csv",
    (
        _text("package_ref"),
        _CHILD,
        _ref("request_ref", REQUESTS.file, required=False),
        _code("pathway", Need),
        _code("duration", Duration),
        _day("started_on"),
        _day("planned_end_on", required=False, not_before="started_on"),
        _text("practitioner"),
        _day("ended_on", required=False, not_before="started_on"),
        _code("outcome", PackageOutcome, required=False, with_="ended_on"),
    ),
)
CONSENTS = Table(
    "consents.csv",
    (
        _CHILD,
        _text("person_ref"),
        _text("recipient", form="org"),
        _text("purpose", form="label"),
        _code("decision", Decision),
        _day("decided_on"),
        _day("until", required=False, not_before="decided_on"),
    ),
    whole=True,
)
LINKS = Table("links.csv", (_text("LocalPatientID"), _CHILD))
PERSONS = Table(
    "CYP001MPI.csv",
    (_ref("LocalPatientID", LINKS.file), _text("NHSNumber", form="nhs"), _day("DateOfBirth")),
)
REFERRALS = Table(
    "CYP101Referral.csv",
    (
        _text("ServiceRequestID"),
        _ref("LocalPatientID", LINKS.file),
        _day("ReferralRequest_ReceivedDate"),
        _code("SourceOfReferral", REFERRAL_SOURCES),
        _code("PrimaryReferralReason", REFERRAL_REASONS, required=False),
        _day("Discharge_Date", required=False, not_before="ReferralRequest_ReceivedDate"),
    ),
)
SERVICES = Table(
    "CYP102ServiceTypeReferredTo.csv",
    (_ref("ServiceRequestID", REFERRALS.file), _text("TeamID_Local", form="team")),
)
CONTACTS = Table(
    "CYP201CareContact.csv",
    (
        _text("CareContactID"),
        _ref("ServiceRequestID", REFERRALS.file),
        _text("TeamID_Local", form="team"),
        _day("Contact_Date"),
        _text("Contact_Time", required=False, form="time"),
        _text("CareContact_Duration", required=False),
        _code("ConsMechanism", Mechanism),
        _code("Activity_LocationType", Location),
        _code("AttendanceStatus", Attendance),
    ),
)
ACTIVITIES = Table(
    "CYP202CareActivity.csv",
    (
        _text("CareActivityID"),
        _ref("CareContactID", CONTACTS.file),
        _code("Activity_Type", ACTIVITY_TYPES),
        _text("CareProfessionalID_Local"),
    ),
)

TABLES = (
    TEAMS,
    CASES,
    MOVES,
    TIERS,
    REQUESTS,
    PACKAGES,
    CONSENTS,
    LINKS,
    PERSONS,
    REFERRALS,
    SERVICES,
    CONTACTS,
    ACTIVITIES,
)
