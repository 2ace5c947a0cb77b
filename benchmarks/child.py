"""One measure in a process of its own: `python -m benchmarks.child STORE [CALLS]` prints JSON.

The store is sealed already and only read. What is told: the events that were folded, seconds by the wall and of the
processor for each call (the first stands apart, as it also loads the libraries), and the process's peak memory.
"""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.measure import timed
from earlystart_core.record import Record

ROOT = Path(__file__).parents[1]


def opened(path: Path) -> Record:
    """The record in a store that is only read."""
    return Record.open(str(path), keys=":memory:", create=False, read_only=True)


def fold_in_child(path: Path, calls: int = 1, cores: int | None = None) -> dict[str, Any]:
    """What a fold of that store took in a process of its own. cores: how many it may use; None means all."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    if cores is not None:
        env["POLARS_MAX_THREADS"] = str(cores)
    given = [sys.executable, "-m", "benchmarks.child", str(path), str(calls), str(cores or 0)]
    done = subprocess.run(given, env=env, stdout=subprocess.PIPE, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def main(path: Path, calls: int, cores: int) -> None:
    if cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    from benchmarks.fold import folded

    walls, busys, events, peak = [], [], 0, 0
    for _ in range(calls + 1):
        with opened(path) as record:
            wall, busy, whole = timed(lambda record=record: folded(record))  # type: ignore[misc]
            walls.append(wall)
            busys.append(busy)
            events = whole.events
            del whole
        peak = peak or _peak()  # of the first: what allocators keep of it would count again in the second
    print(json.dumps({"events": events, "first": walls[0], "walls": walls[1:], "busys": busys[1:], "peak": peak}))


def _peak() -> int:
    """The process's peak memory in bytes; `getrusage` would tell its parent's where that was larger."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
