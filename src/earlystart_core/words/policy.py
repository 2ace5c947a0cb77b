"""Policy: what covers a sharing of information, under a name and a version.

A sharing is judged by its stated basis alone, and under the policy of its own instant: an audit years later asks the
rules of the day. A new version is added with the instant from which it holds; an old one is never edited.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec
from msgspec.structs import replace

from earlystart_core.event import Event
from earlystart_core.types import AgreementId, Basis, Label, OrgId
from earlystart_core.words import consent
from earlystart_core.words.agreement import Agreement, AgreementEvent
from earlystart_core.words.consent import SharingConsentRecorded


class Wanted(msgspec.Struct, frozen=True):
    """A sharing, as the policy is asked about it."""

    sharer: OrgId | None  # the employer of whoever shares
    recipient: OrgId
    purpose: Label
    items: Sequence[Label]
    basis: Basis
    at: datetime


class Grounds(msgspec.Struct, frozen=True):
    """What may cover sharings about one case with one organisation: known, standing, in effective order."""

    consents: tuple[SharingConsentRecorded, ...] = ()
    overrides: tuple[Event, ...] = ()
    agreements: Mapping[AgreementId, Agreement] = {}

    def after(self, event: SharingConsentRecorded | AgreementEvent) -> "Grounds":
        """The grounds with one more decision of a person, or event of an agreement."""
        if isinstance(event, SharingConsentRecorded):
            return replace(self, consents=(*self.consents, event))
        course = self.agreements.get(event.agreement, Agreement()).after(event)
        return replace(self, agreements={**self.agreements, event.agreement: course})

    def overridden(self, event: Event) -> "Grounds":
        """The grounds with one more override."""
        return replace(self, overrides=(*self.overrides, event))


Lack = (
    consent.Lack
    | Literal[
        "no_override",
        "no_agreement",
        "agreement_not_in_force",
        "agreement_other_purpose",
        "agreement_other_items",
    ]
)
SENTENCES: dict[Lack, str] = {
    "nobody_asked": "expected consent for exactly this purpose, nobody had decided by then",
    "not_given": "expected consent of everyone who decided, someone's latest decision was not to give it",
    "past": "expected consent that runs until that day or later, someone's had ended",
    "no_override": "expected an override for this recipient, none stood at that time",
    "no_agreement": "expected an agreement in force, none had been signed by both organisations",
    "agreement_not_in_force": "expected an agreement in force, theirs was not on that day",
    "agreement_other_purpose": "expected an agreement for exactly this purpose, theirs is for others",
    "agreement_other_items": "expected an agreement about every one of the items, theirs leaves some out",
}


def by_consent(wanted: Wanted, grounds: Grounds) -> Lack | None:
    """Everyone who decided for exactly that purpose gave it, and nobody's `until` is past: the strictest holds."""
    return consent.lack_of_consent([one for one in grounds.consents if one.purpose == wanted.purpose], wanted.at)


def by_agreement(wanted: Wanted, grounds: Grounds) -> Lack | None:
    """One agreement in force has both organisations, the purpose and every item."""
    signed = [(course, course.signed_by(wanted.at)) for course in grounds.agreements.values()]
    between = [
        (course, terms)
        for course, terms in signed
        if terms is not None and {wanted.sharer, wanted.recipient} <= set(terms.parties)
    ]
    if not between or wanted.sharer == wanted.recipient:
        return "no_agreement"
    in_force = [terms for course, terms in between if course.in_force(wanted.at)]
    if not in_force:
        return "agreement_not_in_force"
    for_purpose = [terms for terms in in_force if wanted.purpose in terms.purposes]
    if not for_purpose:
        return "agreement_other_purpose"
    covered = any(set(wanted.items) <= set(terms.items) for terms in for_purpose)
    return None if covered else "agreement_other_items"


def by_override(wanted: Wanted, grounds: Grounds) -> Lack | None:
    """Someone had overridden for that case and recipient."""
    return None if any(override.occurred_at <= wanted.at for override in grounds.overrides) else "no_override"


def by_duty(wanted: Wanted, grounds: Grounds) -> Lack | None:
    """A legal duty covers itself."""
    return None


Rule = Callable[[Wanted, Grounds], Lack | None]


class Policy(msgspec.Struct, frozen=True):
    """What each basis asks. since: the first instant that it holds for, None from the beginning."""

    name: str
    version: int
    since: datetime | None
    rules: Mapping[Basis, Rule]

    def lack(self, wanted: Wanted, grounds: Grounds) -> Lack | None:
        """What the sharing lacks to be covered by its stated basis; None when it is covered."""
        return self.rules[wanted.basis](wanted, grounds)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


POLICIES = (  # oldest first
    Policy(
        "early_start_sharing",
        1,
        None,
        {"consent": by_consent, "agreement": by_agreement, "override": by_override, "duty": by_duty},
    ),
)


def policy_at(at: datetime, policies: Sequence[Policy] = POLICIES) -> Policy:
    """The policy that sharings of that instant are judged under."""
    return next(policy for policy in reversed(policies) if policy.since is None or policy.since <= at)
