"""Verifying a log in stretches, in this process or in several at once, each held against the index of tags."""

import gc
import multiprocessing
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ProcessPoolExecutor

from sqlalchemy import Connection

from earlystart_core.proof.entries import Doubt
from earlystart_core.proof.verify import STRETCH, Stretch, checked
from earlystart_core.replay.loading import collector_at_rest
from earlystart_sql.database import Database, open_database
from earlystart_sql.raw import one
from earlystart_sql.schema import LOG
from earlystart_sql.stored_rows import Shapes, rows_of, shapes_in
from earlystart_sql.tag_index import TagIndex, tag_index

AHEAD = 4  # stretches that are handed out for each process
FORKED = "forkserver"  # its processes share the key of Python's hash (`proof.tagged`), and inherit no connection

_STRAY = (
    "SELECT position FROM fact WHERE shape = {shape} AND (position > {head} OR position < 1) ORDER BY position LIMIT 1"
)
_BELOW = "SELECT position FROM entry WHERE position < 1 ORDER BY position LIMIT 1"


def can_be_apart(database: Database) -> bool:
    """Whether other processes can read the store too, and this system can make such as share a key."""
    return not database.address.in_memory and FORKED in multiprocessing.get_all_start_methods()


def strays(connection: Connection, shapes: Shapes, head: int) -> Iterator[Doubt]:
    """What stands before the first entry or behind the last: of entries that were taken away, or never were."""
    below = one(connection, _BELOW)
    if below is not None:
        yield Doubt(below, "there is an entry here: the first one is at position 1")
    for shape, (kind, _) in shapes.items():
        stray = one(connection, _STRAY.format(shape=shape, head=head))
        if stray is not None:
            yield Doubt(stray, f"there is data of a {kind} here, and no entry: the last one is at position {head}")


def stretches(database: Database, size: int, wanted: Collection[int], processes: int) -> Iterator[Stretch]:
    """The first `size` entries, checked stretch by stretch in order, by several processes where that is asked for.

    Each is held against the index of tags, which is read meanwhile.
    """
    work = _apart(database, size, wanted, processes) if processes > 1 else _here(database, size, wanted)
    index: TagIndex | None = None
    for found in work:
        if isinstance(found, TagIndex):
            index = found
            continue
        assert index is not None  # the first of all
        found.doubts[:0] = index.doubts if found.index == 0 else ()
        found.doubts += index.against(found.index, found.sums)
        yield found


def _here(database: Database, size: int, wanted: Collection[int]) -> Iterator[TagIndex | Stretch]:
    with collector_at_rest():
        tags = tag_index(database, size)
    yield tags
    with database.reading() as connection:
        shapes = shapes_in(connection)
    for index in range(0, size, STRETCH):
        with collector_at_rest():
            found = _checked(database, shapes, index, min(index + STRETCH, size), wanted)
        yield found


def _apart(database: Database, size: int, wanted: Collection[int], processes: int) -> Iterator[TagIndex | Stretch]:
    where = database.address.url
    url = database.address.path if where is None else where.render_as_string(hide_password=False)
    context = multiprocessing.get_context(FORKED)
    with ProcessPoolExecutor(processes, context, _open, (str(url),)) as pool:
        begun: list[Future[TagIndex | Stretch]] = [pool.submit(_index, size)]
        for index in range(0, size, STRETCH):
            begun.append(pool.submit(_stretch, index, min(index + STRETCH, size), tuple(wanted)))
            if len(begun) >= AHEAD * processes:
                yield begun.pop(0).result()
        yield from (each.result() for each in begun)


_opened: list[tuple[Database, Shapes]] = []  # in a process of `_apart`: the store


def _open(url: str) -> None:
    gc.disable()  # nothing here refers to itself, and looking for that costs a fifth
    database = open_database(url, LOG, create=False, read_only=True)
    with database.reading() as connection:
        _opened.append((database, shapes_in(connection)))


def _index(size: int) -> TagIndex:
    return tag_index(_opened[0][0], size)


def _stretch(index: int, upto: int, wanted: tuple[int, ...]) -> Stretch:
    return _checked(*_opened[0], index, upto, wanted)


def _checked(database: Database, shapes: Shapes, index: int, upto: int, wanted: Collection[int]) -> Stretch:
    return checked(rows_of(database, shapes, index, upto), index, wanted, after=index, upto=upto, tagged=True)
