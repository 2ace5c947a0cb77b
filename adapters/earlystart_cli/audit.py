"""Audit: what an information governance officer asks of the record."""

import typer

from earlystart_cli import looking, officer, proving, reporting
from earlystart_cli.groups import add
from earlystart_cli.options import Case, Form, TwoClocks
from earlystart_cli.output import note, put_answer
from earlystart_cli.reading import AsSomeone, asked
from earlystart_cli.stores import Stored, opened

EXAMPLE = "earlystart audit disclosures --db leeds.db --known 2026-03-31"

app = typer.Typer(help="What an information governance officer asks of the record.", epilog=f"Example: {EXAMPLE}")


@app.callback()
def audit() -> None:
    """What an information governance officer asks of the record."""


def disclosures(
    *,
    store: Stored,
    case: Case = None,
    clocks: TwoClocks,
    someone: AsSomeone,
    form: Form,
) -> None:
    """Print every sharing of information, and whether its basis covered it, as known then and as known now."""
    with opened(store) as record:
        answer = asked(record, clocks, someone).disclosures(case)
    put_answer(answer, form.name)
    if form.name == "text" and answer:
        doubtful = sum(not row["struck"] and not row["covered_now"] for row in answer)
        unknown = sum(not row["struck"] and row["reason"] == "withdrawn_unrecorded" for row in answer)
        note(f"{doubtful} not covered as known now, {unknown} of them against a no that was not yet recorded")


for name, command, example in (
    ("disclosures", disclosures, EXAMPLE),
    ("access", looking.access, looking.ACCESS_EXAMPLE),
    ("checkpoint", proving.access_checkpoint, proving.ACCESS_EXAMPLE),
    ("could-see", looking.could_see, looking.COULD_EXAMPLE),
    ("break-glass", looking.break_glass, looking.GLASS_EXAMPLE),
    ("ask", officer.ask, officer.ASK_EXAMPLE),
    ("questions", officer.questions, officer.QUESTIONS_EXAMPLE),
    ("report", reporting.report, reporting.REPORT_EXAMPLE),
    ("subject", reporting.subject, reporting.SUBJECT_EXAMPLE),
):
    add(app, name, command, example)
