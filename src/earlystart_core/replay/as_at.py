"""As at: the views as the log was known at a position and true at an instant, folded into memory when asked.

Time travel is a rebuild, and only of the views and columns that a question touches. Nothing is stored.
"""

from collections.abc import Sequence

import polars as pl

from earlystart_core.clocks import Clocks
from earlystart_core.entry import micros
from earlystart_core.log import Log
from earlystart_core.projection import Projection, Row
from earlystart_core.registry import Registry
from earlystart_core.replay.columns import Columns
from earlystart_core.replay.fold import Folder
from earlystart_core.replay.frames import Cells, cells_of, framed
from earlystart_core.replay.loading import load
from earlystart_core.replay.shelf import Shelf
from earlystart_core.views import VIEW


class AsAt:
    """The views at two clocks. What was folded is kept for the next question; safe in one thread at a time."""

    def __init__(self, log: Log, registry: Registry, clocks: Clocks, shelf: Shelf | None = None) -> None:
        self.clocks = clocks
        self._log = log
        self._registry = registry
        self._shelf = shelf
        self._folders: dict[frozenset[str], Folder] = {}
        self._cells: dict[str, Cells] = {}
        self._frames: dict[str, pl.DataFrame] = {}

    def frame(
        self, view: str, columns: Sequence[str] | None = None, *, team: str | None = None, case: str | None = None
    ) -> pl.DataFrame:
        projection = VIEW[view]
        frame = self._whole(projection)
        if columns is not None:
            frame = frame.select(name for name in projection.columns if name in (*projection.keys, "case", *columns))
        if case is not None:
            frame = frame.filter(pl.col("case") == case)
        if team is not None:
            cases = self._whole(VIEW["case_status"])
            frame = frame.join(cases.filter(pl.col("team") == team).select("case"), on="case", how="semi")
        return frame

    def rows(self, view: str, *, team: str | None = None, case: str | None = None) -> list[Row]:
        return self.frame(view, team=team, case=case).to_dicts()

    def fold(self, views: Sequence[str]) -> None:
        """Folds those views at once, from one reading of the log."""
        self.read(views)
        for view in views:
            self._whole(VIEW[view])

    def read(self, views: Sequence[str]) -> None:
        """Reads what those views need of the log at once, and folds it to whole numbers."""
        self._folder([VIEW[view] for view in views])
        for view in views:
            self.cells(view)

    def cells(self, view: str) -> Cells:
        """A view's rows as whole numbers, in the dictionaries of `columns`."""
        if view not in self._cells:
            self._cells[view] = cells_of(VIEW[view], self._folder([VIEW[view]]), VIEW)
        return self._cells[view]

    @property
    def columns(self) -> Columns:
        """What was read of the log, once all views were read at once."""
        (folder,) = self._folders.values()
        return folder.columns

    @property
    def events(self) -> int:
        """How many events were read, of the types that the folded views name."""
        return sum(folder.columns.events for folder in self._folders.values())

    def _whole(self, projection: Projection) -> pl.DataFrame:
        if projection.name not in self._frames:
            columns = self._folder([projection]).columns
            self._frames[projection.name] = framed(projection, self.cells(projection.name), columns)
        return self._frames[projection.name]

    def _folder(self, projections: Sequence[Projection]) -> Folder:
        counted = [VIEW[count.projection] for projection in projections for count in projection.counts.values()]
        wanted = list(dict.fromkeys((*projections, *counted)))
        names = frozenset(projection.name for projection in wanted)
        for folded, folder in self._folders.items():
            if names <= folded:
                return folder
        effective = self.clocks.effective
        loaded = load(self._log, self._registry, wanted, upto=self.clocks.known, shelf=self._shelf)
        folder = Folder(loaded, None if effective is None else micros(effective))
        self._folders[names] = folder
        return folder
