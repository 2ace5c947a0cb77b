"""A run: the city and what it is asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from benchmarks.best import Best
from benchmarks.city import City
from benchmarks.measure import Results
from benchmarks.parquet import Parquet, write_parquet
from benchmarks.stock import Stock


@dataclass
class Run:
    """What every benchmark gets. The peers' logs are written when first asked for."""

    city: City
    say: Callable[[str], None]
    short: bool = False
    others: tuple[Path, ...] = ()  # sealed stores of other sizes, only read
    results: Results = field(default_factory=Results)
    _parquet: dict[bool, Parquet] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        """How often the sides of a long measure take turns."""
        return 3 if self.short else 5

    @cached_property
    def events(self) -> int:
        """Entries of the types that the views name."""
        from benchmarks.fold import folded

        with self.city.record() as record:
            return folded(record).events

    @cached_property
    def stock(self) -> Stock:
        self.say("telling the facts to eventsourcing on SQLite")
        stock = Stock(self.city.folder / "stock.db")
        stock.write(self.city.facts())
        return stock

    @cached_property
    def best(self) -> Best:
        self.say("telling the facts to eventsourcing in memory")
        best = Best()
        best.write(self.city.facts())
        return best

    def parquet(self, *, by_key: bool) -> Parquet:
        """The facts as Parquet, sorted by key or in the log's order."""
        if by_key not in self._parquet:
            self.say("writing the facts as Parquet")
            folder = self.city.folder / f"parquet_{by_key}"
            with self.city.record() as record:
                self._parquet[by_key] = write_parquet(record.store.log, folder, by_key=by_key)
        return self._parquet[by_key]
