"""Changes: the rows of the views that differ between two pairs of clocks, of one case, of a team's, or of all."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from earlystart_core.case_file import case_file, is_under
from earlystart_core.clocks import Clocks
from earlystart_core.log import Log
from earlystart_core.projection import Row
from earlystart_core.registry import Registry
from earlystart_core.store import Store
from earlystart_core.views import VIEW

if TYPE_CHECKING:
    import polars as pl

Differing = tuple[list[Row], list[Row]]  # a view's rows before, and after; those that are equal may be left out


def changes(differing: Mapping[str, Differing]) -> list[Row]:
    """Rows `view, key, columns` (those that differ)`, before, after` (the whole rows), by view and key."""
    return [row for view in sorted(differing) for row in _changed(view, *differing[view])]


def of_case(
    log: Log, registry: Registry, clocks: tuple[Clocks, Clocks], team: str | None, case: str
) -> dict[str, Differing]:
    """The rows of each view that are about a case, at the two clocks. team: only where the case is under that team."""
    was, now = (case_file(log, registry, case, each) for each in clocks)
    return {view: (was[view] if is_under(was, team) else [], now[view] if is_under(now, team) else []) for view in VIEW}


def of_all(
    store: Store, registry: Registry, clocks: tuple[Clocks, Clocks], team: str | None
) -> tuple[dict[str, Differing], set[str] | None]:
    """The rows that differ, and the cases under the team at either of the clocks, None where there is no team."""
    from earlystart_core.replay.as_at import AsAt

    was, now = (AsAt(store.log, registry, each, store.views.shelf) for each in clocks)
    for frames in (was, now):
        frames.fold(sorted(VIEW))
    differing = {view: _parted(was.frame(view, team=team), now.frame(view, team=team)) for view in VIEW}
    if team is None:
        return differing, None
    return differing, {row["case"] for each in (was, now) for row in each.frame("case_status", team=team).to_dicts()}


def _parted(was: "pl.DataFrame", now: "pl.DataFrame") -> Differing:
    """The rows of two frames of one view that are not in the other."""
    return (
        was.join(now, on=was.columns, how="anti", nulls_equal=True).to_dicts(),
        now.join(was, on=was.columns, how="anti", nulls_equal=True).to_dicts(),
    )


def _changed(view: str, before: list[Row], after: list[Row]) -> Iterator[Row]:
    """The rows that differ, by key."""
    keys = VIEW[view].keys
    old = {tuple(row[name] for name in keys): row for row in before}
    new = {tuple(row[name] for name in keys): row for row in after}
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key), new.get(key)
        if was != now:
            names = [] if was is None or now is None else [name for name in now if was[name] != now[name]]
            yield {
                "view": view,
                "key": dict(zip(keys, key, strict=True)),
                "columns": names,
                "before": was,
                "after": now,
            }
