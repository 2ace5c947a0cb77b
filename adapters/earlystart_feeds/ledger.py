"""The import ledger: what earlier imports made of each row, known by keyed digests only.

It tells already known from changed, survives interruption, and holds what is not an event. Here are the port and its
shortest reading, in memory; `earlystart_sql.ledger` keeps it beside the log.
"""

import hmac
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.entry import Entry
from earlystart_core.errors import Conflict
from earlystart_core.log import Log
from earlystart_core.words.erasure import SubjectErased
from earlystart_feeds.reading import Row
from earlystart_feeds.tables import Table

DIGEST = 16  # bytes kept of each field's HMAC-SHA256
NUMBER = "NHSNumber"  # in the place of a file: the row says which child an NHS number was seen on first
TAKEN = "another import ran at the same time and recorded its rows first: run the import again"
ERASED = "someone was erased while this import ran, so what it knew of them is no more: run the import again"


OTHER_KEYS = "the import ledger was written with other keys: expected the key store kept beside it"


class NotBoundBefore(UserWarning):
    """A ledger from a version that could not notice changes to it. It is accepted as it is, once."""

    def __init__(self, rows: str) -> None:
        super().__init__(
            f"the import ledger has {rows} from before changes to it could be noticed: they were taken as they are, and"
            " a change is noticed from now on"
        )


class Moment(msgspec.Struct, frozen=True):
    """The log and its ledger as an import or an erasure knows them."""

    position: int  # the log's head
    leaf: bytes  # of the entry there, none before the first
    total: bytes = b""  # of the ledger, where it has one


class Remembered(msgspec.Struct, frozen=True):
    """A row as the ledger knows it. It holds no value of the feed in clear."""

    key: bytes  # HMAC-SHA256 of (system, file, id)
    file: str
    ids: tuple[str, ...]  # what the row was given: its own id first
    fields: bytes  # one digest a column, in the table's order, each bound to key and column
    sealed: bytes | None = None  # a sealed value, where the row is about a person and gives no event
    before: bytes | None = None  # the fields that a filled row replaces

    @property
    def case(self) -> str:
        """The case that the row is about, "" where it is about none."""
        return next((id for id in self.ids if id.startswith("case:")), "")


class Name(msgspec.Struct, frozen=True):
    """The id given to something that rows only mention: a family, a person, a practitioner, a meeting."""

    key: bytes
    id: str


class Ledger(Protocol):
    """A ledger beside one log."""

    def rows(self, keys: Iterable[bytes]) -> dict[bytes, Remembered]:
        """The rows known by those keys."""

    def names(self, keys: Iterable[bytes]) -> dict[bytes, str]:
        """The ids known by those keys."""

    def is_empty(self) -> bool:
        """Whether nothing was ever imported."""

    def moment(self) -> Moment:
        """The log and the ledger as they are now, the ledger compared with what imports and erasures left of it.

        Raises:
            Tampered: it is something else, or is of another moment than the log.
            StoreUnavailable: it was written with other keys.
        """

    def record(
        self, entries: Sequence[Entry], rows: Sequence[Remembered], names: Sequence[Name], since: Moment
    ) -> Moment:
        """Appends the entries and remembers rows and names, all in one transaction or nothing.

        since: the moment before anything was asked of the ledger for them. Returns the moment that this leaves.

        Raises:
            Conflict: the ledger was changed since, or someone was erased.
            Tampered: the ledger is of another moment than the log.
            StoreUnavailable: the store did not take it, or was put back to an earlier state since.
        """

    def erased(self, keys: Iterable[bytes]) -> set[bytes]:
        """Those of the keys that a row or a person's name was known by and that was forgotten: only they are left.

        No digest of an NHS number (`NUMBER`) is.
        """

    def forget(self, subject: str) -> int:
        """Deletes every row about a `case:` or `person:`, and its names; returns how many. Their keys stay `erased`."""


class Digests:
    """Keyed digests of rows and fields. secret: 32 bytes of the key store: no value can be guessed from them."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, *parts: str) -> bytes:
        """The key of something known by those parts; only the last may hold any character."""
        return hmac.digest(self._secret, "\0".join(parts).encode("utf-8", "surrogatepass"), "sha256")

    def proof(self) -> bytes:
        """The key of the name by which a ledger shows that it was written with this secret."""
        return self.of("written-with-these-keys")

    def name(self, *mention: str) -> bytes:
        """The key of what rows only mention: the system, the kind, and the reference there."""
        return self.of("name", *mention)

    def row(self, table: Table, id: object) -> bytes:
        """The key of the row of that id."""
        whole = id if isinstance(id, str) else msgspec.json.encode(id).decode()
        return self.of("row", table.system, table.file, whole)

    def number(self, number: str) -> bytes:
        """The key of the row that says which child has that NHS number."""
        return self.of("number", number)

    def field(self, key: bytes, column: str, text: str) -> bytes:
        """The digest of one field of the row of that key."""
        message = b"field\0" + key + column.encode() + b"\0" + text.encode()
        return hmac.digest(self._secret, message, "sha256")[:DIGEST]

    def fields(self, key: bytes, row: Row) -> bytes:
        """The digests of all of a row's fields."""
        return b"".join(self.field(key, name, row[name]) for name in row.table.at)


class Memory:
    """What a ledger knows of the rows that one feed holds or refers to. Ask `recall` first, for many ids at once."""

    def __init__(self, ledger: Ledger, digests: Digests) -> None:
        self._ledger = ledger
        self.digests = digests
        self._nothing = ledger.is_empty()
        self._rows: dict[tuple[str, object], Remembered] = {}
        self._erased: set[tuple[str, object]] = set()
        self._gone: set[tuple[str, ...]] = set()
        self._numbers: dict[bytes, Remembered] = {}

    def recall_gone(self, mentions: Iterable[tuple[str, ...]]) -> None:
        """Asks which of those persons that rows mention were erased."""
        if not self._nothing:
            keys = {self.digests.name(*mention): mention for mention in mentions}
            self._gone.update(keys[key] for key in self._ledger.erased(keys))

    def is_gone(self, *mention: str) -> bool:
        """Whether whom that system mentions so was erased; asked of `recall_gone` before."""
        return mention in self._gone

    def recall(self, table: Table, ids: Iterable[object]) -> None:
        """Fetches what is known of the rows of those ids."""
        if self._nothing:
            return
        keys = {self.digests.row(table, id): id for id in ids}
        for key, remembered in self._ledger.rows(keys).items():
            self._rows[table.file, keys[key]] = remembered
        self._erased.update((table.file, keys[key]) for key in self._ledger.erased(keys))

    def is_erased(self, file: str, id: object) -> bool:
        """Whether an earlier import recorded the row of that id, and its subject was erased since."""
        return (file, id) in self._erased

    def recall_numbers(self, keys: Iterable[bytes]) -> None:
        """Fetches which children those NHS numbers, given by `Digests.number`, were first seen on."""
        if not self._nothing:
            self._numbers.update(self._ledger.rows(keys))

    def number(self, key: bytes) -> Remembered | None:
        """The person and the case that an NHS number was first seen on; asked of `recall_numbers` before."""
        return self._numbers.get(key)

    def row(self, file: str, id: object) -> Remembered | None:
        """What an earlier import made of the row of that id."""
        return self._rows.get((file, id))

    def filled(self, remembered: Remembered, row: Row) -> frozenset[str] | None:
        """The columns that were empty and now are not; None where any other field changed."""
        columns: list[str] = []
        for index, name in enumerate(row.table.at):
            before = remembered.fields[index * DIGEST : (index + 1) * DIGEST]
            if before == self.digests.field(remembered.key, name, row[name]):
                continue
            if not row[name] or before != self.digests.field(remembered.key, name, ""):
                return None
            columns.append(name)
        return frozenset(columns)


class MemoryLedger:
    """The ledger in its shortest reading, beside a log in memory."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._rows: dict[bytes, Remembered] = {}
        self._names: dict[bytes, str] = {}
        self._erased: set[bytes] = set()

    def rows(self, keys: Iterable[bytes]) -> dict[bytes, Remembered]:
        return {key: self._rows[key] for key in keys if key in self._rows}

    def names(self, keys: Iterable[bytes]) -> dict[bytes, str]:
        return {key: self._names[key] for key in keys if key in self._names}

    def erased(self, keys: Iterable[bytes]) -> set[bytes]:
        return self._erased.intersection(keys)

    def is_empty(self) -> bool:
        return not self._rows and not self._names

    def moment(self) -> Moment:
        end = self._log.read()
        return Moment(end.head or 0, end.leaf or b"")

    def record(
        self, entries: Sequence[Entry], rows: Sequence[Remembered], names: Sequence[Name], since: Moment
    ) -> Moment:
        tombstones = DCBQuery([DCBQueryItem(types=[SubjectErased.__name__])])
        if next(self._log.read(tombstones, after=since.position, limit=1), None) is not None:
            raise Conflict(ERASED)
        for row in rows:
            known = self._rows.get(row.key)
            if (known and known.fields) != row.before:
                raise Conflict(TAKEN)
        if any(name.key in self._names for name in names):
            raise Conflict(TAKEN)
        if entries:
            self._log.append(entries)
        self._rows.update((row.key, row) for row in rows)
        self._names.update((name.key, name.id) for name in names)
        return self.moment()

    def forget(self, subject: str) -> int:
        rows = [key for key, row in self._rows.items() if subject in row.ids]
        names = [key for key, id in self._names.items() if id == subject]
        kept = (key for key in rows if self._rows[key].file != NUMBER)  # no digest of a number outlives its child
        self._erased.update(kept, (key for key in names if self._names[key].startswith("person:")))
        for key in rows:
            del self._rows[key]
        for key in names:
            del self._names[key]
        return len(rows) + len(names)
