"""F12: any course of commands, marks, erasures, rebuilds, restarts and restores, against a model in plain lists."""

import copy
import shutil
import tempfile
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from earlystart_core import DecideTier, MarkInError, OpenCase, PassResponsibility, Practitioner, Record, Refused
from earlystart_core.proof.judging import verify_log
from tests.depth import many

pytestmark = pytest.mark.chance
BY = Practitioner("practitioner:" + "0" * 26, "health_visitor", "org:lch")
TEAMS, TIERS = ("team:a", "team:b"), ("universal", "universal_plus")


@dataclass
class Model:
    """What was recorded, by position: what is said of which case, and which positions were marked."""

    said: list[tuple[str, str, str]] = field(default_factory=list)  # kind, case, value
    marked: set[int] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)

    def latest(self, case: str, *kinds: str) -> str | None:
        """The last value that stands of those kinds."""
        found = [
            value for n, (kind, of, value) in enumerate(self.said, 1)
            if of == case and kind in kinds and n not in self.marked
        ]  # fmt: skip
        return found[-1] if found else None

    def rows(self) -> dict[str, tuple[str | None, str]]:
        """Team and tier of each case whose opening stands."""
        cases = {case for _, case, _ in self.said}
        return {
            case: (self.latest(case, "opened", "passed"), self.latest(case, "tier") or "universal")
            for case in cases
            if self.latest(case, "opened")
        }


class Course(RuleBasedStateMachine):
    """One store in a file, and its model."""

    cases = Bundle("cases")
    backups = Bundle("backups")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.place, self.model, self.sizes = self.folder / "place", Model(), count(1)
        self.place.mkdir()
        self.open()

    def open(self) -> None:
        self.record = Record.open(str(self.place / "store.db"))

    def teardown(self) -> None:
        if hasattr(self, "record"):
            self.record.close()
            shutil.rmtree(self.folder)

    def submit(self, command: Any, *said: tuple[str, str, str]) -> bool:
        """Whether it was recorded; then the model knows it too."""
        try:
            done = self.record.submit(command, by=BY)
        except Refused:
            return False
        assert list(done.positions) == list(
            range(len(self.model.said) + 1, len(self.model.said) + len(done.positions) + 1)
        )
        self.model.said += said[: len(done.positions)]
        return bool(done.positions)

    @rule(target=cases, team=st.sampled_from(TEAMS))
    def open_case(self, team: str) -> str:
        case = self.record.new_id("case")
        order = OpenCase(case=case, family=self.record.new_id("family"), team=team, reason="birth")
        assert self.submit(order, ("opened", case, team))
        return case

    @rule(case=cases, tier=st.sampled_from(TIERS))
    def decide(self, case: str, tier: str) -> None:
        text = None if case in self.model.erased else "Cries at night."
        self.submit(DecideTier(case=case, tier=tier, reason=text), ("tier", case, tier))

    @rule(case=cases, team=st.sampled_from(TEAMS))
    def pass_on(self, case: str, team: str) -> None:
        self.submit(PassResponsibility(case=case, to_team=team), ("passed", case, team))

    @rule(chance=st.integers(1, 10**6))
    def mark(self, chance: int) -> None:
        plain = [n for n, (kind, _, _) in enumerate(self.model.said, 1) if kind in ("tier", "passed")]
        if plain:
            target = plain[chance % len(plain)]
            if self.submit(MarkInError(target=target), ("mark", self.model.said[target - 1][1], str(target))):
                self.model.marked.add(target)

    @rule(case=cases)
    def erase(self, case: str) -> None:
        new = case not in self.model.erased
        if case not in {of for _, of, _ in self.model.said}:  # it was opened after the backup that stands now
            with pytest.raises(Refused, match="nothing is known"):
                self.record.erase(case, authority="Guardian A", second_authority="Head of IG B", by=BY)
            return
        self.record.erase(case, authority="Guardian A", second_authority="Head of IG B", by=BY)
        if new:
            self.model.said.append(("erased", case, ""))
            self.model.erased.add(case)

    @rule(source=st.sampled_from(["rows", "segments"]))
    def rebuild(self, source: str) -> None:
        self.record.rebuild(source)

    @rule()
    def restart(self) -> None:
        self.record.close()
        self.open()

    @rule(target=backups)
    def back_up(self) -> tuple[str, Model]:
        self.record.close()
        kept = str(shutil.copytree(self.place, self.folder / f"backup{next(self.sizes)}"))
        self.open()
        return kept, copy.deepcopy(self.model)

    @rule(backup=consumes(backups))
    def restore(self, backup: tuple[str, Model]) -> None:
        """The whole store as it was, its keys too; what was recorded since is forgotten by all."""
        self.record.close()
        shutil.rmtree(self.place)
        shutil.move(backup[0], self.place)
        self.model = backup[1]
        self.open()

    @rule()
    def verify(self) -> None:
        assert verify_log(self.record.store.log.tree).doubts == ()  # type: ignore[attr-defined]  # an SqlLog

    @invariant()
    def is_as_the_model(self) -> None:
        if not hasattr(self, "record"):
            return
        rows = {row["case"]: (row["team"], row["tier"]) for row in self.record.view("case_status")}
        assert rows == self.model.rows()
        assert self.record.store.log.head() == len(self.model.said)


Course.TestCase.settings = settings(
    max_examples=many(100, 8),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnyCourse = Course.TestCase
