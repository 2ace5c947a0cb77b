"""A sample of the served views compared with the log: rows that chance picks there, and cases that it picks in the log.

Where there are no more than the sample takes, all of them are compared.

The whole case of each is folded from its own entries, and compared in every view: a row that was altered, moved to
another case, made up or taken away shows. `rebuild --check` does the same for all.
"""

from collections.abc import Iterator, Mapping

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.case_file import case_file
from earlystart_core.clocks import Clocks
from earlystart_core.errors import Unreadable
from earlystart_core.log import Log
from earlystart_core.privacy.keys import Chance
from earlystart_core.projection import Row
from earlystart_core.replay.check import differences
from earlystart_core.store import Difference
from earlystart_core.views import VIEW, VIEWS
from earlystart_core.words import EVENTS
from earlystart_sql.frames import Live
from earlystart_sql.naming import Naming
from earlystart_sql.raw import mark, one, run
from earlystart_sql.view_tables import ViewTable, quoted

ROWS = 20  # picked in each view, and as many in the log


def cases_in_log(log: Log, position: int, chance: Chance) -> set[str]:
    """Cases of entries up to that position that a row of some view begins with."""
    found = set()
    for view in VIEWS:
        query = DCBQuery([DCBQueryItem([view.exists.__name__])])
        entries = list(log.read(query, limit=ROWS + 1).entries())
        if len(entries) > ROWS:
            after = (_below(position, chance) for _ in range(ROWS))
            entries = [one for start in after for one in log.read(query, after=start, limit=1).entries()]
        for entry in entries:
            if entry.position <= position:
                found |= {tag for tag in entry.event.tags if tag.startswith("case:")}
    return found


def cases_in_tables(tables: Mapping[str, ViewTable], naming: Naming, chance: Chance) -> Iterator[str | Difference]:
    """The cases of rows that are served; for each row that belongs to no case, what is wrong with it."""
    connection = naming.numbers.connection
    for name, table in tables.items():
        key = quoted(VIEW[name].keys[0])
        greatest = one(connection, f"SELECT max({key}) FROM {table.name}")
        if greatest is None:
            continue
        if not isinstance(greatest, int):
            yield Difference(name, "", "as served: a row has a key that is no number")
            continue
        rows = f'SELECT "case" FROM {table.name}'
        numbers = [number for (number,) in run(connection, f"{rows} LIMIT {ROWS + 1}").fetchall()]
        if len(numbers) > ROWS:
            statement = f"{rows} WHERE {key} >= {mark(connection)} ORDER BY {key} LIMIT 1"
            after = (_below(max(greatest, 0) + 1, chance) for _ in range(ROWS))
            numbers = [one(connection, statement, (start,)) for start in after]
        for number in numbers:
            try:
                (case,) = naming.tell("case", [number])
            except (LookupError, TypeError):
                case = None
            yield (
                case if case is not None else Difference(name, "", "as served: a row is of no case that an entry names")
            )


def served_rows(live: Live, cases: set[str]) -> Iterator[tuple[str, list[Row]] | Difference]:
    """The rows of those cases as they are served, view by view."""
    for view in VIEWS:
        try:
            rows = [row for case in sorted(cases) for row in live.rows(view.name, case=case)]
        except Unreadable as error:
            yield Difference(view.name, "", f"as served: {error}")
        else:
            yield view.name, rows


def against_log(log: Log, served: Mapping[str, list[Row]], cases: set[str], position: int) -> Iterator[Difference]:
    """Where the rows of those cases are not what their entries give, known at that position."""
    expected: dict[str, list[Row]] = {name: [] for name in served}
    for case in sorted(cases):
        file = case_file(log, EVENTS, case, Clocks(position, None))
        for name in expected:
            expected[name] += file[name]
    yield from differences("as served", served, expected)


def _below(bound: int, chance: Chance) -> int:
    """A whole number from 0 to below the bound."""
    return int.from_bytes(chance(8), "big") % bound
