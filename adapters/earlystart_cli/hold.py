"""Legal holds: placed, lifted, and those that stand."""

from typing import Annotated

import typer

from earlystart_cli.by import Employer, Named, practitioner
from earlystart_cli.options import HERE, Db, Json, Keys, Ndjson, form
from earlystart_cli.output import put, put_answer
from earlystart_cli.stores import opened
from earlystart_core.entry import Practitioner

EXAMPLE = (
    'earlystart hold place hold:inquiry-7 --authority "Inquiry 7, order 12" --case case:01JH0000000000000000000000'
    " --by practitioner:01JH…"
)
app = typer.Typer(help="Legal holds: while one stands, nothing that it covers is erased.", epilog=f"Example: {EXAMPLE}")

Hold = Annotated[str, typer.Argument(metavar="HOLD", help="The hold's name, such as hold:inquiry-7.")]
Authority = Annotated[str, typer.Option("--authority", metavar="TEXT", help="Who ordered it, and its reference.")]
Case = Annotated[str | None, typer.Option("--case", metavar="CASE", help="Only that case.")]
Person = Annotated[str | None, typer.Option("--person", metavar="PERSON", help="Only that person.")]


@app.callback()
def hold() -> None:
    """Legal holds: while one stands, nothing that it covers is erased."""


@app.command("place", epilog=f"Example: {EXAMPLE}")
def place(
    hold: Hold,
    authority: Authority,
    by: Named,
    case: Case = None,
    person: Person = None,
    db: Db = HERE,
    keys: Keys = None,
    employer: Employer = None,
) -> None:
    """Place a legal hold on a case, on a person, or where neither is named on the whole record."""
    from earlystart_core.words.hold import PlaceLegalHold

    order = PlaceLegalHold(hold=hold, authority=authority, case=case, person=person)
    _submit(order, practitioner(by, employer), db, keys, "it stands already")


@app.command(
    "lift",
    epilog='Example: earlystart hold lift hold:inquiry-7 --authority "Inquiry 7, closed" --by practitioner:01JH…',
)
def lift(
    hold: Hold,
    authority: Authority,
    by: Named,
    case: Case = None,
    person: Person = None,
    db: Db = HERE,
    keys: Keys = None,
    employer: Employer = None,
) -> None:
    """Lift a legal hold as it was placed; where neither case nor person is named it ends for everyone."""
    from earlystart_core.words.hold import LiftLegalHold

    order = LiftLegalHold(hold=hold, authority=authority, case=case, person=person)
    _submit(order, practitioner(by, employer), db, keys, "it was lifted already")


@app.command("list", epilog="Example: earlystart hold list --db leeds.db --json")
def list_(db: Db = HERE, keys: Keys = None, json: Json = False, ndjson: Ndjson = False) -> None:
    """Print the legal holds that stand; without a case and a person they cover everyone."""
    asked = form(json=json, ndjson=ndjson)
    with opened(db, keys) as record:
        answer = record.holds()
    put_answer(answer, asked)


def _submit(order: object, by: Practitioner, db: str, keys: str | None, already: str) -> None:
    from earlystart_core.command import Command

    assert isinstance(order, Command)
    with opened(db, keys) as record:
        done = record.submit(order, by=by)
    put([f"position {done.positions[0]}" if done.positions else already])
