"""What `log verify` says of erased text: as many values as the keys that went had sealed, each with its certificate."""

from pathlib import Path

import pytest

from tests.cli.conftest import call
from tests.cli.test_erasing import TWO, a_case

CITY = ("--cases", "30", "--years", "3", "--seed", "3", "--teams", "2")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "city.db"
    assert call("simulate", "--db", path, *CITY).status == 0
    return path


def erased_texts(db: Path, case: str) -> int:
    rows = call("timeline", case, "--db", db, "--json").json
    return sum(value == "(erased)" for row in rows for value in row["fields"].values())


def test_nothing_is_shredded_before_an_erasure_and_all_of_a_case_after_it(db: Path, tmp_path: Path) -> None:
    assert "shredded          none" in call("log", "verify", "--db", db).lines
    case = a_case(db)
    position = call("erase", case, *TWO, "--db", db, "--json").json["position"]
    export = tmp_path / "city.ndjson"
    export.write_bytes(call("log", "export", "--db", db, "--leaves").out)
    values = erased_texts(db, case)
    assert values > 0
    for where in (("--db", db), ("--export", export)):
        found = call("log", "verify", *where, "--json")
        assert found.status == 0
        shredded = found.json["shredded"]
        assert shredded["certificates"] == [position]
        assert shredded["values"] >= values  # text shared with nobody else, and marks on it
        line = next(line for line in call("log", "verify", *where).lines if line.startswith("shredded"))
        assert f"1 certificate: entry {position}" in line
    both = [call("log", "verify", *where, "--json").json["shredded"] for where in (("--db", db), ("--export", export))]
    assert both[0] == both[1]
