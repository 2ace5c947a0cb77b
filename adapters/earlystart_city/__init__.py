"""A simulated city whose log looks like the service's: for the demo, tests and benchmarks. Everything from one seed."""

from earlystart_city.calendar import END_AT
from earlystart_city.chance import seeded_chance
from earlystart_city.clock import CityClock, city_clock
from earlystart_city.scenario import Scenario
from earlystart_city.simulate import Summary, in_memory, seeded_kids, simulate, small_city

__all__ = [
    "END_AT",
    "CityClock",
    "Scenario",
    "Summary",
    "city_clock",
    "in_memory",
    "seeded_chance",
    "seeded_kids",
    "simulate",
    "small_city",
]
