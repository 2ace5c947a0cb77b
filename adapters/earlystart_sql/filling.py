"""Filling a view's table from folded cells: whole numbers from the first to the last step, by key, no text made.

SQLite takes many rows a statement, PostgreSQL its binary COPY, laid out by NumPy.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import Connection

from earlystart_core.replay.columns import NULL, Array
from earlystart_core.replay.dictionaries import Dense, Dictionaries, Numbered
from earlystart_core.replay.frames import Cells
from earlystart_sql.naming import TERM, Naming
from earlystart_sql.raw import run, run_many
from earlystart_sql.view_tables import ViewTable

AT_ONCE = 131_072  # rows written in one transaction, about 0.1 s
_ROWS = 80  # rows a statement on SQLite; more measured no faster
_FIELD = (("length", ">i4"), ("value", ">i8"))

Write = Callable[[Connection, ViewTable], None]
Step = tuple[str, int, Write]  # the view whose table it writes, how many rows it costs, and the writing


class Stored(msgspec.Struct):
    """A view's rows in the store's own numbers, by key."""

    shape: ViewTable  # one of the view's tables: they are alike
    columns: list[Array]  # in the table's order; NULL stands for nothing

    @property
    def rows(self) -> int:
        return len(self.columns[0])

    def steps(self) -> Iterator[Step]:
        """The writings that fill an empty table, each made ready when it is asked for."""
        name = self.shape.projection.name
        for start in range(0, self.rows, AT_ONCE):
            columns = [column[start : start + AT_ONCE] for column in self.columns]
            yield name, len(columns[0]), (_blocks if self.shape.on_sqlite else _packed)(self.shape, columns)
        yield name, self.rows // 4, _index


def stored(shape: ViewTable, cells: Cells, dictionaries: Dictionaries, naming: Naming, *, add: bool) -> Stored | None:
    """Folded rows in the numbers of the store; None where a text has none and none is to be added.

    add: only under the append lock.
    """
    maps = {kind: _map(kind, dictionaries[kind], naming, add=add) for kind in set(shape.kinds.values())}
    found = []
    for name in shape.held:
        values = cells.columns[name]
        if name in shape.kinds:
            into = maps[shape.kinds[name]]
            told = np.where(values == 0, NULL, values.astype(np.int64) if into is None else into[values])
            if np.count_nonzero(told == NULL) > np.count_nonzero(values == 0):
                return None
            values = told
        found.append(values)
    keys = found[: len(shape.projection.keys)]
    if len(keys) > 1 or (np.diff(keys[0]) <= 0).any():
        order = np.lexsort(keys[::-1])
        found = [column[order] for column in found]
    return Stored(shape, found)


def _map(kind: str, dictionary: Dense, naming: Naming, *, add: bool) -> Array | None:
    """The store's number for each number of a fold; None where they are the same."""
    if not isinstance(dictionary, Numbered):
        return np.concatenate([[NULL], naming.arrays({kind: dictionary.texts[1:]}, add=add)[kind]])
    odd = dictionary.more  # what the store had not numbered
    if kind == TERM and not _are_terms(dictionary, naming):
        return np.concatenate([[NULL], naming.arrays({kind: dictionary.texts[1:]}, add=add)[kind]])
    if not odd:
        return None
    given = np.arange(dictionary.size - len(odd))
    return np.concatenate([given, naming.arrays({kind: odd}, add=add)[kind]])


def _are_terms(dictionary: Numbered, naming: Naming) -> bool:
    """Whether the store numbers terms as it did when the fold began: their table may have been made anew."""
    given = dictionary.texts[: dictionary.size - len(dictionary.more)]
    return naming.terms.texts()[: len(given)] == given


def _blocks(shape: ViewTable, columns: list[Array]) -> Write:
    """Many rows a statement."""
    nullable = [name for name, column in zip(shape.held, columns, strict=True) if (column == NULL).any()]
    whole = np.stack(columns, axis=1)
    cut = len(whole) // _ROWS * _ROWS
    blocks, rest = whole[:cut].reshape(cut // _ROWS, _ROWS * len(columns)).tolist(), whole[cut:].tolist()

    def write(connection: Connection, table: ViewTable) -> None:
        if blocks:
            run_many(connection, table.insert(nullable, _ROWS), blocks)
        if rest:
            run_many(connection, table.insert(nullable), rest)

    return write


def _packed(_: ViewTable, columns: list[Array]) -> Write:
    """Rows in PostgreSQL's binary form for COPY: a count of fields, then each value behind its length."""
    width = len(columns)
    form: Any = np.dtype([("fields", ">i2"), *((f"{part}{n}", of) for n in range(width) for part, of in _FIELD)])
    whole = np.zeros(len(columns[0]), form)
    whole["fields"] = width
    keep = np.ones((len(whole), form.itemsize), bool)
    for n, column in enumerate(columns):
        none = column == NULL
        whole[f"length{n}"] = np.where(none, -1, 8)
        whole[f"value{n}"] = column
        start = form.fields[f"value{n}"][1]
        keep[none, start : start + 8] = False  # nothing has a length of -1 and no value
    data = whole.view(np.uint8).reshape(len(whole), -1)
    packed = b"PGCOPY\n\xff\r\n\x00" + bytes(8) + data[keep].tobytes() + b"\xff\xff"

    def write(connection: Connection, table: ViewTable) -> None:
        driver: Any = connection.connection.driver_connection
        with driver.cursor().copy(f"COPY {table.name} ({table.columns}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(packed)

    return write


def _index(connection: Connection, table: ViewTable) -> None:
    for statement in table.indexes.values():
        run(connection, statement)
