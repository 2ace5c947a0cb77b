"""Sealed segments beside the log: written run by run, off the command path, and dropped where they are not sound.

A run is bound to the log by the leaf of its last entry, and each blob carries a checksum. Sealing reads rows that
never change, so any number of sealers and writers may work at once; killed at any moment, it leaves whole runs only.
"""

import zlib
from collections.abc import Sequence
from threading import Lock

import msgspec
from sqlalchemy import BigInteger, Column, Connection, LargeBinary, Table, Text

from earlystart_core.errors import StoreUnavailable
from earlystart_core.registry import Registry
from earlystart_core.replay.columns import Columns, Dense, Numbered
from earlystart_core.replay.loading import Loading, Run
from earlystart_core.replay.segments import Blobs, encode, layout_of_all, names_of
from earlystart_sql.log import SqlLog
from earlystart_sql.raw import one, run, run_binary
from earlystart_sql.schema import metadata

RUN = 131_072  # positions; the last run of a log may hold fewer, and is made again when the log has grown

segment_run = Table(
    "segment_run",
    metadata,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("layout", Text, nullable=False),  # of all classes
    Column("leaf", LargeBinary, nullable=False),  # of the entry at `last`
    Column("counts", Text, nullable=False),  # JSON: facts by class
)
segment = Table(
    "segment",
    metadata,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("type", Text, primary_key=True),
    Column("checksum", BigInteger, nullable=False),  # CRC-32 of the data
    Column("data", LargeBinary, nullable=False),
)

_TEXTS = {  # joined by the database: ids hold no blank
    "sqlite": (
        "SELECT (SELECT max(n) FROM tag WHERE kind = ?), group_concat(id, ' ')"
        " FROM (SELECT id FROM tag WHERE kind = ? AND n > {after} ORDER BY n) AS t"
    ),
    "postgresql": (
        "SELECT (SELECT max(n) FROM tag WHERE kind = %s), string_agg(id, ' ' ORDER BY n) FROM tag WHERE kind = %s"
        " AND n > {after}"
    ),
}
_counts = msgspec.json.Decoder(dict[str, int]).decode


class SqlShelf:
    """The segments of one log (`loading.Shelf`)."""

    def __init__(self, log: SqlLog, registry: Registry) -> None:
        self._log = log
        self._registry = registry
        self._layout = layout_of_all(registry.classes.values())
        self._mark = "?" if log.database.dialect == "sqlite" else "%s"
        self._known: dict[str, list[str]] = {}  # ids by kind and number
        self._lock = Lock()
        self.dropped: list[Run] = []  # runs found unsound since this shelf was opened

    def runs(self, upto: int) -> Sequence[Run]:
        with self._log.reading() as connection:
            return self._sound(connection, upto)

    def blobs(self, run: Run, types: Sequence[str]) -> Blobs:
        wanted = ", ".join(f"'{name}'" for name in types)  # names of classes of the registry
        with self._log.reading() as connection:
            rows = run_binary(
                connection,
                f"SELECT type, checksum, data FROM segment WHERE first = {run.first} AND type IN ({wanted})",
            ).fetchall()
        return {name: data for name, checksum, data in rows if zlib.crc32(data) == checksum}

    def numbered(self, kind: str) -> Dense:
        return Numbered(lambda: self._texts(kind))

    def report(self, run: Run) -> None:
        self.dropped.append(run)
        with self._log.try_writing() as connection:
            if connection is not None:
                _remove(connection, run.first)

    def seal(self) -> int:
        """Seals all runs up to the head that are missing, outdated or shorter than they could be; gives how many.

        Raises:
            StoreUnavailable: the store takes no writing.
            Unreadable: an entry is not of its type and version.
        """
        with self._log.reading() as connection:
            head = int(one(connection, "SELECT coalesce(max(position), 0) FROM entry"))
            sound = {run.first: run.last for run in self._sound(connection, head)}
        made = 0
        for first in range(1, head + 1, RUN):
            last = min(first + RUN - 1, head)
            if sound.get(first) != last:
                self._seal(first, last)
                made += 1
        return made

    def _seal(self, first: int, last: int) -> None:
        columns = Columns(self.numbered)
        wanted = {event: names_of(event) for event in self._registry.classes.values()}
        loading = Loading(self._registry, wanted, columns)
        loading.read(self._log, first - 1, last)
        facts = {event: found for event, found in loading.facts().items() if len(found.positions)}
        blobs = [(first, event.__name__, encode(event, found, columns, first)) for event, found in facts.items()]
        counts = msgspec.json.encode({event.__name__: len(found.positions) for event, found in facts.items()}).decode()
        rows = [(first, name, zlib.crc32(blob), blob) for first, name, blob in blobs]
        with self._log.writing() as connection:
            leaf = one(connection, f"SELECT leaf FROM entry WHERE position = {last}")
            _remove(connection, first)
            marks = ", ".join([self._mark] * 5)
            run(
                connection,
                f"INSERT INTO segment_run (first, last, layout, leaf, counts) VALUES ({marks})",
                (first, last, self._layout, bytes(leaf), counts),
            )
            statement = f"INSERT INTO segment (first, type, checksum, data) VALUES ({', '.join([self._mark] * 4)})"
            for row in rows:
                run(connection, statement, row)

    def _sound(self, connection: Connection, upto: int) -> list[Run]:
        rows = run_binary(
            connection,
            "SELECT r.first, r.last, r.layout, r.leaf, r.counts, e.leaf FROM segment_run AS r"
            f" LEFT JOIN entry AS e ON e.position = r.last WHERE r.first <= {int(upto)} ORDER BY r.first",
        ).fetchall()
        return [
            Run(first, last, _counts(counts))
            for first, last, layout, leaf, counts, bound in rows
            if layout == self._layout and bound is not None and bytes(leaf) == bytes(bound)
        ]

    def _texts(self, kind: str) -> list[str]:
        """The ids of a kind by number; what was read once is kept, because a number is never given again."""
        with self._log.reading() as connection, self._lock:
            kept = self._known.setdefault(kind, [])
            statement = _TEXTS[connection.dialect.name].format(after=len(kept))
            count, joined = run(connection, statement, (kind, kind)).fetchone()
            kept += joined.split(" ") if joined else []
            if len(kept) < (count or 0):
                raise StoreUnavailable(f"the store's numbers of {kind} ids have gaps: expected 1 to {count}")
            return list(kept)


def _remove(connection: Connection, first: int) -> None:
    run(connection, f"DELETE FROM segment WHERE first = {first}")
    run(connection, f"DELETE FROM segment_run WHERE first = {first}")
