"""The keys that a log's text names, held against the key store: gone, another's, or not what sealed it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from earlystart_core import DecideTier, MarkInError, OpenCase, Record
from earlystart_core.erasing.keyring import WINDOWS, keyring
from earlystart_sql.key_tables import bind_rows
from tests.erasure.conftest import ANNA, BEN, BY, FAMILY, MOTHER, WORDS_OF_TWO, Place, wrapped_keys

FIRST = {ANNA: 2, BEN: 4}  # the position of each one's text
Alter = Callable[..., None]


def said(record: Record, **how: Any) -> list[str]:
    return [str(doubt) for doubt in keyring(record.store.log, record.store.keys, **how).doubts]


def altered(record: Record, *statements: str, bound: bool = False) -> None:
    """bound: as in a key store from before its rows were bound, which was taken as it stood."""
    keys: Any = record.store.keys
    with keys.database.writing() as connection:
        for statement in statements:
            connection.execute(text(statement))
        if bound:
            bind_rows(connection, keys.secrets.rows)


def kid_of(record: Record, subject: str) -> str:
    return record.store.keys.names([subject])[subject]


def test_all_is_well_with_keys_that_are_there_or_erased(place: Place) -> None:
    with place.open() as record:
        consent = next(row["position"] for row in record.timeline(ANNA) if row["type"] == "SharingConsentRecorded")
        record.submit(MarkInError(target=consent, reason="not hers"), by=BY)  # under two keys together
        found = keyring(record.store.log, record.store.keys)
        assert (found.values, found.keys, found.whole, found.doubts) == (3, 3, True, [])
        record.erase(ANNA, **WORDS_OF_TWO)
        found = keyring(record.store.log, record.store.keys)
        assert (found.values, found.keys, found.doubts) == (3, 3, [])
        record.erase(MOTHER, **WORDS_OF_TWO)
        assert said(record) == []


def test_a_key_that_is_gone_without_a_tombstone_is_told(place: Place) -> None:
    with place.open() as record:
        kid = kid_of(record, ANNA)
        altered(record, f"DELETE FROM data_key WHERE subject = '{ANNA}'")
        lost = (
            f"position {FIRST[ANNA]}: its text is lost: the key store has neither {kid}, which sealed it,"
            " nor a tombstone"
        )
        assert said(record) == [lost]
        record.submit(DecideTier(case=ANNA, tier="universal", reason="written later"), by=BY)
        assert said(record) == [lost]  # the text under her second key is sound
        assert said(record, lost=FIRST[ANNA]) == []


@pytest.mark.parametrize("bound", [True, False])
def test_keys_that_changed_places_are_told(place: Place, bound: bool) -> None:
    with place.open() as record:
        wrapped, kids = wrapped_keys(record), {who: kid_of(record, who) for who in (ANNA, BEN)}
        keys: Any = record.store.keys
        with keys.database.writing() as connection:
            for subject, other in ((ANNA, BEN), (BEN, ANNA)):
                values = {"wrapped": wrapped[other], "subject": subject}
                connection.execute(text("UPDATE data_key SET wrapped = :wrapped WHERE subject = :subject"), values)
            if bound:
                bind_rows(connection, keys.secrets.rows)
        found = said(record)
        for who in (ANNA, BEN):
            sentence = (
                f"position {FIRST[who]}: its text does not open: {kids[who]} of the key store is not the key that"
                if bound
                else f"position {FIRST[who]}: its text cannot be opened: the key {kids[who]} was altered in "
            )
            assert any(one.startswith(sentence) for one in found)


def test_keys_that_changed_subjects_are_told_in_a_key_store_from_before(place: Place) -> None:
    with place.open() as record:
        kids = {who: kid_of(record, who) for who in (ANNA, BEN)}
        altered(
            record,
            f"UPDATE data_key SET subject = 'x' WHERE subject = '{ANNA}'",
            f"UPDATE data_key SET subject = '{ANNA}' WHERE subject = '{BEN}'",
            f"UPDATE data_key SET subject = '{BEN}' WHERE subject = 'x'",
            bound=True,
        )
        of = "its text is sealed under {}, which is not the key of {} in the key store"
        assert said(record) == [f"position {FIRST[who]}: {of.format(kids[who], who)}" for who in (ANNA, BEN)]


def test_a_tombstone_that_someone_added_is_told(place: Place) -> None:
    with place.open() as record:
        kid = kid_of(record, ANNA)
        altered(
            record,
            f"INSERT INTO tombstone SELECT kid, subject, '{{}}', bound FROM data_key WHERE subject = '{ANNA}'",
            f"DELETE FROM data_key WHERE subject = '{ANNA}'",
        )
        (one,) = said(record)
        assert one.startswith(f"position {FIRST[ANNA]}: its text cannot be opened: the tombstone of the key {kid} was")


def test_a_sample_is_taken_from_all_over_a_long_log(place: Place) -> None:
    with place.open() as record:
        cases = [f"case:{number:026d}" for number in range(100, 160)]
        for case in cases:
            record.submit(OpenCase(case=case, family=FAMILY, team="team:armley", reason="birth"), by=BY)
            record.submit(DecideTier(case=case, tier="universal_plus", reason=f"of {case}"), by=BY)
        found = keyring(record.store.log, record.store.keys, most=2 * WINDOWS)
        assert (found.values, found.whole) == (2 * WINDOWS, False)
        altered(record, "DELETE FROM data_key")
        assert len(said(record, most=2 * WINDOWS)) == 2 * WINDOWS
        assert len(said(record)) == len(cases) + 2


def test_keys_that_are_said_to_be_lost_are_no_fault_and_later_ones_are(on_sqlite: Place) -> None:
    elsewhere = on_sqlite.url.replace("store.db", "new.keys")
    with on_sqlite.open(keys=elsewhere, lost_keys=True) as record:
        keys: Any = record.store.keys
        assert keys.lost() == record.store.log.head()
        assert len(said(record)) == 2
        assert said(record, lost=keys.lost()) == []
        record.submit(DecideTier(case=ANNA, tier="universal", reason="written later"), by=BY)
    with on_sqlite.open(keys=elsewhere, lost_keys=True) as record:
        keys = record.store.keys
        altered(record, "DELETE FROM data_key")
        assert len(said(record, lost=keys.lost())) == 1
