"""The stores on SQL: SQLite, embedded, and PostgreSQL."""

from earlystart_sql.log import SqlLog
from earlystart_sql.store import SqlStore, open_store

__all__ = ["SqlLog", "SqlStore", "open_store"]
