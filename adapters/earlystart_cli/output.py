"""What goes out: data to standard output, everything else to standard error, and nothing that drives a terminal."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any
from unicodedata import category

import msgspec
from rich.console import Console

from earlystart_cli.columns import lines_of
from earlystart_core.answer import Answer
from earlystart_core.clocks import Clocks
from earlystart_core.errors import StoreUnavailable
from earlystart_core.visible import escaped, is_hidden

Write = Callable[[bytes], object]
_JOINING = "\u200c\u200d\ufe0f"  # belong within Persian and Indic names, and within signs made of several
_JOINED = frozenset(("Lo", "Mn", "Mc", "So", "Sk"))  # Unicode's categories of what they may stand between
_EMOJI = "\ufe0f"  # asks for a sign in colour
_encode = msgspec.json.Encoder(order="sorted").encode


class ReaderGone(Exception):
    """Whoever read the output has had enough: what goes on only to be printed stops, and says nothing."""


def plain(text: str, *, keep: str = "") -> str:
    """The text on one line; what turns its direction or cannot be seen is an escape, what drives a terminal a sign.

    keep: what may stay. Gaps of any kind are spaces. Joiners and variants stay within the scripts that need them.
    """
    if text.isascii() and text.isprintable():
        return text
    around = f" {text} "
    return "".join(
        _shown(char, around[place], around[place + 2]) if char not in keep else char for place, char in enumerate(text)
    )


def _shown(char: str, before: str, after: str) -> str:
    if char.isspace():
        return " "
    if not is_hidden(char) or (char in _JOINING and {category(before), category(after)} <= _JOINED):
        return char
    if char == _EMOJI and category(before) == "So":
        return char
    return "\ufffd" if category(char) == "Cc" else escaped(char)


def note(text: str) -> None:
    """One line to standard error. Where nobody hears it, nothing happens."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"{plain(text)}\n")
        sys.stderr.flush()


def note_sealed(rows: Any) -> None:
    """Says so where some text stays sealed: rows that are incomplete must not pass for whole."""
    from earlystart_core.audit.timeline import stays_sealed

    if stays_sealed(rows):
        note("some text stays sealed: no key for it is at hand (earlystart doctor says what is wrong with the keys)")


@contextmanager
def writing() -> Iterator[Write]:
    """Within: writes bytes to standard output.

    Raises:
        ReaderGone: the other end of a pipe was closed.
        StoreUnavailable: there is no standard output.
    """
    if sys.stdout is None:
        raise StoreUnavailable("there is no standard output: expected one, open for writing")
    try:
        sys.stdout.flush()
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise ReaderGone from None


def put(lines: Iterable[str]) -> None:
    """Lines for people, to standard output, in its encoding. Where nobody reads on, the status is still an answer."""
    with suppress(ReaderGone), writing() as write:
        encoding = sys.stdout.encoding or "utf-8"
        for line in lines:
            write(f"{plain(line)}\n".encode(encoding, "replace"))


def put_json(value: Any) -> None:
    """One JSON value and LF: UTF-8, no spaces, keys sorted. Where nobody reads on, the status is still an answer."""
    with suppress(ReaderGone), writing() as write:
        write(_encode(value) + b"\n")


def put_clocks(clocks: Clocks) -> None:
    """The line that says what was answered for."""
    note(str(clocks))


def put_answer(answer: Answer, form: str) -> None:
    """The answer in that form (`options.form`), and the clocks that it holds for. As `put` where nobody reads on."""
    put_clocks(answer.clocks)
    if form == "text":
        put(lines_of(answer.rows, screen_width()))
        if not answer:
            note("no rows")
        return
    with suppress(ReaderGone), writing() as write:
        if form == "json":
            write(answer.json() + b"\n")
        else:
            for line in answer.ndjson():
                write(line)


class Screen(Console):
    """Rich on one of the standard streams. Text is shown as it is: no markup in it, no emoji, nothing guessed."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(file=stream, markup=False, emoji=False, highlight=False)

    def on_broken_pipe(self) -> None:
        raise ReaderGone


def screen() -> Screen:
    """Standard output, for what Rich draws.

    Raises:
        StoreUnavailable: there is none.
    """
    if sys.stdout is None:
        raise StoreUnavailable("there is no standard output: expected one, open for writing")
    return Screen(sys.stdout)


def screen_width() -> int | None:
    """The terminal's width, None where the output is no terminal."""
    found = screen()
    return found.width if found.is_terminal else None
