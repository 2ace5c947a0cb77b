"""Ids by their numbers and numbers by their ids, many at once."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from sqlalchemy import Connection

from earlystart_core.errors import Tampered
from earlystart_core.replay.columns import NULL, Array
from earlystart_sql.raw import one, run

BELIEVED = 10_000  # ids of a kind: more are counted before room is made for them
AT_ONCE = 1_000_000  # ids in one text of the database
_SEPARATOR = "\n"  # ids hold none; other tags may

_JOINED = {
    "sqlite": "SELECT group_concat(id, char(10)) FROM (SELECT id FROM tag WHERE {bounds} ORDER BY n) AS t",
    "postgresql": "SELECT string_agg(id, chr(10) ORDER BY n) FROM tag WHERE {bounds}",
}
_NUMBERS = {
    "sqlite": "SELECT id, n FROM tag WHERE id IN (SELECT value FROM json_each(?))",
    "postgresql": "SELECT id, n FROM tag WHERE id = ANY(%s)",
}


def greatest(connection: Connection, kind: str) -> int:
    """The greatest number of a kind, 0 where it has none.

    Raises:
        Tampered: there are fewer ids than that: no room is made for a number that someone wrote.
    """
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    last = one(connection, f"SELECT max(n) FROM tag WHERE kind = {mark}", (kind,)) or 0
    if not isinstance(last, int) or (
        last > BELIEVED and last > one(connection, f"SELECT count(*) FROM tag WHERE kind = {mark}", (kind,))
    ):
        raise Tampered(f"the ids of kind {kind[:20]} are not numbered 1, 2, 3, …: `earlystart log verify` says more")
    return last


def new_texts(connection: Connection, kind: str, after: int, upto: int | None = None) -> list[str]:
    """The ids of a kind with `after < number <= upto`, in order; nothing for a number that no id has."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    last = greatest(connection, kind) if upto is None else upto
    found: list[str] = []
    for start in range(after, last, AT_ONCE):
        stop = min(start + AT_ONCE, last)
        bounds = f"kind = {mark} AND n > {start} AND n <= {stop}"
        joined = one(connection, _JOINED[connection.dialect.name].format(bounds=bounds), (kind,)) or ""
        texts = joined.split(_SEPARATOR)
        if len(texts) != stop - start:
            texts = [""] * (stop - start)
            for number, text in run(connection, f"SELECT n, id FROM tag WHERE {bounds}", (kind,)):
                texts[number - start - 1] = text
        found += texts
    return found


def numbers_of(connection: Connection, texts: Mapping[str, Sequence[str]]) -> dict[str, Array]:
    """By kind, the number of each of those ids; NULL for one that has none."""
    found = {}
    for kind, wanted in texts.items():
        asked: object = list(wanted)
        if connection.dialect.name == "sqlite":
            asked = msgspec.json.encode(asked).decode()
        numbers = dict(run(connection, _NUMBERS[connection.dialect.name], (asked,)).fetchall())
        found[kind] = np.array([numbers.get(text, NULL) for text in wanted], np.int64)
    return found
