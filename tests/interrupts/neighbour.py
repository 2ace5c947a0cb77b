"""Another process on the same store: for each line it reads, it records something, and says how long that took.

    python neighbour.py URL KEYS       a line back: the seconds, or what went wrong

Where the line says `alone`, it then empties SQLite's write-ahead log, which it can only where no one has a transaction
open.
"""

import sys
from time import monotonic
from typing import Any

from earlystart_core import OpenCase, Practitioner, Record

BY = Practitioner("practitioner:" + "0" * 25 + "9", "health_visitor", "org:lch")


def write(record: Record, also: str) -> str:
    started = monotonic()
    case, family = record.new_id("case"), record.new_id("family")
    record.submit(OpenCase(case=case, family=family, team="team:beeston", reason="move_in"), by=BY)
    took = monotonic() - started
    database: Any = record.store.log
    if also == "alone" and database.database.dialect == "sqlite":
        with record.store.log.database.engine.connect() as connection:  # type: ignore[attr-defined]
            connection.exec_driver_sql("PRAGMA busy_timeout = 100")
            busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        if busy:
            return "a transaction is open"
    return f"{took:.3f}"


if __name__ == "__main__":
    with Record.open(sys.argv[1], keys=sys.argv[2]) as opened:
        for line in sys.stdin:
            try:
                answer = write(opened, line.strip())
            except Exception as error:  # whatever it is, the test says it
                answer = f"{type(error).__name__}: {error}".splitlines()[0]
            sys.stdout.write(f"{answer}\n")
            sys.stdout.flush()
