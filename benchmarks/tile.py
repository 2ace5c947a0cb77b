"""Another city of the same facts: the entries of a log told anew with fresh ids, so that large logs cost little.

Each tile renames every person, family, case and so on (two of the characters that chance gave are moved on, so no two
tiles share one), keeps teams and organisations, and points corrections at its own entries.
"""

import re
from dataclasses import replace
from itertools import islice
from pathlib import Path

import polars as pl

from benchmarks.city import City, Progress
from earlystart_core.entry import Entry
from earlystart_core.log import Log
from earlystart_core.types import ULID_KINDS
from earlystart_sql.store import open_store

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BATCH = 5_000
_ID = re.compile(rf"\b((?:{'|'.join(ULID_KINDS)}):[0-9A-Z]{{12}})([0-9A-Z])([0-9A-Z])")
_POSITION = re.compile(rb'"(target|basis_position)":([0-9]+)')


class Tile:
    """The tile of a number from 1 to 1,023: entry p of the source is its entry at `after + (p - 1) * stride + 1`."""

    def __init__(self, number: int, after: int, stride: int = 1) -> None:
        high, low = divmod(number, 32)
        self._moved = (DIGITS[high:] + DIGITS[:high], DIGITS[low:] + DIGITS[:low])
        self._after = after
        self._stride = stride

    def entry(self, entry: Entry) -> Entry:
        """The same fact of this tile."""
        data = _POSITION.sub(self._position, entry.data)
        text = _ID.sub(self._id, data.decode())
        return replace(entry, data=text.encode(), tags=[_ID.sub(self._id, tag) for tag in entry.tags])

    def entries(self, log: Log, count: int) -> list[Entry]:
        """The first entries of a log, of this tile."""
        return [self.entry(one.event) for one in log.read(limit=count).entries()]

    def renamed(self, ids: pl.Series) -> pl.Series:
        """The same for many ids at once."""
        whole = pl.col("id")
        kind = whole.str.len_bytes() - 26 + 12  # characters before the two
        high, low = (
            whole.str.slice(kind + place, 1).replace_strict([*DIGITS], [*moved], default=None)
            for place, moved in enumerate(self._moved)
        )
        moved = pl.concat_str(whole.str.slice(0, kind), high, low, whole.str.slice(kind + 2))
        is_id = whole.str.contains(":[0-9A-Z]{26}$")
        return ids.rename("id").to_frame().select(pl.when(is_id).then(moved).otherwise(whole))["id"]

    def _id(self, found: re.Match[str]) -> str:
        high, low = self._moved
        return found[1] + high[DIGITS.index(found[2])] + low[DIGITS.index(found[3])]

    def _position(self, found: re.Match[bytes]) -> bytes:
        return b'"%s":%d' % (found[1], self._after + (int(found[2]) - 1) * self._stride + 1)


def make_tiled(city: City, path: Path, tiles: int, say: Progress) -> None:
    """A store of so many tiles of the city, through the ordinary bulk append, and sealed.

    Tiles alternate entry by entry, so that every case lives through the whole log, as in a city of that size.
    """
    made = [Tile(number, number, tiles) for number in range(tiles)]
    with city.record() as record, open_store(str(path), keys=":memory:", clock=record.store.clock) as store:
        entries = record.store.log.read().entries()
        written = 0
        while some := [one.event for one in islice(entries, max(BATCH // tiles, 1))]:
            store.log.append([tile.entry(entry) for entry in some for tile in made])
            written += len(some) * tiles
            if written % 500_000 < len(some) * tiles:
                say(f"tiling, {written:,} entries")
        store.views.shelf.seal()
