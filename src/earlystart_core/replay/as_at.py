"""As at: the views as the log was known at a position and true at an instant, folded into memory when asked.

Time travel is a rebuild, and only of the views and columns that a question touches. Nothing is stored.
"""

from collections.abc import Sequence

import polars as pl

from earlystart_core.clocks import Clocks
from earlystart_core.entry import micros
from earlystart_core.log import Log
from earlystart_core.projection import Row
from earlystart_core.registry import Registry
from earlystart_core.replay.dictionaries import Dictionaries
from earlystart_core.replay.fold import Took
from earlystart_core.replay.frames import Cells, Folding, frame_of_rows
from earlystart_core.replay.one_case import rows_of_case
from earlystart_core.replay.shelf import Shelf
from earlystart_core.views import VIEW


class AsAt:
    """The views at two clocks. What was folded is kept for the next question; safe in one thread at a time."""

    def __init__(
        self,
        log: Log,
        registry: Registry,
        clocks: Clocks,
        shelf: Shelf | None = None,
        threads: int = 1,
        took: Took | None = None,
    ) -> None:
        """threads: how many may read and fold at once. took: where to say what took how long."""
        self.clocks = clocks
        self._log = log
        self._registry = registry
        effective = None if clocks.effective is None else micros(clocks.effective)
        self._folding = Folding(
            log, registry, VIEW, known=clocks.known, effective=effective, shelf=shelf, threads=threads, took=took
        )

    def frame(
        self, view: str, columns: Sequence[str] | None = None, *, team: str | None = None, case: str | None = None
    ) -> pl.DataFrame:
        """Of one case from its own entries, else from a fold of the columns that are asked for."""
        names = [name for name in VIEW[view].columns if columns is None or name in (*VIEW[view].keys, "case", *columns)]
        if case is not None:
            return frame_of_rows(VIEW[view], self.rows(view, team=team, case=case), names)
        wanted: dict[str, Sequence[str]] = {view: names}
        if team is not None:
            wanted["case_status"] = [*wanted.get("case_status", ()), "team"]
        self._folding.fold(wanted)
        frame = self._folding.frame(view, names)
        if team is None:
            return frame
        cases = self._folding.frame("case_status", ("team",)).filter(pl.col("team") == team)
        return frame.join(cases.select("case"), on="case", how="semi", maintain_order="left")

    def rows(self, view: str, *, team: str | None = None, case: str | None = None) -> list[Row]:
        if case is None:
            return self.frame(view, team=team).to_dicts()
        if team is not None and all(row["team"] != team for row in self._of_case("case_status", case)):
            return []
        return self._of_case(view, case)

    def _of_case(self, view: str, case: str) -> list[Row]:
        return rows_of_case(self._log, self._registry, VIEW, view, case, self.clocks)

    def fold(self, views: Sequence[str]) -> None:
        """Folds those views whole, from one reading of the log."""
        self._folding.fold(dict.fromkeys(views))

    def cells(self, view: str) -> Cells:
        """A view's rows as whole numbers."""
        return self._folding.cells(view)

    def explain(self) -> list[str]:
        """The plan of a fold of every view, in words."""
        return [*self._folding.explain(dict.fromkeys(VIEW))]

    @property
    def dictionaries(self) -> Dictionaries:
        """What the numbers of ids and texts mean."""
        return self._folding.dictionaries

    @property
    def took(self) -> Took:
        """Where the time went."""
        return self._folding.took

    @property
    def events(self) -> int:
        """How many events were read, of the types that the folded views name."""
        return self._folding.events
