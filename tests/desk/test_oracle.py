"""Every question against an independent reading, whole and per case, at several pairs of clocks, by seed.

`EVERY` seeds run here. More, after a change of the desk: `PYTHONPATH=tests python -m tests.desk.test_oracle 100 400`.
"""

import json
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

import naive
from earlystart_core.event import shape_of
from earlystart_core.words import EVENTS

from .histories import City, History
from .oracle import QUESTIONS, Desk
from .oracle.subject import leaks, own

EVERY, CITIES, PAIRS = 24, 2, 3
STORY = ("position", "occurred_at", "recorded_at", "type", "struck")
SEALED = {name: [*shape_of(cls).sealed] for name, cls in EVENTS.classes.items()}
Options = dict[str, Any]


def asked_of(history: History) -> dict[str, list[Options]]:
    """The options to ask each question with."""
    chance, at = history.chance, history.moment()
    case, team, org = chance.choice(history.cases), chance.choice(history.teams), chance.choice(["org:a", "org:b"])
    one, here, there = {"case": case}, {"at": at}, {"recipient": org}
    all_and_one: list[Options] = [{}, one]
    plan: dict[str, list[Options]] = dict.fromkeys(QUESTIONS, all_and_one)
    plan |= {
        "could_see": [{**one, **here}],
        "backdated": [{**one, **here}, {"team": team, **here}, {**one, "team": team, **here}],
        "consents": [*all_and_one, there, {"item": "a"}, {**one, **there}],
        "agreements": [{}, here, {**there, **here}, {**there, "purpose": "a", "item": "a"}],
        "overrides": [*all_and_one, there],
        "necessary": [*all_and_one, there],
        "looked": [*all_and_one, {"practitioner": history.practitioners[0]}],
        "then_and_now": [here, {**here, **one}, {**here, "team": team}],
        "late": [*all_and_one, {"hours": 0, "practitioner": history.practitioners[-1]}],
        "kept": [{"on": "2080-01-01"}, {"on": "2051-01-01"}],
        "held": [{"subject": case}, {"subject": chance.choice(history.people)}],
        "undecided": [*all_and_one, {"team": team}, {**one, "team": team}],
        "concerns": [*all_and_one, {"hours": 1}],
        "contact": [{**one, **here}],
    }
    named = {tag for entry in history.entries for tag in entry["tags"]}
    known = {look["subject"] for look in history.looks} | named
    for name, several in plan.items():  # what nothing names is refused
        plan[name] = [
            each for each in several if {each.get(of) for of in ("case", "subject", "recipient")} <= known | {None}
        ]
    return plan


def answered(history: History, name: str, known: Any, effective: Any, options: Options) -> list[dict[str, Any]]:
    """The library's rows, in what the oracle tells of them."""
    more = {"practitioner": history.practitioners[0]} if name == "could_see" else {}
    rows = json.loads(history.record.ask(name, known, effective, **options, **more).json())
    match name:
        case "could_see" | "held":
            return [{column: row[column] for column in STORY} for row in rows]
        case "overrides":
            return [row | {text: row[text] is not None for text in ("harm", "if_not_why")} for row in rows]
        case "looked":
            return [{column: row[column] for column in row if column not in ("ties", "reason")} for row in rows]
        case _:
            found: list[dict[str, Any]] = rows
            return found


def differences(history: History, name: str, known: Any, effective: Any, options: Options) -> Iterator[str]:
    """What the library says otherwise than the oracle."""
    desk = Desk(history.entries, history.looks, known, effective)
    more = {"now": naive.shown(history.now)} if name == "kept" else {}
    expected, rows = QUESTIONS[name](desk, **options, **more), answered(history, name, known, effective, options)
    if rows != expected:
        where = f"{name} {options} known={known} effective={effective}"
        both = next(((got, want) for got, want in zip(rows, expected, strict=False) if got != want), None)
        yield f"{where}: {both or (len(rows), len(expected))}"
    if name == "held":
        shown = json.loads(history.record.ask(name, known, effective, **options).json())
        mine = own(desk, options["subject"])
        yield from leaks(desk, shown, mine, lambda one: SEALED[one["type"]])


def all_differences(history: History, pairs: int) -> Iterator[str]:
    """Of every question at several pairs of clocks, the first of which lets in everything."""
    for number in range(pairs):
        known, effective = history.clocks() if number else (None, None)
        for name, several in asked_of(history).items():
            for options in several:
                yield from differences(history, name, known, effective, options)


@pytest.mark.parametrize("seed", range(EVERY))
def test_every_answer_is_that_of_the_oracle_on_any_history(seed: int) -> None:
    assert [*all_differences(History(seed), PAIRS)] == []


@pytest.mark.parametrize("seed", range(CITIES))
def test_every_answer_is_that_of_the_oracle_on_a_city(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naive, "instant", cache(naive.instant))  # of thousands of entries, read over and over
    assert [*all_differences(City(seed), 2)] == []


def test_the_histories_have_what_the_questions_are_about() -> None:
    """So that no answer above is empty each time."""
    rows = dict.fromkeys(QUESTIONS, 0)
    for seed in range(EVERY):
        history = History(seed)
        for name, several in asked_of(history).items():
            rows[name] += sum(len(answered(history, name, None, None, options)) for options in several)
    assert [name for name, found in rows.items() if found < EVERY // 4] == []


if __name__ == "__main__":
    first, last = map(int, sys.argv[1:])
    for number in range(first, last):
        for line in all_differences(History(number), PAIRS):
            sys.stdout.write(f"{number} {line}\n")
