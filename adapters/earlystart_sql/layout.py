"""A layout: the tables of one kind of store, and how a database is recognised as holding them.

SQLite keeps the mark in `application_id` and `user_version`, PostgreSQL in a one-row table `store`. A database that
holds anything else is never written to.
"""

from collections.abc import Callable

import msgspec
from sqlalchemy import Connection, MetaData

from earlystart_core.errors import StoreUnavailable

_TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
    AND relkind IN ('r', 'p', 'v', 'm', 'f')
    AND NOT EXISTS (
        SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
    )
"""  # what an extension brought is no program's


class Layout(msgspec.Struct, frozen=True):
    """The tables of one kind of store."""

    what: str  # for people and for PostgreSQL's mark: "log", "keys"
    application_id: int  # SQLite's mark, 32 bits
    version: int  # raised when the tables change
    metadata: MetaData
    mend: Callable[[Connection], None] | None = None  # what a writer does first, also to new tables; under the lock
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
    tables = set(connection.exec_driver_sql(_TABLES).scalars())
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
        if _is_unmarked(connection, layout):
            raise StoreUnavailable(
                f"{name} has the tables of a store of this library ({layout.what}) and not its mark, which a dump of"
                f" SQLite leaves out: where that is what it is, run PRAGMA application_id = {layout.application_id};"
                f" PRAGMA user_version = {layout.version} in it, and verify it"
            )
        raise StoreUnavailable(f"{name} is not a store of this library ({layout.what}): it belongs to another program")
    if found[1] != layout.version:
        raise StoreUnavailable(
            f"{name} has tables of another version: expected {layout.version}, got {found[1]}; open it with the"
            " version of earlystart-core that wrote it"
        )
    return True


def _is_ours(kind: object) -> bool:
    return kind >> 8 == 0x456172 if isinstance(kind, int) else str(kind).startswith("earlystart ")  # "Ear"


def _is_unmarked(connection: Connection, layout: Layout) -> bool:
    """Whether it is an SQLite file with all of the layout's tables, columns too, that says nothing of what it is."""
    if connection.dialect.name != "sqlite":
        return False
    asked = "SELECT t.name, c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table'"
    found = {(table, column) for table, column in connection.exec_driver_sql(asked)}
    expected = {(table.name, column.name) for table in layout.metadata.sorted_tables for column in table.columns}
    marked = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    return not marked and expected <= found


def lay(connection: Connection, layout: Layout) -> None:
    """Makes the tables and triggers, and the mark, in the caller's transaction."""
    dialect = connection.dialect.name
    layout.metadata.create_all(connection, checkfirst=False)
    if layout.mend is not None:
        layout.mend(connection)
    if dialect == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {layout.application_id}")
        connection.exec_driver_sql(f"PRAGMA user_version = {layout.version}")
    else:
        connection.exec_driver_sql("CREATE TABLE store (what text NOT NULL, version int NOT NULL)")
        connection.exec_driver_sql("INSERT INTO store VALUES (%s, %s)", (f"earlystart {layout.what}", layout.version))
