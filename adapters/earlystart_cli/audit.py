"""Audit: what an information governance officer asks of the record."""

from typing import Annotated

import typer

from earlystart_cli import officer, reporting
from earlystart_cli.options import HERE, Db, Effective, Json, Keys, Known, Ndjson, form
from earlystart_cli.output import note, put_answer
from earlystart_cli.stores import opened

EXAMPLE = "earlystart audit disclosures --db leeds.db --known 2026-03-31"

app = typer.Typer(help="What an information governance officer asks of the record.", epilog=f"Example: {EXAMPLE}")


@app.callback()
def audit() -> None:
    """What an information governance officer asks of the record."""


@app.command("disclosures", epilog=f"Example: {EXAMPLE}")
def disclosures(
    db: Db = HERE,
    keys: Keys = None,
    case: Annotated[
        str | None, typer.Option("--case", metavar="CASE", help="Only sharings about that case, such as case:01J….")
    ] = None,
    known: Known = None,
    effective: Effective = None,
    json: Json = False,
    ndjson: Ndjson = False,
) -> None:
    """Print every sharing of information, and whether its basis covered it, as known then and as known now."""
    asked = form(json=json, ndjson=ndjson)
    with opened(db, keys) as record:
        now = known is None and effective is None
        answer = (record if now else record.as_at(known=known, effective=effective)).disclosures(case)
    put_answer(answer, asked)
    if asked == "text" and answer:
        doubtful = sum(not row["struck"] and not row["covered_now"] for row in answer)
        unknown = sum(not row["struck"] and row["reason"] == "withdrawn_unrecorded" for row in answer)
        note(f"{doubtful} not covered as known now, {unknown} of them against a no that was not yet recorded")


app.command("ask", epilog=f"Example: {officer.ASK_EXAMPLE}")(officer.ask)
app.command("questions", epilog=f"Example: {officer.QUESTIONS_EXAMPLE}")(officer.questions)
app.command("report", epilog=f"Example: {reporting.REPORT_EXAMPLE}")(reporting.report)
app.command("subject", epilog=f"Example: {reporting.SUBJECT_EXAMPLE}")(reporting.subject)
