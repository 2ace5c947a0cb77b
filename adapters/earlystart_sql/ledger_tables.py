"""The tables of the import ledger, and which of its rows a total is of. They are made at the first import."""

from sqlalchemy import Column, Connection, Index, Integer, LargeBinary, MetaData, Table, Text

from earlystart_sql.guards import mend
from earlystart_sql.raw import one

metadata = MetaData()
import_row = Table(
    "import_row",
    metadata,
    Column("key", LargeBinary, primary_key=True),  # 32 bytes: HMAC of (system, file, id)
    Column("file", Text, nullable=False),
    Column("ids", Text, nullable=False),  # separated by spaces, the row's own first
    Column("about_case", Text),
    Column("about_person", Text),
    Column("fields", LargeBinary, nullable=False),  # 16 bytes a column
    Column("sealed", LargeBinary),
)
Index("import_row_by_case", import_row.c.about_case)
Index("import_row_by_person", import_row.c.about_person)
import_name = Table(
    "import_name",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("id", Text, nullable=False),
)
Index("import_name_by_id", import_name.c.id)
import_erased = Table(
    "import_erased",
    metadata,
    Column("key", LargeBinary, primary_key=True),  # of a row or name that was forgotten: no feed brings anyone back
)
import_total = Table(
    "import_total",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),  # 1: there is one row
    Column("total", LargeBinary, nullable=False),  # encrypted (`ledger_total.Total`)
)
LEDGER = (import_row, import_name, import_erased)  # what the total is of
_THERE = {  # one statement: an erasure and an import ask this often
    "sqlite": "SELECT 1 FROM sqlite_schema WHERE type IN ('table', 'view') AND name = ?",
    "postgresql": "SELECT to_regclass(%s)",
}


def is_there(connection: Connection, table: Table) -> bool:
    """Whether the store has that table."""
    return one(connection, _THERE[connection.dialect.name], (str(table.name),)) is not None


def make(connection: Connection, *tables: Table) -> None:
    """Makes those of the tables that are missing, each with its guard where it has one. Under the append lock."""
    missing = [table for table in tables if not is_there(connection, table)]
    metadata.create_all(connection, missing)
    if import_erased in missing:
        mend(connection, [import_erased.name])
