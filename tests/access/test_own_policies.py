"""A policy of one's own cannot break the access log: whatever it gives or raises, the log says what came of it."""

import msgspec
import pytest
from msgspec.structs import replace

from earlystart_core import NotPermitted, Record
from earlystart_core.access.names import LONGEST, check_visible
from earlystart_core.access.policy import Asked, Decision, Relation, decision_of, judged
from earlystart_core.access.rings import RINGS

from .conftest import *

ASKED = Asked("health_visitor", "direct_care", "read", Relation(), ring="team")


class Sub(str):
    """Text that says it is other text."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


class Liar:
    """Says that it is a decision that permits."""

    effect, rules, policy, rings, obligations, position, permitted = "permit", ("all",), "own 1", RINGS, (), 0, True

    @property
    def __class__(self):
        return Decision


class Kinder(Decision, frozen=True):
    """A decision that says deny, and permits."""

    @property
    def permitted(self) -> bool:
        return True


class Own:
    """Gives what it was told to give; raises it where it is an exception."""

    name = "own 1"

    def __init__(self, gives: object) -> None:
        self.gives = gives

    def decide(self, asked: Asked) -> Decision:
        if isinstance(self.gives, BaseException):
            raise self.gives
        return self.gives


def said(**changed: object) -> Decision:
    """A decision that is in order, but for that."""
    fields = {
        "effect": "permit",
        "rules": ("all",),
        "policy": "own 1",
        "rings": RINGS,
        "obligations": (),
        "position": 0,
    }
    return Decision(**{**fields, **changed})


WRONG = {
    "nothing": None,
    "true": True,
    "text": "permit",
    "a dict": {"effect": "permit"},
    "the class": Decision,
    "an object that lies about its class": Liar(),
    "a subclass": Kinder("deny", ("all",), "own 1"),
    "another effect": said(effect="maybe"),
    "effect of another type": said(effect=True),
    "effect in capitals": said(effect="PERMIT"),
    "effect that is equal to all": said(effect=Sub("deny")),
    "no rules": said(rules=()),
    "rules as a list": said(rules=["all"]),
    "rules as text": said(rules="all"),
    "rules that are none": said(rules=None),
    "a rule of another type": said(rules=("all", 7)),
    "a rule of bytes": said(rules=(b"all",)),
    "a rule of a subclass": said(rules=(Sub("all"),)),
    "an empty rule": said(rules=("",)),
    "a long rule": said(rules=("x" * (LONGEST + 1),)),
    "many rules": said(rules=("x",) * 101),
    "a rule with a line feed": said(rules=("a\nb",)),
    "a rule with NUL": said(rules=("a\0b",)),
    "a rule that drives a terminal": said(rules=("\x1b[2Jall",)),
    "a rule that turns the direction": said(rules=("a\u202eb",)),
    "a rule without width": said(rules=("a\u200bb",)),
    "a rule of half a character": said(rules=("a\ud800",)),
    "a rule of a filler": said(rules=("\u3164",)),
    "a rule with a selector": said(rules=("a\ufe0f",)),
    "a rule that is a mark alone": said(rules=("\u0301",)),
    "a rule of blanks": said(rules=(" all",)),
    "a private character": said(rules=("\ue000",)),
    "another policy": said(policy="early_start_access 1"),
    "policy of another type": said(policy=None),
    "policy that is equal to all": said(policy=Sub("own 2")),
    "an unknown ring": said(rings=("outside", "moon")),
    "rings out of order": said(rings=("team", "outside")),
    "rings without the outermost": said(rings=("health",)),
    "a ring twice": said(rings=("outside", "outside")),
    "rings as a list": said(rings=list(RINGS)),
    "rings as text": said(rings="outside"),
    "a ring of a subclass": said(rings=(Sub("outside"), "team")),
    "rings that are none": said(rings=None),
    "an unknown obligation": said(obligations=("sing",)),
    "an obligation twice": said(obligations=("review", "review")),
    "obligations as a set": said(obligations={"review"}),
    "an obligation that is no text": said(obligations=(1,)),
    "deny that opens": said(effect="deny"),
    "deny that binds": said(effect="deny", rings=(), obligations=("review",)),
    "a position of another type": said(position="7"),
    "a position of half": said(position=1.0),
    "a position that is true": said(position=True),
    "a position below 0": said(position=-1),
    "an error": ValueError("x"),
    "an error without a text": type("Odd", (Exception,), {"__str__": lambda self: 1 / 0})(),
    "too deep": RecursionError(),
    "no memory": MemoryError(),
    "the end of an iteration": StopIteration(),
    "an exit": SystemExit(0),
    "a generator's exit": GeneratorExit(),
    "something raised of its own": type("Mine", (BaseException,), {})(),
}


def only_look(record: Record) -> dict[str, object]:
    (row,) = record.looked().rows
    return row


@pytest.mark.parametrize("name", WRONG)
def test_whatever_is_no_decision_denies_and_can_be_read_afterwards(lasting: Record, name: str) -> None:
    policy = Own(WRONG[name])
    assert judged(policy, ASKED, 7) == Decision("deny", ("policy.failed",), "own 1", position=7)
    with pytest.raises(NotPermitted, match=r"may not read case:\S+: policy\.failed \(own 1\)"):
        lasting.seen_by(ALLOCATED, policy).timeline(ANNA)
    row = only_look(lasting)
    assert (row["result"], row["rules"], row["rings"]) == ("refused", ["policy.failed"], [])
    assert (row["practitioner"], row["subject"]) == (JO, ANNA)


@pytest.mark.parametrize("url", ["postgresql", "memory"], indirect=True)
@pytest.mark.parametrize("name", ["a rule of half a character", "a rule with NUL", "effect of another type", "an exit"])
def test_so_it_is_in_every_store(record: Record, name: str) -> None:
    with pytest.raises(NotPermitted, match=r"policy\.failed"):
        record.seen_by(ALLOCATED, Own(WRONG[name])).timeline(ANNA)
    assert only_look(record)["rules"] == ["policy.failed"]


ASKS = {
    "view": lambda seen: seen.view("case_status", case=ANNA),
    "list": lambda seen: seen.view("case_status"),
    "caseload": lambda seen: seen.caseload(),
    "disclosures": lambda seen: seen.disclosures(),
    "looked": lambda seen: seen.looked(case=ANNA),
}


@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize("name", ["nothing", "a rule with a line feed", "an exit"])
def test_so_it_is_whatever_is_asked(lasting: Record, ask: str, name: str) -> None:
    with pytest.raises(NotPermitted, match=r"policy\.failed"):
        ASKS[ask](lasting.seen_by(ALLOCATED, Own(WRONG[name])))
    assert not lasting.seen_by(ALLOCATED, Own(WRONG[name])).may("export", ANNA).permitted
    assert {row["result"] for row in lasting.looked()} == {"refused"}


def test_ctrl_c_inside_a_policy_goes_on_and_nothing_is_shown(lasting: Record) -> None:
    with pytest.raises(KeyboardInterrupt):
        lasting.seen_by(ALLOCATED, Own(KeyboardInterrupt())).timeline(ANNA)
    assert lasting.looked().rows == []
    assert lasting.seen_by(ALLOCATED).timeline(ANNA)


GIVEN = {
    "permit": said(),
    "the outermost ring": said(rings=("outside",)),
    "no ring": said(rings=()),
    "a position of its own": said(position=3),
    "a rule in French": said(rules=("r\u00e8gle d\u2019acc\u00e8s 2",)),
    "a rule in Chinese": said(rules=("\u89c4\u5219",)),
    "obligations": said(obligations=("text_withheld", "review")),
    "deny": said(effect="deny", rules=("because",), rings=()),
}


@pytest.mark.parametrize("name", GIVEN)
def test_what_is_in_order_is_taken_as_it_is(name: str) -> None:
    given = GIVEN[name]
    assert decision_of(Own(given), ASKED) == given
    assert judged(Own(given), replace(ASKED, ring=None), 7) == msgspec.structs.replace(given, position=7)


class Changing(Own):
    """Gives itself another name every time that it is asked."""

    def __init__(self) -> None:
        self.times = 0

    @property
    def name(self) -> str:
        self.times += 1
        return f"own {self.times}"

    def decide(self, asked: Asked) -> Decision:
        return said(policy=self.name)


class Nameless(Own):
    """Has no name."""

    def __init__(self, gives: object) -> None:
        self.gives = gives

    @property
    def name(self) -> object:
        if isinstance(self.gives, BaseException):
            raise self.gives
        return self.gives

    def decide(self, asked: Asked) -> Decision:
        return said(policy=self.gives)


@pytest.mark.parametrize(
    "name", [None, 7, "", "a\nb", "x" * 101, Sub("own 1"), "\u200b", ValueError(), SystemExit(), "\ud800"]
)
def test_a_policy_whose_name_cannot_be_read_denies_under_that_of_its_class(lasting: Record, name: object) -> None:
    with pytest.raises(NotPermitted, match=r"policy\.failed \(Nameless\)"):
        lasting.seen_by(ALLOCATED, Nameless(name)).timeline(ANNA)
    with pytest.raises(NotPermitted, match=r"glass\.unknown \(Nameless\)"):
        lasting.seen_by(replace(ALLOCATED, break_glass="glass:" + "0" * 26), Nameless(name)).timeline(ANNA)


def test_a_policy_whose_class_has_no_readable_name_either_denies(lasting: Record) -> None:
    lies = type("Lying", (type,), {"__name__": property(lambda cls: 1 / 0)})
    for policy in (type("a\nb", (Nameless,), {})(None), lies("\u200b", (Nameless,), {})(None)):
        with pytest.raises(NotPermitted, match=r"policy\.failed \(\(no readable name\)\)"):
            lasting.seen_by(ALLOCATED, policy).timeline(ANNA)


def test_a_name_that_changes_while_it_decides_denies(lasting: Record) -> None:
    with pytest.raises(NotPermitted, match=r"policy\.failed"):
        lasting.seen_by(ALLOCATED, Changing()).timeline(ANNA)


class Forging:
    """Asks itself something else: a ring that it may open, and a tie that nobody has."""

    name = "own 1"

    def decide(self, asked: Asked) -> Decision:
        msgspec.structs.force_setattr(asked, "ring", "outside")
        msgspec.structs.force_setattr(asked.relation, "own", False)
        return said(rings=("outside",))


def test_a_policy_that_changes_the_question_denies_and_changes_nothing_of_ours() -> None:
    relation = Relation(own=True)
    asked = Asked("health_visitor", "direct_care", "read", relation, ring="health")
    assert judged(Forging(), asked, 7).rules == ("policy.failed",)
    assert (asked.ring, relation.own) == ("health", True)


def test_a_decision_that_is_changed_afterwards_changes_nothing(lasting: Record) -> None:
    """What was checked is what is used: a copy."""
    given = said(rings=("outside",))
    decision = judged(Own(given), replace(ASKED, ring="outside"), 7)
    msgspec.structs.force_setattr(given, "rings", RINGS)
    assert decision.rings == ("outside",)


def test_what_is_wrong_with_a_policy_is_told_to_whoever_tests_it() -> None:
    for name, sentence in {
        "a subclass": "expected a Decision, got Kinder",
        "another policy": "policy: expected the name of the policy that decided",
        "rings out of order": "rings: expected a tuple of outside, team, health in that order",
        "a rule with NUL": "rules: expected characters that can be seen",
    }.items():
        with pytest.raises(ValueError, match=sentence):
            decision_of(Own(WRONG[name]), ASKED)
    with pytest.raises(ZeroDivisionError):
        decision_of(Own(ZeroDivisionError()), ASKED)


@pytest.mark.parametrize("text", ["read.allocated", "r\u00e8gle 1", "e\u0301", "\u05d0", "x" * LONGEST])
def test_a_name_that_can_be_read_is_taken(text: str) -> None:
    assert check_visible("rules", text) == text
