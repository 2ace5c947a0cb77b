"""As at: the views as the log was known at a position and true at an instant, folded into memory when asked.

Time travel is a rebuild, and only of the views and columns that a question touches. Nothing is stored.
"""

from collections.abc import Sequence

import polars as pl

from earlystart_core.case_file import case_file, is_under
from earlystart_core.clocks import Clocks
from earlystart_core.entry import micros
from earlystart_core.log import Log
from earlystart_core.projection import Row
from earlystart_core.registry import Registry
from earlystart_core.replay.dictionaries import Dictionaries
from earlystart_core.replay.explain import Explained
from earlystart_core.replay.fold import Took
from earlystart_core.replay.frames import Cells, Folding, frame_of_rows
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
        self._cells: dict[str, Cells] = {}
        self._frames: dict[tuple[str, ...], pl.DataFrame] = {}
        self._file: tuple[str, dict[str, list[Row]]] | None = None  # of the case that was asked for last
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
        frame = self._frame(view, names)
        if team is None:
            return frame
        cases = self._frame("case_status", ("case", "team")).filter(pl.col("team") == team)
        return frame.join(cases.select("case"), on="case", how="semi", maintain_order="left")

    def _frame(self, view: str, names: Sequence[str]) -> pl.DataFrame:
        asked = (view, *names)
        if asked not in self._frames:
            self._frames[asked] = self._folding.frame(view, names)
        return self._frames[asked]

    def rows(self, view: str, *, team: str | None = None, case: str | None = None) -> list[Row]:
        if case is None:
            return self.frame(view, team=team).to_dicts()
        if self._file is None or self._file[0] != case:  # no fold of the whole log for one case
            self._file = case, case_file(self._log, self._registry, case, self.clocks)
        return self._file[1][view] if is_under(self._file[1], team) else []

    def fold(self, views: Sequence[str]) -> None:
        """Folds those views whole, from one reading of the log."""
        self._folding.fold(dict.fromkeys(views))

    def cells(self, view: str) -> Cells:
        """A view's rows as whole numbers, in `dictionaries`."""
        if view not in self._cells:
            self._cells[view] = self._folding.cells(view)
        return self._cells[view]

    def explain(self) -> Explained:
        """The plan of a fold of every view."""
        return self._folding.explain(dict.fromkeys(VIEW))

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
