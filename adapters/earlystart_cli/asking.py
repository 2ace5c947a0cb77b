"""Asking: any view, the caseload and the tiers, now or at any two clocks."""

from typing import Annotated

import typer

from earlystart_cli.options import Form, Team, TwoClocks
from earlystart_cli.output import put_answer
from earlystart_cli.reading import AsSomeone, asked
from earlystart_cli.stores import Stored, opened
from earlystart_core.errors import Invalid

VIEW_EXAMPLE = "earlystart view case_status --team team:armley --known 2026-03-31"
CASELOAD_EXAMPLE = "earlystart caseload --team team:armley"
TIERS_EXAMPLE = "earlystart tiers --effective 2026-03-31 --json"


def view(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="case_status, request_queue, package_status or consent_status.")
    ],
    *,
    store: Stored,
    team: Team = None,
    clocks: TwoClocks,
    someone: AsSomeone,
    form: Form,
) -> None:
    """Print a view's rows, now or as at two clocks; with --as those that this reader may see."""
    from earlystart_core.views import VIEW

    if name not in VIEW:
        raise Invalid("view", f"expected one of {', '.join(sorted(VIEW))}, got {name[:40]!r}")
    with opened(store) as record:
        answer = asked(record, clocks, someone).view(name, team=team)
    put_answer(answer, form.name)


def caseload(*, store: Stored, team: Team = None, clocks: TwoClocks, someone: AsSomeone, form: Form) -> None:
    """Print each team's open cases and active packages, then those of each practitioner."""
    with opened(store) as record:
        answer = asked(record, clocks, someone).caseload(team=team)
    put_answer(answer, form.name)


def tiers(*, store: Stored, team: Team = None, clocks: TwoClocks, someone: AsSomeone, form: Form) -> None:
    """Print each team's open cases and how many are in each tier."""
    with opened(store) as record:
        answer = asked(record, clocks, someone).tiers(team=team)
    put_answer(answer, form.name)
