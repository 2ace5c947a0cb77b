"""Reading as someone: a command that names a reader is judged and recorded before it prints anything."""

from typing import TYPE_CHECKING, Annotated

import typer

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


def reader_of(
    practitioner: str | None,
    role: str | None,
    employer: str | None,
    purpose: str | None,
    team: str | None = None,
    glass: str | None = None,
    own: list[str] | None = None,
) -> "Reader | None":
    """The reader whom a command names, None where it names none.

    Raises:
        Invalid: only a part of one is named.
    """
    from earlystart_core.access.reader import Reader

    needed = {"--as": practitioner, "--role": role, "--employer": employer, "--purpose": purpose}
    if practitioner is None:
        more = {"--of-team": team, "--own": own or None, "--glass": glass}
        given = [name for name, value in (needed | more).items() if value is not None]
        if given:
            raise Invalid(given[0], "expected --as with it, to say who reads")
        return None
    for name, value in needed.items():
        if value is None:
            raise Invalid(name, "expected with --as, to say in which role, for whom and for what someone reads")
    assert role is not None
    assert employer is not None
    assert purpose is not None
    return Reader(practitioner, role, employer, purpose, team=team, own=tuple(own or ()), break_glass=glass)


def asked(
    record: "Record", known: str | None, effective: str | None, reader: "Reader | None"
) -> "Record | AsAt | Seeing":
    """Whom to ask: the record, now or at two clocks, or what a reader may see of it."""
    now = known is None and effective is None
    if reader is None:
        return record if now else record.as_at(known=known, effective=effective)
    seen = record.seen_by(reader)
    return seen if now else seen.as_at(known=known, effective=effective)
