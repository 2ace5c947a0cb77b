"""Simulate: a whole city's log, written into an empty store, everything from one seed."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from earlystart_cli.options import Json
from earlystart_cli.output import put, put_json
from earlystart_cli.progress import Step, working
from earlystart_cli.stores import Stored, opened
from earlystart_core.counting import counted, entries

EXAMPLE = "earlystart simulate --db leeds.db --cases 5000 --years 5 --seed 1"


def simulate(
    cases: Annotated[int, typer.Option("--cases", metavar="N", min=1, max=10_000_000, help="How many children.")],
    years: Annotated[
        int, typer.Option("--years", metavar="N", min=1, max=30, help="How many years, up to the city's fixed end.")
    ],
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, max=2**63 - 1, help="The same seed gives the same log.")
    ],
    *,
    store: Stored,
    teams: Annotated[
        int, typer.Option("--teams", metavar="N", min=1, max=1000, help="How many early start teams.")
    ] = 26,
    json: Json = False,
) -> None:
    """Write a simulated city's log into an empty store. Nobody in it exists."""
    from earlystart_city import city_clock, seeded_chance
    from earlystart_city import simulate as write_city

    clock = city_clock()
    with opened(store, create=True, clock=clock, chance=seeded_chance(seed)) as record, working("writing") as step:
        log, sealing = record.store.log, record.store.keys
        written = write_city(
            log, sealing, clock, cases=cases, years=years, seed=seed, teams=teams, progress=Progress(step, years)
        )
    if json:
        put_json(written)
    else:
        of = f"{counted(written.cases, 'child', 'children')} of {counted(written.teams, 'team')}"
        put([f"{entries(written.events)} about {of}"])


class Progress:
    """Tells of a city's progress by how much of its time has passed; what `earlystart_city.simulate` calls."""

    def __init__(self, step: Step, years: int) -> None:
        from earlystart_city import END_AT

        self._step = step
        self._end = END_AT
        self._span = timedelta(days=365.25 * years)

    def __call__(self, entries: int, at: datetime) -> None:
        share = 1 - (self._end - at) / self._span
        self._step(min(max(share, 0.0), 1.0), f"{entries:,} entries, {at:%B %Y}")
