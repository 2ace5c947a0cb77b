"""Who gives an order on the command line: a practitioner where one is named, else nobody who is known.

What needs a name takes `NamedRecorder`, and cannot be called without one.
"""

from dataclasses import dataclass
from typing import Annotated

import typer

from earlystart_core.entry import Practitioner

By = Annotated[
    str | None, typer.Option("--by", metavar="ID", help="Who records it, such as practitioner:01J…; unknown without.")
]
Named = Annotated[str, typer.Option("--by", metavar="ID", help="Who records it, such as practitioner:01J….")]
Employer = Annotated[str | None, typer.Option("--employer", metavar="ORG", help="For whom, such as org:lch.")]


@dataclass(frozen=True)
class NamedRecorder:
    """Who records an entry that is made on the command line."""

    by: Named
    employer: Employer = None

    @property
    def practitioner(self) -> Practitioner:
        """Whom the entry names."""
        return Practitioner(self.by, "command line", self.employer or "org:unrecorded")


@dataclass(frozen=True)
class Recorder:
    """The same where it need not be said."""

    by: By = None
    employer: Employer = None

    @property
    def practitioner(self) -> Practitioner:
        """Whom the entry names."""
        return NamedRecorder(self.by or "practitioner:unknown", self.employer).practitioner
