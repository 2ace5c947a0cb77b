"""Who gives an order on the command line: a practitioner where one is named, else nobody who is known.

What needs a name takes `Named`, and cannot be called without one.
"""

from typing import Annotated

import typer

from earlystart_core.entry import Practitioner

By = Annotated[
    str | None, typer.Option("--by", metavar="ID", help="Who records it, such as practitioner:01J…; unknown without.")
]
Named = Annotated[str, typer.Option("--by", metavar="ID", help="Who records it, such as practitioner:01J….")]
Employer = Annotated[str | None, typer.Option("--employer", metavar="ORG", help="For whom, such as org:lch.")]


def practitioner(by: str | None, employer: str | None) -> Practitioner:
    """Whom an entry made on the command line names as recorder."""
    return Practitioner(by or "practitioner:unknown", "command line", employer or "org:unrecorded")
