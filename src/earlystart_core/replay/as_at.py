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
from earlystart_core.replay.columns import Dictionaries
from earlystart_core.replay.fold import Took
from earlystart_core.replay.frames import Cells, Folding
from earlystart_core.replay.shelf import Shelf
from earlystart_core.views import VIEW


class AsAt:
    """The views at two clocks. What was folded is kept for the next question; safe in one thread at a time."""

    def __init__(
        self, log: Log, registry: Registry, clocks: Clocks, shelf: Shelf | None = None, threads: int = 1
    ) -> None:
        self.clocks = clocks
        effective = None if clocks.effective is None else micros(clocks.effective)
        self._folding = Folding(
            log, registry, VIEW, known=clocks.known, effective=effective, shelf=shelf, threads=threads
        )

    def frame(
        self, view: str, columns: Sequence[str] | None = None, *, team: str | None = None, case: str | None = None
    ) -> pl.DataFrame:
        names = None if columns is None else [name for name in VIEW[view].columns if name in ("case", *columns)]
        wanted: dict[str, Sequence[str] | None] = {view: names}
        if team is not None and view != "case_status":
            wanted["case_status"] = ("team",)
        self._folding.fold(wanted)
        frame = self._folding.frame(view, names)
        if case is not None:
            frame = frame.filter(pl.col("case") == case)
        if team is not None:
            cases = self._folding.frame("case_status", ("team",))
            frame = frame.join(cases.filter(pl.col("team") == team).select("case"), on="case", how="semi")
        return frame

    def rows(self, view: str, *, team: str | None = None, case: str | None = None) -> list[Row]:
        return self.frame(view, team=team, case=case).to_dicts()

    def fold(self, views: Sequence[str]) -> None:
        """Folds those views whole, from one reading of the log."""
        self._folding.fold(dict.fromkeys(views))

    def cells(self, view: str) -> Cells:
        """A view's rows as whole numbers."""
        return self._folding.cells(view)

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
