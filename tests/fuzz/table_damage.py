"""Ways to change the tables of a store in PostgreSQL: rows, columns, tables, settings and rights."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from random import Random
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

ROLE = "limited"
GUARDED = "SET session_replication_role = replica"  # no trigger of this connection's fires
ODD: dict[str, tuple[Any, ...]] = {
    "int8": (0, 1, -1, 2, 7, 2**31, 2**62, 2**63 - 1, -(2**63)),
    "int4": (0, 1, -1, 3, 2**31 - 1, -(2**31)),
    "int2": (0, 1, -1, 2**15 - 1),
    "text": ("", "x", "0", "2026-01-01", "case:", "\n", "\u202e", "🧒" * 50, "y" * 100_000, "{}", '{"a":', "NaN"),
    "bytea": (b"", b"\x00", b"\xff" * 32, b"{}", b"[", b'{"case":1}', b"x" * 100_000, bytes(40)),
    "bool": (True, False),
    "float8": (float("nan"), float("inf"), -1.5, 1e300),
    "date": ("infinity", "-infinity", "0001-01-01", "5874897-12-31"),
    "timestamptz": ("infinity", "-infinity", "0001-01-01"),
}
SETTINGS = (  # of the database: what a connection begins with
    "default_transaction_read_only = on",
    "default_transaction_isolation = 'serializable'",
    "bytea_output = 'escape'",
    "search_path = 'nowhere'",
    "search_path = 'earlystart_keys, public'",
    "statement_timeout = 1",
    "lock_timeout = 1",
    "idle_in_transaction_session_timeout = 1",
    "transaction_timeout = 1",
    "client_encoding = 'LATIN1'",
    "datestyle = 'SQL, DMY'",
    "intervalstyle = 'sql_standard'",
    "extra_float_digits = -15",
    "timezone = 'Pacific/Apia'",
    "standard_conforming_strings = off",
    "quote_all_identifiers = on",
    "session_replication_role = 'replica'",
    "client_min_messages = 'error'",
    "work_mem = '64kB'",
    "temp_file_limit = 0",
    "row_security = off",
    "enable_seqscan = off",
    "default_tablespace = ''",
    "role = 'limited'",
)
NEW_TYPES = ("text", "bytea", "int8", "json", "varchar(3)", "numeric", "name", "uuid", "text[]")


class Column(NamedTuple):
    """A column of a table: both quoted, the table with its schema, and its type."""

    table: str
    name: str
    type: str


class Damage:
    """One way after another of changing the tables of a store; `did` says what was done."""

    def __init__(self, random: Random, url: str) -> None:
        self.random = random
        self.url = url
        self.role = "postgres"  # who uses the store afterwards
        self.did: list[str] = []

    def do(self) -> None:
        """Some of it."""
        ways: Sequence[Callable[[], Iterator[str]]] = (
            *((self._rows,) * 6),
            *(self._tables, self._tables, self._columns, self._columns, self._setting, self._rights),
        )
        with psycopg.connect(self.url, autocommit=True) as self.connection:
            self.connection.execute(GUARDED)
            self.connection.execute("SELECT setseed(%s)", (self.random.random(),))
            for _ in range(self.random.choice((1, 1, 1, 2, 3))):
                self._look()
                for statement in self.random.choice(ways)():
                    with suppress(psycopg.Error):
                        count = self._run(statement)
                        self.did.append(f"{statement[:150]} ({count})")

    def _look(self) -> None:
        """What is there by now."""
        found = self.connection.execute(
            "SELECT a.attrelid::regclass::text, quote_ident(a.attname), t.typname FROM pg_attribute AS a"
            " JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_type AS t ON t.oid = a.atttypid"
            " WHERE c.relkind = 'r' AND c.relnamespace IN (to_regnamespace('public'),"
            " to_regnamespace('earlystart_keys')) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, a.attnum"
        )
        self.columns = [Column(*row) for row in found]
        self.tables = sorted({column.table for column in self.columns})
        self.own = [table for table in self.tables if not table.startswith("view_")]  # not made from the log

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> int:
        return self.connection.execute(statement, values).rowcount  # type: ignore[arg-type]  # made here

    def _rows(self) -> Iterator[str]:
        """Rows deleted, doubled, altered or taken from another table."""
        random = self.random
        chosen = random.choice(self.own if self.own and random.random() < 0.8 else self.tables)
        table, name, type_ = random.choice([one for one in self.columns if one.table == chosen])
        limit = random.choice((1, 1, 1, 3, 1_000_000))
        where = f"ctid = ANY (ARRAY(SELECT ctid FROM {table} ORDER BY random() LIMIT {limit}))"
        yield from self._loosened(table)
        match random.randrange(9):
            case 0:
                yield f"DELETE FROM {table} WHERE {where}"
            case 1:
                yield f"INSERT INTO {table} SELECT * FROM {table} WHERE {where}"
            case 2:
                yield f"ALTER TABLE {table} ALTER COLUMN {name} DROP NOT NULL"
                yield f"UPDATE {table} SET {name} = NULL WHERE {where}"
            case 3 if type_ in ("bytea", "text"):
                cut = random.choice(
                    (f"substr({name}, 2)", f"substr({name}, 1, length({name}) / 2)", f"{name} || {name}")
                )
                yield f"UPDATE {table} SET {name} = {cut} WHERE {where}"
            case 3 | 4 if type_ in ("int8", "int4", "int2"):
                by = random.choice(("1", "-1", "2", "1000000", "-2 * {0}", "{0} * 1000000007")).format(name)
                yield f"UPDATE {table} SET {name} = {name} + {by} WHERE {where}"
            case 4 | 5:
                other = random.choice([one for one in self.columns if one.type == type_])
                picked = f"(SELECT {other.name} FROM {other.table} WHERE {table} IS NOT NULL ORDER BY random() LIMIT 1)"
                yield f"UPDATE {table} SET {name} = {picked} WHERE {where}"
            case 6:
                other_table = random.choice(self.tables)
                yield f"INSERT INTO {table} SELECT * FROM {other_table} ORDER BY random() LIMIT {limit}"
                yield f"DELETE FROM {other_table}"
            case _:
                value = random.choice(ODD.get(type_, ("x",)))
                shown = sql.Literal(value).as_string(self.connection)
                yield f"UPDATE {table} SET {name} = {shown} WHERE {where}"

    def _loosened(self, table: str) -> Iterator[str]:
        """The table without its constraints, so that any row may stand there."""
        if self.random.random() < 0.5:
            found = self.connection.execute(
                "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('p', 'u', 'c', 'f')",
                (table,),
            ).fetchall()
            for (name,) in found:
                yield f'ALTER TABLE {table} DROP CONSTRAINT "{name}" CASCADE'

    def _columns(self) -> Iterator[str]:
        table, name, _ = self.random.choice(self.columns)
        new = self.random.choice(NEW_TYPES)
        yield self.random.choice(
            (
                f"ALTER TABLE {table} DROP COLUMN {name} CASCADE",
                f"ALTER TABLE {table} RENAME COLUMN {name} TO other",
                f"ALTER TABLE {table} ADD COLUMN more text",
                f"ALTER TABLE {table} ADD COLUMN more text NOT NULL DEFAULT 'x'",
                f"ALTER TABLE {table} ALTER COLUMN {name} TYPE {new} USING {name}::text::{new}",
                f"ALTER TABLE {table} ALTER COLUMN {name} TYPE {new} USING NULL",
                f"ALTER TABLE {table} ADD CONSTRAINT never CHECK ({name} IS NULL) NOT VALID",
            )
        )

    def _tables(self) -> Iterator[str]:
        table = self.random.choice(self.tables)
        schema = self.random.choice(("public", "earlystart_keys", "earlystart_keys"))
        body = self.random.choice(("RETURN NULL;", "RAISE EXCEPTION 'no';", "RAISE WARNING 'no'; RETURN NEW;"))
        made = f"CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"
        yield from self.random.choice(
            (
                [f"DROP TABLE {table} CASCADE"],
                [f"ALTER TABLE {table} RENAME TO other"],
                [f"TRUNCATE {table}"],
                [f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY", f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"],
                [f"CREATE RULE odd AS ON INSERT TO {table} DO INSTEAD NOTHING"],
                [made, f"CREATE TRIGGER odd BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION odd()"],
                [f"ALTER TABLE {table} RENAME TO other", f"CREATE VIEW {table} AS SELECT * FROM {_beside(table)}"],
                [f"CREATE TABLE child () INHERITS ({table})", f"INSERT INTO child SELECT * FROM {table}"],
                [f"DROP SCHEMA {schema} CASCADE"],
                [f"ALTER SCHEMA {schema} RENAME TO other"],
                ["DROP FUNCTION only_added() CASCADE", "DROP FUNCTION only_next() CASCADE"],
                [f"UPDATE {schema}.store SET version = 2"],
                [f"UPDATE {schema}.store SET what = 'earlystart keys'"],
                [f"INSERT INTO {schema}.store SELECT * FROM {schema}.store"],
                [f"DELETE FROM {schema}.store"],
                ["CREATE TABLE extra (x int)", "CREATE VIEW pg_temp_view AS SELECT 1"],
                ["CREATE SCHEMA postgres", "CREATE TABLE postgres.entry (position int)"],
                [f"ALTER TABLE {table} SET UNLOGGED"],
                [f"ALTER TABLE {table} DISABLE TRIGGER ALL"],
            )
        )

    def _setting(self) -> Iterator[str]:
        yield f"ALTER DATABASE {self.connection.info.dbname} SET {self.random.choice(SETTINGS)}"

    def _rights(self) -> Iterator[str]:
        """The store is used by a role that may do all but something."""
        self.role = ROLE
        for schema in ("public", "earlystart_keys"):
            yield f"GRANT ALL ON SCHEMA {schema} TO {ROLE}"
            yield f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {ROLE}"
        table = self.random.choice(self.tables)
        yield self.random.choice(
            (
                "SELECT 1",
                *(
                    f"REVOKE {right} ON {table} FROM {ROLE}"
                    for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "ALL")
                ),
                *(f"REVOKE ALL ON SCHEMA {schema} FROM {ROLE}, PUBLIC" for schema in ("public", "earlystart_keys")),
                f"REVOKE CREATE ON SCHEMA public FROM {ROLE}, PUBLIC",
                f"REVOKE CONNECT ON DATABASE {self.connection.info.dbname} FROM {ROLE}, PUBLIC",
            )
        )


def _beside(table: str) -> str:
    schema, dot, _ = table.rpartition(".")
    return f"{schema}{dot}other"
