"""The dictionaries of tags and shapes: what a committed store has numbered never changes, so it is remembered.

What a transaction adds is remembered only once it is committed: a rolled-back number will be given to another.
"""

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection

from earlystart_sql.raw import mark, one, run

LIMIT = 500_000  # tags remembered; forgetting them costs time, never truth

Shape = tuple[str, int]  # type and version

_TAGS = {
    "sqlite": "SELECT id, tag_id FROM tag WHERE id IN (SELECT value FROM json_each(?))",
    "postgresql": "SELECT id, tag_id FROM tag WHERE id = ANY(%s)",
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
    """The numbers of tags and shapes as one transaction sees them: known ones, and those that it adds."""

    def __init__(self, dictionary: "Dictionary", connection: Connection) -> None:
        self._dictionary = dictionary
        self._connection = connection
        self._dialect = connection.dialect.name
        self.mark = mark(connection)
        self.tags: dict[str, int] = {}  # looked up or added by this transaction
        self.shapes: dict[Shape, int] = {}
        self._shapes_read = False
        self.new_tags: list[tuple[int, str, int, str]] = []  # rows to insert
        self.new_shapes: list[tuple[int, str, int]] = []

    def look_up(self, tags: Iterable[str]) -> None:
        """Reads the numbers of those tags that are not remembered."""
        known = self._dictionary.tags
        unknown = [tag for tag in dict.fromkeys(tags) if tag not in known and tag not in self.tags]
        if unknown:
            asked: object = unknown if self._dialect == "postgresql" else msgspec.json.encode(unknown).decode()
            for tag, number in run(self._connection, _TAGS[self._dialect], (asked,)):
                self.tags[tag] = number

    def tag(self, tag: str) -> int | None:
        """The number of a tag that was looked up, None where it has none."""
        number = self._dictionary.tags.get(tag)
        return self.tags.get(tag) if number is None else number

    def of(self, tags: Iterable[str]) -> dict[str, int]:
        """The numbers of those tags, new ones where they have none yet, in that order. Only under the append lock."""
        wanted = list(tags)
        self.look_up(wanted)
        known = self._dictionary.tags
        numbers = {tag: known.get(tag) or self.tags.get(tag) or 0 for tag in wanted}
        self._add([tag for tag, number in numbers.items() if not number])
        numbers.update(self.tags)
        return numbers

    def versions_of(self, types: Iterable[str]) -> dict[Shape, int]:
        """The shapes of those types that the log holds."""
        wanted = set(types)
        self._read_shapes()
        return {shape: number for shape, number in self.shapes.items() if shape[0] in wanted}

    def shape(self, shape: Shape) -> int:
        """The number of a shape, a new one where it has none. Only under the append lock."""
        number = self._dictionary.shapes.get(shape) or self.shapes.get(shape)
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
        first = 1 + one(self._connection, _LAST)
        last: dict[str, int] = {}
        for number, tag in enumerate(tags, first):
            kind = kind_of(tag)
            if kind not in last:
                last[kind] = one(self._connection, _LAST_OF_KIND[self._dialect], (kind,))
            last[kind] += 1
            self.tags[tag] = number
            self.new_tags.append((number, kind, last[kind], tag))

    def remember(self) -> None:
        """Keeps what this transaction saw and added, now that it is committed."""
        self._dictionary.keep(self.tags, self.shapes)

    def _read_shapes(self) -> None:
        if self._shapes_read:  # one transaction sees one set of them, and adds its own to it
            return
        self._shapes_read = True
        known = self._dictionary.shapes
        if known and one(self._connection, "SELECT max(id) FROM shape") == len(known):  # they count 1, 2, 3, …
            self.shapes = {**known, **self.shapes}
            return
        for number, kind, version in run(self._connection, "SELECT id, type, version FROM shape"):
            self.shapes[(kind, version)] = number


class Dictionary:
    """What this process remembers of a store's numbers. Shared by threads: only ever grows, or is dropped whole."""

    def __init__(self) -> None:
        self.tags: dict[str, int] = {}
        self.shapes: dict[Shape, int] = {}

    def keep(self, tags: dict[str, int], shapes: dict[Shape, int]) -> None:
        """Adds committed numbers."""
        if len(self.tags) + len(tags) > LIMIT:
            self.tags = {}
        self.tags.update(tags)
        self.shapes.update(shapes)
