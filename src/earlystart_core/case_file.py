"""The case file: the rows of every view that are about one case, at two clocks, read by tag and folded row by row.

What a fold of the whole log would give, for the price of that case's own entries, each compared with its leaf.
"""

from collections.abc import Iterable, Mapping, Sequence

from earlystart_core.clocks import Clocks
from earlystart_core.event import Event
from earlystart_core.log import Log
from earlystart_core.marks import struck
from earlystart_core.projection import Projection, Row, finish_all
from earlystart_core.registry import Registry
from earlystart_core.views import VIEW, VIEWS
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.package import PackageStarted
from earlystart_core.words.request import SupportRequested

MARK = MarkedInError.__name__


def with_counted(names: Iterable[str]) -> list[Projection]:
    """Those views and the views whose rows they count, in the order of `VIEWS`."""
    wanted, todo = set[str](), [*names]
    while todo:
        name = todo.pop()
        wanted.add(name)
        todo += [count.projection for count in VIEW[name].counts.values() if count.projection not in wanted]
    return [view for view in VIEWS if view.name in wanted]


def types_of(views: Iterable[Projection]) -> list[str]:
    """The types of entries that those views are made of, and marks."""
    return sorted({event.__name__ for view in views for event in view.events} | {MARK})


def case_file(
    log: Log, registry: Registry, case: str, clocks: Clocks, views: Sequence[Projection] = VIEWS
) -> dict[str, list[Row]]:
    """The rows of each view about that case, by key. views: only those, with those that they count.

    Raises:
        Tampered: the bytes of an entry do not give its leaf.
        Unreadable: an entry is of an unknown type or version, or malformed.
    """
    return rows_about(case, events_about(log, registry, types_of(views), case, clocks.known), clocks, views)


def events_about(log: Log, registry: Registry, types: Sequence[str], case: str, known: int) -> dict[int, Event]:
    """The events of those types about a case, by position, and those about its packages and requests.

    History may have put a package under two cases: all that is known of it bears on its row.
    """
    found = {one.position: registry.event_of(one) for one in log.about(types, [case], upto=known)}
    if ids := course_of(found.values()):
        found |= {one.position: registry.event_of(one) for one in log.about(types, ids, upto=known)}
    return found


def course_of(events: Iterable[Event]) -> list[str]:
    """The packages and requests that begin with those events."""
    ids = {
        event.package if isinstance(event, PackageStarted) else event.request
        for event in events
        if isinstance(event, PackageStarted | SupportRequested)
    }
    return sorted(ids)


def rows_about(
    case: str, events: Mapping[int, Event], clocks: Clocks, views: Sequence[Projection] = VIEWS
) -> dict[str, list[Row]]:
    """The rows of those views about a case, at two clocks, of all the events that bear on them."""
    known = [(position, event) for position, event in sorted(events.items()) if position <= clocks.known]
    out = struck(known)
    facts = [
        (position, event)
        for position, event in known
        if position not in out and (clocks.effective is None or event.occurred_at <= clocks.effective)
    ]
    rows = finish_all(views, {view.name: view.fold(facts) for view in views})
    return {name: [row for row in of if row["case"] == case] for name, of in rows.items()}


def is_under(file: Mapping[str, list[Row]], team: str | None) -> bool:
    """Whether the case is under that team there; None: under any."""
    return team is None or any(row["team"] == team for row in file["case_status"])
