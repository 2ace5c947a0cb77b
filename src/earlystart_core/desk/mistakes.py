"""Mistakes: which decisions had relied on what was marked in error, and to whom wrong entries had been exposed."""

from collections.abc import Container, Iterable
from datetime import datetime

from earlystart_core.audit.hindsight import Told, marks_near, relied_on
from earlystart_core.desk.asked import MARK, Asked, Facts, Row, about, by, stamp
from earlystart_core.desk.looking import readings
from earlystart_core.marks import Marks, struck_by
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.sharing import InformationShared


def relied(asked: Asked, *, case: str | None = None) -> list[Row]:
    """Each decision that had relied on an entry which is struck now; `relied_on`: the positions of those entries."""
    if case is None:
        pairs = [(one.position, one.event.target) for one in asked.read([MARK], [])]
    else:
        pairs = marks_near(asked.log, asked.registry, case, asked.clocks.known)
    out = struck_by(pairs)
    found = relied_on(asked.log, asked.registry, _at(asked, out), Marks(pairs), asked.clocks.known)
    return [
        {
            **stamp(decision),
            "type": decision.entry.event.type,
            "case": next(iter(decision.cases), None),
            **by(decision),
            "struck": decision.position in out,
            "relied_on": positions,
        }
        for decision, positions in found
        if asked.happened(decision) and (case is None or case in decision.cases)
    ]


def exposed(asked: Asked, *, case: str | None = None) -> list[Row]:
    """To whom each struck entry had been exposed while it stood: facts put under a case that were not its own.

    An entry stood from its recording to that of the first mark that strikes it. `how`: `shared`, with an organisation
    (`position` of the sharing); `looked`, by someone; `recorded`, someone recorded about the case meanwhile. `struck`:
    that sharing or entry is struck itself. Without anybody one row with nulls. The record joins no persons: a wrong
    merge shows as entries under the wrong case.
    """
    marks = asked.read([MARK], about(case))  # whatever the effective clock: marks are cut by what is known alone
    struck = struck_by((mark.position, mark.event.target) for mark in marks)
    struck_at: dict[int, datetime] = {}
    for mark in marks:
        if mark.position not in struck:
            struck_at.setdefault(mark.event.target, mark.entry.recorded_at)
    reads = readings(asked, case)
    rows = []
    stories: dict[str, Facts] = {}
    for wrong in _at(asked, struck):
        if isinstance(wrong.event, MarkedInError) or not asked.happened(wrong):
            continue
        for each in wrong.cases:
            if case in (None, each):
                story = stories.setdefault(each, asked.story(each))
                rows += _to_whom(wrong, each, struck_at.get(wrong.position), story, reads)
    return rows


def _to_whom(wrong: Told, case: str, until: datetime | None, story: Facts, reads: Iterable[Row]) -> list[Row]:
    since = wrong.entry.recorded_at

    def then(at: datetime) -> bool:
        return since <= at and (until is None or at < until)

    base = {
        "entry": wrong.position,
        "type": wrong.entry.event.type,
        "case": case,
        "persons": [tag for tag in wrong.entry.event.tags if tag.startswith("person:")],
        "exposed_from": since,
        "exposed_until": until,
    }
    found: list[Row] = [
        {
            "how": "shared",
            "to": one.event.recipient,
            "at": one.event.occurred_at,
            "position": one.position,
            "struck": one.position in story.struck,
        }
        for one in story.told
        if isinstance(one.event, InformationShared) and one.position > wrong.position and then(one.event.occurred_at)
    ]
    found += [
        {"how": "looked", "to": read["practitioner"], "at": read["at"], "position": None, "struck": None}
        for read in reads
        if read["subject"] == case and then(read["at"])
    ]
    found += _recorders(wrong, (one for one in story.told if then(one.entry.recorded_at)), story.struck)
    return [{**base, **one} for one in found or [dict.fromkeys(("how", "to", "at", "position", "struck"))]]


def _recorders(wrong: Told, entries: Iterable[Told], struck: Container[int]) -> list[Row]:
    """Whoever recorded about the case meanwhile, each at the first of their entries; not who made the mistake."""
    found: dict[str, Row] = {}
    mistaken = by(wrong)["practitioner"]
    for one in entries:
        who = by(one)["practitioner"]
        if who is not None and who != mistaken and one.position > wrong.position:
            how = {"how": "recorded", "to": who, "at": one.entry.recorded_at, "position": one.position}
            found.setdefault(who, {**how, "struck": one.position in struck})
    return list(found.values())


def _at(asked: Asked, positions: Iterable[int]) -> list[Told]:
    found = []
    for position in sorted(positions):
        for recorded in asked.log.read(after=position - 1, limit=1).entries():
            found.append(Told(recorded, asked.registry.event(recorded)))
    return found
