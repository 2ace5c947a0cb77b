"""The report of an import: what became of each row, what the history breaks, and what could not be carried over.

It names files, lines and fields, and never holds what stands in them.
"""

from typing import Any

import msgspec

from earlystart_feeds.checking import Checked, Refusal
from earlystart_feeds.reading import Feed


class Count(msgspec.Struct, frozen=True):
    """The rows of one file, or of all."""

    accepted: int = 0
    already_known: int = 0
    refused: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.accepted + other.accepted, self.already_known + other.already_known, self.refused + other.refused
        )


class Finding(msgspec.Struct, frozen=True):
    """Something to look into, and the rows where it shows, as (file, line)."""

    code: str  # stable: `INV-02`, or a word and a reason
    says: str
    rows: list[tuple[str, int]]


class Report(msgspec.Struct, frozen=True):
    """What an import came to."""

    files: dict[str, Count]
    total: Count
    refused: list[Refusal]
    absent: list[str]
    unknown_columns: dict[str, list[str]]
    invariants: list[Finding]  # what the history breaks; recorded all the same
    doubles: list[Finding]  # what looks like one child twice, or two as one; recorded as it came
    notes: list[Finding]  # what a feed says and the record cannot hold
    digest: str  # of what the accepted rows are recorded as (`digest.FeedDigest`)
    stored: bool  # whether it was recorded, or only said what would be

    def as_json(self) -> dict[str, Any]:
        """The report as plain values; `refused` is [file, line, field, reason] a row."""
        return {
            "files": msgspec.to_builtins(self.files),
            "total": msgspec.to_builtins(self.total),
            "refused": [[each.file, each.line, each.field, each.reason] for each in self.refused],
            "several_faults": [
                [each.file, each.line, list(each.fields)] for each in self.refused if len(each.fields) > 1
            ],
            "absent": self.absent,
            "unknown_columns": self.unknown_columns,
            "invariants": [_finding(each) for each in self.invariants],
            "doubles": [_finding(each) for each in self.doubles],
            "notes": [_finding(each) for each in self.notes],
            "digest": self.digest,
        }


def _finding(finding: Finding) -> dict[str, Any]:
    rows = [list(row) for row in finding.rows]
    return {"code": finding.code, "says": finding.says, "count": len(rows), "rows": rows}


def report_of(feed: Feed, checked: Checked, **found: Any) -> Report:
    """The report of a checked feed. found: what else it is to say, by the report's names."""
    files = {
        file: Count(len(outcome.accepted), len(outcome.known) + len(outcome.erased), len(outcome.refused))
        for file, outcome in checked.outcomes.items()
    }
    return Report(
        files=files,
        total=sum(files.values(), Count()),
        refused=[refusal for outcome in checked.outcomes.values() for refusal in outcome.refused],
        absent=feed.absent,
        unknown_columns=feed.unknown_columns,
        **found,
    )
