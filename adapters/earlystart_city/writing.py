"""Writing: drafts become entries, their texts sealed, and go into the log by the batch."""

from collections.abc import Iterable, Sequence

from earlystart_city.calendar import moment
from earlystart_city.clock import CityClock
from earlystart_city.diary import Draft
from earlystart_core.entry import Entry
from earlystart_core.event import Event, sealed_for, shape_of, tags_of
from earlystart_core.log import Log
from earlystart_core.privacy.keys import Chance, Key, Keys, Shredded
from earlystart_core.words import EVENTS

BATCH = 5_000  # entries an append


class Prepared:
    """Keys fetched ahead for one batch: each call to the store beneath is a durable commit of its own."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._held: dict[str, Key] = {}

    def prepare(self, subjects: Iterable[str]) -> None:
        """Makes or fetches the keys of those subjects, in one call, in place of those held before."""
        asked = list(dict.fromkeys(subjects))
        self._held = self._keys.for_subjects(asked) if asked else {}

    def for_subjects(self, subjects: Iterable[str]) -> dict[str, Key]:
        return {subject: self._held[subject] for subject in subjects}

    def find(self, kid: str) -> Key | Shredded | None:
        return self._keys.find(kid)

    def secret(self, name: str) -> bytes:
        return self._keys.secret(name)


class Writer:
    """Writes drafts, in the order they come, into an empty log that asks this clock."""

    def __init__(self, log: Log, clock: CityClock, keys: Keys, nonces: Chance) -> None:
        self._log = log
        self._clock = clock
        self._keys = Prepared(keys)
        self._nonces = nonces
        self._waiting: list[Draft] = []
        self.head = 0

    def write(self, drafts: Sequence[Draft]) -> None:
        """Gives each draft its position, and appends whenever a batch is full."""
        for position, draft in enumerate(drafts, self.head + len(self._waiting) + 1):
            draft.position = position
        self._waiting += drafts
        while len(self._waiting) >= BATCH:
            self._append(self._waiting[:BATCH])
            del self._waiting[:BATCH]

    def finish(self) -> None:
        """Appends what waits."""
        if self._waiting:
            self._append(self._waiting)
            self._waiting = []

    def _append(self, drafts: list[Draft]) -> None:
        self._clock.stand(moment(drafts[0].typed))  # a store may date the keys that it makes
        entries = self.entries(drafts)
        self._clock.plan(moment(draft.typed) for draft in drafts)
        head = self._log.append(entries)
        if head != drafts[-1].position or self._clock.left:
            raise RuntimeError(f"the log stands at {head}, expected {drafts[-1].position}: is the clock the log's own?")
        self.head = head

    def entries(self, drafts: list[Draft]) -> list[Entry]:
        """The drafts as entries, each with the same bytes that a command's would have."""
        final = [(draft, draft.final(), draft.tags()) for draft in drafts]
        self._keys.prepare(
            subject
            for _, event, tags in final
            if has_text(event)
            for together in sealed_for(tags_of(event) if tags is None else tags)
            for subject in together
        )
        make, keys, nonces = EVENTS.entry, self._keys, self._nonces
        return [
            make(event, by=draft.by, command_id=draft.command_id, keys=keys, chance=nonces, tags=tags)
            for draft, event, tags in final
        ]


def has_text(event: Event) -> bool:
    """Whether the event holds text that is still to be sealed."""
    sealed = shape_of(type(event)).sealed
    return bool(sealed) and any(isinstance(getattr(event, name), str) for name in sealed)
