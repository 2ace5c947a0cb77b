"""Allocations: who delivers a package, one practitioner after the other, as people leave, fall ill and hand over.

One allocation ends before the next starts; sometimes nobody takes a package over.
"""

from dataclasses import dataclass

from earlystart_city.calendar import END, at_minute, day_of, moment
from earlystart_city.frame import office_hour
from earlystart_city.habits import PROMPT, SLOW
from earlystart_city.life import Life
from earlystart_city.teams import NEVER, RECORDED_BY, Meeting, Post
from earlystart_core.types import AllocationEnd, Need, PackageOutcome
from earlystart_core.words.allocation import AllocationEnded, PackageAllocated
from earlystart_core.words.package import PackageEnded, PackageStarted


@dataclass(slots=True)
class Package:
    """A package under way. `typed`: the last typing in its chain; the next link is not typed before."""

    life: Life
    id: str
    case: str
    need: Need
    start: int
    end: int
    outcome: PackageOutcome
    typed: int

    def link(
        self,
        at: int,
        *events: PackageStarted | PackageAllocated | AllocationEnded | PackageEnded,
        post: Post | None = None,
    ) -> None:
        """Types one command of the chain."""
        habit = SLOW if self.life.city.dice.yes(0.05) else PROMPT
        self.typed = self.life.type(at, *events, habit=habit, after=self.typed, post=post)[0].typed


def fitting_post(made: Package) -> Post:
    """A post of the team that has the skills."""
    team = made.life.stay_at(made.start).team
    return made.life.city.dice.pick(
        team.visitors if made.need in ("maternal_mood", "breastfeeding") else team.posts[1:]
    )


def allocated(made: Package, at: int, post: Post, meeting: Meeting | None = None) -> PackageAllocated:
    """The allocation to who holds the post then."""
    return PackageAllocated(
        occurred_at=moment(at),
        package=made.id,
        case=made.case,
        practitioner=post.holder(day_of(at)).practitioner,
        team=made.life.stay_at(at).team.id,
        meeting=meeting.id if meeting else None,
        skills=(made.need, "home_visiting") if made.life.city.dice.yes(0.3) else (made.need,),
    )


def _unallocated(made: Package, at: int, practitioner: str, reason: AllocationEnd) -> AllocationEnded:
    return AllocationEnded(
        occurred_at=moment(at), package=made.id, case=made.case, practitioner=practitioner, reason=reason
    )


def allocations(made: Package, post: Post) -> None:
    """Who delivers it, one after the other, until the package ends or nobody takes it over."""
    at, last = made.start, min(made.end, END)
    while True:
        who = post.holder(day_of(at)).practitioner
        until, reason = _until(made, at, post)
        if until >= last:
            break
        made.link(until, _unallocated(made, until, who, reason))
        again, meeting = _again(made, until, reason)
        if again >= last:
            return
        stay = made.life.stay_at(again)
        post, at = made.life.city.dice.pick(stay.team.posts[1:]), again
        made.typed = max(made.typed, stay.typed, meeting.at + RECORDED_BY if meeting else 0)
        made.link(again, allocated(made, again, post, meeting), post=stay.team.lead)
    if made.end < END:
        ended = _unallocated(made, made.end, who, "completed" if made.outcome == "completed" else "other")
        made.link(made.end, ended)


def _again(made: Package, at: int, reason: AllocationEnd) -> tuple[int, Meeting | None]:
    """When someone else takes it over, mostly at the team's next meeting; after the end where nobody does."""
    dice = made.life.city.dice
    if reason == "left" and dice.yes(0.1):
        return END, None
    if reason == "reallocated" and dice.yes(0.5):
        return at, None
    meeting = made.life.stay_at(at).team.meeting_after(at)
    return (at, None) if meeting is None else (meeting.at, meeting)


def _until(made: Package, at: int, post: Post) -> tuple[int, AllocationEnd]:
    """When this allocation ends before its package, and why; the package's own end where it does not."""
    dice, stay, leaves = made.life.city.dice, made.life.stay_at(at), post.leaves(day_of(at))
    found: list[tuple[int, AllocationEnd]] = [(made.end, "completed")]
    if leaves != NEVER:
        found.append((at_minute(leaves, 540), "left"))
    if stay.end < made.end:
        found.append((stay.end, "reallocated"))
    if dice.yes(0.08):
        third = office_hour(made.life.city, day_of(at + (made.end - at) // 3))
        found.append((third, "absence" if dice.yes(0.5) else "reallocated"))
    return min(each for each in found if each[0] > at)
