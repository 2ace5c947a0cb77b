"""The closed registry: which events there are, how each stands in the log, and how old shapes are lifted on read.

A stored name never imports anything: an unknown type or version, or malformed data, is `Unreadable`, never a skip.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import chain
from typing import Any

import msgspec

from earlystart_core.entry import Entry, Practitioner, Recorded, stored_data
from earlystart_core.errors import Unreadable
from earlystart_core.event import Event, Personal, place_of, sealed_for, shape_of, tags_of
from earlystart_core.privacy.keys import Chance, Keys, Shredded, joint
from earlystart_core.privacy.sealed import Sealed, open_sealed, seal
from earlystart_core.proven import Proven
from earlystart_core.utc import utc_of

Lift = Callable[[dict[str, Any]], dict[str, Any]]  # the data of version n to the data of version n + 1; pure

_encode = msgspec.json.Encoder(order="sorted").encode


MALFORMED = (  # what data that is not of its type may raise, on its way through decoders and lifts
    msgspec.MsgspecError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)


class Registry:
    """The events of one log. `lifts[(name, n)]` turns version n into n + 1.

    Raises ValueError, so at import, when two classes share a name or a chain of lifts has a gap or a stray end.
    """

    def __init__(self, classes: Iterable[type[Event]], lifts: Mapping[tuple[str, int], Lift] | None = None) -> None:
        self.classes: dict[str, type[Event]] = {}
        for cls in classes:
            if self.classes.setdefault(cls.__name__, cls) is not cls:
                raise ValueError(f"two events are named {cls.__name__}")
        self._lifts = dict(lifts or {})
        needed = {(name, old) for name, cls in self.classes.items() for old in range(1, cls.version)}
        if needed != set(self._lifts):
            raise ValueError(f"lifts do not make whole chains: {sorted(needed ^ set(self._lifts))}")
        self._decoders = {name: msgspec.json.Decoder(cls) for name, cls in self.classes.items()}

    def entry(
        self,
        event: Event,
        *,
        by: Practitioner,
        command_id: str | None,
        keys: Keys | None,
        chance: Chance,
        tags: list[str] | None = None,
    ) -> Entry:
        """The event as it goes to the log, its personal text sealed.

        keys: None only for an event without any (`has_text`).
        tags: only for an event that carries another's tags (a mark); else they are read off the event.
        """
        entry = Entry(
            type=type(event).__name__,
            data=b"",
            tags=tags_of(event) if tags is None else tags,
            recorded_by=by,
            command_id=command_id,
            version=event.version,
            occurred_at=utc_of("occurred_at", event.occurred_at),  # what is sealed is bound to it as it is stored
        )
        shape = shape_of(type(event))
        fields: dict[str, Any] = {name: getattr(event, name) for name in shape.fields}
        for name in shape.sealed:
            if isinstance(fields[name], str):
                assert keys is not None
                whose = sealed_for(entry.tags)
                found = keys.for_subjects(dict.fromkeys(chain.from_iterable(whose)))
                sealing = [joint([found[one] for one in together]) for together in whose]
                fields[name] = seal(fields[name], sealing, place_of(entry, name), chance)
        entry.data = _encode(fields)
        return entry

    def event(self, recorded: Recorded) -> Event:
        """The event that an entry stands for, in its newest shape; personal text stays sealed.

        Raises:
            Unreadable: the type or version is unknown, or the data is malformed.
        """
        entry = recorded.event
        stored = stored_data(entry.data)  # an object in another spelling is none of these events, as for columns
        return self.decode(entry.type, entry.version, stored, entry.occurred_at, recorded.position)

    def event_of(self, entry: Proven) -> Event:
        """The event of an entry that was compared with its leaf."""
        return self.decode(entry.type, entry.version, entry.data, entry.occurred_at, entry.position)

    def decode(self, kind: str, version: int, data: bytes, occurred_at: datetime | None, position: int) -> Event:
        """As `event`, from the parts of an entry; its data as it is stored."""
        if occurred_at is None:
            raise Unreadable(f"entry {position} cannot be read: expected occurred_at, got none")
        cls = self.classes.get(kind)
        if cls is None:
            raise Unreadable(f"entry {position} cannot be read: its type {kind[:60]!r} is not known here")
        if not isinstance(version, int) or not 1 <= version <= cls.version:
            raise Unreadable(
                f"entry {position} cannot be read: expected {kind} of version 1 to {cls.version}, got version {version}"
            )
        try:
            if version < cls.version:
                return msgspec.convert({**self.lift(kind, version, data), "occurred_at": occurred_at}, cls)
            if data[:1] != b"{":
                raise ValueError
            moment = msgspec.json.encode(occurred_at)
            event = self._decoders[kind].decode(b'{"occurred_at":' + moment + b"," + data[1:])
            if event.occurred_at != occurred_at:  # the data held a second one
                raise ValueError
            return event
        except MALFORMED:
            raise Unreadable(
                f"entry {position} cannot be read: its data is not that of {kind} version {version}"
            ) from None

    def lift(self, kind: str, version: int, data: bytes) -> dict[str, Any]:
        """The data of an old version, lifted to the newest one's fields (still untyped)."""
        fields: dict[str, Any] = msgspec.json.decode(data, type=dict)
        for old in range(version, self.classes[kind].version):
            fields = self._lifts[kind, old](fields)
        return fields

    def opened(self, event: Event, recorded: Recorded, keys: Keys) -> dict[str, str | Shredded]:
        """The personal text of an event, field by field: the text, or what is left of it.

        Raises:
            Tampered: a sealed value does not belong where it stands.
        """
        texts: dict[str, str | Shredded] = {}
        for name in shape_of(type(event)).sealed:
            value: Personal | None = getattr(event, name)
            if isinstance(value, Sealed):
                texts[name] = open_sealed(value, place_of(recorded.event, name), keys)
        return texts
