"""An independent reading of section 4 of the contract: plain dicts and loops, slow and obvious.

Shares no code with the library. An `Importer` takes feed after feed; `events` are (type, instant, data) in the order of
recording, ids being `kind:` and whatever the feed calls the thing.
"""

import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
COLUMNS = {
    "teams.csv": "team cluster name",
    "cases.csv": "child_ref family_ref team opened_on born_on closed_on close_reason",
    "moves.csv": "child_ref from_team to_team moved_on reason",
    "tiers.csv": "child_ref tier decided_on reason",
    "requests.csv": "request_ref child_ref source needs received_on outcome decided_on team meeting_on",
    "packages.csv": "package_ref child_ref request_ref pathway duration started_on planned_end_on practitioner ended_on"
    " outcome",
    "consents.csv": "child_ref person_ref recipient purpose decision decided_on until",
    "links.csv": "LocalPatientID child_ref",
    "CYP001MPI.csv": "LocalPatientID NHSNumber DateOfBirth",
    "CYP101Referral.csv": "ServiceRequestID LocalPatientID ReferralRequest_ReceivedDate SourceOfReferral"
    " PrimaryReferralReason Discharge_Date",
    "CYP102ServiceTypeReferredTo.csv": "ServiceRequestID TeamID_Local",
    "CYP201CareContact.csv": "CareContactID ServiceRequestID TeamID_Local Contact_Date Contact_Time"
    " CareContact_Duration ConsMechanism Activity_LocationType AttendanceStatus",
    "CYP202CareActivity.csv": "CareActivityID CareContactID Activity_Type CareProfessionalID_Local",
}
COLUMNS = {file: names.split() for file, names in COLUMNS.items()}
OPTIONAL = {
    "born_on",
    "closed_on",
    "close_reason",
    "until",
    "request_ref",
    "planned_end_on",
    "ended_on",
    "outcome",
    "decided_on",
    "meeting_on",
    "reason",
    "Contact_Time",
    "CareContact_Duration",
    "PrimaryReferralReason",
    "Discharge_Date",
}
NEEDED = {
    ("tiers.csv", "decided_on"),
    ("consents.csv", "decided_on"),
    ("requests.csv", "request_ref"),
}  # its own day, its own id
WITH = {
    ("cases.csv", "close_reason"): "closed_on",
    ("packages.csv", "outcome"): "ended_on",
    ("requests.csv", "decided_on"): "outcome",
    ("requests.csv", "meeting_on"): "outcome",
}
WHOLE = ("moves.csv", "tiers.csv", "consents.csv")
DAYS = {
    "opened_on",
    "born_on",
    "closed_on",
    "moved_on",
    "decided_on",
    "received_on",
    "meeting_on",
    "started_on",
    "planned_end_on",
    "ended_on",
    "until",
    "DateOfBirth",
    "ReferralRequest_ReceivedDate",
    "Discharge_Date",
    "Contact_Date",
}
NEEDS = {
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
}
CODES = {
    ("cases.csv", "close_reason"): "fifth_birthday moved_out died declined_all record_error",
    ("tiers.csv", "tier"): "universal universal_plus universal_partnership_plus",
    ("requests.csv", "needs"): " ".join(NEEDS),
    ("requests.csv", "outcome"): "allocated deferred declined redirected",
    ("packages.csv", "pathway"): " ".join(NEEDS),
    ("packages.csv", "duration"): "time_limited ongoing",
    ("packages.csv", "outcome"): "completed family_declined consent_withdrawn moved died other",
    ("consents.csv", "decision"): "given refused withdrawn",
    ("CYP101Referral.csv", "SourceOfReferral"): " ".join(f"{n:02}" for n in range(1, 24)),
    ("CYP101Referral.csv", "PrimaryReferralReason"): "003 025 031 032 039 045 058 060 081 082 083",
    ("CYP201CareContact.csv", "ConsMechanism"): "01 02 04 05 09 10 11 12 13 98",
    ("CYP201CareContact.csv", "Activity_LocationType"): "A01 B01 C01 K01 L01 L04 N01 X01",
    ("CYP201CareContact.csv", "AttendanceStatus"): "2 3 4 5 6 7",
    ("CYP202CareActivity.csv", "Activity_Type"): "01 02 03 04 05 06 07 08 09 10 11 12 97",
}
CODES = {place: set(codes.split()) for place, codes in CODES.items()}
TEAM_COLUMNS = ("team", "from_team", "to_team", "TeamID_Local")
REFERS = {
    "child_ref": "cases.csv",
    "request_ref": "requests.csv",
    "LocalPatientID": "links.csv",
    "ServiceRequestID": "CYP101Referral.csv",
    "CareContactID": "CYP201CareContact.csv",
}
STARTS = {
    "closed_on": "opened_on",
    "planned_end_on": "started_on",
    "ended_on": "started_on",
    "until": "decided_on",
    "Discharge_Date": "ReferralRequest_ReceivedDate",
}
KINDS = {
    "08": "new_birth_visit",
    "09": "six_to_eight_week",
    "10": "one_year",
    "11": "two_year",
    "12": "handover_to_school_nursing",
}
LCH, COUNCIL = "lch", "council"


# --- one file -----------------------------------------------------------------------------------------------------


def lines_of(text):
    """(line, fields) character by character."""
    found, fields, field, line, start, quoted, blank, i = [], [], "", 1, 1, False, True, 0
    text = text.removeprefix("\ufeff")
    while i < len(text):
        c = text[i]
        blank = blank and c in "\r\n"
        if quoted:
            if c == '"' and text[i + 1 : i + 2] == '"':
                field += '"'
                i += 1
            elif c == '"':
                quoted = False
            else:
                field += c
                line += c == "\n"
        elif c == '"':
            quoted = True
        elif c == ",":
            fields.append(field)
            field = ""
        elif c == "\n":
            fields.append(field.removesuffix("\r"))
            if not blank:
                found.append((start, fields))
            fields, field, line, blank = [], "", line + 1, True
            start = line
        else:
            field += c
        i += 1
    if not blank:
        found.append((start, [*fields, field]))
    return found


def read(folder):
    """{file: [(line, {column: text})]}."""
    feed = {}
    for file, names in COLUMNS.items():
        path = Path(folder) / file
        lines = lines_of(path.read_bytes().decode("utf-8", "replace")) if path.exists() else []
        header = lines[0][1] if lines else []
        feed[file] = []
        for line, fields in lines[1:]:
            row = Fields({name: dict(zip(header, fields, strict=False)).get(name, "") for name in names})
            row.surplus = [name for name in header if name][-1] if len(fields) > len(header) else None
            feed[file].append((line, row))
    return feed


class Fields(dict):
    """A row by column. surplus: the last column, where it has more fields than the header."""

    surplus = None


# --- one value ----------------------------------------------------------------------------------------------------


def is_day(text):
    try:
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII)) and 1900 <= date.fromisoformat(text).year <= 2200
    except ValueError:
        return False


def is_time(text, day):
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d", text, re.ASCII):
        return False
    return not is_day(day) or exists(datetime.fromisoformat(f"{day}T{text}"))


def exists(local):
    """Whether a clock in London ever showed it."""
    return any(
        (local.replace(tzinfo=UTC) - timedelta(hours=hours)).astimezone(LONDON).replace(tzinfo=None) == local
        for hours in (0, 1, 2)
    )


def instant(day, time="00:00:00"):
    local = datetime.fromisoformat(f"{day}T{time}")
    for hours in (2, 1, 0):  # the earliest instant at which London's clocks show it
        moment = local.replace(tzinfo=UTC) - timedelta(hours=hours)
        if moment.astimezone(LONDON).replace(tzinfo=None) == local:
            return moment.isoformat().replace("+00:00", "Z")
    raise ValueError(local)


def is_nhs(text):
    digits = text.replace(" ", "")
    if not re.fullmatch(r"[0-9]{10}", digits) or digits == digits[0] * 10:
        return False
    total = sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9]))
    return {11: 0}.get(11 - total % 11, 11 - total % 11) == int(digits[9])


# --- feed after feed ----------------------------------------------------------------------------------------------


class Importer:
    def __init__(self):
        self.held = {file: {} for file in COLUMNS}  # over all feeds: id -> row
        self.cases = {}  # child -> (opened_on, team)
        self.moves = defaultdict(list)  # child -> [(day, team)] in order of recording
        self.meetings = set()
        self.events = []

    def take(self, folder):
        self.feed = read(folder)
        self.here = {file: {} for file in COLUMNS}  # in this feed: id -> row
        self.counts = {file: [0, 0, 0] for file in COLUMNS}
        self.refused = []
        self.kinds = {}
        for file in COLUMNS:
            if file == "CYP201CareContact.csv":
                self._settle_kinds()
            self._judge(file)
        order = list(COLUMNS)
        self.refused.sort(key=lambda each: (order.index(each[0]), each[1]))
        return self

    def _id(self, file, row):
        return tuple(row.values()) if file in WHOLE else next(iter(row.values()))

    def _judge(self, file, trial=False):
        """Which rows of a file are accepted; as a trial, nothing comes of it but `here`."""
        self.here[file] = here = {}
        accepted = []
        for line, row in self.feed[file]:
            id = self._id(file, row)
            old = self.held[file].get(id)
            if row.surplus is None and here.get(id, old if id not in here else None) == row:
                here[id] = row
                if not trial:
                    self.counts[file][1] += 1
                continue
            fault = next(self._faults(file, row, id), None)
            if fault is None and old is not None and not fills(old, row):
                fault = (COLUMNS[file][0], "same_key_other_content")
            if fault is not None:
                if not trial:
                    self.counts[file][2] += 1
                    self.refused.append((file, line, *fault))
                continue
            here[id] = row
            if not trial:
                self.counts[file][0] += 1
                accepted.append((id, row, old))
        if file == "CYP201CareContact.csv" and not trial:
            self.by_contact = defaultdict(dict)
            for key, activity in self._activities().items():
                self.by_contact[activity["CareContactID"]][key] = activity
        for id, row, old in accepted:
            self._record(file, row, old)
            self.held[file][id] = row

    def _stands(self, file, id):
        return id in self.here[file] or id in self.held[file]

    def _own(self, file, row):
        if row.surplus is not None:
            yield row.surplus, "surplus_fields"
        for name, text in row.items():
            partner = WITH.get((file, name))
            if not text and (name not in OPTIONAL or (file, name) in NEEDED or (partner and row[partner])):
                yield name, "empty"
        for name, text in row.items():
            if text and name in DAYS and not is_day(text):
                yield name, "not_a_date"
            if text and name == "Contact_Time" and not is_time(text, row["Contact_Date"]):
                yield name, "not_a_time"
        for name, text in row.items():
            codes = CODES.get((file, name))
            if text and codes and not codes.issuperset(text.split(";") if name == "needs" else [text]):
                yield name, "unknown_code"
            if text and name == "recipient" and not re.fullmatch(r"org:[a-z0-9]+(-[a-z0-9]+)*", text):
                yield name, "unknown_code"
            if text and name in TEAM_COLUMNS:
                if file == "teams.csv":
                    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
                        yield name, "unknown_team"
                elif not self._stands("teams.csv", text):
                    yield name, "unknown_team"
        if row.get("NHSNumber") and not is_nhs(row["NHSNumber"]):
            yield "NHSNumber", "nhs_number_check"

    def _faults(self, file, row, id):
        yield from self._own(file, row)
        if id in self.here[file]:
            yield COLUMNS[file][0], "same_key_other_content"
        for name, text in row.items():
            target = REFERS.get(name)
            own_id = name == COLUMNS[file][0] and file in REFERS.values() and target == file
            if text and target and not own_id and not self._stands(target, text):
                yield name, "no_link" if target == "links.csv" else "refers_to_not_accepted"
        for end, start in STARTS.items():
            if end in row and start in row and is_day(row[end]) and is_day(row[start]) and row[end] < row[start]:
                yield end, "end_before_start"
        if file == "CYP201CareContact.csv" and is_day(row["Contact_Date"]) and self.kinds.get(id, "other") != "other":
            born_on = self._row("cases.csv", self._child(row["ServiceRequestID"])).get("born_on")
            if born_on and row["Contact_Date"] < born_on:
                yield "Contact_Date", "before_birth"

    def _row(self, file, id):
        return self.here[file].get(id) or self.held[file].get(id) or {}

    def _child(self, referral):
        return self._row("links.csv", self._row("CYP101Referral.csv", referral).get("LocalPatientID")).get("child_ref")

    def _settle_kinds(self):
        rows = [row for _, row in self.feed["CYP202CareActivity.csv"]]
        standing, seen = {row["CareContactID"] for row in rows}, []
        while True:
            ids, kinds = {}, {}
            for row in rows:
                id = row["CareActivityID"]
                old = self.held["CYP202CareActivity.csv"].get(id)
                if next(self._own("CYP202CareActivity.csv", row), None) or ids.get(id, row) != row:
                    continue
                if old is not None and old != row and old not in rows:
                    continue
                if row["CareContactID"] in standing:
                    ids.setdefault(id, row)
                kinds.setdefault(row["CareContactID"], []).append((id, KINDS.get(row["Activity_Type"], "other")))
            self.kinds = {contact: min(each, key=lambda pair: pair[0])[1] for contact, each in kinds.items()}
            if self.kinds in seen:
                return
            seen.append(self.kinds)
            self._judge("CYP201CareContact.csv", trial=True)
            standing = {
                row["CareContactID"] for row in rows if self._stands("CYP201CareContact.csv", row["CareContactID"])
            }

    # --- what an accepted row becomes ------------------------------------------------------------------------------

    def _say(self, type, at, **data):
        self.events.append((type, at, data))

    def _record(self, file, row, old):
        comes = lambda name: row[name] and not (old and old[name])  # noqa: E731
        child = row.get("child_ref")
        case = f"case:{child}"
        if file == "cases.csv":
            expected = not row["born_on"] or row["born_on"] > row["opened_on"]
            if not old:
                self.cases[child] = (row["opened_on"], row["team"])
                self._say(
                    "CaseOpened",
                    instant(row["opened_on"]),
                    case=case,
                    family=f"family:{row['family_ref']}",
                    team=f"team:{row['team']}",
                    reason="pregnancy" if expected else "birth",
                    due_on=None,
                    born_on=None if expected else row["born_on"],
                )
            if comes("born_on") and (expected or old):
                self._say("ChildBorn", instant(row["born_on"]), case=case, born_on=row["born_on"])
            if comes("closed_on"):
                self._say("CaseClosed", instant(row["closed_on"]), case=case, reason=row["close_reason"])
        if file == "moves.csv":
            self.moves[child].append((row["moved_on"], row["to_team"]))
            self._say(
                "ResponsibilityPassed",
                instant(row["moved_on"]),
                case=case,
                to_team=f"team:{row['to_team']}",
                reason=row["reason"] or None,
            )
        if file == "tiers.csv":
            self._say(
                "TierDecided",
                instant(row["decided_on"]),
                case=case,
                tier=row["tier"],
                reason=row["reason"] or None,
                meeting=None,
            )
        if file == "requests.csv":
            self._request(row, old, case, comes)
        if file == "packages.csv":
            self._package(row, old, case, comes)
        if file == "consents.csv":
            self._say(
                "SharingConsentRecorded",
                instant(row["decided_on"]),
                case=case,
                person=f"person:council {row['person_ref']}",
                capacity="unrecorded",
                recipient=row["recipient"],
                purpose=row["purpose"],
                decision=row["decision"],
                wording="unrecorded",
                until=row["until"] or None,
            )
        if file == "CYP201CareContact.csv" and not old:
            self._contact(row)

    def _request(self, row, old, case, comes):
        request = f"request:{row['request_ref']}"
        if not old:
            needs = list(dict.fromkeys(row["needs"].split(";")))
            self._say(
                "SupportRequested",
                instant(row["received_on"]),
                request=request,
                case=case,
                source=row["source"],
                needs=needs,
                urgency="routine",
            )
        if comes("outcome"):
            meeting, team = f"meeting:{row['team']} {row['meeting_on']}", f"team:{row['team']}"
            if meeting not in self.meetings:
                self.meetings.add(meeting)
                at = instant(row["meeting_on"])
                self._say("MeetingHeld", at, meeting=meeting, team=team, held_on=row["meeting_on"], attendees=[])
            self._say(
                "RequestDecided",
                instant(row["decided_on"]),
                request=request,
                case=case,
                team=team,
                meeting=meeting,
                outcome=row["outcome"],
                rationale=None,
            )

    def _package(self, row, old, case, comes):
        ids = {"package": f"package:{row['package_ref']}", "case": case}
        who = f"practitioner:council {row['practitioner']}"
        if not old:
            at = instant(row["started_on"])
            self._say(
                "PackageStarted",
                at,
                **ids,
                request=f"request:{row['request_ref']}" if row["request_ref"] else None,
                pathway=row["pathway"],
                duration=row["duration"],
                planned_end_on=row["planned_end_on"] or None,
                review_every_days=None,
            )
            team = f"team:{self._team(row['child_ref'], row['started_on'])}"
            self._say("PackageAllocated", at, **ids, practitioner=who, team=team, meeting=None, skills=[])
        if comes("ended_on"):
            at = instant(row["ended_on"])
            self._say("PackageEnded", at, **ids, outcome=row["outcome"])
            reason = "completed" if row["outcome"] == "completed" else "other"
            self._say("AllocationEnded", at, **ids, practitioner=who, reason=reason)

    def _team(self, child, day):
        opened_on, team = self.cases[child]
        latest = opened_on
        for moved_on, to_team in self.moves[child]:
            if latest <= moved_on <= day:
                latest, team = moved_on, to_team
        return team

    def _contact(self, row):
        id = row["CareContactID"]
        mine = self.by_contact[id]
        who = [f"practitioner:lch {mine[key]['CareProfessionalID_Local']}" for key in sorted(mine)]
        minutes = row["CareContact_Duration"]
        self._say(
            "ContactRecorded",
            instant(row["Contact_Date"], row["Contact_Time"] or "00:00:00"),
            contact=f"contact:{id}",
            cases=[f"case:{self._child(row['ServiceRequestID'])}"],
            kind=KINDS.get(mine[min(mine)]["Activity_Type"], "other") if mine else "other",
            attendance=row["AttendanceStatus"],
            mechanism=row["ConsMechanism"],
            location=row["Activity_LocationType"],
            practitioners=list(dict.fromkeys(who)) or ["practitioner:unknown"],
            employers=["org:lch"],
            duration_min=int(minutes) if re.fullmatch(r"[0-9]{1,4}", minutes) and int(minutes) <= 1440 else None,
        )

    def _activities(self):
        """The activities by id, now that contacts are judged: the first without a fault whose contact stands."""
        found = {}
        for _, row in self.feed["CYP202CareActivity.csv"]:
            old = self.held["CYP202CareActivity.csv"].get(row["CareActivityID"], row)
            stands = self._stands("CYP201CareContact.csv", row["CareContactID"])
            if stands and old == row and next(self._own("CYP202CareActivity.csv", row), None) is None:
                found.setdefault(row["CareActivityID"], row)
        return found


def fills(old, row):
    """Whether a row only fills what was empty."""
    return all(old[name] == row[name] or not old[name] for name in row)
