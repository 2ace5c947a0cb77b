"""Explain: what a rebuild would read and fold, and in which order, without doing it."""

from typing import Annotated

import typer

from earlystart_cli.options import HERE, Db, Json, Keys
from earlystart_cli.output import put, put_json
from earlystart_cli.rebuild import Source
from earlystart_cli.stores import opened

EXAMPLE = "earlystart explain --db leeds.db"


def explain(
    db: Db = HERE,
    keys: Keys = None,
    source: Annotated[
        Source | None, typer.Option("--from", help="Of the log's segments and what is not sealed, or of its rows.")
    ] = None,
    json: Json = False,
) -> None:
    """Print the plan of a rebuild: what is read from where, and what each pass makes of it. Changes nothing."""
    with opened(db, keys) as record:
        found = record.store.views.explain(None if source is None else source.value)
    if json:
        put_json(found)
    else:
        put(found.lines())
