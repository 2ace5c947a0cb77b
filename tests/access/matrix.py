"""The whole decision matrix of the access policy, as one table to read: `python -m tests.access.matrix` writes it anew.

A line is a group of roles that asks for an action with a relation, with or without a broken glass; a column is a
purpose. A cell says how far in the reader sees (`yes` where the action opens no case), or `-`.
"""

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from earlystart_core.access.policy import ACTIONS, POLICY, Asked, Relation
from earlystart_core.access.roles import GROUPS, PURPOSES

PATH = Path(__file__).parent / "decisions.csv"
RELATIONS = {
    "none": Relation(),
    "allocated": Relation(allocated=True),
    "point_of_contact": Relation(point_of_contact=True),
    "team": Relation(team=True),
    "consented": Relation(consented=True),
    "broke": Relation(broke=True),
    "own": Relation(own=True),
    "own+allocated": Relation(own=True, allocated=True),
    "allocated+team": Relation(allocated=True, team=True),
}
ROLES = {group: min(roles) for group, roles in GROUPS.items()} | {"(unknown)": "astrologer"}
ASKED_FOR = (*ACTIONS, "(unknown)")
FOR = (*sorted(PURPOSES), "nursery_place")


def cell(asked: Asked, policy=POLICY) -> str:
    decision = policy.decide(asked)
    if not decision.permitted:
        return "-"
    seen = decision.rings[-1] if decision.rings else "yes"
    return " ".join([seen, *decision.obligations])


def lines() -> Iterator[list[str]]:
    yield ["group", "action", "relation", "glass", *FOR, "rules"]
    for group, role in ROLES.items():
        for action in ASKED_FOR:
            for name, relation in RELATIONS.items():
                for glass in (False, True):
                    every = [Asked(role, purpose, action, relation, glass) for purpose in FOR]
                    rules = dict.fromkeys(rule for asked in every for rule in POLICY.decide(asked).rules)
                    glassy = "glass" if glass else ""
                    yield [group, action, name, glassy, *map(cell, every), " ".join(rules)]


def text() -> str:
    out = StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines())
    return out.getvalue()


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
