"""The options that commands share, each with one meaning everywhere."""

from typing import Annotated

import typer

from earlystart_core.errors import Invalid

HERE = "sqlite:///earlystart.db"

Db = Annotated[str, typer.Option("--db", metavar="URL", help="The store: a file path or an SQLAlchemy URL.")]
Keys = Annotated[
    str | None,
    typer.Option("--keys", metavar="URL", help="Its key store; without it the one beside the store."),
]
Team = Annotated[
    str | None, typer.Option("--team", metavar="TEAM", help="Only cases under that team, such as team:armley.")
]
Known = Annotated[
    str | None,
    typer.Option("--known", metavar="K", help="As known at a position, an instant, or the end of a London day."),
]
Effective = Annotated[
    str | None,
    typer.Option("--effective", metavar="D", help="Only what had happened by an instant, or the end of a London day."),
]
Json = Annotated[bool, typer.Option("--json", metavar="", help="One JSON value, for programs.")]
Ndjson = Annotated[bool, typer.Option("--ndjson", metavar="", help="One JSON object a line, for programs.")]


def form(*, json: bool, ndjson: bool = False) -> str:
    """In which form to answer: `json`, `ndjson`, or `text` for people.

    Raises:
        Invalid: both are asked for.
    """
    if json and ndjson:
        raise Invalid("--json", "expected --json or --ndjson, got both")
    return "json" if json else "ndjson" if ndjson else "text"
