"""The command line: `earlystart`. What it can do stands in `app`; here is only what works without its extra."""

import os
import sys

WITH = "the command line needs {}: pip install 'earlystart-core[cli]'"


def main() -> int:
    """Runs the command that the process was started with, and returns its exit status."""
    try:
        from earlystart_cli.app import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("typer", "rich", "click"):
            return _not_loaded(error)
        sys.stderr.write(f"earlystart: {WITH.format(error.name)}\n")
        return 3
    except KeyboardInterrupt:
        sys.stderr.write("earlystart: stopped\n")
        return 130
    except Exception as error:  # noqa: BLE001 - a variable of the environment can make any of Python's modules fail
        return _not_loaded(error)
    return run(sys.argv[1:])


def _not_loaded(error: Exception) -> int:
    if os.environ.get("EARLYSTART_DEBUG"):
        raise error
    sys.stderr.write(
        f"earlystart: the program could not be loaded ({type(error).__name__}): look at variables of the environment"
        " whose name begins with PYTHON, or install it again; EARLYSTART_DEBUG=1 shows where it failed\n"
    )
    return 3
