"""Which partial result works out a step."""

from earlystart_core.projection import Projection
from earlystart_core.replay.chosen import Chosen, Stood, kept_of
from earlystart_core.replay.dictionaries import Dictionaries
from earlystart_core.replay.partial import Partial
from earlystart_core.replay.plan import Step
from earlystart_core.replay.tallied import Distinct, Moments, Tallied


def partial_of(projection: Projection, step: Step, dictionaries: Dictionaries) -> Partial:
    """The partial result of a step, of no facts yet."""
    if step.rule in ("latest", "earliest"):
        only_instants = all(kept_of(projection.reducers[name]) == "instant" for name in step.reducers)
        return (Moments if only_instants else Chosen)(projection, step, dictionaries)
    kinds = {"standing": Stood, "distinct": Distinct}
    return kinds.get(step.rule, Tallied)(projection, step, dictionaries)
