"""The options that commands share, each with one meaning everywhere."""

from dataclasses import dataclass
from typing import Annotated

import typer

from earlystart_core.errors import Invalid

HERE = "sqlite:///earlystart.db"

Db = Annotated[str, typer.Option("--db", metavar="URL", help="The store: a file path or an SQLAlchemy URL.")]
Keys = Annotated[
    str | None,
    typer.Option("--keys", metavar="URL", help="Its key store; without it the one beside the store."),
]
CaseId = Annotated[str, typer.Argument(metavar="CASE", help="The case: an id such as case:01J….")]
Case = Annotated[str | None, typer.Option("--case", metavar="CASE", help="Only that case, such as case:01J….")]
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


@dataclass(frozen=True)
class TwoClocks:
    """The two clocks that a question is asked for; neither: now."""

    known: Known = None
    effective: Effective = None

    @property
    def now(self) -> bool:
        """Whether neither is given."""
        return self.known is None and self.effective is None


@dataclass(frozen=True)
class Form:
    """In which form to answer.

    Raises:
        Invalid: both are asked for.
    """

    json: Json = False
    ndjson: Ndjson = False

    def __post_init__(self) -> None:
        if self.json and self.ndjson:
            raise Invalid("--json", "expected --json or --ndjson, got both")

    @property
    def name(self) -> str:
        """`json`, `ndjson`, or `text` for people."""
        return "json" if self.json else "ndjson" if self.ndjson else "text"
