"""The access policy: whether a reader may do something, and how far in they see. Pure, and one table of rules.

Whatever no rule permits is denied, and one that forbids overrides all that permit. Whoever is in no known role, or
asks for what is not known, meets no rule. A policy that fails denies (`judged`).
"""

from collections.abc import Sequence
from typing import Literal, Protocol, get_args

import msgspec

from earlystart_core.access.names import check_visible
from earlystart_core.access.rings import RINGS, Ring, within
from earlystart_core.access.roles import CARE, GROUPS, OVERSIGHT, REACH, group_of

Action = Literal[
    "read",  # one case: its rows, its timeline, its disclosures
    "list",  # the cases of a team or of all, each of which is then judged as read
    "count",  # caseload and tiers: numbers that name no child
    "audit",  # disclosures of everyone, who looked, who broke the glass
    "break_glass",
    "review",  # of a broken glass
    "export",
    "erase",
    "administer",
]
ACTIONS: tuple[Action, ...] = get_args(Action)
Effect = Literal["permit", "deny"]
OBLIGATIONS = ("review", "text_withheld")  # what a decision may bind a reader to
MOST_RULES = 100  # that a decision may name


class Relation(msgspec.Struct, frozen=True):
    """What ties a reader to a case at the moment asked, as the log has it; `own` alone is what the reader declared."""

    allocated: bool = False  # delivers a package of it that has not ended
    point_of_contact: bool = False  # of the open case
    team: bool = False  # the open case is under the reader's team
    consented: bool = False  # the reader's organisation may be told, for exactly that purpose
    own: bool = False  # the reader's own family, or a relative's
    broke: bool = False  # the reader broke the glass that is to be reviewed


class Asked(msgspec.Struct, frozen=True):
    """What a policy is asked. glass: whether the reader comes with a broken glass that stands for that case."""

    role: str
    purpose: str
    action: str
    relation: Relation = Relation()
    glass: bool = False
    ring: Ring | None = None  # of what is asked for, where it has one


class Decision(msgspec.Struct, frozen=True):
    """What a policy said. rings: what may be seen, outermost first; empty where nothing of a case may.

    A policy of one's own gives exactly this, or it has failed (`decision_of`).
    """

    effect: Effect
    rules: tuple[str, ...]  # that decided: all that forbid, else all that permit, else why nothing does
    policy: str  # its name and version, as its `name` has it
    rings: tuple[Ring, ...] = ()
    obligations: tuple[str, ...] = ()  # `text_withheld`: sealed text is not shown; `review`: someone else reviews it
    position: int = 0  # the log's position that the relation was read at

    @property
    def permitted(self) -> bool:
        return self.effect == "permit"


class AccessPolicy(Protocol):
    """A policy of one name and version. Pure: the same question always gets the same answer."""

    @property
    def name(self) -> str:
        """Its name and version, as access is recorded under."""

    def decide(self, asked: Asked) -> Decision:
        """Whether it may be done, and what is seen."""


_FRONT = ("health", "team", "lead")
_ALL = (*GROUPS, None)


class Rule(msgspec.Struct, frozen=True):
    """One line of the table. It holds where everything that it names is so; None names nothing."""

    id: str
    effect: Effect
    actions: tuple[str, ...] | None
    groups: tuple[str | None, ...] = _ALL
    purposes: frozenset[str] | None = None
    relation: str | None = None  # a field of Relation that must be true
    glass: bool | None = None
    ring: Ring | None = None  # up to which it opens a case, for whom reaches that far
    obligations: tuple[str, ...] = ()

    def holds(self, asked: Asked, group: str | None) -> bool:
        """Whether the rule speaks of that."""
        return (
            (self.actions is None or asked.action in self.actions)
            and group in self.groups
            and (self.purposes is None or asked.purpose in self.purposes)
            and (self.relation is None or getattr(asked.relation, self.relation))
            and (self.glass is None or asked.glass is self.glass)
        )


RULES = (
    Rule("forbid.own_family", "deny", None, relation="own"),
    Rule("forbid.glass_reads_only", "deny", tuple(one for one in ACTIONS if one != "read"), glass=True),
    Rule("forbid.own_review", "deny", ("review",), relation="broke"),
    Rule("read.allocated", "permit", ("read",), _FRONT, CARE, "allocated", ring="health"),
    Rule("read.point_of_contact", "permit", ("read",), _FRONT, CARE, "point_of_contact", ring="health"),
    Rule("read.team", "permit", ("read",), _FRONT, CARE, "team", ring="team"),
    Rule("read.managed", "permit", ("read",), ("lead",), frozenset({"service_management"}), "team", ring="team"),
    Rule("read.consented", "permit", ("read",), ("outside",), None, "consented", ring="outside"),
    Rule(
        "read.oversight",
        "permit",
        ("read",),
        ("officer",),
        OVERSIGHT,
        glass=False,
        ring="health",
        obligations=("text_withheld",),
    ),
    Rule("read.glass", "permit", ("read",), _FRONT, CARE, glass=True, ring="health", obligations=("review",)),
    Rule(
        "read.glass_oversight",
        "permit",
        ("read",),
        ("officer",),
        OVERSIGHT,
        glass=True,
        ring="health",
        obligations=("review",),
    ),
    Rule("list.care", "permit", ("list", "count"), _FRONT, CARE | {"service_management"}),
    Rule("list.consented", "permit", ("list",), ("outside",)),
    Rule("list.oversight", "permit", ("list", "count"), ("officer",), OVERSIGHT),
    Rule("audit.oversight", "permit", ("audit",), ("officer",), OVERSIGHT),
    Rule("glass.break", "permit", ("break_glass",), _FRONT, CARE),
    Rule("glass.break_oversight", "permit", ("break_glass",), ("officer",), OVERSIGHT),
    Rule("glass.review", "permit", ("review",), ("lead", "officer"), OVERSIGHT | {"service_management"}),
    Rule("export.subject_access", "permit", ("export",), ("officer",), frozenset({"subject_access"})),
    Rule("erase.retention", "permit", ("erase",), ("officer",), frozenset({"retention"})),
    Rule("administer.system", "permit", ("administer",), ("administrator",), frozenset({"administration"})),
)


class RulePolicy(msgspec.Struct, frozen=True):
    """A policy that is a table of rules."""

    name: str
    rules: Sequence[Rule] = RULES

    def decide(self, asked: Asked) -> Decision:
        """By the rules that hold: any that forbids, else any that permits, else no."""
        group = group_of(asked.role)
        holding = [rule for rule in self.rules if rule.holds(asked, group)]
        if forbidding := [rule.id for rule in holding if rule.effect == "deny"]:
            return Decision("deny", tuple(forbidding), self.name)
        if not holding:
            return Decision("deny", ("default.deny",), self.name)
        rings = _opened(holding, group)
        if asked.ring is not None and asked.ring not in rings:
            return Decision("deny", ("ring.out_of_reach",), self.name)
        return Decision("permit", tuple(rule.id for rule in holding), self.name, rings, _bound(holding, group, rings))


def _opened(holding: Sequence[Rule], group: str | None) -> tuple[Ring, ...]:
    """The rings up to the innermost that a rule opens, as far as the group reaches."""
    opened = [RINGS.index(rule.ring) for rule in holding if rule.ring is not None]
    if not opened or group not in REACH:
        return ()
    return within(RINGS[min(max(opened), RINGS.index(REACH[group]))])


def _bound(holding: Sequence[Rule], group: str | None, rings: tuple[Ring, ...]) -> tuple[str, ...]:
    """The duties that bind: those without which no rule, or none that opens as much, would have permitted it."""
    bound = []
    for duty in sorted({duty for rule in holding for duty in rule.obligations}):
        free = [rule for rule in holding if duty not in rule.obligations]
        if not free or _opened(free, group) != rings:
            bound.append(duty)
    return tuple(bound)


POLICY = RulePolicy("early_start_access 1")


def denied(policy: AccessPolicy, rule: str, position: int) -> Decision:
    """A no that stands before any policy is asked, such as `glass.unknown`, under the name of that policy."""
    try:
        name = _name_of(policy)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a name that cannot be read: its class says which policy it was
        name = _class_of(policy)
    return Decision("deny", (rule,), name, position=position)


def judged(policy: AccessPolicy, asked: Asked, position: int) -> Decision:
    """What the policy says, with the position that the relation was read at.

    A policy that fails says no, whatever it raises, and so does one whose answer is not what `decision_of` expects, or
    that permits what lies further in than the rings that it opens. Only Ctrl-C goes on.
    """
    try:
        decision = decision_of(policy, asked)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if policy is POLICY and not isinstance(error, Exception):
            raise  # the one that comes along raises none: somebody stops the program
        return denied(policy, "policy.failed", position)
    if decision.permitted and asked.ring is not None and asked.ring not in decision.rings:
        return Decision("deny", ("ring.out_of_reach",), decision.policy, position=position)
    return msgspec.structs.replace(decision, position=position)


def decision_of(policy: AccessPolicy, asked: Asked) -> Decision:
    """The policy's answer, every part of it checked and copied: for the tests of a policy of one's own.

    Raises:
        ValueError: the answer, or the policy's name, is not what the access log can record; the sentence says why.
        BaseException: whatever the policy raises.
    """
    name = _name_of(policy)
    given = msgspec.structs.replace(asked, relation=msgspec.structs.replace(asked.relation))
    decision = _checked(policy.decide(given), name)
    if given != asked:
        raise ValueError("the policy changed the question: expected it to read it only")
    return decision


def _checked(given: object, name: str) -> Decision:
    """A copy of it. Types are compared exactly: a subclass may answer one thing when asked and another when recorded.

    Raises ValueError where a part of it is not of its form.
    """
    if type(given) is not Decision:
        raise ValueError(f"expected a Decision, got {_class_of(given)}")
    effect, rules, policy, rings, obligations, position = msgspec.structs.astuple(given)
    if not _texts((effect,)) or effect not in get_args(Effect):
        raise ValueError("effect: expected permit or deny")
    if type(rules) is not tuple or not 1 <= len(rules) <= MOST_RULES:
        raise ValueError(f"rules: expected a tuple of 1 to {MOST_RULES} names")
    for rule in rules:
        check_visible("rules", rule)
    if type(policy) is not str or policy != name:
        raise ValueError("policy: expected the name of the policy that decided")
    if not _texts(rings) or rings != RINGS[: len(rings)]:
        raise ValueError(f"rings: expected a tuple of {', '.join(RINGS)} in that order, the innermost left out first")
    if not _texts(obligations) or not set(obligations) <= set(OBLIGATIONS) or len(set(obligations)) < len(obligations):
        raise ValueError(f"obligations: expected a tuple of {', '.join(OBLIGATIONS)}, each once")
    if effect == "deny" and (rings or obligations):
        raise ValueError("rings, obligations: expected none beside deny")
    if type(position) is not int or position < 0:
        raise ValueError("position: expected a whole number, 0 where the policy does not know it")
    return Decision(effect, rules, policy, rings, obligations, position)


def _texts(given: object) -> bool:
    return type(given) is tuple and all(type(one) is str for one in given)


def _name_of(policy: AccessPolicy) -> str:
    return check_visible("name", policy.name)


def _class_of(given: object) -> str:
    """The name of its class in Python, whatever the class says about itself."""
    try:
        return check_visible("name", type.__dict__["__name__"].__get__(type(given)))
    except ValueError:
        return "(no readable name)"
