"""The stores on SQL: SQLite, embedded, and PostgreSQL."""
