"""Explain: what a rebuild would read and fold, and in which order, without doing it."""

from earlystart_cli.options import Json
from earlystart_cli.output import put, put_json
from earlystart_cli.rebuild import From
from earlystart_cli.stores import Stored, opened

EXAMPLE = "earlystart explain --db leeds.db"


def explain(*, store: Stored, of: From, json: Json = False) -> None:
    """Print the plan of a rebuild: what is read from where, and what each pass makes of it. Changes nothing."""
    with opened(store) as record:
        found = record.store.views.explain(of.read)
    if json:
        put_json(found)
    else:
        put(found.lines())
