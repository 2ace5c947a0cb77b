"""Erasing a subject: its keys are destroyed and looked for, and only then a tombstone of it stands in the log.

Whatever stops an erasure, carrying it out again goes on where it stopped; no tombstone is ever there before the keys
are gone. Entries, leaves and views stay as they are: they never held the text (docs/decisions/0022-erasure.md).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Protocol

import msgspec
from eventsourcing.dcb.api import DCBAppendCondition, DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError

from earlystart_core.entry import Entry, Practitioner, Recorded
from earlystart_core.errors import Conflict, Refused
from earlystart_core.event import Event
from earlystart_core.log import Clock, Log
from earlystart_core.marks import struck
from earlystart_core.privacy.keys import Chance, Evidence, KeyStore, Shredded
from earlystart_core.words import EVENTS
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.erasure import SubjectErased, expect_not_held, subjects_of_tombstone
from earlystart_core.words.hold import CHANGES, Change, LegalHoldLifted, LegalHoldPlaced, standing_holds

TRIES = 3
MARK = MarkedInError.__name__
HOLDS = [cls.__name__ for cls in CHANGES]


class KeysCameBack(UserWarning):
    """A key store held keys of erased subjects, as one restored from a backup does: they were destroyed again."""

    def __init__(self, subjects: Sequence[str]) -> None:
        some = ", ".join(subjects[:3]) + (f" and {len(subjects) - 3:,} more" if len(subjects) > 3 else "")
        super().__init__(
            f"the key store brought back keys of {some}, whom the log says were erased: they were destroyed again"
        )
        self.subjects = tuple(subjects)


class Forgetting(Protocol):
    """What an erasure asks of a store besides its log and its keys."""

    def behind(self, subject: str) -> list[str]:
        """Of a case the persons that are its child, of a person the cases whose child it is, as far as imports tell."""

    def remembers(self, subject: str) -> bool:
        """Whether an import left anything about the subject beside the log."""

    def people(self) -> list[tuple[str, str]]:
        """Every case with a person that imports tell of in it."""

    def certify(
        self, tombstone: Entry, condition: DCBAppendCondition, subjects: Sequence[str], destroy: Callable[[], None]
    ) -> tuple[int, int]:
        """Calls `destroy` under the append lock; then, together or not at all, forgets and appends the tombstone.

        Returns its position, and how many things beside the log were forgotten.

        Raises:
            IntegrityError (eventsourcing's): the condition does not hold; `destroy` was not called.
        """

    def forget(self, subjects: Sequence[str]) -> int:
        """Forgets what imports left about those subjects; returns how many things."""

    def scrub(self) -> None:
        """Sees to it that nothing forgotten is left in the store's files.

        Raises:
            StoreUnavailable: another program reads the store, so some of it had to stay.
        """


class Erased(msgspec.Struct, frozen=True):
    """What an erasure came to: its certificate."""

    position: int  # of the tombstone
    evidence: Evidence
    forgotten: int  # what imports had left: rows and names
    again: bool  # it had been erased before, and nothing was left to do


class Erasure:
    """Carries out erasures in one store."""

    def __init__(self, log: Log, keys: KeyStore, forgetting: Forgetting, clock: Clock, chance: Chance) -> None:
        self._log = log
        self._keys = keys
        self._forgetting = forgetting
        self._clock = clock
        self._chance = chance

    def erase(self, subject: str, authorities: tuple[str, str], by: Practitioner) -> Erased:
        """Erases a `case:` or a `person:`, with the persons that are the child of that case.

        Raises:
            Refused: `erasure.unknown`, nothing is known of the subject; `erasure.held`, a legal hold covers it.
            Conflict: something about it or a hold was recorded meanwhile, on each of three tries.
            StoreUnavailable: that the keys are gone is not known, or remains could not be cleared: erase again.
        """
        for _ in range(TRIES):
            try:
                found = self._try(subject, authorities, by)
            except IntegrityError:
                continue
            self._forgetting.scrub()
            self._keys.scrub()
            return found
        raise Conflict(f"entries about {subject} or legal holds kept arriving: {TRIES} tries were made")

    def _try(self, subject: str, authorities: tuple[str, str], by: Practitioner) -> Erased:
        standing = next(tombstones(self._log, subject), None)
        if standing is not None:
            return self._again(standing)
        left = self._keys.tombstones([subject]).get(subject)
        if left is not None and left.evidence is not None:
            return self._finish(left.evidence, by)  # it was stopped before it could say that the keys are gone
        return self._begin(subject, authorities, by)

    def _again(self, standing: tuple[int, SubjectErased]) -> Erased:
        position, event = standing
        evidence = evidence_of(event)
        self._keys.destroy(evidence)
        return Erased(position, evidence, self._forgetting.forget(evidence.subjects), again=True)

    def _finish(self, evidence: Evidence, by: Practitioner) -> Erased:
        # Whether a hold came since is not asked: the keys are gone, and that is what is to be said.
        told = DCBQuery([DCBQueryItem(types=[SubjectErased.__name__], tags=[evidence.subjects[0]])])
        return self._certify(evidence, by, DCBAppendCondition(told, after=0))

    def _begin(self, subject: str, authorities: tuple[str, str], by: Practitioner) -> Erased:
        now = self._clock().astimezone(UTC)
        behind = self._forgetting.behind(subject)
        taken = behind if subject.startswith("case:") else []
        erased = self._keys.tombstones(taken)
        subjects = (subject, *(person for person in taken if person not in erased))
        about = self._log.read(_about(subjects))
        head = about.head
        entries = list(about.entries())
        if not entries and not self._keys.names(subjects) and not any(map(self._forgetting.remembers, subjects)):
            raise Refused("erasure.unknown", f"nothing is known of {subject}: expected a case or person on record")
        changes, marks = holds(self._log)
        expect_not_held(subject, chain(behind, _beside(subject, entries)), changes, now)
        query = DCBQuery([*_about(subjects).items, DCBQueryItem(types=HOLDS), *marks])
        evidence = Evidence(now, *authorities, subjects, self._named(subjects))
        return self._certify(evidence, by, DCBAppendCondition(query, after=head))

    def _certify(self, evidence: Evidence, by: Practitioner, condition: DCBAppendCondition) -> Erased:
        cases = [one for one in evidence.subjects if one.startswith("case:")]
        event = SubjectErased(
            occurred_at=evidence.at,
            authority=evidence.authority,
            second_authority=evidence.second_authority,
            keys=evidence.keys,
            case=next(iter(cases), None),
            persons=tuple(one for one in evidence.subjects if one not in cases),
        )
        tombstone = EVENTS.entry(event, by=by, command_id=None, keys=self._keys, chance=self._chance)
        position, forgotten = self._forgetting.certify(
            tombstone, condition, evidence.subjects, lambda: self._keys.destroy(evidence)
        )
        return Erased(position, evidence, forgotten, again=False)

    def _named(self, subjects: Sequence[str]) -> tuple[str, ...]:
        """The name of each subject's key; one that never had any gets one, so that its tombstone has a name."""
        gone = self._keys.tombstones(subjects)
        try:
            living = self._keys.for_subjects(one for one in subjects if one not in gone)
        except Refused:  # someone else erased one of them just now: look again
            raise IntegrityError from None
        return tuple(gone[one].kid if one in gone else living[one].kid for one in subjects)


def tombstones(log: Log, subject: str | None = None) -> Iterator[tuple[int, SubjectErased]]:
    """The tombstones in the log, of one subject or of all, each with its position; marked ones too: nothing came back.

    Raises:
        Unreadable: one of them is malformed.
    """
    query = DCBQuery([DCBQueryItem(types=[SubjectErased.__name__], tags=[] if subject is None else [subject])])
    for recorded, event in _events(log, query):
        if isinstance(event, SubjectErased):
            yield recorded.position, event


def evidence_of(event: SubjectErased) -> Evidence:
    """What a tombstone in the log says, as the key store keeps it."""
    subjects = subjects_of_tombstone(event)
    return Evidence(event.occurred_at, event.authority, event.second_authority, subjects, event.keys)


def holds(log: Log) -> tuple[list[Change], list[DCBQueryItem]]:
    """What is recorded of legal holds, in effective order without what is struck; and the query of marks on it."""
    found = [(one.position, event) for one, event in _events(log, DCBQuery([DCBQueryItem(types=HOLDS)]))]
    named = dict.fromkeys(event.hold for _, event in found if isinstance(event, LegalHoldPlaced | LegalHoldLifted))
    marks = [DCBQueryItem(types=[MARK], tags=[hold]) for hold in named]
    if marks:
        found += [(one.position, event) for one, event in _events(log, DCBQuery(marks))]
    out = struck(found)
    found.sort(key=lambda fact: (fact[1].occurred_at, fact[0]))
    changes = [
        event
        for position, event in found
        if position not in out and isinstance(event, LegalHoldPlaced | LegalHoldLifted)
    ]
    return changes, marks


def erasure_rows(log: Log) -> list[dict[str, Any]]:
    """Rows `subject, position, erased_at, authority, second_authority, key`, one an erased subject, by position."""
    return [
        {
            "subject": subject,
            "position": position,
            "erased_at": event.occurred_at,
            "authority": event.authority,
            "second_authority": event.second_authority,
            "key": key,
        }
        for position, event in tombstones(log)
        for subject, key in zip(subjects_of_tombstone(event), event.keys, strict=True)
    ]


def hold_rows(log: Log, at: datetime) -> list[dict[str, Any]]:
    """Rows `hold, case, person, since, authority` of the legal holds that stand at that instant."""
    rows = [
        {
            "hold": one.hold,
            "case": one.case,
            "person": one.person,
            "since": one.occurred_at,
            "authority": one.authority,
        }
        for one in standing_holds(holds(log)[0], at)
    ]
    return sorted(rows, key=lambda row: (row["hold"], row["case"] or "", row["person"] or ""))


def came_back(log: Log, keys: KeyStore) -> list[str]:
    """The subjects that have a key although a tombstone in the log says that it is gone."""
    return sorted(keys.names(_told(log)))


def reconcile(log: Log, keys: KeyStore) -> list[str]:
    """Destroys again every key that a tombstone in the log says is gone: a restored key store may bring some back.

    Returns the subjects whose keys had come back.
    """
    told = _told(log)
    back = sorted(keys.names(told))
    for subject in sorted({*told} - {*keys.tombstones(told)} | {*back}):
        keys.destroy(evidence_of(told[subject]))
    return back


def unfinished(log: Log, keys: KeyStore) -> dict[str, Shredded]:
    """What is left, by subject, of keys that are gone without the log saying so yet: erasing again finishes it."""
    told = _told(log)
    return {subject: left for subject, left in sorted(keys.tombstones().items()) if subject not in told}


def _told(log: Log) -> dict[str, SubjectErased]:
    return {subject: event for _, event in tombstones(log) for subject in subjects_of_tombstone(event)}


def _events(log: Log, query: DCBQuery) -> Iterator[tuple[Recorded, Event]]:
    return ((recorded, EVENTS.event(recorded)) for recorded in log.read(query).entries())


def _about(subjects: Iterable[str]) -> DCBQuery:
    return DCBQuery([DCBQueryItem(tags=[subject]) for subject in subjects])


def _beside(subject: str, entries: Iterable[Recorded]) -> Iterator[str]:
    """The persons in entries about a case, the cases in those about a person: what is said of both is kept for both.

    Not the other cases of a joint contact: text about several children is sealed for each of them alone.
    """
    other = "person:" if subject.startswith("case:") else "case:"
    for recorded in entries:
        yield from (tag for tag in recorded.event.tags if tag.startswith(other))
