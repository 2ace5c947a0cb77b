"""Sealed segments beside the log: written run by run, off the command path, and dropped where they are not sound.

A run lists how each of its columns was packed, with the length and checksum of its bytes, and is bound to the log by
the leaf of its last entry. Sealing reads rows that never change, so any number of sealers and writers may work at once;
killed at any moment, it leaves whole runs only. The tables can be dropped at any time.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock

import msgspec
import numpy as np
from sqlalchemy import Connection

from earlystart_core.entry import blob_of
from earlystart_core.errors import StoreUnavailable, Unreadable
from earlystart_core.registry import Registry
from earlystart_core.replay.columns import NULL, Array
from earlystart_core.replay.dictionaries import Dense, Dictionaries, Given, Numbered
from earlystart_core.replay.loading import collector_at_rest, facts_of_rows
from earlystart_core.replay.packed import Unsound, unpack
from earlystart_core.replay.segments import Segment, columns_of, layout_of_all, names_of, seal
from earlystart_core.replay.shelf import Blobs, Run, Runs
from earlystart_sql.ids import numbers_of
from earlystart_sql.log import SqlLog
from earlystart_sql.raw import one, run_binary
from earlystart_sql.segment_tables import are_there, bound_to, insert, is_whole, listed, make, remove
from earlystart_sql.segment_texts import (
    digests_of,
    ids_of,
    kinds_of,
    number_texts,
    seal_ids,
    size_of,
    texts_of,
)

LENGTH = 262_144  # positions of a run; the last run of a log may hold fewer, and is made again when the log has grown
VALUES = 1_000  # of one field of one entry, at most
Step = Callable[[int, int], None]  # positions sealed so far, of how many

_held = msgspec.json.Decoder(dict[str, Segment]).decode


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
        self._lock = Lock()
        self.dropped: list[Run] = []  # runs found unsound since this shelf was opened

    def runs(self, upto: int) -> Runs:
        with self._log.reading() as connection:
            return self._bound(connection, upto)

    def blobs(self, runs: Sequence[Run], event: str, columns: Sequence[str]) -> Blobs:
        with self._log.reading() as connection:
            return self._blobs(connection, runs, event, columns)

    def _blobs(self, connection: Connection, runs: Sequence[Run], event: str, columns: Sequence[str]) -> Blobs:
        names = ", ".join(f"'{name}'" for name in columns)  # names of a class of the registry and of its fields
        bounds = f"first BETWEEN {runs[0].first} AND {runs[-1].first}"
        # SQLite lets any type stand anywhere, and fails on text that is none: so it gives bytes whatever stands there.
        data = "CAST(data AS BLOB)" if self._log.database.dialect == "sqlite" else "data"
        found: dict[int, dict[str, bytes]] = {}
        if are_there(connection):
            statement = f"SELECT first, name, {data} FROM segment WHERE type = '{event}' AND name IN ({names})"
            for first, name, blob in run_binary(connection, f"{statement} AND {bounds}"):
                found.setdefault(first, {})[name] = blob
        return found

    def numbered(self, kind: str) -> Dense:
        with self._log.reading() as connection:
            return Numbered(size_of(connection, kind) + 1, lambda: self._ids_of(kind))

    def report(self, run: Run) -> None:
        """Drops the run, where it is still as it was listed and the store can be written at once."""
        with suppress(StoreUnavailable):
            if not self._is_unsound(run):
                return  # dropped or made again meanwhile, perhaps as it was
            if run not in self.dropped:
                self.dropped.append(run)
            with self._log.try_writing() as connection:
                if connection is not None and run in self._bound(connection, run.first):
                    remove(connection, run.first, run.first)

    def seal(self, step: Step = lambda *_: None) -> int:
        """Seals all runs up to the head that are missing, outdated or shorter than they could be; gives how many.

        A run with an entry that cannot be read, or an id that no tag names, is left to the rows.

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
                    made += self._seal(first, last)
            step(last, head)
        if made:
            self._seal_ids()
        return made

    def sealed(self) -> Sealed:
        """How much is sealed, every blob looked at. Changes nothing."""
        head = self._log.head()
        with self._log.reading() as connection:
            there = listed(connection)
        bound = {run.first: run for run in self.runs(head)}
        sound = {first: run for first, run in bound.items() if not self._is_unsound(run)}
        unsound = [f"{first} to {last}" for first, last in there if first not in sound]
        positions = sum(min(run.last, head) - run.first + 1 for run in sound.values())
        return Sealed(len(sound), positions, head - positions, unsound)

    def _is_unsound(self, run: Run) -> bool:
        """Whether the run is listed, and is not what the list says: both at one moment."""
        try:
            with self._log.reading() as connection:
                return run in self._bound(connection, run.first) and not self._is_sound(connection, run)
        except StoreUnavailable:
            return True

    def _is_sound(self, connection: Connection, run: Run) -> bool:
        with suppress(StoreUnavailable, Unsound, KeyError):
            for name, segment in run.held.items():
                event = self._classes[name]
                blobs = self._blobs(connection, [run], name, [*segment]).get(run.first, {})
                for column, held in columns_of(event, names_of(event)):
                    unpack(segment[column], blobs.get(column), held)
            return True
        return False

    def _seal(self, first: int, last: int) -> bool:
        dictionaries = Dictionaries()
        with collector_at_rest():
            wanted = {event: names_of(event) for event in self._classes.values()}
            facts = facts_of_rows(self._log, self._registry, wanted, dictionaries, (first - 1, last))
        numbers, known = self._numbers(dictionaries)
        if numbers is None:
            return False
        held: dict[str, Segment] = {}
        blobs = []
        for event, some in facts.items():
            if len(some.positions):
                held[event.__name__], packed = seal(event, some, first, numbers)
                blobs += [(event.__name__, name, first, data) for name, data in packed.items()]
        with self._log.writing() as connection:
            make(connection)
            if any(run.last > last for run in self._bound(connection, first) if run.first == first):
                return False  # another sealer saw more of the log
            texts = texts_of(connection)
            if texts[: len(known)] != known:
                return False  # the tables were made anew meanwhile, and number texts otherwise
            remove(connection, first, first + self._length - 1)
            leaf = one(connection, f"SELECT leaf FROM entry WHERE position = {last}")
            row = (first, last, self._layout, len(texts), msgspec.json.encode(held).decode())
            insert(connection, "segment_run", (*row, bound_to(blob_of(leaf), digests_of(texts)[-1], *row)))
            insert(connection, "segment", *blobs)
        return True

    def _seal_ids(self) -> None:
        with self._log.reading() as connection:
            kinds = kinds_of(connection)
        for kind in kinds:
            with self._log.writing() as connection:
                make(connection)
                seal_ids(connection, kind)

    def _numbers(self, dictionaries: Dictionaries) -> tuple[dict[str, Array] | None, list[str]]:
        """By kind, the store's number of each of a reading's own, and the texts that have one.

        None for the numbers where the store has not numbered one of the ids.
        """
        texts = {kind: dictionaries[kind].texts[1:] for kind in dictionaries.kinds}
        with self._log.reading() as connection:
            numbers = numbers_of(connection, {kind: some for kind, some in texts.items() if kind != "text"})
        if any((some == NULL).any() for some in numbers.values()):
            return None, []
        with self._log.writing() as connection:
            make(connection)
            given = number_texts(connection, texts.get("text", []))
        place = {text: number for number, text in enumerate(given, 1)}
        numbers["text"] = np.array([place[text] for text in texts.get("text", [])], np.int64)
        return {kind: np.concatenate([[0], some]) for kind, some in numbers.items()}, given

    def _bound(self, connection: Connection, upto: int) -> Runs:
        """The runs that begin at or before a position, bound to the log as it is."""
        if not are_there(connection):
            return Runs()
        known = texts_of(connection)
        digests = digests_of(known)
        rows = run_binary(
            connection,
            "SELECT r.first, r.last, r.layout, r.texts, r.held, r.bound, e.leaf"
            " FROM segment_run AS r JOIN entry AS e ON e.position = r.last"
            f" WHERE r.first <= {int(upto)} AND r.layout = '{self._layout}' ORDER BY r.first",
        )
        found = Runs(texts=known)
        for first, last, layout, texts, held, bound, leaf in rows:
            with suppress(
                msgspec.MsgspecError, TypeError, ValueError, IndexError
            ):  # what stands there need not be ours
                there = Run(first, last, _held(held))
                right = bound_to(blob_of(leaf), digests[texts], first, last, layout, texts, held) == blob_of(bound)
                right = right and _fits(there)
                if right and (first - 1) % self._length == 0 <= last - first < self._length:
                    found.append(there)
        return found

    def _ids_of(self, kind: str) -> Given:
        """The ids of a kind by number; what was read once is kept, because a number is never given again."""
        with self._log.reading() as connection, self._lock:
            seen = self._log.memory.seen(connection)
            given = ids_of(connection, kind, seen.given(kind))
        if not self._log.database.sees_uncommitted:
            seen.remember(given={kind: given})
        return given


def _fits(run: Run) -> bool:
    """Whether its columns hold no more than the entries of so many positions could: room is made for what they say."""
    most = (run.last - run.first + 1) * VALUES
    return all(0 <= packed.count <= most for segment in run.held.values() for packed in segment.values())
