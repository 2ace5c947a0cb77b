"""What the numbers in segments mean: codes in a table of their own, and the store's ids many at once, in their order.

Numbers are only ever added, so what was read once is kept.
"""

import hashlib
import io
import zlib
from collections.abc import Sequence
from contextlib import suppress

import msgspec
import numpy as np
import polars as pl
from sqlalchemy import Connection

from earlystart_core.replay.columns import Array, Given
from earlystart_sql.ids import new_texts
from earlystart_sql.raw import mark, one, run, run_binary
from earlystart_sql.segment_tables import are_there, insert

GROWN = 1 / 16  # a kind that grew by less since its ids were sealed is left as it is: the rest is read from `tag`
_OF_POLARS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)


def texts_of(connection: Connection) -> list[str]:
    """The codes that have numbers, from 1 on; none from where a number is missing."""
    found: list[str] = []
    for number, text in run(connection, "SELECT n, text FROM segment_text ORDER BY n"):
        if number != len(found) + 1 or not isinstance(text, str):
            break
        found.append(text)
    return found


def digests_of(texts: Sequence[str]) -> list[bytes]:
    """A digest of the first 0, 1, 2, … of the texts."""
    digest = hashlib.sha256()
    found = [digest.digest()]
    for text in texts:
        digest.update(msgspec.json.encode(text))
        found.append(digest.digest())
    return found


def number_texts(connection: Connection, wanted: Sequence[str]) -> dict[str, int]:
    """The numbers of those texts, new ones where they have none. Only under the append lock."""
    numbers = {text: number for number, text in enumerate(texts_of(connection), 1)}
    new = [text for text in dict.fromkeys(wanted) if text not in numbers]
    numbers |= {text: number for number, text in enumerate(new, len(numbers) + 1)}
    insert(connection, "segment_text", *((numbers[text], text) for text in new))
    return numbers


def size_of(connection: Connection, kind: str) -> int:
    """How many numbers there are of a kind of id."""
    return int(one(connection, f"SELECT max(n) FROM tag WHERE kind = {mark(connection)}", (kind,)) or 0)


def ids_of(connection: Connection, kind: str, kept: Given | None) -> Given:
    """The ids of a kind by number, from what is kept of them or was sealed, and the rest from their rows."""
    given = kept or _sealed(connection, kind) or given_of([])
    size = len(given.texts)
    more = new_texts(connection, kind, size - 1)
    if not more:
        return given
    tail = pl.Series(more, dtype=pl.String)
    texts = pl.concat([given.texts, tail], rechunk=True)
    if given.order is None or len(more) > size // 4:
        return Given(texts, _order(texts))
    in_order = tail.arg_sort()
    places = given.texts.gather(given.order).search_sorted(tail.gather(in_order)).to_numpy()
    return Given(texts, np.insert(given.order, places, in_order.to_numpy() + size))


def given_of(texts: Sequence[str]) -> Given:
    """Texts as those of the numbers from 1 on."""
    return Given(pl.Series([None, *texts], dtype=pl.String))


def seal_ids(connection: Connection, kinds: Sequence[str]) -> None:
    """Seals the ids of kinds that have grown since. Only under the append lock."""
    for kind in kinds:
        had = one(connection, f"SELECT count FROM segment_ids WHERE kind = {mark(connection)}", (kind,)) or 0
        if size_of(connection, kind) <= had * (1 + GROWN):
            continue
        given = ids_of(connection, kind, None)
        order = _order(given.texts) if given.order is None else given.order
        out = io.BytesIO()
        frame = pl.DataFrame({"id": given.texts, "order": np.concatenate([[0], order]).astype(np.uint32)})
        frame.write_ipc_stream(out, compression="uncompressed")
        data = out.getvalue()
        run(connection, f"DELETE FROM segment_ids WHERE kind = {mark(connection)}", (kind,))
        insert(connection, "segment_ids", (kind, len(order), zlib.crc32(data), data))


def _order(texts: pl.Series) -> Array:
    return texts.slice(1).arg_sort().to_numpy().astype(np.int64) + 1


def _sealed(connection: Connection, kind: str) -> Given | None:
    """The sealed ids of a kind, where they are whole and the last of them is still the store's."""
    if not are_there(connection):
        return None
    row = run_binary(
        connection, f"SELECT count, checksum, data FROM segment_ids WHERE kind = {mark(connection)}", (kind,)
    ).fetchone()
    if row is None or not isinstance(row[2], bytes) or zlib.crc32(row[2]) != row[1]:
        return None
    with suppress(*_OF_POLARS, ValueError, OSError):
        frame = pl.read_ipc_stream(io.BytesIO(row[2]))
        statement = f"SELECT id FROM tag WHERE kind = {mark(connection)} AND n = {int(row[0])}"
        if len(frame) == row[0] + 1 and frame["id"][-1] == one(connection, statement, (kind,)):
            return Given(frame["id"], frame["order"].to_numpy()[1:].astype(np.int64))
    return None
