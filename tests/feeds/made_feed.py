"""Feeds made up from a seed: a few rows about a few children, with every fault the contract names, and untidy files."""

import random
from pathlib import Path

from naive_feed import COLUMNS

DAYS = ["2021-02-01", "2021-03-27", "2021-03-28", "2021-03-29", "2021-06-15", "2021-06-16", "2021-10-31", "2022-01-05"]
BAD = {
    "day": ["2021-02-30", "01/02/2021", "2021-6-15", "2021-06-15T00:00:00", "1899-12-31", "soon"],
    "time": ["24:00:00", "9:15:00", "09:15", "01:30:61", "noon"],
    "code": ["UNIVERSAL", "99", "?", " 01", "5 "],
    "team": ["nowhere", "Armley", "armley "],
    "nhs": ["9990000019", "1111111111", "999000001", "99900000180", "999000001x"],
}
TIMES = ["", "00:00:00", "01:00:00", "01:30:00", "01:59:59", "02:00:00", "09:15:00", "23:30:00"]
TEXTS = ["", "", "review", 'said "yes", then no', "first\nsecond", "first\r\n\r\nsecond", "déménagement"]
CODES = {
    "close_reason": ["moved_out", "died", "fifth_birthday", ""],
    "tier": ["universal", "universal_plus", "universal_partnership_plus"],
    "needs": ["sleep", "sleep;parenting", "other;sleep;other"],
    "pathway": ["sleep", "behaviour"],
    "duration": ["time_limited", "ongoing"],
    "decision": ["given", "refused", "withdrawn"],
    "SourceOfReferral": ["01", "20"],
    "PrimaryReferralReason": ["", "045"],
    "ConsMechanism": ["01", "11"],
    "Activity_LocationType": ["A01", "K01"],
    "AttendanceStatus": ["5", "6", "3"],
    "Activity_Type": ["08", "09", "01", "97", "12"],
}
OUTCOMES = {
    "requests.csv": ["", "allocated", "deferred", "declined"],
    "packages.csv": ["", "completed", "moved", "other"],
}
TEAMS = ["armley", "beeston", "chapel-allerton"]
REFS = {
    "child_ref": "C",
    "family_ref": "F",
    "person_ref": "R",
    "request_ref": "Q",
    "package_ref": "K",
    "practitioner": "PR",
    "LocalPatientID": "L",
    "ServiceRequestID": "SR",
    "CareContactID": "CC",
    "CareActivityID": "A",
    "CareProfessionalID_Local": "HV",
}
FREE = {
    "cluster": ["inner-east"],
    "name": ["A team", ""],
    "source": ["gp", "self"],
    "recipient": ["org:leeds-gp", "org:little-owls", "little-owls"],
    "purpose": ["nursery_place"],
    "CareContact_Duration": ["", "30", "1441", "half an hour"],
}
ENDS = ("born_on", "closed_on", "planned_end_on", "ended_on", "until", "Discharge_Date", "meeting_on")


class Maker:
    """Makes feeds. faults: how likely a field is to be spoilt."""

    def __init__(self, seed: int, faults: float = 0.04) -> None:
        self.random = random.Random(seed)
        self.faults = faults

    def field(self, file: str, name: str) -> str:
        pick, spoilt = self.random.choice, self.random.random() < self.faults
        if spoilt and pick([True, False]):
            return ""
        if name in REFS:
            return f"{REFS[name]}{self.random.randrange(6 if not spoilt else 40)}"
        if name == "outcome":
            return pick(BAD["code"]) if spoilt else pick(OUTCOMES[file])
        if name in CODES:
            return pick(BAD["code"]) if spoilt else pick(CODES[name])
        if name in ("team", "from_team", "to_team", "TeamID_Local"):
            return pick(BAD["team"]) if spoilt else pick(TEAMS)
        if name == "NHSNumber":
            return pick(BAD["nhs"]) if spoilt else pick(["9990000018", "999 000 0026", "9990000050"])
        if name == "Contact_Time":
            return pick(BAD["time"]) if spoilt else pick(TIMES)
        if name == "reason":
            return pick(TEXTS)
        if name in FREE:
            return pick(FREE[name])
        if spoilt:
            return pick(BAD["day"])
        return pick([*DAYS[3:], "", "", ""] if name in ENDS else DAYS)

    def rows(self, file: str, count: int) -> list[dict[str, str]]:
        made = [{name: self.field(file, name) for name in COLUMNS[file]} for _ in range(count)]
        if file == "teams.csv":
            made += [{"team": team, "cluster": "c", "name": "n"} for team in TEAMS if self.random.random() < 0.95]
        if file in ("cases.csv", "links.csv", "CYP101Referral.csv"):  # most of what others refer to is there
            first = COLUMNS[file][0]
            for number, row in enumerate(made):
                row[first] = f"{REFS[first]}{number % 6}"
            for row in made:
                if file != "cases.csv":
                    row[COLUMNS[file][1]] = row[COLUMNS[file][1]] or "C0"
        for row in list(made):
            if self.random.random() < 0.1:
                made.append(dict(row))
            if self.random.random() < 0.1:
                name = self.random.choice(COLUMNS[file])
                made.append({**row, name: self.field(file, name)})
        self.random.shuffle(made)
        return made

    def feed(self, size: int = 10) -> dict[str, list[dict[str, str]]]:
        return {file: self.rows(file, self.random.randrange(size // 2, size * 2)) for file in COLUMNS}

    def later(self, feed: dict[str, list[dict[str, str]]]) -> dict[str, list[dict[str, str]]]:
        """The feed some time later: some rows are gone, some new, some fields filled, emptied or changed."""
        found = {}
        for file, rows in feed.items():
            kept = [dict(row) for row in rows if self.random.random() < 0.9]
            for row in kept:
                for name in COLUMNS[file]:
                    if self.random.random() < (0.3 if not row[name] else 0.02):
                        row[name] = self.field(file, name)
            found[file] = kept + self.rows(file, 3)
        return found

    def write(self, folder: Path, feed: dict[str, list[dict[str, str]]]) -> Path:
        """The feed as files, in any way that the format allows."""
        folder.mkdir()
        for file, rows in feed.items():
            if not rows and self.random.random() < 0.5:
                continue
            names = list(COLUMNS[file])
            if self.random.random() < 0.3:
                names.append("Local_Note")
            self.random.shuffle(names)
            end = self.random.choice(["\n", "\r\n"])
            lines = [",".join(names)]
            for row in rows:
                fields = [self.quoted(row.get(name, "a, b")) for name in names]
                if self.random.random() < self.faults:
                    fields += self.random.choice([[""], ["x"], ['"a, b"', "armley"]])  # what a comma in a text makes
                while self.random.random() < 0.5 and len(fields) > 1 and not fields[-1]:
                    fields.pop()  # a missing field is empty
                lines.append(",".join(fields))
                lines += [""] * (self.random.random() < 0.1)
            text = end.join(lines) + end * self.random.randrange(3)
            (folder / file).write_bytes(self.random.choice([b"", b"\xef\xbb\xbf"]) + text.encode())
        (folder / "notes.txt").write_text("not of the feed")
        return folder

    def quoted(self, text: str) -> str:
        if any(char in text for char in ',"\r\n') or self.random.random() < 0.05:
            return '"' + text.replace('"', '""') + '"'
        return text
