"""Small files that a command is given: read whole, within a bound."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from earlystart_core.errors import Invalid


@contextmanager
def reading(option: str, path: Path) -> Iterator[BinaryIO]:
    """The file, open for reading until the end of the block.

    Raises:
        Invalid: it cannot be read; names the option.
    """
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise Invalid(option, f"expected a file that can be read, got {str(path)!r}: {error.strerror}") from None


def content_of(option: str, path: Path, most: int) -> bytes:
    """What is in the file.

    Raises:
        Invalid: it cannot be read, or is longer than that many bytes; names the option.
    """
    with reading(option, path) as file:
        found = file.read(most + 1)
    if len(found) > most:
        raise Invalid(option, f"expected a file of at most {most:,} bytes, got a longer one")
    return found


def text_in(option: str, path: Path | None, most: int) -> str | None:
    """The text in the file; None where none is named.

    Raises:
        Invalid: it cannot be read, is longer than that many bytes, or is no UTF-8; names the option.
    """
    if path is None:
        return None
    try:
        return content_of(option, path, most).decode()
    except UnicodeDecodeError:
        raise Invalid(option, "expected text in UTF-8, got other bytes") from None
