"""The key-encryption key: 32 bytes, from the environment, or from a file that only its owner may read.

`EARLYSTART_KEK` holds it as 64 hexadecimal digits and comes first. A file of its own is made where there is none;
keep it away from the key store's backups: with both, whoever has them has every key.
"""

import os
import stat
from hashlib import sha256
from pathlib import Path

from earlystart_core.errors import StoreUnavailable
from earlystart_sql.address import Address

VARIABLE = "EARLYSTART_KEK"


def file_of(address: Address) -> Path:
    """Where the key-encryption key of a key store is kept without the environment.

    Beside an SQLite file; for a PostgreSQL database in the user's configuration folder, under a name that its host,
    port and database give, so that it is never in the database's own backups. The name never changes, for the keys of
    a store are lost with it.
    """
    if address.path is not None:
        return Path(f"{address.path}.kek")
    assert address.url is not None
    host, port = address.url.host or "", f":{address.url.port}" if address.url.port else ""
    place = f"postgresql://{host}{port}/{address.url.database or ''}"
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return home / "earlystart" / f"{sha256(place.encode()).hexdigest()[:16]}.kek"


def kek_of(path: Path, *, create: bool) -> bytes:
    """The key-encryption key. `path`: its file, made with the system's chance where there is none and `create` is true.

    Raises:
        StoreUnavailable: there is none, others than its owner may read it, it is no file, or not 64 hexadecimal digits.
    """
    given = os.environ.get(VARIABLE)
    if given is not None:
        return _parsed(given, VARIABLE)
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):  # reading a pipe would wait for ever
            raise StoreUnavailable(f"{path} is no file: expected one that holds the key-encryption key")
        if stat.S_IMODE(mode) & 0o077:
            raise StoreUnavailable(
                f"{path} may be read by others: expected a key-encryption key that only its owner may (mode 600), got"
                f" mode {stat.S_IMODE(mode):o}"
            )
        return _parsed(path.read_text("ascii", errors="replace"), str(path))
    except FileNotFoundError:
        if not create:
            raise StoreUnavailable(
                f"{path} does not exist: expected the key-encryption key of this key store there, or in {VARIABLE}"
            ) from None
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be read: {error.strerror}") from error
    return _made(path)


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


def _made(path: Path) -> bytes:
    """Makes the file whole beside its place and links it there: whoever was first made the key."""
    draft = path.with_name(f".{path.name}-{os.urandom(8).hex()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, os.urandom(32).hex().encode() + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return _parsed(path.read_text("ascii", errors="replace"), str(path))
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be made: {error.strerror}") from error
