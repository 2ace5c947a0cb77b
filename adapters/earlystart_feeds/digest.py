"""The digest of what an import records: the same for the same feed, whatever the ids, the clock and the machine.

One SHA-256 over one line of JSON for each accepted row, in the order of recording (docs/decisions/0059-digest.md).
Ids are replaced by what the feed calls the thing. Text that is sealed, NHS numbers and birth dates are not in it, only
whether there is one: anyone may see the digest, and nobody can try guesses of them against it.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec

from earlystart_core.event import Event, shape_of
from earlystart_core.words.case import ChildBorn
from earlystart_feeds.planning import Step
from earlystart_feeds.reading import Row

PERSONAL = frozenset(("born_on", "DateOfBirth", "NHSNumber", "reason"))  # columns of a feed
BIRTH = "born_on"  # the field of an event that is not sealed, and personal all the same
_encode = msgspec.json.Encoder(order="sorted").encode


class FeedDigest:
    """The digest of one import. sources: what each id stands for in the feed, as `Naming` notes it."""

    def __init__(self, sources: Mapping[str, tuple[str, ...]]) -> None:
        self._sources = sources
        self._sum = sha256()

    def add(self, step: Step) -> None:
        """Takes in one step of the import."""
        self._line(step.row, [self._event(event) for event in step.events])
        for activity in step.activities:
            self._line(activity, [])

    def hex(self) -> str:
        """The digest of the steps so far, 64 hexadecimal digits."""
        return self._sum.hexdigest()

    def _line(self, row: Row, events: list[dict[str, Any]]) -> None:
        fields = {name: bool(row[name]) if name in PERSONAL else row[name] for name in row.table.at}
        self._sum.update(_encode({"events": events, "fields": fields, "file": row.table.file}) + b"\n")

    def _event(self, event: Event) -> dict[str, Any]:
        cls = type(event)
        hidden = {BIRTH, *shape_of(cls).sealed}
        data = {name: getattr(event, name) for name in shape_of(cls).fields}
        return {
            "data": {name: value is not None if name in hidden else self._named(value) for name, value in data.items()},
            "occurred_at": isinstance(event, ChildBorn) or event.occurred_at,  # that instant is the birth date
            "type": cls.__name__,
            "version": cls.version,
        }

    def _named(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return [self._named(each) for each in value]
        return self._sources.get(value, value) if isinstance(value, str) else value
