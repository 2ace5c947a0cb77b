"""Statements straight to the driver, on the connection of a SQLAlchemy transaction: the append path's few microseconds.

Driver's errors are those that `faults.translated` knows.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sqlalchemy import Connection


def run(connection: Connection, statement: str, values: Sequence[object] = ()) -> Any:
    """The driver's cursor after the statement: to iterate, or to fetch from. `?` or `%s`, as the driver has them."""
    driver: Any = connection.connection.driver_connection
    return driver.execute(statement, values) if values else driver.execute(statement)


def one(connection: Connection, statement: str, values: Sequence[object] = ()) -> Any:
    """The first row's first value, None where there is no row."""
    row = run(connection, statement, values).fetchone()
    return None if row is None else row[0]


def run_binary(connection: Connection, statement: str, values: Sequence[object] = ()) -> Any:
    """As `run`, with bytes coming as bytes: PostgreSQL's text form would double them."""
    if connection.dialect.name == "sqlite":
        return run(connection, statement, values)
    driver: Any = connection.connection.driver_connection
    return driver.execute(statement, values or None, binary=True)


def mark(connection: Connection) -> str:
    """What stands for a value in a statement."""
    return "?" if connection.dialect.name == "sqlite" else "%s"


def run_many(connection: Connection, statement: str, rows: Sequence[Sequence[object]]) -> int:
    """The statement once for each row; how many rows it added or changed. SQLite only."""
    driver: Any = connection.connection.driver_connection
    cursor = driver.executemany(statement, rows)
    count = int(cursor.rowcount)
    cursor.close()
    return count


def together(connection: Connection) -> AbstractContextManager[object]:
    """Within: PostgreSQL gets the statements without waiting for the answer to each."""
    if connection.dialect.name != "postgresql":
        return nullcontext()
    driver: Any = connection.connection.driver_connection
    found: AbstractContextManager[object] = driver.pipeline()
    return found


def are_together(connection: Connection) -> bool:
    """Whether statements on a connection to PostgreSQL go `together` just now."""
    driver: Any = connection.connection.driver_connection
    return bool(driver.pgconn.pipeline_status)
