"""Who knew what, when: what could be seen, what was back-dated, what was recorded late, whom a family could ring."""

from datetime import timedelta

from msgspec.structs import replace

from earlystart_core.access.judging import could
from earlystart_core.access.policy import POLICY, Decision
from earlystart_core.access.reader import Reader, check_known, check_reader
from earlystart_core.access.seeing import in_reach
from earlystart_core.answer import Answer
from earlystart_core.clocks import Clocks, Moment, clocks_at, instant_of
from earlystart_core.desk.asked import Asked, Row, about, begun_hours, by, stamp
from earlystart_core.desk.looking import dealings, glasses, ties
from earlystart_core.errors import Invalid
from earlystart_core.words.case import PointOfContactNamed

IMPORT = "practitioner:import"


def then(asked: Asked, at: Moment) -> Clocks:
    """Both clocks at one moment: as known then, of what had happened by then; neither later than is asked for.

    `effective` is None before the first entry, where nothing is known.

    Raises:
        Invalid: `at` is no moment, or beyond the head.
    """
    try:
        known = clocks_at(asked.log, at)
        effective = instant_of(at) or known.known_at
    except Invalid as error:
        raise Invalid("at", str(error).removeprefix(f"{error.field}: ")) from None
    known = known if known.known <= asked.clocks.known else asked.clocks
    if effective is not None and asked.clocks.effective is not None:
        effective = min(effective, asked.clocks.effective)
    return Clocks(known.known, known.known_at, effective)


def could_see(
    asked: Asked,
    *,
    case: str,
    practitioner: str,
    at: Moment,
    role: str | None = None,
    employer: str | None = None,
    purpose: str | None = None,
    team: str | None = None,
) -> Answer:
    """The case as it stood in the record at that moment, what tied the practitioner to it, and what else they had done.

    Rows as of `timeline`, with `ties` and `dealings` as of `looked`, `team` where a team is given, and the `glasses`
    that they had broken for the case and that were not over. With a role and an employer each as the access policy
    would have shown it to such a reader, for that purpose (`direct_care` where none is named), by a glass of theirs
    where that shows more: `allowed` says whether at all, `fields` are those that it lets through. Without them
    everything is there, and `allowed` is null.

    Raises:
        Invalid: `at` is no moment, a role, an employer, a purpose or a team is malformed, they are no reader, or the
            access policy does not know the role or the purpose.
    """
    clocks = then(asked, at)
    reader, judge = _reader(practitioner, role, employer, purpose, team)
    story = asked.at(clocks).questions.timeline(case)
    if clocks.effective is None:
        return story  # before the first entry
    tied = ties(asked, reader, case, clocks, clocks.effective)
    had = dealings(asked, practitioner, case, clocks, clocks.effective)
    by_glass = glasses(asked, reader, case, clocks.effective, any_role=not judge)
    seen: dict[int, Row] | None = None
    if judge:
        known = Clocks(clocks.known, clocks.known_at)
        each = [reader, *(replace(reader, break_glass=glass) for glass in by_glass)]
        could_be = [could(asked.record.store, one, POLICY, case, known, clocks.effective) for one in each]
        decision = max(could_be, key=_reach)  # the first of equals: without a glass
        seen = {row["position"]: row for row in in_reach(story, case, decision)}
    reached = {"practitioner": practitioner, "ties": tied, "glasses": by_glass, "dealings": had}
    return Answer([{**reached, **_shown(row, seen)} for row in story], clocks)


def _reader(
    practitioner: str, role: str | None, employer: str | None, purpose: str | None, team: str | None
) -> tuple[Reader, bool]:
    """Who is asked about, and whether the policy is: only of someone with a role and an employer."""
    judge = role is not None and employer is not None
    for name, value in {"role": role, "employer": employer, "purpose": purpose}.items():
        if value is not None and not judge:
            raise Invalid(name, "expected both role and employer beside it, or none of them")
    reader = Reader(practitioner, role or "", employer or "", "direct_care" if purpose is None else purpose, team=team)
    if judge:
        try:
            check_reader(reader)
            check_known(reader)
        except Invalid as error:
            field = error.field.removeprefix("reader.")
            raise Invalid(field, str(error).removeprefix(f"{error.field}: ")) from None
    return reader, judge


def _reach(decision: Decision) -> tuple[int, bool]:
    """How much a decision shows: so many rings, and with the text or without."""
    return len(decision.rings), "text_withheld" not in decision.obligations


def _shown(row: Row, seen: dict[int, Row] | None) -> Row:
    """A row of the story without what could not be seen. seen: what could, by position; None: nobody is judged."""
    if seen is None:
        return {"allowed": None, **row}
    shown = seen.get(row["position"], {})
    hidden = {"fields": shown.get("fields", {}), "recorded_by": shown.get("recorded_by")}
    return {"allowed": bool(shown), **row, **hidden}


def backdated(asked: Asked, *, at: Moment, case: str | None = None, team: str | None = None) -> list[Row]:
    """What had happened by that moment: what was known of it then, and what was recorded only afterwards.

    team: of the cases under it, then or now. With both: of that case, where it is one of them.

    Raises:
        Invalid: neither a case nor a team is named.
    """
    if case is None and team is None:
        raise Invalid("case", "expected a case or a team, got neither")
    clocks = then(asked, at)
    cases = {case} if team is None else _under(asked, clocks, team, case)
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


def _under(asked: Asked, clocks: Clocks, team: str, case: str | None) -> set[str]:
    rows = [row for each in (asked.at(clocks), asked) for row in each.rows("case_status", case, team)]
    return {row["case"] for row in rows if row["team"] == team}


def late(asked: Asked, *, hours: int = 48, case: str | None = None, practitioner: str | None = None) -> list[Row]:
    """Entries recorded more than so many hours after what they tell of, by practitioner, then position.

    `hours_late`: in hours that have begun. What was imported came when it did: those entries are told only where
    `practitioner` names them (practitioner:import).
    """
    marks = asked.facts([], *about(case)).struck
    rows = []
    for recorded in asked.recorded(*about(case)):
        occurred, who = recorded.event.occurred_at, recorded.event.recorded_by
        if occurred is None or recorded.recorded_at - occurred <= timedelta(hours=hours):
            continue
        recorder = who and who.practitioner
        if recorder != practitioner and (practitioner is not None or recorder == IMPORT):
            continue
        rows.append(
            {
                "practitioner": recorder,
                "role": who and who.role,
                "employer": who and who.employer,
                "position": recorded.position,
                "type": recorded.event.type,
                "cases": [tag for tag in recorded.event.tags if tag.startswith("case:")],
                "occurred_at": occurred,
                "recorded_at": recorded.recorded_at,
                "hours_late": begun_hours(recorded.recorded_at - occurred),
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
        began = moment.effective is not None
        named = asked.at(clocks).facts([PointOfContactNamed], case).standing() if began else []
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
