"""Pathway: the universal contacts every child is offered, kept in time, late, or not at all; and other contacts."""

from typing import NamedTuple

from earlystart_city import corrections
from earlystart_city.calendar import DAY, END, at_minute, day_of, working_within, works
from earlystart_city.chance import Weighted
from earlystart_city.contacts import AT_A_DISTANCE, IN_PERSON, KEPT, MISSED, MOSTLY_IN_PERSON, record
from earlystart_city.life import Life, Period
from earlystart_city.scenario import Scenario
from earlystart_core.types import ContactKind, Mechanism


class Window(NamedTuple):
    """Days of age between which a contact is kept, and the share of children who keep it then."""

    least: int
    most: int
    share: float


class Universal(NamedTuple):
    """A universal contact: its windows, earliest first; how it is held; how often by two employers jointly."""

    kind: ContactKind
    windows: tuple[Window, ...]
    mechanism: Weighted[Mechanism]
    joint: float


def universal_contacts(rates: Scenario) -> tuple[Universal, ...]:
    """The contacts after birth, by age. The last day of each first window is the metric's own (domain notes 2.2)."""
    by_15 = rates.one_year_by_15_months - rates.one_year_by_12_months
    return (
        Universal(
            "new_birth_visit",
            (Window(9, 14, rates.new_birth_within_14_days), Window(15, 30, rates.new_birth_later)),
            IN_PERSON,
            0.03,
        ),
        Universal(
            "six_to_eight_week",
            (Window(42, 56, rates.six_to_eight_week_by_8_weeks), Window(57, 84, rates.six_to_eight_week_later)),
            MOSTLY_IN_PERSON,
            0.05,
        ),
        Universal("three_to_four_month", (Window(90, 122, rates.three_to_four_month),), MOSTLY_IN_PERSON, 0.1),
        Universal("six_month", (Window(168, 205, rates.six_month),), MOSTLY_IN_PERSON, 0.1),
        Universal(
            "one_year",
            (Window(275, 364, rates.one_year_by_12_months), Window(366, 455, by_15)),
            MOSTLY_IN_PERSON,
            0.15,
        ),
        Universal(
            "two_year",
            (Window(730, 912, rates.two_year_by_30_months), Window(914, 1000, rates.two_year_later)),
            MOSTLY_IN_PERSON,
            0.45,
        ),
        Universal("handover_to_school_nursing", (Window(1640, 1800, rates.handover),), MOSTLY_IN_PERSON, 0.3),
    )


def universal(life: Life, period: Period, contacts: tuple[Universal, ...]) -> None:
    """The universal contacts that fall into the period; twins are mostly seen together."""
    rates, dice = life.city.scenario, life.city.dice
    if (
        period is life.periods[0]
        and life.opened < (life.due - 14) * DAY
        and (life.born is None or life.opened < life.born * DAY)
    ):
        first = max(day_of(life.opened) + 3, life.due - 84)
        _kept(
            life,
            period,
            life.cases,
            Universal("antenatal", (), MOSTLY_IN_PERSON, 0.08),
            Window(first, life.due - 16, rates.antenatal),
        )
    if life.born is None:
        return
    for contact in contacts:
        groups = [life.cases] if len(life.cases) == 1 or dice.yes(0.9) else [(case,) for case in life.cases]
        for cases in groups:
            _offered(life, period, cases, contact)


def _offered(life: Life, period: Period, cases: tuple[str, ...], contact: Universal) -> None:
    assert life.born is not None
    chance = life.city.dice.unit()
    for window in contact.windows:
        chance -= window.share
        if chance < 0:
            _kept(life, period, cases, contact, Window(life.born + window.least, life.born + window.most, 1))
            return
    if life.city.dice.yes(life.city.scenario.never_but_tried):
        first = contact.windows[0]
        for day in {life.city.dice.between(life.born + first.least, life.born + first.most) for _ in range(2)}:
            _missed(life, period, cases, contact.kind, day)


def _kept(life: Life, period: Period, cases: tuple[str, ...], contact: Universal, window: Window) -> None:
    """A contact on a working day between two days, perhaps missed once before and perhaps entered twice."""
    dice, rates = life.city.dice, life.city.scenario
    if not dice.yes(window.share) or window.most < window.least or (cases, contact.kind) in life.kept:
        return
    day = working_within(dice.between(window.least, window.most), window.most)
    at = at_minute(day, dice.pick((540, 570, 600, 630, 660, 780, 810, 840, 870, 900, 930, 960)))
    if not period.start <= at < min(period.end, END):
        return
    life.kept.add((cases, contact.kind))
    if dice.yes(rates.missed_first):
        _missed(life, period, cases, contact.kind, day - dice.between(2, 9))
    kept, mechanism, joint = dice.of(KEPT), dice.of(contact.mechanism), dice.yes(contact.joint)
    after = life.born_typed if contact.kind != "antenatal" else 0
    draft = record(life, cases, contact.kind, at, kept, mechanism, joint=joint, after=after)
    if dice.yes(rates.entered_twice):
        twice = record(life, cases, contact.kind, at, kept, mechanism, joint=joint, after=draft.typed)
        corrections.mark(life, twice)
    else:
        corrections.mistaken(life, draft)


def _missed(life: Life, period: Period, cases: tuple[str, ...], kind: ContactKind, day: int) -> None:
    dice = life.city.dice
    at = at_minute(day, dice.between(18, 32) * 30)
    known = max(period.start, (life.born or 0) * DAY if kind != "antenatal" else 0)
    if works(day) and known <= at < min(period.end, END):
        after = life.born_typed if kind != "antenatal" else 0
        record(life, cases, kind, at, dice.of(MISSED), "01", after=after)


def others(life: Life, period: Period) -> None:
    """Calls and messages between the visits, and the weekly group for a time."""
    dice, rates = life.city.dice, life.city.scenario
    mean = int(365 / max(rates.other_contacts_a_year, 0.001))
    day, last = day_of(period.start) + dice.between(1, 2 * mean), day_of(min(period.end, END)) - 1
    while day < last:
        if works(day):
            at = at_minute(day, dice.between(510, 1020))
            attendance = dice.of(KEPT) if dice.yes(0.86) else dice.of(MISSED)
            corrections.mistaken(life, record(life, life.cases, "other", at, attendance, dice.of(AT_A_DISTANCE)))
        day += dice.between(1, 2 * mean)
    if life.born is not None and dice.yes(rates.groups_joined):
        _group(life, period, max(day_of(period.start), life.born) + dice.between(40, 500), dice.between(4, 22), last)


def _group(life: Life, period: Period, day: int, times: int, last: int) -> None:
    for week in range(times):
        if not life.city.dice.yes(0.75):
            continue
        session = life.city.groups.session(life.stay_at(at_minute(day, 720)).team, day + 7 * week)
        if session is None or day_of(session.at) >= last or session.at < period.start or session.typed < life.floor:
            continue
        if life.stay_at(session.at).team is not session.team or life.cases[0] in session.cases:
            continue
        life.city.groups.join(session, life.cases)
        life.latest = max(life.latest, session.typed)
