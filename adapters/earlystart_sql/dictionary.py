"""The dictionaries of tags, shapes and terms: what a committed store has numbered never changes, so it is remembered.

What a transaction adds is remembered only once it is committed: a rolled-back number will be given to another.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Connection

from earlystart_sql.raw import mark, one, run
from earlystart_sql.terms import Terms, Words

if TYPE_CHECKING:
    import polars as pl

LIMIT = 500_000  # tags remembered; forgetting them costs time, never truth

Shape = tuple[str, int]  # type and version
Tag = tuple[int, int]  # its number, and that within its kind

_TAGS = {
    "sqlite": "SELECT id, tag_id, n FROM tag WHERE id IN (SELECT value FROM json_each(?))",
    "postgresql": "SELECT id, tag_id, n FROM tag WHERE id = ANY(%s)",
}
_LAST = "SELECT coalesce(max(tag_id), 0) FROM tag"
_LAST_OF_KIND = {
    "sqlite": "SELECT coalesce(max(n), 0) FROM tag WHERE kind = ?",
    "postgresql": "SELECT coalesce(max(n), 0) FROM tag WHERE kind = %s",
}


def kind_of(tag: str) -> str:
    """The kind of a tag: its text before the first colon, empty where there is none."""
    kind, colon, _ = tag.partition(":")
    return kind if colon else ""


class Numbers:
    """The numbers of tags, shapes and terms as one transaction sees them: known ones, and those that it adds."""

    def __init__(self, dictionary: "Dictionary", connection: Connection) -> None:
        self.dictionary = dictionary
        self.connection = connection
        self.dialect = connection.dialect.name
        self.mark = mark(connection)
        self.tags: dict[str, Tag] = {}  # looked up or added by this transaction
        self._missing: set[str] = set()  # looked up in vain, or in time: nobody else adds any while this one looks
        self.named: dict[str, dict[int, str]] = {}  # ids by kind and number, those that rows of views name
        self.shapes: dict[Shape, int] = {}
        self._shapes_read = False
        self.new_tags: list[tuple[int, str, int, str]] = []  # rows to insert
        self.new_shapes: list[tuple[int, str, int]] = []

    @cached_property
    def terms(self) -> Terms:
        """The numbers of terms."""
        return Terms(self.dictionary.words, self.connection)

    def look_up(self, tags: Iterable[str]) -> None:
        """Reads the numbers of those tags, where they are not remembered."""
        mine, known = self.tags, self.dictionary.tags
        unknown: dict[str, None] = {}
        for tag in tags:
            if tag not in mine:
                if tag in known:
                    mine[tag] = known[tag]
                elif tag not in self._missing:
                    unknown[tag] = None
        if unknown:
            self._missing.update(unknown)
            asked: object = [*unknown]
            if self.dialect == "sqlite":
                asked = msgspec.json.encode(asked).decode()
            for tag, number, n in run(self.connection, _TAGS[self.dialect], (asked,)):
                self.tags[tag] = (number, n)

    def tag(self, tag: str) -> int | None:
        """The number of a tag that was looked up, None where it has none."""
        found = self.tags.get(tag)
        return None if found is None else found[0]

    def n(self, tag: str) -> int | None:
        """The number within its kind of a tag that was looked up, None where it has none."""
        found = self.tags.get(tag)
        return None if found is None else found[1]

    def of(self, tags: Iterable[str]) -> dict[str, int]:
        """The numbers of those tags, new ones where they have none yet, in that order. Only under the append lock."""
        wanted = list(dict.fromkeys(tags))
        self.look_up(wanted)
        self._add([tag for tag in wanted if tag not in self.tags])
        return {tag: self.tags[tag][0] for tag in wanted}

    def versions_of(self, types: Iterable[str]) -> dict[Shape, int]:
        """The shapes of those types that the log holds."""
        wanted = set(types)
        self._read_shapes()
        return {shape: number for shape, number in self.shapes.items() if shape[0] in wanted}

    def shape(self, shape: Shape) -> int:
        """The number of a shape, a new one where it has none. Only under the append lock."""
        number = self.dictionary.shapes.get(shape) or self.shapes.get(shape)
        if number is None:
            self._read_shapes()
            number = self.shapes.get(shape)
        if number is None:
            number = self.shapes[shape] = len(self.shapes) + 1
            self.new_shapes.append((number, *shape))
        return number

    def _add(self, tags: list[str]) -> None:
        if not tags:
            return
        first = 1 + one(self.connection, _LAST)
        last: dict[str, int] = {}
        for number, tag in enumerate(tags, first):
            kind = kind_of(tag)
            if kind not in last:
                last[kind] = one(self.connection, _LAST_OF_KIND[self.dialect], (kind,))
            last[kind] += 1
            self.tags[tag] = (number, last[kind])
            self.new_tags.append((number, kind, last[kind], tag))

    def remember(self) -> None:
        """Keeps what this transaction saw and added, now that it is committed."""
        self.dictionary.keep(self)
        if "terms" in self.__dict__:
            self.terms.remember()

    def _read_shapes(self) -> None:
        if self._shapes_read:  # one transaction sees one set of them, and adds its own to it
            return
        self._shapes_read = True
        known = self.dictionary.shapes
        if known and one(self.connection, "SELECT max(id) FROM shape") == len(known):  # they count 1, 2, 3, …
            self.shapes = {**known, **self.shapes}
            return
        for number, kind, version in run(self.connection, "SELECT id, type, version FROM shape"):
            self.shapes[(kind, version)] = number


class Dictionary:
    """What this process remembers of a store's numbers. Shared by threads: only ever grows, or is dropped whole."""

    def __init__(self) -> None:
        self.tags: dict[str, Tag] = {}
        self.shapes: dict[Shape, int] = {}
        self.words = Words()
        self.ids: dict[str, dict[int, str]] = {}  # by kind and number within it
        self.columns: dict[str, pl.Series] = {}  # all ids of a kind by number; of 0, which none has, nothing

    def forget_terms(self) -> None:
        """Forgets the terms: their table may be another."""
        self.words = Words()

    def keep(self, numbers: Numbers) -> None:
        """Adds committed numbers."""
        if len(self.tags) + len(numbers.tags) > LIMIT:
            self.tags = {}
        self.tags.update(numbers.tags)
        self.shapes.update(numbers.shapes)
        for kind, ids in numbers.named.items():
            known = self.ids.get(kind)
            if known is None or len(known) + len(ids) > LIMIT:
                self.ids[kind] = dict(ids)
            else:
                known.update(ids)
