"""What was shared, and on what it stood: agreements in force, overrides, the least that was needed, and how soon."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from earlystart_core.audit.hindsight import Told
from earlystart_core.audit.timeline import opened_fields
from earlystart_core.clocks import Moment
from earlystart_core.desk.asked import Asked, Facts, Row, about, begun_hours, by, stamp
from earlystart_core.desk.knowing import then
from earlystart_core.types import london_date
from earlystart_core.words.agreement import AGREEMENT, Agreement
from earlystart_core.words.sharing import InformationShared, SharingOverridden


def agreements(
    asked: Asked,
    *,
    recipient: str | None = None,
    purpose: str | None = None,
    item: str | None = None,
    at: Moment | None = None,
) -> list[Row]:
    """Each agreement between organisations, whether it is in force, and whether it covers what was named.

    at: the moment to ask about; without it the effective clock, else when the last known entry was recorded.
    All of it is as known at the clocks, and as it stood at that moment: terms, last day, review.
    recipient: of those that it had signed by that moment, or is the first to sign after it.
    `covers`: in force, with that recipient, purpose and item; what is not named is not asked.
    """
    moment = asked.clocks.effective or asked.clocks.known_at if at is None else then(asked, at).effective
    facts = _agreements(asked, recipient)
    signed = {id(one.event): one.position for one in facts.told}
    rows = []
    for name, course in sorted(_courses(facts).items()):
        if not course.signed or moment is None:
            continue
        terms, force = course.signed_by(moment) or course.signed[0], course.in_force(moment)
        if recipient not in (None, *terms.parties):
            continue
        ends = [each for each in course.ends if each.ends_on is not None and each.occurred_at <= moment]
        fits = purpose in (None, *terms.purposes) and item in (None, *terms.items)
        names = ("parties", "purposes", "items", "lawful_basis", "special_category", "wording", "starts_on")
        rows.append(
            {
                "agreement": name,
                "position": signed[id(terms)],
                **{field: getattr(terms, field) for field in names},
                "last_on": ends[-1].ends_on if ends else None,
                "next_review_on": _review_on(course, moment),
                "at": moment,
                "in_force": force,
                "covers": force and fits,
            }
        )
    return rows


def _agreements(asked: Asked, recipient: str | None) -> Facts:
    """The facts of every agreement of which an event names that organisation; None: of all.

    They are read by the agreement's own id: an event of it may name others, where its signing was corrected.
    """
    facts = asked.facts(AGREEMENT, *about(recipient))
    if recipient is None:
        return facts
    each = [asked.facts(AGREEMENT, name) for name in dict.fromkeys(one.event.agreement for one in facts.told)]
    return Facts([one for of in each for one in of.told], {position for of in each for position in of.struck})


def _review_on(course: Agreement, by: datetime) -> object:
    told = [each.next_review_on for each in course.ends if each.next_review_on is not None and each.occurred_at <= by]
    return told[-1] if told else None


def _courses(facts: Facts) -> dict[str, Agreement]:
    found: dict[str, Agreement] = defaultdict(Agreement)
    for one in facts.standing():
        found[one.event.agreement] = found[one.event.agreement].after(one.event)
    return found


def overrides(asked: Asked, *, case: str | None = None, recipient: str | None = None) -> list[Row]:
    """Each override: who made it, the harm, who authorised it, whether the family was told, and why if not.

    `shared`: the positions of the sharings that rest on it. Struck overrides stay listed.
    """
    facts = asked.facts([SharingOverridden, InformationShared], *about(case, recipient))
    near: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for one in facts.standing():
        near[one.event.case, one.event.recipient].append(one)
    rows = []
    for one in facts.told:
        if isinstance(one.event, SharingOverridden):
            texts = opened_fields(one.entry, one.event, asked.registry, asked.keys)
            rows.append(
                {
                    **stamp(one),
                    **by(one),
                    **{name: getattr(one.event, name) for name in ("case", "recipient", "authorised_by")},
                    "harm": texts["harm"],
                    "family_told": one.event.family_told,
                    "if_not_why": texts.get("if_not_why"),
                    "shared": [each.position for each in _on_override(one, near[one.event.case, one.event.recipient])],
                    "struck": one.position in facts.struck,
                }
            )
    return rows


def _on_override(override: Told, near: Sequence[Told]) -> list[Told]:
    """The standing sharings on an override that followed it and no later override; near: of its case and recipient."""
    since = override.event.occurred_at
    later = (one.event.occurred_at for one in near if isinstance(one.event, SharingOverridden))
    until = min((at for at in later if at > since), default=None)
    return [
        one
        for one in near
        if isinstance(one.event, InformationShared)
        and one.event.basis == "override"
        and since <= one.event.occurred_at
        and (until is None or one.event.occurred_at < until)
    ]


def necessary(asked: Asked, *, case: str | None = None, recipient: str | None = None) -> list[Row]:
    """Each standing sharing's items beside the most that the organisations had agreed for that purpose.

    `agreed`: the items of every agreement in force that day between the two, for exactly that purpose; null where there
    is none, and then nobody wrote down what is enough. `beyond`: items that none of them has.
    """
    shared = asked.facts([InformationShared], *about(case, recipient))
    courses = _courses(asked.facts(AGREEMENT))
    rows = []
    for one in sorted(shared.standing(), key=lambda one: one.position):
        who = by(one)
        agreed = _agreed(list(courses.values()), one, who["employer"])
        rows.append(
            {
                **stamp(one),
                **who,
                **{name: getattr(one.event, name) for name in ("case", "recipient", "purpose", "basis", "items")},
                "agreed": agreed,
                "beyond": None if agreed is None else [item for item in one.event.items if item not in agreed],
            }
        )
    return rows


def _agreed(courses: Sequence[Agreement], one: Told, employer: str | None) -> list[str] | None:
    at = one.event.occurred_at
    terms = [course.signed_by(at) for course in courses if course.in_force(at)]
    fitting = [
        each
        for each in terms
        if each is not None
        and {employer, one.event.recipient} <= set(each.parties)
        and one.event.purpose in each.purposes
    ]
    return sorted({item for each in fitting for item in each.items}) if fitting else None


def concerns(asked: Asked, *, hours: int = 24, case: str | None = None) -> list[Row]:
    """Each concern for which someone overrode, and the first sharing with that recipient that followed.

    `shared_at`, `hours` (those that had begun): null where nothing was shared. `within`: shared within so many hours.
    Only a sharing on the override or on a duty counts.
    """
    facts = asked.facts([SharingOverridden, InformationShared], *about(case))
    shared: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for one in facts.standing():
        if isinstance(one.event, InformationShared) and one.event.basis in ("override", "duty"):
            shared[one.event.case, one.event.recipient].append(one)
    rows = []
    for one in facts.standing():
        if not isinstance(one.event, SharingOverridden):
            continue
        raised = one.event.occurred_at
        followed = [each for each in shared[one.event.case, one.event.recipient] if each.event.occurred_at >= raised]
        first = followed[0] if followed else None
        took = None if first is None else first.event.occurred_at - raised
        rows.append(
            {
                "position": one.position,
                "case": one.event.case,
                "recipient": one.event.recipient,
                "raised_at": raised,
                "raised_on": london_date(raised),
                "shared": first and first.position,
                "shared_at": first and first.event.occurred_at,
                "hours": None if took is None else begun_hours(took),
                "within": took is not None and took <= timedelta(hours=hours),
            }
        )
    return rows
