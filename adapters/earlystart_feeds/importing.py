"""Importing: a feed's steps, appended to the log some thousand rows a transaction, each with its ledger rows.

Whatever stops an import, what was committed is a beginning of the whole; importing again goes on from there, and a
feed that was imported adds nothing.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import msgspec

from earlystart_core.entry import Entry, Practitioner
from earlystart_core.errors import StoreUnavailable
from earlystart_core.event import sealed_for, shape_of, tags_of
from earlystart_core.log import Log
from earlystart_core.privacy.keys import Chance, Key, Keys, Shredded
from earlystart_core.privacy.sealed import seal
from earlystart_core.utc import Clock, utc_clock
from earlystart_core.words import EVENTS
from earlystart_feeds.becoming import EMPLOYERS
from earlystart_feeds.checking import Checking
from earlystart_feeds.digest import FeedDigest
from earlystart_feeds.doubles import doubles_in
from earlystart_feeds.invariants import broken_by
from earlystart_feeds.ledger import OTHER_KEYS, Digests, Ledger, Memory, Moment, Name, Remembered
from earlystart_feeds.naming import Naming
from earlystart_feeds.notations import other_notations
from earlystart_feeds.notes import notes_on
from earlystart_feeds.past import Past
from earlystart_feeds.planning import Planning, Step, mentions
from earlystart_feeds.reading import Feed, read_feed
from earlystart_feeds.report import Report, report_of

BATCH = 2_000  # rows a transaction
Progress = Callable[[int, int], None]  # rows recorded so far, rows to record


class Store(Protocol):
    """What an import needs of a store."""

    @property
    def log(self) -> Log: ...

    @property
    def keys(self) -> Keys: ...

    @property
    def ledger(self) -> Ledger: ...


def import_feed(
    folder: Path,
    store: Store,
    *,
    clock: Clock,
    chance: Chance,
    progress: Progress | None = None,
    check: bool = False,
    max_refused: int | None = None,
) -> Report:
    """Imports the feed in that folder and says what became of it. Importing it again adds nothing.

    check: says all that an import would say, and stores nothing. max_refused: with more refused rows than that nothing
    is stored either (`Report.stored`).

    Raises:
        Invalid: there is no such folder.
        Refused: it is not a feed; nothing was stored.
        Conflict: another import or an erasure ran at the same time; run this one again.
        Tampered: the import ledger was changed by someone else, or is of another moment than the log.
        StoreUnavailable: the store did not take it, or its ledger was written with other keys.
    """
    feed = read_feed(folder)
    return import_read(feed, store, clock=clock, chance=chance, progress=progress, check=check, max_refused=max_refused)


def import_read(
    feed: Feed,
    store: Store,
    *,
    clock: Clock,
    chance: Chance,
    progress: Progress | None = None,
    check: bool = False,
    max_refused: int | None = None,
) -> Report:
    """As `import_feed`, for a feed that was read already: before a store is made for it, say."""
    clock = utc_clock(clock)
    since = store.ledger.moment()  # whoever is erased from here on may stand in what is planned
    is_first = store.ledger.is_empty()
    digests = Digests(chance(32) if is_first else store.keys.secret("ledger"))
    memory, past = Memory(store.ledger, digests), Past(store.log)
    proof = _proof_of_keys(store.ledger, digests)
    checked = Checking(feed, memory, past).run()
    stored = not check and (max_refused is None or checked.refused <= max_refused)
    if is_first and stored:  # only now: what stores nothing makes no secret either
        memory = Memory(store.ledger, Digests(store.keys.secret("ledger")))
        proof = _proof_of_keys(store.ledger, memory.digests)
    naming = Naming(store.ledger, memory.digests, clock, chance)
    naming.recall(mentions(checked))
    invariants, doubles = broken_by(checked, clock()), doubles_in(checked, memory, naming, past)  # before it changes
    notes = [*other_notations(feed), *notes_on(checked, memory)]
    steps, digest = Planning(checked, memory, naming, past).steps(), FeedDigest(naming.sources)
    done = 0
    while batch := list(islice(steps, BATCH)):
        if stored:
            since = _record(batch, store, chance, proof, since)
            proof = []
        for step in batch:
            digest.add(step)
        done += sum(1 + len(step.activities) for step in batch)
        if progress is not None:
            progress(done, checked.accepted)
    found = {"invariants": invariants, "doubles": doubles, "notes": notes}
    return report_of(feed, checked, **found, digest=digest.hex(), stored=stored)


def _proof_of_keys(ledger: Ledger, digests: Digests) -> list[Name]:
    """The name by which a ledger shows that these keys wrote it; to be remembered where it is still empty.

    Without it a lost key store would make every row of the next feed look new, and the whole history come twice.
    """
    name = Name(digests.proof(), "ledger")
    if ledger.names([name.key]):
        return []
    if not ledger.is_empty():
        raise StoreUnavailable(OTHER_KEYS)
    return [name]


def _record(batch: list[Step], store: Store, chance: Chance, proof: list[Name], since: Moment) -> Moment:
    keys = _Held(store.keys, _subjects(batch))
    entries: list[Entry] = []
    rows: list[Remembered] = []
    names = list(proof)
    for step in batch:
        table = step.row.table
        by = Practitioner("practitioner:import", "feed", EMPLOYERS[table.system])
        entries += [EVENTS.entry(event, by=by, command_id=None, keys=keys, chance=chance) for event in step.events]
        names += step.names
        rows += step.rows if step.personal is None else [_sealed(step, keys, chance), *step.rows[1:]]
    return store.ledger.record(entries, rows, names, since)


def _subjects(batch: Iterable[Step]) -> set[str]:
    """Whose keys those steps need."""
    needed: set[str] = set()
    for step in batch:
        for event in step.events:
            if any(isinstance(getattr(event, name), str) for name in shape_of(type(event)).sealed):
                needed.update(*sealed_for(tags_of(event)))
        if step.personal is not None:
            needed.add(step.rows[0].ids[0])
    return needed


def place_of(row: Remembered) -> dict[str, Any]:
    """What a value sealed into the ledger is bound to."""
    return {"file": row.file, "ids": row.ids, "ledger": row.key}


def _sealed(step: Step, keys: Keys, chance: Chance) -> Remembered:
    row = step.rows[0]
    found = keys.for_subjects(row.ids[:1])
    sealed = seal(step.personal or "", list(found.values()), place_of(row), chance)
    return msgspec.structs.replace(row, sealed=msgspec.json.encode(sealed))


class _Held:
    """The keys that one batch needs, fetched at once."""

    def __init__(self, keys: Keys, subjects: set[str]) -> None:
        self._keys = keys
        self._found: dict[str, Key] = keys.for_subjects(sorted(subjects)) if subjects else {}

    def for_subjects(self, subjects: Iterable[str]) -> dict[str, Key]:
        return {subject: self._found[subject] for subject in subjects}

    def find(self, kid: str) -> Key | Shredded | None:
        return self._keys.find(kid)

    def secret(self, name: str) -> bytes:
        return self._keys.secret(name)
