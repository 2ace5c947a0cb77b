"""Reading back: before what was inserted is acknowledged, it is compared with what the database says is there.

A trigger or a rule that is not this library's can leave a row out or alter it, and the statement still succeeds.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from earlystart_core.counting import counted
from earlystart_core.errors import StoreUnavailable
from earlystart_sql.raw import run_binary

Row = tuple[Any, ...]
Asked = tuple[str, Any, Sequence[Row]]  # the table, the cursor of what is there, and what was inserted

_ENTRIES = (
    "SELECT entry.position, shape.type, shape.version, entry.recorded_at, entry.frame, entry.leaf, fact.occurred_at,"
    " fact.data FROM entry JOIN shape ON shape.id = entry.shape"
    " LEFT JOIN fact ON fact.shape = entry.shape AND fact.position = entry.position"
    " WHERE entry.position > {mark} ORDER BY entry.position"
)
_LOOKS = "SELECT position, frame, data, leaf FROM look WHERE position > {mark} ORDER BY position"
_TAGS = (
    "SELECT tag.id, entry_tag.position FROM entry_tag JOIN tag ON tag.tag_id = entry_tag.tag_id"
    " WHERE entry_tag.tag_id IN {listed} AND entry_tag.position > {mark}"
)
_LOOK_TAGS = "SELECT id, position FROM look_tag WHERE id IN {listed} AND position > {mark}"
_RECEIPT = "SELECT command_id, digest, first, count FROM receipt WHERE command_id = {mark}"
_LISTED = {  # by dialect: of numbers, and of texts
    "sqlite": dict.fromkeys((int, str), "(SELECT value FROM json_each(?))"),
    "postgresql": {int: "(SELECT unnest(%b::int8[]))", str: "(SELECT unnest(%b::text[]))"},
}
_TEXTS = {  # made once: the driver prepares each new text again
    (dialect, statement, kind): statement.format(mark={"sqlite": "?", "postgresql": "%s"}[dialect], listed=listed)
    for dialect, lists in _LISTED.items()
    for kind, listed in lists.items()
    for statement in (_ENTRIES, _LOOKS, _TAGS, _LOOK_TAGS, _RECEIPT)
}


def entries(connection: Connection, head: int, rows: Sequence[Row]) -> Asked:
    """Of entries behind a position, in order: position, type, version, recorded_at, frame, leaf, occurred_at, data."""
    return "entry and fact", _ask(connection, _ENTRIES, int, head), rows


def tags(connection: Connection, head: int, numbers: Sequence[int], rows: Iterable[Row]) -> Asked:
    """Of entries behind a position: each tag with each position; numbers: those of the tags."""
    return "tag and entry_tag", _among(connection, _TAGS, head, numbers, int), sorted(rows)


def receipt(connection: Connection, row: Row) -> Asked:
    """One receipt: its command, digest, first position and count."""
    return "receipt", _ask(connection, _RECEIPT, str, row[0]), [row]


def looks(connection: Connection, head: int, rows: Sequence[Row]) -> Asked:
    """Of looks behind a position: position, frame, data and leaf, in order."""
    return "look", _ask(connection, _LOOKS, int, head), rows


def look_tags(connection: Connection, head: int, rows: Sequence[Row]) -> Asked:
    """Of looks behind a position: each id with each position."""
    ids = list(dict.fromkeys(id for id, _ in rows))
    return "look_tag", _among(connection, _LOOK_TAGS, head, ids, str), sorted(rows)


def expect_kept(*asked: Asked) -> None:
    """Raises StoreUnavailable unless each of them is there as it was inserted."""
    for table, cursor, wanted in asked:
        found = [tuple(row) for row in cursor.fetchall()]
        if table.endswith("_tag"):
            found.sort()
        if found != list(wanted):
            raise unkept(table, len(wanted), len(found))


def expect_count(table: str, wanted: int, found: int) -> None:
    """Raises StoreUnavailable unless so many rows were inserted as were to be."""
    if found != wanted:
        raise unkept(table, wanted, found)


def unkept(table: str, wanted: int, found: int) -> StoreUnavailable:
    """The sentence for rows of that table that the database did not take as they are."""
    came = str(found) if found != wanted else "others"
    return StoreUnavailable(
        f"the store did not keep what was written to {table}: expected {counted(wanted, 'row')}, got {came}; look for a"
        " trigger or rule there that is not this library's; nothing was recorded"
    )


def _among(connection: Connection, statement: str, head: int, values: Sequence[object], kind: type) -> Any:
    is_sqlite = connection.dialect.name == "sqlite"
    asked: object = msgspec.json.encode(values).decode() if is_sqlite else list(values)
    return _ask(connection, statement, kind, asked, head)


def _ask(connection: Connection, statement: str, kind: type, *values: object) -> Any:
    return run_binary(connection, _TEXTS[connection.dialect.name, statement, kind], values)
