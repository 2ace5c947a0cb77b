"""Histories by seed, every choice as likely as another: what Hypothesis draws is simple, and rarely meets."""

import random
from datetime import UTC, date, datetime, timedelta
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

import msgspec

from earlystart_core.event import kind_of
from tests.projections.strategies import DAYS, GAPS, STARTS, TEXTS, Told, ids

HOURS = [datetime(2026, 3, 28, 20, tzinfo=UTC) + timedelta(hours=hour) for hour in range(24)]


def value(annotation, chance):
    """Any value that an annotation allows, from a small choice."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        plain = [part for part in inner if part is not type(None)]
        if len(plain) < len(inner) and chance.random() < 0.4:
            return None
        return value(next((part for part in plain if get_origin(part) is Annotated), plain[0]), chance)
    bounds = [part for part in inner if isinstance(part, msgspec.Meta)] if origin is Annotated else []
    bare = inner[0] if origin is Annotated else annotation
    if get_origin(bare) is tuple:
        least = next((meta.min_length for meta in bounds if meta.min_length), 0)
        return tuple(value(get_args(bare)[0], chance) for _ in range(chance.randint(least, 2)))
    if (kind := kind_of(annotation)) is not None:
        return chance.choice(ids(kind))
    if get_origin(bare) is Literal:
        return chance.choice(get_args(bare))
    if bare is int:
        return chance.randint(1, 12)
    return chance.choice({str: TEXTS, date: DAYS[:5], datetime: HOURS, bool: [False, True]}[bare])


def history(classes, seed, size=24):
    """A log of any events of those classes, told in an order that has nothing to do with when they happened."""
    chance = random.Random(seed)
    told = []
    while len(told) < size:
        cls = chance.choice(classes)
        event = cls(**{field.name: value(field.type, chance) for field in msgspec.structs.fields(cls)})
        if cls.__name__ == "MarkedInError":
            if not told:
                continue
            event = msgspec.structs.replace(event, target=chance.randint(1, len(told)))
        told.append((event, chance.choice(GAPS)))
    return Told(chance.choice(STARTS), told)
