"""The log as one transaction sees it, its own new entries included (`live.Past`)."""

from collections.abc import Iterator, Sequence

from earlystart_core.entry import Recorded, from_micros
from earlystart_core.errors import Unreadable
from earlystart_core.event import Event
from earlystart_core.registry import Registry
from earlystart_sql.dictionary import Numbers
from earlystart_sql.log import SqlLog


class SqlPast:
    """Reads through the connection of those numbers."""

    def __init__(self, log: SqlLog, numbers: Numbers, registry: Registry) -> None:
        self._log = log
        self._numbers = numbers
        self._registry = registry

    def facts(self, types: Sequence[str], tags: Sequence[str], after: int) -> list[tuple[int, Event]]:
        """Read from the facts alone: the frames say nothing that a fold asks."""
        found = []
        for position, (kind, version), occurred, data in self._log.facts(self._numbers, types, tags, after):
            if occurred is None or data is None:
                raise Unreadable(f"entry {position} cannot be read: expected its instant and its data, got none")
            found.append((position, self._registry.decode(kind, version, data, from_micros(occurred), position)))
        return found

    def at(self, position: int) -> Recorded:
        return next(self.between(position - 1, position))

    def between(self, after: int, upto: int) -> Iterator[Recorded]:
        """The entries with `after < position <= upto`."""
        return iter(self._log.within(self._numbers.connection, after, upto))
