"""One case at two clocks: its rows alone, from the entries that carry its tag, however long the log is.

A row that is not kept by case, such as a package's, is folded from the entries that carry its own tag: those of
another case bear on it too.
"""

from collections.abc import Iterable, Mapping

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.clocks import Clocks
from earlystart_core.event import Event
from earlystart_core.log import Log
from earlystart_core.marks import struck
from earlystart_core.projection import Projection, Row
from earlystart_core.registry import Registry
from earlystart_core.words.correction import MarkedInError

Fact = tuple[int, Event]


def rows_of_case(
    log: Log, registry: Registry, projections: Mapping[str, Projection], name: str, case: str, clocks: Clocks
) -> list[Row]:
    """The rows of a projection whose `case` is that one, by key.

    Raises:
        Unreadable: an entry that bears on them is not of its type and version.
    """
    projection = projections[name]
    facts = _facts(log, registry, projection, case, clocks)
    if "case" not in projection.keys:
        begun = [event for _, event in facts if isinstance(event, projection.exists)]
        keys = dict.fromkeys(key for event in begun for key in projection.keys_of(event))
        facts = _once(fact for (key,) in keys for fact in _facts(log, registry, projection, key, clocks))
    out = struck(facts)
    cut = clocks.effective
    standing = [
        (position, event)
        for position, event in facts
        if position not in out and (cut is None or event.occurred_at <= cut)
    ]
    counted = {
        count.projection: rows_of_case(log, registry, projections, count.projection, case, clocks)
        for count in projection.counts.values()
    }
    return [row for row in projection.finish(projection.fold(standing), counted) if row["case"] == case]


def _facts(log: Log, registry: Registry, projection: Projection, tag: str, clocks: Clocks) -> list[Fact]:
    """The projection's facts that carry the tag, and the marks on them, known by then."""
    types = [*(event.__name__ for event in projection.events), MarkedInError.__name__]
    entries = log.read(DCBQuery([DCBQueryItem(types, [tag])])).entries()
    return [(one.position, registry.event(one)) for one in entries if one.position <= clocks.known]


def _once(facts: Iterable[Fact]) -> list[Fact]:
    return sorted({position: (position, event) for position, event in facts}.values(), key=lambda fact: fact[0])
