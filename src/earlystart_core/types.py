r"""Ids, codes, bounds and dates, each declared once and enforced by both msgspec (events) and pydantic (commands).

Words only combine these. `Meta` patterns end in `\Z` because msgspec searches and `$` would let a
trailing newline through; pydantic's Rust engine has no `\Z` but its `$` matches only at the very end.
"""

import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

from earlystart_core.utc import in_years, read_day, read_instant, to_utc

LONDON = ZoneInfo("Europe/London")

# --- ids: `kind:` and a ULID in Crockford base32, or a readable slug --------------------------------------------------

ULID = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"
SLUG = r"[a-z0-9]+(?:-[a-z0-9]+)*"


class Kind(msgspec.Struct, frozen=True):
    """Marks an annotated string as an id of one kind: how projections and tags recognise it."""

    name: str


def _id(kind: str, body: str) -> Any:
    return (
        Kind(kind),
        msgspec.Meta(pattern=rf"^{kind}:{body}\Z", max_length=100),
        StringConstraints(pattern=rf"^{kind}:{body}$", max_length=100),
    )


CaseId = Annotated[str, *_id("case", ULID)]
FamilyId = Annotated[str, *_id("family", ULID)]
PersonId = Annotated[str, *_id("person", ULID)]
RequestId = Annotated[str, *_id("request", ULID)]
PackageId = Annotated[str, *_id("package", ULID)]
ContactId = Annotated[str, *_id("contact", ULID)]
MeetingId = Annotated[str, *_id("meeting", ULID)]
AgreementId = Annotated[str, *_id("agreement", ULID)]
PractitionerId = Annotated[str, *_id("practitioner", rf"(?:{ULID}|unknown|import)")]
TeamId = Annotated[str, *_id("team", SLUG)]
CentreId = Annotated[str, *_id("centre", SLUG)]
ClusterId = Annotated[str, *_id("cluster", SLUG)]
OrgId = Annotated[str, *_id("org", SLUG)]
HoldId = Annotated[str, *_id("hold", SLUG)]

ULID_KINDS = ("case", "family", "person", "request", "package", "contact", "meeting", "agreement", "practitioner")
SLUG_EXAMPLES = {
    "team": "armley",
    "centre": "chapel-allerton",
    "cluster": "inner-west",
    "org": "little-owls",
    "hold": "inquiry-7",
}
SLUG_KINDS = tuple(SLUG_EXAMPLES)


def form_of(pattern: str) -> str:
    """What a text is to look like that should match the pattern of an id, as a sentence for people."""
    kind = pattern.removeprefix("^").partition(":")[0]
    if kind in ULID_KINDS:
        return f"expected {kind}: and 26 characters, such as {kind}:01JH0000000000000000000000"
    if kind in SLUG_KINDS:
        example = f"{kind}:{SLUG_EXAMPLES[kind]}"
        return f"expected {kind}: and small letters or digits, with hyphens between, such as {example}"
    return "expected more than blanks" if pattern == r"\S" else f"expected text that matches {pattern}"


# --- instants and dates -----------------------------------------------------------------------------------------------


def _spelt(read: Callable[[str], Any]) -> BeforeValidator:
    """Reads text of JSON as everywhere else: pydantic would take `20260331` for seconds since 1970."""
    return BeforeValidator(lambda given, info: read(given) if info.mode == "json" and isinstance(given, str) else given)


Instant = Annotated[datetime, msgspec.Meta(tz=True), AfterValidator(to_utc)]  # aware; UTC once stored
AwareInstant = Annotated[AwareDatetime, _spelt(read_instant), AfterValidator(to_utc)]  # the same, in a command
Day = Annotated[date, _spelt(read_day), AfterValidator(in_years)]  # a civil date in Europe/London

# --- text -------------------------------------------------------------------------------------------------------------

_ALLOWED_CONTROLS = "\n\t"
_ALLOWED_FORMATS = "\u200c\u200d"  # ZWNJ and ZWJ belong to Persian and Indic names


def clean_text(text: str) -> str:
    r"""The text in NFC. Raises ValueError on control, direction, private or unassigned characters (not on \n, \t)."""
    for char in text:
        category = unicodedata.category(char)
        if category in {"Cc", "Cf", "Cs", "Co", "Cn"} and char not in _ALLOWED_CONTROLS + _ALLOWED_FORMATS:
            raise ValueError(f"expected plain text, got the character U+{ord(char):04X}")
    return unicodedata.normalize("NFC", text)


Text = Annotated[
    str, msgspec.Meta(max_length=10_000), Field(min_length=1, max_length=10_000), AfterValidator(clean_text)
]
Label = Annotated[  # a short free code: a source, a purpose, a skill, the id of a wording
    str, msgspec.Meta(max_length=200), Field(min_length=1, max_length=200), AfterValidator(clean_text)
]

# --- codes (contract section 1; national codes: domain.md 3.3, NHS Data Dictionary, CSDS v1.6) ----------------------

OpenReason = Literal["pregnancy", "birth", "move_in", "late_notification"]
CloseReason = Literal["fifth_birthday", "moved_out", "died", "declined_all", "record_error"]
Tier = Literal["universal", "universal_plus", "universal_partnership_plus"]  # community is about an area, not a case
ContactKind = Literal[
    "antenatal",
    "new_birth_visit",
    "six_to_eight_week",
    "three_to_four_month",
    "six_month",
    "one_year",
    "two_year",
    "handover_to_school_nursing",
    "targeted",
    "group",
    "other",
]
Attendance = Literal["2", "3", "4", "5", "6", "7"]
Mechanism = Literal["01", "02", "04", "05", "09", "10", "11", "12", "13", "98"]
Location = Literal["A01", "B01", "C01", "K01", "L01", "L04", "N01", "X01"]
Need = Literal[
    "maternal_mood",
    "parenting",
    "breastfeeding",
    "behaviour",
    "disability",
    "sleep",
    "housing_or_money",
    "domestic_abuse",
    "substance_use",
    "speech_and_language",
    "other",
]
Urgency = Literal["routine", "urgent"]
RequestOutcome = Literal["allocated", "deferred", "declined", "redirected"]
Duration = Literal["time_limited", "ongoing"]
ReviewOutcome = Literal["continue", "extend", "step_up", "step_down", "end"]
PackageOutcome = Literal["completed", "family_declined", "consent_withdrawn", "moved", "died", "other"]
AllocationEnd = Literal["completed", "reallocated", "left", "absence", "other"]
Decision = Literal["given", "refused", "withdrawn"]
Basis = Literal["consent", "agreement", "override", "duty"]
LawfulBasis = Literal[  # UK GDPR, Article 6(1)
    "consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests"
]
SpecialCategory = Literal[  # UK GDPR, Article 9(2)
    "explicit_consent",
    "employment_and_social_security",
    "vital_interests",
    "not_for_profit_body",
    "made_public",
    "legal_claims",
    "substantial_public_interest",
    "health_or_social_care",
    "public_health",
    "archiving_or_research",
]
AgreementReview = Literal["continue", "extend", "end"]
AgreementEnd = Literal["expired", "replaced", "withdrawn", "other"]

Minutes = Annotated[int, msgspec.Meta(ge=0, le=1440), Field(ge=0, le=1440)]
ReviewDays = Annotated[int, msgspec.Meta(ge=1, le=366), Field(ge=1, le=366)]
Position = Annotated[int, msgspec.Meta(ge=1, le=2**53), Field(ge=1, le=2**53)]


def london_date(moment: datetime) -> date:
    """The civil date in Leeds at that instant: 00:30 on a summer night is still the day before in UTC."""
    return moment.astimezone(LONDON).date()


def london_midnight(day: date) -> datetime:
    """The instant at which that day begins in Leeds, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=LONDON).astimezone(UTC)
