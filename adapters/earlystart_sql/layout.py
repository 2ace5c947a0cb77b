"""A layout: the tables of one kind of store, and how a database is recognised as holding them.

SQLite keeps the mark in `application_id` and `user_version`, PostgreSQL in a one-row table `store`. A database that
holds anything else is never written to.
"""

import msgspec
from sqlalchemy import Connection, MetaData

from earlystart_core.errors import StoreUnavailable


class Layout(msgspec.Struct, frozen=True):
    """The tables of one kind of store."""

    what: str  # for people and for PostgreSQL's mark: "log", "keys"
    application_id: int  # SQLite's mark, 32 bits
    version: int  # raised when the tables change
    metadata: MetaData
    triggers: dict[str, tuple[str, ...]]  # statements by dialect
    schema: str | None = None  # PostgreSQL's schema; None: the first of the search path
    private: bool = False  # a new file is for its owner alone; else as the process's umask says


def mark(connection: Connection) -> tuple[object, int] | None:
    """What the database says it is and in which version; None for an empty one; ("another program", 0) for others'."""
    if connection.dialect.name == "sqlite":
        kind = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if kind == version == 0:
            tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar_one()
            return ("another program", 0) if tables else None
        return kind, version
    tables = set(
        connection.exec_driver_sql(
            "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN"
            " ('r', 'p', 'v', 'm', 'f')"
        ).scalars()
    )
    if "store" not in tables:
        return ("another program", 0) if tables else None
    columns = connection.exec_driver_sql(
        "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute"
        " WHERE attrelid = 'store'::regclass AND attnum > 0 AND NOT attisdropped"
    ).scalar_one()
    row = connection.exec_driver_sql("SELECT what, version FROM store").first() if columns == "what,version" else None
    return ("another program", 0) if row is None else (row[0], row[1])


def is_there(connection: Connection, layout: Layout, name: str) -> bool:
    """Whether the database holds this layout; False for an empty database.

    Raises:
        StoreUnavailable: it holds something else, or another version of it.
    """
    found = mark(connection)
    if found is None:
        return False
    expected = layout.application_id if connection.dialect.name == "sqlite" else f"earlystart {layout.what}"
    if found[0] != expected:
        if _is_ours(found[0]):
            raise StoreUnavailable(f"{name} is another part of a store of this library: expected its {layout.what}")
        raise StoreUnavailable(f"{name} is not a store of this library ({layout.what}): it belongs to another program")
    if found[1] != layout.version:
        raise StoreUnavailable(
            f"{name} has tables of another version: expected {layout.version}, got {found[1]}; open it with the"
            " version of earlystart-core that wrote it"
        )
    return True


def _is_ours(kind: object) -> bool:
    return kind >> 8 == 0x456172 if isinstance(kind, int) else str(kind).startswith("earlystart ")  # "Ear"


def lay(connection: Connection, layout: Layout) -> None:
    """Makes the tables and triggers, and the mark, in the caller's transaction."""
    dialect = connection.dialect.name
    layout.metadata.create_all(connection, checkfirst=False)
    for statement in layout.triggers[dialect]:
        connection.exec_driver_sql(statement)
    if dialect == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {layout.application_id}")
        connection.exec_driver_sql(f"PRAGMA user_version = {layout.version}")
    else:
        connection.exec_driver_sql("CREATE TABLE store (what text NOT NULL, version int NOT NULL)")
        connection.exec_driver_sql("INSERT INTO store VALUES (%s, %s)", (f"earlystart {layout.what}", layout.version))
