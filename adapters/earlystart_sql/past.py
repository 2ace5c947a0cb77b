"""The log as one transaction sees it, its own new entries included (`live.Past`)."""

from collections.abc import Iterable, Iterator

from eventsourcing.dcb.api import DCBQuery
from sqlalchemy import Connection

from earlystart_core.entry import Recorded
from earlystart_sql.log import SqlLog


class SqlPast:
    """Reads through the caller's connection."""

    def __init__(self, log: SqlLog, connection: Connection) -> None:
        self._log = log
        self._connection = connection

    def find(self, query: DCBQuery, after: int) -> Iterable[Recorded]:
        return self._log.within(self._connection, query, after=after)

    def at(self, position: int) -> Recorded:
        return next(self.between(position - 1, position))

    def between(self, after: int, upto: int) -> Iterator[Recorded]:
        """The entries with `after < position <= upto`."""
        return iter(self._log.within(self._connection, None, after=after, upto=upto))
