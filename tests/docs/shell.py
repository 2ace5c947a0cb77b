"""A shell that a page's commands are typed into, one after the other, as whoever reads it would paste them."""

import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Self


class Shell:
    """One shell for a page: what a command sets, the next ones find. It knows nothing of this process's Python.

    commands: a folder whose commands come before those of this Python and of the system.
    """

    def __init__(self, commands: Path) -> None:
        path = os.pathsep.join([str(commands), str(Path(sys.executable).parent), os.environ["PATH"]])
        self._mark = f"<{uuid.uuid4().hex}>"
        self._process = subprocess.Popen(
            ["sh"],
            env={**os.environ, "PATH": path, "COLUMNS": "120", "NO_COLOR": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> tuple[int, str]:
        """The exit status of a command, and what it printed, standard error too."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{{ {command}\n}} </dev/null\nprintf '\\n%s %s\\n' '{self._mark}' $?\n")
        stdin.flush()
        printed = []
        for line in stdout:
            if line.startswith(self._mark):
                return int(line.split()[1]), "".join(printed).removesuffix("\n")
            printed.append(line)
        raise AssertionError(f"{command} ended the shell, having printed {''.join(printed)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()
