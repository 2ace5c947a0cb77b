"""Frames: a folded projection as a table of what people read, its finishing expressions worked out."""

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np
import polars as pl

from earlystart_core.finish import Finish
from earlystart_core.projection import Projection
from earlystart_core.replay.columns import NULL, Array, Columns
from earlystart_core.replay.fold import Folder

PLAIN = ("number", "flag", "instant", "day")  # held as they are; all else is a number in a dictionary


class Cells(msgspec.Struct):
    """A projection's finished rows as whole numbers, in no set order."""

    columns: dict[str, Array]  # its key and the asked columns, in the projection's order; NULL stands for nothing
    held: dict[str, str]  # how each is held (as `Source.held`)


def needed(projection: Projection, names: Iterable[str]) -> set[str]:
    """The columns that those stand on, themselves included."""
    found = set(names)
    for name in list(found):
        if name in projection.finishes:
            found |= needed(projection, set(projection.finishes[name].needs) - found)
    return found


def cells_of(
    projection: Projection, folder: Folder, others: Mapping[str, Projection], names: Iterable[str] | None = None
) -> Cells:
    """The rows of a projection with its key and the named columns; None means all. Raises TypeError for any other."""
    asked = set(projection.columns if names is None else names)
    if not asked <= set(projection.columns):
        raise TypeError(f"{projection.name} has no column {', '.join(sorted(asked - set(projection.columns)))}")
    public = [name for name in projection.columns if name in asked or name in projection.keys]
    wanted = needed(projection, public)
    folded = folder.fold(projection, [*wanted])
    found = dict(folded.columns) | dict(zip(projection.keys, folded.keys, strict=True))
    for name, count in projection.counts.items():
        if name in wanted:
            found[name] = folder.count(folded, count, folder.fold(others[count.projection], [count.by, count.without]))
    finishes = {name: finish for name, finish in projection.finishes.items() if name in wanted}
    if finishes:
        found |= _finished(projection, finishes, found, folder.columns)
    return Cells({name: found[name] for name in public}, {name: projection.held[name] for name in public})


def _finished(
    projection: Projection, finishes: Mapping[str, Finish], found: Mapping[str, Array], columns: Columns
) -> dict[str, Array]:
    """What the finishing expressions make of their columns, in declared order: one may stand on another."""
    needs = {need for finish in finishes.values() for need in finish.needs if need in found}
    frame = pl.DataFrame({need: series_of(columns, projection.held[need], found[need]) for need in needs})
    for name, finish in finishes.items():
        frame = frame.with_columns(finish.column().alias(name))
    return {name: _numbers(frame[name], projection.held[name], columns) for name in finishes}


def frame_of(
    projection: Projection, folder: Folder, others: Mapping[str, Projection], names: Iterable[str] | None = None
) -> pl.DataFrame:
    """The same as a frame of what people read, by key in code-point order."""
    return framed(projection, cells_of(projection, folder, others, names), folder.columns)


def framed(projection: Projection, cells: Cells, columns: Columns) -> pl.DataFrame:
    """Cells as a frame of what people read, by key in code-point order."""
    series = {name: series_of(columns, cells.held[name], one) for name, one in cells.columns.items()}
    return pl.DataFrame(series).sort(projection.keys)


def series_of(columns: Columns, held: str, values: Array) -> pl.Series:
    """Whole numbers as what they stand for."""
    if held in PLAIN:
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


def _numbers(series: pl.Series, held: str, columns: Columns) -> Array:
    """What `series_of` came from."""
    if held not in PLAIN:
        return np.fromiter(map(columns.dictionary(held).__getitem__, series), np.int64, len(series))
    plain = series.to_physical().cast(pl.Int64)
    return (plain.fill_null(NULL) if plain.null_count() else plain).to_numpy()
