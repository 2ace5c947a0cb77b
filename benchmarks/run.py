"""A run: the city and what it is asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from benchmarks.best import Best
from benchmarks.city import City
from benchmarks.measure import Results
from benchmarks.stock import Stock


@dataclass
class Run:
    """What every benchmark gets. The peers' logs are written when first asked for."""

    city: City
    say: Callable[[str], None]
    short: bool = False
    results: Results = field(default_factory=Results)

    @property
    def rounds(self) -> int:
        """How often the sides of a long measure take turns."""
        return 3 if self.short else 5

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
