"""The officer's twenty questions: `audit questions` lists them, `audit ask` answers one."""

from typing import Annotated, Any

import typer

from earlystart_cli.answering import line_of
from earlystart_cli.columns import lines_of
from earlystart_cli.files import text_in
from earlystart_cli.options import Form, Json, Team, TwoClocks
from earlystart_cli.output import note, note_sealed, put, put_answer, put_json, screen_width
from earlystart_cli.proving import MOST, Held, VkeyFile
from earlystart_cli.stores import Stored, opened

ASK_EXAMPLE = "earlystart audit ask late --hours 72 --db leeds.db"
QUESTIONS_EXAMPLE = "earlystart audit questions"


def questions(json: Json = False) -> None:
    """List the twenty questions: number, name, what each asks, and the options that it takes."""
    from earlystart_core.desk.questions import QUESTIONS

    rows: list[dict[str, Any]] = [
        {"number": each.number, "name": each.name, "asks": each.asks, "needs": each.needs, "takes": each.takes}
        for each in QUESTIONS
    ]
    if json:
        put_json(rows)
        return
    put(
        lines_of(
            [
                {
                    "no": row["number"],
                    "name": row["name"],
                    "asks": row["asks"],
                    "options": " ".join(
                        f"--{name}" if name in row["needs"] else f"[--{name}]" for name in row["takes"]
                    ),
                }
                for row in rows
            ],
            screen_width(),
        )
    )


def ask(
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="Its number, 1 to 20, or its name: audit questions lists them.")
    ],
    *,
    store: Stored,
    case: Annotated[str | None, typer.Option("--case", metavar="CASE", help="About that case.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", metavar="ID", help="About that case or person.")] = None,
    practitioner: Annotated[
        str | None, typer.Option("--practitioner", metavar="ID", help="About that practitioner.")
    ] = None,
    role: Annotated[
        str | None,
        typer.Option("--role", metavar="ROLE", help="The practitioner's role then, which `allowed` is judged by."),
    ] = None,
    employer: Annotated[
        str | None, typer.Option("--employer", metavar="ORG", help="For whom they worked then; with --role.")
    ] = None,
    recipient: Annotated[
        str | None, typer.Option("--recipient", metavar="ORG", help="About that organisation.")
    ] = None,
    purpose: Annotated[str | None, typer.Option("--purpose", metavar="TEXT", help="For exactly that purpose.")] = None,
    item: Annotated[str | None, typer.Option("--item", metavar="TEXT", help="About that item of a sharing.")] = None,
    team: Team = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="MOMENT", help="The moment: an instant, or the end of a London day.")
    ] = None,
    on: Annotated[str | None, typer.Option("--on", metavar="DATE", help="The London day on which it is due.")] = None,
    hours: Annotated[int | None, typer.Option("--hours", metavar="N", help="How many hours count.")] = None,
    checkpoint: Held = None,
    vkey: VkeyFile = None,
    clocks: TwoClocks,
    form: Form,
) -> int:
    """Answer one of the officer's twenty questions. Status 1 where `unaltered` finds a doubt."""
    from earlystart_core.desk.questions import question as question_of

    asked_for = question_of(question)
    options: dict[str, Any] = {
        "case": case,
        "subject": subject,
        "practitioner": practitioner,
        "role": role,
        "employer": employer,
        "recipient": recipient,
        "purpose": purpose,
        "item": item,
        "team": team,
        "at": at,
        "on": on,
        "hours": hours,
        "checkpoint": text_in("--checkpoint", checkpoint, MOST),
        "vkey": text_in("--vkey", vkey, MOST),
    }
    with opened(store) as record:
        answer = record.ask(asked_for.number, clocks.known, clocks.effective, **options)
    note_sealed(answer)
    put_answer(answer, form.name)
    if form.name == "text" and (line := line_of(asked_for.name, answer, options)) is not None:
        note(line)
    doubts = [doubt for row in answer for doubt in row.get("doubts", ())]
    for doubt in doubts:
        note(f"earlystart: {doubt}")
    return 1 if doubts else 0
