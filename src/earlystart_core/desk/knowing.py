"""Who knew what, when: what could be seen, what was back-dated, what was recorded late, whom a family could ring."""

from datetime import timedelta

from earlystart_core.access.judging import could
from earlystart_core.access.policy import POLICY
from earlystart_core.access.reader import Reader, check_reader
from earlystart_core.access.seeing import in_reach
from earlystart_core.answer import Answer
from earlystart_core.clocks import Clocks, Moment, clocks_at, instant_of
from earlystart_core.desk.asked import Asked, Row, about, by, stamp
from earlystart_core.desk.looking import dealings, ties
from earlystart_core.errors import Invalid
from earlystart_core.words.case import PointOfContactNamed

HOUR = timedelta(hours=1)


def then(asked: Asked, at: Moment) -> Clocks:
    """Both clocks at one moment: as known then, never more than is asked for, of what had happened by then.

    Raises:
        Invalid: `at` is no moment, or beyond the head.
    """
    try:
        known = clocks_at(asked.log, at)
        effective = instant_of(at) or known.known_at
    except Invalid as error:
        raise Invalid("at", str(error).removeprefix(f"{error.field}: ")) from None
    known = known if known.known <= asked.clocks.known else asked.clocks
    return Clocks(known.known, known.known_at, effective)


def could_see(
    asked: Asked,
    *,
    case: str,
    practitioner: str,
    at: Moment,
    role: str | None = None,
    employer: str | None = None,
    purpose: str = "direct_care",
    team: str | None = None,
) -> Answer:
    """The case as it stood in the record at that moment, what tied the practitioner to it, and what else they had done.

    Rows as of `timeline`, with `ties` and `dealings` as of `looked`, `team` where a team is given, and with `allowed`:
    whether the access policy would have shown that row to someone of that role and employer, for that purpose; null
    where role and employer are not given.

    Raises:
        Invalid: `at` is no moment, or role, employer, purpose or team is malformed.
    """
    clocks = then(asked, at)
    reader = Reader(practitioner, "", "", purpose, team=team)
    if role is not None and employer is not None:
        reader = Reader(practitioner, role, employer, purpose, team=team)
        check_reader(reader)
    story = asked.at(clocks).questions.timeline(case)
    if clocks.effective is None:
        return story  # before the first entry
    tied = ties(asked, reader, case, clocks, clocks.effective)
    had = dealings(asked, practitioner, case, clocks, clocks.effective)
    allowed: set[int] | None = None
    if reader.role:
        known = Clocks(clocks.known, clocks.known_at)
        decision = could(asked.record.store, reader, POLICY, case, known, clocks.effective)
        allowed = {row["position"] for row in in_reach(story, case, decision)}
    rows = [
        {
            "practitioner": practitioner,
            "ties": tied,
            "dealings": had,
            "allowed": None if allowed is None else row["position"] in allowed,
            **row,
        }
        for row in story
    ]
    return Answer(rows, clocks)


def backdated(asked: Asked, *, at: Moment, case: str | None = None, team: str | None = None) -> list[Row]:
    """What had happened by that moment: what was known of it then, and what was recorded only afterwards.

    team: of the cases under it, then or now.

    Raises:
        Invalid: neither a case nor a team is named.
    """
    if case is None and team is None:
        raise Invalid("case", "expected a case or a team, got neither")
    clocks = then(asked, at)
    cases = {case} if case is not None else _under(asked, clocks, team)
    rows: dict[int, Row] = {}
    for each in sorted(filter(None, cases)):
        facts = asked.story(each)
        rows |= {
            one.position: {
                **stamp(one),
                "type": one.entry.event.type,
                "cases": one.cases,
                "known_then": one.position <= clocks.known,
                "struck": one.position in facts.struck,
                **by(one),
            }
            for one in facts.told
            if clocks.effective is not None and one.event.occurred_at <= clocks.effective
        }
    return [rows[position] for position in sorted(rows)]


def _under(asked: Asked, clocks: Clocks, team: str | None) -> set[str]:
    return {row["case"] for each in (asked.at(clocks), asked) for row in each.rows("case_status", team=team)}


def late(asked: Asked, *, hours: int = 48, case: str | None = None, practitioner: str | None = None) -> list[Row]:
    """Entries recorded more than so many hours after what they tell of, by practitioner, then position.

    `hours_late`: whole hours.
    """
    marks = asked.facts([], *about(case)).struck
    rows = []
    for recorded in asked.recorded(*about(case)):
        occurred, who = recorded.event.occurred_at, recorded.event.recorded_by
        if occurred is None or recorded.recorded_at - occurred <= hours * HOUR:
            continue
        if practitioner is not None and (who is None or who.practitioner != practitioner):
            continue
        rows.append(
            {
                "practitioner": who and who.practitioner,
                "role": who and who.role,
                "employer": who and who.employer,
                "position": recorded.position,
                "type": recorded.event.type,
                "cases": [tag for tag in recorded.event.tags if tag.startswith("case:")],
                "occurred_at": occurred,
                "recorded_at": recorded.recorded_at,
                "hours_late": (recorded.recorded_at - occurred) // HOUR,
                "struck": recorded.position in marks,
            }
        )
    return sorted(rows, key=lambda row: (row["practitioner"] or "", row["position"]))


def contact(asked: Asked, *, case: str, at: Moment) -> list[Row]:
    """Whom the family could ring at that moment, as it is known now and as it was known then: a row of each."""
    moment = then(asked, at)
    now = Clocks(asked.clocks.known, asked.clocks.known_at, moment.effective)
    rows = []
    for as_known, clocks in (("then", moment), ("now", now)):
        named = asked.at(clocks).facts([PointOfContactNamed], case).standing()
        last = named[-1] if named else None
        rows.append(
            {
                "as_known": as_known,
                "case": case,
                "at": moment.effective,
                "point_of_contact": last and last.event.practitioner,
                "since": last and last.event.occurred_at,
                "position": last and last.position,
                "recorded_at": last and last.entry.recorded_at,
            }
        )
    return rows
