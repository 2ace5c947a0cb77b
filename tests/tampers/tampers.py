"""What someone with every right to the database may write where: by table, a line each, for both stores alike.

To add one, add a line, then write the page again: `python -m tests.tampers.page`.
Statements run with every guard off; guards stand again afterwards. What stands in braces is filled in by
`tests/tampers/store.py`: a table of the served views by the name of its view, numbers of cases, positions of entries.
`keys: ` before a statement sends it to the key store.
"""

_ALTER = {  # text within bytes, by dialect
    "sqlite": "CAST(replace(CAST({column} AS TEXT), '{old}', '{new}') AS BLOB)",
    "postgresql": "convert_to(replace(convert_from({column}, 'UTF8'), '{old}', '{new}'), 'UTF8')",
}
_BYTES = {"sqlite": "x'{digits}'", "postgresql": "'\\x{digits}'::bytea"}


def altered(table: str, column: str, old: str, new: str, where: str) -> str:
    """A statement that puts one text in another's place, within bytes."""
    return f"UPDATE {table} SET {column} = ALTERED({column}|{old}|{new}) WHERE {where}"


def in_words_of(dialect: str, statement: str) -> str:
    """The statement as that database takes it."""
    for name, forms in (("ALTERED(", _ALTER), ("BYTES(", _BYTES)):
        while name in statement:
            before, _, rest = statement.partition(name)
            inner, _, after = rest.partition(")")
            fields = ("column", "old", "new") if name == "ALTERED(" else ("digits",)
            statement = before + forms[dialect].format(**dict(zip(fields, inner.split("|"), strict=True))) + after
    return statement


def _rewritten(position: str) -> tuple[str, ...]:
    """Another role in who recorded an entry, and the leaf that belongs to it."""
    leaf = f"UPDATE entry SET leaf = BYTES({{leaf_of_{position}}}) WHERE position = {{{position}}}"
    return altered("entry", "frame", "health_visitor", "social_worker_", f"position = {{{position}}}"), leaf


def _last_removed(table: str, *others: str) -> tuple[str, ...]:
    last = f"(SELECT max(position) FROM {table})"
    return tuple(f"DELETE FROM {each} WHERE position = {last}" for each in (*others, table))


def _exchanged(table: str, column: str) -> tuple[str, ...]:
    return (
        f"UPDATE {table} SET {column} = 'case:x' WHERE {column} = '{{anna_id}}'",
        f"UPDATE {table} SET {column} = '{{anna_id}}' WHERE {column} = '{{ben_id}}'",
        f"UPDATE {table} SET {column} = '{{ben_id}}' WHERE {column} = 'case:x'",
    )


def _to_keys(*statements: str) -> tuple[str, ...]:
    return tuple(f"keys: {one}" for one in statements)


FIRST_LEAF = "(SELECT leaf FROM {0} WHERE position = 1)"
FORGED = "one column is altered, and its checksum and binding with it"
LOG, ACCESS, VIEWS, BESIDE = "The log", "The access log", "What is made from the log", "Imports and keys"

TAMPERS: dict[str, dict[tuple[str, str], tuple[str, ...]]] = {
    LOG: {
        ("entry", "the role of the person who recorded an entry is changed"): _rewritten("at")[:1],
        ("entry", "the same, and the entry's hash with it"): _rewritten("at"),
        ("entry", "the same, and the hashes and checkpoints stored beside the log are removed"): (
            *_rewritten("at"),
            "DELETE FROM tree_node",
            "DELETE FROM tree_head",
        ),
        ("entry", "an entry since the last checkpoint is changed with its hash"): _rewritten("unsigned"),
        ("entry", "the hash of an entry is changed"): (
            "UPDATE entry SET leaf = " + FIRST_LEAF.format("entry") + " WHERE position = {at}",
        ),
        ("entry", "an entry is removed"): ("DELETE FROM entry WHERE position = {at}",),
        ("entry", "the newest entry is removed with all that belongs to it"): (
            "DELETE FROM receipt WHERE first = (SELECT max(position) FROM entry)",
            *_last_removed("entry", "fact", "entry_tag"),
        ),
        ("entry", "the newest entry is removed with its details, and its receipt is left"): (
            *_last_removed("entry", "fact", "entry_tag"),
        ),
        ("entry", "the time of recording is changed in the index alone"): (
            "UPDATE entry SET recorded_at = recorded_at + 1 WHERE position = {at}",
        ),
        ("entry", "the type is changed in the index alone"): ("UPDATE entry SET shape = 1 WHERE position = {at}",),
        ("fact", "a package is allocated to another practitioner"): (
            altered("fact", "data", "{jo}", "{pat}", "position = {at}"),
        ),
        ("fact", "the time at which it happened is changed in the index alone"): (
            "UPDATE fact SET occurred_at = 0 WHERE position = {at}",
        ),
        ("fact", "the details of an entry are removed"): ("DELETE FROM fact WHERE position = {at}",),
        ("fact", "details are added that no entry has"): (
            "INSERT INTO fact SELECT shape, 1, occurred_at, data FROM fact WHERE position = {at}",
        ),
        ("shape", "a type of entry is renamed"): ("UPDATE shape SET type = 'Renamed' WHERE type = 'PackageAllocated'",),
        ("tag", "the ids of two children are exchanged"): _exchanged("tag", "id"),
        ("entry_tag", "an entry is hidden from its case"): (
            "DELETE FROM entry_tag WHERE position = {at}"
            " AND tag_id IN (SELECT tag_id FROM tag WHERE kind IN ('case', 'package'))",
        ),
        ("entry_tag", "a mark in error is hidden from its case"): ("DELETE FROM entry_tag WHERE position = {mark}",),
        ("entry_tag", "an entry is shown under another case"): (
            "INSERT INTO entry_tag SELECT (SELECT tag_id FROM tag WHERE id = '{ben_id}'), position, shape"
            " FROM entry WHERE position = {at}",
        ),
        ("receipt", "the receipt of a command is removed"): ("DELETE FROM receipt WHERE command_id = 'opened'",),
        ("receipt", "a receipt is made to name another entry"): (
            "UPDATE receipt SET first = 2 WHERE command_id = 'opened'",
        ),
        ("tree_node", "a stored hash of many entries is changed"): (
            "UPDATE tree_node SET hash = " + FIRST_LEAF.format("entry"),
        ),
        ("tree_node", "the stored hashes are removed"): ("DELETE FROM tree_node",),
        ("tree_head", "the stored checkpoint is overwritten"): (
            "UPDATE tree_head SET note = " + FIRST_LEAF.format("entry"),
        ),
        ("tree_head", "the stored checkpoint is removed"): ("DELETE FROM tree_head",),
    },
    ACCESS: {
        ("look", "what one entry says is replaced by what another says"): (
            "UPDATE look SET data = (SELECT data FROM look WHERE position = 2) WHERE position = 3",
        ),
        ("look", "an entry is made unreadable"): ("UPDATE look SET frame = data WHERE position = 3",),
        ("look", "an entry is removed"): ("DELETE FROM look WHERE position = 3",),
        ("look", "the newest entry is removed with its index"): _last_removed("look", "look_tag"),
        ("look_tag", "an entry is hidden from its case"): ("DELETE FROM look_tag WHERE position = 3",),
        ("look_node", "a stored hash of many entries is changed"): (
            "UPDATE look_node SET hash = " + FIRST_LEAF.format("look"),
        ),
        ("look_node", "the stored hashes are removed"): ("DELETE FROM look_node",),
        ("look_head", "the stored checkpoint is overwritten"): (
            "UPDATE look_head SET note = " + FIRST_LEAF.format("look"),
        ),
        ("look_head", "the stored checkpoint is removed"): ("DELETE FROM look_head",),
    },
    VIEWS: {
        ("view_case_status", "a case is put under another team"): (
            "UPDATE {case_status} SET team = (SELECT n FROM tag WHERE id = 'team:burley') WHERE \"case\" = {anna}",
        ),
        ("view_case_status", "another point of contact is named"): (
            "UPDATE {case_status} SET point_of_contact = (SELECT n FROM tag WHERE id = '{jo}') WHERE \"case\" = {anna}",
        ),
        ("view_case_status", "an open case is closed, long ago"): (
            "UPDATE {case_status} SET closed_on = -25000, born_on = -25001,"
            " status = (SELECT n FROM term WHERE text = 'closed') WHERE \"case\" = {anna}",
        ),
        ("view_case_status", "a row is removed"): ('DELETE FROM {case_status} WHERE "case" = {anna}',),
        ("view_case_status", "a row is added for a number that no case has"): (
            'INSERT INTO {case_status} ("case", family) SELECT 1 + max(n), 1 FROM tag',
        ),
        ("view_package_status", "another practitioner is named"): (
            "UPDATE {package_status} SET practitioner = (SELECT n FROM tag WHERE id = '{sam}') WHERE \"case\" = {anna}",
        ),
        ("view_package_status", "a package is moved to another case"): (
            'UPDATE {package_status} SET "case" = {ben} WHERE "case" = {anna}',
        ),
        ("view_consent_status", "a withdrawn consent is made a given one"): (
            "UPDATE {consent_status} SET decision = (SELECT n FROM term WHERE text = 'given')",
        ),
        ("view_request_queue", "a request is made up"): (
            "INSERT INTO {request_queue} (request, \"case\") SELECT max(n), {anna} FROM tag WHERE kind = 'case'",
        ),
        ("view_state", "the views are said to stand at an earlier entry"): ("UPDATE view_state SET position = 2",),
        ("view_state", "the views are said to stand beyond the last entry"): (
            "UPDATE view_state SET position = position + 1000",
        ),
        ("view_state", "what the views stand at is removed"): ("DELETE FROM view_state",),
        ("view_build", "a rebuild is said to be under way"): ("UPDATE view_build SET build = 9",),
        ("term", "a word that rows refer to is changed"): ("UPDATE term SET text = 'closed now' WHERE text = 'open'",),
        ("segment", "one column is put in another's place"): (
            "UPDATE segment SET data = (SELECT data FROM segment WHERE type = 'CaseOpened' AND name = 'case')"
            " WHERE type = 'CaseOpened' AND name = 'team'",
        ),
        ("segment", FORGED): (
            "UPDATE segment SET data = BYTES({forged}) WHERE type = 'CaseOpened' AND name = 'team'",
            "UPDATE segment_run SET held = '{forged_held}', bound = BYTES({forged_bound})",
        ),
        ("segment", "one column is removed"): ("DELETE FROM segment WHERE type = 'CaseOpened' AND name = 'team'",),
        ("segment_run", "what the segments cover is removed"): ("DELETE FROM segment_run",),
        ("segment_ids", "the ids that segments refer to are removed"): ("DELETE FROM segment_ids",),
    },
    BESIDE: {
        ("import_row", "the ids of two imported rows are exchanged"): (
            "UPDATE import_row SET ids = CASE ids WHEN (SELECT min(ids) {cases}) THEN (SELECT max(ids) {cases})"
            " ELSE (SELECT min(ids) {cases}) END"
            " WHERE ids IN ((SELECT min(ids) {cases}), (SELECT max(ids) {cases})) AND file = 'cases.csv'",
        ),
        ("import_row", "an imported row is removed"): ("DELETE FROM import_row WHERE ids = (SELECT max(ids) {cases})",),
        ("import_name", "the names of an imported source are removed"): ("DELETE FROM import_name",),
        ("import_erased", "the marks of an erasure are removed"): ("DELETE FROM import_erased",),
        ("import_total", "the total of what imports remember is removed"): ("DELETE FROM import_total",),
        ("unscrubbed", "an erasure is said to be unfinished"): ("INSERT INTO unscrubbed VALUES ('{ben_id}')",),
        ("data_key", "a key is removed"): _to_keys("DELETE FROM data_key WHERE subject = '{anna_id}'"),
        ("data_key", "the keys of two children are exchanged"): _to_keys(*_exchanged("data_key", "subject")),
        ("secret", "a secret of the store is removed"): _to_keys(
            "DELETE FROM secret WHERE name = (SELECT min(name) FROM secret)"
        ),
        ("tombstone", "the mark of a destroyed key is removed"): _to_keys("DELETE FROM tombstone"),
    },
}
