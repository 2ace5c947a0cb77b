"""The store on SQL: the log, its views and its keys, on SQLite and PostgreSQL through SQLAlchemy Core."""

from earlystart_sql.store import SqlStore, open_store

__all__ = ["SqlStore", "open_store"]
