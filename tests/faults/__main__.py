"""`python -m tests.faults`: the soak, and the page that says what came of it, on standard output.

It has six parts, three kinds of faults on two stores. With `--rows FILE` each part's result is added to that file, and
a part that is there is not run again: so the soak can be run in pieces, and the last one makes the page.

    python -m tests.faults --rows FILE --store PostgreSQL --kind kill
"""

# ruff: noqa: E501  # prose has one sentence a line

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import product
from pathlib import Path
from statistics import median

import msgspec

from earlystart_sql.sqlite import LIBRARY, journal_mode
from tests.faults.server import own_server
from tests.faults.soak import KINDS, STORES, WRITERS, Came, part
from tests.faults.traced import STRACE
from tests.ready import Ready, serving

PAGE = """# Soak

What {faults} on each store came to.
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


class Row(msgspec.Struct):
    """What a part came to, and when, on which disk and with which commit it was run."""

    came: Came
    number: int
    seed: int
    when: str
    disk: str
    commit: str


def line(came: Came) -> str:
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


def run(ready: Ready, kind: str, store: str, number: int, given: argparse.Namespace) -> Row:
    """One part; what it came to is also on standard error."""
    came = part(ready, kind, store, number, given.seed, given.disk)
    sys.stderr.write(f"{line(came)}\n")
    for each in (*came.raw, *came.doubts):
        sys.stderr.write(f"    {each}\n")
    disk = said("stat", "-f", "-c", "%T", given.disk or os.environ.get("TMPDIR", "/tmp"))
    return Row(
        came,
        number,
        given.seed,
        when=datetime.now(UTC).date().isoformat(),
        disk=disk.replace("ext2/ext3", "ext4"),
        commit=said("git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"),
    )


def page(rows: list[Row]) -> str:
    """The page of those parts."""
    with own_server() as server:
        postgres = server.version
    numbers = {row.came.kind: row.number for row in rows}
    return PAGE.format(
        faults=" and ".join(f"{number:,} {kind}s" for kind, number in numbers.items()).replace(" and ", ", ", 1),
        rows="\n".join(line(row.came) for row in rows),
        writers=WRITERS,
        when=each_of(row.when for row in rows),
        machine=machine(),
        python=platform.python_version(),
        sqlite=f"SQLite {LIBRARY.sqlite_version} ({journal_mode()})",
        postgres=postgres,
        strace=said(str(STRACE), "-V").replace(" -- version", ""),
        ours=version("earlystart-core"),
        commit=each_of(row.commit for row in rows),
        seed=each_of(str(row.seed) for row in rows),
        disk=each_of(row.disk for row in rows),
    )


def each_of(found: Iterable[str]) -> str:
    return " and ".join(sorted({*found}))


def main() -> int:
    """0 where everything held."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    for name, number in (("kills", 300), ("interrupts", 3_000), ("faults", 100), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--kind", choices=KINDS, help="only these faults")
    parser.add_argument("--store", choices=STORES, help="only on this store")
    parser.add_argument("--rows", type=Path, help="a file for the results, one a line")
    parser.add_argument("--disk", help="a folder for the stores; without it that for temporary files")
    given = parser.parse_args()
    os.environ["EARLYSTART_KEK"] = "5a" * 32
    if given.disk:
        os.environ["TMPDIR"] = given.disk  # for the server too
    numbers = {"kill": given.kills, "disk fault": given.faults, "interrupt": given.interrupts}
    there = given.rows.read_bytes().splitlines() if given.rows and given.rows.exists() else []
    rows = {(row.came.kind, row.came.store): row for row in (msgspec.json.decode(one, type=Row) for one in there)}
    with serving() as ready:
        for kind, store in product(KINDS, STORES):
            if (kind, store) in rows or given.kind not in (None, kind) or given.store not in (None, store):
                continue
            rows[kind, store] = run(ready, kind, store, numbers[kind], given)
            if given.rows:
                with given.rows.open("ab") as file:
                    file.write(msgspec.json.encode(rows[kind, store]) + b"\n")
    missing = [f"{kind}s on {store}" for kind, store in product(KINDS, STORES) if (kind, store) not in rows]
    if missing:
        sys.stderr.write(f"No page yet: {', '.join(missing)} are missing.\n")
    else:
        sys.stdout.write(page([rows[each] for each in product(KINDS, STORES)]))
    return 0 if all(row.came.is_good for row in rows.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
