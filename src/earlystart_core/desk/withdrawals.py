"""What went on after a no: what was shared or read between a person's withdrawal and that person's next consent."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from earlystart_core.audit.hindsight import Told
from earlystart_core.desk.asked import Asked, Row, about
from earlystart_core.desk.looking import readings
from earlystart_core.words.consent import SharingConsentRecorded
from earlystart_core.words.sharing import InformationShared


def after_withdrawal(asked: Asked, *, case: str | None = None) -> list[Row]:
    """What was shared or read after a person had withdrawn, and before that person gave consent again.

    A refusal after a consent withdraws it too (`decision` says which it was); a second no before the next consent
    changes nothing. `knew`: one of them was recorded by then. A reading is by someone of the organisation that the no
    was about.
    """
    facts = asked.facts([InformationShared, SharingConsentRecorded], *about(case))
    standing = facts.standing()
    shared: dict[tuple[str, str, str], list[Told]] = defaultdict(list)
    for one in standing:
        if isinstance(one.event, InformationShared):
            shared[one.event.case, one.event.recipient, one.event.purpose].append(one)
    reads = readings(asked, case)
    rows = []
    for noes, ended in _withdrawals([one for one in standing if isinstance(one.event, SharingConsentRecorded)]):
        no = noes[0]
        consent, until = no.event, None if ended is None else ended.event.occurred_at
        for one in shared[consent.case, consent.recipient, consent.purpose]:
            if consent.occurred_at <= one.event.occurred_at and (until is None or one.event.occurred_at < until):
                knew = any(each.position < one.position for each in _known(noes, one.event.occurred_at))
                rows.append(_after(no, "shared", one.event.occurred_at, knew) | _how(one))
        for read in reads:
            theirs = (read["subject"], read["employer"]) == (consent.case, consent.recipient)
            if theirs and consent.occurred_at <= read["at"] and (until is None or read["at"] < until):
                row = _after(no, "read", read["at"], bool(_known(noes, read["at"])))
                rows.append(row | {"position": None, "basis": None, "practitioner": read["practitioner"]})
    return sorted(rows, key=lambda row: (row["withdrawal"], row["at"], row["position"] or 0))


def _withdrawals(decided: list[Told]) -> Iterator[tuple[list[Told], Told | None]]:
    """Each time that a person had withdrawn: every no of it, and the consent with which the same person ended it."""
    course: dict[tuple[str, ...], list[Told]] = defaultdict(list)
    for one in decided:
        course[one.event.case, one.event.recipient, one.event.purpose, one.event.person].append(one)
    for each in course.values():
        gave, noes = False, list[Told]()
        for one in each:
            if one.event.decision == "given":
                if noes:
                    yield noes, one
                gave, noes = True, []
            elif gave or noes or one.event.decision == "withdrawn":
                noes.append(one)
        if noes:
            yield noes, None


def _known(noes: list[Told], at: datetime) -> list[Told]:
    """Those that had been said and recorded by that instant."""
    return [no for no in noes if no.event.occurred_at <= at and no.entry.recorded_at <= at]


def _after(no: Told, what: str, at: object, knew: bool) -> Row:
    return {
        "withdrawal": no.position,
        "withdrawn_at": no.event.occurred_at,
        "withdrawal_recorded_at": no.entry.recorded_at,
        **{name: getattr(no.event, name) for name in ("case", "person", "recipient", "purpose", "decision")},
        "what": what,
        "at": at,
        "knew": knew,
    }


def _how(one: Told) -> Row:
    who = one.entry.event.recorded_by
    return {"position": one.position, "basis": one.event.basis, "practitioner": who and who.practitioner}
