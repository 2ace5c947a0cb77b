"""The log in memory: its port in the shortest reading, a list and a lock. Nothing outlives the process."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from threading import RLock

import msgspec
from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
)
from eventsourcing.persistence import IntegrityError, ProgrammingError

from earlystart_core.entry import (
    Recorded,
    as_entries,
    canonical,
    check_text,
    frame_of,
    leaf_of,
    micros,
    parse,
    stored_data,
)
from earlystart_core.log import AlreadyRecorded, Batch, Condition, Log, Read, Receipt, matches
from earlystart_core.proof.memory import MemoryTree
from earlystart_core.utc import Clock, utc_clock


class MemoryLog(Log):
    """The port in its shortest reading: a list and a lock. Nothing outlives the process."""

    def __init__(self, clock: Clock) -> None:
        self.clock = utc_clock(clock)
        self.lock = RLock()  # the append lock: whoever holds it may append
        self._rows: list[tuple[bytes, bytes, bytes]] = []  # frame, stored data, leaf; at index position - 1
        self._entries: list[Recorded] = []
        self._receipts: dict[str, Receipt] = {}
        self.tree: MemoryTree = MemoryTree(self._rows)

    def read(self, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None) -> Read:
        with self.lock:
            end = len(self._entries)
        found = [
            row
            for row, entry in zip(self._rows[after or 0 : end], self._entries[after or 0 : end], strict=True)
            if matches(query, entry.event.type, entry.event.tags)
        ][:limit]
        entries = [parse(*row) for row in found]
        last = entries[-1:] if limit is not None else self._entries[max(end - 1, 0) : end]
        return Read(entries, last[0].position, last[0].leaf) if last else Read(entries, None)

    def append(
        self,
        events: Sequence[DCBEvent],
        condition: DCBAppendCondition | None = None,
        *,
        receipt: Receipt | None = None,
    ) -> int:
        if not events and receipt is None:
            raise ProgrammingError("an append needs at least one event, or a receipt")
        entries = as_entries(events)
        if receipt is not None:
            check_text("command_id", receipt.command_id)
        with self.lock:
            if receipt is not None and receipt.command_id in self._receipts:
                raise AlreadyRecorded(self._receipts[receipt.command_id])
            if condition is not None and (
                self._is_another(condition)
                or any(
                    matches(condition.fail_if_events_match, entry.event.type, entry.event.tags)
                    for entry in self._entries[condition.after or 0 :]
                )
            ):
                raise IntegrityError(condition)
            first, rows = len(self._entries) + 1, []
            last = self._entries[-1].recorded_at if self._entries else None
            for position, entry in enumerate(entries, first):
                now = self.clock()
                last = now if last is None or now > last else last
                frame, data = frame_of(entry, position, last), stored_data(entry.data)
                rows.append((frame, data, leaf_of(canonical(frame, data))))
            recorded = [parse(*row) for row in rows]
            head = first + len(rows) - 1
            kept = receipt and msgspec.structs.replace(receipt, positions=tuple(range(first, head + 1)))
            tree, whole = self.tree, self.tree.grown(rows)
            all_rows, all_entries, receipts = self._rows, self._entries, self._receipts
            # From here on nothing is called: an interrupt comes before all of it, or after.
            all_rows += rows
            all_entries += recorded
            tree.whole = whole
            if kept is not None:
                receipts[kept.command_id] = kept
            return head

    def _is_another(self, condition: DCBAppendCondition) -> bool:
        """Whether the entry after which the condition looks is another than the one that it names."""
        if not isinstance(condition, Condition) or condition.leaf is None or not condition.after:
            return False
        return [one.leaf for one in self._entries[condition.after - 1 : condition.after]] != [condition.leaf]

    def head(self) -> int:
        with self.lock:
            return len(self._entries)

    def known_at(self, moment: datetime) -> int:
        with self.lock:
            return sum(entry.recorded_at <= moment for entry in self._entries)

    def receipt(self, command_id: str) -> Receipt | None:
        with self.lock:
            return self._receipts.get(command_id)

    def batches(self, types: Sequence[str], *, after: int = 0, upto: int | None = None) -> Iterator[Batch]:
        shapes: dict[tuple[str, int], list[int]] = {}
        with self.lock:
            for index, entry in enumerate(self._entries[after:upto], after):
                if entry.event.type in types:
                    shapes.setdefault((entry.event.type, entry.event.version), []).append(index)
        for (kind, version), indexes in shapes.items():
            occurred = [self._entries[index].event.occurred_at for index in indexes]
            yield Batch(
                kind,
                version,
                [index + 1 for index in indexes],
                [None if moment is None else micros(moment) for moment in occurred],
                b"[" + b",".join(self._rows[index][1] for index in indexes) + b"]",
            )
