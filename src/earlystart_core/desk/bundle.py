"""Everything held on a subject, put together to be given to it: entries, disclosures, who looked, what is held."""

from typing import Any

import msgspec

from earlystart_core.clocks import Clocks
from earlystart_core.desk.asked import Asked, Row
from earlystart_core.desk.looking import accesses
from earlystart_core.desk.subject import held
from earlystart_core.erasing.retention import kept_of
from earlystart_core.erasing.tombstones import tombstones
from earlystart_core.words.erasure import subjects_of_tombstone
from earlystart_core.words.sharing import InformationShared


class Bundle(msgspec.Struct, frozen=True):
    """What is held on one case or person, other people taken out, and what it can be held against later.

    What was told of a case, and who read it, is held on the case: of a person it is there for the cases that imports
    say are that person. A parent is given what names the parent; the rest is the child's, and asked for by its case.
    """

    subject: str
    clocks: Clocks
    cases: list[str]  # those that the subject is: of a person as imports say
    entries: list[Row]  # as `held` gives them
    disclosures: list[Row]  # of the subject's cases: to whom what was told, and whether it was covered
    accesses: list[Row]  # who looked
    glasses: list[Row]  # who broke the glass to read them, with the reason in words; `until`, and the review
    erased: list[Row]  # `position, erased_at, authority, second_authority` of the subject's tombstones
    kept_until: Row  # `until, rule`
    size: int  # of the log that the leaves belong to
    root: str  # its root, hex


def bundle(asked: Asked, subject: str) -> Bundle:
    """The bundle of a case or person at those clocks."""
    entries = held(asked, subject=subject)
    behind = asked.record.store.forgetting.behind(subject)
    cases = [subject] if subject.startswith("case:") else behind
    kept = kept_of(subject, asked.log, lambda case: asked.rows("case_status", case), behind, asked.clocks.known)
    return Bundle(
        subject=subject,
        clocks=asked.clocks,
        cases=cases,
        entries=entries,
        disclosures=[row for case in cases for row in _disclosures(asked, case)],
        accesses=[read for case in cases for read in accesses(asked, case)],
        glasses=[row for case in cases for row in _glasses(asked, case)],
        erased=[
            {
                "position": position,
                "erased_at": event.occurred_at,
                "authority": event.authority,
                "second_authority": event.second_authority,
            }
            for position, event in tombstones(asked.log)
            if position <= asked.clocks.known and subject in subjects_of_tombstone(event)
        ],
        kept_until={"until": kept.until, "rule": kept.rule},
        size=asked.clocks.known,
        root=asked.record.proof.root(asked.clocks.known).hex(),
    )


def _disclosures(asked: Asked, case: str) -> list[dict[str, Any]]:
    shared = {one.position: one for one in asked.facts([InformationShared], case).told}
    return [
        {**row, "items": shared[row["position"]].event.items, "shared_at": shared[row["position"]].event.occurred_at}
        for row in asked.questions.disclosures(case)
    ]


def _glasses(asked: Asked, case: str) -> list[Row]:
    """The glasses broken for a case by then, each with its review, where that was by then too."""
    names = ("break_glass", "at", "practitioner", "role", "employer", "purpose", "case", "reason", "text", "until")
    review = ("reviewed_at", "reviewed_by", "outcome")
    rows = []
    for row in asked.record.glass.rows(case):
        if asked.latest is None or row["at"] <= asked.latest:
            later = row["reviewed_at"] and asked.latest and row["reviewed_at"] > asked.latest
            rows.append(
                {**{name: row[name] for name in names}, **{name: None if later else row[name] for name in review}}
            )
    return rows
