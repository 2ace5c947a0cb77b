"""Hindsight: what was decided before something was known, and what was decided on something since marked in error.

A decision relied on the facts that bounded its command, as they stood when it was recorded, but for earlier ones of
its own kind: those it replaces. What else whoever decided had in mind, no record knows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.entry import Recorded
from earlystart_core.event import Event, shape_of
from earlystart_core.log import Log
from earlystart_core.marks import Marks
from earlystart_core.registry import Registry
from earlystart_core.words import COMMAND_OF, WORDS
from earlystart_core.words.agreement import AGREEMENT
from earlystart_core.words.allocation import PackageAllocated
from earlystart_core.words.case import CaseClosed, CaseReopened, ResponsibilityPassed
from earlystart_core.words.consent import SharingConsentRecorded
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.package import COURSE, PackageEnded, PackageReviewed, PackageStarted
from earlystart_core.words.request import RequestDecided
from earlystart_core.words.sharing import DisclosureRefused, InformationShared, SharingOverridden
from earlystart_core.words.tier import TierDecided

DECISIONS: tuple[type[Event], ...] = (  # what the service decides; what a family decides is a fact to it
    TierDecided,
    RequestDecided,
    PackageStarted,
    PackageReviewed,
    PackageEnded,
    PackageAllocated,
    ResponsibilityPassed,
    CaseClosed,
    CaseReopened,
    SharingOverridden,
    InformationShared,
    DisclosureRefused,
)
_THINGS = ("package:", "request:")  # that a case has
_NARROW = ("case:", *_THINGS, "meeting:", "agreement:")
COURSES: dict[type[Event], str] = {  # what a boundary may ask for whole (`command.Fact`), and by which kind of id
    **dict.fromkeys(AGREEMENT, "agreement"),
    **dict.fromkeys(COURSE, "package"),
}


class Told(NamedTuple):
    """An entry and its event."""

    entry: Recorded
    event: Any  # an Event, of the class that the entry names

    @property
    def position(self) -> int:
        return self.entry.position

    @property
    def cases(self) -> list[str]:
        return [tag for tag in self.entry.event.tags if tag.startswith("case:")]


def decisions_about(log: Log, registry: Registry, tags: Iterable[str], upto: int) -> dict[str, list[Told]]:
    """The decisions that carry each of the tags, in order of recording, up to that position."""
    names = [cls.__name__ for cls in DECISIONS]
    return {
        tag: [
            Told(entry, registry.event(entry))
            for entry in log.read(DCBQuery([DCBQueryItem(names, [tag])])).entries()
            if entry.position <= upto
        ]
        for tag in dict.fromkeys(tags)
    }


def marks_near(log: Log, registry: Registry, case: str, upto: int) -> list[tuple[int, int]]:
    """The marks, up to that position, on whatever decisions about a case may have relied on, each with its target.

    Not all of that carries the case: an agreement is between organisations, and a package or a request may have been
    under another case when something was said of it.
    """
    decisions = decisions_about(log, registry, [case], upto)[case]
    tags = dict.fromkeys(
        [case, *(tag for told in decisions for tag in told.entry.event.tags if tag.startswith(_THINGS))]
    )
    shared = [told.event for told in decisions if isinstance(told.event, InformationShared)]
    relying = dict.fromkeys(
        one.recipient for one in shared if one.basis == "agreement" or one.basis_position is not None
    )
    names = [cls.__name__ for cls in AGREEMENT]
    for entry in _entries(log, (DCBQueryItem(names, [recipient]) for recipient in relying), upto):
        tags |= dict.fromkeys(tag for tag in entry.event.tags if tag.startswith("agreement:"))
    marks = _entries(log, (DCBQueryItem([MarkedInError.__name__], [tag]) for tag in tags), upto)
    events = ((entry.position, registry.event(entry)) for entry in marks)
    return [(position, event.target) for position, event in events if isinstance(event, MarkedInError)]


def _entries(log: Log, items: Iterable[DCBQueryItem], upto: int) -> list[Recorded]:
    query = DCBQuery([*items])
    return [entry for entry in log.read(query).entries() if entry.position <= upto] if query.items else []


def unknown_to(decisions: Iterable[Told], learnt: Iterable[Told]) -> Iterator[tuple[Told, list[int]]]:
    """Each decision with the positions of what had happened to its case before it, and was recorded only after it."""
    of_case: dict[str, list[Told]] = defaultdict(list)
    for told in learnt:
        if not isinstance(told.event, MarkedInError):
            for case in told.cases:
                of_case[case].append(told)
    for decision in decisions:
        later = {
            told.position
            for case in decision.cases
            for told in of_case[case]
            if told.position > decision.position and told.event.occurred_at < decision.event.occurred_at
        }
        yield decision, sorted(later)


def relied_on(
    log: Log, registry: Registry, struck: Sequence[Told], marks: Marks, upto: int
) -> Iterator[tuple[Told, list[int]]]:
    """Each decision, by position, that had relied on any of those entries, with the positions of these.

    struck: entries that marks strike. marks: all that are known, to tell what stood when a decision was recorded.
    """
    courses = {fact.position: _course(log, fact, upto) for fact in struck if not isinstance(fact.event, MarkedInError)}
    tags = {fact.position: _narrow(fact, courses[fact.position]) for fact in struck if fact.position in courses}
    about = decisions_about(log, registry, [tag for each in tags.values() for tag in each], upto)
    found: dict[int, tuple[Told, list[int]]] = {}
    for fact in struck:
        near = {one.position: one for tag in tags.get(fact.position, ()) for one in about.get(tag, ())}
        for position, decision in near.items():
            if position <= fact.position or _was_struck(marks, fact, position):
                continue
            if _rests_on(decision, fact, courses[fact.position]):
                found.setdefault(position, (decision, []))[1].append(fact.position)
    for _, (decision, facts) in sorted(found.items()):
        yield decision, sorted(facts)


def _course(log: Log, fact: Told, upto: int) -> list[Recorded]:
    """The entry; with it, of what is asked for whole, every other of the same thing up to that position."""
    kind = COURSES.get(type(fact.event))
    if kind is None:
        return [fact.entry]
    types = [cls.__name__ for cls, each in COURSES.items() if each == kind]
    ids = [tag for tag in fact.entry.event.tags if tag.startswith(f"{kind}:")]
    return _entries(log, (DCBQueryItem(types, [each]) for each in ids), upto)


def _narrow(fact: Told, course: Iterable[Recorded]) -> list[str]:
    """The tags by which the decisions that may have relied on an entry are found."""
    tags = dict.fromkeys(tag for entry in course for tag in entry.event.tags)
    return [tag for tag in tags if isinstance(fact.event, AGREEMENT) or tag.startswith(_NARROW)]


def _rests_on(decision: Told, fact: Told, course: Sequence[Recorded]) -> bool:
    event: Event = decision.event
    held = set(fact.entry.event.tags)
    if isinstance(event, InformationShared) and event.basis_position == fact.position:
        return event.case in held or (isinstance(fact.event, AGREEMENT) and event.recipient in held)
    if type(event) is type(fact.event):
        return False
    if isinstance(fact.event, SharingConsentRecorded) and getattr(event, "purpose", None) != fact.event.purpose:
        return False  # the boundary of a sharing has consents for every purpose
    fields = {name: getattr(event, name) for name in shape_of(type(event)).fields}
    command = COMMAND_OF[type(event)].model_construct(occurred_at=event.occurred_at, **fields)
    bearing = WORDS[type(command)].boundary(command)
    before = [entry for entry in course if entry.position < decision.position]
    return any(
        type(fact.event) in part.types
        and any(
            set(entry.event.tags).issuperset(part.tags) for entry in ([fact.entry] if part.whole is None else before)
        )
        for part in bearing.facts
    )


def _was_struck(marks: Marks, fact: Told, before: int) -> bool:
    return fact.position in marks.struck([fact.position], lambda mark: mark < before)
