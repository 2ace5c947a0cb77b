"""Feeds with anything done to them: one sentence or a whole report, never half a feed, and twice adds nothing."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from base_feed import base
from feed_kit import SMALL, SqlPlace, Store, now, recorded_story, take
from made_feed import Maker

from earlystart_core.errors import Refused
from earlystart_feeds import Report, import_feed, read_feed

Change = Callable[[random.Random, bytes], bytes]
PIECES = [
    b'"', b'""', b",", b",,,", b"\n", b"\r", b"\r\n", b"\0", b";", b"\t", b"\xff", b"\xe9", b"\xc3", b"\xef\xbb\xbf",
    b" ", b"'", b"=1+1", b"24/02/2026", b"9990000018", b"\xed\xa0\x80", b"\xe2\x80\xae", b"x" * 140_000, b"-",
]  # fmt: skip


def inserted(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(PIECES) + data[at:]


def cut(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + data[at + chance.randrange(40) :]


def ended(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def flipped(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) or 1)
    return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]


def line_moved(chance: random.Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    chance.shuffle(lines)
    return b"".join(lines) if chance.random() < 0.3 else b"".join([*data.splitlines(keepends=True), *lines[:3]])


def recoded(chance: random.Random, data: bytes) -> bytes:
    return data.decode("utf-8", "replace").encode(chance.choice(["utf-16", "cp1252", "utf-8-sig", "utf-32"]), "replace")


def separated(chance: random.Random, data: bytes) -> bytes:
    return data.replace(b",", chance.choice([b";", b"\t", b"|", b", "]))


def line_ended(chance: random.Random, data: bytes) -> bytes:
    return data.replace(b"\n", chance.choice([b"\r", b"\r\n", b"\r\r\n", b"\n\n"]))


CHANGES: list[Change] = [inserted] * 6 + [cut, cut, ended, flipped, flipped, line_moved, recoded, separated, line_ended]


def spoil(chance: random.Random, folder: Path) -> None:
    files = sorted(folder.glob("*.csv"))
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        file = chance.choice(files)
        file.write_bytes(chance.choice(CHANGES)(chance, file.read_bytes()))
    if chance.random() < 0.05:
        chance.choice(files).rename(folder / chance.choice(["Cases.CSV", "other.csv", "teams.csv"]))


def adds_up(report: Report, folder: Path) -> None:
    rows = {file: len(found) for file, found in read_feed(folder).rows.items()}
    for file, count in report.files.items():
        assert count.accepted + count.already_known + count.refused == rows[file]
    assert len(report.refused) == report.total.refused
    assert sum(rows.values()) == report.total.accepted + report.total.already_known + report.total.refused


def tried(store: Store, folder: Path) -> bool:
    """Whether the feed was one. Whatever it is, nothing raw comes out and nothing is stored by halves."""
    before = recorded_story(store)
    try:
        checked = import_feed(folder, store, clock=now, chance=os.urandom, check=True)
    except Refused as refused:
        assert refused.code.startswith("feed.")
        with pytest.raises(Refused) as again:
            take(store, folder)
        assert again.value.message == refused.message
        assert recorded_story(store) == before
        return False
    assert recorded_story(store) == before
    report = take(store, folder)
    assert report.as_json() == checked.as_json()
    adds_up(report, folder)
    whole = recorded_story(store)
    again = take(store, folder)
    adds_up(again, folder)
    assert again.total.accepted == 0
    assert recorded_story(store) == whole
    assert [(each.file, each.line) for each in again.refused] == [(each.file, each.line) for each in report.refused]
    return True


@pytest.mark.parametrize("seed", range(12))
def test_made_feeds_spoilt(seed: int, tmp_path: Path) -> None:
    chance, outcomes = random.Random(seed), []
    for number in range(12):
        maker = Maker(seed * 100 + number, faults=chance.choice([0, 0.04]))
        folder = maker.write(tmp_path / str(number), chance.choice([base(), maker.feed()]))
        spoil(chance, folder)
        store = Store()
        outcomes.append(tried(store, folder))
        later = maker.write(tmp_path / f"{number}-later", maker.later(maker.feed()))
        spoil(chance, later)
        tried(store, later)
    assert len(outcomes) == 12


def test_enough_spoilt_feeds_are_still_feeds(tmp_path: Path) -> None:
    """Else the fuzzer would only look at refusals."""
    chance, outcomes = random.Random(0), []
    for number in range(40):
        folder = Maker(number).write(tmp_path / str(number), base())
        spoil(chance, folder)
        outcomes.append(tried(Store(), folder))
    assert 8 <= sum(outcomes) <= 36


def test_the_small_feed_spoilt(sqlite_url: str, tmp_path: Path) -> None:
    """Feed after feed into one store."""
    chance, store = random.Random(7), SqlPlace(sqlite_url)
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        for path in SMALL.glob("*.csv"):
            (folder / path.name).write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:200]))
        spoil(chance, folder)
        tried(store, folder)
    store.close()
