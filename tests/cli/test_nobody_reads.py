"""A check says by its status what it found, whether anybody reads its output or not."""

import os
import subprocess
from pathlib import Path

import pytest

from earlystart_sql.library import LIBRARY

from .conftest import COMMAND, call

DAMAGE = {  # by what notices it
    ("log", "verify"): "UPDATE entry SET leaf = zeroblob(32) WHERE position = 3",
    ("audit", "ask", "unaltered"): "UPDATE entry SET leaf = zeroblob(32) WHERE position = 3",
    ("doctor",): "UPDATE view_state SET digest = '00' WHERE name = '@leaf'",
    ("rebuild", "--check"): "UPDATE view_state SET digest = '00' WHERE name = '@leaf'",
    ("rebuild", "--check", "--json"): "UPDATE view_state SET digest = '00' WHERE name = '@leaf'",
}


@pytest.mark.parametrize("command", DAMAGE, ids=" ".join)
def test_a_check_whose_output_nobody_reads_still_says_no(command: tuple[str, ...], copy: Path) -> None:
    """As in a pipe to a program that has ended: status 0 would say that all is well."""
    assert call("rebuild", "--db", copy).status == 0
    writer = LIBRARY.connect(str(copy))
    for (name,) in writer.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        writer.execute(f"DROP TRIGGER {name}")
    writer.execute(DAMAGE[command])
    writer.commit()
    writer.close()
    assert call(*command, "--db", copy).status == 1
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "wb") as nobody:
        ran = subprocess.run([*COMMAND, *command, "--db", copy], stdout=nobody, stderr=subprocess.PIPE, check=False)
    assert ran.returncode == 1
    assert b"Traceback" not in ran.stderr
