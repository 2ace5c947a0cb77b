"""Keys, and logs that are small enough to look at and large enough for subtrees that are kept."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from earlystart_core.entry import Entry, Practitioner
from earlystart_core.log import Log
from earlystart_core.proof.keys import Signer, signer_in
from earlystart_core.proof.of_log import LogProof
from earlystart_sql.export import canonical_lines
from earlystart_sql.log import SqlLog
from tests.conftest import START

SEED_1 = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")  # RFC 8032, test 1
SEED_2 = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")  # RFC 8032, test 2
BY = Practitioner("practitioner:00000000000000000000000001", "health_visitor", "org:lch")


def pem_of(seed: bytes) -> bytes:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


PEM, OTHER_PEM = pem_of(SEED_1), pem_of(SEED_2)


def signer(name: str = "earlystart.example/caselog/test", pem: bytes = PEM) -> Signer:
    return signer_in(pem, name)


def entry(number: int) -> Entry:
    """An entry of one of two shapes; nothing in the tree depends on what it says."""
    return Entry(
        "Tried" if number % 3 else "Tested",
        b'{"number":%d}' % number,
        [f"case:{number % 7}"],
        recorded_by=BY,
        command_id=f"c{number}",
        occurred_at=START + timedelta(minutes=number) if number % 2 else None,
    )


def filled(log: Log, count: int, batch: int = 100) -> Log:
    """The log with so many entries more."""
    begun = log.head()
    for at in range(begun, begun + count, batch):
        log.append([entry(number) for number in range(at, min(at + batch, begun + count))])
    return log


@pytest.fixture
def proof(clock: Callable) -> Callable[[Log], LogProof]:
    return lambda log: LogProof(log.tree, clock)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "log.pem"
    path.write_bytes(PEM)
    return path


def lines(log: SqlLog, *, leaves: bool = True) -> list[bytes]:
    return b"".join(canonical_lines(log, upto=log.head(), leaves=leaves)).splitlines(keepends=True)
