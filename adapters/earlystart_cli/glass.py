"""Breaking a glass, and reviewing one."""

import sys
from typing import Annotated, Any

import typer

from earlystart_cli.groups import add
from earlystart_cli.options import CaseId
from earlystart_cli.output import note, put
from earlystart_cli.reading import Someone
from earlystart_cli.stores import Stored, opened
from earlystart_core.errors import Invalid

EXAMPLE = (
    "earlystart glass break case:01JH0000000000000000000000 --reason danger_of_harm --as practitioner:01JH…"
    " --role health_visitor --employer org:lch --purpose safeguarding < why.txt"
)
REVIEW_EXAMPLE = (
    "earlystart glass review glass:01JH0000000000000000000000 --outcome justified --as practitioner:01JH…"
    " --role team_lead --employer org:lch --purpose service_management"
)
app = typer.Typer(help="Reading a case in an emergency, and the review of it.", epilog=f"Example: {EXAMPLE}")


@app.callback()
def glass() -> None:
    """Reading a case in an emergency, and the review of it."""


def break_(
    case: CaseId,
    *,
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            metavar="CODE",
            help="danger_of_harm, emergency_care, safeguarding_enquiry, legal_proceedings or complaint.",
        ),
    ],
    someone: Someone,
    hours: Annotated[int, typer.Option("--hours", metavar="N", help="For how long, 1 to 8.")] = 4,
    store: Stored,
) -> None:
    """Break the glass for one case: why, in words, comes from standard input and is sealed; someone else reviews it."""
    text = _why()
    code: Any = reason
    with opened(store) as record:
        found = record.glass.break_for(case, reason=code, text=text, by=someone.reading(), hours=hours)
    note(f"until {found.until:%Y-%m-%dT%H:%M:%SZ}, to be reviewed by {found.review_by.date().isoformat()}")
    put([found.id])


def review(
    glass: Annotated[str, typer.Argument(metavar="GLASS", help="The glass: an id such as glass:01J….")],
    *,
    outcome: Annotated[str, typer.Option("--outcome", metavar="CODE", help="justified, not_justified or unclear.")],
    someone: Someone,
    store: Stored,
) -> None:
    """Record what the review of a broken glass came to. Nobody reviews their own."""
    code: Any = outcome
    with opened(store) as record:
        record.glass.review(glass, outcome=code, by=someone.reading())
    put([f"{glass} reviewed: {outcome}"])


def _why() -> str:
    """Standard input to its end: what is typed as an argument stays in the shell's history."""
    if sys.stdin is None:
        return ""
    try:
        return sys.stdin.read(100_000)
    except UnicodeDecodeError:
        raise Invalid("text", "expected text in UTF-8 on standard input, got other bytes") from None


add(app, "break", break_, EXAMPLE)
add(app, "review", review, REVIEW_EXAMPLE)
