"""Sealed segments beside the log: written run by run, off the command path, and dropped where they are not sound.

A run lists the size and checksum of each of its blobs, and is bound to the log by the leaf of its last entry. Sealing
reads rows that never change, so any number of sealers and writers may work at once; killed at any moment, it leaves
whole runs only. The tables can be dropped at any time.
"""

from collections.abc import Sequence
from contextlib import suppress
from threading import Lock

import msgspec
from sqlalchemy import Connection

from earlystart_core.errors import StoreUnavailable, Unreadable
from earlystart_core.registry import Registry
from earlystart_core.replay.columns import Columns, Dense, Numbered
from earlystart_core.replay.loading import Loading
from earlystart_core.replay.segments import encode, layout_of_all, names_of
from earlystart_core.replay.shelf import Blobs, Held, Run
from earlystart_sql.ids import new_texts, numbers_of
from earlystart_sql.log import SqlLog
from earlystart_sql.raw import one, run, run_binary
from earlystart_sql.segment_tables import are_there, bound_to, is_whole, listed, make, remove

LENGTH = 131_072  # positions of a run; the last run of a log may hold fewer, and is made again when the log has grown

_held = msgspec.json.Decoder(dict[str, Held]).decode


class Sealed(msgspec.Struct, frozen=True):
    """How much of a log is sealed."""

    runs: int
    positions: int
    lag: int  # positions that are not
    unsound: list[str]  # runs that are there and cannot be used


class SqlShelf:
    """The segments of one log (`shelf.Shelf`)."""

    def __init__(self, log: SqlLog, registry: Registry, length: int = LENGTH) -> None:
        self._log = log
        self._classes = registry.classes
        self._registry = registry
        self._length = length
        self._layout = f"{layout_of_all(registry.classes.values())}/{length}"
        self._mark = "?" if log.database.dialect == "sqlite" else "%s"
        self._texts: dict[str, list[str]] = {}  # ids by kind and number, those that were read
        self._lock = Lock()
        self.dropped: list[Run] = []  # runs found unsound since this shelf was opened

    def runs(self, upto: int) -> Sequence[Run]:
        with self._log.reading() as connection:
            return self._bound(connection, upto)

    def blobs(self, run: Run, types: Sequence[str]) -> Blobs:
        wanted = ", ".join(f"'{name}'" for name in types)  # names of classes of the registry
        with self._log.reading() as connection:
            if not are_there(connection):
                return {}
            rows = run_binary(
                connection, f"SELECT type, data FROM segment WHERE first = {run.first} AND type IN ({wanted})"
            )
            return {name: data for name, data in rows if isinstance(data, bytes)}

    def numbered(self, kind: str) -> Dense:
        return Numbered(lambda: self._texts_of(kind))

    def report(self, run: Run) -> None:
        """Drops the run, where it is still as it was listed and the store can be written at once."""
        with suppress(StoreUnavailable):
            if run not in self.runs(run.first):
                return  # dropped or made again meanwhile
            if run not in self.dropped:
                self.dropped.append(run)
            with self._log.try_writing() as connection:
                if connection is not None and run in self._bound(connection, run.first):
                    remove(connection, run.first, run.first)

    def seal(self) -> int:
        """Seals all runs up to the head that are missing, outdated or shorter than they could be; gives how many.

        A run with an entry that cannot be read is left to the rows.

        Raises:
            StoreUnavailable: the store takes no writing.
        """
        head = self._log.head()
        with self._log.reading() as connection:
            whole = {run.first: run.last for run in self._bound(connection, head) if is_whole(connection, run)}
        made = 0
        for first in range(1, head + 1, self._length):
            last = min(first + self._length - 1, head)
            if whole.get(first, 0) < last:
                with suppress(Unreadable):
                    self._seal(first, last)
                    made += 1
        return made

    def sealed(self) -> Sealed:
        """How much is sealed, every blob looked at. Changes nothing."""
        head = self._log.head()
        with self._log.reading() as connection:
            there = listed(connection)
        bound = {run.first: run for run in self.runs(head)}
        sound = {first: run for first, run in bound.items() if self._is_sound(run)}
        unsound = [f"{first} to {last}" for first, last in there if first not in sound]
        positions = sum(min(run.last, head) - run.first + 1 for run in sound.values())
        return Sealed(len(sound), positions, head - positions, unsound)

    def _is_sound(self, run: Run) -> bool:
        with suppress(StoreUnavailable):
            blobs = self.blobs(run, [*self._classes])
            return all(held.fits(blobs.get(name)) for name, held in run.held.items())
        return False

    def _seal(self, first: int, last: int) -> None:
        columns = Columns()
        loading = Loading(self._registry, {event: names_of(event) for event in self._classes.values()}, columns)
        loading.read(self._log, first - 1, last)
        texts = {kind: found.texts for kind, found in columns.dictionaries.items() if kind != "text"}
        with self._log.reading() as connection:
            numbers = numbers_of(connection, texts)
        held, blobs = {}, {}
        for event, facts in loading.facts().items():
            if len(facts.positions):
                blob = blobs[event.__name__] = encode(event, facts, first, columns, numbers)
                held[event.__name__] = Held.of(facts, blob)
        with self._log.writing() as connection:
            make(connection)
            if any(run.last > last for run in self._bound(connection, first) if run.first == first):
                return  # another sealer saw more of the log
            remove(connection, first, first + self._length - 1)
            leaf = one(connection, f"SELECT leaf FROM entry WHERE position = {last}")
            row = (first, last, self._layout, msgspec.json.encode(held).decode())
            marks = ", ".join([self._mark] * 5)
            statement = f"INSERT INTO segment_run (first, last, layout, held, bound) VALUES ({marks})"
            run(connection, statement, (*row, bound_to(bytes(leaf), *row)))
            marks = ", ".join([self._mark] * 3)
            for name, blob in blobs.items():
                run(connection, f"INSERT INTO segment (first, type, data) VALUES ({marks})", (first, name, blob))

    def _bound(self, connection: Connection, upto: int) -> list[Run]:
        """The runs that begin at or before a position, bound to the log as it is."""
        if not are_there(connection):
            return []
        rows = run_binary(
            connection,
            "SELECT r.first, r.last, r.held, r.bound, e.leaf"
            " FROM segment_run AS r JOIN entry AS e ON e.position = r.last"
            f" WHERE r.first <= {int(upto)} AND r.layout = '{self._layout}' ORDER BY r.first",
        )
        found = []
        for first, last, held, bound, leaf in rows:
            with suppress(msgspec.MsgspecError, TypeError, ValueError):  # what stands there need not be ours
                there = Run(first, last, _held(held))
                right = bound_to(bytes(leaf), first, last, self._layout, held) == bytes(bound)
                if right and (first - 1) % self._length == 0 <= last - first < self._length:
                    found.append(there)
        return found

    def _texts_of(self, kind: str) -> list[str]:
        """The ids of a kind by number; what was read once is kept, because a number is never given again."""
        with self._log.reading() as connection, self._lock:
            kept = self._texts.get(kind, [])
            texts = kept + new_texts(connection, kind, len(kept))
            if not self._log.database.sees_uncommitted:
                self._texts[kind] = texts
            return texts
