"""What stands in tables as numbers: told back as it was, also where no tag names it or an append was undone."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from earlystart_core import Record
from earlystart_core.entry import Entry
from earlystart_core.words import EVENTS
from earlystart_core.words.case import CaseOpened
from earlystart_sql import naming, telling
from earlystart_sql.naming import TERM, Naming

from .told import BY, folded, meet, open_case, served

Opened = Callable[..., Record]


def test_ids_that_no_tag_names(opened: Opened) -> None:
    """An entry from elsewhere may carry none of its ids: a rebuild numbers them, and the view tells them."""
    record = opened()
    opening = CaseOpened(
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        case="case:" + "7" * 26,
        family="family:" + "7" * 26,
        team="team:elsewhere",
        reason="birth",
        born_on=date(2025, 12, 30),
    )
    keys, chance = record.store.keys, record.store.chance
    entry = EVENTS.entry(opening, by=BY, command_id=None, keys=keys, chance=chance, tags=["case:" + "6" * 26])
    record.store.log.append([entry])
    for source in ("rows", "segments"):
        record.rebuild(source)
        assert record.view("case_status", case=opening.case)[0]["team"] == "team:elsewhere"
        assert served(record) == folded(record)
        assert record.store.views.check()[1] == []


@pytest.mark.parametrize("few", [0, 2_000])
def test_few_and_many_rows_are_told_alike(opened: Opened, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """By their numbers or by the column of all ids, as rows and as frames."""
    for module in (naming, telling):
        monkeypatch.setattr(module, "FEW", few)
    record = opened()
    record.rebuild()
    meet(record, open_case(record))
    assert served(record) == folded(record)
    past = record.as_at()
    assert record.caseload().rows == past.caseload().rows
    teams = {row["team"] for row in record.view("case_status")}
    for team in teams:
        assert record.view("package_status", team=team).rows == past.view("package_status", team=team).rows
    assert record.view("case_status", team="team:nowhere").rows == []
    assert record.view("case_status", case="case:" + "0" * 26).rows == []


def test_numbers_that_were_undone_go_to_others(opened: Opened) -> None:
    """What an append adds is remembered once it is committed, and not before."""
    record = opened()
    record.rebuild()
    log = record.store.log
    numbers: list[int | None] = []

    def add(text: str) -> Callable[..., None]:
        def follower(given: object, _: object) -> None:
            names = Naming(given, "")  # type: ignore[arg-type]  # the append's numbers
            names.give([], [text])
            numbers.append(names.find(TERM, [text])[text])
            if text == "undone":
                raise KeyError

        return follower

    for text in ("undone", "kept"):
        log.followers = [add(text)]  # type: ignore[attr-defined]  # an SqlLog
        try:
            log.append([Entry("Tried", b"{}", ["case:x"])])
        except KeyError:
            assert text == "undone"
    assert numbers[0] == numbers[1]
    with log.reading() as connection:  # type: ignore[attr-defined]
        names = Naming(log.numbers(connection), "")  # type: ignore[attr-defined]
        assert names.find(TERM, ["undone", "kept"]) == {"kept": numbers[1]}
        assert names.tell(TERM, [numbers[1], None]) == ["kept", None]
        assert names.arrays({TERM: ["kept"], "case": ["case:x"]}, add=False)[TERM].tolist() == [numbers[1]]
