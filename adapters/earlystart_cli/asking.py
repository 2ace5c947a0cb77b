"""Asking: any view, the caseload and the tiers, now or at any two clocks."""

from collections.abc import Callable
from typing import Annotated

import typer

from earlystart_cli.options import HERE, Db, Effective, Json, Keys, Known, Ndjson, Team, form
from earlystart_cli.output import put_answer
from earlystart_cli.reading import As, ByGlass, For, OfTeam, Own, Purpose, Role, asked, reader_of
from earlystart_cli.stores import opened
from earlystart_core.answer import Answer
from earlystart_core.errors import Invalid

VIEW_EXAMPLE = "earlystart view case_status --team team:armley --known 2026-03-31"
CASELOAD_EXAMPLE = "earlystart caseload --team team:armley"
TIERS_EXAMPLE = "earlystart tiers --effective 2026-03-31 --json"


def view(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="case_status, request_queue, package_status or consent_status.")
    ],
    db: Db = HERE,
    keys: Keys = None,
    team: Team = None,
    known: Known = None,
    effective: Effective = None,
    who: As = None,
    role: Role = None,
    employer: For = None,
    purpose: Purpose = None,
    of_team: OfTeam = None,
    own: Own = None,
    glass: ByGlass = None,
    json: Json = False,
    ndjson: Ndjson = False,
) -> None:
    """Print a view's rows, now or as at two clocks; with --as those that this reader may see."""
    from earlystart_core.views import VIEW

    if name not in VIEW:
        raise Invalid("view", f"expected one of {', '.join(sorted(VIEW))}, got {name[:40]!r}")
    reader = reader_of(who, role, employer, purpose, of_team, glass, own)
    told = form(json=json, ndjson=ndjson)
    with opened(db, keys) as record:
        answer = asked(record, known, effective, reader).view(name, team=team)
    put_answer(answer, told)


def caseload(
    db: Db = HERE,
    keys: Keys = None,
    team: Team = None,
    known: Known = None,
    effective: Effective = None,
    json: Json = False,
    ndjson: Ndjson = False,
) -> None:
    """Print each team's open cases and active packages, then those of each practitioner."""
    _ask(lambda record: record.caseload(team=team), db, keys, known, effective, form(json=json, ndjson=ndjson))


def tiers(
    db: Db = HERE,
    keys: Keys = None,
    team: Team = None,
    known: Known = None,
    effective: Effective = None,
    json: Json = False,
    ndjson: Ndjson = False,
) -> None:
    """Print each team's open cases and how many are in each tier."""
    _ask(lambda record: record.tiers(team=team), db, keys, known, effective, form(json=json, ndjson=ndjson))


def _ask(
    question: Callable[..., Answer], db: str, keys: str | None, known: str | None, effective: str | None, form: str
) -> None:
    with opened(db, keys) as record:
        now = known is None and effective is None
        answer = question(record if now else record.as_at(known=known, effective=effective))
    put_answer(answer, form)
