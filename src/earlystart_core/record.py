"""The record: the front door. Open a store, submit commands, ask questions, now or at any two clocks."""

import re
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any, Self, get_args

from earlystart_core.access.breaking import BreakGlass
from earlystart_core.access.judging import could
from earlystart_core.access.looked import rows_of
from earlystart_core.access.policy import POLICY, AccessPolicy, Decision
from earlystart_core.access.reader import Reader, check_known, check_reader
from earlystart_core.access.seeing import Seeing, in_reach
from earlystart_core.answer import Answer
from earlystart_core.asked import AsAt
from earlystart_core.audit.diff import Diff, diff
from earlystart_core.checking import check_id, check_practitioner, plain
from earlystart_core.clocks import Moment, begin_of, clocks_at, instant_of
from earlystart_core.command import Command
from earlystart_core.decide import Done, Shell
from earlystart_core.disposal import Disposal
from earlystart_core.entry import EPOCH, Practitioner
from earlystart_core.errors import Invalid, shown
from earlystart_core.log import of_one_log
from earlystart_core.privacy.keys import Chance
from earlystart_core.proof.of_log import LogProof
from earlystart_core.readable import readable
from earlystart_core.store import Frames, Rebuilt, Source, Store, open_store
from earlystart_core.types import ULID_KINDS
from earlystart_core.ulid import new_id, ulid
from earlystart_core.utc import Clock
from earlystart_core.words import EVENTS, WORDS


class Record(Disposal):
    """A case record on a store. Usable from threads; open one in each process.

    Once it is closed whatever is asked of it, or of what it gave (`as_at`, `seen_by`, …), raises Invalid.
    """

    @property
    def store(self) -> Store:
        """What the record stands on.

        Raises:
            Invalid: the record was closed.
        """
        return self._store

    @classmethod
    @readable()
    def open(
        cls,
        url: str,
        *,
        keys: str | None = None,
        clock: Clock | None = None,
        chance: Chance | None = None,
        **options: Any,
    ) -> Self:
        """The record in a store, made where there was none.

        url: an SQLAlchemy URL or the path of an SQLite file. keys: where the keys of sealed text are kept, likewise;
        by default beside the store. clock and chance: by default the system's.

        Raises:
            Invalid: the URL is wrong.
            StoreUnavailable: the store cannot be opened.
        """
        return cls(open_store(url, keys=keys, clock=clock, chance=chance, **options))

    @readable()
    def submit(self, command: Command, by: Practitioner, command_id: str | None = None) -> Done:
        """Carries the command out, durably and once, and returns what it did.

        command_id: up to 64 printable ASCII characters; sent again with it, a command does nothing more and gets the
        same answer.

        Raises:
            Refused: a rule says no, or the command_id was used for a command of other content.
            Conflict: someone else was first, on each of three tries.
            Invalid: the command_id or the practitioner is malformed, or it is no command.
            StoreUnavailable: nothing was kept.
        """
        if not isinstance(command, Command):
            raise Invalid("command", f"expected one such as OpenCase(…), got {type(command).__name__}")
        if type(command) not in WORDS:
            raise Invalid("command", f"expected one that this library carries out, got {type(command).__name__}")
        command = command.checked()
        by = check_practitioner(by)
        now = self.store.clock()
        shell = Shell(self.store, EVENTS, WORDS)
        if command_id is not None:
            return shell.submit(command, by=by, command_id=_command_id(command_id), now=now)
        return shell.submit(command, by=by, command_id=ulid(now, self.store.chance), now=now, fresh=True)

    def new_id(self, kind: str) -> str:
        """A fresh id: `case, family, person, request, package, contact, meeting, agreement` or `practitioner`.

        Raises:
            Invalid: ids of that kind are not made here.
        """
        if not isinstance(kind, str) or kind not in ULID_KINDS:
            raise Invalid("kind", f"expected one of {', '.join(ULID_KINDS)}, got {shown(kind)}")
        return new_id(kind, self.store.clock(), self.store.chance)

    @readable()
    def as_at(self, known: Moment | None = None, effective: Moment | None = None) -> AsAt:
        """The same questions, as known at a position (or a time) and effective at an instant. A date is its whole day.

        Raises:
            Invalid: either is not one, or lies beyond the head.
        """
        return AsAt(self.store, clocks_at(self.store.log, known, effective))

    @readable()
    def diff(
        self,
        known_a: Moment,
        known_b: Moment | None = None,
        effective: Moment | None = None,
        *,
        team: str | None = None,
        case: str | None = None,
    ) -> Diff:
        """What was learnt between two knowledge clocks, and what had been decided meanwhile (`diff.Diff`).

        known_a, known_b: as for `as_at`; the second is the head where it is left out. team: only that team's cases, as
        at each of the two. case: only that case, read by tag.

        Raises:
            Invalid: one of them is malformed or beyond the head, or `known_b` lies before `known_a`.
        """
        check_id("team", team)
        check_id("case", case)
        clocks = [clocks_at(self.store.log, known, effective) for known in (known_a, known_b)]
        if clocks[1].known < clocks[0].known:
            raise Invalid("known_b", f"expected position {clocks[0].known} or later, got {clocks[1].known}")
        before, after = clocks
        since = instant_of(known_a) or before.known_at
        return diff(self.store, EVENTS, before, after, since=since, team=team, case=case)

    @readable()
    def ask(
        self, question: str | int, known: Moment | None = None, effective: Moment | None = None, **options: Any
    ) -> Answer:
        """The answer to one of the officer's twenty questions, by number or name (`desk.questions.QUESTIONS`).

        known, effective: as for `as_at`. options: those that the question takes, such as `case`, `at` or `hours`.

        Raises:
            Invalid: there is no such question, an option is malformed, missing, or none of that question's, or no
                entry names the case, subject or recipient.
        """
        from earlystart_core.desk.questions import ask  # what few programs ask loads when it is asked

        with of_one_log(self.store.log):
            return ask(self, question, known, effective, options)

    @readable()
    def rebuild(self, source: Source | None = None) -> Rebuilt:
        """Builds every view anew from the log.

        source: `segments` seals what is not sealed yet and reads that; `rows` reads the rows alone. Without it the
        segments that there are.

        Raises:
            Invalid: `source` is neither.
            StoreUnavailable: the store takes no writing.
        """
        if source is not None and not (isinstance(source, str) and source in get_args(Source)):
            raise Invalid("source", f"expected segments or rows, got {shown(source)}")
        return self.store.views.rebuild(source)

    def seen_by(self, reader: Reader, policy: AccessPolicy = POLICY) -> Seeing:
        """The same questions as this reader may ask them: judged, recorded in the access log, then answered.

        Raises:
            Invalid: a part of the reader is malformed.
        """
        check_reader(reader)
        return Seeing(self, self.store, reader, policy, self.as_at)

    @readable()
    def looked(self, case: str | None = None, since: date | datetime | str | None = None) -> Answer:
        """Who looked at that case, or at anything: what the access log has, in its order (`access.looked.rows_of`).

        Rows `at, practitioner, role, employer, purpose, subject, action, rings, result, rules, known, break_glass`.
        since: from that instant, or from the beginning of that London day.

        Raises:
            Invalid: `case` is not a case id, or `since` is no date and no instant.
        """
        check_id("case", case)
        begin = None if since is None else begin_of("since", since)
        return Answer(list(rows_of(self.store.access.about(case, begin))), self._moment())

    @readable()
    def could_see(
        self, reader: Reader, case: str, known: Moment, policy: AccessPolicy = POLICY
    ) -> tuple[Decision, Answer]:
        """What a reader could have been shown of a case at that moment, by the ties and the knowledge of then.

        The decision, and the rows of `timeline` that it lets through: none where it denies. It is an audit's question
        about someone, who does not look now: nothing is recorded.

        Raises:
            Invalid: the reader or `case` is malformed, `known` is none or lies beyond the head, or the policy that
                comes along does not know the role or the purpose.
        """
        check_reader(reader)
        if policy is POLICY:
            check_known(reader)
        check_id("case", case, needed=True)
        then = self.as_at(known)
        at = instant_of(known) or then.clocks.known_at or EPOCH
        decision = could(self.store, reader, policy, case, then.clocks, at)
        return decision, in_reach(then.timeline(case), case, decision)

    @property
    def glass(self) -> BreakGlass:
        """Reading a case in an emergency, and the review of it."""
        return BreakGlass(self.store)

    @property
    def access_proof(self) -> LogProof:
        """What can be proven about the access log, as `proof` does about the log."""
        return LogProof(self.store.access.tree, self.store.clock, access=True)

    @property
    def proof(self) -> LogProof:
        """What can be proven about the log: its root, that nothing was altered, checkpoints, single entries."""
        return LogProof(self.store.log.tree, self.store.clock)

    def close(self) -> None:
        """Gives back the store's connections; what another thread is being answered just now, it still is.

        Closing again does nothing.
        """
        self._opened.close()

    def __enter__(self) -> Self:
        _ = self.store
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reading(self) -> AbstractContextManager[Frames]:
        return self.store.views.reading()


def _command_id(given: str) -> str:
    if not isinstance(given, str) or not re.fullmatch(r"[!-~]{1,64}", given):
        raise Invalid("command_id", "expected 1 to 64 printable ASCII characters without spaces")
    return plain(given)
