"""The page on what an acknowledgement promises names tests that are there, and each says which fault it tries."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/explanation/durability.md").read_text("utf-8")
ROW = re.compile(r"^\| (?P<fault>F\d+) .*\| (?P<tests>[^|]*) \|$", re.MULTILINE)
FAULTS = {found["fault"]: re.findall(r"`([\w/]+\.py)`", found["tests"]) for found in ROW.finditer(PAGE)}


def test_every_fault_has_its_row() -> None:
    """F1 to F15."""
    assert list(FAULTS) == [f"F{number}" for number in range(1, 16)]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_where_it_is_tried(fault: str) -> None:
    """In the first test file of its row at least; every file is there."""
    texts = [(ROOT / "tests" / name).read_text("utf-8") for name in FAULTS[fault]]
    assert texts
    assert re.search(rf'"""[^"]*\b{fault}\b', texts[0])
