"""`python -m tests.faults`: the soak, and the page that says what came of it, on standard output."""

# ruff: noqa: E501  # prose has one sentence a line

import argparse
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from earlystart_sql.sqlite import LIBRARY, journal_mode
from tests.faults.server import own_server
from tests.faults.soak import Came, soak
from tests.faults.traced import STRACE
from tests.ready import serving

PAGE = """# Soak

What {kills:,} kills, {interrupts:,} interrupts and {faults:,} disk faults on each store came to.
`python -m tests.faults` makes this page; `pytest -m soak` runs the same and fails if anything is lost, doubled or slow.
The promises are in [what an acknowledgement promises](durability.md).

| store | fault | faults | acknowledged | refused, sent again | lost | recorded twice | other errors | doubts of the proof | next writer in, median | at most | took |
|---|---|---|---|---|---|---|---|---|---|---|---|
{rows}

A **kill** is `SIGKILL` to one of {writers} processes that record all the time, at a random moment.
Every other command has personal text, which is read back at the end.
An **interrupt** is raised at a random place inside a call, chosen from all at which Python could raise it: a command, a look, a list, a view of the past, a rebuild, a break-glass, an erasure, an opening, a half-read log.
It is Ctrl-C, what `SIGTERM` raises, or a cancellation.
A **disk fault** is a system call that `strace` makes fail with an error: a sync, a write, a truncation, a removal or a read, of the process that records (SQLite) or of the server's process that serves it (PostgreSQL).
After each fault another process records something: the time until that is acknowledged is the column *next writer in*.
After a failed sync PostgreSQL crashes and recovers by design; that is in its times.
At the end of each row everything that was refused is sent again under its own `command_id`, and the log is compared with every acknowledgement: each command must be there once, at the positions that were returned.

Ran on {when}: {machine}, Python {python}, {sqlite}, PostgreSQL {postgres}, {strace}, earlystart-core {ours} ({commit}), seed {seed}.
Files were on {disk}.
"""


def row(came: Came) -> str:
    """A line of the table."""
    found: tuple[object, ...] = (
        *(came.store, came.kind, f"{came.faults:,}", f"{came.acknowledged:,}", f"{came.refused:,}"),
        *(came.lost, came.doubled, len(came.raw), len(came.doubts)),
        *(f"{median(came.waits):.2f} s", f"{max(came.waits):.2f} s", f"{came.seconds:,.0f} s"),
    )
    return f"| {' | '.join(map(str, found))} |"


def machine() -> str:
    """What it runs on, by what matters: no name and no path."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return f"{os.cpu_count()} processors, {memory} GB, {platform.system()} {platform.release().split('-')[0]}"


def said(*command: str) -> str:
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    return (ran.stdout.splitlines() or ["?"])[0].strip()


def main() -> int:
    """0 where everything held."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    for name, number in (("kills", 300), ("interrupts", 3_000), ("faults", 100), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--disk", help="a folder for the stores; without it that for temporary files")
    given = parser.parse_args()
    os.environ["EARLYSTART_KEK"] = "5a" * 32
    if given.disk:
        os.environ["TMPDIR"] = given.disk  # for the server too
    came = []
    with serving() as ready:
        for one in soak(ready, kills_=given.kills, interrupts_=given.interrupts, faults=given.faults, seed=given.seed):
            came.append(one)
            sys.stderr.write(f"{row(one)}\n")
            for each in (*one.raw, *one.doubts):
                sys.stderr.write(f"    {each}\n")
    with own_server() as server:
        postgres = server.version
    sys.stdout.write(
        PAGE.format(
            kills=given.kills,
            interrupts=given.interrupts,
            faults=given.faults,
            seed=given.seed,
            rows="\n".join(map(row, came)),
            writers=4,
            when=datetime.now(UTC).date().isoformat(),
            machine=machine(),
            python=platform.python_version(),
            sqlite=f"SQLite {LIBRARY.sqlite_version} ({journal_mode()})",
            postgres=postgres,
            strace=said(str(STRACE), "-V").replace(" -- version", ""),
            ours=version("earlystart-core"),
            commit=said("git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"),
            disk=said("stat", "-f", "-c", "%T", given.disk or os.environ.get("TMPDIR", "/tmp")).replace(
                "ext2/ext3", "ext4"
            ),
        )
    )
    return 0 if all(one.is_good for one in came) else 1


if __name__ == "__main__":
    sys.exit(main())
