"""The story of a case: every entry about it, on both clocks, who recorded it, and what was corrected."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from earlystart_core.clocks import Clocks
from earlystart_core.entry import Recorded
from earlystart_core.errors import StoreUnavailable
from earlystart_core.event import Event, shape_of
from earlystart_core.marks import struck
from earlystart_core.privacy.keys import Keys, Shredded
from earlystart_core.privacy.sealed import Sealed
from earlystart_core.registry import Registry
from earlystart_core.types import london_date
from earlystart_core.words.correction import MarkedInError

ERASED, SEALED = "(erased)", "(sealed)"  # text whose key is destroyed; text that this reader has no key for
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def story(
    entries: Iterable[Recorded], registry: Registry, keys: Callable[[], Keys], clocks: Clocks
) -> list[dict[str, Any]]:
    """Rows in order of (occurred_at, position), as known and effective at those clocks.

    A row: `position, recorded_at, occurred_at, late_days` (London days from happening to recording, at least 0)`, type,
    recorded_by` (practitioner, role, employer)`, fields, struck` (whether a standing mark strikes it) and `marked_by`
    (positions of all marks on it, struck ones too).
    Personal text is opened; it reads `(erased)` where its key was destroyed, `(sealed)` where this reader has none.
    """
    known = [(recorded, registry.event(recorded)) for recorded in entries if recorded.position <= clocks.known]
    facts = [(recorded.position, event) for recorded, event in known]
    out = struck(facts)
    marks: dict[int, list[int]] = {}
    for position, event in facts:
        if isinstance(event, MarkedInError):
            marks.setdefault(event.target, []).append(position)
    rows = [
        {
            "position": recorded.position,
            "recorded_at": recorded.recorded_at,
            "occurred_at": event.occurred_at,
            "late_days": max((london_date(recorded.recorded_at) - london_date(event.occurred_at)).days, 0),
            "type": recorded.event.type,
            "recorded_by": recorded.event.recorded_by and msgspec.structs.asdict(recorded.event.recorded_by),
            "fields": opened_fields(recorded, event, registry, keys),
            "struck": recorded.position in out,
            "marked_by": marks.get(recorded.position, []),
        }
        for recorded, event in known
        if clocks.effective is None or event.occurred_at <= clocks.effective
    ]
    return sorted(rows, key=lambda row: (row["occurred_at"] or _EPOCH, row["position"]))


def opened_fields(recorded: Recorded, event: Event, registry: Registry, keys: Callable[[], Keys]) -> dict[str, Any]:
    """An entry's fields without those that are null; personal text opened, `(erased)` or `(sealed)`.

    Raises:
        Tampered: a sealed value does not belong where it stands.
    """
    texts: dict[str, Any] = {}
    if any(isinstance(getattr(event, name), Sealed) for name in shape_of(type(event)).sealed):
        with suppress(StoreUnavailable):
            texts = dict(registry.opened(event, recorded, keys()))
    fields: dict[str, Any] = {}
    for name in shape_of(type(event)).fields:
        value = texts.get(name, getattr(event, name))
        if value is None:
            continue
        if isinstance(value, Shredded | Sealed):
            value = ERASED if isinstance(value, Shredded) else SEALED
        fields[name] = value
    return fields


def stays_sealed(rows: Any) -> bool:
    """Whether `(sealed)` stands anywhere in rows: there was text that this reader has no key for."""
    if isinstance(rows, str):
        return rows == SEALED
    if isinstance(rows, Mapping):
        rows = rows.values()
    return isinstance(rows, Iterable) and not isinstance(rows, bytes) and any(map(stays_sealed, rows))
