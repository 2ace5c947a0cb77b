"""The total of the import ledger: a keyed sum over all of its rows, and the log's head when it was written.

A row is added to it or taken from it as the row is written or deleted, so no other row has to be read for that. Whoever
has the database alone can neither make a total nor open one. Nothing of what a row adds is stored anywhere, so nobody
can look for other rows that add up to the same.
"""

import hmac
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from earlystart_core.errors import Tampered
from earlystart_sql.row_digest import row_digest

NONCE = 12  # bytes
WIDTH = 32  # bytes of a sum, and of a leaf
PLACE = 8  # bytes of a position
_encode = msgspec.msgpack.encode
_MOD = 1 << 8 * WIDTH
ALTERED = (
    "the total of the import ledger was altered, or is that of another store: put import_row, import_name,"
    " import_erased and import_total back together from a backup that was made after the last import and erasure"
)


class Total:
    """A sum of rows, and the head of the log that it was written for. secret: of the key store."""

    def __init__(self, secret: bytes) -> None:
        self._rows = row_digest(secret, "import_total", "rows")
        self._seal = row_digest(secret, "import_total", "sealed")
        self.sum = 0
        self.position = 0
        self.leaf = b""  # 32 bytes; none before the first entry

    def add(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Adds rows of that table, each as all of its columns in order."""
        self.sum = (self.sum + self._of(table, rows)) % _MOD

    def take(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Takes away rows that were added before."""
        self.sum = (self.sum - self._of(table, rows)) % _MOD

    def sealed(self) -> bytes:
        """The total encrypted; the same total always gives the same bytes."""
        plain = self.position.to_bytes(PLACE) + self.leaf.ljust(WIDTH, b"\0") + self.sum.to_bytes(WIDTH)
        nonce = hmac.digest(self._seal, plain, "sha256")[:NONCE]  # so no nonce is used for two totals
        return nonce + AESGCM(self._seal).encrypt(nonce, plain, None)

    def opened(self, sealed: object) -> Self:
        """Takes in what was `sealed`.

        Raises:
            Tampered: it was altered, or was not sealed under this secret.
        """
        try:
            plain = AESGCM(self._seal).decrypt(sealed[:NONCE], sealed[NONCE:], None)  # type: ignore[index]
        except (InvalidTag, ValueError, TypeError):  # SQLite holds in a column whatever it was given
            raise Tampered(ALTERED) from None
        self.position = int.from_bytes(plain[:PLACE])
        self.leaf = plain[PLACE : PLACE + WIDTH] if self.position else b""
        self.sum = int.from_bytes(plain[PLACE + WIDTH :])
        return self

    def _of(self, table: str, rows: Iterable[Sequence[Any]]) -> int:
        name, key = str(table), self._rows  # SQLAlchemy's names are of a kind of their own
        texts = (_encode((name, tuple(row))) for row in rows)
        # Keyed BLAKE2b takes less than half the time of HMAC, and an import makes one for each row of the ledger.
        return sum(int.from_bytes(blake2b(text, key=key, digest_size=WIDTH).digest()) for text in texts)
