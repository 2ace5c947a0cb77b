"""What a question came to, in one line on standard error beside the rows for people; data stays as it is."""

from pathlib import Path
from typing import Any

import pytest

from earlystart_cli.answering import line_of

from .conftest import call


def said(city: Path, question: str, *options: object) -> tuple[list[dict[str, Any]], str]:
    """The rows, and the last line on standard error of the answer for people. The rows alone come with the clocks."""
    data = call("audit", "ask", question, "--db", city, "--json", *options)
    assert data.err.count("\n") == 1
    assert data.err.startswith("known=")
    shown = call("audit", "ask", question, "--db", city, *options)
    assert (data.status, shown.status) == (0, 0)
    return data.json, shown.err.splitlines()[-1]


def test_3_how_many_sharings_had_nobodys_decision(city: Path) -> None:
    rows, line = said(city, "3")
    shared = {row["position"]: row["consent"] for row in rows}
    alone = sum(consent is None for consent in shared.values())
    assert line == f"{len(shared):,} sharings, {alone:,} of them with nobody's decision behind it"


def test_8_how_often_a_family_was_told(city: Path) -> None:
    rows, line = said(city, "told")
    worded = sum(bool(row["wording"]) for row in rows)
    overrides = [row["family_told"] for row in rows if row["told"] == "override"]
    assert line == (
        f"told by a wording at {worded} of {len(rows) - len(overrides)} decisions; {len(overrides)} "
        f"override{'s' * (len(overrides) != 1)}, {overrides.count(False)} of them without telling the family"
    )


def test_14_how_many_entries_came_late(city: Path) -> None:
    rows, line = said(city, "14", "--hours", "72")
    who = len({row["practitioner"] for row in rows})
    assert line == f"{len(rows):,} entries recorded more than 72 hours late, by {who} practitioners"
    assert said(city, "late", "--hours", "1000000") == ([], "0 entries recorded more than 1,000,000 hours late")


def test_19_how_many_concerns_were_answered_in_time(city: Path) -> None:
    rows, line = said(city, "concerns", "--hours", "1")
    within = sum(row["within"] for row in rows)
    things = "concern" if len(rows) == 1 else "concerns"
    assert line == f"{within} of {len(rows)} {things} answered by a sharing within 1 hour"


def test_6_and_10_say_so_where_nobody_looked(city: Path) -> None:
    assert said(city, "looked") == ([], "nobody looked, as the access log has it")
    assert said(city, "exposed", "--known", "1") == ([], "nobody looked: no such entry is marked in error")


def test_10_how_many_wrong_entries_somebody_saw(city: Path) -> None:
    rows, line = said(city, "exposed")
    seen = [row for row in rows if row["how"] is not None]
    wrong, exposed = ({row["entry"] for row in some} for some in (rows, seen))
    assert line.startswith(f"exposed to someone: {len(exposed)} of {len(wrong)} entr")
    assert line.endswith(f" marked in error, {len(seen)} time{'s' * (len(seen) != 1)}")


def test_1_says_what_allowed_needs(city: Path) -> None:
    told = call("audit", "ask", "told", "--db", city, "--json").json[0]
    head = call("log", "verify", "--db", city, "--json").json["size"]
    about = ("--case", told["case"], "--practitioner", f"practitioner:{'0' * 26}", "--at", head)
    rows, line = said(city, "could-see", *about)
    assert {row["allowed"] for row in rows} == {None}
    assert line.startswith("allowed was not judged: expected --role and --employer")
    rows, line = said(city, "1", *about, "--role", "health_visitor", "--employer", "org:lch")
    assert line == f"0 of {len(rows)} entries could be seen"
    assert {row["allowed"] for row in rows} == {False}


@pytest.mark.parametrize("question", ["contact", "unaltered", "kept"])
def test_other_questions_have_no_line(question: str) -> None:
    assert line_of(question, [], {}) is None
