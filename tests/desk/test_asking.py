"""Asking wrongly: what no entry names is refused in one sentence, and no option is passed over in silence."""

from typing import Any

import pytest

from earlystart_core import DecideTier, Invalid

from .making import Desk

NOBODY = "0" * 26


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("could_see", {"case": f"case:{NOBODY}", "practitioner": "practitioner:unknown", "at": 1}),
        ("contact", {"case": f"case:{NOBODY}", "at": 1}),
        ("backdated", {"case": f"case:{NOBODY}", "at": 1}),
        ("undecided", {"case": f"case:{NOBODY}"}),
        ("held", {"subject": f"case:{NOBODY}"}),
        ("held", {"subject": f"person:{NOBODY}"}),
        ("consents", {"recipient": "org:typo"}),
        ("agreements", {"recipient": "org:typo"}),
    ],
)
def test_what_no_entry_names_is_refused(desk: Desk, question: str, options: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="that an entry names") as found:
        desk.ask(question, **options)
    assert found.value.field in options


def test_what_an_entry_names_only_later_has_no_rows_yet(desk: Desk) -> None:
    assert desk.ask("held", subject=desk.case, known=0).rows == []


def test_a_team_that_no_case_is_under_has_no_rows(desk: Desk) -> None:
    """As everywhere on the command line (`--team`)."""
    assert desk.ask("undecided", team="team:typo").rows == []
    assert desk.ask("backdated", team="team:typo", at=desk.now.isoformat()).rows == []


def test_a_case_and_a_team_narrow_together(desk: Desk) -> None:
    desk.do(DecideTier(case=desk.case, tier="universal_plus"))
    for question, more in (("backdated", {"at": desk.now.isoformat()}), ("then_and_now", {"at": 0}), ("undecided", {})):
        assert desk.ask(question, case=desk.case, team="team:a", **more).rows
        assert desk.ask(question, case=desk.case, team="team:other", **more).rows == []


@pytest.mark.parametrize("on", ["20510101", "2051-W01-1", "2051-1-1", "2051-02-30", ""])
def test_a_day_is_written_in_one_way(desk: Desk, on: str) -> None:
    with pytest.raises(Invalid, match="a date such as 2051-12-31"):
        desk.ask("kept", on=on)
