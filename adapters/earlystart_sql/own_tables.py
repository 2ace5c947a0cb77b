"""Whether the log's tables are tables, with nothing between them and who reads: the same rows for every question.

A look-up goes down a tree of keys, or through an index; a reading of the whole passes them by. Where these are at odds,
decisions read other rows than a verification.
"""

import re
from collections.abc import Iterator, Sequence

from earlystart_core.errors import Tampered
from earlystart_core.proof.entries import Doubt
from earlystart_sql.database import Database
from earlystart_sql.guards import FUNCTIONS
from earlystart_sql.raw import one, run

TABLES = ("shape", "tag", "entry_tag", "entry", "fact", "receipt")

_NO_TABLE = (  # a table of a module of its own has no page
    "SELECT lower(name) FROM sqlite_schema WHERE lower(name) IN ({names}) AND NOT (type = 'table' AND rootpage > 0)"
)
_RULED = (  # texts taken for the same, rows that go with another table's, rows that give way to new ones
    "SELECT lower(name) FROM sqlite_schema WHERE lower(name) IN ({names}) AND type = 'table'"
    " AND (sql LIKE '%collate%' OR sql LIKE '%references%' OR sql LIKE '%conflict%') ORDER BY 1"
)
_TRIGGERS = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name"
_GUARD = re.compile(  # what only refuses changes nothing
    r"CREATE TRIGGER \w+ BEFORE (UPDATE|DELETE|INSERT) ON \w+ (WHEN [^;]*)?"
    r"BEGIN SELECT RAISE\(ABORT, '[^';]*'\); END"
)
_GUARDS = ", ".join("'" + body.replace("'", "''") + "'" for body in FUNCTIONS.values())
_OUT_OF_ORDER = re.compile(r"^\*\*\* in database|PRIMARY KEY order")
_POSTGRESQL = """
SELECT c.relname, CASE
    WHEN c.relkind <> 'r' THEN 'no table of its own stands there'
    WHEN c.relrowsecurity THEN 'row security says who sees which rows'
    WHEN EXISTS (SELECT FROM pg_rewrite WHERE ev_class = c.oid) THEN 'a rule rewrites what is asked of it'
    WHEN EXISTS (SELECT FROM pg_inherits WHERE c.oid IN (inhparent, inhrelid)) THEN 'another table inherits'
    WHEN EXISTS (SELECT FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid
        WHERE tgrelid = c.oid AND NOT tgisinternal AND btrim(prosrc) NOT IN ({guards}))
        THEN 'a trigger does more than refuse'
    END
FROM unnest(ARRAY[{names}]) AS name JOIN pg_class AS c ON c.oid = to_regclass(name)
"""


def not_plain(database: Database, tables: Sequence[str] = TABLES) -> Iterator[Doubt]:
    """What stands between the tables and who reads them, and where SQLite's own check finds one at odds with itself.

    tables: that are there. PostgreSQL has no such check of its own; see docs/explanation/proof.md.

    Raises:
        Tampered: pages of one are not joined as they must be.
    """
    names = ", ".join(f"'{table}'" for table in tables)
    with database.reading() as connection:
        if database.dialect == "postgresql":
            for table, found in run(connection, _POSTGRESQL.format(names=names, guards=_GUARDS)).fetchall():
                if found is not None:
                    yield Doubt(None, f"the table {table} is not as this library made it: {found}")
            return
        others = {name for (name,) in run(connection, _NO_TABLE.format(names=names))}
        ruled = [name for (name,) in run(connection, _RULED.format(names=names))]
        triggers = [
            str(name)[:60]
            for name, sql in run(connection, _TRIGGERS)
            if not (isinstance(sql, str) and _GUARD.fullmatch(" ".join(sql.split())))
        ]
    for table in others:
        yield Doubt(None, f"the table {table} is not as this library made it: no table of its own stands there")
    for table in ruled:
        yield Doubt(None, f"the table {table} is not as this library made it: its columns have rules of their own")
    for name in triggers:
        yield Doubt(None, f"the trigger {name} does more than refuse: expected none that does")
    for table in tables:
        if table in others:
            continue
        with database.reading() as connection:  # a transaction each: with a rollback journal a writer waits for it
            said = one(connection, f"PRAGMA integrity_check({table})")
        if _OUT_OF_ORDER.search(str(said)):  # a reading might give anything, or never end
            raise Tampered(
                f"the table {table} is damaged, and nothing more is read: {' '.join(str(said).split())[:100]}"
            )
        if said != "ok":
            yield Doubt(None, f"the table {table} is at odds with its index, or damaged: {str(said)[:100]}")
