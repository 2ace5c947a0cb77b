"""The secrets of a key store, for keyed digests, and what it knows of the log that it belongs to.

They are few, and all of them together have one digest: whoever alters, adds, takes away or puts back one is noticed.
"""

from typing import Any

from sqlalchemy import Connection

from earlystart_core.entry import blob_of
from earlystart_core.errors import StoreUnavailable, Tampered
from earlystart_core.privacy.keys import Chance, Key, commitment, make_key
from earlystart_core.privacy.wrapping import KeyEncryption
from earlystart_sql.database import Database
from earlystart_sql.key_tables import ask, bind_rows, can_bind, do, make_columns
from earlystart_sql.read_back import unkept
from earlystart_sql.row_digest import row_digest

_CHECK = "kek"  # the secret whose unwrapping shows that the key-encryption key is the one that this store began with
_ROWS = "rows"  # the secret under which rows have their digests


class SqlSecrets:
    """The secrets of an open key store."""

    def __init__(self, database: Database, kek: KeyEncryption, chance: Chance) -> None:
        self.database = database
        self.adopted = 0  # rows of a key store from before digests, that were given theirs just now
        self._kek = kek
        self._chance = chance
        self._values: dict[str, bytes] = {}  # committed ones; only `put` changes any
        with database.reading() as connection:
            there = self._read(connection)
        if not database.read_only and not {_CHECK, _ROWS} <= there.keys():
            with database.writing() as connection:
                made = self._begin(connection)
            self._values |= made

    @property
    def rows(self) -> bytes | None:
        """The secret under which rows have their digests; None where they have none (`SqlSecrets`)."""
        return self._values.get(_ROWS)

    def find(self, name: str) -> bytes | None:
        """The secret of that name, None if there is none.

        Raises:
            Tampered: one of the secrets was altered, added or taken away.
        """
        if name not in self._values:
            with self.database.reading() as connection:
                wrapped = self._read(connection).get(name)
            if wrapped is None:
                return None
            self._values[name] = self._unwrap(name, wrapped)
        return self._values[name]

    def make(self, name: str) -> bytes:
        """The secret of that name, 32 bytes, made at first use."""
        found = self.find(name)
        return self.put(name, make_key(name, self._chance).secret, over=False) if found is None else found

    def put(self, name: str, value: bytes, *, over: bool) -> bytes:
        """Stores a value under that name and returns what is stored there. over: whether it replaces what was there."""
        with self.database.writing() as connection:
            there = self._read(connection)
            if over or name not in there:
                self._write(connection, name, value)
                self._bind(connection, self.rows)
            else:
                value = self._unwrap(name, there[name])
        self._values[name] = value
        return value

    def _begin(self, connection: Connection) -> dict[str, bytes]:
        """Makes and returns what every key store has, and gives the rows of one from before their digests."""
        there = self._read(connection)
        made: dict[str, bytes] = {}
        if _CHECK not in there:
            made[_CHECK] = make_key(_CHECK, self._chance).secret
        if _ROWS not in there and make_columns(connection):
            made[_ROWS] = make_key(_ROWS, self._chance).secret
            self.adopted = bind_rows(connection, made[_ROWS])
        for name, value in made.items():
            self._write(connection, name, value)
        self._bind(connection, made.get(_ROWS, self.rows))
        return made

    def _write(self, connection: Connection, name: str, value: bytes) -> None:
        wrapped = self._kek.wrap(Key(name, value, commitment(name, value)))
        do(connection, "DELETE FROM secret WHERE name = ?", name)
        do(connection, "INSERT INTO secret (name, wrapped) VALUES (?, ?)", name, wrapped)
        found = ask(connection, "SELECT wrapped FROM secret WHERE name = ?", name)
        if found is None or found[0] != wrapped:
            raise unkept("secret", 1, 0 if found is None else 1)

    def _bind(self, connection: Connection, secret: bytes | None) -> None:
        if secret is not None:
            rows = do(connection, "SELECT name, wrapped FROM secret").all()
            do(connection, "UPDATE secret SET bound = ? WHERE name = ?", _digest(secret, rows), _ROWS)

    def _read(self, connection: Connection) -> dict[str, object]:
        """All of them, wrapped, after a comparison with their digest."""
        can = can_bind(connection)
        rows = do(connection, f"SELECT name, wrapped, {'bound' if can else 'NULL'} FROM secret").all()
        there = {name: wrapped for name, wrapped, _ in rows}
        if _CHECK in there and _CHECK not in self._values:
            self._values[_CHECK] = self._expect_kek(there[_CHECK])
        if _ROWS in there and _ROWS not in self._values:
            self._values[_ROWS] = self._unwrap(_ROWS, there[_ROWS])
        found = {name: digest for name, _, digest in rows if digest is not None}
        if self.rows is not None:
            sound = found == {_ROWS: _digest(self.rows, [row[:2] for row in rows])}
        else:  # the secret may have been taken away: then digests are left that it gave
            sound = not found and not (
                can and ask(connection, "SELECT 1 FROM data_key WHERE bound IS NOT NULL LIMIT 1")
            )
        if not sound:
            raise Tampered(
                f"the secrets of {self.database.name} have changed: one was altered, added or removed; open the record"
                " again if the key store was put back, otherwise put it back from a backup"
            )
        return there

    def _expect_kek(self, wrapped: object) -> bytes:
        try:
            return self._unwrap(_CHECK, wrapped)
        except Tampered as error:
            raise StoreUnavailable(
                f"{self.database.name} was made with another key-encryption key: expected that one, got one that does"
                " not open it"
            ) from error

    def _unwrap(self, name: str, wrapped: object) -> bytes:
        if not isinstance(wrapped, bytes | bytearray | memoryview):  # SQLite holds in a column what it was given
            raise Tampered(f"the secret {name} was altered: expected bytes, got {type(wrapped).__name__}")
        return self._kek.unwrap(name, blob_of(wrapped)).secret


def _digest(secret: bytes, rows: Any) -> bytes:
    return row_digest(secret, "secret", *sorted((str(name), wrapped) for name, wrapped in rows))
