"""Frames: a folded projection as a table of what people read, its finishing expressions worked out."""

from collections.abc import Iterable, Mapping

import numpy as np
import polars as pl

from earlystart_core.projection import Projection
from earlystart_core.replay.columns import NULL, Array, Columns
from earlystart_core.replay.fold import Folder


def needed(projection: Projection, names: Iterable[str]) -> set[str]:
    """The columns that those stand on, themselves included."""
    found = set(names)
    for name in list(found):
        if name in projection.finishes:
            found |= needed(projection, set(projection.finishes[name].needs) - found)
    return found


def frame_of(
    projection: Projection, folder: Folder, others: Mapping[str, Projection], names: Iterable[str] | None = None
) -> pl.DataFrame:
    """The rows of a projection by key in code-point order, with its key and the named columns; None means all."""
    asked = set(projection.columns if names is None else names)
    if not asked <= set(projection.columns):
        raise TypeError(f"{projection.name} has no column {', '.join(sorted(asked - set(projection.columns)))}")
    public = [name for name in projection.columns if name in asked or name in projection.keys]
    wanted = needed(projection, public)
    folded = folder.fold(projection, [*wanted])
    series = {name: _series(folder.columns, folded.held[name], one) for name, one in folded.columns.items()}
    for name, kind, key in zip(projection.keys, folded.kinds, folded.keys, strict=True):
        series[name] = _series(folder.columns, kind, key)
    for name, count in projection.counts.items():
        if name in wanted:
            other = folder.fold(others[count.projection], [count.by, count.without])
            series[name] = pl.Series(folder.count(folded, count, other))
    frame = pl.DataFrame(series)
    for name, finish in projection.finishes.items():  # in declared order: one may stand on another
        if name in wanted:
            frame = frame.with_columns(finish.column().alias(name))
    return frame.select(public).sort(projection.keys)


def _series(columns: Columns, held: str, values: Array) -> pl.Series:
    if held in ("number", "flag", "instant", "day"):
        nulls = values == NULL
        plain = pl.Series(np.where(nulls, 0, values))
        whole = plain.set(pl.Series(nulls), None) if nulls.any() else plain
        if held == "instant":
            return whole.cast(pl.Datetime("us", "UTC"))
        if held == "day":
            return whole.cast(pl.Int32).cast(pl.Date)
        return whole.cast(pl.Boolean) if held == "flag" else whole
    texts = columns.texts(held)
    index = pl.Series(np.where(values == NULL, len(texts) - 1, values).astype(np.uint32))
    return texts.gather(index)
