"""Programs in processes of their own that start at once: children of tests/ready_server.py, as `subprocess.Popen`."""

import array
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.ready_server import ANSWER

COMMAND = """#!{python} -IS
import array, json, os, socket, sys
code = "import sys; sys.argv[0] = 'earlystart'; from earlystart_cli import main; sys.exit(main())"
asked = json.dumps([code, sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
with socket.socket(socket.AF_UNIX) as way:
    way.connect({place!r})
    streams = array.array("i", [0, 1, 2])
    way.sendmsg([len(asked).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    way.sendall(asked)
    way.recv(4)
    ended = int.from_bytes(way.recv(4), "big", signed=True)
sys.exit(ended if ended >= 0 else 128 - ended)
"""


class Child:
    """A running program: its output and errors can be read, as text; it can be sent a signal and waited for."""

    def __init__(self, place: str, code: str, arguments: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self._way = socket.socket(socket.AF_UNIX)
        self._way.connect(place)
        reading, writing = zip(os.pipe(), os.pipe(), strict=True)
        self.stdout, self.stderr = (os.fdopen(pipe, encoding="utf-8") for pipe in reading)
        asked = json.dumps([code, arguments, str(Path.cwd()), {**os.environ, **environment}]).encode()
        with Path(os.devnull).open("rb") as nothing:
            streams = array.array("i", [nothing.fileno(), *writing])
            self._way.sendmsg([ANSWER.pack(len(asked))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
        for pipe in writing:
            os.close(pipe)
        self._way.sendall(asked)
        self.pid = self._answer()
        self.returncode: int | None = None

    def send_signal(self, sent: int) -> None:
        """Nothing happens where it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, sent)

    def kill(self) -> None:
        """As under kill -9."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float = 120) -> int:
        """The return code; a negative one for a signal.

        Raises:
            TimeoutError: it goes on for longer.
        """
        if self.returncode is None:
            self._way.settimeout(timeout)
            self.returncode = self._answer()
            self._way.close()
        return self.returncode

    def communicate(self, timeout: float = 120) -> tuple[str, str]:
        """What it printed and its errors, once it has ended."""
        output = self.stdout.read(), self.stderr.read()  # neither is long enough to fill a pipe
        self.wait(timeout)
        self.close()
        return output

    def close(self) -> None:
        """Nobody reads on; whatever it still does, it is killed."""
        if self.returncode is None:
            self.kill()
            self.wait()
        for stream in (self.stdout, self.stderr):
            stream.close()

    def _answer(self) -> int:
        found = self._way.recv(ANSWER.size)
        assert found, "the server of children has ended"
        return int(ANSWER.unpack(found)[0])


class Ready:
    """The server of one test run, and the programs that it started.

    command: a folder that has the command `earlystart`, which runs as such a program.
    """

    def __init__(self, folder: Path) -> None:
        self.place = str(folder / "ready")
        self.command = folder
        (folder / "earlystart").write_text(COMMAND.format(python=sys.executable, place=self.place))
        (folder / "earlystart").chmod(0o755)
        self._children: list[Child] = []

    def start(self, code: str, *arguments: object, **environment: str) -> Child:
        """A program of Python code with its arguments: as `python -c CODE ARGUMENT…` would run it."""
        child = Child(self.place, code, tuple(map(str, arguments)), environment)
        self._children.append(child)
        return child

    def end_all(self) -> None:
        """Kills every program that still runs, and closes what was not read."""
        for child in self._children:
            child.close()
        self._children.clear()


@contextlib.contextmanager
def serving() -> Iterator[Ready]:
    """A server of children, until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="ready"))  # short: a socket's path has little room
    found = Ready(folder)
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, Path(__file__).with_name("ready_server.py"), found.place],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        try:
            yield found
        finally:
            found.end_all()
            server.stdin.close()
    shutil.rmtree(folder)
