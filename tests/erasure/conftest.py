"""Records that hold personal text of two children and a mother, on every kind of store, and what is left in files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conftest import Clock
from earlystart_core import DecideTier, OpenCase, Practitioner, Record, RecordContact, RecordSharingConsent
from earlystart_core.entry import canonical_of
from earlystart_core.privacy.keys import Shredded
from earlystart_core.words import EVENTS

BY = Practitioner("practitioner:" + "0" * 26, "information_governance", "org:lch")
WORDS_OF_TWO = {"authority": "Caldicott guardian, IG-7", "second_authority": "Head of IG, IG-7", "by": BY}
ANNA, BEN = f"case:{1:026d}", f"case:{2:026d}"
MOTHER, FAMILY = f"person:{1:026d}", f"family:{1:026d}"
TEXT = {ANNA: "Anna cries at night: Zyxwvut", BEN: "Ben has the pox: Utsrqpo"}
BOTH = "Both children were ill: Ihgfedc"


def told(record: Record) -> None:
    """Two cases, a text about each, and a consent of their mother about the first."""
    day = datetime(2026, 3, 2, 9, tzinfo=UTC)
    for number, case in enumerate((ANNA, BEN)):
        at = day + timedelta(days=number)
        record.submit(
            OpenCase(
                occurred_at=at, case=case, family=FAMILY, team="team:armley", reason="birth", born_on=date(2026, 2, 20)
            ),
            by=BY,
        )
        record.submit(DecideTier(occurred_at=at, case=case, tier="universal_plus", reason=TEXT[case]), by=BY)
    record.submit(
        RecordSharingConsent(
            occurred_at=day,
            case=ANNA,
            person=MOTHER,
            capacity="parent",
            recipient="org:little-owls",
            purpose="nursery_place",
            decision="given",
            wording="w1",
        ),
        by=BY,
    )


def joint_contact(record: Record, contact: str) -> int:
    """A contact with both children; returns its position."""
    command = RecordContact(
        occurred_at=datetime(2026, 3, 9, 9, tzinfo=UTC),
        contact=contact,
        cases=(ANNA, BEN),
        kind="new_birth_visit",
        attendance="5",
        mechanism="01",
        location="A01",
        practitioners=(f"practitioner:{1:026d}",),
        employers=("org:lch",),
    )
    return record.submit(command, by=BY).positions[0]


def lines(record: Record) -> list[tuple[bytes, bytes]]:
    """The canonical bytes and the leaf of every entry."""
    return [(canonical_of(one), one.leaf) for one in record.store.log.read().entries()]


def texts(record: Record, case: str) -> list[str]:
    """What the case's story shows of its personal text."""
    return [row["fields"]["reason"] for row in record.timeline(case) if row["type"] == "TierDecided"]


def opened_text(record: Record, case: str) -> str | Shredded:
    """The text of the case's tier, opened: it, or what is left of it. Raises Tampered as the library does."""
    for one in record.store.log.read().entries():
        if one.event.type == "TierDecided" and case in one.event.tags:
            return EVENTS.opened(EVENTS.event(one), one, record.store.keys)["reason"]
    raise AssertionError(f"no text of {case}")


@dataclass
class Place:
    """Where a record is kept, to be opened again and again."""

    url: str
    clock: Clock

    @contextmanager
    def open(self, **options: Any) -> Iterator[Record]:
        with Record.open(self.url, clock=self.clock, chance=os.urandom, **options) as record:
            yield record


@pytest.fixture
def place(sql_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A record on SQLite, and on PostgreSQL, with its texts told."""
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    clock.now = datetime(2026, 5, 1, 9, tzinfo=UTC)
    found = Place(sql_url, clock)
    with found.open() as record:
        told(record)
    return found


@pytest.fixture
def on_sqlite(tmp_path: Path, clock: Clock) -> Place:
    """The same on SQLite alone, in a folder of its own."""
    clock.now = datetime(2026, 5, 1, 9, tzinfo=UTC)
    folder = tmp_path / "store"
    folder.mkdir()
    found = Place(f"sqlite:///{folder / 'store.db'}", clock)
    with found.open() as record:
        told(record)
    return found


def wrapped_keys(record: Record) -> dict[str, bytes]:
    """The wrapped key of each subject as the key store has it."""
    keys: Any = record.store.keys
    with keys.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT subject, wrapped FROM data_key").all()
    return {subject: bytes(wrapped) for subject, wrapped in rows}


def secrets_of(record: Record, subject: str) -> list[bytes]:
    """The bytes that must be nowhere once the subject is erased: its key, bare and wrapped, and its text in clear."""
    key = record.store.keys.for_subjects([subject])[subject]
    text = TEXT.get(subject, "")
    clear = [text.encode(), msgspec.json.encode(text)[1:-1]] if text else []
    return [key.secret, wrapped_keys(record)[subject], *clear]


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, raw, those that SQLite keeps beside its own too."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
