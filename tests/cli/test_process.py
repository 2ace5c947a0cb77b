"""As a process: pipes, signals, missing extras, folders that cannot be written."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.rights import bound

from .conftest import COMMAND, call, process

WITHOUT = "import sys; sys.modules[{!r}] = None; from earlystart_cli import main; sys.exit(main())"


def test_statuses_of_a_process(city: Path, tmp_path: Path) -> None:
    assert process("tiers", "--db", city, "--json").out == call("tiers", "--db", city, "--json").out
    assert process("tiers", "--db", tmp_path / "none.db").status == 3
    assert process("tiers", "--frob").status == 2
    wrong = process("view", "nope")
    assert wrong.err.count("\n") == 1
    assert process("--version").out.startswith(b"earlystart ")


def test_the_installed_command_is_the_same(city: Path) -> None:
    script = Path(sys.executable).with_name("earlystart")
    ran = subprocess.run([script, "tiers", "--db", city, "--json"], capture_output=True, check=True)
    assert ran.stdout == call("tiers", "--db", city, "--json").out


@pytest.mark.parametrize(
    "command", ["log export --ndjson", "view case_status --ndjson", "view case_status", "demo --cases 26", "--help"]
)
def test_a_reader_who_leaves_ends_it_in_silence(command: str, city: Path) -> None:
    store = [] if command in ("--help", "demo --cases 26") else ["--db", str(city)]
    with subprocess.Popen([*COMMAND, *command.split(), *store], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as ran:
        assert ran.stdout is not None
        assert ran.stderr is not None
        ran.stdout.close()
        said = ran.stderr.read().decode()
        assert ran.wait(60) == 0
    assert "Broken" not in said
    assert "Traceback" not in said
    assert "Exception" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_said_in_one_sentence(city: Path) -> None:
    for command in (("log", "export"), ("tiers", "--json"), ("tiers",)):
        with Path("/dev/full").open("wb") as full:
            ran = subprocess.run([*COMMAND, *command, "--db", city], stdout=full, stderr=subprocess.PIPE, check=False)
        assert ran.returncode == 3
        assert b"No space left" in ran.stderr
        assert b"Traceback" not in ran.stderr


def test_no_standard_output_is_said_in_one_sentence(city: Path) -> None:
    ran = subprocess.run(
        ["/bin/sh", "-c", '"$0" -m earlystart_cli tiers --db "$1" >&-', sys.executable, city],
        stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    assert ran.returncode == 3
    assert b"no standard output" in ran.stderr
    assert b"Traceback" not in ran.stderr


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_demo_leaves_nothing(sent: signal.Signals, status: int, tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [*COMMAND, "demo", "--cases", "8000"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as ran:
        for _ in range(300):
            if any(tmp_path.glob("earlystart-demo-*/leeds.db")):
                break
            time.sleep(0.1)
        time.sleep(0.5)
        ran.send_signal(sent)
        _, said = ran.communicate(timeout=60)
    assert ran.returncode == status
    assert b"Traceback" not in said
    assert said.count(b"stopped") == (sent == signal.SIGINT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("sent", "how"), [("SIGINT", "KeyboardInterrupt"), ("SIGTERM", "SystemExit")])
def test_a_stop_is_not_lost_while_an_object_is_freed(sent: str, how: str) -> None:
    """Python ignores what `__del__` raises."""
    code = f"""
import os, signal, time
from earlystart_cli.stopping import stoppable
class Freed:
    def __del__(self):
        os.kill(os.getpid(), signal.{sent})
        time.sleep(0.01)
with stoppable():
    try:
        Freed()
        time.sleep(20)
    except {how}:
        print("stopped")
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (ran.stdout, ran.stderr) == ("stopped\n", "")


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_its_extra_it_says_how_to_get_it(missing: str) -> None:
    ran = subprocess.run([sys.executable, "-c", WITHOUT.format(missing)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (3, "")
    assert ran.stderr.count("\n") == 1
    assert "pip install 'earlystart-core[cli]'" in ran.stderr


def test_without_psycopg_it_says_how_to_get_it() -> None:
    code = WITHOUT.format("psycopg")
    ran = subprocess.run(
        [sys.executable, "-c", code, "tiers", "--db", "postgresql://localhost/x"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (3, "")
    assert ran.stderr.count("\n") == 1
    assert "pip install 'earlystart-core[postgres]'" in ran.stderr


def test_an_import_error_of_its_own_is_not_taken_for_a_missing_extra() -> None:
    ran = subprocess.run([sys.executable, "-c", WITHOUT.format("msgspec")], capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert "earlystart-core[cli]" not in ran.stderr


def test_a_folder_that_cannot_be_written_still_answers(copy: Path, city: Path, tmp_path: Path) -> None:
    call("rebuild", "--db", copy)
    expected = call("tiers", "--db", copy, "--json").out
    built, unbuilt = tmp_path / "built", tmp_path / "unbuilt"
    for folder, source in ((built, copy), (unbuilt, city)):
        folder.mkdir()
        (folder / "s.db").write_bytes(source.read_bytes())
        (folder / "s.db").chmod(0o444)
        folder.chmod(0o555)
    try:
        for folder in (built, unbuilt):
            asked = process("tiers", "--db", folder / "s.db", "--json", preexec_fn=bound)
            assert (asked.status, asked.out) == (0, expected)
            for command in (("log", "export"), ("view", "package_status", "--known", "99")):
                assert process(*command, "--db", folder / "s.db", preexec_fn=bound).status == 0
            keyless = process("doctor", "--db", folder / "s.db", preexec_fn=bound)
            assert (keyless.status, "s.db.keys does not exist" in keyless.err) == (1, True)
            assert sorted(each.name for each in folder.iterdir()) == ["s.db"]
        assert process("rebuild", "--check", "--db", built / "s.db", preexec_fn=bound).status == 0
        refused = process("rebuild", "--db", built / "s.db", preexec_fn=bound)
        assert refused.status == 3
        assert "reading only" in refused.err
        made = process("simulate", "--db", built / "n.db", "--cases", 1, "--years", 1, "--seed", 1, preexec_fn=bound)
        assert made.status == 3
    finally:
        built.chmod(0o755)
        unbuilt.chmod(0o755)


def test_ascii_terminals_get_their_text(city: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "NO_COLOR": "1"}
    found = process("demo", "--cases", "26", env=environment)
    assert found.status == 0
    assert found.out.isascii()
    assert process("tiers", "--db", city, "--json", env=environment).status == 0


def test_what_drivers_log_is_no_part_of_the_output(city: Path) -> None:
    """A server that dies makes the pool of connections log a traceback: the sentence beside it says it all."""
    program = f"""
import logging
from earlystart_cli.app import run
assert run(["tiers", "--json", "--db", {str(city)!r}]) == 0
logging.getLogger("psycopg").warning("error ignored terminating")
logging.getLogger("sqlalchemy.pool.impl.QueuePool").error("Exception during reset or similar")
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert re.fullmatch(r"known=\S+ effective=-\n", ran.stderr)


def test_variables_under_which_python_cannot_load_it() -> None:
    ran = process("--version", env={"PYTHONWARNINGS": "error", "PYTHONTZPATH": "relative"})
    assert (ran.status, ran.out) == (3, b"")
    assert re.fullmatch(r"earlystart: the program could not be loaded \(\w+\): look at .*\n", ran.err)
