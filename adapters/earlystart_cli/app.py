"""The commands together, and the one place where what went wrong becomes a sentence and an exit status.

0: done. 1: the answer is no. 2: the call was wrong. 3: the store was not usable, or an extra is missing.
Besides these only 130 and 143: stopped by Ctrl-C, and by the system.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer

from earlystart_cli import (
    asking,
    audit,
    demo,
    diff,
    doctor,
    erase,
    explain,
    glass,
    hold,
    importing,
    logs,
    rebuild,
    retention,
    simulate,
    timeline,
)
from earlystart_cli.groups import add
from earlystart_cli.output import ReaderGone, note, writing
from earlystart_cli.stopping import ENDED, STOPPED, stoppable
from earlystart_cli.wrong_calls import sentence_of
from earlystart_core.errors import EarlyStartError, Invalid, NotPermitted, Refused

DONE, NO, WRONG_CALL, UNUSABLE = 0, 1, 2, 3
DEBUG = "EARLYSTART_DEBUG"  # set, it lets what nobody foresaw through with its traceback
Usage: Any = typer.BadParameter.__base__  # what Typer raises for any wrong call

app = typer.Typer(
    name="earlystart",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for name, command, example in (
    ("demo", demo.demo, demo.EXAMPLE),
    ("simulate", simulate.simulate, simulate.EXAMPLE),
    ("import", importing.import_, importing.EXAMPLE),
    ("rebuild", rebuild.rebuild, rebuild.EXAMPLE),
    ("explain", explain.explain, explain.EXAMPLE),
    ("view", asking.view, asking.VIEW_EXAMPLE),
    ("caseload", asking.caseload, asking.CASELOAD_EXAMPLE),
    ("tiers", asking.tiers, asking.TIERS_EXAMPLE),
    ("timeline", timeline.timeline, timeline.EXAMPLE),
    ("erase", erase.erase, erase.EXAMPLE),
    ("erasures", erase.erasures, erase.ERASURES_EXAMPLE),
    ("retention", retention.retention, retention.EXAMPLE),
    ("diff", diff.diff, diff.EXAMPLE),
    ("doctor", doctor.doctor, doctor.EXAMPLE),
):
    add(app, name, command, example)
app.add_typer(audit.app, name="audit")
app.add_typer(glass.app, name="glass")
app.add_typer(logs.app, name="log")
app.add_typer(hold.app, name="hold")


def _version(asked: bool) -> None:
    if asked:
        with writing() as write:
            write(f"earlystart {version('earlystart-core')}\n".encode())
        raise typer.Exit


@app.callback(invoke_without_command=True, epilog="Example: earlystart demo")
def whole(
    context: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", metavar="", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """The record under integrated early-years services: one log of facts, views rebuilt from it, two clocks."""
    if context.invoked_subcommand is None:
        names = [each.name or "" for each in app.registered_commands] + [each.name for each in app.registered_groups]
        raise Invalid("COMMAND", f"expected one of {', '.join(map(str, names))}; earlystart --help says what they do")


def run(arguments: Sequence[str]) -> int:
    """Carries out one command line, and returns its exit status. Never lets an exception through."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    status = DONE
    with stoppable():
        try:
            status = _status(arguments)
            if sys.stdout is not None:
                sys.stdout.flush()
        except (ReaderGone, BrokenPipeError):
            _forget_output()
            return status
        except SystemExit as ended:
            return ENDED if ended.code == ENDED else DONE  # Rich and Typer leave so when nobody reads the help
        except KeyboardInterrupt:
            status = STOPPED
        except OSError as error:
            note(f"earlystart: the system said no: {error.strerror or type(error).__name__}")
            _forget_output()
            return UNUSABLE
        if status == STOPPED:
            note("earlystart: stopped")
        return status


def _status(arguments: Sequence[str]) -> int:
    try:
        status = app(args=list(arguments), prog_name="earlystart", standalone_mode=False)
        return status if isinstance(status, int) else DONE
    except EarlyStartError as error:
        note(f"earlystart: {error}")
        if isinstance(error, Invalid):
            return WRONG_CALL
        return NO if isinstance(error, Refused | NotPermitted) else UNUSABLE
    except Usage as error:
        where = getattr(error.ctx, "command_path", None) or "earlystart"
        note(f"earlystart: {sentence_of(error)} ({where} --help)")
        return WRONG_CALL
    except typer.Abort:
        return STOPPED
    except (ReaderGone, OSError):
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit) or os.environ.get(DEBUG):
            raise  # what is left is an error, or a panic of a library, which is no Exception
        note(f"earlystart: this is a fault of earlystart itself, {_place(error)}; {DEBUG}=1 shows where it came from")
        return UNUSABLE


def _place(error: BaseException) -> str:
    """The kind of an error and where it was raised. Never its words: they may hold anything."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" in {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
    return f"{type(error).__name__}{where}"


def _forget_output() -> None:
    """Nobody reads on: what is still buffered goes nowhere, so that the interpreter does not complain when it ends."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            try:
                stream.flush()
            except OSError:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)
