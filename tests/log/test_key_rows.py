"""Rows of a key store that an outsider exchanged, altered, added, took away or put back: each is noticed at its use."""

import os
from collections.abc import Callable, Iterator

import pytest

from conftest import Clock
from earlystart_core.errors import Refused, Tampered
from earlystart_core.privacy.keys import Evidence, Key, Shredded
from earlystart_core.ulid import ulid
from earlystart_sql.database import open_database
from earlystart_sql.key_tables import KEYS
from earlystart_sql.keys import SqlKeys
from tests.conftest import START
from tests.older import unbind_keys

KEK = bytes(range(32))
ANNA, BEN = "case:anna", "case:ben"
Open = Callable[..., SqlKeys]


@pytest.fixture
def open_keys(clock: Clock, sql_url: str) -> Iterator[Open]:
    opened: list[SqlKeys] = []

    def opening(*, read_only: bool = False) -> SqlKeys:
        database = open_database(sql_url, KEYS, read_only=read_only)
        opened.append(SqlKeys(database, KEK, os.urandom, lambda: f"k_{ulid(clock(), os.urandom)}"))
        return opened[-1]

    yield opening
    for keys in opened:
        keys.close()


def run(keys: SqlKeys, *statements: str) -> None:
    with keys.database.writing() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def exchange(table: str, column: str, key: str, one: str, other: str) -> list[str]:
    """The statements by which two rows exchange what stands in a column."""
    return [
        f"CREATE TABLE kept AS SELECT * FROM {table}",
        f"UPDATE {table} SET {column} = {column} || 'x' WHERE {key} IN ('{one}', '{other}')"
        if column != "wrapped"
        else "SELECT 1",
        *(
            f"UPDATE {table} SET {column} = (SELECT {column} FROM kept WHERE {key} = '{theirs}')"
            f" WHERE {key if key != column else column} = '{mine}{'x' if key == column else ''}'"
            for mine, theirs in ((one, other), (other, one))
        ),
        "DROP TABLE kept",
    ]


@pytest.mark.parametrize("column", ["wrapped", "kid", "subject"])
def test_keys_that_changed_places_open_and_seal_nothing(open_keys: Open, column: str) -> None:
    keys = open_keys()
    made = keys.for_subjects([ANNA, BEN])
    key = "kid" if column == "subject" else "subject"
    one, other = (made[who].kid if key == "kid" else who for who in (ANNA, BEN))
    run(keys, *exchange("data_key", column, key, one, other))
    for who in (ANNA, BEN):
        for ask in (lambda who=who: keys.find(made[who].kid), lambda who=who: open_keys().for_subjects([who])):
            with pytest.raises(Tampered, match=r"was altered in .*, or is another's row"):
                ask()
    run(keys, *exchange("data_key", column, key, one, other))
    assert keys.for_subjects([ANNA, BEN]) == made


def test_a_key_under_another_name_or_of_another_subject_is_none(open_keys: Open) -> None:
    keys = open_keys()
    kid = keys.for_subjects([ANNA])[ANNA].kid
    run(keys, f"UPDATE data_key SET subject = '{BEN}'")
    with pytest.raises(Tampered):
        keys.for_subjects([BEN])
    run(keys, f"UPDATE data_key SET subject = '{ANNA}', kid = 'k_other'")
    with pytest.raises(Tampered):
        keys.find("k_other")
    with pytest.raises(Tampered):
        keys.for_subjects([ANNA])
    run(keys, f"UPDATE data_key SET kid = '{kid}', bound = NULL")
    with pytest.raises(Tampered):
        keys.find(kid)


def test_a_key_that_someone_added_is_none(open_keys: Open) -> None:
    keys = open_keys()
    keys.for_subjects([ANNA])
    run(keys, f"INSERT INTO data_key SELECT 'k_new', '{BEN}', wrapped, bound FROM data_key")
    with pytest.raises(Tampered):
        keys.for_subjects([BEN])


def _evidence(keys: SqlKeys, *subjects: str) -> Evidence:
    return Evidence(
        START, "one", "another", subjects, tuple(keys.for_subjects(subjects)[each].kid for each in subjects)
    )


def test_a_tombstone_that_was_altered_or_added_says_nothing(open_keys: Open) -> None:
    keys = open_keys()
    evidence, ben = _evidence(keys, ANNA), keys.for_subjects([BEN])[BEN]
    keys.destroy(evidence)
    assert keys.tombstones() == {ANNA: Shredded(evidence.keys[0], evidence)}
    run(
        keys,
        "UPDATE tombstone SET evidence = replace(evidence, 'another', 'a friend')",
        f"INSERT INTO tombstone SELECT '{ben.kid}', '{BEN}', evidence, bound FROM tombstone",
        f"DELETE FROM data_key WHERE subject = '{BEN}'",
    )
    assert keys.tombstones() == {}
    for kid in (ben.kid, evidence.keys[0]):
        with pytest.raises(Tampered, match=r"the tombstone of the key k_.* was altered"):
            keys.find(kid)
    for who in (ANNA, BEN):
        with pytest.raises(Refused):  # whatever stands there, nobody gets a second key by accident
            keys.for_subjects([who])
    keys.destroy(evidence)  # as the log says it
    assert keys.tombstones() == {ANNA: Shredded(evidence.keys[0], evidence)}


@pytest.mark.parametrize(
    "statements",
    [
        ["DELETE FROM secret WHERE name = 'commands'"],
        ["DELETE FROM secret WHERE name = 'first leaf'"],
        ["DELETE FROM secret WHERE name = 'rows'"],
        ["DELETE FROM secret WHERE name = 'rows'", "UPDATE secret SET bound = NULL"],
        ["INSERT INTO secret SELECT 'ledger', wrapped, NULL FROM secret WHERE name = 'commands'"],
        ["UPDATE secret SET name = 'ledger' WHERE name = 'commands'"],
        ["UPDATE secret SET wrapped = (SELECT wrapped FROM secret WHERE name = 'kek') WHERE name = 'commands'"],
        ["UPDATE secret SET wrapped = (SELECT wrapped FROM secret WHERE name = 'commands') WHERE name = 'rows'"],
        ["UPDATE secret SET bound = NULL"],
    ],
)
def test_secrets_that_are_not_those_that_were_kept_are_not_used(open_keys: Open, statements: list[str]) -> None:
    keys = open_keys()
    keys.bind(bytes(32))
    keys.secret("commands")
    keys.for_subjects([ANNA])
    keys.close()
    keys = open_keys()  # which remembers none of them
    run(keys, *statements)
    for ask in (lambda: keys.secret("commands"), open_keys, lambda: open_keys(read_only=True)):
        with pytest.raises(Tampered, match="one was altered, added or removed"):
            ask()


def test_a_secret_that_is_put_back_from_before_is_noticed(open_keys: Open) -> None:
    keys = open_keys()
    keys.secrets.put("baseline", b"a" * 32, over=True)
    run(keys, "CREATE TABLE kept AS SELECT * FROM secret WHERE name = 'baseline'")
    keys.secrets.put("baseline", b"b" * 32, over=True)
    assert open_keys().secrets.find("baseline") == b"b" * 32
    run(keys, "DELETE FROM secret WHERE name = 'baseline'", "INSERT INTO secret SELECT * FROM kept")
    with pytest.raises(Tampered):
        open_keys()


def test_a_key_store_from_before_stays_readable_and_is_bound_by_whoever_may_write(open_keys: Open) -> None:
    keys = open_keys()
    made, secret = keys.for_subjects([ANNA, BEN]), keys.secret("commands")
    evidence = _evidence(keys, BEN)
    keys.destroy(evidence)
    with keys.database.writing() as connection:
        unbind_keys(connection)
    reader = open_keys(read_only=True)
    assert (reader.find(made[ANNA].kid), reader.secret("commands")) == (made[ANNA], secret)
    assert reader.tombstones() == {BEN: Shredded(made[BEN].kid, evidence)}
    assert reader.secrets.rows is None
    again = open_keys()
    assert again.secrets.adopted == 2
    assert (again.find(made[ANNA].kid), again.secret("commands")) == (made[ANNA], secret)
    assert again.tombstones() == {BEN: Shredded(made[BEN].kid, evidence)}
    assert open_keys().secrets.adopted == 0
    run(again, f"UPDATE data_key SET subject = '{BEN}'")
    with pytest.raises(Tampered):
        open_keys().find(made[ANNA].kid)


def test_a_role_that_does_not_own_the_tables_uses_a_key_store_from_before_as_it_is(
    postgres_url: str, clock: Clock
) -> None:
    import psycopg

    def opened(url: str) -> SqlKeys:
        return SqlKeys(open_database(url, KEYS), KEK, os.urandom, lambda: f"k_{ulid(clock(), os.urandom)}")

    keys = opened(postgres_url)
    made = keys.for_subjects([ANNA])[ANNA]
    with keys.database.writing() as connection:
        unbind_keys(connection)
    keys.close()
    name = f"clerk_{os.getpid()}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN")
        connection.execute(f"GRANT USAGE ON SCHEMA earlystart_keys TO {name}")
        connection.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA earlystart_keys TO {name}")
    clerk = opened(postgres_url.replace("postgres@", f"{name}@"))
    assert clerk.find(made.kid) == made
    assert isinstance(clerk.for_subjects([BEN])[BEN], Key)
    clerk.close()
    again = opened(postgres_url)
    assert (again.secrets.adopted, again.find(made.kid)) == (2, made)
    again.close()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP OWNED BY {name}")
        connection.execute(f"DROP ROLE {name}")
