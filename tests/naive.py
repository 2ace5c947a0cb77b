"""An independent reading of an exported log: contract section 2 in plain dicts and loops, slow and obvious.

Shares no code with the library. `entries` are the parsed lines of `log export`; rows come back as `view NAME --ndjson`
prints them: ids and codes as text, dates `YYYY-MM-DD`, instants in UTC with `Z`, and None.
"""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def parse(text):
    return [json.loads(line) for line in text.splitlines()]


def ndjson(rows):
    return "".join(
        json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n" for row in rows
    ).encode()


# --- the two clocks ---------------------------------------------------------------------------------------------------


@cache
def instant(text):
    return datetime.fromisoformat(text).astimezone(UTC)


def shown(moment):
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@cache
def day_of(text):
    """The London date of an instant."""
    return instant(text).astimezone(LONDON).date().isoformat()


@cache
def end_of(day):
    """The instant at which a London day is over."""
    after = date.fromisoformat(day) + timedelta(days=1)
    return datetime(after.year, after.month, after.day, tzinfo=LONDON).astimezone(UTC)


def within(moment, until):
    """Whether an instant lies at or before `until`; a date means all of that London day."""
    if len(until) == 10:
        return moment < end_of(until)
    return moment <= instant(until)


def position_of(entries, known):
    head = max((entry["position"] for entry in entries), default=0)
    if known is None:
        return head
    text = str(known)
    if text.isdigit():
        if int(text) > head:
            raise ValueError("a position beyond the head is a wrong call")
        return int(text)
    return max((entry["position"] for entry in entries if within(instant(entry["recorded_at"]), text)), default=0)


def standing(entries, known=None, effective=None):
    """The entries that count at (K, D), in order of (occurred_at, position)."""
    upto = position_of(entries, known)
    seen = {entry["position"]: entry for entry in entries if entry["position"] <= upto}
    struck = set()
    for position in range(upto, 0, -1):
        entry = seen.get(position)
        if entry is not None and entry["type"] == "MarkedInError" and position not in struck:
            struck.add(entry["data"]["target"])
    kept = []
    for position, entry in seen.items():
        if entry["version"] != 1:
            raise ValueError(f"this reader knows version 1 only, entry {position} is newer")
        if position in struck:
            continue
        if effective is not None and not within(instant(entry["occurred_at"]), effective):
            continue
        kept.append(entry)
    return sorted(kept, key=lambda entry: (instant(entry["occurred_at"]), entry["position"]))


# --- reading facts in order -------------------------------------------------------------------------------------------


def of(facts, *types):
    return [fact for fact in facts if fact["type"] in types]


def about(facts, field, value):
    return grouped(facts, field).get(value, [])


def grouped(facts, field):
    """The facts about each case, request or package, in their order."""
    found = {}
    for fact in facts:
        data = fact["data"]
        values = {data.get(field), *(data.get("cases", []) if field == "case" else [])}
        for value in values - {None}:
            found.setdefault(value, []).append(fact)
    return found


def values(facts, *fields):
    """What facts say in any of the fields, oldest first, nulls passed over."""
    found = []
    for fact in facts:
        for field in fields:
            if fact["data"].get(field) is not None:
                found.append(fact["data"][field])
    return found


def last(items):
    return items[-1] if items else None


def first(items):
    return items[0] if items else None


def occurred(fact):
    return None if fact is None else shown(instant(fact["occurred_at"]))


def ids_of(facts, kind, field):
    return sorted({fact["data"][field] for fact in facts if fact["type"] == kind})


# --- the views --------------------------------------------------------------------------------------------------------


def case_status(facts):
    active = Counter(one["case"] for one in package_status(facts) if one["ended_at"] is None)
    about = grouped(facts, "case")
    rows = []
    for case in ids_of(facts, "CaseOpened", "case"):
        mine = about[case]
        opened = of(mine, "CaseOpened")
        teams = []
        for fact in of(mine, "CaseOpened", "ResponsibilityPassed", "CaseReopened"):
            teams.append(fact["data"]["to_team" if fact["type"] == "ResponsibilityPassed" else "team"])
        turns = of(mine, "CaseOpened", "CaseReopened", "CaseClosed")
        closed = turns[-1]["type"] == "CaseClosed"
        attended = [fact for fact in of(mine, "ContactRecorded") if fact["data"]["attendance"] in ("5", "6")]
        tiers = of(mine, "TierDecided")
        rows.append(
            {
                "case": case,
                "family": opened[0]["data"]["family"],
                "team": teams[-1],
                "point_of_contact": last(values(of(mine, "PointOfContactNamed"), "practitioner")),
                "tier": last(values(tiers, "tier")) or "universal",
                "tier_since": occurred(last(tiers)),
                "opened_on": day_of(opened[0]["occurred_at"]),
                "closed_on": day_of(of(mine, "CaseClosed")[-1]["occurred_at"]) if closed else None,
                "status": "closed" if closed else "open",
                "born_on": last(values(of(mine, "ChildBorn", "CaseOpened"), "born_on")),
                "contacts_attended": len(attended),
                "last_contact_at": occurred(last(attended)),
                "active_packages": active[case],
            }
        )
    return rows


def request_queue(facts):
    about = grouped(facts, "request")
    rows = []
    for request in ids_of(facts, "SupportRequested", "request"):
        mine = about[request]
        asked = of(mine, "SupportRequested")
        decided = of(mine, "RequestDecided")
        answer = last(of(mine, "RequestDecided", "RequestWithdrawn"))
        if answer is None:
            outcome = "waiting"
        else:
            outcome = "withdrawn" if answer["type"] == "RequestWithdrawn" else answer["data"]["outcome"]
        rows.append(
            {
                "request": request,
                "case": asked[0]["data"]["case"],
                "source": asked[0]["data"]["source"],
                "requested_at": occurred(asked[0]),
                "outcome": outcome,
                "decided_at": occurred(answer),
                "meeting": last(values(decided, "meeting")),
                "team": last(values(decided, "team")),
                "deferrals": len([fact for fact in decided if fact["data"]["outcome"] == "deferred"]),
            }
        )
    return rows


def package_status(facts):
    about = grouped(facts, "package")
    rows = []
    for package in ids_of(facts, "PackageStarted", "package"):
        mine = about[package]
        started = of(mine, "PackageStarted")
        reviewed = of(mine, "PackageReviewed")
        ended = last(of(mine, "PackageEnded"))
        next_review = last(values(reviewed, "next_review_on"))
        every = first(values(started, "review_every_days"))
        if next_review is None and every is not None:
            day = date.fromisoformat(day_of(started[0]["occurred_at"]))
            next_review = (day + timedelta(days=every)).isoformat()
        holder = None
        team = None
        for fact in of(mine, "PackageAllocated", "AllocationEnded"):  # in order of (occurred_at, position)
            if fact["type"] == "PackageAllocated":
                holder, team = fact["data"]["practitioner"], fact["data"]["team"]
            elif fact["data"]["practitioner"] == holder:
                holder = None
        rows.append(
            {
                "package": package,
                "case": started[0]["data"]["case"],
                "pathway": started[0]["data"]["pathway"],
                "duration": started[0]["data"]["duration"],
                "started_at": occurred(started[0]),
                "planned_end_on": last(values(of(mine, "PackageStarted", "PackageReviewed"), "planned_end_on")),
                "next_review_on": next_review,
                "ended_at": occurred(ended),
                "outcome": None if ended is None else ended["data"]["outcome"],
                "practitioner": holder,
                "team": team,
            }
        )
    return rows


def consent_status(facts):
    decided = {}
    for fact in of(facts, "SharingConsentRecorded"):
        data = fact["data"]
        decided[data["case"], data["recipient"], data["purpose"]] = fact  # the latest wins
    rows = []
    for (case, recipient, purpose), fact in sorted(decided.items()):
        rows.append(
            {
                "case": case,
                "recipient": recipient,
                "purpose": purpose,
                "decision": fact["data"]["decision"],
                "decided_at": occurred(fact),
                "until": fact["data"].get("until"),
                "person": fact["data"]["person"],
                "wording": fact["data"]["wording"],
                "position": fact["position"],
            }
        )
    return rows


# --- the questions ----------------------------------------------------------------------------------------------------


def tiers(facts):
    teams = {}
    for case in case_status(facts):
        if case["status"] == "open":
            row = teams.setdefault(
                case["team"],
                {"open_cases": 0, "universal": 0, "universal_plus": 0, "universal_partnership_plus": 0},
            )
            row["open_cases"] += 1
            row[case["tier"]] += 1
    return [{"team": team, **row} for team, row in sorted(teams.items())]


def caseload(facts):
    team_of = {case["case"]: case["team"] for case in case_status(facts) if case["status"] == "open"}
    cases, packages = {}, {}
    for case, team in team_of.items():
        cases.setdefault((team, ""), set()).add(case)
    for one in package_status(facts):
        if one["ended_at"] is not None or one["case"] not in team_of:
            continue
        team = team_of[one["case"]]
        for line in {(team, ""), (team, one["practitioner"] or "")}:
            cases.setdefault(line, set()).add(one["case"])
            packages.setdefault(line, set()).add(one["package"])
    return [
        {
            "team": team,
            "practitioner": practitioner or None,
            "open_cases": len(cases[team, practitioner]),
            "active_packages": len(packages.get((team, practitioner), ())),
        }
        for team, practitioner in sorted(cases)
    ]


NAMES = {
    "case_status": case_status,
    "request_queue": request_queue,
    "package_status": package_status,
    "consent_status": consent_status,
    "tiers": tiers,
    "caseload": caseload,
}


def answer(name, entries, known=None, effective=None, team=None):
    """The rows of a view or question, known at K and effective at D; with a team, of its cases only."""
    facts = standing(entries, known, effective)
    rows = NAMES[name](facts)
    if team is None:
        return rows
    if name in ("tiers", "caseload"):
        return [row for row in rows if row["team"] == team]
    cases = {case["case"] for case in case_status(facts) if case["team"] == team}
    return [row for row in rows if row["case"] in cases]
