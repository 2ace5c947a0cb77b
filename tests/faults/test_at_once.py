"""F14: threads of several processes send one command at once: it is carried out once, and all get the same answer."""

from pathlib import Path

import pytest

from earlystart_core import Record
from tests.faults.writing import Answers, check
from tests.ready import Ready

SENDER = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from earlystart_core import Record
from tests.faults.writing import BY, order_of
with Record.open(sys.argv[1], keys=sys.argv[2]) as record, ThreadPoolExecutor(4) as threads:
    record.view("case_status")
    print("ready", flush=True)
    while not Path(sys.argv[3]).exists():
        time.sleep(0.001)
    for n in range(10):
        send = lambda _: record.submit(order_of(f"one-{n}"), by=BY, command_id=f"one-{n}").positions
        for positions in threads.map(send, range(4)):
            print("yes", f"one-{n}", *positions, flush=True)
"""


def test_one_command_is_carried_out_once(
    sql_url: str, tmp_path: Path, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve senders, ten commands."""
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    keys = str(tmp_path / "keys.db") if sql_url.startswith("sqlite") else sql_url
    senders = [ready.start(SENDER, sql_url, keys, tmp_path / "go") for _ in range(3)]
    for sender in senders:
        assert sender.stdout.readline() == "ready\n"
    (tmp_path / "go").touch()
    answers, lines = Answers(), set()
    for sender in senders:
        said, err = sender.communicate()
        assert (sender.returncode, err) == (0, "")
        answers.read(said)
        lines |= set(said.splitlines())
    assert len(lines) == 10, lines
    with Record.open(sql_url, keys=keys) as record:
        assert record.store.log.head() == 10
        check(record, answers)
