"""How the pages put things: no word said twice, one of a thing as one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from earlystart_report.charts import delays
from earlystart_report.templating import _environment, told

ID = "01JH0000000000000000ABC123"
START = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "name", "said"),
    [
        (f"family:{ID}", "family", "…ABC123"),
        (f"practitioner:{ID}", "practitioner", "…ABC123"),
        (f"practitioner:{ID}", "authorised_by", "practitioner …ABC123"),
        ([f"practitioner:{ID}", f"practitioner:{ID}"], "practitioners", "…ABC123, …ABC123"),
        ("person 1", "person", "1"),
        (["case 1", f"case:{ID}"], "cases", "1, …ABC123"),
        ("hold 2", "hold", "2"),
        ("team:armley", "team", "armley"),
        ("item 3 of the letter", "items", "item 3 of the letter"),
        ("reason 1", "reason", "reason 1"),
        ([], "persons", "–"),
        (None, "tier", "–"),
        ("universal_plus", "tier", "universal plus"),
    ],
)
def test_a_value_does_not_say_its_fields_name_again(value: Any, name: str, said: str) -> None:
    assert told(value, name) == said


@pytest.mark.parametrize(
    ("late", "struck", "says"),
    [
        ([0], 0, ("1 entry by when it happened", "0 were recorded", "latest 0 days", "0 are marked")),
        ([1, 0], 0, ("2 entries by when they happened", "0 were recorded", "latest 1 day", "0 are marked")),
        ([9, 0, 0], 1, ("3 entries by when they happened", "1 was recorded", "latest 9 days", "1 is marked")),
    ],
)
def test_a_chart_is_told_in_words_that_agree(late: list[int], struck: int, says: tuple[str, ...]) -> None:
    story = [
        {"occurred_at": START + timedelta(days=at), "late_days": days, "struck": at >= len(late) - struck}
        for at, days in enumerate(late)
    ]
    drawn = str(_environment().get_template("parts.html").module.delay_chart(delays(story)))  # type: ignore[attr-defined]
    entries, recorded, latest, marked = says
    assert f"{entries}; {recorded} more than two days later, the {latest} later; {marked} in error.</desc>" in drawn
