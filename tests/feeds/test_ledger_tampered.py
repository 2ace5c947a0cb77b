"""The import ledger changed by an outsider: the next import stores nothing and says so; `log verify` ends with 1."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from earlystart_core import Record, Tampered
from earlystart_core.errors import EarlyStartError
from earlystart_feeds.ledger import NotBoundBefore
from earlystart_sql.key_tables import do
from earlystart_sql.keys import SqlKeys
from tests.beneath.backups import Backup, ran
from tests.beneath.told import open_case
from tests.cli.conftest import call
from tests.whole_store import WORDS_OF_TWO, feed, imported, sql

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "import-a-feed.md"
TABLES = ("import_row", "import_name", "import_erased", "import_total")
Rows = list[dict[str, Any]]


class Outsider:
    """Someone with a connection of their own to a store that nobody has open, past every guard."""

    def __init__(self, connection: Any, *, sqlite: bool) -> None:
        self.connection = connection
        self.sqlite = sqlite

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        statement = statement if self.sqlite else statement.replace("?", "%s")
        cursor = self.connection.execute(statement, *([values] if values else []))
        return cursor.fetchall() if cursor.description else []

    def rows(self, table: str, where: str = "true") -> Rows:
        cursor = self.connection.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY 1")
        return [dict(zip((each[0] for each in cursor.description), row, strict=True)) for row in cursor.fetchall()]

    def put(self, table: str, rows: Rows) -> None:
        for row in rows:
            marks = ", ".join("?" * len(row))
            self.run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())

    def fill(self, tables: dict[str, Rows]) -> None:
        """Puts those tables back as they were."""
        for table, rows in tables.items():
            self.run(f"DELETE FROM {table}")
            self.put(table, rows)

    def taken(self) -> dict[str, Rows]:
        return {table: self.rows(table) for table in TABLES}


@contextmanager
def outside(url: str) -> Iterator[Outsider]:
    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
    else:
        connection = psycopg.connect(url, autocommit=True)
        connection.execute("SET session_replication_role = replica")  # no trigger fires
    try:
        yield Outsider(connection, sqlite=url.startswith("sqlite"))
    finally:
        connection.close()


def exchange(o: Outsider, table: str, where: str, column: str) -> None:
    """Two rows exchange what stands in a column that is no key."""
    one, other = o.rows(table, where)[:2]
    for mine, theirs in ((one, other), (other, one)):
        o.run(f"UPDATE {table} SET {column} = ? WHERE key = ?", theirs[column], mine["key"])


def exchange_keys(o: Outsider, table: str, where: str) -> None:
    one, other = o.rows(table, where)[:2]
    for key, new in ((one["key"], b"x"), (other["key"], one["key"]), (b"x", other["key"])):
        o.run(f"UPDATE {table} SET key = ? WHERE key = ?", new, key)


CASES, LINKS, PERSONS = (f"file = '{file}.csv'" for file in ("cases", "links", "CYP001MPI"))

PEOPLE = "id LIKE 'person:%'"


def of(table: str, where: str) -> str:
    column = "ids" if table == "import_row" else "id"
    return f"{where} AND {column} = (SELECT min({column}) FROM {table} WHERE {where})"


TAMPERS: dict[str, Callable[[Outsider], object]] = {
    "ids exchanged": lambda o: exchange(o, "import_row", CASES, "ids"),
    "ids of links exchanged": lambda o: exchange(o, "import_row", LINKS, "ids"),
    "keys exchanged": lambda o: exchange_keys(o, "import_row", CASES),
    "files exchanged": lambda o: o.run(f"UPDATE import_row SET file = 'tiers.csv' WHERE {of('import_row', LINKS)}"),
    "fields exchanged": lambda o: exchange(o, "import_row", CASES, "fields"),
    "fields of another length": lambda o: o.run(f"UPDATE import_row SET fields = key WHERE {of('import_row', CASES)}"),
    "a sealed value exchanged": lambda o: exchange(o, "import_row", PERSONS, "sealed"),
    "a sealed value deleted": lambda o: o.run(f"UPDATE import_row SET sealed = NULL WHERE {of('import_row', PERSONS)}"),
    "about another case": lambda o: exchange(o, "import_row", LINKS, "about_case"),
    "about no person": lambda o: o.run(f"UPDATE import_row SET about_person = NULL WHERE {of('import_row', PERSONS)}"),
    "a case deleted": lambda o: o.run(f"DELETE FROM import_row WHERE {of('import_row', CASES)}"),
    "a link deleted": lambda o: o.run(f"DELETE FROM import_row WHERE {of('import_row', LINKS)}"),
    "a row added": lambda o: o.put("import_row", [{**o.rows("import_row", CASES)[0], "key": b"k" * 32}]),
    "names exchanged": lambda o: exchange(o, "import_name", "id LIKE 'family:%'", "id"),
    "a name deleted": lambda o: o.run(f"DELETE FROM import_name WHERE {of('import_name', PEOPLE)}"),
    "a name added": lambda o: o.put("import_name", [{"key": b"k" * 32, "id": o.rows("import_name")[0]["id"]}]),
    "an erased mark deleted": lambda o: o.run("DELETE FROM import_erased"),
    "an erased mark exchanged": lambda o: o.run(
        "UPDATE import_erased SET key = ? WHERE key = (SELECT min(key) FROM import_erased)", b"k" * 32
    ),
    "an erased mark added": lambda o: o.put("import_erased", [{"key": o.rows("import_row", CASES)[0]["key"]}]),
    "the total deleted": lambda o: o.run("DELETE FROM import_total"),
    "the total's table gone": lambda o: o.run("DROP TABLE import_total"),
    "the total altered": lambda o: o.run("UPDATE import_total SET total = ?", b"t" * 100),
    "the total cut": lambda o: o.run("UPDATE import_total SET total = ?", b""),
    "a second total": lambda o: o.put("import_total", [{**o.rows("import_total")[0], "number": 2}]),
    "all rows deleted": lambda o: [o.run(f"DELETE FROM {table}") for table in TABLES[:3]],
    "all rows and the total deleted": lambda o: [o.run(f"DELETE FROM {table}") for table in TABLES],
    "all tables gone": lambda o: [o.run(f"DROP TABLE {table}") for table in TABLES],
    "rows of cases and their names deleted": lambda o: [
        o.run(f"DELETE FROM import_row WHERE {CASES}"),
        o.run("DELETE FROM import_name WHERE id LIKE 'family:%'"),
    ],
}


def made(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store into which a feed was imported, one of whose children was erased since; closed."""
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    with Record.open(url) as record:
        imported(record, feed(folder / "feed"))
        record.erase(record.view("case_status")[0]["case"], **WORDS_OF_TWO)
    return url


@pytest.fixture
def url(sql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    return made(sql_url, tmp_path, monkeypatch)


def refuses(url: str, folder: Path) -> None:
    """The next import stores nothing and says so in one sentence; `log verify` ends with 1."""
    with outside(url) as o:
        before = {table: o.rows(table) for table in TABLES if _is_there(o, table)}
    with Record.open(url) as record:
        head = record.store.log.head()
        with pytest.raises(Tampered, match=r"import ledger.*(backup|back together)") as raised:
            imported(record, folder)
        assert "\n" not in str(raised.value)
        assert sql(record).log.head() == head
    with outside(url) as o:
        assert {table: o.rows(table) for table in before} == before
    assert call("import", folder, "--db", url, "--check").status == 3
    found = call("log", "verify", "--db", url)
    assert (found.status, str(raised.value) in found.err) == (1, True)


def _is_there(o: Outsider, table: str) -> bool:
    try:
        o.run(f"SELECT 1 FROM {table}")
    except (sqlite3.Error, psycopg.Error):
        return False
    return True


def test_a_ledger_as_it_was_left_is_sound(url: str, tmp_path: Path) -> None:
    with outside(url):
        pass
    assert call("import", tmp_path / "feed", "--db", url, "--check").status == 0
    found = call("log", "verify", "--db", url)
    assert found.status == 0
    assert "import ledger     as imports and erasures left it" in found.lines
    with Record.open(url) as record:
        assert imported(record, tmp_path / "feed").total.accepted == 0
        assert imported(record, feed(tmp_path / "more", 8)).total.accepted == 8
    assert call("log", "verify", "--db", url).status == 0


@pytest.mark.parametrize("tamper", TAMPERS.values(), ids=[*TAMPERS])
def test_a_ledger_that_was_changed_stops_the_next_import(
    url: str, tmp_path: Path, tamper: Callable[[Outsider], object]
) -> None:
    with outside(url) as o:
        tamper(o)
    refuses(url, tmp_path / "feed")


def test_a_ledger_of_before_an_import_is_noticed(url: str, tmp_path: Path) -> None:
    with outside(url) as o:
        before = o.taken()
    with Record.open(url) as record:
        imported(record, feed(tmp_path / "more", 8))
    with outside(url) as o:
        o.fill(before)
    refuses(url, tmp_path / "more")


@pytest.mark.parametrize("back", [TABLES, TABLES[:3], ("import_erased",), ("import_total",)], ids=len)
def test_an_erased_child_does_not_come_back(url: str, tmp_path: Path, back: tuple[str, ...]) -> None:
    with outside(url) as o:
        before = o.taken()
    with Record.open(url) as record:
        record.erase(record.view("case_status")[1]["case"], **WORDS_OF_TWO)
    with outside(url) as o:
        o.fill({table: before[table] for table in back})
    refuses(url, tmp_path / "feed")


def test_a_ledger_without_entries_is_not_emptied_unnoticed(
    sql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of teams alone the log says nothing: that there was a ledger stands in the key store."""
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    folder = tmp_path / "feed"
    folder.mkdir()
    (folder / "teams.csv").write_text("team,cluster,name\narmley,west,Armley\n")
    with Record.open(sql_url) as record:
        imported(record, folder)
    with outside(sql_url) as o:
        for table in TABLES:
            o.run(f"DELETE FROM {table}")
    with Record.open(sql_url) as record, pytest.raises(Tampered, match="total of the import ledger is missing"):
        imported(record, folder)


def test_an_erasure_destroys_no_key_by_a_ledger_that_was_changed(url: str) -> None:
    """Whose keys go with a case is read from the ledger."""
    with outside(url) as o:
        o.run(f"UPDATE import_row SET about_person = NULL WHERE {PERSONS}")
    with Record.open(url) as record:
        erasures, case = len(record.erasures()), record.view("case_status")[1]["case"]
        names = sql(record).keys.names([case])
        with pytest.raises(Tampered, match="import ledger"):
            record.erase(case, **WORDS_OF_TWO)
        assert len(record.erasures()) == erasures
        assert sql(record).keys.names([case]) == names


def without_key(o: Outsider, *statements: str) -> None:
    """The rows in a table of the same name and columns that has no key."""
    o.run("CREATE TABLE other AS SELECT * FROM import_row")
    o.run("DROP TABLE import_row")
    o.run("ALTER TABLE other RENAME TO import_row")
    for statement in statements:
        o.run(statement)


MADE_UP = (
    "INSERT INTO import_row SELECT k.key, r.file, r.ids, r.about_case, r.about_person, r.fields, r.sealed"
    " FROM import_row AS r, (SELECT max(key) AS key FROM import_name) AS k"
    " WHERE r.key = (SELECT min(key) FROM import_row)"
)
SHAPES: dict[str, Callable[[Outsider], object]] = {
    "a row that stands there three times": lambda o: without_key(
        o, *["INSERT INTO import_row SELECT * FROM import_row ORDER BY key LIMIT 1"] * 2
    ),
    "a made up row that stands there twice": lambda o: without_key(
        o,
        *[MADE_UP] * 2,
    ),
    "a column gone": lambda o: o.run("ALTER TABLE import_row DROP COLUMN sealed"),
    "a column of another name": lambda o: o.run("ALTER TABLE import_total RENAME COLUMN total TO sum"),
    "the erased marks' table gone": lambda o: o.run("DROP TABLE import_erased"),
    "a view that leaves rows out": lambda o: [
        o.run("ALTER TABLE import_row RENAME TO other"),
        o.run(f"CREATE VIEW import_row AS SELECT * FROM other WHERE NOT {CASES}"),
    ],
}
OF_SQLITE: dict[str, Callable[[Outsider], object]] = {
    "bytes that are no text": lambda o: o.run("UPDATE import_row SET file = CAST(x'ff' AS TEXT)"),
    "numbers in the place of text": lambda o: o.run("UPDATE import_row SET ids = 7"),
    "numbers in the place of keys": lambda o: o.run(
        "UPDATE import_erased SET key = 1e300 WHERE key = (SELECT min(key) FROM import_erased)"
    ),
    "a number in the place of the total": lambda o: o.run("UPDATE import_total SET total = 7"),
    "text in the place of the total": lambda o: o.run("UPDATE import_total SET total = 'x'"),
}
OF_POSTGRESQL: dict[str, Callable[[Outsider], object]] = {
    "rows of a table that inherits": lambda o: [
        o.run("CREATE TABLE other () INHERITS (import_row)"),
        o.run("INSERT INTO other SELECT * FROM import_row LIMIT 1"),
    ],
}


@pytest.mark.parametrize(
    ("kind", "tamper"),
    [
        pytest.param(kind, tamper, id=name)
        for kind, tampers in (("any", SHAPES), ("sqlite", OF_SQLITE), ("postgresql", OF_POSTGRESQL))
        for name, tamper in tampers.items()
    ],
)
def test_a_ledger_of_another_shape_stops_the_next_import(
    sql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, tamper: Callable[[Outsider], object]
) -> None:
    """Whatever stands there: one sentence, nothing stored, and a verification that ends with 1."""
    if not sql_url.startswith(kind) and kind != "any":
        return
    url = made(sql_url, tmp_path, monkeypatch)
    with outside(url) as o:
        tamper(o)
    with Record.open(url) as record:
        head = record.store.log.head()
        with pytest.raises(EarlyStartError, match=r"\A[^\n]+\Z"):
            imported(record, tmp_path / "feed")
        assert record.store.log.head() == head
    found = call("import", tmp_path / "feed", "--db", url)
    assert (found.status, found.err.count("\n")) == (3, 1)
    assert call("log", "verify", "--db", url).status == 1


def test_rows_that_only_a_lookup_misses_are_found_by_a_verification(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index without a row that the table has: a reading of all rows sees it, a look-up by key does not."""
    url = made(sqlite_url, tmp_path, monkeypatch)
    with outside(url) as o:
        o.run("CREATE TABLE other (key BLOB PRIMARY KEY, n)")
        o.run("PRAGMA writable_schema = ON")
        roots = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        ((empty,),) = o.run(roots, "sqlite_autoindex_other_1")
        o.run("UPDATE sqlite_schema SET rootpage = ? WHERE name = 'sqlite_autoindex_import_row_1'", empty)
        o.run("DELETE FROM sqlite_schema WHERE name LIKE '%other%'")
    assert call("log", "verify", "--db", url).status == 1


def test_row_security_on_a_table_of_the_ledger_is_found_by_a_verification(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A superuser, as in these tests, sees all rows whatever a policy says; others would not."""
    url = made(postgres_url, tmp_path, monkeypatch)
    with outside(url) as o:
        o.run("ALTER TABLE import_row ENABLE ROW LEVEL SECURITY")
        o.run(f"CREATE POLICY partly ON import_row USING (NOT {CASES})")
    found = call("log", "verify", "--db", url)
    assert (found.status, "row security" in found.err) == (1, True)


def aged(url: str) -> None:
    """Makes the ledger one from before totals."""
    with outside(url) as o:
        o.run("DROP TABLE import_total")
    with Record.open(url) as record:
        keys = sql(record).keys
        assert isinstance(keys, SqlKeys)
        with keys.database.writing() as connection:
            do(connection, "DELETE FROM secret WHERE name = 'baseline'")
            keys.secrets._bind(connection, keys.secrets.rows)


def test_a_ledger_from_before_totals_is_taken_as_it_is_once(url: str, tmp_path: Path) -> None:
    aged(url)
    more = feed(tmp_path / "more", 8)
    found = call("log", "verify", "--db", url)
    assert (found.status, "import ledger     not checked: the next import begins to watch over it" in found.lines) == (
        0,
        True,
    )
    assert call("import", more, "--db", url, "--check").status == 0
    with Record.open(url) as record:
        with pytest.warns(NotBoundBefore, match="rows from before changes to it could be noticed"):
            assert imported(record, more).total.accepted == 8
        assert imported(record, more).total.accepted == 0
    assert "import ledger     as imports and erasures left it" in call("log", "verify", "--db", url).lines
    with outside(url) as o:
        o.run("DELETE FROM import_total")
    refuses(url, more)


def test_an_erasure_takes_a_ledger_from_before_totals_as_it_is(url: str, tmp_path: Path) -> None:
    aged(url)
    with Record.open(url) as record:
        with pytest.warns(NotBoundBefore):
            record.erase(record.view("case_status")[1]["case"], **WORDS_OF_TWO)
        record.erase(record.view("case_status")[2]["case"], **WORDS_OF_TWO)
        assert imported(record, tmp_path / "feed").total.accepted == 0
    assert call("log", "verify", "--db", url).status == 0


def test_a_whole_store_of_an_earlier_moment_is_sound(url: str, tmp_path: Path) -> None:
    """Log and ledger were put back together, and the key store is newer: that is no tampering."""
    backup = Backup(url, tmp_path / "backup") if url.startswith("sqlite") else None
    with Record.open(url) as record:
        imported(record, feed(tmp_path / "more", 8))
    if backup is not None:
        backup.put_back()
    with Record.open(url) as record:
        imported(record, feed(tmp_path / "more", 9))
    assert call("log", "verify", "--db", url).status == 0


def test_a_store_from_before_its_first_import_is_sound(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key store says that there was a ledger, of a log that goes on otherwise now."""
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    with Record.open(sqlite_url) as record:
        open_case(record, 1)
        backup = Backup(sqlite_url, tmp_path / "backup")
        imported(record, feed(tmp_path / "feed", 3))
    backup.put_back()
    with Record.open(sqlite_url) as record:
        assert imported(record, feed(tmp_path / "feed", 3)).total.accepted > 0
    assert call("log", "verify", "--db", sqlite_url).status == 0
    with outside(sqlite_url) as o:
        for table in TABLES:
            o.run(f"DELETE FROM {table}")
    refuses(sqlite_url, tmp_path / "feed")


def test_tables_that_are_put_back_as_the_page_says_are_sound_again(
    sql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = made(sql_url, tmp_path, monkeypatch)
    page, backup = PAGE.read_text("utf-8"), tmp_path / "backup.db"
    if url.startswith("sqlite"):
        Backup(url, backup)
    else:
        ran("pg_dump", "--data-only", "--table", "import_*", "--file", str(backup), url)
    with outside(url) as o:
        exchange(o, "import_row", CASES, "ids")
        o.run("DELETE FROM import_erased")
    refuses(url, tmp_path / "feed")
    if url.startswith("sqlite"):
        script = page.partition("```sql\n")[2].partition("```")[0]
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.executescript(script.replace("'backup.db'", f"'{backup}'"))
        connection.close()
    else:
        script = page.partition("```postgresql\n")[2].partition("```")[0]
        ran("psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", script, "--file", str(backup), url)
    assert call("log", "verify", "--db", url).status == 0
    with Record.open(url) as record:
        assert imported(record, feed(tmp_path / "more", 8)).total.accepted == 8
    with Record.open(url) as record, pytest.raises(Exception, match="only ever added"):
        run(record, "DELETE FROM import_erased")


def run(record: Record, statement: str) -> None:
    with sql(record).database.writing() as connection:
        connection.exec_driver_sql(statement)
