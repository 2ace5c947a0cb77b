"""The key-encryption key: 32 bytes, from the environment, or from a file that only its owner may read.

`EARLYSTART_KEK` holds it as 64 hexadecimal digits and comes first. A file of its own is made where there is none;
keep it away from the key store's backups: with both, whoever has them has every key.
"""

import errno
import os
import stat
import warnings
from hashlib import sha256
from pathlib import Path

from earlystart_core.errors import StoreUnavailable
from earlystart_core.visible import visible
from earlystart_sql.address import Address, beside
from earlystart_sql.making import put

VARIABLE = "EARLYSTART_KEK"
MOST = 4_096  # bytes of its file that are read
OWNER_ALONE = 0o600
_NO_MODES = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS)  # what a file system without modes says to its owner


class KeyReadableByOthers(UserWarning):
    """A key-encryption key stands on a file system that keeps no modes, so that others than its owner may read it."""

    def __init__(self, name: str, mode: int) -> None:
        super().__init__(
            f"{name} may be read by others (mode {mode:o}), and its file system cannot change that: mount it so that"
            f" only you may read (umask=077), or give the key-encryption key in {VARIABLE} and take the file away"
        )


def file_of(address: Address) -> Path:
    """Where the key-encryption key of a key store is kept without the environment.

    Beside an SQLite file; for a PostgreSQL database in the user's configuration folder, under a name that its host,
    port and database give, so that it is never in the database's own backups. The name never changes, for the keys of
    a store are lost with it.
    """
    if address.path is not None:
        return beside(address, ".kek")
    assert address.url is not None
    host, port = address.url.host or "", f":{address.url.port}" if address.url.port else ""
    place = f"postgresql://{host}{port}/{address.url.database or ''}"
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return home / "earlystart" / f"{sha256(place.encode()).hexdigest()[:16]}.kek"


def kek_of(path: Path, *, create: bool) -> bytes:
    """The key-encryption key. `path`: its file, made with the system's chance where there is none and `create` is true.

    Warns:
        KeyReadableByOthers: they may, and its file system knows no way to stop it.

    Raises:
        StoreUnavailable: there is none, others than its owner may read it, it is no file, or not 64 hexadecimal digits.
    """
    given = os.environ.get(VARIABLE)
    if given is not None:
        return _parsed(given, VARIABLE)
    name = visible(str(path))
    try:
        try:
            return _read(path, name)
        except FileNotFoundError:
            if not create:
                raise StoreUnavailable(
                    f"{name} does not exist: expected the key-encryption key of this key store there, or in {VARIABLE}"
                ) from None
    except OSError as error:
        raise StoreUnavailable(f"{name} cannot be read: {error.strerror}") from error
    try:
        _make(path)
        return _read(path, name)
    except OSError as error:
        raise StoreUnavailable(f"{name} cannot be made: {error.strerror}") from error


def _read(path: Path, name: str) -> bytes:
    at_once = getattr(os, "O_NONBLOCK", 0)  # a pipe is opened without waiting for who writes to it
    with os.fdopen(os.open(path, os.O_RDONLY | at_once), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise StoreUnavailable(f"{name} is no file: expected one that holds the key-encryption key")
        mode = stat.S_IMODE(mode)
        if mode & 0o077 and os.name == "posix":  # elsewhere a mode says nothing of who may read
            if _keeps_modes(path, mode):
                raise StoreUnavailable(
                    f"{name} may be read by others: expected a key-encryption key that only its owner may (mode 600),"
                    f" got mode {mode:o}"
                )
            warnings.warn(KeyReadableByOthers(name, mode), stacklevel=2)
        return _parsed(file.read(MOST).decode("ascii", "replace"), name)


def _keeps_modes(path: Path, mode: int) -> bool:
    """Whether its owner could take the file away from others; where that is not known, yes.

    Asked of the file system itself, by doing so and undoing it: some only look as if they did.
    """
    if os.geteuid() not in (0, path.stat().st_uid):
        return True
    try:
        path.chmod(mode & OWNER_ALONE)
        kept = stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
        path.chmod(mode)
    except OSError as error:
        return error.errno not in _NO_MODES or not os.access(path, os.W_OK)  # or nobody may change the file at all
    return kept


def _parsed(text: str, where: str) -> bytes:
    try:
        kek = bytes.fromhex(text.strip())
    except ValueError:
        kek = b""
    if len(kek) != 32:
        raise StoreUnavailable(
            f"{where} holds no key-encryption key: expected 64 hexadecimal digits, got something else"
        )
    return kek


def _make(path: Path) -> None:
    """Makes the file whole, then gives it its place: whoever was first made the key."""
    draft = path.with_name(f".earlystart-{os.urandom(8).hex()}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ALONE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(32).hex().encode() + b"\n")
        put(draft, path)
    finally:
        draft.unlink(missing_ok=True)
