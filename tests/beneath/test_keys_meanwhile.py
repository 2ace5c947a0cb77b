"""Keys, and a log that is put back or replaced beneath a program that has both open."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from earlystart_core import Record
from earlystart_core.errors import StoreUnavailable
from tests.beneath.backups import Backup, copied, file_of
from tests.beneath.told import BY, case_of, decide_tier, open_case


def told(record: Record, number: int) -> list[object]:
    return [row["fields"].get("reason") for row in record.timeline(case_of(number)) if row["type"] == "TierDecided"]


def test_another_log_in_the_place_of_this_one_gets_none_of_its_keys(sqlite_url: str, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    for url in (sqlite_url, other):
        with Record.open(url) as record:
            open_case(record, 1)
            decide_tier(record, 1, why="about the child")
    with Record.open(sqlite_url) as record:
        assert told(record, 1) == ["about the child"]
        copied(file_of(other), file_of(sqlite_url))
        with pytest.raises(StoreUnavailable, match="key store of another log"):
            decide_tier(record, 1, "universal", "about another child")


def test_log_and_keys_that_are_put_back_to_before_an_erasure(sqlite_url: str, tmp_path: Path) -> None:
    """What the log says is gone holds for the log that says so."""
    keys = f"{sqlite_url}.keys"
    with Record.open(sqlite_url) as record:
        open_case(record, 1)
        decide_tier(record, 1, why="about the child")
        backups = [Backup(sqlite_url, tmp_path / "log"), Backup(keys, tmp_path / "keys")]
        record.erase(case_of(1), authority="Head of IG 12", second_authority="Caldicott 7", by=BY)
        assert told(record, 1) != ["about the child"]
        for backup in backups:
            backup.put_back()
        with Record.open(sqlite_url) as fresh:
            assert told(record, 1) == told(fresh, 1) == ["about the child"]


def before_the_append(record: Record, monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Does something once, between the sealing of a command's text and the append."""
    log: Any = record.store.log
    append = log.append

    def appending(*arguments: Any, **options: Any) -> int:
        monkeypatch.setattr(log, "append", append)
        act()
        return append(*arguments, **options)

    monkeypatch.setattr(log, "append", appending)


@pytest.mark.parametrize("whose", ["its own", "another program's"])
def test_text_is_not_acknowledged_under_a_key_that_is_gone(
    sql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    """The key was made, then a server took over that lacks it, or the key store was put back."""
    kept = f"{sql_url}.keys" if sql_url.startswith("sqlite") else sql_url
    with Record.open(sql_url) as record:
        open_case(record, 1)
        open_case(record, 2)
        decide_tier(record, 2, why="so that there is a key store")
        backup = Backup(kept, tmp_path / "backup")
        if whose != "its own":
            with Record.open(sql_url) as other:
                assert other.store.keys.for_subjects([case_of(1)])
        before_the_append(record, monkeypatch, backup.put_back)
        with pytest.raises(StoreUnavailable, match="is not in the key store any more"):
            decide_tier(record, 1, why="about the child")
        assert decide_tier(record, 1, why="about the child") == (4,)
        with Record.open(sql_url) as fresh:
            assert told(record, 1) == told(fresh, 1) == ["about the child"]
