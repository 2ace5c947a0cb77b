"""The dashboard of a day beside today's: every row that differs, and the entries that make the difference."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.audit.changes import changes, of_all, of_case
from earlystart_core.clocks import Clocks, Moment
from earlystart_core.desk.asked import MARK, Asked, Row
from earlystart_core.desk.knowing import then
from earlystart_core.entry import EPOCH, Recorded, from_micros
from earlystart_core.event import kind_of_field
from earlystart_core.projection import Projection
from earlystart_core.views import VIEW


def then_and_now(asked: Asked, *, at: Moment, case: str | None = None, team: str | None = None) -> list[Row]:
    """Each row of a view that is another now than it was on the dashboard of that moment.

    The dashboard of a moment: as known then, of what had happened by then. `before, after`: whole rows, null where
    there was none. `because`: the positions of the entries that could make the difference: recorded since, or known
    then but happening only later, and by the effective clock; or marks recorded since, whenever they are dated. They
    are about the key of the row or of one that it counts, of the types that its view reads.
    """
    was = then(asked, at)
    pair = (was, asked.clocks)
    store, log = asked.record.store, asked.log
    if case is not None:
        rows = changes(of_case(log, asked.registry, pair, team, case))
        things = (tag for row in rows if "case" not in row["key"] for tag in row["key"].values())
        tags = dict.fromkeys([case, *things])
        since = [*asked.log.read(DCBQuery([DCBQueryItem(tags=[tag]) for tag in tags])).entries()]
    else:
        differing, _ = of_all(store, asked.registry, pair, team)
        rows = changes(differing)
        since = [*_future(asked, was), *asked.log.read(after=was.known).entries()] if rows else []
    by_tag: dict[str, list[Recorded]] = {}
    for one in since:
        if _is_new(one, was, asked.clocks):
            for tag in one.event.tags:
                by_tag.setdefault(tag, []).append(one)
    reads = {name: _types(view) for name, view in VIEW.items()}
    return _with_counted([row | {"because": _because(row, by_tag, reads[row["view"]])} for row in rows])


def _is_new(one: Recorded, was: Clocks, now: Clocks) -> bool:
    """Whether an entry counts at these clocks and did not then. A mark counts once it is known."""
    if one.position > now.known:
        return False
    if one.event.type == MARK:
        return one.position > was.known
    occurred = one.event.occurred_at or EPOCH
    if now.effective is not None and occurred > now.effective:
        return False
    return one.position > was.known or (was.effective is not None and occurred > was.effective)


def _future(asked: Asked, was: Clocks) -> Iterator[Recorded]:
    """The entries that were known then and happened only later."""
    types = sorted({cls.__name__ for view in VIEW.values() for cls in view.events})
    for batch in asked.log.batches(types, upto=was.known):
        for position, moment in zip(batch.positions, batch.occurred, strict=True):
            if moment is not None and was.effective is not None and from_micros(moment) > was.effective:
                yield from asked.log.read(after=position - 1, limit=1).entries()


def _types(view: Projection) -> set[str]:
    """The event types that a view reads, itself and through the rows of others that it counts; and marks."""
    counted = {count.projection for count in view.counts.values()}
    named = [view, *(VIEW[name] for name in counted)]
    return {cls.__name__ for each in named for cls in each.events} | {MARK}


def _because(row: Row, by_tag: dict[str, list[Recorded]], types: Iterable[str]) -> list[int]:
    view = VIEW[row["view"]]
    fields = view.key_fields[view.exists]
    is_id = [
        kind_of_field(view.exists, field) is not None for field in fields
    ]  # by column: a purpose may look like one
    ids = {row["key"][name] for name, tagged in zip(view.keys, is_id, strict=True) if tagged}
    known = min((by_tag.get(one, []) for one in ids), key=len)
    return sorted({one.position for one in known if one.event.type in types and ids.issubset(one.event.tags)})


def _with_counted(rows: list[Row]) -> list[Row]:
    """The rows, each with what made the difference in the rows that it counts: those may be explained by other tags."""
    of: dict[tuple[str, str], set[int]] = defaultdict(set)  # by view and case
    for row in rows:
        for case in {each["case"] for each in (row["before"], row["after"]) if each is not None}:
            of[row["view"], case].update(row["because"])
    for row in rows:
        for count in VIEW[row["view"]].counts.values():
            row["because"] = sorted({*row["because"], *of[count.projection, row["key"][count.by]]})
    return rows
