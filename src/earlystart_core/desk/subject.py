"""Everything held on one case or person, as its subject may read it: other people are taken out, each said so.

Ids of other people become `person 1`, `case 2`, in order of first mention, the same throughout. Practitioners and
organisations stay: they acted for the service. Who asked for support may be a neighbour, so a source is taken out.
Of a legal hold it stays that there is one; who ordered it and its name are taken out, since a court or the police may
not want that known. Of an override that the family was not told of, it stays that there was one; the harm and why they
were not told are taken out, since telling them may do that very harm.
"""

from collections.abc import Iterable
from typing import Any

from earlystart_core.audit.hindsight import Told
from earlystart_core.audit.timeline import opened_fields
from earlystart_core.desk.asked import Asked, Row, stamp
from earlystart_core.event import kind_of_field, shape_of, subjects_of
from earlystart_core.marks import struck
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.hold import LegalHoldLifted, LegalHoldPlaced
from earlystart_core.words.request import SupportRequested
from earlystart_core.words.sharing import SharingOverridden

HOLD = "hold"
PEOPLE = ("case", "family", "person")
NUMBERED = (*PEOPLE, HOLD)  # kinds of ids that get a number instead
SOMEONE_ELSE, WHO_ASKED, OF_A_HOLD = "(about someone else)", "(who asked)", "(about the order)"
NOT_TOLD = "(not told to the family)"


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
    known = {one.position: one for tag in tags for one in asked.read([], [tag])}
    out, untold = struck((one.position, one.event) for one in known.values()), _untold(known.values())
    hide = Redaction({one for tag in tags for one in own_ids(asked, tag)})
    order = sorted(filter(asked.happened, known.values()), key=lambda one: (one.event.occurred_at, one.position))
    return [_row(asked, one, hide, struck=one.position in out, untold=one.position in untold) for one in order]


def _untold(known: Iterable[Told]) -> set[int]:
    """The overrides that the family was not told of, and the marks on them, for why one was wrong tells of it too.

    known: what had not happened by the effective clock too, for a mark may be dated before its target.
    """
    untold: set[int] = set()
    for one in sorted(known, key=lambda one: one.position):  # a mark comes after its target
        override = isinstance(one.event, SharingOverridden) and not one.event.family_told
        if override or (isinstance(one.event, MarkedInError) and one.event.target in untold):
            untold.add(one.position)
    return untold


def _row(asked: Asked, one: Told, hide: Redaction, *, struck: bool, untold: bool) -> Row:
    fields, taken_out = _redacted(asked, one, hide, untold=untold)
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


def _redacted(asked: Asked, one: Told, hide: Redaction, *, untold: bool) -> tuple[dict[str, Any], list[str]]:
    cls = asked.registry.classes[one.entry.event.type]
    fields = opened_fields(one.entry, one.event, asked.registry, asked.keys)
    tags = one.entry.event.tags
    mine = {*subjects_of(tags)} <= hide.own
    of_a_hold = any(tag.startswith(f"{HOLD}:") for tag in tags)  # a mark on one too: why it was wrong may tell
    taken_out = []
    for name, value in fields.items():
        shown = value
        if name in shape_of(cls).sealed:
            own = NOT_TOLD if untold else value
            shown = OF_A_HOLD if of_a_hold else own if mine else SOMEONE_ELSE
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
