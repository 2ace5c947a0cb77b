"""The page of the twenty questions has each as it is asked, with its options, the keys of its rows, and its test."""

import re
from pathlib import Path

from earlystart_core.desk.questions import QUESTIONS
from tests.docs.shapes import ROOT, rows_of

PAGE = ROOT / "docs" / "reference" / "questions.md"
TESTS = (ROOT / "tests" / "desk" / "test_twenty.py").read_text("utf-8")


def test_each_question_stands_there_with_its_command_its_python_and_its_test() -> None:
    rows = rows_of(PAGE, "| | asks |")
    assert [(int(number), asks) for number, asks, *_ in rows] == [(each.number, each.asks) for each in QUESTIONS]
    for question, (number, _, command, python, test) in zip(QUESTIONS, rows, strict=True):
        needs = set(question.needs)
        assert command.strip("`").split()[:3] == ["audit", "ask", question.name]
        assert set(re.findall(r"--(\w+)", command)) == needs
        assert python.startswith(f'`ask("{question.name}"')
        assert set(re.findall(r"(\w+)=", python)) == needs
        assert test.strip("`").startswith(f"test_{int(number):02}_")
        assert f"def {test.strip('`')}(" in TESTS


def test_each_question_has_its_options_and_rows() -> None:
    rows = rows_of(PAGE, "| question | options |")
    assert {name.strip("`"): re.findall(r"`(\w+)`", options) for name, options, _ in rows} == {
        each.name: each.takes for each in QUESTIONS
    }
    assert all(said for *_, said in rows)


def test_the_rows_have_the_keys_that_the_page_says(tmp_path: Path) -> None:
    """Where the page lists them all, against rows of a city."""
    from earlystart_core import Record
    from tests.cli.conftest import call

    db = tmp_path / "city.db"
    assert call("simulate", "--db", db, "--cases", "30", "--years", "3", "--seed", "4", "--teams", "2").status == 0
    listed = {name.strip("`"): said for name, _, said in rows_of(PAGE, "| question | options |")}
    with Record.open(str(db), create=False) as record:
        case = record.view("case_status")[0]["case"]
        for question in QUESTIONS:
            given = {"case": case, "subject": case, "at": "2025-06-30", "practitioner": "practitioner:unknown"}
            options = {name: given[name] for name in [*question.needs, *(["case"] * (question.number == 2))]}
            answer = record.ask(question.number, **options)
            said = listed[question.name]
            if answer and not said.startswith("the rows of"):
                keys = [
                    key for part in re.findall(r"`([^`]*)`", re.sub(r"\([^)]*\)", "", said)) for key in part.split(", ")
                ]
                assert list(answer[0]) == [key.strip() for key in keys if key.strip()], question.name
