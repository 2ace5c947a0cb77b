"""A smallest whole feed: one child, one row of everything, no fault. Tests change a field and look at what follows."""

from collections.abc import Mapping
from pathlib import Path

from feed_kit import rows_as_csv, write
from naive_feed import COLUMNS

Rows = list[dict[str, str]]

BASE: dict[str, str] = {
    "teams.csv": "armley inner-west Armley",
    "cases.csv": "C1 F1 armley 2021-03-01 2021-06-15 2024-01-10 moved_out",
    "moves.csv": "C1 armley beeston 2022-02-01 review",
    "tiers.csv": "C1 universal_plus 2021-07-01 review",
    "requests.csv": "Q1 C1 gp sleep;parenting 2021-08-01 allocated 2021-08-05 armley 2021-08-04",
    "packages.csv": "K1 C1 Q1 sleep time_limited 2021-08-09 2021-12-01 PR1 2021-11-30 completed",
    "consents.csv": "C1 R1 org:leeds-gp nursery_place given 2021-07-02 2022-07-02",
    "links.csv": "L1 C1",
    "CYP001MPI.csv": "L1 9990000018 2021-06-15",
    "CYP101Referral.csv": "SR1 L1 2021-03-02 06 045 2024-01-10",
    "CYP102ServiceTypeReferredTo.csv": "SR1 armley",
    "CYP201CareContact.csv": "CC1 SR1 armley 2021-06-25 09:30:00 45 01 A01 5",
    "CYP202CareActivity.csv": "A1 CC1 08 HV1",
}


def base() -> dict[str, Rows]:
    feed = {file: [dict(zip(COLUMNS[file], fields.split(), strict=True))] for file, fields in BASE.items()}
    feed["teams.csv"].append({"team": "beeston", "cluster": "inner-south", "name": "Beeston"})
    return feed


def add(feed: dict[str, Rows], file: str, **fields: str) -> dict[str, str]:
    """One more row: the first one with other fields."""
    row = {**feed[file][0], **fields}
    feed[file].append(row)
    return row


def written(folder: Path, feed: Mapping[str, Rows]) -> Path:
    return write(
        folder,
        {
            file: rows_as_csv([COLUMNS[file], *([row[name] for name in COLUMNS[file]] for row in rows)])
            for file, rows in feed.items()
        },
    )
