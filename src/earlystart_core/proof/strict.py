"""Reading text that came from elsewhere: one spelling of each value, and a sentence for every other."""

import base64
import binascii
import re

from earlystart_core.errors import Invalid

MOST = 65_536  # bytes of a note or a proof
GREATEST = 2**63 - 1  # a size or an index

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
NAME = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}")  # of a key: no space of any alphabet, no plus


def check_carried(field: str, given: bytes) -> None:
    """Returns where a file came through unchanged by the usual editors and mail programs of Windows.

    Raises:
        Invalid: it has Windows line ends, or a byte order mark at its beginning.
    """
    if given.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise Invalid(field, "expected no byte order mark, got one at its beginning: some editors put it there")
    if b"\r\n" in given:
        raise Invalid(field, "expected line feeds alone, got Windows line ends: some mail programs make them")


def bytes_of(field: str, given: str | bytes) -> bytes:
    """The bytes of what a caller gave as text or bytes.

    Raises:
        Invalid: it is neither, or text that UTF-8 cannot hold.
    """
    if isinstance(given, bytes):
        return given
    if not isinstance(given, str):
        raise Invalid(field, f"expected text, got {type(given).__name__}")
    try:
        return given.encode()
    except UnicodeEncodeError:
        raise Invalid(field, "expected valid Unicode text, got an unpaired surrogate") from None


def text_in(field: str, given: bytes) -> str:
    """The text of a note or a proof, which ends with a line feed.

    Raises:
        Invalid: too long, no UTF-8, control characters in it, or cut off.
    """
    if len(given) > MOST:
        raise Invalid(field, f"expected at most {MOST:,} bytes, got {len(given):,}")
    check_carried(field, given)
    try:
        text = given.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(field, f"expected UTF-8, got other bytes at {error.start}") from None
    if any(char < " " and char != "\n" for char in text):
        raise Invalid(field, "expected no control characters but line feeds, got others")
    if not text:
        raise Invalid(field, "expected its text, got an empty one")
    if not text.endswith("\n"):
        raise Invalid(field, "expected a line feed at its end, got a line that is cut off")
    return text


def number_in(field: str, what: str, text: str) -> int:
    """A whole number from 0 to 2^63 - 1, as ASCII digits without leading zeros.

    Raises:
        Invalid: anything else.
    """
    if not _NUMBER.fullmatch(text) or int(text) > GREATEST:
        raise Invalid(field, f"expected the {what} as a whole number without leading zeros, got {text[:30]!r}")
    return int(text)


def bytes_in(field: str, what: str, text: str, length: int | None = None) -> bytes:
    """The bytes of canonical standard base64, of that length where one is given.

    Raises:
        Invalid: another alphabet, wrong padding, loose bits at the end, or another length.
    """
    try:
        found = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise Invalid(field, f"expected the {what} in base64, got {text[:30]!r}") from None
    if base64.b64encode(found).decode() != text:
        raise Invalid(field, f"expected the {what} in canonical base64, got another spelling, {text[:50]!r}")
    if length is not None and len(found) != length:
        raise Invalid(field, f"expected the {what} as {length} bytes, got {len(found)}")
    return found


def in_base64(given: bytes) -> str:
    """Those bytes in canonical standard base64."""
    return base64.b64encode(given).decode()
