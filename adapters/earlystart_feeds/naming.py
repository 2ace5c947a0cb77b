"""Naming: fresh ids for what rows bring or only mention, given once and remembered in the ledger.

An id is never derived from a source id; the ledger finds it again by a keyed digest.
"""

from collections.abc import Iterable

from earlystart_core.privacy.keys import Chance
from earlystart_core.ulid import new_id
from earlystart_core.utc import Clock
from earlystart_feeds.ledger import Digests, Ledger, Name

Mention = tuple[str, ...]  # the system, the kind, and the reference there


class Naming:
    """The ids of one import. Ask `recall` before `of`, for many at once."""

    def __init__(self, ledger: Ledger, digests: Digests, clock: Clock, chance: Chance) -> None:
        self._ledger = ledger
        self._digests = digests
        self._chance = chance
        self._now = clock()
        self._known: dict[Mention, str] = {}
        self._fresh: list[Name] = []
        self.sources: dict[str, Mention] = {}  # what each id stands for in the feed

    def fresh(self, *source: str) -> str:
        """An id that nothing had before. source: the system, the kind, and the reference there."""
        id = new_id(source[1], self._now, self._chance)
        self.sources[id] = source
        return id

    def stands(self, id: str, *source: str) -> None:
        """Notes what an id from an earlier import stands for, if the feed did not say so before."""
        self.sources.setdefault(id, source)

    def recall(self, mentions: Iterable[Mention]) -> None:
        """Fetches the ids that earlier imports gave to those."""
        keys = {self._digests.name(*parts): parts for parts in set(mentions) - self._known.keys()}
        for key, id in self._ledger.names(keys).items():
            self._known[keys[key]] = id
            self.stands(id, *keys[key])

    def known(self, *mention: str) -> str | None:
        """The id that an earlier import gave to that; asked of `recall` before."""
        return self._known.get(mention)

    def of(self, system: str, kind: str, *ref: str) -> str:
        """The id of that source reference, given now where it had none."""
        return self.given(system, kind, *ref)[0]

    def given(self, system: str, kind: str, *ref: str) -> tuple[str, bool]:
        """The same, and whether it was given just now."""
        parts = (system, kind, *ref)
        id = self._known.get(parts)
        if id is not None:
            return id, False
        id = self._known[parts] = self.fresh(*parts)
        self._fresh.append(Name(self._digests.name(*parts), id))
        return id, True

    def take_fresh(self) -> list[Name]:
        """The names given since the last call, to be remembered with what first used them."""
        fresh, self._fresh = self._fresh, []
        return fresh
