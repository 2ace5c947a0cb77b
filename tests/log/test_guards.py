"""The guards: over anyone's connection, with its settings at their defaults, no recorded row changes or goes.

Asked of the catalogue, so that a table that comes later is either guarded, or named with the reason why it is not.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from earlystart_core import OpenCase, Record
from earlystart_sql.guards import GUARDED, UNGUARDED
from earlystart_sql.sqlite import LIBRARY
from tests.whole_store import BY, sql, write_everything

MODES = ("", "OR REPLACE ", "OR IGNORE ", "OR FAIL ", "OR ABORT ", "OR ROLLBACK ")
REFUSED = (sqlite3.Error, LIBRARY.Error, psycopg.Error)


class Outsider:
    """Someone with a connection of their own to a store that this library has closed."""

    def __init__(self, url: str, library: Any = LIBRARY) -> None:
        parsed = make_url(url)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        self.connection: Any
        if self.sqlite:
            self.connection = library.connect(parsed.database or "", isolation_level=None)
            assert self.connection.execute("PRAGMA recursive_triggers").fetchone() == (0,)
        else:
            self.connection = psycopg.connect(parsed.render_as_string(hide_password=False), autocommit=True)

    def ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return list(self.connection.execute(statement, values or ()).fetchall())

    def tries(self, statement: str, *values: object) -> str:
        """What came of a statement: the message of the refusal, or nothing."""
        try:
            self.connection.execute(statement, values or None) if not self.sqlite else self.ask(statement, *values)
        except REFUSED as error:
            return str(error)
        return ""

    def tables(self) -> list[str]:
        return [
            name
            for (name,) in self.ask(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
                if self.sqlite
                else "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'm', 'f')"
                " AND relnamespace = 'public'::regnamespace"
            )
        ]

    def rows(self, table: str) -> list[dict[str, Any]]:
        found = self.connection.execute(f"SELECT * FROM {table}")
        names = [each[0] for each in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def unique(self, table: str) -> list[list[str]]:
        """The columns of each key of the table."""
        if self.sqlite:
            keys = [
                [row[1] for row in sorted(self.ask(f"PRAGMA table_info({table})"), key=lambda row: row[5]) if row[5]]
            ]
            for _, name, unique, *_ in self.ask(f"PRAGMA index_list({table})"):
                if unique:
                    keys.append([row[2] for row in self.ask(f"PRAGMA index_info({name})")])
            return keys
        return [
            list(row[0])
            for row in self.ask(
                "SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_index AS i JOIN pg_attribute AS a"
                " ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey::int2[])"
                " WHERE i.indisunique AND i.indrelid = %s::regclass GROUP BY i.indexrelid",
                table,
            )
        ]


@pytest.fixture
def url(sql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store in which every part has written, closed."""
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    with Record.open(sql_url) as record:
        write_everything(record, tmp_path / "feed")
    return sql_url


@pytest.fixture
def outsider(url: str) -> Iterator[Outsider]:
    found = Outsider(url)
    yield found
    found.connection.close()


def other(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, int):
        return value + 10_000
    if isinstance(value, bytes):
        return value + b"x"
    return f"{value or ''}x"


def test_every_table_is_guarded_or_named_with_the_reason_why_not(outsider: Outsider) -> None:
    there = set(outsider.tables())
    named = {name for name in UNGUARDED if any(table.startswith(name) for table in there)}
    assert named == {*UNGUARDED} - ({"store"} if outsider.sqlite else set())
    assert {table for table in there if not table.startswith(tuple(UNGUARDED))} == {*GUARDED}
    assert all(outsider.rows(table) for table in GUARDED)  # else what follows would try nothing


def changes(outsider: Outsider, table: str) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Statements that change, remove or overwrite rows of the table, of every kind that the database knows."""
    mark = "?" if outsider.sqlite else "%s"
    row = outsider.rows(table)[0]
    names, marks = ", ".join(f'"{name}"' for name in row), ", ".join([mark] * len(row))
    yield f"DELETE FROM {table}", ()
    for name, value in row.items():
        for mode in MODES if outsider.sqlite else ("",):
            yield f'UPDATE {mode}{table} SET "{name}" = {mark} WHERE "{name}" = {mark}', (other(value), value)
    if outsider.sqlite:
        yield f"UPDATE {table} SET rowid = rowid + 10000", ()
        yield f"DELETE FROM {table} WHERE rowid = 1 RETURNING *", ()
    else:
        yield f"TRUNCATE {table}", ()
        yield f"TRUNCATE {table} CASCADE", ()
        yield f"TRUNCATE {', '.join(GUARDED)}", ()
        yield f"WITH gone AS (DELETE FROM {table} RETURNING 1) SELECT count(*) FROM gone", ()
    for key in outsider.unique(table):
        new = {name: value if name in key else other(value) for name, value in row.items()}
        same, quoted = " AND ".join(f't."{name}" = n."{name}"' for name in key), ", ".join(f'"{name}"' for name in key)
        last = [*row][-1]
        if outsider.sqlite:
            for verb in ("REPLACE", *(f"INSERT {mode}".strip() for mode in MODES)):
                yield f"{verb} INTO {table} ({names}) VALUES ({marks})", (*new.values(),)
        else:
            source = f"(SELECT * FROM {table} LIMIT 1) AS n"
            yield f'MERGE INTO {table} AS t USING {source} ON {same} WHEN MATCHED THEN UPDATE SET "{last}" = NULL', ()
            yield f"MERGE INTO {table} AS t USING {source} ON {same} WHEN MATCHED THEN DELETE", ()
        yield (
            f'INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT ({quoted}) DO UPDATE SET "{last}" = {mark}',
            (*row.values(), other(row[last])),
        )


def test_no_row_is_changed_removed_or_overwritten(url: str) -> None:
    for library in (LIBRARY, sqlite3) if url.startswith("sqlite") else (psycopg,):
        outsider = Outsider(url, library)
        for table in GUARDED:
            before = outsider.rows(table)
            refusals = []
            for statement, values in changes(outsider, table):
                refusals.append(outsider.tries(statement, *values))
                assert outsider.rows(table) == before, statement
            assert sum("only ever added" in refusal for refusal in refusals) > len(refusals) / 2
        outsider.connection.close()


OUT_OF_PLACE = {  # rows that no append adds; refused by both databases, or by SQLite alone
    "an entry that is there is about someone else": ("entry_tag", "SELECT 1, {head} - 1, shape FROM entry_tag LIMIT 1"),
    "an entry before the first is about someone": ("entry_tag", "SELECT 1, 0, 1"),
    "a look that is there is about someone else": ("look_tag", "SELECT 'case:x', 3"),
    "a receipt of entries that are not there": ("receipt", "SELECT 'new', digest, {head} + 1, 5 FROM receipt LIMIT 1"),
    "a receipt of older entries": ("receipt", "SELECT 'new', digest, 1, 2 FROM receipt LIMIT 1"),
    "a receipt of fewer entries than none": ("receipt", "SELECT 'new', digest, {head} + 2, -1 FROM receipt LIMIT 1"),
    "a term out of sequence": ("term", "SELECT max(n) + 2, 'new' FROM term"),
}
OF_SQLITE = {
    "an entry behind a gap": (
        "entry",
        "SELECT position + 2, shape, recorded_at, frame, leaf FROM entry WHERE position = {head}",
    ),
    "other data of an entry": ("fact", "SELECT 1 + shape % 2, position, occurred_at, data FROM fact LIMIT 1"),
    "a tag out of sequence": ("tag", "SELECT max(tag_id) + 2, 'x', 1, 'x:1' FROM tag"),
    "a tag out of sequence within its kind": ("tag", "SELECT max(tag_id) + 1, 'case', 9999, 'case:x' FROM tag"),
    "a type out of sequence": ("shape", "SELECT max(id) + 2, 'New', 1 FROM shape"),
    "a subtree of entries that are not there": ("tree_node", "SELECT 8, number + 1000, hash FROM tree_node LIMIT 1"),
    "a checkpoint of entries that are not there": (
        "tree_head",
        "SELECT number + 1, {head} + 1, root, signed_at, note FROM tree_head",
    ),
    "an entry at a position that is no number": ("entry_tag", "SELECT 1, 'text', 1"),
}


def test_rows_that_no_append_would_add_are_refused(outsider: Outsider) -> None:
    ((head,),) = outsider.ask("SELECT max(position) FROM entry")
    for what, (table, rows) in (OUT_OF_PLACE | OF_SQLITE if outsider.sqlite else OUT_OF_PLACE).items():
        before = outsider.rows(table)
        for verb in ("INSERT", "REPLACE") if outsider.sqlite else ("INSERT",):
            assert "only ever added" in outsider.tries(f"{verb} INTO {table} {rows.format(head=head)}"), what
        assert outsider.rows(table) == before


def _triggers(outsider: Outsider) -> list[tuple[Any, ...]]:
    return outsider.ask(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name"
        if outsider.sqlite
        else "SELECT tgname, pg_get_triggerdef(t.oid), prosrc FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = tgfoid"
        " WHERE NOT tgisinternal AND tgenabled = 'O' ORDER BY tgname"
    )


# The guards as they were before some of the tables had them: (name, what stands behind it)
BEFORE = {
    "entry_no_replace": (
        "BEFORE INSERT ON entry WHEN NEW.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM entry)"
        " BEGIN SELECT RAISE(ABORT, 'rows of entry are only ever added'); END"
    ),
    "receipt_no_replace": (
        "BEFORE INSERT ON receipt WHEN EXISTS (SELECT 1 FROM receipt WHERE command_id = NEW.command_id)"
        " BEGIN SELECT RAISE(ABORT, 'rows of receipt are only ever added'); END"
    ),
}
SINCE = ("entry_tag_no_replace", "look_tag_no_replace", "term_no_replace", "import_erased_no_UPDATE")


def test_a_store_from_before_is_guarded_by_whoever_writes_to_it_next(url: str, outsider: Outsider) -> None:
    """Whoever only reads it changes nothing; in either form a verification finds it sound."""
    guarded = _triggers(outsider)
    if outsider.sqlite:
        for name in (*BEFORE, *SINCE):
            outsider.ask(f"DROP TRIGGER {name}")
        for name, body in BEFORE.items():
            outsider.ask(f"CREATE TRIGGER {name} {body}")
    else:
        outsider.tries("DROP FUNCTION only_next() CASCADE")
        outsider.tries("ALTER TABLE entry DISABLE TRIGGER USER")
    old = _triggers(outsider)
    assert old != guarded
    with Record.open(url, read_only=True) as record:
        assert record.proof.verify().sound
    assert _triggers(outsider) == old
    with Record.open(url) as record:
        assert record.proof.verify().sound
        assert _triggers(outsider) == old
        record.submit(
            OpenCase(case=record.new_id("case"), family=record.new_id("family"), team="team:armley", reason="birth"),
            by=BY,
        )
        assert record.proof.verify().sound
    assert _triggers(outsider) == guarded


def test_an_append_that_fails_leaves_the_guards_to_the_next(url: str, outsider: Outsider) -> None:
    guarded = _triggers(outsider)
    outsider.tries("DROP TRIGGER term_no_change ON term")
    outsider.tries("DROP TRIGGER term_no_DELETE")
    with Record.open(url) as record:
        log = sql(record).log
        with pytest.raises(ZeroDivisionError), log.writing():
            raise ZeroDivisionError
        assert _triggers(outsider) != guarded
        with log.writing():
            pass
    assert _triggers(outsider) == guarded
