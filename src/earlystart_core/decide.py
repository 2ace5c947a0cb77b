"""The one loop: read the facts that bear on a command, evolve, decide, append; decide again when someone was first.

Struck facts are left out, and the rest is read in order of (occurred_at, position), as everywhere (contract 2.5).
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain, takewhile
from typing import Any, NamedTuple, Protocol

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError

from earlystart_core.command import Command, Fact, Facts, Word
from earlystart_core.entry import Entry, Practitioner, Recorded
from earlystart_core.errors import Conflict, Refused, StoreUnavailable, Tampered
from earlystart_core.event import Event, has_text, sealed_for, shape_of
from earlystart_core.log import AlreadyRecorded, Condition, Log, Receipt, matches, of_one_log
from earlystart_core.marks import struck
from earlystart_core.privacy.keys import Chance, Keys
from earlystart_core.registry import Registry
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.erasure import SubjectErased

TRIES = 3
_MARK = MarkedInError.__name__
AHEAD = timedelta(minutes=5)  # how far a clock elsewhere may run before ours (audit.md section 6)
_encode = msgspec.json.Encoder(order="sorted").encode


class Done(msgspec.Struct, frozen=True):
    """What a command did: the positions of its entries, and the distinct ids in them, in order. Both may be empty."""

    positions: tuple[int, ...]
    ids: tuple[str, ...]


class _Read(NamedTuple):
    """What bears on a command: the query, the log's head when it was asked (None: an empty log), and what answered."""

    query: DCBQuery
    head: int | None
    leaf: bytes | None  # of the entry there
    entries: list[Recorded]


class Ground(Protocol):
    """Of a store, what commands are carried out on."""

    log: Log
    chance: Chance

    @property
    def keys(self) -> Keys:
        """The keys of sealed text. Only a command that seals text asks for them, because each time costs a look."""

    def secret(self, name: str) -> bytes:
        """A secret of the whole store (`Keys.secret`)."""


class Shell:
    """Carries out commands on one store."""

    def __init__(self, ground: Ground, events: Registry, words: Mapping[type[Command], Word[Any]]) -> None:
        self._ground = ground
        self._log = ground.log
        self._events = events
        self._words = words

    def submit(
        self, command: Command, *, by: Practitioner, command_id: str, now: datetime, fresh: bool = False
    ) -> Done:
        """Carries the command out once, however often it is sent under one command_id.

        fresh: the command_id was made for this call, so no receipt of it is looked up before deciding.

        Raises:
            Refused: a rule of the word; `time.in_the_future`; `command.other_content` for a reused command_id.
            Conflict: bearing facts were recorded meanwhile, on each of three tries.
            Tampered: the command_id's receipt names entries that another command recorded, or none.
        """
        known = None if fresh else self._log.receipt(command_id)
        if known is not None:
            return self._again(known, command, by)
        given = command.dated(now)
        if given.at > now + AHEAD:
            raise Refused("time.in_the_future", "expected something that has happened, got an instant in the future")
        for _ in range(TRIES):
            digest = self._digest(command, by, command_id)  # each time: the log may be another, with other keys
            try:
                return self._try(given, by, Receipt(command_id, digest))
            except AlreadyRecorded as already:
                return self._again(already.receipt, command, by)
            except IntegrityError:
                continue
        raise Conflict(f"facts that bear on this {type(command).__name__} kept arriving: {TRIES} tries were made")

    def _try(self, command: Command, by: Practitioner, receipt: Receipt) -> Done:
        word = self._words[type(command)]
        bearing = word.boundary(command)
        history = self._log.history
        try:
            with of_one_log(self._log):
                target = self._target(bearing)
                read = self._read(bearing, target)
        except StoreUnavailable as error:
            if self._log.history is history:
                raise
            raise IntegrityError from error  # the log was put back since it was looked at: decide again
        state = word.initial
        if target is not None:
            state = word.evolve(state, target)
        found = [(recorded.position, self._events.event(recorded)) for recorded in read.entries]
        marks = target is not None
        for event in standing(found, marks=marks, as_recorded=word.as_recorded, even_struck=word.even_struck):
            state = word.evolve(state, event)
        events = word.judge(command, state, by)
        tags = target.event.tags if target is not None else None
        keys = self._ground.keys if any(map(has_text, events)) else None
        entries = [
            self._events.entry(
                event, by=by, command_id=receipt.command_id, keys=keys, chance=self._ground.chance, tags=tags
            )
            for event in events
        ]
        condition = None
        if entries and read.query.items:
            # Text that is sealed before its subject is erased must not be appended after: nobody could read it.
            sealing = [DCBQueryItem(types=[SubjectErased.__name__], tags=[one]) for one in _sealed_for(entries, events)]
            condition = Condition(DCBQuery([*read.query.items, *sealing]), after=read.head, leaf=read.leaf)
        last = self._log.append(entries, condition, receipt=receipt)
        return Done(tuple(range(last - len(entries) + 1, last + 1)), ids_of(entries))

    def _read(self, bearing: Facts, target: Recorded | None) -> "_Read":
        query = query_of(bearing, target)
        if not query.items:
            return _Read(query, None, None, [])
        read = self._log.read(query)
        found = {one.position: one for one in read.entries()}
        whole = courses(bearing, [one.event for one in found.values()])
        if whole and read.head is not None:
            # as the log stood at the first reading: then one condition holds for both
            more = takewhile(lambda one: one.position <= (read.head or 0), self._log.read(DCBQuery(whole)).entries())
            found |= {one.position: one for one in more}
        return _Read(DCBQuery([*query.items, *whole]), read.head, read.leaf, list(found.values()))

    def _target(self, bearing: Facts) -> Recorded | None:
        if bearing.target is None:
            return None
        found = next(self._log.read(after=bearing.target - 1, limit=1), None)
        return found if found is not None and found.position == bearing.target else None

    def _digest(self, command: Command, by: Practitioner, command_id: str | None) -> bytes:
        """The keyed digest of a command. Older receipts left out its id, so that one could pass for another's."""
        # Only what the caller set: a resent command whose occurred_at was left out is the same command.
        content = command.model_dump(mode="json", exclude_unset=True, exclude_none=True)
        said = {"by": by, "command": type(command).__name__, "content": content}
        body = _encode(said if command_id is None else {**said, "command_id": command_id})
        return hmac.new(self._ground.secret("commands"), body, hashlib.sha256).digest()

    def _again(self, receipt: Receipt, command: Command, by: Practitioner) -> Done:
        digests = [self._digest(command, by, command_id) for command_id in (receipt.command_id, None)]
        if not any(hmac.compare_digest(receipt.digest, digest) for digest in digests):
            raise Refused(
                "command.other_content",
                f"command_id {receipt.command_id} was used before for a command of other content",
            )
        if not receipt.positions:
            return Done((), ())
        first, count = receipt.positions[0], len(receipt.positions)
        found = list(self._log.read(after=max(first - 1, 0), limit=count).entries())
        own = [(position, receipt.command_id) for position in receipt.positions]
        if [(one.position, one.event.command_id) for one in found] != own:
            raise Tampered(f"the receipt of command_id {receipt.command_id} names entries that are not its own")
        return Done(receipt.positions, ids_of([one.event for one in found]))


def _sealed_for(entries: Sequence[Entry], events: Sequence[Event]) -> list[str]:
    """Whose keys sealed text in those entries."""
    found: dict[str, None] = {}
    for entry, event in zip(entries, events, strict=True):
        if any(getattr(event, name) is not None for name in shape_of(type(event)).sealed):
            found |= dict.fromkeys(chain.from_iterable(sealed_for(entry.tags)))
    return list(found)


def standing(
    found: Iterable[tuple[int, Event]],
    *,
    marks: bool,
    as_recorded: bool = False,
    even_struck: tuple[type[Event], ...] = (),
) -> list[Event]:
    """What stands among entries (position, event), in order of (occurred_at, position).

    marks: whether the standing marks are among it; only a word that asked for a target is handed those.
    as_recorded: in order of position, for a word to which it matters what was recorded first.
    even_struck: of these classes what was marked in error too, for a word that asks whether it was ever recorded.
    """
    facts = list(found)
    out = struck(facts)
    kept = [(position, event) for position, event in facts if position not in out or isinstance(event, even_struck)]
    kept.sort(key=lambda fact: fact[0] if as_recorded else (fact[1].occurred_at, fact[0]))
    return [event for _, event in kept if marks or type(event) is not MarkedInError]


def query_of(bearing: Facts, target: Recorded | None) -> DCBQuery:
    """The facts as a query, with the marks on them: a mark carries all tags of its target."""
    items = [_item(fact, fact.tags) for fact in bearing.facts]
    if target is not None:
        items.append(DCBQueryItem(types=[_MARK], tags=list(target.event.tags)))
    return DCBQuery(items=items)


def courses(bearing: Facts, found: Sequence[Entry]) -> list[DCBQueryItem]:
    """What bears besides: the whole courses of things that entries name. found: what answers `query_of`."""
    items = []
    for fact in bearing.facts:
        if fact.whole is not None:
            near = DCBQuery([_item(fact, fact.tags)])
            named = (tag for entry in found if matches(near, entry.type, entry.tags) for tag in entry.tags)
            items += [_item(fact, [tag]) for tag in dict.fromkeys(named) if tag.startswith(f"{fact.whole}:")]
    return items


def _item(fact: Fact, tags: Iterable[str]) -> DCBQueryItem:
    return DCBQueryItem(types=[*(cls.__name__ for cls in fact.types), _MARK], tags=list(tags))


def ids_of(entries: Iterable[Entry]) -> tuple[str, ...]:
    """The distinct ids in the entries, in order."""
    return tuple(dict.fromkeys(tag for entry in entries for tag in entry.tags))
