"""What is recorded in these tests, and all that a record is asked."""

from collections.abc import Callable
from datetime import date
from typing import Any

from earlystart_core import DecideTier, OpenCase, Practitioner, Record
from earlystart_core.access.reader import Reader
from earlystart_core.views import VIEWS

BY = Practitioner("practitioner:01ARZ3NDEKTSV4RRFFQ69G5FAV", "health_visitor", "org:lch")
READER = Reader(BY.practitioner, BY.role, BY.employer, "direct_care", team="team:armley")


def case_of(number: int) -> str:
    return f"case:01JH000000000000000{number:07d}"


def open_case(record: Record, number: int, team: str = "team:armley") -> tuple[int, ...]:
    """The position of a case's opening; none where it is open already."""
    command = OpenCase(
        case=case_of(number),
        family=f"family:01JH000000000000000{number:07d}",
        team=team,
        reason="birth",
        born_on=date(2025, 12, 1),
    )
    return record.submit(command, by=BY).positions


def decide_tier(record: Record, number: int, tier: str = "universal_plus", why: str | None = None) -> tuple[int, ...]:
    """The position of a decision; none where it is decided so already."""
    return record.submit(DecideTier(case=case_of(number), tier=tier, reason=why), by=BY).positions


def answers(record: Record, cases: int) -> dict[str, Any]:
    """All that can be asked of a few cases, each answer with its clocks, or what was said instead."""
    found: dict[str, Any] = {}
    past = record.as_at(known=record.store.log.head() // 2)
    asked = {
        **{f"view {view.name}": (record.view, view.name) for view in VIEWS},
        **{f"then {view.name}": (past.view, view.name) for view in VIEWS},
        **{f"timeline {number}": (record.timeline, case_of(number)) for number in range(cases)},
        **{f"case {number}": (record.view, "case_status", None, case_of(number)) for number in range(cases)},
        **{f"looked {number}": (record.looked, case_of(number)) for number in range(cases)},
        "tiers": (record.tiers,),
        "caseload": (record.caseload,),
        "erasures": (record.erasures,),
        "disclosures": (record.disclosures,),
    }
    for name, (ask, *arguments) in asked.items():
        answer = ask(*arguments)
        found[name] = (answer.known, answer.known_at, [*answer.rows])
    return found


def lose_two_children(url: str, save: Callable[[], None], put_back: Callable[[], None]) -> None:
    """A program that has the store open goes on when what it recorded of two children is gone."""
    with Record.open(url) as record:
        open_case(record, 1)
        decide_tier(record, 1, why="about child 1")
        save()
        for number in (2, 3):
            open_case(record, number)
            decide_tier(record, number, why=f"about child {number}")
        assert len(answers(record, 5)["timeline 3"][2]) == 2
        put_back()
        found = answers(record, 5)
        with Record.open(url) as fresh:
            expected = answers(fresh, 5)
            assert found == expected
            assert expected["timeline 3"][2] == []
            assert open_case(record, 4) == (3,)  # case 4 has the number that case 2 had
            assert decide_tier(record, 4, why="about child 4") == (4,)
            assert answers(record, 5) == answers(fresh, 5)
            assert fresh.timeline(case_of(4)).rows[-1]["fields"]["reason"] == "about child 4"
            assert fresh.proof.verify().sound
            assert fresh.store.views.check()[1] == []
