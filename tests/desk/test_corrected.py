"""Histories in which what an event says of a thing was corrected, and the correction taken back: nothing is missed.

An event of a package, a request or an agreement then carries another case, or other parties, than its first event.
"""

import random
from collections import Counter
from typing import Any

from earlystart_core import Record
from earlystart_core.audit.hindsight import DECISIONS
from earlystart_core.words import EVENTS
from tests.depth import many
from tests.record.any_history import history
from tests.record.test_diff import FACTS, MARK

CLASSES = [*DECISIONS, *FACTS, MARK, MARK, MARK, MARK, MARK]


def test_of_one_case_the_same_decisions_are_told_as_of_all() -> None:
    """Question 9 of a case is the whole of question 9, cut to that case."""
    met: Counter[str] = Counter()
    for seed in range(many(200)):
        log = history(CLASSES, seed, size=36)
        with Record.open("memory://") as record:
            record.store.log = log.log
            whole = record.ask("relied").rows
            for case in {row["case"] for row in whole}:
                assert record.ask("relied", case=case).rows == [row for row in whole if row["case"] == case], seed
            met.update(row["type"] for row in whole)
    assert len({"InformationShared", "CaseClosed", "PackageEnded", "RequestDecided"} & {*met}) >= many(4, 2)


def key(row: dict[str, Any]) -> tuple[str, ...]:
    return (row["view"], *map(str, row["key"].values()))


def test_whatever_differs_on_the_dashboard_is_explained() -> None:
    """Question 12, of everyone and of one case alike."""
    met: Counter[str] = Counter()
    for seed in range(many(200)):
        log = history([*CLASSES, *EVENTS.classes.values()], seed, size=36)
        at = random.Random(seed).randint(1, 36)
        with Record.open("memory://") as record:
            record.store.log = log.log
            whole = {key(row): row for row in record.ask("then_and_now", at=at)}
            assert all(row["because"] for row in whole.values()), seed
            for case in sorted(
                {each["case"] for row in whole.values() for each in (row["before"], row["after"]) if each}
            ):
                for row in record.ask("then_and_now", at=at, case=case):
                    assert row["because"], (seed, case)
                    assert row["because"] == whole[key(row)]["because"], (seed, case)
                    met[row["view"]] += 1
    assert min(met[view] for view in ("case_status", "package_status", "request_queue", "consent_status")) > many(20, 2)
