"""Importing the library costs little and touches nothing."""

import subprocess
import sys

PROBE = """
import sys, time
touched = []
def watch(event, args):
    if event in ("socket.connect", "subprocess.Popen", "sqlite3.connect"):
        touched.append((event, args))
    if event == "open" and isinstance(args[0], str) and (set(args[1] or "r") & set("wax+")):
        touched.append((event, args[0]))
sys.dont_write_bytecode = True
sys.addaudithook(watch)
before = set(sys.modules)
import threading
threads = threading.active_count()
import earlystart_core
import earlystart_core.words
heavy = {"polars", "sqlalchemy", "psycopg", "sqlite3", "pysqlite3", "typer", "rich", "earlystart_sql", "earlystart_cli"}
print(sorted(heavy & {name.partition(".")[0] for name in set(sys.modules) - before}), touched)
assert threading.active_count() == threads
"""


def test_importing_the_core_loads_nothing_heavy_and_opens_nothing() -> None:
    """No Polars, no database, no screen; no file is written, no socket opened, no thread started."""
    ran = subprocess.run([sys.executable, "-I", "-c", PROBE], capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert ran.stdout.strip() == "[] []"


def test_importing_the_core_is_quick() -> None:
    """Under half a second of processor time, which other work on the machine disturbs least: the best of three."""
    probe = "import time; t = time.process_time(); import earlystart_core; print(time.process_time() - t)"
    runs = [
        float(subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout)
        for _ in range(3)
    ]
    assert min(runs) < 0.5, runs
