"""The key store: one key a subject, whoever asks first; wrapped, and apart from the log."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conftest import Clock
from earlystart_core.errors import Invalid, Refused, StoreUnavailable, Tampered
from earlystart_core.privacy.keys import Shredded, commitment
from earlystart_core.ulid import ulid
from earlystart_sql.database import open_database
from earlystart_sql.kek import kek_of
from earlystart_sql.key_tables import KEYS, bind_rows
from earlystart_sql.keys import SqlKeys
from earlystart_sql.store import SqlStore, open_store

KEK = bytes(range(32))


@pytest.fixture
def open_keys(clock: Clock) -> Iterator[Callable[..., SqlKeys]]:
    opened: list[SqlKeys] = []

    def opening(url: str, kek: bytes = KEK) -> SqlKeys:
        database = open_database(url, KEYS)
        try:
            opened.append(SqlKeys(database, kek, os.urandom, lambda: f"k_{ulid(clock(), os.urandom)}"))
        except BaseException:
            database.close()
            raise
        return opened[-1]

    yield opening
    for keys in opened:
        keys.close()


def test_a_subject_has_one_key(sql_url: str, open_keys: Callable[..., SqlKeys]) -> None:
    keys = open_keys(sql_url)
    made = keys.for_subjects(["case:a", "person:b", "case:a"])
    assert list(made) == ["case:a", "person:b"]
    again = open_keys(sql_url)
    assert again.for_subjects(["person:b", "case:c"])["person:b"] == made["person:b"]
    for key in made.values():
        assert again.find(key.kid) == key
        assert key.kcv == commitment(key.kid, key.secret)
    assert again.find("k_unknown") is None


def test_keys_asked_for_at_once_are_the_same(sql_url: str, open_keys: Callable[..., SqlKeys]) -> None:
    stores = [open_keys(sql_url) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: stores[n % 4].for_subjects([f"case:{n // 8}"])[f"case:{n // 8}"], range(32)))
        secrets = list(pool.map(lambda n: stores[n % 4].secret("commands"), range(16)))
    assert len({key.kid for key in made}) == 4
    assert len({key.secret for key in made}) == 4
    assert len(set(secrets)) == 1
    assert len(secrets[0]) == 32


def test_an_erased_subject_gets_no_new_key(sql_url: str, open_keys: Callable[..., SqlKeys]) -> None:
    keys = open_keys(sql_url)
    kid = keys.for_subjects(["case:a"])["case:a"].kid
    with keys.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM data_key")
        connection.exec_driver_sql(f"INSERT INTO tombstone VALUES ('{kid}', 'case:a', '{{}}', NULL)")
        bind_rows(connection, keys.secrets.rows)
    assert keys.find(kid) == Shredded(kid)
    with pytest.raises(Refused) as raised:
        keys.for_subjects(["case:b", "case:a"])
    assert raised.value.code == "keys.erased"
    assert "case:b" in keys.for_subjects(["case:b"])


def test_another_key_encryption_key_is_refused(sql_url: str, open_keys: Callable[..., SqlKeys]) -> None:
    open_keys(sql_url)
    with pytest.raises(StoreUnavailable, match="another key-encryption key"):
        open_keys(sql_url, bytes(32))


def test_an_altered_key_is_tampered(sqlite_url: str, open_keys: Callable[..., SqlKeys]) -> None:
    keys = open_keys(sqlite_url)
    kid = keys.for_subjects(["case:a"])["case:a"].kid
    with keys.database.writing() as connection:
        connection.exec_driver_sql("UPDATE data_key SET wrapped = zeroblob(40)")
    with pytest.raises(Tampered):
        keys.find(kid)


def test_no_secret_stands_in_the_key_store(tmp_path: Path, open_keys: Callable[..., SqlKeys]) -> None:
    keys = open_keys(str(tmp_path / "keys"))
    secrets = [key.secret for key in keys.for_subjects(["case:a", "case:b"]).values()] + [keys.secret("commands"), KEK]
    keys.close()
    stored = (tmp_path / "keys").read_bytes()
    assert not any(secret in stored for secret in secrets)
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600


def test_a_store_finds_its_keys(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "city.db"

    def opened(**options: str) -> SqlStore:
        return open_store(str(path), clock=clock, chance=os.urandom, **options)

    with opened() as store:
        assert {found.name for found in tmp_path.iterdir()} <= {
            "city.db",
            "city.db-wal",
            "city.db-shm",
        }  # none made yet
        key = store.keys.for_subjects(["case:a"])["case:a"]
    with opened() as store:
        assert store.keys.find(key.kid) == key
    assert (tmp_path / "city.db.keys.kek").stat().st_mode & 0o777 == 0o600
    (tmp_path / "city.db.keys.kek").write_text("short")
    with opened() as store, pytest.raises(StoreUnavailable, match="expected 64 hexadecimal digits"):
        _ = store.keys
    with opened(keys="mysql://x/y") as store, pytest.raises(Invalid, match=r"^keys: "):
        _ = store.keys


@pytest.mark.parametrize("mode", [0o666, 0o640, 0o604])
def test_a_key_encryption_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "kek"
    path.write_text("5a" * 32)
    path.chmod(mode)
    with pytest.raises(StoreUnavailable, match=rf"may be read by others: .*\(mode 600\), got mode {mode:o}"):
        kek_of(path, create=True)
    path.chmod(0o400)
    assert kek_of(path, create=False) == bytes.fromhex("5a" * 32)


def test_a_pipe_holds_no_key_encryption_key(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "kek", 0o600)
    with pytest.raises(StoreUnavailable, match="is no file"):
        kek_of(tmp_path / "kek", create=True)


def test_a_log_is_no_key_store(sql_url: str, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("EARLYSTART_KEK", KEK.hex())
    with open_store(sql_url, clock=clock, chance=os.urandom) as store:
        key = store.keys.for_subjects(["case:a"])["case:a"]
        assert store.keys.find(key.kid) == key
    if sql_url.startswith("sqlite"):
        with (
            open_store(sql_url, keys=sql_url, clock=clock, chance=os.urandom) as store,
            pytest.raises(StoreUnavailable, match="another part of a store of this library: expected its keys"),
        ):
            _ = store.keys
    else:
        monkeypatch.delenv("EARLYSTART_KEK")
        with (
            open_store(sql_url, clock=clock, chance=os.urandom) as store,
            pytest.raises(StoreUnavailable, match="expected the key-encryption key of this key store"),
        ):
            _ = store.keys
