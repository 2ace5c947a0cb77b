"""A query of the log as SQL: for each item the positions that match, driven by its most telling tag.

Every part gives its positions in rising order from an index, and no more than asked for, so a page costs a page.
"""

from collections.abc import Sequence
from itertools import chain

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_sql.dictionary import Numbers, kind_of

# An entry whose data is gone has null there: it is found unreadable, not passed over.
WHOLE = "entry AS e LEFT JOIN fact AS f ON f.shape = e.shape AND f.position = e.position"
MOST = 400  # terms of one compound SELECT: SQLite's own bound is 500
BROAD = frozenset({"team", "org", "centre", "cluster", "practitioner"})  # tags that a great many entries share


class Part(msgspec.Struct, frozen=True):
    """A SELECT giving `position` of what matches, in two halves; it takes its values, then those of its bounds.

    Its text has no number of the query in it, so the driver keeps it prepared.
    """

    tables: str
    where: str
    values: tuple[int, ...] = ()

    def within(self, bounds: str) -> str:
        """The statement."""
        return f"SELECT e.position FROM {self.tables} WHERE {self.where} AND {bounds}"


Statement = tuple[str, tuple[object, ...]]  # and its values


def parts_of(query: DCBQuery | None, numbers: Numbers) -> list[Part] | None:
    """The parts whose union answers the query; None: everything does."""
    if query is None or not query.items:
        return None
    numbers.look_up(tag for item in query.items for tag in item.tags)
    parts: list[Part] = []
    for item in query.items:
        if not item.types and not item.tags:
            return None
        parts += _of_item(item, numbers)
    return parts


def facts_of(item: DCBQueryItem, numbers: Numbers, after: int) -> Statement | None:
    """The statement giving `position, shape, occurred_at, data` of all that matches an item of types and tags."""
    numbers.look_up(item.tags)
    part = _tagged(item, numbers)
    if part is None:
        return None
    return (
        f"SELECT e.position, e.shape, f.occurred_at, f.data FROM {part.tables}"
        " LEFT JOIN fact AS f ON f.shape = e.shape AND f.position = e.position"
        f" WHERE {part.where} AND e.position > {numbers.mark} ORDER BY e.position"
    ), (*part.values, after)


def about(types: Sequence[str], tags: Sequence[str], upto: int, numbers: Numbers) -> Statement | None:
    """The statement giving `position, frame, data, leaf` of entries of those types that carry any of those tags."""
    numbers.look_up(tags)
    wanted = [number for tag in tags if (number := numbers.tag(tag)) is not None]
    shapes = sorted(numbers.versions_of(types).values())
    if not wanted or not shapes:
        return None
    on_sqlite = numbers.dialect == "sqlite"
    given: object = msgspec.json.encode(wanted).decode() if on_sqlite else wanted
    tagged = "IN (SELECT value FROM json_each(?))" if on_sqlite else "= ANY(%s)"
    mark = numbers.mark
    return (
        f"SELECT e.position, e.frame, f.data, e.leaf FROM {WHOLE} WHERE e.position IN"
        f" (SELECT t.position FROM entry_tag AS t WHERE t.tag_id {tagged} AND t.shape IN"
        f" ({', '.join(map(str, shapes))}) AND t.position <= {mark}) ORDER BY e.position"
    ), (given, upto)


def _of_item(item: DCBQueryItem, numbers: Numbers) -> list[Part]:
    if not item.tags:  # one part a shape: each has its own run of the index
        return [Part("fact AS e", f"e.shape = {shape}") for shape in sorted(numbers.versions_of(item.types).values())]
    found = _tagged(item, numbers)
    return [] if found is None else [found]


def _tagged(item: DCBQueryItem, numbers: Numbers) -> Part | None:
    """The part of an item with tags; None where nothing can match."""
    ordered = sorted(dict.fromkeys(item.tags), key=lambda tag: kind_of(tag) in BROAD)
    tags = tuple(number for tag in ordered if (number := numbers.tag(tag)) is not None)
    shapes = sorted(numbers.versions_of(item.types).values()) if item.types else []
    if len(tags) < len(ordered) or (item.types and not shapes):
        return None
    # CROSS JOIN is an order for SQLite: the first tag leads
    tables = " CROSS JOIN ".join(["entry_tag AS e", *(f"entry_tag AS t{n}" for n in range(1, len(tags)))])
    where = [f"e.tag_id = {numbers.mark}"]
    where += [f"t{n}.tag_id = {numbers.mark} AND t{n}.position = e.position" for n in range(1, len(tags))]
    if shapes:
        where.append(f"e.shape IN ({', '.join(map(str, shapes))})")
    return Part(tables, " AND ".join(where), tags)


def page(parts: Sequence[Part] | None, after: int, upto: int, limit: int, mark: str) -> Statement | None:
    """The statement giving `frame, data, leaf` of the first `limit` matches with after < position <= upto."""
    columns = f"SELECT e.frame, f.data, e.leaf FROM {WHOLE}"
    order = f"ORDER BY e.position LIMIT {limit}"
    bounds = f"e.position > {mark} AND e.position <= {mark}"
    if parts is None:
        return f"{columns} WHERE {bounds} {order}", (after, upto)
    if not parts:
        return None
    selects = [f"SELECT position FROM ({part.within(bounds)} {order}) AS part" for part in parts]
    union = _united(selects, "UNION", "position")
    values = tuple(chain.from_iterable((*part.values, after, upto) for part in parts))
    return f"{columns} WHERE e.position IN ({union}) {order}", values


def any_match(parts: Sequence[Part] | None, after: int, mark: str) -> Statement | None:
    """The statement giving one row if anything after that position matches, none otherwise."""
    bounds = f"e.position > {mark}"
    if parts is None:
        return f"SELECT 1 FROM entry AS e WHERE {bounds} LIMIT 1", (after,)
    if not parts:
        return None
    selects = [f"SELECT 1 FROM ({part.within(bounds)} LIMIT 1) AS part" for part in parts]
    return _united(selects, "UNION ALL", "1"), tuple(chain.from_iterable((*part.values, after) for part in parts))


def _united(selects: Sequence[str], by: str, column: str) -> str:
    """The union of them all, in groups where there are more than SQLite takes in one."""
    if len(selects) <= MOST:
        return f" {by} ".join(selects)
    groups = (f" {by} ".join(selects[start : start + MOST]) for start in range(0, len(selects), MOST))
    return f" {by} ".join(f"SELECT {column} FROM ({group}) AS several" for group in groups)
