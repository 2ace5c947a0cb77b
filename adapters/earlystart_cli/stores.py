"""Opening a store for one command."""

import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from earlystart_cli.options import HERE, Db, Keys
from earlystart_cli.output import note
from earlystart_core.errors import Invalid, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from earlystart_core.record import Record
    from earlystart_sql import SqlStore


NOBODY = logging.NullHandler()
DRIVERS = ("psycopg", "sqlalchemy")  # what they log when a server dies, tracebacks too, says no more than our sentence


@dataclass(frozen=True)
class Stored:
    """Where a record is."""

    db: Db = HERE
    keys: Keys = None


@contextmanager
def opened(store: Stored, *, create: bool = False, **options: Any) -> "Iterator[Record]":
    """The record in that store until the end of the block; made where there was none only if `create` is true.

    Raises:
        Invalid: the URL is wrong.
        StoreUnavailable: it cannot be opened, or does not exist.
    """
    from earlystart_core.erasing.reconciling import KeysCameBack
    from earlystart_core.readable import readable
    from earlystart_feeds.ledger import NotBoundBefore
    from earlystart_sql import SqlStore
    from earlystart_sql.kek import KeyReadableByOthers

    for driver in DRIVERS:
        logging.getLogger(driver).addHandler(NOBODY)
    lasting = Invalid("--db", "expected a store that outlives the command, got one in memory")
    if store.db.partition(":")[0].lower() == "memory":
        raise lasting
    with _record(store, create, options) as record, warnings.catch_warnings():
        for kind in (KeysCameBack, KeyReadableByOthers, NotBoundBefore):
            warnings.simplefilter("always", kind)
        warnings.showwarning = lambda warned, *_, **__: note(str(warned))
        if isinstance(record.store, SqlStore) and record.store.database.address.in_memory:
            raise lasting
        with readable():  # some commands ask parts of the store that a program would not
            yield record


def _record(store: Stored, create: bool, options: dict[str, Any]) -> "Record":
    from earlystart_core.record import Record
    from earlystart_sql.faults import Absent

    try:
        return Record.open(store.db, keys=store.keys, create=create, **options)
    except Absent as none:
        if store.db != HERE:
            raise
        raise Absent(f"{none}; --db names one that is elsewhere") from None


def on_sql(record: "Record") -> "SqlStore":
    """The store of an open record.

    Raises:
        StoreUnavailable: it is of a kind that came from elsewhere, of which this command knows too little.
    """
    from earlystart_sql import SqlStore

    if not isinstance(record.store, SqlStore):
        raise StoreUnavailable("this command expected a store on SQLite or PostgreSQL, got another kind")
    return record.store
