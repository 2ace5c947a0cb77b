"""The case file: the rows of every view that are about one case, at two clocks, read by tag and folded row by row.

What a fold of the whole log would give, for the price of that case's own entries.
"""

from collections.abc import Iterable

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.clocks import Clocks
from earlystart_core.event import Event
from earlystart_core.log import Log
from earlystart_core.marks import struck
from earlystart_core.projection import Row, finish_all
from earlystart_core.registry import Registry
from earlystart_core.views import VIEWS
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.package import PackageStarted
from earlystart_core.words.request import SupportRequested

TYPES = sorted({event.__name__ for view in VIEWS for event in view.events} | {MarkedInError.__name__})


def case_file(log: Log, registry: Registry, case: str, clocks: Clocks) -> dict[str, list[Row]]:
    """The rows of each view about that case, by key.

    Raises:
        Unreadable: an entry is of an unknown type or version, or malformed.
    """
    found = _read(log, registry, clocks.known, [case])
    ids = [
        event.package if isinstance(event, PackageStarted) else event.request
        for event in found.values()
        if isinstance(event, PackageStarted | SupportRequested)
    ]
    found |= _read(log, registry, clocks.known, dict.fromkeys(ids))  # history may have put them under two cases
    out = struck(found.items())
    facts = [
        (position, event)
        for position, event in sorted(found.items())
        if position not in out and (clocks.effective is None or event.occurred_at <= clocks.effective)
    ]
    rows = finish_all(VIEWS, {view.name: view.fold(facts) for view in VIEWS})
    return {name: [row for row in of if row["case"] == case] for name, of in rows.items()}


def is_under(file: dict[str, list[Row]], team: str | None) -> bool:
    """Whether the case is under that team there; None: under any."""
    return team is None or any(row["team"] == team for row in file["case_status"])


def _read(log: Log, registry: Registry, known: int, tags: Iterable[str]) -> dict[int, Event]:
    items = [DCBQueryItem(TYPES, [tag]) for tag in tags]
    read = log.read(DCBQuery(items)).entries() if items else ()
    return {one.position: registry.event(one) for one in read if one.position <= known}
