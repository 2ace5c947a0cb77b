"""What can be asked of a record, now or at any two clocks: its views, and the questions over them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.answer import Answer
from earlystart_core.audit.disclosures import disclosures
from earlystart_core.audit.timeline import story
from earlystart_core.checking import check_id
from earlystart_core.clocks import Clocks, clocks_at
from earlystart_core.errors import Invalid, shown
from earlystart_core.log import of_one_log
from earlystart_core.proven import about
from earlystart_core.readable import readable
from earlystart_core.store import Frames, Store, still_open
from earlystart_core.views import VIEW
from earlystart_core.words import EVENTS


class Questions:
    """What can be asked of a record, at one pair of clocks."""

    def __init__(self, store: Store) -> None:
        self._opened = store

    @property
    def _store(self) -> Store:
        return still_open(self._opened)

    def _reading(self) -> AbstractContextManager[Frames]:
        raise TypeError("ask a Record, or what its as_at gives")

    def _moment(self) -> Clocks:
        return clocks_at(self._store.log)

    @readable()
    def view(self, name: str, team: str | None = None, case: str | None = None) -> Answer:
        """The rows of a view by key: `case_status`, `request_queue`, `package_status` or `consent_status`.

        team: only rows whose case is under that team. case: only rows of that case.

        Raises:
            Invalid: no view has that name, or `team` or `case` is not an id of its kind.
        """
        if not isinstance(name, str) or name not in VIEW:
            raise Invalid("view", f"expected one of {', '.join(sorted(VIEW))}, got {shown(name)}")
        check_id("team", team)
        check_id("case", case)
        with self._reading() as frames:
            return Answer(frames.rows(name, team=team, case=case), frames.clocks)

    @readable()
    def caseload(self, team: str | None = None) -> Answer:
        """Rows `team, practitioner, open_cases, active_packages`; practitioner null for the whole team.

        Raises:
            Invalid: `team` is not a team id.
        """
        return self._ask("caseload", team)

    @readable()
    def tiers(self, team: str | None = None) -> Answer:
        """Rows `team, open_cases, universal, universal_plus, universal_partnership_plus`.

        Raises:
            Invalid: `team` is not a team id.
        """
        return self._ask("tiers", team)

    @readable()
    def timeline(self, case: str) -> Answer:
        """The case's story in order of what happened: both clocks, who, and what was corrected (`timeline.story`).

        Raises:
            Invalid: `case` is not a case id.
            Tampered: an entry is not what was hashed when it was recorded, or not about that case.
        """
        check_id("case", case, needed=True)
        clocks = self._moment()
        entries = self._store.log.read(DCBQuery([DCBQueryItem(tags=[case])]))
        keys = cache(lambda: self._store.keys)  # asking for them reads the log for new tombstones: once a story
        return Answer(story(about(case, entries.entries()), EVENTS, keys, clocks), clocks)

    @readable()
    def disclosures(self, case: str | None = None) -> Answer:
        """Every sharing of information, of one case or all, and whether its basis covered it (`disclosures`).

        Rows `position, case, recipient, purpose, basis, covered_then, covered_now, struck, reason`.

        Raises:
            Invalid: `case` is not a case id.
        """
        check_id("case", case)
        clocks = self._moment()
        return Answer(disclosures(self._store.log, EVENTS, clocks, case), clocks)

    def _ask(self, question: str, team: str | None) -> Answer:
        from earlystart_core.views import questions  # Polars loads with the first question, not with the library

        check_id("team", team)
        with self._reading() as frames:
            asked = {"caseload": questions.caseload, "tiers": questions.tiers}[question]
            return Answer(asked.of(frames, team).to_dicts(), frames.clocks)


class AsAt(Questions):
    """The record as it was known at a position and true at an instant.

    Where the store is put back to an earlier state meanwhile, it answers no more: StoreUnavailable.
    """

    def __init__(self, store: Store, clocks: Clocks) -> None:
        from earlystart_core.replay.as_at import AsAt as Folded

        super().__init__(store)
        self.clocks = clocks
        self._history = store.log.history
        self._frames = Folded(store.log, EVENTS, clocks, store.views.shelf, store.views.threads)

    @contextmanager
    def _reading(self) -> Iterator[Frames]:
        # What was folded before is remembered: it is not given out once the record is closed or the log was put back.
        with of_one_log(self._store.log, self._history):
            yield self._frames

    def _moment(self) -> Clocks:
        with of_one_log(self._store.log, self._history):
            return self.clocks
