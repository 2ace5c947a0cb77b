"""Legal holds: placed, lifted, and those that stand."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from earlystart_cli.by import NamedRecorder
from earlystart_cli.groups import add
from earlystart_cli.options import Form
from earlystart_cli.output import put, put_answer
from earlystart_cli.stores import Stored, opened

if TYPE_CHECKING:
    from earlystart_core.command import Command

EXAMPLE = (
    'earlystart hold place hold:inquiry-7 --authority "Inquiry 7, order 12" --case case:01JH0000000000000000000000'
    " --by practitioner:01JH…"
)
app = typer.Typer(help="Legal holds: while one stands, nothing that it covers is erased.", epilog=f"Example: {EXAMPLE}")


@dataclass(frozen=True)
class Order:
    """An order about a hold: its name, on whose word, and whom it is about."""

    hold: Annotated[str, typer.Argument(metavar="HOLD", help="The hold's name, such as hold:inquiry-7.")]
    authority: Annotated[str, typer.Option("--authority", metavar="TEXT", help="Who ordered it, and its reference.")]
    case: Annotated[str | None, typer.Option("--case", metavar="CASE", help="Only that case.")] = None
    person: Annotated[str | None, typer.Option("--person", metavar="PERSON", help="Only that person.")] = None


@app.callback()
def hold() -> None:
    """Legal holds: while one stands, nothing that it covers is erased."""


def place(order: Order, store: Stored, recorder: NamedRecorder) -> None:
    """Place a legal hold on a case, on a person, or where neither is named on the whole record."""
    from earlystart_core.words.hold import PlaceLegalHold

    _submit(PlaceLegalHold(**asdict(order)), recorder, store, "it stands already")


def lift(order: Order, store: Stored, recorder: NamedRecorder) -> None:
    """Lift a legal hold as it was placed; where neither case nor person is named it ends for everyone."""
    from earlystart_core.words.hold import LiftLegalHold

    _submit(LiftLegalHold(**asdict(order)), recorder, store, "it was lifted already")


def list_(store: Stored, form: Form) -> None:
    """Print the legal holds that stand; without a case and a person they cover everyone."""
    with opened(store) as record:
        answer = record.holds()
    put_answer(answer, form.name)


def _submit(order: "Command", recorder: NamedRecorder, store: Stored, already: str) -> None:
    with opened(store) as record:
        done = record.submit(order, by=recorder.practitioner)
    put([f"position {done.positions[0]}" if done.positions else already])


add(app, "place", place, EXAMPLE)
add(app, "lift", lift, 'earlystart hold lift hold:inquiry-7 --authority "Inquiry 7, closed" --by practitioner:01JH…')
add(app, "list", list_, "earlystart hold list --db leeds.db --json")
