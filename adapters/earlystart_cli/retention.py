"""Retention: which cases and persons are due for disposal, or until when each is kept."""

from typing import Annotated

import typer

from earlystart_cli.options import Form
from earlystart_cli.output import put_answer
from earlystart_cli.stores import Stored, opened
from earlystart_core.answer import Answer

EXAMPLE = "earlystart retention --db leeds.db --on 2051-12-31"


def retention(
    *,
    store: Stored,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="What is due on that London day; today without it.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", metavar="", help="Every case and person, not only those that are due.")
    ] = False,
    form: Form,
) -> None:
    """Print which cases and persons have been kept long enough; erasing them is another command."""
    with opened(store) as record:
        answer = record.retention(on)
    put_answer(answer if every else Answer([row for row in answer if row["due"]], answer.clocks), form.name)
