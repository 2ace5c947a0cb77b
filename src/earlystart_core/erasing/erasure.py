"""Erasing a subject: its keys are destroyed and looked for, and only then a tombstone of it stands in the log.

Whatever stops an erasure, carrying it out again goes on where it stopped; no tombstone is ever there before the keys
are gone. Entries, leaves and views stay as they are: they never held the text (docs/decisions/0022-erasure.md).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Protocol

import msgspec
from eventsourcing.dcb.api import DCBAppendCondition, DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError

from earlystart_core.entry import Entry, Practitioner, Recorded
from earlystart_core.erasing.sealers import expect_committed, expect_known, sealed_in, sealers
from earlystart_core.erasing.tombstones import HOLDS, evidence_of, holds, is_whole, tombstone_of, tombstones
from earlystart_core.errors import Conflict, Refused
from earlystart_core.log import Condition, Log
from earlystart_core.privacy.keys import Chance, Evidence, KeyStore
from earlystart_core.utc import Clock
from earlystart_core.words import EVENTS
from earlystart_core.words.erasure import SubjectErased, expect_not_held

TRIES = 3


class Forgetting(Protocol):
    """What an erasure asks of a store besides its log and its keys."""

    def behind(self, subject: str) -> list[str]:
        """Of a case the persons that are its child, of a person the cases whose child it is, as far as imports tell."""

    def remembers(self, subject: str) -> bool:
        """Whether an import left anything about the subject beside the log."""

    def people(self) -> list[tuple[str, str]]:
        """Every case with a person that imports tell of in it."""

    def children(self) -> list[tuple[str, str]]:
        """Of those, every case with a person that is its child: who goes with it."""

    def sealed(self, subjects: Sequence[str]) -> list[tuple[str, bytes]]:
        """What imports keep sealed beside the log under those subjects' keys: whose it is, and the sealed value."""

    def certify(
        self, tombstone: Entry, condition: DCBAppendCondition, subjects: Sequence[str], destroy: Callable[[], None]
    ) -> tuple[int, int]:
        """Calls `destroy` under the append lock; then, together or not at all, forgets and appends the tombstone.

        With these it notes that the subjects are `owed` a scrub.

        Returns its position, and how many things beside the log were forgotten.

        Raises:
            IntegrityError (eventsourcing's): the condition does not hold; `destroy` was not called.
        """

    def forget(self, subjects: Sequence[str]) -> int:
        """Forgets what imports left about those subjects; returns how many things. With them, a scrub is `owed`."""

    def scrub(self) -> None:
        """Sees to it that nothing forgotten is left in the store's files.

        Raises:
            StoreUnavailable: another program reads the store, so some of it had to stay.
        """

    def owe(self, subjects: Sequence[str]) -> None:
        """Notes that something of those subjects may stand in files until the store is scrubbed."""

    def owed(self) -> list[str]:
        """The subjects of whom something may still stand in the store's files."""

    def settle(self, subjects: Sequence[str]) -> None:
        """Takes back what was noted of them: the store was scrubbed since."""


class Erased(msgspec.Struct, frozen=True):
    """What an erasure came to: its certificate."""

    position: int  # of the tombstone
    evidence: Evidence
    forgotten: int  # what imports had left: rows and names
    again: bool  # it had been erased before, and nothing was left to do


class Erasure:
    """Carries out erasures in one store. beside: what the access log keeps sealed under subjects' keys, and whose."""

    def __init__(
        self,
        log: Log,
        keys: KeyStore,
        forgetting: Forgetting,
        clock: Clock,
        chance: Chance,
        beside: Callable[[Sequence[str]], list[tuple[str, bytes]]],
    ) -> None:
        self._log = log
        self._sealed_beside = beside
        self._keys = keys
        self._forgetting = forgetting
        self._clock = clock
        self._chance = chance

    def erase(self, subject: str, authorities: tuple[str, str], by: Practitioner) -> Erased:
        """Erases a `case:` or a `person:`, with the persons that are the child of that case.

        Raises:
            Refused: `erasure.unknown`, nothing is known of the subject; `erasure.held`, a legal hold covers it;
                `erasure.other_keys`, its text is sealed under keys that this key store does not have as its own.
            Tampered: a key is not the one that sealed text under its name; nothing changed.
            Conflict: something about it or a hold was recorded meanwhile, on each of three tries.
            StoreUnavailable: that the keys are gone is not known, or remains could not be cleared: erase again.
        """
        for _ in range(TRIES):
            try:
                found = self._try(subject, authorities, by)
            except IntegrityError:
                continue
            owed = self._forgetting.owed()  # before: what others come to owe meanwhile is theirs to settle
            self._forgetting.scrub()
            self._keys.scrub()
            self._forgetting.settle(owed)
            return found
        raise Conflict(f"entries about {subject} or legal holds kept arriving: {TRIES} tries were made")

    def _try(self, subject: str, authorities: tuple[str, str], by: Practitioner) -> Erased:
        standing = next(tombstones(self._log, subject), None)
        if standing is not None:
            return self._again(standing)
        left = self._keys.tombstones([subject]).get(subject)
        if left is not None and left.evidence is not None and is_whole(left.evidence, subject):
            return self._finish(left.evidence, by)  # it was stopped before it could say that the keys are gone
        return self._begin(subject, authorities, by)

    def _again(self, standing: tuple[int, SubjectErased]) -> Erased:
        position, event = standing
        evidence = evidence_of(event)
        if self._keys.names(evidence.subjects):
            self._forgetting.owe(evidence.subjects)
        self._keys.destroy(evidence)
        forgotten = self._forgetting.forget(evidence.subjects)
        self._expect_ours(evidence.subjects, self._log.read(_about(evidence.subjects)).entries())
        return Erased(position, evidence, forgotten, again=True)

    def _finish(self, evidence: Evidence, by: Practitioner) -> Erased:
        # Whether a hold came since is not asked: the keys are gone, and that is what is to be said.
        self._expect_ours(evidence.subjects, self._log.read(_about(evidence.subjects)).entries())
        told = DCBQuery([DCBQueryItem(types=[SubjectErased.__name__], tags=[evidence.subjects[0]])])
        return self._certify(evidence, by, DCBAppendCondition(told, after=0))

    def _begin(self, subject: str, authorities: tuple[str, str], by: Practitioner) -> Erased:
        now = self._clock()
        behind = self._forgetting.behind(subject)
        taken = behind if subject.startswith("case:") else []
        erased = self._keys.tombstones(taken)
        subjects = (subject, *(person for person in taken if person not in erased))
        about = self._log.read(_about(subjects))
        entries = list(about.entries())
        if next(tombstones(self._log, subject), None) is not None:
            raise IntegrityError  # someone else erased it before that was read, so the condition would not see it
        if not entries and not self._keys.names(subjects) and not any(map(self._forgetting.remembers, subjects)):
            raise Refused("erasure.unknown", f"nothing is known of {subject}: expected a case or person on record")
        changes, marks = holds(self._log)
        expect_not_held(subject, chain(behind, _beside(subjects, entries)), changes, now)
        query = DCBQuery([*_about(subjects).items, DCBQueryItem(types=HOLDS), *marks])
        gone = self._expect_ours(subjects, entries)
        evidence = Evidence(now, *authorities, subjects, self._named(subjects, gone))

        def expect_nobody_new() -> None:  # under the append lock: an import that gives no entry may have linked someone
            if self._forgetting.behind(subject) != behind:
                raise IntegrityError

        return self._certify(evidence, by, Condition(query, after=about.head, leaf=about.leaf), expect_nobody_new)

    def _certify(
        self,
        evidence: Evidence,
        by: Practitioner,
        condition: DCBAppendCondition,
        expect: Callable[[], None] = lambda: None,
    ) -> Erased:
        def destroy() -> None:
            expect()
            self._keys.destroy(evidence)

        tombstone = EVENTS.entry(tombstone_of(evidence), by=by, command_id=None, keys=self._keys, chance=self._chance)
        position, forgotten = self._forgetting.certify(tombstone, condition, evidence.subjects, destroy)
        return Erased(position, evidence, forgotten, again=False)

    def _expect_ours(self, subjects: Sequence[str], entries: Iterable[Recorded]) -> dict[str, list[str]]:
        """Holds the keys in the envelopes of their text against the key store; returns those that are gone already."""
        about, kept = list(entries), [*self._forgetting.sealed(subjects), *self._sealed_beside(subjects)]
        expect_committed(chain((one.event.data for one in about), (value for _, value in kept)), self._keys)
        sealed = sealers(subjects, about)
        for subject, value in kept:
            sealed[subject].update(kid for kids in sealed_in(value) for kid in kids)
        return expect_known(sealed, self._keys)

    def _named(self, subjects: Sequence[str], gone_before: dict[str, list[str]]) -> tuple[str, ...]:
        """The name of each subject's key, then of others of theirs that were destroyed before.

        A subject that never had a key gets one, so that its tombstone has a name.
        """
        gone = self._keys.tombstones(subjects)
        try:
            living = self._keys.for_subjects(one for one in subjects if one not in gone)
        except Refused:  # someone else erased one of them just now: look again
            raise IntegrityError from None
        named = [gone[one].kid if one in gone else living[one].kid for one in subjects]
        return tuple(dict.fromkeys([*named, *chain.from_iterable(gone_before.values())]))


def _about(subjects: Iterable[str]) -> DCBQuery:
    return DCBQuery([DCBQueryItem(tags=[subject]) for subject in subjects])


def _beside(subjects: Sequence[str], entries: Iterable[Recorded]) -> Iterator[str]:
    """The persons in entries about a case, the cases in those about a person: what is said of both is kept for both.

    Not the other cases of a joint contact: text about several children is sealed for each of them alone.
    """
    for recorded in entries:
        tags = recorded.event.tags
        for subject in subjects:
            if subject in tags:
                other = "person:" if subject.startswith("case:") else "case:"
                yield from (tag for tag in tags if tag.startswith(other))
