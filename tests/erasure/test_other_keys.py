"""A key store that is not the log's, or not as it was: no certificate says that a key is gone while it stands."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from earlystart_core import DecideTier, OpenCase, Reader, Record, Refused, Tampered
from earlystart_core.erasing.shredding import shredded_in
from earlystart_sql.key_tables import bind_rows
from tests.erasure.conftest import ANNA, BEN, BY, FAMILY, TEXT, WORDS_OF_TWO, Place, lines, texts, wrapped_keys


def folder_of(place: Place) -> Path:
    return Path(place.url.removeprefix("sqlite:///")).parent


def altered(record: Record, *statements: str) -> None:
    """Alters a key store from before its rows were bound, which then was taken as it stood."""
    keys: Any = record.store.keys
    with keys.database.writing() as connection:
        for statement in statements:
            connection.execute(text(statement), {"anna": ANNA, "ben": BEN})
        bind_rows(connection, keys.secrets.rows)


def refused(record: Record, subject: str = ANNA) -> str:
    """What the refusal says, nothing having changed."""
    before = lines(record)
    with pytest.raises(Refused) as no:
        record.erase(subject, **WORDS_OF_TWO)
    assert no.value.code == "erasure.other_keys"
    assert lines(record) == before
    assert not record.store.keys.tombstones()
    return no.value.message


def test_keys_whose_subjects_were_swapped_are_not_certified(place: Place) -> None:
    """Both texts still open, each under the key in its envelope: the rows say whose a key is, and they are wrong."""
    with place.open() as record:
        altered(
            record,
            "UPDATE data_key SET subject = 'x' WHERE subject = :anna",
            "UPDATE data_key SET subject = :anna WHERE subject = :ben",
            "UPDATE data_key SET subject = :ben WHERE subject = 'x'",
        )
        assert ANNA in refused(record)
        assert (texts(record, ANNA), texts(record, BEN)) == ([TEXT[ANNA]], [TEXT[BEN]])


@pytest.mark.parametrize("change", ["subject = 'case:other'", "kid = 'k_x'"])
def test_a_key_row_that_was_altered_is_not_certified(place: Place, change: str) -> None:
    with place.open() as record:
        altered(record, f"UPDATE data_key SET {change} WHERE subject = :anna")
        refused(record)


def test_wrapped_keys_that_were_exchanged_are_not_certified(place: Place) -> None:
    """Anna's secret stands under Ben's name then: destroying what bears her name would leave it."""
    with place.open() as record:
        wrapped = wrapped_keys(record)
        keys: Any = record.store.keys
        with keys.database.writing() as connection:
            for subject, other in ((ANNA, BEN), (BEN, ANNA)):
                connection.execute(
                    text("UPDATE data_key SET wrapped = :wrapped WHERE subject = :subject"),
                    {"wrapped": wrapped[other], "subject": subject},
                )
            bind_rows(connection, keys.secrets.rows)
        with pytest.raises(Tampered, match="is not the one that sealed text under that name"):
            record.erase(ANNA, **WORDS_OF_TWO)
        assert not record.erasures()
        assert wrapped_keys(record) == {ANNA: wrapped[BEN], BEN: wrapped[ANNA]}


def test_why_a_glass_was_broken_is_text_of_the_case_too(place: Place) -> None:
    """It is in the access log: where that is all the text of a case, the key that sealed it is to be the one that goes.

    Then it goes with the case.
    """
    case, doctor = f"case:{3:026d}", Reader(BY.practitioner, "health_visitor", BY.employer, "safeguarding")
    with place.open() as record:
        opening = OpenCase(case=case, family=FAMILY, team="team:armley", reason="pregnancy")
        record.submit(opening, by=BY)
        record.glass.break_for(case, reason="complaint", text="Her sister rang", by=doctor)
        swapped = [
            f"UPDATE data_key SET subject = 'x' WHERE subject = '{case}'",
            f"UPDATE data_key SET subject = '{case}' WHERE subject = :ben",
            "UPDATE data_key SET subject = :ben WHERE subject = 'x'",
        ]
        altered(record, *swapped)
        assert case in refused(record, case)
        assert record.glass.rows(case)[0]["text"] == "Her sister rang"
        altered(record, *swapped)
        record.erase(case, **WORDS_OF_TWO)
        assert record.glass.rows(case)[0]["text"] == "(erased)"
        assert texts(record, BEN) == [TEXT[BEN]]


def test_text_under_an_older_key_is_not_certified_away(on_sqlite: Place) -> None:
    """An older key store was put back and Anna got a second key: the first still stands in the newer one."""
    folder = folder_of(on_sqlite)
    with on_sqlite.open() as record:
        altered(record, "CREATE TABLE kept AS SELECT * FROM data_key", "DELETE FROM data_key WHERE subject = :anna")
        record.submit(DecideTier(case=ANNA, tier="universal", reason="written later"), by=BY)
        assert "k_" in refused(record)
    assert folder.is_dir()


def test_a_key_that_went_before_is_named_too(place: Place) -> None:
    """Text under a key that this store destroyed is certified, though the subject has another key by now."""
    with place.open() as record:
        first = record.store.keys.for_subjects([ANNA])[ANNA].kid
        altered(
            record,
            "INSERT INTO tombstone SELECT kid, 'case:x', 'lost', NULL FROM data_key WHERE subject = :anna",
            "DELETE FROM data_key WHERE subject = :anna",
        )
        record.submit(DecideTier(case=ANNA, tier="universal", reason="written later"), by=BY)
        second = record.store.keys.for_subjects([ANNA])[ANNA].kid
        done = record.erase(ANNA, **WORDS_OF_TWO)
        assert done.evidence.keys == (second, first)
        assert [row["key"] for row in record.erasures()] == [second]
        assert shredded_in(record.store.log).values == 2
        assert record.erase(ANNA, **WORDS_OF_TWO).again
