"""A backup put back beneath a running import: it stops, and takes no entry or row of the other log for its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from earlystart_core import Conflict, Record, StoreUnavailable, Tampered
from earlystart_feeds import importing
from tests.beneath.backups import Backup
from tests.beneath.told import open_case
from tests.whole_store import feed, imported, sql

Put = Callable[[Record], object]


def opened(url: str, monkeypatch: pytest.MonkeyPatch) -> Record:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    record = Record.open(url)
    open_case(record, 1)
    return record


def put_back_before(number: int, record: Record, put: Put, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lets a backup be put back before that batch is recorded; the log's head then and after each batch that was."""
    ledger, heads = sql(record).ledger, list[int]()
    whole = ledger.record

    def recorded(*parts: object) -> object:
        if len(heads) == number:
            put(record)
            heads.append(record.store.log.head())
        left = whole(*parts)  # type: ignore[arg-type]  # as given
        heads.append(record.store.log.head())
        return left

    monkeypatch.setattr(ledger, "record", recorded)
    return heads


@pytest.mark.parametrize("goes_on", [False, True], ids=["shorter", "goes on otherwise"])
def test_put_back_after_an_import_was_planned(
    sql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, goes_on: bool
) -> None:
    """The children that it knew are not in the log any more, and may stand at the same positions as others."""
    with opened(sql_url, monkeypatch) as record:
        backup = Backup(sql_url, tmp_path / "backup")
        imported(record, feed(tmp_path / "feed", 2))

        def put(record: Record) -> None:
            backup.put_back()
            while goes_on and record.store.log.head() < 60:
                open_case(record, 100 + record.store.log.head())

        heads = put_back_before(0, record, put, monkeypatch)
        with pytest.raises(StoreUnavailable, match="put back to an earlier state"):
            imported(record, feed(tmp_path / "more", 4))
        assert [record.store.log.head()] == heads
        assert len(heads) == 1
        monkeypatch.undo()
        monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
        assert imported(record, feed(tmp_path / "more", 4)).total.refused == 0
        cases = {row["case"] for row in record.view("case_status")}
        assert {row["case"] for row in record.view("consent_status")} <= cases


def test_put_back_between_two_batches(sql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The backup has every entry that was there as the import began, and none of its first batch."""
    monkeypatch.setattr(importing, "BATCH", 3)
    with opened(sql_url, monkeypatch) as record:
        backup = Backup(sql_url, tmp_path / "backup")
        heads = put_back_before(2, record, lambda _: backup.put_back(), monkeypatch)
        with pytest.raises(StoreUnavailable, match="put back to an earlier state"):
            imported(record, feed(tmp_path / "feed", 4))
        assert len(heads) == 3
        assert record.store.log.head() == heads[-1] < heads[0]


def test_ledger_tables_put_back_between_two_batches(
    sql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log has the first batches, and the ledger knows nothing of them."""
    monkeypatch.setattr(importing, "BATCH", 3)
    with opened(sql_url, monkeypatch) as record:

        def put(record: Record) -> None:
            with sql(record).database.writing() as connection:
                for table in ("import_row", "import_name", "import_total"):
                    connection.exec_driver_sql(f"DELETE FROM {table}")

        heads = put_back_before(2, record, put, monkeypatch)
        with pytest.raises(Conflict, match="run the import again"):
            imported(record, feed(tmp_path / "feed", 4))
        with pytest.raises(Tampered, match="total of the import ledger is missing"):
            imported(record, feed(tmp_path / "feed", 4))
        assert record.store.log.head() == heads[-1]
        assert len(heads) == 3
