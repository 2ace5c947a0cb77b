"""Which keys sealed a subject's text: read off the entries, and held against the keys that an erasure is to destroy.

A store of keys knows by its own rows only whose key is whose. What opens a text is the name in its envelope.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import chain

from earlystart_core.entry import Recorded
from earlystart_core.errors import Refused, Tampered
from earlystart_core.event import sealed_for, subjects_of
from earlystart_core.privacy.keys import JOIN, Key, KeyStore, Shredded, find_joint

_VALUES = re.compile(rb'\{"sealed":\[(.*?)\]\}')
_KID = re.compile(rb'"kid":"([^"]*)"')
_ENVELOPE = re.compile(rb'"kcv":"([^"]*)","kid":"([^"]*)"')


def sealed_in(data: bytes) -> list[tuple[str, ...]]:
    """The name in each envelope of each sealed value in an entry's data, or in its canonical bytes."""
    if b'"sealed":[' not in data:
        return []
    return [tuple(kid.decode(errors="replace") for kid in _KID.findall(one)) for one in _VALUES.findall(data)]


def names_in(data: bytes) -> set[str]:
    """The names of all keys under which an entry's data has text."""
    return {name for kids in sealed_in(data) for kid in kids for name in kid.split(JOIN)}


def envelopes_in(data: bytes) -> list[list[tuple[str, str]]]:
    """What each envelope of each sealed value in an entry's data commits to, and the name in it."""
    if b'"sealed":[' not in data:
        return []
    pairs = (_ENVELOPE.findall(one) for one in _VALUES.findall(data))
    return [[(kcv.decode(errors="replace"), kid.decode(errors="replace")) for kcv, kid in one] for one in pairs]


def sealers(subjects: Sequence[str], entries: Iterable[Recorded]) -> dict[str, set[str]]:
    """The names of the keys under which each of the subjects has text in those entries.

    Raises:
        Tampered: an entry has another number of keys than subjects.
    """
    found: dict[str, set[str]] = {subject: set() for subject in subjects}
    for recorded in entries:
        for kids in sealed_in(recorded.event.data):
            for owner, kid in owned(recorded, kids):
                if owner in found:
                    found[owner].add(kid)
    return found


def owned(recorded: Recorded, kids: tuple[str, ...]) -> list[tuple[str, str]]:
    """Each key of a sealed value with its subject. Before keys were joined, text was sealed for a person alone.

    Raises:
        Tampered: the entry has another number of keys than subjects.
    """
    tags = recorded.event.tags
    joined = any(JOIN in kid for kid in kids)
    owners = sealed_for(tags) if joined else [(subject,) for subject in subjects_of(tags)]
    parts = [kid.split(JOIN) for kid in kids]
    if [len(one) for one in owners] != [len(one) for one in parts]:
        raise Tampered(f"entry {recorded.position} holds text that is not sealed for its subjects, one key for each")
    return [*zip(chain.from_iterable(owners), chain.from_iterable(parts), strict=True)]


def expect_known(sealed: dict[str, set[str]], keys: KeyStore) -> dict[str, list[str]]:
    """Those of the names that this store of keys destroyed before, by subject; its others must be the subject's.

    Raises:
        Refused: `erasure.other_keys`, text is sealed under a key that the store never had, or has as another's.
    """
    living = keys.names(sealed)
    gone: dict[str, list[str]] = {}
    for subject, kids in sealed.items():
        for kid in sorted(kids - {living.get(subject)}):
            if not isinstance(keys.find(kid), Shredded):
                raise Refused(
                    "erasure.other_keys",
                    f"{subject} may not be erased with this key store: its text is sealed under {kid}, expected that"
                    " to be its key here; open the record with the keys that sealed it",
                )
            gone.setdefault(subject, []).append(kid)
    return gone


def expect_committed(values: Iterable[bytes], keys: KeyStore) -> None:
    """Holds the living keys against what the envelopes in those values commit to.

    The wrapped keys of two rows may have been exchanged: then the secret that opens a text stands under another name.

    Raises:
        Tampered: a key of this store is not the one that sealed text under its name.
    """
    committed = {found for value in values for found in _ENVELOPE.findall(value)}
    for kcv, name in sorted(committed):
        kid = name.decode(errors="replace")
        key = find_joint(keys, kid)
        if isinstance(key, Key) and key.kcv.encode() != kcv:
            raise Tampered(f"the key {kid} of this key store is not the one that sealed text under that name")
