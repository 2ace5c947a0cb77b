"""The facts of the city as Parquet, laid out by someone who wants the peers by hand to win.

One file a type, only the fields that the four views name, rows by key and then by (occurred_at, position), so that
the last row of a key is its latest; `turn` is that order over the whole log as one small number, which spares both
peers every comparison of pairs. A contact stands once for each of its cases. Ids are dense integers in the order of
their texts (so that sorting numbers sorts texts) beside one dictionary file a kind; codes are numbers of one small
dictionary. Statistics, row groups and widths are as small as they get. A log that grows could keep neither `turn`
nor such numbers: they are gifts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from earlystart_core.log import Log

KEYS = {
    "CaseOpened": ("case",),
    "ChildBorn": ("case",),
    "ResponsibilityPassed": ("case",),
    "PointOfContactNamed": ("case",),
    "CaseClosed": ("case",),
    "CaseReopened": ("case",),
    "TierDecided": ("case",),
    "ContactRecorded": ("case",),
    "SupportRequested": ("request",),
    "RequestDecided": ("request",),
    "RequestWithdrawn": ("request",),
    "PackageStarted": ("package",),
    "PackageReviewed": ("package",),
    "PackageEnded": ("package",),
    "PackageAllocated": ("package",),
    "AllocationEnded": ("package",),
    "SharingConsentRecorded": ("case", "recipient", "purpose"),
    "MarkedInError": (),
}
FIELDS = {
    "CaseOpened": ("family", "team", "born_on"),
    "ChildBorn": ("born_on",),
    "ResponsibilityPassed": ("to_team",),
    "PointOfContactNamed": ("practitioner",),
    "CaseReopened": ("team",),
    "TierDecided": ("tier",),
    "ContactRecorded": ("attendance",),
    "SupportRequested": ("case", "source"),
    "RequestDecided": ("outcome", "meeting", "team"),
    "PackageStarted": ("case", "pathway", "duration", "planned_end_on", "review_every_days"),
    "PackageReviewed": ("planned_end_on", "next_review_on"),
    "PackageEnded": ("outcome",),
    "PackageAllocated": ("practitioner", "team"),
    "AllocationEnded": ("practitioner",),
    "SharingConsentRecorded": ("person", "decision", "wording", "until"),
    "MarkedInError": ("target",),
}
KINDS = {"to_team": "team", "recipient": "org"}  # of fields not named after the kind of their ids
IDS = ("case", "family", "meeting", "org", "package", "person", "practitioner", "request", "team")
NUMBERS = ("target", "review_every_days")


@dataclass(frozen=True)
class Parquet:
    """A folder of such files."""

    folder: Path
    by_key: bool = True  # else rows are by position, as a log grows

    def file(self, name: str) -> Path:
        """The file of an event type, of a kind of ids, or of the `code`s."""
        return self.folder / f"{name}.parquet"


def write_parquet(log: Log, folder: Path, *, compression: Any = "uncompressed", by_key: bool = True) -> Parquet:
    """All facts of the log, as they are laid out above. by_key: False leaves rows by position."""
    folder.mkdir()
    made = Parquet(folder, by_key)
    frames = {name: pl.concat(parts) for name, parts in _read(log).items()}
    texts = _texts(frames)
    order = pl.concat([frame.select("occurred", "position") for frame in frames.values()]).unique()
    order = order.sort("occurred", "position").with_row_index("turn")
    for name, frame in frames.items():
        numbered = frame.with_columns(_numbered(frame[column], texts[_kind(column)]) for column in frame.columns)
        numbered = numbered.join(order, on=["occurred", "position"], how="left", maintain_order="left")
        by = [*KEYS[name], "turn"] if by_key else ["position"]
        numbered.sort(by).write_parquet(made.file(name), compression=compression, row_group_size=ROWS)
    for kind, known in texts.items():
        pl.DataFrame({"text": known}).with_row_index("n").write_parquet(
            made.file(kind), compression=compression, row_group_size=ROWS
        )
    return made


ROWS = 131_072  # of a row group: both peers spread them over the cores


def _read(log: Log) -> dict[str, list[pl.DataFrame]]:
    found: dict[str, list[pl.DataFrame]] = {name: [_frame(name, (), (), [])] for name in KEYS}
    decoders = {name: msgspec.json.Decoder(list[_struct(name)]).decode for name in KEYS}  # type: ignore[misc]
    for batch in log.batches([*KEYS]):
        if batch.version != 1:
            raise SystemExit(f"{batch.type} version {batch.version}: expected facts of version 1, as the city has them")
        found[batch.type].append(_frame(batch.type, batch.positions, batch.occurred, decoders[batch.type](batch.data)))
    return found


def _struct(name: str) -> type[msgspec.Struct]:
    fields = [("cases" if name == "ContactRecorded" and one == "case" else one, Any) for one in _columns(name)]
    return msgspec.defstruct(name, fields, gc=False)


def _columns(name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*KEYS[name], *FIELDS.get(name, ()))))


def _frame(name: str, positions: Sequence[int], occurred: Sequence[Any], rows: Sequence[Any]) -> pl.DataFrame:
    contact = name == "ContactRecorded"
    found: dict[str, Any] = {
        "position": pl.Series(positions, dtype=pl.UInt32),
        "occurred": pl.Series(occurred, dtype=pl.Int64),
    }
    for column in _columns(name):
        if contact and column == "case":
            values: Iterator[Any] = (list(dict.fromkeys(one.cases)) for one in rows)
            found[column] = pl.Series(list(values), dtype=pl.List(pl.String))
        else:
            values = (getattr(one, column) for one in rows)
            found[column] = pl.Series(list(values), dtype=pl.UInt32 if column in NUMBERS else pl.String)
            if column.endswith("_on") or column == "until":
                found[column] = found[column].str.to_date()
    frame = pl.DataFrame(found)
    return frame.explode("case") if contact else frame


def _kind(column: str) -> str:
    return KINDS.get(column, column if column in IDS else "code")


def _texts(frames: dict[str, pl.DataFrame]) -> dict[str, pl.Series]:
    """The texts of each kind in code-point order: the place of each is its number."""
    parts: dict[str, list[pl.Series]] = {kind: [] for kind in (*IDS, "code")}
    for frame in frames.values():
        for column in frame.columns:
            if frame[column].dtype == pl.String:
                parts[_kind(column)].append(frame[column].drop_nulls().unique().rename("text"))
    fixed = pl.Series("text", ["closed", "open", "universal", "waiting", "withdrawn"])
    parts["code"].append(fixed)  # what views say that no fact does
    return {kind: pl.concat(found).unique().sort() for kind, found in parts.items()}


def _numbered(values: pl.Series, known: pl.Series) -> pl.Series:
    if values.dtype != pl.String:
        return values
    width = pl.UInt8 if len(known) < 250 else pl.UInt32
    return values.replace_strict(known, pl.Series(np.arange(len(known))), default=None, return_dtype=width)
