"""Verifying a log in stretches, in this process or in several at once; each against the index of tags and receipts."""

import gc
import multiprocessing
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache

from sqlalchemy import Connection

from earlystart_core.errors import StoreUnavailable
from earlystart_core.proof.entries import Doubt
from earlystart_core.proof.verify import BEFORE_ALL, STRETCH, Stretch, checked
from earlystart_core.replay.loading import collector_at_rest
from earlystart_sql.database import Database, open_database
from earlystart_sql.raw import mark, one, run
from earlystart_sql.receipt_index import ReceiptIndex, receipt_index
from earlystart_sql.schema import LOG
from earlystart_sql.stored_rows import Shapes, rows_of, shapes_in
from earlystart_sql.system import hash_key_is_given
from earlystart_sql.tag_index import TagIndex, number_of, tag_index

AHEAD = 4  # stretches that are handed out for each process
FORKED = "forkserver"  # its processes share the key of Python's hash (`proof.tagged`), and inherit no connection

_STRAY = "SELECT position FROM fact WHERE shape = {0} AND (position > {0} OR position < 1) ORDER BY position LIMIT 1"
_BELOW = "SELECT position FROM {table} WHERE position < 1 ORDER BY position LIMIT 1"
_OTHER = "SELECT position FROM fact WHERE shape < 1 OR shape > {last} LIMIT 1"

Indexes = tuple[TagIndex, ReceiptIndex]


def can_be_apart(database: Database) -> bool:
    """Whether other processes can read the store too, and this system can make such as share a key of their own."""
    forked = FORKED in multiprocessing.get_all_start_methods()
    return forked and not database.address.in_memory and not hash_key_is_given()


def strays(connection: Connection, shapes: Shapes, head: object) -> Iterator[Doubt]:
    """What stands before the first entry or behind the last: of entries that were taken away, or never were.

    head: the greatest position that stands there, whatever it is.
    """
    yield from out_of_bounds(connection, "entry", head)
    if not isinstance(head, int):
        return
    for shape, (kind, _) in shapes.items():
        stray = run(connection, _STRAY.format(mark(connection)), (shape, max(head, 0))).fetchone()
        if stray is not None:
            yield Doubt(stray[0], f"there is data of a {kind} here, and no entry: the last one is at position {head}")
    other = one(connection, _OTHER.format(last=len(shapes)))
    if other is not None:
        yield Doubt(None, "there is data of a type that is not there")


def out_of_bounds(connection: Connection, table: str, head: object) -> Iterator[Doubt]:
    """Entries of that table at positions that are none. head: as for `strays`."""
    below = one(connection, _BELOW.format(table=table))
    if below is not None:
        yield Doubt(below, "there is an entry here: the first one is at position 1")
    if not isinstance(head, int):
        yield Doubt(None, "the greatest position of an entry is no whole number")


def stretches(database: Database, size: int, wanted: Collection[int], processes: int) -> Iterator[Stretch]:
    """The first `size` entries, checked stretch by stretch in order, by several processes where that is asked for.

    Each is held against the index of tags and the receipts, read meanwhile. What is wrong with those comes first, in a
    stretch of no entries: it is said of a log without entries too, and of one that cannot be read any further.
    """
    work = _apart(database, size, wanted, processes) if processes > 1 else _here(database, size, wanted)
    tags, receipts = TagIndex(0), ReceiptIndex(0)
    for found in work:
        if isinstance(found, Stretch):
            doubts, found.unreceipted = receipts.against(found.index, found.commands)
            found.doubts += [*tags.against(found.index, found.sums), *doubts]
            yield found
        else:
            tags, receipts = found
            yield Stretch(0, BEFORE_ALL, BEFORE_ALL, 0, [], [], {}, tags.doubts + receipts.doubts, b"")


def _here(database: Database, size: int, wanted: Collection[int]) -> Iterator[Indexes | Stretch]:
    with collector_at_rest():
        indexes = _both(database, size)
    yield indexes
    with database.reading() as connection:
        shapes = shapes_in(connection)
    for index in range(0, size, STRETCH):
        with collector_at_rest():
            found = _checked(database, shapes, index, min(index + STRETCH, size), wanted)
        yield found


def _apart(database: Database, size: int, wanted: Collection[int], processes: int) -> Iterator[Indexes | Stretch]:
    where = database.address.url
    url = str(database.address.path if where is None else where.render_as_string(hide_password=False))
    context = multiprocessing.get_context(FORKED)
    with ProcessPoolExecutor(processes, context, gc.disable) as pool:  # nothing here refers to itself: a fifth faster
        begun: list[Future[Indexes | Stretch]] = [pool.submit(_index, url, size)]
        try:
            for index in range(0, size, STRETCH):
                begun.append(pool.submit(_stretch, url, index, min(index + STRETCH, size), tuple(wanted)))
                if len(begun) >= AHEAD * processes:
                    yield begun.pop(0).result()
            yield from (each.result() for each in begun)
        except BrokenProcessPool:
            raise StoreUnavailable(f"{database.name} was not verified: a process that did part of it ended") from None


@cache
def _open(url: str) -> Database:
    """In a process of `_apart`: the store."""
    return open_database(url, LOG, create=False, read_only=True)


def _index(url: str, size: int) -> Indexes:
    return _both(_open(url), size)


def _both(database: Database, size: int) -> Indexes:
    return tag_index(database, size), receipt_index(database, size, number_of)


def _stretch(url: str, index: int, upto: int, wanted: tuple[int, ...]) -> Stretch:
    database = _open(url)
    with database.reading() as connection:
        shapes = shapes_in(connection)
    return _checked(database, shapes, index, upto, wanted)


def _checked(database: Database, shapes: Shapes, index: int, upto: int, wanted: Collection[int]) -> Stretch:
    return checked(rows_of(database, shapes, index, upto), index, wanted, after=index, upto=upto, tagged=number_of)
