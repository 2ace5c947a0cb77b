"""Disclosures: for every sharing of information, whether its basis covered it, as known then and as known now.

Nothing of it is stored: both answers are worked out from the log, so a withdrawal that is recorded late, or a basis
that is marked in error, shows at once, in every sharing that it touches. Struck sharings stay listed.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.clocks import Clocks
from earlystart_core.log import Log
from earlystart_core.marks import Marks
from earlystart_core.registry import Registry
from earlystart_core.words.agreement import AGREEMENT, AgreementEnded, AgreementReviewed, AgreementSigned
from earlystart_core.words.consent import SharingConsentRecorded, live
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.policy import Grounds, Lack, policy_at
from earlystart_core.words.sharing import InformationShared, SharingOverridden, wanted

Row = dict[str, Any]
Learnt = Literal["withdrawn_unrecorded", "struck_since", "learnt_since"]

_MARK = MarkedInError.__name__
_AGREEMENTS = [cls.__name__ for cls in AGREEMENT]
_ABOUT_CASES = [SharingConsentRecorded.__name__, SharingOverridden.__name__, InformationShared.__name__]


class Fact(NamedTuple):
    """An event of a class that bears on sharings, or a mark, as it was recorded."""

    position: int
    recorded_at: datetime
    employer: str | None  # of whoever recorded it
    event: Any


def disclosures(log: Log, registry: Registry, clocks: Clocks, case: str | None = None) -> list[Row]:
    """Every sharing that is known and effective at those clocks, by position; of one case, or of all.

    A row: `position, case, recipient, purpose, basis, covered_then, covered_now, struck, reason`. Then: as known at the
    last position recorded at or before the sharing's instant, and before its own. Now: as known at these clocks. Both
    judge the sharing's instant, under the policy of that instant. `reason`: null where it was covered both times; the
    policy's `Lack` where it was covered neither time; else what has made the difference since (`Learnt`).

    Raises:
        Unreadable: an entry is of an unknown type or version, or malformed.
    """
    facts = _read(log, registry, clocks.known, case)
    recorded_at = {fact.position: fact.recorded_at for fact in facts if isinstance(fact.event, MarkedInError)}
    marks = Marks((fact.position, fact.event.target) for fact in facts if isinstance(fact.event, MarkedInError))
    about: dict[tuple[str, str], list[Fact]] = defaultdict(list)  # by case and recipient
    courses: dict[str, list[Fact]] = defaultdict(list)  # by agreement
    named: dict[str, dict[str, None]] = defaultdict(dict)  # by party, the agreements of which an event names it
    shared = []
    for fact in facts:
        match fact.event:
            case InformationShared():
                shared.append(fact)
            case SharingConsentRecorded() | SharingOverridden():
                about[fact.event.case, fact.event.recipient].append(fact)
            case AgreementSigned() | AgreementReviewed() | AgreementEnded():
                courses[fact.event.agreement].append(fact)
                for party in fact.event.parties:
                    named[party][fact.event.agreement] = None
    agreed = {party: [fact for each in agreements for fact in courses[each]] for party, agreements in named.items()}
    asked = [one for one in shared if clocks.effective is None or one.event.occurred_at <= clocks.effective]
    struck = marks.struck((one.position for one in asked), _anything)
    return [_row(one, _bearing(one.event, about, agreed), marks, recorded_at, struck) for one in asked]


def _read(log: Log, registry: Registry, known: int, case: str | None) -> list[Fact]:
    """The facts that bear on sharings, and the marks on them, up to that position; for one case read by tag.

    Agreements are found by the recipient and read by their own ids: an event of one may name other parties.
    """
    if case is None:
        return [*_facts(log, registry, known, DCBQueryItem([*_ABOUT_CASES, *_AGREEMENTS, _MARK]))]
    facts = [*_facts(log, registry, known, DCBQueryItem([*_ABOUT_CASES, _MARK], [case]))]
    shared = [fact.event for fact in facts if isinstance(fact.event, InformationShared)]
    recipients = sorted({event.recipient for event in shared if event.basis == "agreement"})
    named = _facts(log, registry, known, *(DCBQueryItem(_AGREEMENTS, [each]) for each in recipients))
    ids = sorted({fact.event.agreement for fact in named})
    return [*facts, *_facts(log, registry, known, *(DCBQueryItem([*_AGREEMENTS, _MARK], [each]) for each in ids))]


def _facts(log: Log, registry: Registry, known: int, *items: DCBQueryItem) -> Iterator[Fact]:
    for recorded in log.read(DCBQuery([*items])).entries() if items else ():
        if recorded.position > known:
            return
        by = recorded.event.recorded_by
        yield Fact(
            recorded.position, recorded.recorded_at, None if by is None else by.employer, registry.event(recorded)
        )


def _bearing(
    event: InformationShared, about: Mapping[tuple[str, str], list[Fact]], agreed: Mapping[str, list[Fact]]
) -> Sequence[Fact]:
    """What bears on a sharing by its stated basis."""
    near = about.get((event.case, event.recipient), [])
    match event.basis:
        case "consent":
            consents = [fact for fact in near if isinstance(fact.event, SharingConsentRecorded)]
            return [fact for fact in consents if fact.event.purpose == event.purpose]
        case "override":
            return [fact for fact in near if isinstance(fact.event, SharingOverridden)]
        case "agreement":
            return agreed.get(event.recipient, [])
        case "duty":
            return ()


def _row(
    one: Fact, bearing: Sequence[Fact], marks: Marks, recorded_at: Mapping[int, datetime], struck: set[int]
) -> Row:
    event: InformationShared = one.event

    def then(position: int, recorded_at: datetime) -> bool:  # which never falls as positions rise
        return position < one.position and recorded_at <= event.occurred_at

    known = [fact for fact in bearing if then(fact.position, fact.recorded_at)]
    was_out = marks.struck((fact.position for fact in known), lambda mark: then(mark, recorded_at[mark]))
    out = marks.struck((fact.position for fact in bearing), _anything)
    lacked, lacks = _lack(one, known, was_out), _lack(one, bearing, out)
    return {
        "position": one.position,
        "case": event.case,
        "recipient": event.recipient,
        "purpose": event.purpose,
        "basis": event.basis,
        "covered_then": lacked is None,
        "covered_now": lacks is None,
        "struck": one.position in struck,
        "reason": lacks if (lacked is None) == (lacks is None) else _learnt(one, bearing, known, out, lacks),
    }


def _learnt(one: Fact, bearing: Sequence[Fact], known: Sequence[Fact], out: set[int], lacks: Lack | None) -> Learnt:
    """Why the answer of then and that of now differ. known: the bearing facts of then; out: what is struck now."""
    if (_lack(one, known, out) is None) == (lacks is None):
        return "struck_since"  # the marks alone turn it
    new = [fact.event for fact in bearing if fact not in known and fact.position not in out]
    decided = [event for event in _in_order(bearing, out) if isinstance(event, SharingConsentRecorded)]
    refusing = [each for each in live(decided, one.event.occurred_at) if each.decision != "given"]
    unrecorded = any(each is event for each in refusing for event in new)
    return "withdrawn_unrecorded" if lacks == "not_given" and unrecorded else "learnt_since"


def _lack(one: Fact, facts: Sequence[Fact], struck: set[int]) -> Lack | None:
    grounds = Grounds()
    for event in _in_order(facts, struck):
        grounds = grounds.overridden(event) if isinstance(event, SharingOverridden) else grounds.after(event)
    return policy_at(one.event.occurred_at).lack(wanted(one.event, one.employer), grounds)


def _in_order(facts: Sequence[Fact], struck: set[int]) -> list[Any]:
    standing = [fact for fact in facts if fact.position not in struck]
    return [fact.event for fact in sorted(standing, key=lambda fact: (fact.event.occurred_at, fact.position))]


def _anything(mark: int) -> bool:
    return True
