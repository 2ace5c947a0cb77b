"""Stores as an earlier version of this library left them, made from those of today."""

from sqlalchemy import Connection

from earlystart_sql.key_tables import metadata


def unbind_keys(connection: Connection, *secrets: str) -> None:
    """Makes a key store one from before its rows had digests. secrets: of which it had none yet either."""
    for name in ("rows", "baseline", *secrets):
        connection.exec_driver_sql(f"DELETE FROM secret WHERE name = '{name}'")
    for table in metadata.tables:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN bound")
