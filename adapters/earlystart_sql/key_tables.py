"""The tables of the key store.

`bound` is a keyed digest of its row (`row_digest`): a row that was altered, or that belonged to another, is noticed. A
key store from before it gets the columns, and each row its digest, from whoever opens it next to write.
"""

from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, MetaData, Table, Text

from earlystart_sql.database import Database
from earlystart_sql.layout import Layout
from earlystart_sql.row_digest import row_digest

metadata = MetaData()
Table(
    "data_key",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("subject", Text, nullable=False, unique=True),
    Column("wrapped", LargeBinary, nullable=False),  # 40 bytes, or what a key service makes of it
    Column("bound", LargeBinary),
)
Table(
    "tombstone",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("evidence", Text, nullable=False),  # JSON: when, by whose authority, why; nothing personal
    Column("bound", LargeBinary),
)
Table(
    "secret",
    metadata,
    Column("name", Text, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("bound", LargeBinary),  # of the secret that binds rows: the digest of all secrets together
)

KEYS = Layout(
    what="keys",
    application_id=0x4561724B,  # "EarK"
    version=1,
    metadata=metadata,
    schema="earlystart_keys",
    private=True,
)
BOUND = {"data_key": ("kid", "subject", "wrapped"), "tombstone": ("kid", "subject", "evidence")}  # of each, row by row

_HAS = {
    "sqlite": "SELECT count(*) FROM pragma_table_info('{table}') WHERE name = 'bound'",
    "postgresql": (
        "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('{table}') AND attname = 'bound'"
        " AND NOT attisdropped"
    ),
}
_OWNS = "SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class WHERE oid IN ({tables})"


def do(connection: Connection, statement: str, *values: object) -> Any:
    """The result of a statement, with `?` for each value."""
    if connection.dialect.name == "postgresql":
        statement = statement.replace("?", "%s")
    return connection.exec_driver_sql(statement, values)


def ask(connection: Connection, statement: str, *values: object) -> Any:
    """The first row of its result, None if there is none."""
    return do(connection, statement, *values).first()


def can_bind(connection: Connection) -> bool:
    """Whether rows have a place for their digest."""
    return bool(do(connection, _HAS[connection.dialect.name].format(table="secret")).scalar_one())


def make_columns(connection: Connection) -> bool:
    """Makes the place for digests where it is missing; False where this role may not. Under the lock."""
    if can_bind(connection):
        return True
    if connection.dialect.name == "postgresql":
        tables = ", ".join(f"to_regclass('{table}')" for table in metadata.tables)
        if not do(connection, _OWNS.format(tables=tables)).scalar_one():
            return False
    kind = "BLOB" if connection.dialect.name == "sqlite" else "bytea"
    for table in metadata.tables:
        do(connection, f"ALTER TABLE {table} ADD COLUMN bound {kind}")
    return True


def bind_rows(connection: Connection, secret: bytes) -> int:
    """Gives each row of keys and tombstones its digest, and returns how many there are. Under the lock."""
    count = 0
    for table, columns in BOUND.items():
        for row in do(connection, f"SELECT {', '.join(columns)} FROM {table}").all():
            digest = row_digest(secret, table, *row)
            do(connection, f"UPDATE {table} SET bound = ? WHERE kid = ?", digest, row[0])
            count += 1
    return count


def holds_nothing(database: Database) -> bool:
    """Whether that key store was only just made: nothing is wrapped in it."""
    with database.reading() as connection:
        return ask(connection, "SELECT 1 FROM secret LIMIT 1") is None
