"""Rows of the key store that no version of this library writes: one sentence each, and never someone else's erasure."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from earlystart_core import StoreUnavailable, Tampered
from earlystart_sql.key_tables import bind_rows
from tests.erasure.conftest import ANNA, BEN, TEXT, WORDS_OF_TWO, Place, texts

WHOLE = {
    "at": "2026-05-01T09:00:00Z",
    "authority": "a guardian",
    "second_authority": "a head",
    "subjects": [ANNA],
    "keys": ["k_kept"],
}


@pytest.mark.parametrize("wrapped", ["'abcdefghijklmnopqrstuvwxyzabcdefghijklmn'", "40"])
def test_a_key_that_is_no_bytes_is_tampered(on_sqlite: Place, wrapped: str) -> None:
    with on_sqlite.open() as record:
        keys: Any = record.store.keys
        with keys.database.writing() as connection:
            connection.execute(text(f"UPDATE data_key SET wrapped = {wrapped}"))
        with pytest.raises(Tampered, match="was altered: expected bytes"):
            texts(record, ANNA)
        with keys.database.writing() as connection:
            connection.execute(text(f"UPDATE secret SET wrapped = {wrapped}"))
    with on_sqlite.open() as record, pytest.raises(StoreUnavailable, match="another key-encryption key"):
        _ = record.store.keys


@pytest.mark.parametrize(
    "evidence",
    [
        msgspec.json.encode({**WHOLE, **change}).decode()
        for change in (
            {"subjects": [ANNA, BEN]},
            {"subjects": [], "keys": []},
            {"subjects": [BEN]},
            {"at": "2026-05-01T09:00:00"},
            {"authority": "a" * 300},
            {"subjects": ["anyone"]},
        )
    ]
    + ["garbage", 40, b"\xff\xfe"],
    ids=["fewer keys", "of nobody", "of another", "naive", "long", "no id", "no json", "a number", "bytes"],
)
def test_evidence_that_cannot_be_is_no_evidence(on_sqlite: Place, evidence: object) -> None:
    """The key is gone; on whose word is not known, so the erasure is carried out on the word that is given now."""
    with on_sqlite.open() as record:
        keys: Any = record.store.keys
        kid = keys.names([ANNA])[ANNA]
        with keys.database.writing() as connection:
            connection.execute(text("DELETE FROM data_key WHERE subject = :anna"), {"anna": ANNA})
            connection.execute(
                text("INSERT INTO tombstone VALUES (:kid, :anna, :told, NULL)"),
                {"kid": kid, "anna": ANNA, "told": evidence},
            )
            bind_rows(connection, keys.secrets.rows)  # as in a key store from before they were bound
    with on_sqlite.open() as record:
        done = record.erase(ANNA, **WORDS_OF_TWO)
        assert (done.evidence.subjects, done.evidence.keys) == ((ANNA,), (kid,))
        assert done.evidence.authority == WORDS_OF_TWO["authority"]
        assert (texts(record, ANNA), texts(record, BEN)) == (["(erased)"], [TEXT[BEN]])
        assert [row["subject"] for row in record.erasures()] == [ANNA]
