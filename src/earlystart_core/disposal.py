"""Disposal: until when each record is to be kept, what stands in the way of erasing it, and erasing it.

What is due is decided by the log's entries, each compared with its leaf, and by no table of a view: whoever writes
there can make no record due for erasing, and hide none that is.
"""

from datetime import date
from functools import partial

from earlystart_core.access.case_views import opened
from earlystart_core.access.looked import sealed_why
from earlystart_core.answer import Answer
from earlystart_core.asked import Questions
from earlystart_core.case_file import case_file, with_counted
from earlystart_core.checking import check_practitioner, check_subject
from earlystart_core.clocks import day_in
from earlystart_core.entry import Practitioner
from earlystart_core.erasing.erasure import Erased, Erasure
from earlystart_core.erasing.retention import Kept, kept_of, retention
from earlystart_core.erasing.tombstones import erasure_rows, hold_rows
from earlystart_core.log import of_one_log
from earlystart_core.readable import readable
from earlystart_core.types import london_date
from earlystart_core.words import EVENTS
from earlystart_core.words.erasure import two_authorities

_STATUS = with_counted(["case_status"])  # it has the days that retention goes by


class Disposal(Questions):
    """Erasing, legal holds and retention, of one record."""

    @readable()
    def erase(self, subject: str, *, authority: str, second_authority: str, by: Practitioner) -> Erased:
        """Destroys the keys of a `case:` or `person:` and what imports left of it; only then records its tombstone.

        authority, second_authority: the two people who decided it, by role and reference in the Latin alphabet; both
        stay readable for ever. Names that look alike count as one person; the caller must make sure that they are two.
        With a case go the persons that imports say are that child. To finish an erasure that was stopped, erase again.

        Raises:
            Invalid: the subject, the practitioner or an authority is malformed, or both authorities read alike.
            Refused: `erasure.held`, a legal hold covers it; `erasure.unknown`, nothing is known of it;
                `erasure.other_keys`, its text is sealed under keys that this key store does not have as its own.
            Tampered: a key is not the one that sealed text under its name.
            Conflict: something about it kept being recorded, on each of three tries.
            StoreUnavailable: it is not known whether everything is gone: erase again.
        """
        check_subject(subject)
        by = check_practitioner(by)
        both = two_authorities(authority, second_authority)
        store = self._store
        why = partial(sealed_why, store.access)
        erasure = Erasure(store.log, store.keys, store.forgetting, store.clock, store.chance, why)
        return erasure.erase(subject, both, by)

    @readable()
    def erasures(self) -> Answer:
        """Rows `subject, position, erased_at, authority, second_authority, key`: each erased subject, by position."""
        clocks = self._moment()
        return Answer(erasure_rows(self._store.log), clocks)

    @readable()
    def holds(self) -> Answer:
        """Rows `hold, case, person, since, authority` of the legal holds that stand; case and person null: everyone."""
        clocks = self._moment()
        return Answer(hold_rows(self._store.log, self._store.clock()), clocks)

    @readable()
    def kept_until(self, subject: str) -> Kept:
        """Until when one case or person is to be kept, and by which rule; `until` is None where it cannot be said.

        Raises:
            Invalid: `subject` is no case or person id.
            Tampered: an entry about one of the cases is not what was hashed when it was recorded.
        """
        check_subject(subject)
        log = self._store.log
        with of_one_log(log):
            clocks = self._moment()
            linked = self._store.forgetting.behind(subject)
            status = partial(case_file, log, EVENTS, clocks=clocks, views=_STATUS)
            return kept_of(subject, log, lambda case: status(case)["case_status"], linked, clocks.known)

    @readable()
    def retention(self, on: date | str | None = None) -> Answer:
        """Rows `subject, kept_until, rule, due, holds, erased` of every case and person (`retention.retention`).

        on: the London day on which to ask what is due, a date or a text such as 2051-12-31; today where it is left out.

        Raises:
            Invalid: `on` is no date.
            Tampered: an entry is not what was hashed when it was recorded; of more than 2,000 cases
                `earlystart log verify` says it, and not this.
        """
        now = self._store.clock()
        day = london_date(now) if on is None else day_in("on", on)
        log = self._store.log
        with of_one_log(log):
            clocks = self._moment()
            cases = opened(log, clocks)
            linked, children = self._store.forgetting.people(), self._store.forgetting.children()
            return Answer(retention(log, EVENTS, cases, linked, now, day, clocks.known, children=children), clocks)
