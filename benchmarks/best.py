"""The best replay: eventsourcing's in-memory DCB recorder, msgspec decoders made once, one loop into dicts, no disk.

The most that its recorder allows: the list that the recorder holds is walked as it is, because `read` makes a deep
copy of every event (which would cost more than all the rest). Data is MessagePack in array form with no field names,
instants are whole microseconds, and each decoder is made once: nothing in Python decodes faster.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from eventsourcing.dcb.api import DCBEvent
from eventsourcing.dcb.popo import InMemoryDCBRecorder

from benchmarks.by_hand import ByHand, Row, struck
from benchmarks.stock import plain, plain_fields
from earlystart_core.entry import EPOCH, Recorded, micros
from earlystart_core.event import Event
from earlystart_core.words import EVENTS

NEVER, EVER = -(2**63), 2**63 - 1


def _struct(cls: type[Event]) -> type[msgspec.Struct]:
    fields = [("timestamp", int), *((name, Any) for name in plain_fields(cls))]
    return msgspec.defstruct(cls.__name__, fields, array_like=True, gc=False)


STRUCTS = {name: _struct(cls) for name, cls in EVENTS.classes.items()}


class Best:
    """A log of eventsourcing's own, in memory, holding the facts of the city."""

    def __init__(self) -> None:
        self.recorder = InMemoryDCBRecorder()

    def write(self, facts: Iterable[tuple[Recorded, Event]]) -> None:
        """Every fact, in the order and under the positions of the log."""
        encode = msgspec.msgpack.Encoder().encode
        waiting = []
        for recorded, event in facts:
            cls = type(event)
            values = [plain(getattr(event, name)) for name in plain_fields(cls)]
            data = encode(STRUCTS[cls.__name__](micros(event.occurred_at), *values))
            waiting.append(DCBEvent(type=cls.__name__, data=data, tags=list(recorded.event.tags)))
            if len(waiting) == 10_000:
                self.recorder.append(waiting)
                waiting = []
        if waiting:
            self.recorder.append(waiting)

    def replay(self) -> dict[str, list[Row]]:
        """The four views, from the first event to the last."""
        decoders = {name: msgspec.msgpack.Decoder(cls).decode for name, cls in STRUCTS.items()}
        decode_mark = decoders["MarkedInError"]
        out = struck(
            (one.position, decode_mark(one.event.data).target)  # type: ignore[attr-defined]
            for one in self.recorder.events
            if one.event.type == "MarkedInError"
        )
        state = ByHand(NEVER, EVER, _instant)
        steps = {name: (decoders[name], step) for name, step in state.steps().items()}
        for one in self.recorder.events:
            event = one.event
            found = steps.get(event.type)
            if found is not None and one.position not in out:
                decode, step = found
                step(one.position, decode(event.data))
        return state.views()


def _instant(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)
