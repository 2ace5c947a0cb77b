"""PostgreSQL servers that take over beneath a program, or are recovered to a moment, without the last commits.

The program goes on with what is there: it answers as one that has only just opened the store, and never acknowledges
what is not there.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest

from earlystart_core import Record
from earlystart_core.errors import StoreUnavailable
from tests.beneath.replicas import TARGETS, Archived, Replicated, ask, wait_for
from tests.beneath.test_any_order import World, live
from tests.beneath.told import decide_tier, lose_two_children, open_case
from tests.depth import seeds
from tests.faults.writing import WRITER, Answers, check, next_writer
from tests.ready import Ready

ENDS = ("immediate", "fast")  # how a server ends


@pytest.fixture(scope="module")
def replicated() -> Iterator[Replicated]:
    made = Replicated()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def archived() -> Iterator[Archived]:
    made = Archived()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)


@pytest.mark.parametrize(
    ("hosts", "how"),
    [
        pytest.param(False, "immediate", id="one address"),
        pytest.param(True, "fast", id="two hosts"),
        pytest.param(False, "fast", id="one address-fast", marks=pytest.mark.exhaustive),
        pytest.param(True, "immediate", id="two hosts-immediate", marks=pytest.mark.exhaustive),
    ],
)
def test_a_replica_that_lacks_the_last_commits_takes_over(replicated: Replicated, hosts: bool, how: str) -> None:
    """It gets the address; or libpq takes that of two hosts which can be written to."""
    name = replicated.new_store()
    replicated.follow()
    url = replicated.hosts(name) if hosts else replicated.address.url(name)

    def save() -> None:
        replicated.catch_up()
        replicated.cut_off()

    lose_two_children(url, save, lambda: replicated.fail_over(how))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target[0].removeprefix("recovery_target_"))
def test_a_recovery_to_a_moment_before_the_last_commits(archived: Archived, target: tuple[str, str]) -> None:
    url = archived.new_store()
    moments: list[dict[str, object]] = []
    lose_two_children(url, lambda: moments.append(archived.moment(target)), lambda: archived.recover(moments[0]))


def test_a_replica_that_was_waited_for_has_all_that_was_acknowledged(replicated: Replicated, ready: Ready) -> None:
    """Three programs record all the time while it takes over, and go on: nothing is lost, nothing is there twice."""
    url = replicated.address.url(replicated.new_store())
    next_writer(url, url)
    replicated.follow()
    replicated.wait_for_replicas()
    answers = Answers()
    writers = [ready.start(WRITER, url, url, f"w{n}", 10_000, "/") for n in range(3)]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    sleep(0.5)
    replicated.fail_over("immediate")
    sleep(0.5)
    for writer in writers:
        writer.kill()
        answers.read(writer.communicate()[0])
    assert answers.yes
    assert answers.no, "no writer met the failover"
    with Record.open(url) as record:
        answers.send_again(record)
        check(record, answers)


def test_a_commit_that_was_not_waited_for_to_its_end_is_not_acknowledged(replicated: Replicated) -> None:
    """PostgreSQL says yes with a warning where the wait for a replica was cancelled: it may not be there."""
    url = replicated.address.url(replicated.new_store())
    with Record.open(url) as record, ThreadPoolExecutor(1) as thread:
        open_case(record, 1)
        decide_tier(record, 1, why="so that there are keys")
        replicated.wait_for_replicas()
        try:
            asked = thread.submit(open_case, record, 2)
            waits = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            wait_for(lambda: bool(ask(replicated.primary, f"SELECT count(*) {waits}")))
            ask(replicated.primary, f"SELECT pg_cancel_backend(pid) {waits}")
            with pytest.raises(StoreUnavailable, match="did not confirm a commit"):
                asked.result(30)
        finally:
            replicated.wait_for_replicas("")
        assert decide_tier(record, 1, "universal_partnership_plus")
        assert record.proof.verify().sound


class WithReplica(World):
    """Its one backup is a replica that was cut off."""

    def __init__(self, servers: Replicated, folder: Path, seed: int) -> None:
        self.servers = servers
        super().__init__(servers.address.url(servers.new_store()), folder, seed)
        self.cut: tuple[list[int], set[int]] | None = None
        servers.follow()

    def back_up(self) -> None:
        if self.cut is None:
            self.servers.catch_up()
            self.servers.cut_off()
            self.cut = [*self.positions], {*self.cases}

    def put_back(self) -> None:
        if self.cut is not None:
            self.servers.fail_over(self.chance.choice(ENDS))
            self.positions, self.cases = self.cut
            self.cut = None
            self.servers.follow()


class WithArchive(World):
    """Its backups are moments."""

    def __init__(self, server: Archived, folder: Path, seed: int) -> None:
        self.server = server
        self.moments: list[tuple[dict[str, object], list[int], set[int]]] = []
        super().__init__(server.new_store(), folder, seed)

    def back_up(self) -> None:
        self.moments.append((self.server.moment(self.chance.choice(TARGETS)), [*self.positions], {*self.cases}))

    def put_back(self) -> None:
        if self.moments:
            moment, positions, cases = self.chance.choice(self.moments)
            self.server.recover(moment, self.chance.choice(ENDS))
            self.positions, self.cases = [*positions], {*cases}


@pytest.mark.exhaustive
@seeds(8)
def test_any_order_with_replicas(replicated: Replicated, tmp_path: Path, seed: int) -> None:
    world = WithReplica(replicated, tmp_path, seed)
    live(world)
    world.close()


@pytest.mark.exhaustive
@seeds(8)
def test_any_order_with_recoveries(archived: Archived, tmp_path: Path, seed: int) -> None:
    world = WithArchive(archived, tmp_path, seed)
    live(world)
    world.close()
