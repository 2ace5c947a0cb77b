"""Killed at any moment, an erasure claims nothing that is not so, and carrying it out again finishes it."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from base_feed import base, written
from feed_kit import SqlPlace, entries, now

from earlystart_core import Record
from earlystart_core.erasing.reconciling import unfinished
from earlystart_core.errors import StoreUnavailable
from earlystart_core.privacy.keys import Shredded
from earlystart_feeds import import_feed
from tests.erasure.conftest import ANNA, TEXT, WORDS_OF_TWO, Place, files, lines, opened_text, texts, wrapped_keys

CHILD = Path(__file__).with_name("killed_child.py")


def erased_in(subject: str, folders: list[Path]) -> list[int]:
    """How many statements each erasure took that came to its end."""
    ran = subprocess.run(
        [sys.executable, str(CHILD), subject, *map(str, folders)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=200,
    )
    assert not ran.stderr
    return [int(line) for line in ran.stdout.split()]


def test_killed_before_any_statement_it_is_never_half_claimed(tmp_path: Path) -> None:
    """No tombstone stands while a key does; entries stay as they are; the second erasure ends what the first began."""
    whole = tmp_path / "whole"
    whole.mkdir()
    place = SqlPlace(f"sqlite:///{whole / 'store.db'}")
    import_feed(written(tmp_path / "feed", base()), place, clock=now, chance=os.urandom)
    case = next(each["data"]["case"] for each in entries(place) if each["type"] == "CaseOpened")
    before = lines(Record(place.store))
    wrapped = wrapped_keys(Record(place.store))
    place.close()
    (count,) = erased_in(case, [Path(shutil.copytree(whole, tmp_path / "tried"))])
    assert count > 20
    folders = [Path(shutil.copytree(whole, tmp_path / f"killed{n}")) for n in range(count + 2)]
    assert erased_in(case, folders) == [
        count,
        count,
    ]  # the first, in which none was deadly, and the last, beyond its end
    seen = set()
    erased = {case, *(subject for subject in wrapped if subject.startswith("person:"))}
    for folder in folders[1:]:
        raw = b"".join(held for name, held in files(folder).items() if name.startswith("store.db.keys"))
        with Record.open(str(folder / "store.db"), clock=lambda: datetime(2026, 5, 3, 9, tzinfo=UTC)) as record:
            found = lines(record)
            assert found[: len(before)] == before
            certified = len(record.erasures())
            living = record.store.keys.names([case])
            left = dict(unfinished(record.store.log, record.store.keys))
            seen.add((bool(certified), bool(living), bool(left)))
            if certified:
                assert not living
                assert not [subject for subject, key in wrapped.items() if subject in erased and key in raw]
            assert texts(record, case) in (["review"], ["(erased)"])
            assert (texts(record, case) == ["(erased)"]) is not bool(living)
            done = record.erase(case, **{**WORDS_OF_TWO, "authority": "Another"})
            assert done.evidence.authority == ("Another" if living else "Caldicott guardian")
            after = lines(record)
            assert (after[: len(before)], len(after)) == (before, len(before) + 1)
            assert not unfinished(record.store.log, record.store.keys)
            assert not record.store.forgetting.remembers(case)
        held = b"".join(files(folder).values())
        assert not [subject for subject in done.evidence.subjects if subject in wrapped and wrapped[subject] in held]
    # (certificate, key, key gone and not told yet): it was killed before, in between and after
    assert seen == {(False, True, False), (False, False, True), (True, False, False)}


@pytest.mark.parametrize("step", ["before the keys go", "after the keys went", "before the end"])
def test_stopped_by_a_fault_it_is_finished_later(place: Place, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL too: the database fails, and says so."""

    def fails(*_: Any) -> Any:
        raise StoreUnavailable("the store is gone")

    with place.open() as record:
        before = lines(record)
        keys: Any = record.store.keys
        forgetting: Any = record.store.forgetting
        broken = {
            "before the keys go": (keys, "destroy"),
            "after the keys went": (forgetting._ledger, "forget_within"),
            "before the end": (forgetting, "scrub"),
        }[step]
        with monkeypatch.context() as patch:
            patch.setattr(*broken, fails)
            with pytest.raises(StoreUnavailable, match="the store is gone"):
                record.erase(ANNA, **WORDS_OF_TWO)
        gone = step != "before the keys go"
        assert texts(record, ANNA) == (["(erased)"] if gone else [TEXT[ANNA]])
        assert len(record.erasures()) == (step == "before the end")
        assert list(unfinished(record.store.log, keys)) == ([ANNA] if step == "after the keys went" else [])
        if gone:
            left = opened_text(record, ANNA)
            assert isinstance(left, Shredded)
            assert left.evidence is not None
    with place.open() as record:
        record.erase(ANNA, **WORDS_OF_TWO)
        assert len(record.erasures()) == 1
        assert lines(record)[: len(before)] == before
        assert texts(record, ANNA) == ["(erased)"]
        assert not unfinished(record.store.log, record.store.keys)
