"""A process that has read the library once, and a child of it for each program that a test starts.

    python ready_server.py SOCKET

Whoever connects hands over three streams and what to run (code, arguments, folder, environment); the child is then
what a new process would be, less the time that reading the library takes. The answers are its number and, at its end,
its return code, a negative one for a signal. Ends with all its children when its standard input does.
"""

import array
import gc
import json
import os
import select
import signal
import socket
import struct
import sys
from importlib import import_module

READ_FIRST = ("earlystart_core", "earlystart_sql.store", "earlystart_feeds", "earlystart_cli.app", "polars", "psycopg")
ANSWER = struct.Struct("!i")


def serve(place: str) -> tuple[str, list[str]] | None:
    """Answers until standard input ends, then None; in a child, at once: its code and arguments."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(place)
        door.listen(64)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while door in select.select([door, sys.stdin], [], [])[0]:
            way, _ = door.accept()
            with way:
                if os.fork() == 0:
                    door.close()
                    return started(way)
    return None


def started(way: socket.socket) -> tuple[str, list[str]]:
    """In a new child: the code and the arguments that it is to run, its streams, folder and environment being set.

    The process between it and the server waits for its end and says how it was.
    """
    os.setpgid(0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, handed, _, _ = way.recvmsg(ANSWER.size, socket.CMSG_SPACE(3 * array.array("i").itemsize))
    asked = b""
    while len(asked) < ANSWER.unpack(size)[0]:
        asked += way.recv(1 << 16)
    code, arguments, folder, environment = json.loads(asked)
    streams = array.array("i", handed[0][2])
    if child := os.fork():
        for stream in streams:
            os.close(stream)
        way.sendall(ANSWER.pack(child))
        _, ended = os.waitpid(child, 0)
        way.sendall(ANSWER.pack(os.waitstatus_to_exitcode(ended)))
        os._exit(0)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin, sys.stdout = open(0, encoding="utf-8"), open(1, "w", encoding="utf-8")  # noqa: SIM115  # numbers
    sys.stderr = open(2, "w", 1, "utf-8", "backslashreplace")  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    return code, arguments


if __name__ == "__main__":
    for name in READ_FIRST:
        import_module(name)
    gc.freeze()  # children share what was read
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the server waits for nobody
    asked_for = serve(sys.argv[1])
    if asked_for is not None:
        program, sys.argv[1:] = asked_for
        sys.argv[0] = "-c"
        exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})  # as python -c does
