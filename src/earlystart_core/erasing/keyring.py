"""Whether a store of keys has the keys of a log's text: each one that an envelope names, under its subject's name.

A key that is gone is no fault where a tombstone says so. One that is gone without, that another subject has, or that
commits to something else, lost someone's text or would: nobody notices until that text is asked for.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import takewhile

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.entry import Recorded
from earlystart_core.erasing.sealers import envelopes_in, owned
from earlystart_core.errors import Tampered
from earlystart_core.event import shape_of
from earlystart_core.log import Log
from earlystart_core.privacy.keys import JOIN, Key, KeyStore, Shredded, joint
from earlystart_core.proof.entries import Doubt
from earlystart_core.words import EVENTS

WITH_TEXT = [name for name, cls in EVENTS.classes.items() if shape_of(cls).sealed]
WINDOWS = 10  # stretches of the log that a sample is taken from
AT_ONCE = 1_000  # subjects asked for together


class Keyring(msgspec.Struct, frozen=True):
    """The result of looking at a log's keys. `doubts` is empty if all is well."""

    values: int  # sealed values that were looked at
    keys: int  # that they name
    whole: bool  # every sealed value was
    doubts: Sequence[Doubt]


def keyring(log: Log, keys: KeyStore, most: int | None = None, *, lost: int = 0) -> Keyring:
    """The keys that sealed the log's text, compared with the key store.

    most: about how many entries are looked at, from all over the log, where it has more; None: all. lost: the position
    up to which keys are known to be lost for good.
    """
    values, named, committed, doubts = 0, dict[str, tuple[int, str]](), dict[str, tuple[int, str]](), list[Doubt]()
    head = log.head()
    whole = most is None or head <= most
    for recorded in _every(log, head) if most is None or whole else _some(log, head, most):
        for envelopes in envelopes_in(recorded.event.data):
            values += 1
            try:
                owners = owned(recorded, tuple(kid for _, kid in envelopes))
            except Tampered as error:
                doubts.append(Doubt(recorded.position, str(error)))
                continue
            for subject, kid in owners:
                named.setdefault(kid, (recorded.position, subject))
            for kcv, kid in envelopes:
                committed.setdefault(kid, (recorded.position, kcv))
    doubts += _against(named, committed, keys, lost)
    return Keyring(values, len(named), whole, sorted(doubts, key=lambda doubt: doubt.position or 0))


def _every(log: Log, head: int) -> Iterator[Recorded]:
    query = DCBQuery([DCBQueryItem(types=WITH_TEXT)])
    return takewhile(lambda one: one.position <= head, log.read(query).entries())


def _some(log: Log, head: int, most: int) -> Iterator[Recorded]:
    """The first entries with text of each of some stretches of the log, and the first of all."""
    query = DCBQuery([DCBQueryItem(types=WITH_TEXT)])
    for number in range(WINDOWS):
        after, upto = head * number // WINDOWS, head * (number + 1) // WINDOWS
        found = log.read(query, after=after, limit=most // WINDOWS).entries()
        yield from takewhile(lambda one, upto=upto: one.position <= upto, found)  # type: ignore[misc]


def _against(
    named: dict[str, tuple[int, str]], committed: dict[str, tuple[int, str]], keys: KeyStore, lost: int
) -> Iterator[Doubt]:
    mine = _names({subject for _, subject in named.values()}, keys)
    found: dict[str, Key | Shredded | None] = {}
    for kid, (position, subject) in named.items():
        try:
            key = found[kid] = keys.find(kid)
        except Tampered as error:
            found[kid] = Shredded(kid)  # it is said; what commits to it cannot be looked at
            yield Doubt(position, f"its text cannot be opened: {error}")
            continue
        if key is None and position > lost:
            yield Doubt(
                position, f"its text is lost: the key store has neither {kid}, which sealed it, nor a tombstone"
            )
        elif isinstance(key, Key) and mine.get(subject) != kid:
            yield Doubt(position, f"its text is sealed under {kid}, which is not the key of {subject} in the key store")
    for kid, (position, kcv) in committed.items():
        parts = [found.get(part) for part in kid.split(JOIN)]
        living = [part for part in parts if isinstance(part, Key)]
        if len(living) == len(parts) and joint(living).kcv != kcv:
            yield Doubt(position, f"its text does not open: {kid} of the key store is not the key that sealed it")


def _names(subjects: Collection[str], keys: KeyStore) -> dict[str, str]:
    left, found = sorted(subjects), dict[str, str]()
    for at in range(0, len(left), AT_ONCE):
        found |= keys.names(left[at : at + AT_ONCE])
    return found
