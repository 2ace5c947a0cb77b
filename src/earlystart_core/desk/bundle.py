"""Everything held on a subject, put together to be given to it: entries, disclosures, who looked, what is held."""

from typing import Any

import msgspec

from earlystart_core.clocks import Clocks
from earlystart_core.desk.asked import Asked, Row
from earlystart_core.desk.looking import accesses
from earlystart_core.desk.subject import held
from earlystart_core.tombstones import tombstones
from earlystart_core.words.erasure import subjects_of_tombstone
from earlystart_core.words.sharing import InformationShared


class Bundle(msgspec.Struct, frozen=True):
    """What is held on one case or person, other people taken out, and what it can be held against later."""

    subject: str
    clocks: Clocks
    entries: list[Row]  # as `held` gives them
    disclosures: list[Row]  # of the subject's cases: to whom what was told, and whether it was covered
    accesses: list[Row]  # who looked
    erased: list[Row]  # `position, erased_at, authority, second_authority` of the subject's tombstones
    kept_until: Row  # `until, rule`
    size: int  # of the log that the leaves belong to
    root: str  # its root, hex


def bundle(asked: Asked, subject: str) -> Bundle:
    """The bundle of a case or person at those clocks."""
    entries = held(asked, subject=subject)
    cases = [subject] if subject.startswith("case:") else asked.record.store.forgetting.behind(subject)
    kept = asked.record.kept_until(subject)
    return Bundle(
        subject=subject,
        clocks=asked.clocks,
        entries=entries,
        disclosures=[row for case in cases for row in _disclosures(asked, case)],
        accesses=[read for case in cases for read in accesses(asked, case)],
        erased=[
            {
                "position": position,
                "erased_at": event.occurred_at,
                "authority": event.authority,
                "second_authority": event.second_authority,
            }
            for position, event in tombstones(asked.log)
            if subject in subjects_of_tombstone(event)
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
