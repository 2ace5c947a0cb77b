"""The key-encryption key: 32 bytes, from the environment, or from a file that only its owner may read.

`EARLYSTART_KEK` holds it as 64 hexadecimal digits and comes first. A file of its own is made where there is none;
keep it away from the key store's backups: with both, whoever has them has every key.
"""

import os
from pathlib import Path

from earlystart_core.errors import StoreUnavailable
from earlystart_core.privacy.keys import Chance

VARIABLE = "EARLYSTART_KEK"


def kek_of(path: Path | None, chance: Chance, *, create: bool) -> bytes:
    """The key-encryption key. `path`: its file; None where only the environment can give it.

    Raises:
        StoreUnavailable: there is none, or it is not 64 hexadecimal digits.
    """
    given = os.environ.get(VARIABLE)
    if given is not None:
        return _parsed(given, VARIABLE)
    if path is None:
        raise StoreUnavailable(f"a key store in PostgreSQL needs the key-encryption key in {VARIABLE} (64 hex digits)")
    try:
        return _parsed(path.read_text("ascii", errors="replace"), str(path))
    except FileNotFoundError:
        if not create:
            raise StoreUnavailable(
                f"{path} does not exist: expected the key-encryption key of this key store"
            ) from None
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be read: {error.strerror}") from error
    return _made(path, chance)


def _parsed(text: str, where: str) -> bytes:
    try:
        kek = bytes.fromhex(text.strip())
    except ValueError:
        kek = b""
    if len(kek) != 32:
        raise StoreUnavailable(f"{where} holds no key-encryption key: expected 64 hexadecimal digits")
    return kek


def _made(path: Path, chance: Chance) -> bytes:
    """Makes the file whole beside its place and links it there: whoever was first made the key."""
    draft = path.with_name(f".{path.name}-{chance(8).hex()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, chance(32).hex().encode() + b"\n")
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
