"""Agreement: whether the family agreed to be supported. No package starts without it, and its end ends packages."""

from earlystart_city.calendar import DAY, END, moment
from earlystart_city.frame import within
from earlystart_city.habits import PROMPT, SLOW
from earlystart_city.life import Decided, Life, Period
from earlystart_core.types import Decision
from earlystart_core.words.consent import ServiceAgreementRecorded


def agreements(life: Life, period: Period) -> None:
    """The mother agrees or refuses soon after the case opens; she may withdraw, and agree again later."""
    dice, rates = life.city.dice, life.city.scenario
    until = min(period.end, END)
    at = within(life.city, period.start, min(period.start + 12 * DAY, until))
    if period.closes == "declined_all" or dice.yes(rates.agreement_refused):
        _decide(life, at, "refused")
        if period.closes != "declined_all" and dice.yes(0.5):
            _decide(life, within(life.city, at + 30 * DAY, until), "given")
        return
    _decide(life, at, "given")
    if dice.yes(rates.agreement_withdrawn):
        ends = within(life.city, at + 40 * DAY, until)
        _decide(life, ends, "withdrawn")
        if dice.yes(0.5):
            _decide(life, within(life.city, ends + 30 * DAY, until), "given")


def _decide(life: Life, at: int, decision: Decision) -> None:
    last = life.agreements[-1] if life.agreements else None
    if life.open_at(at) is None or (last is not None and (at <= last.at or last.given == (decision == "given"))):
        return
    after = last.typed if last is not None else 0
    event = (
        ServiceAgreementRecorded(
            occurred_at=moment(at), case=case, person=life.mother, capacity="mother", decision=decision
        )
        for case in life.cases
    )
    draft = life.type(at, *event, habit=SLOW if life.city.dice.yes(0.05) else PROMPT, after=after)[0]
    life.agreements.append(Decided(at, draft.typed, life.mother, decision == "given", None, draft))


def agreed(life: Life, at: int) -> Decided | None:
    """The agreement in force at that instant, None without one."""
    latest = next((made for made in reversed(life.agreements) if made.at <= at), None)
    return latest if latest is not None and latest.given else None


def agreement_ends(life: Life, at: int) -> Decided | None:
    """The first decision after that instant that takes the agreement away."""
    return next((made for made in life.agreements if made.at > at and not made.given), None)
