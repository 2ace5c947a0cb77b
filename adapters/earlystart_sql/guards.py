"""Guards: triggers by which rows of the log and of the access log are only ever added, whoever sends the statement.

SQLite fires no trigger for a row that `REPLACE` takes away, unless a connection asks for it: so what would take a row's
place is refused before it is inserted. A row about an entry is inserted before the entry: behind it none is taken.
"""

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Connection

from earlystart_sql.raw import run

_LAST = "(SELECT coalesce(max({column}), 0) FROM {table})"
_HEAD = _LAST.format(column="position", table="entry")
_LOOKS = _LAST.format(column="position", table="look")
_BEHIND = "NEW.position NOT BETWEEN {head} + 1 AND 9223372036854775807"  # what is no number is not between two


def _next(column: str, table: str, which: str = "") -> str:
    last = _LAST.format(column=column, table=table + which)
    return f"NEW.{column} IS NOT {last} + 1"


def _there(table: str, *columns: str) -> str:
    same = " AND ".join(f"{column} = NEW.{column}" for column in columns)
    return f"EXISTS (SELECT 1 FROM {table} WHERE {same})"


# By table: when SQLite refuses a new row, because it takes another's place or no append of this library would add it.
REFUSED: Mapping[str, str] = {
    "shape": f"{_next('id', 'shape')} OR {_there('shape', 'type', 'version')}",
    "entry": _next("position", "entry"),
    "fact": _BEHIND.format(head=_HEAD),
    "tag": f"{_next('tag_id', 'tag')} OR {_next('n', 'tag', ' WHERE kind = NEW.kind')} OR {_there('tag', 'id')}",
    "entry_tag": _BEHIND.format(head=_HEAD),
    "receipt": f"{_there('receipt', 'command_id')} OR NEW.count < 0 OR NEW.first + NEW.count IS NOT {_HEAD} + 1",
    "tree_node": f"{_there('tree_node', 'level', 'number')} OR ((NEW.number + 1) << NEW.level) > {_HEAD}",
    "tree_head": f"{_next('number', 'tree_head')} OR NEW.size > {_HEAD}",
    "look": _next("position", "look"),
    "look_tag": _BEHIND.format(head=_LOOKS),
    "look_node": f"{_there('look_node', 'level', 'number')} OR ((NEW.number + 1) << NEW.level) > {_LOOKS}",
    "look_head": f"{_next('number', 'look_head')} OR NEW.size > {_LOOKS}",
    "term": f"{_next('n', 'term')} OR {_there('term', 'text')}",
    "import_erased": _there("import_erased", "key"),
}
GUARDED = tuple(REFUSED)

# By name, or by the beginning of it: the other tables of a store, and why rows of them may change.
UNGUARDED: Mapping[str, str] = {
    "store": "what PostgreSQL's store says it is; where it says something else the store does not open",
    "view_": "made from the log, and made again from it at any time",
    "segment": "made from the log, and made again from it at any time",
    "import_row": "a later feed fills a field, and an erasure takes rows away",
    "import_name": "an erasure takes rows away",
    "import_total": "written again with each change of the ledger, and encrypted",
    "unscrubbed": "what is still to be cleared from the files; taken away when it is",
}

# PostgreSQL takes no row's place. It asks once for each statement what came, where that is cheap beside an append.
_CAME: Mapping[str, str] = {
    "entry_tag": "(SELECT min(position) FROM added) <= coalesce((SELECT max(position) FROM entry), 0)",
    "look_tag": "(SELECT min(position) FROM added) <= coalesce((SELECT max(position) FROM look), 0)",
    "receipt": (
        "EXISTS (SELECT FROM added WHERE count < 0"
        " OR first + count <> 1 + coalesce((SELECT max(position) FROM entry), 0))"
    ),
    "term": (
        "(SELECT min(n) <> 1 AND NOT EXISTS (SELECT FROM term WHERE n = (SELECT min(n) - 1 FROM added)) FROM added)"
    ),
}
_RAISE = "RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME;"
_BRANCHES = " ELS".join(f"IF TG_TABLE_NAME = '{table}' THEN wrong := {when};" for table, when in _CAME.items())
FUNCTIONS: Mapping[str, str] = {  # of PostgreSQL, by name: what they do
    "only_added": f"BEGIN {_RAISE} END",
    "only_next": f"DECLARE wrong boolean; BEGIN {_BRANCHES} END IF; IF wrong THEN {_RAISE} END IF; RETURN NULL; END",
}


_THERE = {  # each guarded table that is there, with each of its triggers and what that is
    "sqlite": (
        "SELECT t.name, g.name, g.sql FROM sqlite_schema AS t"
        " LEFT JOIN sqlite_schema AS g ON g.type = 'trigger' AND g.tbl_name = t.name"
        " WHERE t.type = 'table' AND t.name IN ({names})"
    ),
    "postgresql": (
        "SELECT c.relname, t.tgname, btrim(p.prosrc) FROM pg_class AS c"
        " LEFT JOIN pg_trigger AS t ON t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'"
        " LEFT JOIN pg_proc AS p ON p.oid = t.tgfoid"
        " WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
        " AND c.relkind = 'r' AND c.relname IN ({names}) AND pg_has_role(c.relowner, 'USAGE')"
    ),
}


def mend(connection: Connection, tables: Iterable[str] = GUARDED) -> None:
    """Makes the guards of those tables that are missing, disabled or of another form, as in a store from before them.

    Under the append lock. On PostgreSQL only those of tables that this role owns.
    """
    dialect = connection.dialect.name
    names = ", ".join(f"'{table}'" for table in tables)
    found = run(connection, _THERE[dialect].format(names=names)).fetchall()
    those = dict.fromkeys(table for table, _, _ in found)
    there = {trigger: text for _, trigger, text in found}
    if dialect == "sqlite":
        for name, statement in _sqlite(those):
            if there.get(name) != statement:
                run(connection, f"DROP TRIGGER IF EXISTS {name}")
                run(connection, statement)
        return
    missing = [each for each in _postgresql(those) if there.get(each[0]) != FUNCTIONS[each[1]]]
    for function in dict.fromkeys(function for _, function, _ in missing):
        run(
            connection,
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ {FUNCTIONS[function]} $$",
        )
    for name, function, where in missing:
        run(connection, f"CREATE OR REPLACE TRIGGER {name} {where} EXECUTE FUNCTION {function}()")


def _sqlite(tables: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The triggers of those tables: each one's name, and the statement that makes it."""
    for table in tables:
        stop = f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are only ever added'); END"
        for verb in ("UPDATE", "DELETE"):
            yield f"{table}_no_{verb}", f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} {stop}"
        name = f"{table}_no_replace"
        yield name, f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {REFUSED[table]} {stop}"


def _postgresql(tables: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """The triggers of those tables: each one's name, the function that it calls, and when."""
    for table in tables:
        yield f"{table}_no_change", "only_added", f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW"
        yield f"{table}_no_truncate", "only_added", f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
        if table in _CAME:
            when = f"AFTER INSERT ON {table} REFERENCING NEW TABLE AS added FOR EACH STATEMENT"
            yield f"{table}_next", "only_next", when
