"""Keys: one data key per subject, wrapped by a key-encryption key that never stands beside them.

Destroying a subject's key is what erases: the log keeps its ciphertext, its leaves and its proof.
The stores of keys live apart from the log; here are the protocols, the key itself, and the store in memory.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from threading import Lock
from typing import Protocol

import msgspec

from earlystart_core.errors import Refused

Chance = Callable[[int], bytes]  # that many bytes of chance: os.urandom, or a seeded source in a simulation

JOIN = "+"  # between the names of keys that are needed together


class Key(msgspec.Struct, frozen=True):
    """A subject's data key. `kcv` commits to it, so that one ciphertext cannot be opened two ways."""

    kid: str  # `k_` and 26 characters of base32
    secret: bytes  # 32 bytes
    kcv: str  # hex

    def __repr__(self) -> str:
        return f"Key({self.kid})"  # a secret is shown nowhere


class Evidence(msgspec.Struct, frozen=True):
    """On whose word keys were destroyed, and when. Nothing personal of the subject stands in it."""

    at: datetime  # aware, UTC
    authority: str
    second_authority: str
    subjects: tuple[str, ...]  # all that were erased together, the one that was asked for first
    keys: tuple[str, ...]  # the kid of each subject's key, in their order; then others of theirs, gone before


class Shredded(msgspec.Struct, frozen=True):
    """What is left of personal text whose key was destroyed. evidence: None where the store of keys has none of it."""

    kid: str
    evidence: Evidence | None = None


class Keys(Protocol):
    """A store of keys. Every method is atomic and durable before it returns."""

    def for_subjects(self, subjects: Iterable[str]) -> dict[str, Key]:
        """The key of each subject (a `person:`, `case:` or other id), made where there was none.

        Raises:
            Refused: `keys.erased`, the subject was erased and may not get a new key by accident.
        """

    def find(self, kid: str) -> Key | Shredded | None:
        """The key of that name; Shredded where it was destroyed; None where this store never had it."""

    def secret(self, name: str) -> bytes:
        """A store-wide secret of 32 bytes (`commands`, `ledger`), made at first use."""


class KeyStore(Keys, Protocol):
    """A store of keys that can forget."""

    def destroy(self, evidence: Evidence) -> None:
        """Destroys the keys of `evidence.subjects` for good, and keeps a tombstone of each; again, nothing more.

        A subject that had no key gets none from then on. Returns only once the keys were looked for and not found.

        Raises:
            StoreUnavailable: that they are gone is not known; destroying again finds out.
        """

    def tombstones(self, subjects: Iterable[str] | None = None) -> dict[str, Shredded]:
        """What is left of those of the subjects that were erased; of all that were, where none are named."""

    def names(self, subjects: Iterable[str]) -> dict[str, str]:
        """The kid of each of those subjects that has a key; no key is opened for it."""

    def scrub(self) -> None:
        """Empties what a database keeps of deleted keys beside its tables: free pages, journals, dead rows.

        Raises:
            StoreUnavailable: another program reads the store, so some of it had to stay.
        """


def commitment(kid: str, secret: bytes) -> str:
    """The key check value: HMAC-SHA256(key, "earlystart/kcv/v1" ‖ LF ‖ kid), hex (audit.md 3.2)."""
    return hmac.new(secret, b"earlystart/kcv/v1\n" + kid.encode(), hashlib.sha256).hexdigest()


def erased(subject: str) -> Refused:
    """The refusal of a key to a subject that was erased."""
    return Refused("keys.erased", f"the text of {subject} was erased, so no new text may be sealed for it")


def make_key(kid: str, chance: Chance) -> Key:
    """A fresh key of that name."""
    secret = chance(32)
    return Key(kid, secret, commitment(kid, secret))


def joint(keys: Sequence[Key]) -> Key:
    """The key that takes all of those: one alone is itself; of several the secret is a digest of theirs."""
    if len(keys) == 1:
        return keys[0]
    kid = JOIN.join(key.kid for key in keys)
    secret = hmac.new(b"earlystart/joint/v1", b"".join(key.secret for key in keys), hashlib.sha256).digest()
    return Key(kid, secret, commitment(kid, secret))


def find_joint(keys: Keys, kid: str) -> Key | Shredded | None:
    """As `Keys.find`, of a key that may take several: Shredded where one of them was destroyed."""
    found = [keys.find(part) for part in kid.split(JOIN)]
    for one in found:
        if isinstance(one, Shredded):
            return one
    living = [one for one in found if isinstance(one, Key)]
    return joint(living) if len(living) == len(found) else None


class MemoryKeys:
    """Keys that live as long as the process: for the log in memory."""

    def __init__(self, chance: Chance, new_kid: Callable[[], str]) -> None:
        self._chance = chance
        self._new_kid = new_kid
        self._lock = Lock()
        self._by_subject: dict[str, Key] = {}
        self._by_kid: dict[str, Key | Shredded] = {}
        self._erased: dict[str, Shredded] = {}
        self._secrets: dict[str, bytes] = {}

    def for_subjects(self, subjects: Iterable[str]) -> dict[str, Key]:
        with self._lock:
            found = {}
            for subject in dict.fromkeys(subjects):
                if subject in self._erased:
                    raise erased(subject)
                if subject not in self._by_subject:
                    key = make_key(self._new_kid(), self._chance)
                    self._by_kid[key.kid] = self._by_subject[subject] = key  # found by its name before it is used
                found[subject] = self._by_subject[subject]
            return found

    def find(self, kid: str) -> Key | Shredded | None:
        with self._lock:
            return self._by_kid.get(kid)

    def destroy(self, evidence: Evidence) -> None:
        with self._lock:
            for subject, kid in zip(evidence.subjects, evidence.keys, strict=False):
                key = self._by_subject.get(subject)
                for gone in {kid} if key is None else {kid, key.kid}:
                    self._by_kid[gone] = self._erased.setdefault(subject, Shredded(gone, evidence))
                self._by_subject.pop(subject, None)

    def tombstones(self, subjects: Iterable[str] | None = None) -> dict[str, Shredded]:
        with self._lock:
            if subjects is None:
                return dict(self._erased)
            return {subject: self._erased[subject] for subject in subjects if subject in self._erased}

    def names(self, subjects: Iterable[str]) -> dict[str, str]:
        with self._lock:
            return {subject: self._by_subject[subject].kid for subject in subjects if subject in self._by_subject}

    def scrub(self) -> None:
        """Nothing of a dictionary is left when it is let go; of memory itself nobody can say (limits)."""

    def secret(self, name: str) -> bytes:
        with self._lock:
            if name not in self._secrets:
                self._secrets[name] = self._chance(32)
            return self._secrets[name]
