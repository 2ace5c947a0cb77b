"""The numbers of tags and shapes: what a committed log has numbered never changes, so it is remembered.

What a transaction adds is remembered only once it is committed: a rolled-back number will be given to another.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Connection

from earlystart_sql.raw import mark, run
from earlystart_sql.remembered import Seen, Shape, Tag

if TYPE_CHECKING:
    import polars as pl

    from earlystart_sql.terms import Terms

_TAGS = {
    "sqlite": "SELECT id, tag_id, n FROM tag WHERE id IN (SELECT value FROM json_each(?))",
    "postgresql": "SELECT id, tag_id, n FROM tag WHERE id = ANY(%s)",
}
_LAST = "SELECT NULL, coalesce(max(tag_id), 0) FROM tag UNION ALL"
_LASTS = {  # the greatest number of all tags, and that within each of some kinds
    "sqlite": (f"{_LAST} SELECT value, (SELECT coalesce(max(n), 0) FROM tag WHERE kind = value) FROM json_each(?)"),
    "postgresql": (
        f"{_LAST} SELECT kind, (SELECT coalesce(max(n), 0) FROM tag WHERE tag.kind = asked.kind)"
        " FROM unnest(%s::text[]) AS asked (kind)"
    ),
}


def kind_of(tag: str) -> str:
    """The kind of a tag: its text before the first colon, empty where there is none."""
    kind, colon, _ = tag.partition(":")
    return kind if colon else ""


class Numbers:
    """The numbers of tags and shapes as one transaction sees them: remembered ones, and those that it reads or adds."""

    def __init__(self, seen: Seen, connection: Connection) -> None:
        self.seen = seen
        self.connection = connection
        self.dialect = connection.dialect.name
        self.mark = mark(connection)
        self.tags: dict[str, Tag] = {}  # looked up or added by this transaction
        self._new: dict[str, Tag] = {}  # those of them that were not remembered
        self._missing: set[str] = set()  # looked up in vain, or in time: nobody else adds any while this one looks
        self.named: dict[str, dict[int, str]] = {}  # ids by kind and number, those that rows of views name
        self.columns: dict[str, pl.Series] = {}  # all ids of a kind by number; of 0, which none has, nothing
        self.shapes: dict[Shape, int] = {}
        self._shapes_read = False
        self._shapes_known = False  # whether all of them are remembered
        self.new_tags: list[tuple[int, str, int, str]] = []  # rows to insert
        self.new_shapes: list[tuple[int, str, int]] = []
        self.terms: Terms | None = None  # where views are read or written

    def look_up(self, tags: Iterable[str]) -> None:
        """Reads the numbers of those tags, where they are not remembered."""
        mine, remembered = self.tags, self.seen.tag
        unknown: dict[str, None] = {}
        for tag in tags:
            if tag not in mine:
                known = remembered(tag)
                if known is not None:
                    mine[tag] = known
                elif tag not in self._missing:
                    unknown[tag] = None
        if unknown:
            self._missing.update(unknown)
            for tag, number, n in run(self.connection, _TAGS[self.dialect], (self._listed(unknown),)):
                self.tags[tag] = self._new[tag] = (number, n)

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
        number = self.shapes.get(shape)
        if number is None:
            self._read_shapes()
            number = self.shapes.get(shape)
        if number is None:
            number = self.shapes[shape] = self.seen.last_shape = len(self.shapes) + 1
            self.new_shapes.append((number, *shape))
        return number

    def _add(self, tags: list[str]) -> None:
        if not tags:
            return
        asked = self._listed(dict.fromkeys(map(kind_of, tags)))
        last: dict[str | None, int] = dict(run(self.connection, _LASTS[self.dialect], (asked,)).fetchall())
        for number, tag in enumerate(tags, last[None] + 1):
            kind = kind_of(tag)
            last[kind] += 1
            self.tags[tag] = self._new[tag] = (number, last[kind])
            self.new_tags.append((number, kind, last[kind], tag))

    def _listed(self, texts: Iterable[str]) -> object:
        """The value that a statement takes for a list of texts."""
        return msgspec.json.encode([*texts]).decode() if self.dialect == "sqlite" else [*texts]

    def remember(self, grown: tuple[int, bytes] | None = None) -> None:
        """Keeps what this transaction saw and added, now that it is committed. grown: as for `Seen.remember`."""
        shapes = None if self._shapes_known and not self.new_shapes else self.shapes
        self.seen.remember(tags=self._new, shapes=shapes, ids=self.named, columns=self.columns, grown=grown)
        if self.terms is not None:
            self.terms.remember(self.seen.memory)

    def _read_shapes(self) -> None:
        if self._shapes_read:  # one transaction sees one set of them, and adds its own to it
            return
        self._shapes_read = True
        known = self.seen.shapes()
        if known:
            self._shapes_known = True
            self.shapes = {**known, **self.shapes}
            return
        for number, kind, version in run(self.connection, "SELECT id, type, version FROM shape"):
            self.shapes[(kind, version)] = number
