"""Values as people read them: nothing of Python's own writing, and an empty list is not a null."""

from datetime import UTC, date, datetime

import pytest

from earlystart_cli.columns import text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        ([], "none"),
        (["a", None], "a, -"),
        (True, "yes"),
        (date(2026, 3, 1), "2026-03-01"),
        ({"case": "case:x", "until": None, "items": []}, "case=case:x until=- items=none"),
        ({"at": datetime(2026, 3, 1, 9, tzinfo=UTC)}, "at=2026-03-01T09:00:00Z"),
    ],
)
def test_each_value_has_one_form(value: object, text: str) -> None:
    assert text_of(value) == text
