"""Charts as numbers: where each mark goes. The templates draw them; a table beside each says the same in words."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from earlystart_core.types import LONDON

Row = dict[str, Any]
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 240, 66, 12, 30
DAY = timedelta(days=1)
BASES = ("consent", "agreement", "override", "duty")
STEPS = (1, 2, 7, 14, 30, 45, 60, 90, 180, 365, 1_000, 3_650, 36_500)  # days that an axis may end at


def delays(story: Sequence[Row]) -> Row | None:
    """Each entry of a story: across when it happened, upwards how many days later it was recorded. None: no entry."""
    if not story:
        return None
    first, last = story[0]["occurred_at"], story[-1]["occurred_at"]
    span = max(last - first, DAY)
    latest = max(row["late_days"] for row in story)
    most = max(1, latest)
    top = next(step for step in (*STEPS, most) if step >= most)
    height = HEIGHT - TOP - BOTTOM

    def across(at: datetime) -> float:
        share: float = (at - first) / span
        return round(LEFT + (WIDTH - LEFT - 12) * share, 1)

    def upwards(days: float) -> float:
        return round(TOP + height * (1 - days / top), 1)

    marks = [
        {
            "x": across(row["occurred_at"]),
            "y": upwards(row["late_days"]),
            "kind": "struck" if row["struck"] else "late" if row["late_days"] > 2 else "soon",
        }
        for row in story
    ]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "base": upwards(0),
        "marks": marks,
        "lines": [{"y": upwards(part), "label": f"{part:g} d"} for part in (0, top / 2, top)],
        "years": [{"x": across(at), "label": f"{at.year}"} for at in _years(first, last)],
        "late": sum(mark["kind"] == "late" for mark in marks),
        "struck": sum(mark["kind"] == "struck" for mark in marks),
        "latest": latest,
    }


def _years(first: datetime, last: datetime) -> list[datetime]:
    starts = [datetime(year, 1, 1, tzinfo=LONDON) for year in range(first.year + 1, last.year + 1)]
    return [each for each in starts if first <= each <= last]


def covers(disclosures: Sequence[Row]) -> list[Row]:
    """Of each basis how many sharings were covered as known then and as known now, struck ones left out; and widths."""
    counts: Counter[tuple[str, bool, bool]] = Counter(
        (row["basis"], row["covered_then"], row["covered_now"]) for row in disclosures if not row["struck"]
    )
    totals = {basis: sum(count for (of, *_), count in counts.items() if of == basis) for basis in BASES}
    most = max(totals.values(), default=0)
    rows = []
    for basis in BASES:
        parts = {
            "both": counts[basis, True, True],
            "then": counts[basis, True, False],
            "now": counts[basis, False, True],
            "neither": counts[basis, False, False],
        }
        left, bars = 0.0, []
        for name, count in parts.items():
            width = round(100 * count / most, 2) if most else 0.0
            bars.append({"kind": name, "x": left, "width": width})
            left += width
        rows.append({"basis": basis, "total": totals[basis], **parts, "bars": bars})
    return [row for row in rows if row["total"]]


def by_practitioner(late: Sequence[Row], most: int = 20) -> list[Row]:
    """Who recorded late most often: `practitioner, role, entries, worst` (hours)."""
    found: dict[tuple[str, str], list[int]] = {}
    for row in late:
        found.setdefault((row["practitioner"] or "nobody named", row["role"] or "nobody"), []).append(row["hours_late"])
    ordered = sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))[:most]
    return [
        {"practitioner": who, "role": role, "entries": len(hours), "worst": max(hours)}
        for (who, role), hours in ordered
    ]
