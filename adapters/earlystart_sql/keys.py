"""The key store on SQL: a database of its own, apart from the log, with its own backups of short life.

A data key stands here only wrapped (AES-KW) by the key-encryption key, which is never in a database. An erased key
leaves a tombstone: its subject gets no new key by accident.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from earlystart_core.entry import blob_of
from earlystart_core.errors import StoreUnavailable, Tampered
from earlystart_core.privacy.keys import Chance, Evidence, Key, Shredded, erased, make_key
from earlystart_core.privacy.wrapping import KeyEncryption, LocalKey
from earlystart_sql.database import Database
from earlystart_sql.key_secrets import SqlSecrets
from earlystart_sql.key_tables import BOUND, ask, do
from earlystart_sql.read_back import unkept
from earlystart_sql.row_digest import row_digest
from earlystart_sql.scrub import scrub

_LOG = "first leaf"  # what stands there is no secret: the first leaf of the log whose text these keys seal
_LOST = "lost"  # nor is this: the position at which these keys began in the place of others that are lost
_BASELINE = "baseline"  # nor this: from which entry of the log on the import ledger has a total

_NAMES = "SELECT subject, kid FROM data_key WHERE subject IN ({each})"
_THERE = "SELECT kid FROM data_key WHERE kid IN ({each})"
_NAMED = {"data_key": "key", "tombstone": "tombstone of the key"}


class SqlKeys:
    """The keys of an open key store. `kek`: 32 bytes, or who holds them. `new_kid` gives `k_` and 26 characters."""

    def __init__(
        self, database: Database, kek: bytes | KeyEncryption, chance: Chance, new_kid: Callable[[], str]
    ) -> None:
        self.database = database
        self._kek = LocalKey(kek) if isinstance(kek, bytes) else kek
        self._chance = chance
        self._new_kid = new_kid
        self._told: dict[str, Evidence] = {}  # by subject: what the log says is gone, whatever this store has by now
        self.secrets = SqlSecrets(database, self._kek, chance)
        self.secret = self.secrets.make

    def close(self) -> None:
        """Closes the key store's connections."""
        self.database.close()

    def heed(self, told: Mapping[str, Evidence]) -> None:
        """Takes what the log says of erased subjects: a key of theirs that comes back meanwhile opens nothing."""
        self._told.update(told)

    def heed_nobody(self) -> None:
        """Forgets what the log said: it is another one now, or at an earlier state."""
        self._told = {}

    def first_leaf(self) -> bytes | None:
        """The first leaf of the log that these keys belong to, 32 bytes; None before they were bound to one.

        Raises:
            Tampered: it was altered.
        """
        return self.secrets.find(_LOG)

    def bind(self, leaf: bytes) -> None:
        """Says for good that these keys belong to the log of that first leaf, where nothing was said yet."""
        self.secrets.put(_LOG, leaf, over=False)

    def lost(self) -> int:
        """The position up to which text of the log may have keys that are lost for good; 0 where none are."""
        return int.from_bytes(self.secrets.find(_LOST) or b"")

    def say_lost(self, position: int) -> None:
        """Records it once: if it was recorded before, that stays."""
        self.secrets.put(_LOST, position.to_bytes(32), over=False)

    def baseline(self) -> tuple[int, bytes] | None:
        """The entry of the log from which on its import ledger has a total: its position, and how its leaf begins."""
        found = self.secrets.find(_BASELINE)
        return None if found is None else (int.from_bytes(found[:8]), found[8:])

    def set_baseline(self, position: int, leaf: bytes) -> None:
        """Records which entry it is, replacing one that the log no longer has."""
        self.secrets.put(_BASELINE, position.to_bytes(8) + leaf[:24].ljust(24, b"\0"), over=True)

    def for_subjects(self, subjects: Iterable[str]) -> dict[str, Key]:
        """The key of each subject, made where there was none; durable before it returns.

        Raises:
            Refused: `keys.erased`, a subject was erased.
            Tampered: a stored key does not open.
        """
        wanted = list(dict.fromkeys(subjects))
        with self.database.reading() as connection:
            found = self._stored(connection, wanted)
        if missing := [subject for subject in wanted if subject not in found]:
            with self.database.writing() as connection:
                found |= self._stored(connection, missing)  # another may have been first
                for subject in missing:
                    if subject not in found:
                        found[subject] = self._make(connection, subject)
        return {subject: found[subject] for subject in wanted}

    def find(self, kid: str) -> Key | Shredded | None:
        """The key of that name; Shredded where it was destroyed; None where this store never had it."""
        with self.database.reading() as connection:
            row = ask(connection, f"SELECT kid, subject, wrapped{self._bound} FROM data_key WHERE kid = ?", kid)
            if row is not None and row[1] in self._told:
                return Shredded(kid, self._told[row[1]])
            if row is not None:
                return self._open(row)
            gone = ask(connection, f"SELECT kid, subject, evidence{self._bound} FROM tombstone WHERE kid = ?", kid)
            if gone is None:
                return None
            self._expect_bound("tombstone", gone)
            return Shredded(kid, _evidence(gone[2]))

    def expect_there(self, kids: Iterable[str]) -> None:
        """Raises StoreUnavailable where a key that text was sealed under just now is gone.

        A key store that was put back, or a server that took over, may lack keys that were durable before.
        """
        wanted = {*kids}
        with self.database.reading() as connection:
            found = do(connection, _THERE.format(each=_each(connection)), _listed(sorted(wanted)))
            for kid in sorted(wanted - {row[0] for row in found}):
                raise StoreUnavailable(
                    f"{kid} is not in the key store any more, so its text could not be read: nothing was recorded, send"
                    " the command again"
                )

    def altered(self) -> list[str]:
        """A sentence for each row of a key or a tombstone that is not as this library wrote it. No key is opened."""
        found = []
        with self.database.reading() as connection:
            for table, columns in BOUND.items():
                for row in do(connection, f"SELECT {', '.join(columns)}{self._bound} FROM {table}"):
                    if not self._is_bound(table, row):
                        found.append(_altered(table, row[0], self.database.name))
        return sorted(found)

    def names(self, subjects: Iterable[str]) -> dict[str, str]:
        with self.database.reading() as connection:
            return self._names(connection, subjects)

    def tombstones(self, subjects: Iterable[str] | None = None) -> dict[str, Shredded]:
        """What is left of those of the subjects that were erased; a row that was altered is no tombstone."""
        with self.database.reading() as connection:
            every = f"SELECT kid, subject, evidence{self._bound} FROM tombstone"
            if subjects is None:
                rows = do(connection, every)
            else:
                rows = do(connection, f"{every} WHERE subject IN ({_each(connection)})", _listed(subjects))
            return {row[1]: Shredded(row[0], _evidence(row[2])) for row in rows if self._is_bound("tombstone", row)}

    def destroy(self, evidence: Evidence) -> None:
        told = msgspec.json.encode(evidence).decode()
        with self.database.writing() as connection:
            living = self._names(connection, evidence.subjects)
            for subject, name in zip(evidence.subjects, evidence.keys, strict=False):
                do(connection, "DELETE FROM data_key WHERE subject = ?", subject)
                for kid in {name, living.get(subject, name)}:
                    row = ask(
                        connection, f"SELECT kid, subject, evidence{self._bound} FROM tombstone WHERE kid = ?", kid
                    )
                    if row is None or not self._is_bound("tombstone", row):
                        do(connection, "DELETE FROM tombstone WHERE kid = ?", kid)
                        self._add(connection, "tombstone", kid, subject, told)
        if self.database.dialect == "sqlite":  # PostgreSQL's dead rows outlive the transactions that might see them
            self.scrub()
        with self.database.reading() as connection:
            found = self._names(connection, evidence.subjects)
        if found:
            raise StoreUnavailable(f"{self.database.name} still holds a key of {min(found)}: expected it to be gone")

    def scrub(self) -> None:
        scrub(self.database, ["data_key"])

    @property
    def _bound(self) -> str:
        """What is read besides of a row: its digest, where rows have any."""
        return ", bound" if self.secrets.rows is not None else ""

    def _is_bound(self, table: str, row: Sequence[Any]) -> bool:
        """Whether a row, with its digest last, is as this library wrote it."""
        secret = self.secrets.rows
        return secret is None or row[-1] == row_digest(secret, table, *row[:-1])

    def _expect_bound(self, table: str, row: Sequence[Any]) -> None:
        if not self._is_bound(table, row):
            raise Tampered(_altered(table, row[0], self.database.name))

    def _add(self, connection: Connection, table: str, *values: object) -> None:
        secret, columns = self.secrets.rows, [*BOUND[table]]
        if secret is not None:
            values, columns = (*values, row_digest(secret, table, *values)), [*columns, "bound"]
        marks = ", ".join("?" * len(columns))
        do(connection, f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", *values)
        found = ask(connection, f"SELECT {', '.join(columns)} FROM {table} WHERE kid = ?", values[0])
        if found is None or tuple(found) != values:
            raise unkept(table, 1, 0 if found is None else 1)

    def _stored(self, connection: Connection, subjects: list[str]) -> dict[str, Key]:
        each, asked = _each(connection), _listed(subjects)
        gone = do(connection, f"SELECT subject FROM tombstone WHERE subject IN ({each})", asked).first()
        for subject in [*(gone or ()), *(one for one in subjects if one in self._told)]:
            raise erased(subject)
        statement = f"SELECT kid, subject, wrapped{self._bound} FROM data_key WHERE subject IN ({each})"
        return {row[1]: self._open(row) for row in do(connection, statement, asked)}

    def _open(self, row: Sequence[Any]) -> Key:
        kid, _, wrapped, *_ = row
        if not isinstance(wrapped, bytes | bytearray | memoryview):  # SQLite holds in a column what it was given
            raise Tampered(f"the key {kid} was altered: expected bytes, got {type(wrapped).__name__}")
        self._expect_bound("data_key", row)
        return self._kek.unwrap(kid, blob_of(wrapped))

    def _names(self, connection: Connection, subjects: Iterable[str]) -> dict[str, str]:
        rows = do(connection, _NAMES.format(each=_each(connection)), _listed(subjects))
        return {row[0]: row[1] for row in rows}

    def _make(self, connection: Connection, subject: str) -> Key:
        key = make_key(self._new_kid(), self._chance)
        self._add(connection, "data_key", key.kid, subject, self._kek.wrap(key))
        return key


def _altered(table: str, kid: object, name: str) -> str:
    return f"the {_NAMED[table]} {kid} was altered in {name}, or is another's row"


def _each(connection: Connection) -> str:
    """The subjects of a JSON list, as a subquery."""
    return (
        "SELECT value FROM json_each(?)"
        if connection.dialect.name == "sqlite"
        else "SELECT json_array_elements_text(?::json)"
    )


def _listed(subjects: Iterable[str]) -> str:
    return msgspec.json.encode(list(subjects)).decode()


def _evidence(text: str) -> Evidence | None:
    try:
        return msgspec.json.decode(text, type=Evidence)
    except (msgspec.MsgspecError, TypeError, ValueError):  # no JSON, not even text, or no text of UTF-8
        return None
