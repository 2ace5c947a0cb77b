"""Demo: a whole city in a temporary store, every view rebuilt from its log, and what that makes possible."""

import tempfile
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from earlystart_cli import timeline
from earlystart_cli.output import Screen, note, screen
from earlystart_cli.progress import working
from earlystart_cli.rebuild import rate_of
from earlystart_cli.simulate import Progress
from earlystart_cli.stores import Stored, opened
from earlystart_core.errors import StoreUnavailable
from earlystart_core.proof.strict import in_base64

if TYPE_CHECKING:
    from earlystart_core.answer import Answer
    from earlystart_core.asked import Questions
    from earlystart_core.record import Record

EXAMPLE = "earlystart demo"
TEAMS, YEARS = 26, 5
SHORT = 8  # entries of a story that is worth reading
COLUMNS = (  # head, and how wide the terminal must be for it
    ("Open\ncases", 0),
    ("Universal", 0),
    ("Plus", 0),
    ("Partner-\nship plus", 0),
    ("Active\npackages", 0),
    ("Held\nby", 62),
    ("Most\non one", 70),
    ("Open a\nyear ago", 80),
)


def demo(
    cases: Annotated[int, typer.Option("--cases", min=TEAMS, max=100_000, hidden=True)] = 2_500,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, hidden=True)] = 1,
) -> None:
    """Make a city of 26 teams in a temporary store, rebuild every view, print caseloads and tiers team by team."""
    from earlystart_city import city_clock, seeded_chance, simulate

    on = screen()
    try:
        folder = tempfile.TemporaryDirectory(prefix="earlystart-demo-")
    except OSError as error:
        raise StoreUnavailable(f"no temporary store can be made: {error.strerror}") from error
    with folder as inside:
        clock = city_clock()
        store = Stored(str(Path(inside, "leeds.db")))
        with opened(store, create=True, clock=clock, chance=seeded_chance(seed)) as record:
            note(f"Writing a simulated Leeds: {TEAMS} early start teams, {cases:,} children, {YEARS} years …")
            started = perf_counter()
            with working("writing") as step:
                log, sealing = record.store.log, record.store.keys
                told = Progress(step, YEARS)
                written = simulate(log, sealing, clock, cases=cases, years=YEARS, seed=seed, teams=TEAMS, progress=told)
            seconds = perf_counter() - started
            note(f"{written.events:,} entries in {seconds:.1f} s. Rebuilding every view from them …")
            with working("rebuilding"):
                rebuilt = record.rebuild()
                started = perf_counter()
                before = clock().date() - timedelta(days=365)
                past = record.as_at(known=before)
                then = _open_cases(past.tiers())
                asked = perf_counter() - started
            _teams(on, record, then, clock().date())
            _say(
                on,
                f"Every view, rebuilt: {rate_of(rebuilt)}. {rebuilt.events:,} of the {written.events:,} entries are "
                "events that a view is made of; the others, such as meetings and sharings, are in none.",
            )
            now = _open_cases(record.tiers())
            _say(
                on,
                f"The same question as known on {timeline.day_of(before)}: {sum(then.values()):,} open cases then, "
                f"{sum(now.values()):,} now, {asked:.2f} s. Nothing was kept for it: any day can be asked.",
            )
            _say(on, _corrected(record))
            _say(on, _proof(record))
            case = _story(on, record)
    on.print()
    on.print("The same city in a store of your own:", style="bold")
    for line in (
        f"earlystart simulate --db leeds.db --cases {cases} --years {YEARS} --seed {seed}",
        *(() if case is None else (f"earlystart timeline {case} --db leeds.db",)),
        "earlystart caseload --db leeds.db --team team:armley --known 2025-12-31",
        "earlystart rebuild --db leeds.db",
        "earlystart rebuild --db leeds.db --check",
    ):
        on.print(f"  {line}", soft_wrap=True)


def _teams(on: Screen, record: "Questions", then: Counter[str], today: date) -> None:
    """One line a team: its open cases by tier, its packages, who holds them, and a year ago."""
    load = _caseload(record.caseload())
    shown = [at for at, (_, least) in enumerate(COLUMNS) if on.width >= least]
    table = Table(
        title=f"Early start teams, {timeline.day_of(today)} (simulated: nobody here exists)",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_footer=True,
        padding=0,
    )
    lines = []
    for row in record.tiers():
        packages, holders, most = load[row["team"]]
        tiers = row["universal"], row["universal_plus"], row["universal_partnership_plus"]
        lines.append((team_name(row["team"]), (row["open_cases"], *tiers, packages, holders, most, then[row["team"]])))
    totals = [sum(line[at] for _, line in lines) for at in range(len(COLUMNS))]
    totals[6] = max((line[6] for _, line in lines), default=0)
    table.add_column("Team", footer="Leeds", no_wrap=True)
    for at in shown:
        table.add_column(COLUMNS[at][0], footer=f"{totals[at]:,}", justify="right")
    for name, numbers in lines:
        table.add_row(name, *(f"{numbers[at]:,}" for at in shown))
    on.print(table)


def _caseload(answer: "Answer") -> dict[str, tuple[int, int, int]]:
    """Each team's active packages, how many practitioners hold them, and the most cases that one of them has."""
    found: dict[str, tuple[int, int, int]] = {}
    for row in answer:
        if row["practitioner"] is None:
            found[row["team"]] = (row["active_packages"], 0, 0)
        else:
            packages, holders, most = found[row["team"]]
            found[row["team"]] = (packages, holders + 1, max(most, row["open_cases"]))
    return found


def _open_cases(tiers: "Answer") -> Counter[str]:
    return Counter({row["team"]: row["open_cases"] for row in tiers})


def _marks(record: "Record") -> list[tuple[str, ...]]:
    """The tags of every mark in error."""
    from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

    marks = record.store.log.read(DCBQuery([DCBQueryItem(types=["MarkedInError"])]))
    return [tuple(each.event.tags) for each in marks.entries()]


def _corrected(record: "Record") -> str:
    withdrawn = sum(row["decision"] == "withdrawn" for row in record.view("consent_status"))
    return (
        f"{len(_marks(record)):,} entries were marked in error. They count in no view, and none was deleted: who knew"
        f" what, and when, can still be asked. {withdrawn:,} consents to share now stand withdrawn."
    )


def _proof(record: "Record") -> str:
    started = perf_counter()
    found = record.proof.verify()
    seconds = perf_counter() - started
    if not found.sound:
        return f"The log's proof does not hold: {found.doubts[0]}."
    return (
        f"The log's proof: {found.size:,} entries, root {in_base64(found.root)}, hashed again in {seconds:.1f} s. No"
        " entry is missing, altered or out of order, and whoever keeps this line will notice if one ever is."
    )


def _story(on: Screen, record: "Record") -> str | None:
    """The shortest story with a correction in it, and a consent that was taken back; returns whose it is."""
    marked = list(dict.fromkeys(tag for tags in _marks(record) for tag in tags if tag.startswith("case:")))
    withdrawn = {row["case"] for row in record.view("consent_status") if row["decision"] == "withdrawn"}
    cases = [case for case in marked if case in withdrawn] or marked
    stories = [(case, record.timeline(case).rows) for case in cases[:60]]
    told = [each for each in stories if any(row["struck"] for row in each[1])]
    if not told:
        return None
    case, rows = min(told, key=lambda each: len(each[1]))
    at = next(number for number, row in enumerate(rows) if row["struck"])
    first = max(0, min(at - SHORT // 2, len(rows) - SHORT))
    on.print()
    on.print(
        Text(f"One child's record, {case}, entries {first + 1} to {min(first + SHORT, len(rows))} of {len(rows)}:")
    )
    timeline.show(on, rows[first : first + SHORT], case, ids=4)
    return case


def team_name(team: str) -> str:
    """A team as people say it: `team:chapel-allerton` is `Chapel Allerton`."""
    return team.partition(":")[2].replace("-", " ").title()


def _say(on: Screen, text: str) -> None:
    on.print()
    on.print(Text(text), soft_wrap=not on.is_terminal)
