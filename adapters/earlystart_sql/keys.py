"""The key store on SQL: a database of its own, apart from the log, with its own backups of short life.

A data key stands here only wrapped (AES-KW) by the key-encryption key, which is never in a database. An erased key
leaves a tombstone: its subject gets no new key by accident.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, LargeBinary, MetaData, Table, Text

from earlystart_core.errors import StoreUnavailable, Tampered
from earlystart_core.privacy.keys import (
    Chance,
    Evidence,
    Key,
    Shredded,
    commitment,
    erased,
    make_key,
)
from earlystart_core.privacy.wrapping import KeyEncryption, LocalKey
from earlystart_sql.database import Database
from earlystart_sql.layout import Layout
from earlystart_sql.scrub import scrub

metadata = MetaData()
Table(
    "data_key",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("subject", Text, nullable=False, unique=True),
    Column("wrapped", LargeBinary, nullable=False),  # 40 bytes, or what a key service makes of it
)
Table(
    "tombstone",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("evidence", Text, nullable=False),  # JSON: when, by whose authority, why; nothing personal
)
Table("secret", metadata, Column("name", Text, primary_key=True), Column("wrapped", LargeBinary, nullable=False))

KEYS = Layout(
    what="keys",
    application_id=0x4561724B,  # "EarK"
    version=1,
    metadata=metadata,
    schema="earlystart_keys",
    private=True,
)
_CHECK = "kek"  # the secret whose unwrapping shows that the key-encryption key is the one that this store began with
_LOG = "first leaf"  # what stands there is no secret: the first leaf of the log whose text these keys seal

_NAMES = "SELECT subject, kid FROM data_key WHERE subject IN ({each})"
_ALL = "SELECT subject, kid, evidence FROM tombstone"


class SqlKeys:
    """The keys of an open key store. `kek`: 32 bytes, or who holds them. `new_kid` gives `k_` and 26 characters."""

    def __init__(
        self, database: Database, kek: bytes | KeyEncryption, chance: Chance, new_kid: Callable[[], str]
    ) -> None:
        self.database = database
        self._kek = LocalKey(kek) if isinstance(kek, bytes) else kek
        self._chance = chance
        self._new_kid = new_kid
        self._secrets: dict[str, bytes] = {}  # they never change
        self._told: dict[str, Evidence] = {}  # by subject: what the log says is gone, whatever this store has by now
        try:
            self.secret(_CHECK)
        except Tampered as error:
            raise StoreUnavailable(
                f"{database.name} was made with another key-encryption key: expected that one, got one that does not"
                " open it"
            ) from error

    def close(self) -> None:
        """Closes the key store's connections."""
        self.database.close()

    def heed(self, told: Mapping[str, Evidence]) -> None:
        """Takes what the log says of erased subjects: a key of theirs that comes back meanwhile opens nothing."""
        self._told.update(told)

    def first_leaf(self) -> bytes | None:
        """The first leaf of the log that these keys belong to, 32 bytes; None before they were bound to one.

        Raises:
            Tampered: it was altered.
        """
        with self.database.reading() as connection:
            row = self._ask(connection, "SELECT wrapped FROM secret WHERE name = ?", _LOG)
        return None if row is None else self._unwrap(_LOG, row[0]).secret

    def bind(self, leaf: bytes) -> None:
        """Says for good that these keys belong to the log of that first leaf, where nothing was said yet."""
        wrapped = self._kek.wrap(Key(_LOG, leaf, commitment(_LOG, leaf)))
        with self.database.writing() as connection:
            if self._ask(connection, "SELECT 1 FROM secret WHERE name = ?", _LOG) is None:
                self._do(connection, "INSERT INTO secret (name, wrapped) VALUES (?, ?)", _LOG, wrapped)

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
            row = self._ask(connection, "SELECT wrapped, subject FROM data_key WHERE kid = ?", kid)
            if row is not None and row[1] in self._told:
                return Shredded(kid, self._told[row[1]])
            if row is not None:
                return self._unwrap(kid, row[0])
            gone = self._ask(connection, "SELECT evidence FROM tombstone WHERE kid = ?", kid)
            return None if gone is None else Shredded(kid, _evidence(gone[0]))

    def names(self, subjects: Iterable[str]) -> dict[str, str]:
        with self.database.reading() as connection:
            return self._names(connection, subjects)

    def tombstones(self, subjects: Iterable[str] | None = None) -> dict[str, Shredded]:
        with self.database.reading() as connection:
            if subjects is None:
                rows = self._do(connection, _ALL)
            else:
                each = _each(connection)
                rows = self._do(connection, f"{_ALL} WHERE subject IN ({each})", _listed(subjects))
            return {subject: Shredded(kid, _evidence(evidence)) for subject, kid, evidence in rows}

    def destroy(self, evidence: Evidence) -> None:
        told = msgspec.json.encode(evidence).decode()
        with self.database.writing() as connection:
            living = self._names(connection, evidence.subjects)
            for subject, name in zip(evidence.subjects, evidence.keys, strict=False):
                self._do(connection, "DELETE FROM data_key WHERE subject = ?", subject)
                for kid in {name, living.get(subject, name)}:
                    if self._ask(connection, "SELECT 1 FROM tombstone WHERE kid = ?", kid) is None:
                        self._do(connection, "INSERT INTO tombstone VALUES (?, ?, ?)", kid, subject, told)
        if self.database.dialect == "sqlite":  # PostgreSQL's dead rows outlive the transactions that might see them
            self.scrub()
        with self.database.reading() as connection:
            found = self._names(connection, evidence.subjects)
        if found:
            raise StoreUnavailable(f"{self.database.name} still holds a key of {min(found)}: expected it to be gone")

    def scrub(self) -> None:
        scrub(self.database, ["data_key"])

    def secret(self, name: str) -> bytes:
        """A store-wide secret of 32 bytes, made at first use."""
        if name in self._secrets:
            return self._secrets[name]
        asked = "SELECT wrapped FROM secret WHERE name = ?"
        with self.database.reading() as connection:
            row = self._ask(connection, asked, name)
        if row is None:
            with self.database.writing() as connection:
                row = self._ask(connection, asked, name)
                if row is None:
                    row = (self._kek.wrap(make_key(name, self._chance)),)
                    self._do(connection, "INSERT INTO secret (name, wrapped) VALUES (?, ?)", name, row[0])
        self._secrets[name] = self._unwrap(name, row[0]).secret
        return self._secrets[name]

    def _stored(self, connection: Connection, subjects: list[str]) -> dict[str, Key]:
        each, asked = _each(connection), _listed(subjects)
        gone = self._do(connection, f"SELECT subject FROM tombstone WHERE subject IN ({each})", asked).first()
        for subject in [*(gone or ()), *(one for one in subjects if one in self._told)]:
            raise erased(subject)
        rows = self._do(connection, f"SELECT subject, kid, wrapped FROM data_key WHERE subject IN ({each})", asked)
        return {subject: self._unwrap(kid, wrapped) for subject, kid, wrapped in rows}

    def _unwrap(self, kid: str, wrapped: object) -> Key:
        if not isinstance(wrapped, bytes | bytearray | memoryview):  # SQLite holds in a column what it was given
            raise Tampered(f"the key {kid} was altered: expected bytes, got {type(wrapped).__name__}")
        return self._kek.unwrap(kid, bytes(wrapped))

    def _names(self, connection: Connection, subjects: Iterable[str]) -> dict[str, str]:
        rows = self._do(connection, _NAMES.format(each=_each(connection)), _listed(subjects))
        return {row[0]: row[1] for row in rows}

    def _make(self, connection: Connection, subject: str) -> Key:
        key = make_key(self._new_kid(), self._chance)
        wrapped = self._kek.wrap(key)
        self._do(connection, "INSERT INTO data_key (kid, subject, wrapped) VALUES (?, ?, ?)", key.kid, subject, wrapped)
        return key

    @staticmethod
    def _do(connection: Connection, statement: str, *values: object) -> Any:
        if connection.dialect.name == "postgresql":
            statement = statement.replace("?", "%s")
        return connection.exec_driver_sql(statement, values)

    def _ask(self, connection: Connection, statement: str, *values: object) -> Any:
        return self._do(connection, statement, *values).first()


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


def holds_nothing(database: Database) -> bool:
    """Whether that key store was only just made: nothing is wrapped in it."""
    with database.reading() as connection:
        return connection.exec_driver_sql("SELECT 1 FROM secret LIMIT 1").first() is None
