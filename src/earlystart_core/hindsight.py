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
from earlystart_core.words.package import PackageEnded, PackageReviewed, PackageStarted
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
_MARK = MarkedInError.__name__
_NARROW = ("case:", "package:", "request:", "meeting:", "agreement:")


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
    tags = {fact.position: _narrow(fact) for fact in struck if not isinstance(fact.event, MarkedInError)}
    about = decisions_about(log, registry, [tag for each in tags.values() for tag in each], upto)
    found: dict[int, tuple[Told, list[int]]] = {}
    for fact in struck:
        near = {one.position: one for tag in tags.get(fact.position, ()) for one in about.get(tag, ())}
        for position, decision in near.items():
            if position > fact.position and _rests_on(decision, fact) and not _was_struck(marks, fact, position):
                found.setdefault(position, (decision, []))[1].append(fact.position)
    for _, (decision, facts) in sorted(found.items()):
        yield decision, sorted(facts)


def marks_bearing_on(log: Log, registry: Registry, case: str | None, upto: int) -> list[tuple[int, int]]:
    """Pairs (mark, target) up to that position, in its order: all, or of a case those on what it may have relied on.

    That is what is about the case, and the agreements of whom its sharings went to: these name no case.
    """
    if case is None:
        return _marks(log, registry, [DCBQueryItem([_MARK])], upto)
    shared = log.read(DCBQuery([DCBQueryItem([InformationShared.__name__], [case])])).entries()
    orgs = {tag for one in shared if one.position <= upto for tag in one.event.tags if tag.startswith("org:")}
    signed = [DCBQueryItem([cls.__name__ for cls in AGREEMENT], [org]) for org in sorted(orgs)]
    told = log.read(DCBQuery(signed)).entries() if signed else ()
    agreed = {tag for one in told if one.position <= upto for tag in one.event.tags if tag.startswith("agreement:")}
    return _marks(log, registry, [DCBQueryItem([_MARK], [tag]) for tag in (case, *sorted(agreed))], upto)


def _marks(log: Log, registry: Registry, items: list[DCBQueryItem], upto: int) -> list[tuple[int, int]]:
    found = []
    for recorded in log.read(DCBQuery(items)).entries():
        event = registry.event(recorded)
        if recorded.position <= upto and isinstance(event, MarkedInError):
            found.append((recorded.position, event.target))
    return found


def _narrow(fact: Told) -> list[str]:
    """The tags by which the decisions that may have relied on an entry are found."""
    tags = fact.entry.event.tags
    return tags if isinstance(fact.event, AGREEMENT) else [tag for tag in tags if tag.startswith(_NARROW)]


def _rests_on(decision: Told, fact: Told) -> bool:
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
    return any(type(fact.event) in part.types and held.issuperset(part.tags) for part in bearing.facts)


def _was_struck(marks: Marks, fact: Told, before: int) -> bool:
    return fact.position in marks.struck([fact.position], lambda mark: mark < before)
