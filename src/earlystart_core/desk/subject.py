"""Everything held on one case or person, as its subject may read it: other people are taken out, each said so.

Ids of other people become `person 1`, `case 2`, in order of first mention, the same throughout. Practitioners and
organisations stay: they acted for the service. Who asked for support may be a neighbour, so a source is taken out.
Of a legal hold it stays that there is one; who ordered it and its name are taken out, since a court or the police may
not want that known.
"""

from collections.abc import Iterable
from typing import Any

from earlystart_core.audit.hindsight import Told
from earlystart_core.audit.timeline import opened_fields
from earlystart_core.desk.asked import Asked, Row, stamp
from earlystart_core.event import kind_of_field, shape_of, subjects_of
from earlystart_core.words.hold import LegalHoldLifted, LegalHoldPlaced
from earlystart_core.words.request import SupportRequested

HOLD = "hold"
PEOPLE = ("case", "family", "person")
NUMBERED = (*PEOPLE, HOLD)  # kinds of ids that get a number instead
SOMEONE_ELSE, WHO_ASKED, OF_A_HOLD = "(about someone else)", "(who asked)", "(about the order)"


class Redaction:
    """What the reader may see of ids, and what stands for the rest."""

    def __init__(self, own: Iterable[str]) -> None:
        self.own = {*own}
        self._others: dict[str, str] = {}

    def of(self, id_: str) -> str:
        """The id where it is the subject's own or the service's, else what stands for it."""
        kind = id_.partition(":")[0]
        if kind not in NUMBERED or id_ in self.own:
            return id_
        if id_ not in self._others:
            same = sum(other.startswith(f"{kind} ") for other in self._others.values())
            self._others[id_] = f"{kind} {same + 1}"
        return self._others[id_]

    def value(self, value: Any) -> Any:
        """A field's value, its ids as `of` gives them."""
        if isinstance(value, list | tuple):
            return [self.value(each) for each in value]
        return self.of(value) if isinstance(value, str) else value


def own_ids(asked: Asked, subject: str) -> set[str]:
    """The ids that are the subject's own: its persons or cases as imports tell, its families; of a person its cases.

    A case is a person's where an entry names the two and no other case.
    """
    own = {subject, *asked.record.store.forgetting.behind(subject)}
    for one in asked.story(subject).told:
        families = getattr(one.event, "family", None)
        own |= {families} if families is not None else set()
        if subject.startswith("person:"):
            own |= {*one.cases} if len(one.cases) == 1 else set()
    return own


def held(asked: Asked, *, subject: str) -> list[Row]:
    """Every entry about a case or person, in effective order, redacted; `taken_out`: the fields that lost something.

    `leaf`: of the entry, hex, to hold against the log's proof. Struck entries are there too, and say so.
    """
    tags = sorted({subject, *asked.record.store.forgetting.behind(subject)})
    found = {one.position: one for tag in tags for one in asked.story(tag).told}
    struck = {position for tag in tags for position in asked.story(tag).struck}
    hide = Redaction({one for tag in tags for one in own_ids(asked, tag)})
    order = sorted(found.values(), key=lambda one: (one.event.occurred_at, one.position))
    return [_row(asked, one, hide, struck=one.position in struck) for one in order]


def _row(asked: Asked, one: Told, hide: Redaction, *, struck: bool) -> Row:
    fields, taken_out = _redacted(asked, one, hide)
    who = one.entry.event.recorded_by
    return {
        **stamp(one),
        "type": one.entry.event.type,
        "recorded_by": who and {"practitioner": who.practitioner, "role": who.role, "employer": who.employer},
        "fields": fields,
        "taken_out": taken_out,
        "struck": struck,
        "leaf": one.entry.leaf.hex(),
    }


def _redacted(asked: Asked, one: Told, hide: Redaction) -> tuple[dict[str, Any], list[str]]:
    cls = asked.registry.classes[one.entry.event.type]
    fields = opened_fields(one.entry, one.event, asked.registry, asked.keys)
    tags = one.entry.event.tags
    mine = {*subjects_of(tags)} <= hide.own
    of_a_hold = any(tag.startswith(f"{HOLD}:") for tag in tags)  # a mark on one too: why it was wrong may tell
    taken_out = []
    for name, value in fields.items():
        shown = value
        if name in shape_of(cls).sealed:
            shown = OF_A_HOLD if of_a_hold else value if mine else SOMEONE_ELSE
        elif isinstance(one.event, LegalHoldPlaced | LegalHoldLifted) and name == "authority":
            shown = OF_A_HOLD
        elif isinstance(one.event, SupportRequested) and name == "source":
            shown = WHO_ASKED
        elif (kind_of_field(cls, name) or "") in NUMBERED:
            shown = hide.value(value)
        if shown != value and shown != (list(value) if isinstance(value, tuple) else value):
            taken_out.append(name)
        fields[name] = shown
    return fields, taken_out
