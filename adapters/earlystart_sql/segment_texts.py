"""What the numbers in segments mean: codes are the store's terms, and its ids are sealed many at once, in their order.

Numbers are only ever added, so what was read once is kept.
"""

import hashlib
import io
import zlib
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec
import numpy as np
import polars as pl
from sqlalchemy import Connection

from earlystart_core.replay.columns import Array
from earlystart_core.replay.dictionaries import Given
from earlystart_sql.ids import greatest, new_texts
from earlystart_sql.raw import mark, one, run, run_binary
from earlystart_sql.segment_tables import are_there, insert
from earlystart_sql.terms import Terms, Words, make_terms, terms_are_there

LAYOUT = "2"  # of a piece: an Arrow stream of `id`, from number 0 on, and `order`
MANY = 1_048_576  # ids in one piece
GROWN = 1 / 16  # a piece that grew by less since it was sealed is left as it is: the rest is read from `tag`
_OF_POLARS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)


def texts_of(connection: Connection) -> list[str]:
    """The terms that have numbers, from 1 on; none from where a number is missing."""
    found: list[str] = []
    if not terms_are_there(connection):
        return found
    for number, text in run(connection, "SELECT n, text FROM term ORDER BY n"):
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


def number_texts(connection: Connection, wanted: Sequence[str]) -> list[str]:
    """All terms by number, those texts among them. Only under the append lock."""
    make_terms(connection)
    terms = Terms(Words(), "", connection)
    terms.add(wanted)
    return terms.texts()[1:]


def size_of(connection: Connection, kind: str) -> int:
    """How many numbers there are of a kind of id."""
    return greatest(connection, kind)


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
    places = given.texts.gather(given.order).search_sorted(tail.gather(in_order)).to_numpy().astype(np.int64)
    return Given(texts, np.insert(given.order, places, in_order.to_numpy().astype(np.int64) + size))


def given_of(texts: Sequence[str]) -> Given:
    """Texts as those of the numbers from 1 on."""
    return Given(pl.Series([None, *texts], dtype=pl.String))


def kinds_of(connection: Connection) -> list[str]:
    """The kinds of ids that have numbers."""
    return [row[0] for row in run(connection, "SELECT DISTINCT kind FROM tag ORDER BY kind")]


def seal_ids(connection: Connection, kind: str) -> None:
    """Seals the ids of a kind that have come since. Only under the append lock."""
    size = size_of(connection, kind)
    had = dict(_listed(connection, kind, "first, count"))
    for first in range(1, size + 1, MANY):
        count = min(MANY, size - first + 1)
        if count - had.get(first, 0) <= count * GROWN:
            continue
        texts = pl.Series("id", [None, *new_texts(connection, kind, first - 1, first + count - 1)], dtype=pl.String)
        order = np.concatenate([[0], _order(texts)]).astype(np.uint32)
        out = io.BytesIO()
        pl.DataFrame([texts, pl.Series("order", order)]).write_ipc_stream(out, compression="uncompressed")
        data = out.getvalue()
        run(connection, f"DELETE FROM segment_ids WHERE kind = {mark(connection)} AND first = {first}", (kind,))
        insert(connection, "segment_ids", (kind, first, count, LAYOUT, zlib.crc32(data), data))


def _order(texts: pl.Series) -> Array:
    """The numbers but 0 by their text."""
    return texts.slice(1).arg_sort().to_numpy().astype(np.int64) + 1


def _listed(connection: Connection, kind: str, columns: str) -> list[tuple[Any, ...]]:
    sign = mark(connection)
    statement = f"SELECT {columns} FROM segment_ids WHERE kind = {sign} AND layout = {sign} ORDER BY first"
    rows: list[tuple[Any, ...]] = run_binary(connection, statement, (kind, LAYOUT)).fetchall()
    return rows


def _sealed(connection: Connection, kind: str) -> Given | None:
    """The sealed ids of a kind, as far as they are whole and the last of each piece is still the store's."""
    if not are_there(connection):
        return None
    pieces: list[pl.DataFrame] = []
    with suppress(*_OF_POLARS, ValueError, OSError):
        for first, count, checksum, data in _listed(connection, kind, "first, count, checksum, data"):
            if (
                first != 1 + sum(len(piece) - 1 for piece in pieces)
                or not isinstance(data, bytes)
                or zlib.crc32(data) != checksum
            ):
                break
            piece = pl.read_ipc_stream(io.BytesIO(data))
            statement = f"SELECT id FROM tag WHERE kind = {mark(connection)} AND n = {first + count - 1}"
            if len(piece) != count + 1 or piece["id"][-1] != one(connection, statement, (kind,)):
                break
            pieces.append(piece)
    if not pieces:
        return None
    if len(pieces) > 1:
        texts = pl.concat([pieces[0]["id"], *(piece["id"].slice(1) for piece in pieces[1:])], rechunk=True)
        return Given(texts, _order(texts))
    return Given(pieces[0]["id"], pieces[0]["order"].to_numpy()[1:].astype(np.int64))
