"""Reading as someone: a command that names a reader is judged and recorded before it prints anything."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from earlystart_cli.options import TwoClocks
from earlystart_core.errors import Invalid

if TYPE_CHECKING:
    from earlystart_core.access.reader import Reader
    from earlystart_core.access.seeing import Seeing
    from earlystart_core.asked import AsAt
    from earlystart_core.record import Record

As = Annotated[
    str | None,
    typer.Option("--as", metavar="ID", help="Read as that practitioner, who is judged and recorded."),
]
Role = Annotated[str | None, typer.Option("--role", metavar="ROLE", help="In which role, such as health_visitor.")]
For = Annotated[str | None, typer.Option("--employer", metavar="ORG", help="For whom, such as org:lch.")]
Purpose = Annotated[str | None, typer.Option("--purpose", metavar="CODE", help="For what, such as direct_care.")]
OfTeam = Annotated[str | None, typer.Option("--of-team", metavar="TEAM", help="In which team the reader works.")]
Own = Annotated[
    list[str] | None,
    typer.Option("--own", metavar="CASE", help="A case of the reader's own family; again for each."),
]
ByGlass = Annotated[str | None, typer.Option("--glass", metavar="GLASS", help="By which glass that the reader broke.")]

# the same where a command is about someone and nothing without
Who = Annotated[str, typer.Option("--as", metavar="ID", help="Who, such as practitioner:01J….")]
ByRole = Annotated[str, typer.Option("--role", metavar="ROLE", help="In which role, such as health_visitor.")]
ForOrg = Annotated[str, typer.Option("--employer", metavar="ORG", help="For whom, such as org:lch.")]
ForPurpose = Annotated[str, typer.Option("--purpose", metavar="CODE", help="For what, such as safeguarding.")]


@dataclass(frozen=True)
class AsSomeone:
    """The reader whom a command may name.

    Raises:
        Invalid: only a part of one is named.
    """

    who: As = None
    role: Role = None
    employer: For = None
    purpose: Purpose = None
    of_team: OfTeam = None
    own: Own = None
    glass: ByGlass = None

    def __post_init__(self) -> None:
        needed = {"--as": self.who, "--role": self.role, "--employer": self.employer, "--purpose": self.purpose}
        more = {"--of-team": self.of_team, "--own": self.own or None, "--glass": self.glass}
        if self.who is None:
            for name, value in (needed | more).items():
                if value is not None:
                    raise Invalid(name, "expected --as with it, to say who reads")
        for name, value in needed.items():
            if self.who is not None and value is None:
                raise Invalid(name, "expected with --as, to say in which role, for whom and for what someone reads")

    @property
    def reader(self) -> "Reader | None":
        """None where nobody is named."""
        if self.who is None or self.role is None or self.employer is None or self.purpose is None:
            return None
        named = Someone(self.who, self.role, self.employer, self.purpose, self.own)
        return named.reading(self.of_team, self.glass)


@dataclass(frozen=True)
class Someone:
    """The reader whom a command must name."""

    who: Who
    role: ByRole
    employer: ForOrg
    purpose: ForPurpose
    own: Own = None

    def reading(self, of_team: str | None = None, glass: str | None = None) -> "Reader":
        """The reader, who works in a team or broke a glass if it is so."""
        from earlystart_core.access.reader import Reader

        own = tuple(self.own or ())
        return Reader(self.who, self.role, self.employer, self.purpose, team=of_team, own=own, break_glass=glass)


def asked(record: "Record", clocks: TwoClocks, someone: AsSomeone) -> "Record | AsAt | Seeing":
    """Whom to ask: the record, now or at two clocks, or what a reader may see of it."""
    reader = someone.reader
    whole = record if reader is None else record.seen_by(reader)
    return whole if clocks.now else whole.as_at(clocks.known, clocks.effective)
