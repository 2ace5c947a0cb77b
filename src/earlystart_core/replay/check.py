"""Checking a rebuild: the same rows by both executors and as served, compared by hash and then by key."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, takewhile

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.log import Log
from earlystart_core.marks import struck
from earlystart_core.projection import Parts, Row, finish_all
from earlystart_core.registry import Registry
from earlystart_core.store import Difference, ViewBuilt
from earlystart_core.views import VIEW, VIEWS
from earlystart_core.words.correction import MarkedInError

_encode = msgspec.json.Encoder(order="sorted").encode
AT_MOST = 20  # differences named, a view
PAGE = 10_000  # entries


def built(rows: Sequence[Row]) -> ViewBuilt:
    """A view's count of rows, and the hash of its exact bytes as `view NAME --ndjson` gives them."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(_encode(row) + b"\n")
    return ViewBuilt(len(rows), digest.hexdigest())


def rows_by_row(log: Log, registry: Registry, known: int) -> dict[str, list[Row]]:
    """Every view's rows by the row executor, as known at a position. Holds a page of the log and the rows."""
    marks = log.read(DCBQuery([DCBQueryItem([MarkedInError.__name__])])).entries()
    out = struck((one.position, registry.event(one)) for one in takewhile(lambda one: one.position <= known, marks))
    types = {event.__name__ for view in VIEWS for event in view.events}
    parts: dict[str, Parts] = {view.name: {} for view in VIEWS}
    entries = takewhile(lambda one: one.position <= known, log.read().entries())
    while page := [*islice(entries, PAGE)]:
        standing = [
            (one.position, registry.event(one)) for one in page if one.event.type in types and one.position not in out
        ]
        for view in VIEWS:
            view.fold(standing, parts[view.name])
    return finish_all(VIEWS, parts)


def differences(
    how: str, found: Mapping[str, Sequence[Row]], expected: Mapping[str, Sequence[Row]]
) -> Iterator[Difference]:
    """Where rows differ from those of the column executor, view by view and key by key."""
    for view, rows in expected.items():
        if built(found[view]) == built(rows):
            continue
        keys = VIEW[view].keys
        mine = {tuple(str(row[key]) for key in keys): row for row in found[view]}
        theirs = {tuple(str(row[key]) for key in keys): row for row in rows}
        differing = [key for key in sorted({*mine, *theirs}) if mine.get(key) != theirs.get(key)]
        for key in differing[:AT_MOST]:
            yield Difference(view, " ".join(key), f"{how}: {_what(mine.get(key), theirs.get(key))}")


def _what(mine: Row | None, theirs: Row | None) -> str:
    if mine is None or theirs is None:
        return "the row is missing" if mine is None else "the row should not be there"
    return "differs in " + ", ".join(name for name in mine if mine[name] != theirs[name])
