"""What the code says of events, views, refusals and tables, as the reference pages write it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec

from earlystart_core.event import Event, shape_of
from earlystart_core.sources import annotation_of, holds_several, may_be_null

ROOT = Path(__file__).parents[2]
LISTED = 6  # longer code lists stand in a table of their own


def parts_of(annotation: Any) -> Iterator[Any]:
    """The annotation and all that it is made of."""
    yield annotation
    for part in (*get_args(annotation), getattr(annotation, "__value__", None)):
        if part is not None and not isinstance(part, str):
            yield from parts_of(part)


def codes_of(event: type[Event], field: str) -> tuple[str, ...]:
    """The codes that a field takes; empty where it takes something else."""
    found = next((part for part in parts_of(annotation_of(event, field)) if get_origin(part) is Literal), None)
    return () if found is None else get_args(found)


def at_least_one(event: type[Event], field: str) -> bool:
    """Whether a field of several values needs one at least."""
    metas = [part for part in parts_of(annotation_of(event, field)) if isinstance(part, msgspec.Meta)]
    return any(meta.min_length for meta in metas)


def field_of(event: type[Event], field: str) -> str:
    """A field as the events page writes it: `reason{…}†?`, `cases[≥1]`."""
    codes = codes_of(event, field)
    text = field
    if codes and len(codes) <= LISTED and not all(code.isdigit() for code in codes):
        text += "{" + ",".join(codes) + "}"
    if holds_several(event, field):
        text += "[≥1]" if at_least_one(event, field) else "[]"
    if field in shape_of(event).sealed:
        text += "†"
    return text + ("?" if may_be_null(event, field) else "")


def fields_of(event: type[Event]) -> str:
    """All fields of an event, as the events page writes them."""
    return ", ".join(f"`{field_of(event, field)}`" for field in shape_of(event).fields)


def rows_of(page: Path, head: str) -> list[list[str]]:
    """The rows of the table whose first line starts with that; cells without their blanks."""
    lines = iter(page.read_text("utf-8").splitlines())
    rows: list[list[str]] = []
    for line in lines:
        if line.startswith(head):
            next(lines)
            for row in lines:
                if not row.startswith("|"):
                    break
                rows.append([cell.strip() for cell in row.strip("|").split(" |")])
    return rows


def refusal_codes() -> set[str]:
    """Every code that the source can refuse with; `sharing.{lacking}` stands for one a lack."""
    from earlystart_core.words.sharing import SENTENCES

    found: set[str] = set()
    for folder in ("src", "adapters"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused":
                    code = node.args[0]
                    if isinstance(code, ast.Constant):
                        found.add(code.value)
                    else:
                        assert ast.unparse(code) == "f'sharing.{lacking}'", f"{path}: a refusal code that is no text"
                        found |= {f"sharing.{lacking}" for lacking in SENTENCES}
    return found
