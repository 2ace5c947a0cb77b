"""The key store on SQL: a database of its own, apart from the log, with its own backups of short life.

A data key stands here only wrapped (AES-KW) by the key-encryption key, which is never in a database. An erased key
leaves a tombstone: its subject gets no new key by accident.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, LargeBinary, MetaData, Table, Text

from earlystart_core.errors import Refused, StoreUnavailable, Tampered
from earlystart_core.privacy.keys import Chance, Key, Shredded, make_key, unwrap, wrap
from earlystart_sql.database import Database
from earlystart_sql.layout import Layout

metadata = MetaData()
Table(
    "data_key",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("subject", Text, nullable=False, unique=True),
    Column("wrapped", LargeBinary, nullable=False),  # 40 bytes
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
    triggers={"sqlite": (), "postgresql": ()},
    schema="earlystart_keys",
    private=True,
)
_CHECK = "kek"  # the secret whose unwrapping shows that the key-encryption key is the one that this store began with


class SqlKeys:
    """The keys of an open key store. `kek`: 32 bytes. `new_kid` gives `k_` and 26 characters of base32."""

    def __init__(self, database: Database, kek: bytes, chance: Chance, new_kid: Callable[[], str]) -> None:
        self.database = database
        self._kek = kek
        self._chance = chance
        self._new_kid = new_kid
        self._secrets: dict[str, bytes] = {}  # they never change
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
            row = self._ask(connection, "SELECT wrapped FROM data_key WHERE kid = ?", kid)
            if row is not None:
                return unwrap(self._kek, kid, bytes(row[0]))
            gone = self._ask(connection, "SELECT 1 FROM tombstone WHERE kid = ?", kid)
            return None if gone is None else Shredded(kid)

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
                    row = (wrap(self._kek, make_key(name, self._chance)),)
                    self._do(connection, "INSERT INTO secret (name, wrapped) VALUES (?, ?)", name, row[0])
        self._secrets[name] = unwrap(self._kek, name, bytes(row[0])).secret
        return self._secrets[name]

    def _stored(self, connection: Connection, subjects: list[str]) -> dict[str, Key]:
        each = "SELECT value FROM json_each(?)"
        if connection.dialect.name == "postgresql":
            each = "SELECT json_array_elements_text(?::json)"
        asked = msgspec.json.encode(subjects).decode()
        gone = self._do(connection, f"SELECT subject FROM tombstone WHERE subject IN ({each})", asked).first()
        if gone is not None:
            raise Refused("keys.erased", f"the text of {gone[0]} was erased, so no new text may be sealed for it")
        rows = self._do(connection, f"SELECT subject, kid, wrapped FROM data_key WHERE subject IN ({each})", asked)
        return {subject: unwrap(self._kek, kid, bytes(wrapped)) for subject, kid, wrapped in rows}

    def _make(self, connection: Connection, subject: str) -> Key:
        key = make_key(self._new_kid(), self._chance)
        wrapped = wrap(self._kek, key)
        self._do(connection, "INSERT INTO data_key (kid, subject, wrapped) VALUES (?, ?, ?)", key.kid, subject, wrapped)
        return key

    @staticmethod
    def _do(connection: Connection, statement: str, *values: object) -> Any:
        if connection.dialect.name == "postgresql":
            statement = statement.replace("?", "%s")
        return connection.exec_driver_sql(statement, values)

    def _ask(self, connection: Connection, statement: str, *values: object) -> Any:
        return self._do(connection, statement, *values).first()
