"""Naming: text told as the whole numbers that stand in view tables, and those numbers told as text.

An id is the store's number within its kind (`tag.n`); all other text is a term (kind `text`). Numbers never change
once committed, so a process remembers those that it saw (`remembered`).
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
import polars as pl

from earlystart_core.replay.columns import NULL, Array
from earlystart_sql.dictionary import Numbers, kind_of
from earlystart_sql.ids import new_texts
from earlystart_sql.insert import insert
from earlystart_sql.raw import run
from earlystart_sql.terms import Terms

TERM = "text"  # the kind of all text that is no id
FEW = 2_000  # texts or numbers of a kind: more are told by columns

_IDS = {
    "sqlite": "SELECT n, id FROM tag WHERE kind = ? AND n IN (SELECT value FROM json_each(?))",
    "postgresql": "SELECT n, id FROM tag WHERE kind = %s AND n = ANY(%s)",
}


class Naming:
    """Texts and numbers as one transaction sees them."""

    def __init__(self, numbers: Numbers, stamp: str) -> None:
        """stamp: that of the terms (`Served.stamp`)."""
        self.numbers = numbers
        self.terms = numbers.terms = Terms(numbers.seen.memory.words, stamp, numbers.connection)

    def find(self, kind: str, texts: Iterable[str]) -> dict[str, int]:
        """The numbers of those texts that have one."""
        wanted = list(texts)
        if kind == TERM:
            told = map(self.terms.number, wanted)
        else:
            self.numbers.look_up(wanted)
            told = map(self.numbers.n, wanted)
        return {text: number for text, number in zip(wanted, told, strict=True) if number is not None}

    def give(self, ids: Sequence[str], terms: Iterable[str]) -> None:
        """Numbers those that have no number yet. Only under the append lock.

        An id that no entry carries as a tag is numbered all the same: a row may name it.
        """
        known = len(self.numbers.new_tags)
        self.numbers.of(ids)
        if len(self.numbers.new_tags) > known:
            insert(self.numbers.connection, "tag", self.numbers.new_tags[known:])
        for text in ids:  # who writes a row reads it back
            self.numbers.named.setdefault(kind_of(text), {})[self.numbers.tags[text][1]] = text
        self.terms.add(terms)

    def tell(self, kind: str, numbers: Sequence[int | None]) -> list[str | None]:
        """The text of each. Raises LookupError for a number that none has."""
        if kind == TERM:
            return self.terms.tell(numbers)
        ids = self.numbers.seen.ids(kind)
        known = ids[1]
        try:
            told = [None if number is None else known[number] for number in numbers]
            if self.numbers.seen.is_same(kind, ids):
                return told
        except LookupError:
            pass
        texts = self._read(kind, {number for number in numbers if number is not None})
        return [None if number is None else texts[number] for number in numbers]

    def column(self, kind: str) -> pl.Series:
        """The text of every number of a kind, from 0, which none has."""
        if kind == TERM:
            return pl.Series(self.terms.texts(), dtype=pl.String)
        known = self.numbers.columns.get(kind)
        if known is None:
            known = self.numbers.seen.column(kind)
        if known is None:
            known = pl.Series([""], dtype=pl.String)
        new = new_texts(self.numbers.connection, kind, len(known) - 1)
        if new:
            known = self.numbers.columns[kind] = pl.concat([known, pl.Series(new, dtype=pl.String)])
        return known

    def arrays(self, texts: Mapping[str, Sequence[str]], *, add: bool) -> dict[str, Array]:
        """By kind the number of each of those texts; where it has none a new one, or NULL if none is to be added.

        add: only under the append lock.
        """
        found = {}
        for kind, wanted in texts.items():
            if kind == TERM or len(wanted) <= FEW:
                known = self.find(kind, wanted)
                numbers = np.array([known.get(text, NULL) for text in wanted], np.int64)
            else:
                numbers = self._joined(kind, wanted)
            if add and (missing := [wanted[place] for place in np.flatnonzero(numbers == NULL).tolist()]):
                self.give([], missing) if kind == TERM else self.give(missing, [])
                new = self.find(kind, missing)
                numbers[numbers == NULL] = [new[text] for text in missing]
            found[kind] = numbers
        return found

    def _read(self, kind: str, numbers: set[int]) -> dict[int, str]:
        ids = self.numbers.seen.ids(kind)
        texts = {number: ids[1][number] for number in numbers if number in ids[1]}
        if not self.numbers.seen.is_same(kind, ids):
            texts = {}
        unknown = [number for number in numbers if number not in texts]
        dialect = self.numbers.dialect
        asked: object = unknown if dialect == "postgresql" else msgspec.json.encode(unknown).decode()
        read = dict(run(self.numbers.connection, _IDS[dialect], (kind, asked)).fetchall())
        self.numbers.named.setdefault(kind, {}).update(read)
        return texts | read

    def _joined(self, kind: str, wanted: Sequence[str]) -> Array:
        ids = self.column(kind)
        named = pl.DataFrame({"id": ids, "n": np.arange(len(ids))})
        asked = pl.DataFrame({"id": pl.Series(wanted, dtype=pl.String)})
        numbers = asked.join(named, on="id", how="left", maintain_order="left")["n"]
        return numbers.fill_null(NULL).cast(pl.Int64).to_numpy(writable=True)
