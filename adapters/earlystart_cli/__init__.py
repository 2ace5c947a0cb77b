"""The command line: `earlystart`. What it can do stands in `app`; here is only what works without its extra."""

import sys

WITH = "the command line needs {}: pip install 'earlystart-core[cli]'"


def main() -> int:
    """Runs the command that the process was started with, and returns its exit status."""
    try:
        from earlystart_cli.app import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("typer", "rich", "click"):
            raise
        sys.stderr.write(f"earlystart: {WITH.format(error.name)}\n")
        return 3
    except KeyboardInterrupt:
        sys.stderr.write("earlystart: stopped\n")
        return 130
    return run(sys.argv[1:])
