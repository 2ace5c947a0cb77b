"""F15: good texts with something broken in them, at every parser: a right answer, or an error of this library."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from base_feed import base, written

from earlystart_core.clocks import begin_of, day_in, instant_of
from earlystart_core.entry import parse
from earlystart_core.errors import EarlyStartError
from earlystart_core.privacy.sealed import Sealed
from earlystart_core.proof.checkpoint import checkpoint_in
from earlystart_core.proof.judging import verify_export
from earlystart_core.proof.keys import vkey_in
from earlystart_core.proof.notes import note_in
from earlystart_core.words import EVENTS
from earlystart_feeds import values
from earlystart_feeds.reading import read_feed
from tests.depth import many
from tests.house.vectors import FOLDER
from tests.proof.test_notes import KNOWN, WITNESS_VKEY

VECTORS = [json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))]
WORDS = (
    b"null",
    b"\x00",
    b"\xff",
    b'"',
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"[" * 50,
    b"1e999",
    b"-1",
    b"9" * 30,
    b"\n",
    b"",
)
DATES = ("2026-03-29", "2026-03-29T01:30:00Z", "2026-10-25T01:30:00+01:00", "17", "1900-01-01", "2199-12-31T23:59:59Z")


def broken(good: bytes, chance: random.Random) -> bytes:
    """It with one to four changes: bits, cuts, doublings, and words that parsers stumble over."""
    found = bytearray(good)
    for _ in range(chance.randint(1, 4)):
        at, end = sorted(chance.randint(0, len(found)) for _ in range(2))
        match chance.randrange(5):
            case 0 if at < len(found):
                found[at] ^= 1 << chance.randrange(8)
            case 1:
                del found[at:end]
            case 2:
                found[at:at] = found[at:end]
            case 3:
                found[at : at + 1] = chance.choice(WORDS)
            case _:
                found[at:at] = chance.choice(WORDS)
    return bytes(found)


def event(given: bytes, vector: dict[str, Any]) -> None:
    EVENTS.event(parse(vector["frame"].encode(), given, bytes(32)))


def text_of(given: bytes) -> str:
    return given.decode("utf-8", "replace")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: f"{each['type']}.v{each['version']}")
def test_data_of_events(vector: dict[str, Any]) -> None:
    """Of each type and version, lifts included."""
    chance = random.Random(vector["type"])
    for _ in range(many(2_000, 60)):
        expect_ours(lambda given: event(given, vector), broken(vector["data"].encode(), chance))


def expect_ours(read: Callable[[bytes], object], given: bytes) -> None:
    """Whatever comes out of it is an answer or an error of this library."""
    try:
        read(given)
    except EarlyStartError as error:
        assert str(error)


def sealed(given: bytes) -> None:
    try:
        msgspec.json.decode(given, type=Sealed)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return


SEALED = next(line for each in VECTORS for line in [each["data"]] if '"ct":' in line)
CANONICAL = b"".join(each["canonical"].encode() + b"\n" for each in VECTORS[:3])
TARGETS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "note": (note_in, KNOWN.encode()),
    "checkpoint": (checkpoint_in, KNOWN.encode()),
    "vkey": (vkey_in, WITNESS_VKEY.encode()),
    "export": (lambda given: verify_export(given.splitlines(keepends=True)), CANONICAL),
    "sealed": (sealed, json.dumps(next(v for v in json.loads(SEALED).values() if isinstance(v, dict))).encode()),
    "nhs number": (lambda given: values.nhs_number(text_of(given)), b"999 000 0018"),
    "feed day": (lambda given: values.day(text_of(given)), b"2026-03-29"),
    "feed time": (lambda given: values.clock_time(text_of(given)), b"01:30:00"),
    "feed minutes": (lambda given: values.minutes(text_of(given)), b"45"),
    **{f"instant {text}": (lambda given: instant_of(text_of(given)), text.encode()) for text in DATES},
    **{f"begin {text}": (lambda given: begin_of("at", text_of(given)), text.encode()) for text in DATES},
    "day": (lambda given: day_in("on", text_of(given)), b"2026-03-29"),
}


@pytest.mark.parametrize("target", TARGETS)
def test_texts(target: str) -> None:
    """Notes, keys, proofs, exports, sealed values, and what people write for days, times and numbers."""
    read, good = TARGETS[target]
    expect_ours(read, good)
    chance = random.Random(target)
    for _ in range(many(20_000, 500)):
        expect_ours(read, broken(good, chance))


def test_files_of_a_feed(tmp_path: Path) -> None:
    """Each known file, read whole."""
    folder = written(tmp_path / "feed", base())
    files = sorted(folder.iterdir())
    good = {file: file.read_bytes() for file in files}
    chance = random.Random(15)
    for _ in range(many(3_000, 150)):
        file = chance.choice(files)
        file.write_bytes(broken(good[file], chance))
        expect_ours(lambda _: read_feed(folder), b"")
        file.write_bytes(good[file])
