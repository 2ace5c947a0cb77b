"""The twenty questions that an officer asks of a replay, each under its number and a name; and how one is asked."""

import inspect
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.answer import Answer
from earlystart_core.clocks import Moment
from earlystart_core.desk.asked import Asked, Row
from earlystart_core.desk.consents import consents, told, undecided
from earlystart_core.desk.dashboard import then_and_now
from earlystart_core.desk.knowing import backdated, contact, could_see, late, then
from earlystart_core.desk.looking import looked
from earlystart_core.desk.mistakes import exposed, relied
from earlystart_core.desk.sharings import agreements, concerns, necessary, overrides
from earlystart_core.desk.soundness import kept, unaltered, versions
from earlystart_core.desk.subject import held
from earlystart_core.desk.withdrawals import after_withdrawal
from earlystart_core.errors import Invalid, shown
from earlystart_core.types import SLUG, SLUG_KINDS, ULID, form_of

if TYPE_CHECKING:
    from earlystart_core.record import Record

Answering = Callable[..., list[Row] | Answer]
KIND = {"case": "case", "practitioner": "practitioner", "recipient": "org", "team": "team"}


class Question(NamedTuple):
    """One question. Its options are the named parameters of what answers it; those without a default must be given."""

    number: int
    name: str
    asks: str
    answer: Answering

    @property
    def takes(self) -> list[str]:
        """The options, those that must be given first."""
        return [*self.needs, *(name for name in self._options if name not in self.needs)]

    @property
    def needs(self) -> list[str]:
        """The options that must be given."""
        return [name for name, option in self._options.items() if option.default is inspect.Parameter.empty]

    @property
    def _options(self) -> dict[str, inspect.Parameter]:
        parameters = inspect.signature(self.answer).parameters
        return {name: one for name, one in parameters.items() if one.kind is one.KEYWORD_ONLY}


_ASKED: tuple[tuple[str, str, Answering], ...] = (
    ("could_see", "What could this practitioner see of this case at that moment?", could_see),
    ("backdated", "What was known at that moment of what had happened by then, and what was back-dated?", backdated),
    ("consents", "Under which consent was this shared with that organisation: whose, which wording?", consents),
    ("agreements", "Was an agreement in force that covered this purpose, item and recipient?", agreements),
    ("overrides", "Who overrode, for what harm, who authorised it, was the family told, if not why not?", overrides),
    ("looked", "Who looked at this record, and had they a caseload reason?", looked),
    ("after_withdrawal", "After consent was withdrawn, what was shared or read all the same?", after_withdrawal),
    ("told", "When was the parent told, and by which wording?", told),
    ("relied", "Which decisions relied on an entry that was later marked in error?", relied),
    ("exposed", "Whom did entries under the wrong case expose, and to whom?", exposed),
    ("unaltered", "Was nothing altered since?", unaltered),
    ("then_and_now", "What is on today's dashboard that was not on that day's, and why?", then_and_now),
    ("versions", "Which versions of code, views, policies and events made the answers?", versions),
    ("late", "Which entries were recorded late, and by whom?", late),
    ("kept", "Which records are past retention or under a legal hold?", kept),
    ("held", "What is held on this subject, other people taken out?", held),
    ("necessary", "Was no more shared than the organisations had agreed?", necessary),
    ("undecided", "About which children did nobody ever decide what may be shared?", undecided),
    ("concerns", "Was a concern shared within so many hours?", concerns),
    ("contact", "Who was the named point of contact on that day?", contact),
)
QUESTIONS = tuple(Question(number, *each) for number, each in enumerate(_ASKED, 1))


def question(named: str | int) -> Question:
    """The question of that number or name.

    Raises:
        Invalid: there is none.
    """
    known = isinstance(named, int | str) and not isinstance(named, bool)
    wanted = shown(named)[1:-1].strip().replace("-", "_") if known else ""
    for each in QUESTIONS:
        if wanted in (str(each.number), each.name):
            return each
    names = ", ".join(each.name for each in QUESTIONS)
    raise Invalid("question", f"expected a number from 1 to {len(QUESTIONS)} or one of {names}, got {shown(named)}")


def ask(
    record: "Record", named: str | int, known: Moment | None, effective: Moment | None, options: dict[str, Any]
) -> Answer:
    """The answer to a question, at two clocks. An option that is None is as good as not given.

    Raises:
        Invalid: there is no such question, an option is malformed, missing, or none of that question's, or no entry
            names the case, subject or recipient.
    """
    asked_for = question(named)
    given = {name: value for name, value in options.items() if value is not None}
    for name, value in given.items():
        if name not in asked_for.takes:
            takes = ", ".join(asked_for.takes) or "none"
            raise Invalid(name, f"expected an option of question {asked_for.number} ({takes}), got {name[:40]!r}")
        check_option(name, value)
    for name in asked_for.needs:
        if name not in given:
            raise Invalid(name, f"expected with question {asked_for.number}, {asked_for.name}, got none")
    asked = Asked.of(record, known, effective)
    if "at" in given:
        then(asked, given["at"])  # what is malformed is said before anything is looked for
    for name, value in given.items():
        _check_named(record, name, value)
    found = asked_for.answer(asked, **given)
    return found if isinstance(found, Answer) else Answer(found, asked.clocks)


def _check_named(record: "Record", name: str, value: str) -> None:
    """Raises Invalid where a case, subject or recipient is named of which nothing ever told: it was mistyped.

    A practitioner may have left no trace, and a team that no case is under has no rows, as in a view.
    """
    if name not in ("case", "subject", "recipient"):
        return
    told = next(record.store.log.read(DCBQuery([DCBQueryItem(tags=[value])]), limit=1).entries(), None)
    beside = () if name == "recipient" else record.store.forgetting.behind(value)
    if told is None and not beside and next(iter(record.store.access.about(value)), None) is None:
        what = {"case": "a case", "subject": "a case or person", "recipient": "an organisation"}[name]
        raise Invalid(name, f"expected {what} that an entry names, none names {value}")


def check_option(name: str, value: Any) -> None:
    """Looks at the form of an option; a moment is looked at where it is read.

    Raises:
        Invalid: it is malformed.
    """
    if name == "hours":
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1_000_000:
            raise Invalid(name, f"expected whole hours from 0 to 1000000, got {shown(value)}")
    elif name in ("case", "practitioner", "recipient", "team", "subject"):
        kind = KIND.get(name) or ("person" if str(value).startswith("person:") else "case")
        body = SLUG if kind in SLUG_KINDS else rf"{ULID}|unknown|import" if kind == "practitioner" else ULID
        if not isinstance(value, str) or not re.fullmatch(rf"{kind}:(?:{body})", value):
            expected = "expected a case: or person: id" if name == "subject" else form_of(f"{kind}:")
            raise Invalid(name, f"{expected}, got {shown(value)}")
    elif name in ("purpose", "item", "on", "checkpoint", "vkey") and not isinstance(value, str):
        raise Invalid(name, f"expected text, got {type(value).__name__}")
