"""A query of the log as SQL: for each item the positions that match, driven by its most telling tag.

Every part gives its positions in rising order from an index, and no more than asked for, so a page costs a page.
"""

from collections.abc import Sequence

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_sql.dictionary import Numbers, kind_of

# An entry whose data is gone has null there: it is found unreadable, not passed over.
WHOLE = "entry AS e LEFT JOIN fact AS f ON f.shape = e.shape AND f.position = e.position"
BROAD = frozenset({"team", "org", "centre", "cluster", "practitioner"})  # tags that a great many entries share


def parts_of(query: DCBQuery | None, numbers: Numbers) -> list[str] | None:
    """SELECT statements giving `position` of what matches, whose union answers the query; None: everything does.

    Each still takes `{bounds}` (on `position`), as they are numbers only: nothing a caller wrote is in them.
    """
    if query is None or not query.items:
        return None
    numbers.look_up(tag for item in query.items for tag in item.tags)
    parts: list[str] = []
    for item in query.items:
        if not item.types and not item.tags:
            return None
        parts += _of_item(item, numbers)
    return parts


def facts_of(item: DCBQueryItem, numbers: Numbers, after: int) -> str | None:
    """The statement giving `position, shape, occurred_at, data` of all that matches an item of types and tags."""
    numbers.look_up(item.tags)
    found = _tagged(item, numbers)
    if found is None:
        return None
    tables, where = found
    return (
        f"SELECT e.position, s.shape, f.occurred_at, f.data FROM {tables}"
        " LEFT JOIN fact AS f ON f.shape = s.shape AND f.position = s.position"
        f" WHERE {where} AND e.position > {after} ORDER BY e.position"
    )


def _of_item(item: DCBQueryItem, numbers: Numbers) -> list[str]:
    if not item.tags:  # one part a shape: each has its own run of the index
        shapes = sorted(numbers.versions_of(item.types).values())
        return [f"SELECT e.position FROM fact AS e WHERE e.shape = {shape} AND {{bounds}}" for shape in shapes]
    found = _tagged(item, numbers)
    return [] if found is None else [f"SELECT e.position FROM {found[0]} WHERE {found[1]} AND {{bounds}}"]


def _tagged(item: DCBQueryItem, numbers: Numbers) -> tuple[str, str] | None:
    """The tables and conditions of an item with tags; None where nothing can match."""
    tags = [numbers.tag(tag) for tag in sorted(dict.fromkeys(item.tags), key=lambda tag: kind_of(tag) in BROAD)]
    shapes = sorted(numbers.versions_of(item.types).values()) if item.types else []
    if None in tags or (item.types and not shapes):
        return None
    # CROSS JOIN is an order for SQLite: the first tag leads
    tables = ["entry_tag AS e", *(f"entry_tag AS t{n}" for n in range(1, len(tags)))]
    where = [f"e.tag_id = {tags[0]}"]
    for n, number in enumerate(tags[1:], 1):
        where.append(f"t{n}.tag_id = {number} AND t{n}.position = e.position")
    if shapes:
        tables.append("entry AS s")
        where.append(f"s.position = e.position AND s.shape IN ({', '.join(map(str, shapes))})")
    return " CROSS JOIN ".join(tables), " AND ".join(where)


def page(parts: Sequence[str] | None, after: int, upto: int, limit: int) -> str | None:
    """The statement giving `frame, data, leaf` of the first `limit` matches with after < position <= upto."""
    columns = f"SELECT e.frame, f.data, e.leaf FROM {WHOLE}"
    order = f"ORDER BY e.position LIMIT {limit}"
    bounds = f"e.position > {after} AND e.position <= {upto}"
    if parts is None:
        return f"{columns} WHERE {bounds} {order}"
    if not parts:
        return None
    union = " UNION ".join(f"SELECT position FROM ({part.format(bounds=bounds)} {order}) AS part" for part in parts)
    return f"{columns} WHERE e.position IN ({union}) {order}"


def any_match(parts: Sequence[str] | None, after: int) -> str | None:
    """The statement giving one row if anything after that position matches, none otherwise."""
    bounds = f"e.position > {after}"
    if parts is None:
        return f"SELECT 1 FROM entry AS e WHERE {bounds} LIMIT 1"
    if not parts:
        return None
    return " UNION ALL ".join(f"SELECT 1 FROM ({part.format(bounds=bounds)} LIMIT 1) AS part" for part in parts)
