"""The reference pages say what the code does: nothing is missing, and nothing stands there that is gone."""

import inspect
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import earlystart_core
from earlystart_core import EarlyStartError, Record, Seeing
from earlystart_core.access.breaking import BreakGlass
from earlystart_core.answer import Answer
from earlystart_core.event import shape_of
from earlystart_core.record import AsAt
from earlystart_core.types import SLUG_KINDS, ULID_KINDS
from earlystart_core.views import VIEW
from earlystart_core.words import EVENTS, WORDS
from earlystart_sql.key_tables import KEYS
from earlystart_sql.schema import LOG
from tests.docs.shapes import ROOT, codes_of, field_of, fields_of, refusal_codes, rows_of

REFERENCE = ROOT / "docs" / "reference"
HELD = {"day": "date", "instant": "instant", "number": "number", "text": "text", "flag": "flag"}


def bare(cell: str) -> str:
    """A cell's one word in code marks."""
    return cell.strip("`")


def test_every_event_stands_in_the_reference_with_its_command_and_fields() -> None:
    """docs/reference/events.md against the registry, both ways."""
    rows = rows_of(REFERENCE / "events.md", "| event | command |")
    said = {bare(event): (bare(command), fields) for event, command, fields, _ in rows}
    of_command = {frozenset({*command.model_fields} - {"occurred_at"}): set() for command in WORDS}
    for command in WORDS:
        of_command[frozenset({*command.model_fields} - {"occurred_at"})].add(command.__name__)
    assert {name: fields for name, (_, fields) in said.items()} == {
        name: fields_of(cls) for name, cls in EVENTS.classes.items()
    }
    assert [name for name, (command, _) in said.items() if command == "–"] == ["SubjectErased"]
    for name, (command, _) in said.items():
        if command == "–":  # recorded by an erasure alone
            continue
        assert command in of_command[frozenset(shape_of(EVENTS.classes[name]).fields)], name
    assert {command for command, _ in said.values()} - {"–"} == {command.__name__ for command in WORDS}
    assert all(says for *_, says in rows)


def test_every_code_stands_in_the_reference() -> None:
    """The longer code lists, against the types."""
    said = {
        bare(field): [bare(code) for code in codes.split(", ")]
        for fields, codes in rows_of(REFERENCE / "events.md", "| field | codes |")
        for field in fields.split(", ")
    }
    expected = {
        f"{name}.{field}": list(codes_of(cls, field))
        for name, cls in EVENTS.classes.items()
        for field in shape_of(cls).fields
        if codes_of(cls, field) and "{" not in field_of(cls, field)
    }
    assert said == expected


def test_every_kind_of_id_stands_in_the_reference() -> None:
    """Kinds of ids, against the types."""
    said = {bare(kind).rstrip(":") for kind, _ in rows_of(REFERENCE / "events.md", "| kind | is |")}
    assert said == {*ULID_KINDS, *SLUG_KINDS}


def test_every_view_stands_in_the_reference_with_its_columns() -> None:
    """docs/reference/views.md against the declarations, in their order."""
    sections = re.split(r"^## ", (REFERENCE / "views.md").read_text("utf-8"), flags=re.MULTILINE)
    said = {}
    for section in sections[1:]:
        name = section.split("\n", 1)[0]
        rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", section, re.MULTILINE)
        if name != "Questions" and rows:
            said[name] = [(column, holds) for column, holds, _ in rows]
    assert said == {
        name: [(column, HELD.get(view.held[column], f"{view.held[column]} id")) for column in view.columns]
        for name, view in VIEW.items()
    }


def test_every_refusal_code_stands_in_the_reference() -> None:
    """Codes are stable: one that goes is a change that callers notice."""
    rows = rows_of(REFERENCE / "errors.md", "| code | the rule |")
    said = [bare(code) for code, _ in rows]
    assert said == sorted(refusal_codes())


def test_every_error_stands_in_the_reference() -> None:
    """docs/reference/errors.md against the tree of errors."""
    said = {bare(row[0]) for row in rows_of(REFERENCE / "errors.md", "| error | means |")}
    public = {name for name in earlystart_core.__all__ if inspect.isclass(getattr(earlystart_core, name))}
    assert said == {name for name in public if issubclass(getattr(earlystart_core, name), EarlyStartError)}


def test_every_table_stands_in_the_reference_with_its_columns() -> None:
    """docs/reference/store.md against the layouts of the log and the key store."""
    from earlystart_sql.build_tables import metadata as builds
    from earlystart_sql.forgetting import unscrubbed
    from earlystart_sql.ledger_tables import metadata as ledger
    from earlystart_sql.segment_tables import metadata as segments
    from earlystart_sql.terms import metadata as terms

    said = {
        bare(table): [bare(column) for column in columns.split(", ")]
        for table, columns, _ in rows_of(REFERENCE / "store.md", "| table | columns |")
    }
    tables = {
        **LOG.metadata.tables,
        **{table.name: table for table in KEYS.metadata.tables.values()},
        **ledger.tables,
        **segments.tables,
        **builds.tables,
        **terms.tables,
        unscrubbed.name: unscrubbed,
    }
    assert said == {name: [column.name for column in table.columns] for name, table in tables.items()}


def members(cls: Any) -> Iterator[str]:
    """The public members of a class, methods with the names of their parameters."""
    for name, member in inspect.getmembers(cls):
        if inspect.isroutine(member) and not name.startswith("_") and not hasattr(Sequence, name):
            yield f"{name}({', '.join(one for one in inspect.signature(member).parameters if one != 'self')})"
        elif not name.startswith("_") and not hasattr(Sequence, name):
            yield name


def test_every_method_stands_in_the_reference() -> None:
    """docs/reference/python.md against `Record`, what its `as_at`, `seen_by` and `glass` give, and `Answer`."""
    page = REFERENCE / "python.md"
    said = {
        bare(row[0]).removeprefix("Record.") for head in ("| method |", "| member |") for row in rows_of(page, head)
    }
    found = {*members(Record), *members(AsAt), *members(Seeing), *members(BreakGlass), *members(Answer)}
    assert said == found - {"clocks"}


def test_the_decision_on_bytes_shows_a_golden_vector() -> None:
    """docs/decisions/0001 and the reference show bytes that the code gives."""
    given = json.loads((ROOT / "tests" / "house" / "golden" / "ChildBorn.v1.json").read_text("utf-8"))
    decision = (ROOT / "docs" / "decisions" / "0001-bytes-of-an-entry.md").read_text("utf-8")
    assert f"{given['frame']}\n{given['data']}\n{given['leaf']}\n" in decision
    assert f"{given['canonical']}\n" in (REFERENCE / "canonical-bytes.md").read_text("utf-8")
