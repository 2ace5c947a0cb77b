"""A store: the log and what stands beside it, opened together."""

import os
import warnings
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock
from typing import Self

from earlystart_core.checking import check_flag, checked_chance
from earlystart_core.counting import counted
from earlystart_core.entry import EPOCH, Recorded
from earlystart_core.erasing.reconciling import KeysCameBack, came_back, reconcile
from earlystart_core.erasing.sealers import names_in
from earlystart_core.erasing.tombstones import evidence_by_subject
from earlystart_core.errors import Invalid, StoreUnavailable
from earlystart_core.log import put_back
from earlystart_core.privacy.keys import Chance, KeyStore
from earlystart_core.privacy.wrapping import KeyEncryption
from earlystart_core.store import was_closed
from earlystart_core.ulid import ulid
from earlystart_core.utc import Clock, utc_clock
from earlystart_sql.access import SqlAccessLog
from earlystart_sql.address import address_of, beside, settled
from earlystart_sql.binding import ANEW, Unfit, bind, first_sealed
from earlystart_sql.database import Database, open_database
from earlystart_sql.dictionary import Numbers
from earlystart_sql.faults import Absent
from earlystart_sql.forgetting import SqlForgetting
from earlystart_sql.kek import file_of, kek_of
from earlystart_sql.key_tables import KEYS, holds_nothing
from earlystart_sql.keys import SqlKeys
from earlystart_sql.ledger import SqlLedger
from earlystart_sql.log import SqlLog
from earlystart_sql.schema import LOG
from earlystart_sql.system import system_clock
from earlystart_sql.views import SqlViews
from earlystart_sql.while_open import OpenKeys

TRIES = 3  # to hold the keys to a log that is put back meanwhile


class SqlStore:
    """An open store. Use as a context manager, or close it. Safe to share between threads."""

    def __init__(
        self,
        database: Database,
        keys: str | None,
        clock: Clock,
        chance: Chance,
        *,
        create: bool,
        kek: KeyEncryption | None = None,
        keys_read_only: bool = False,
        lost_keys: bool = False,
    ) -> None:
        self.database = database
        self.clock = clock = utc_clock(clock)
        self.chance = chance
        self.log = SqlLog(database, clock)
        self.views = SqlViews(self.log)
        self.ledger = SqlLedger(self.log, lambda: self.keys)
        self.forgetting = SqlForgetting(self.log, self.ledger)
        self.access = SqlAccessLog(database, clock)
        self._where = None if keys is None else settled(keys)
        self._kek = kek
        self._create = create
        self._keys_read_only = keys_read_only or database.read_only
        self._lost_keys = lost_keys
        self._opened: KeyStore | None = None
        self._bound = False
        self._history: object = None  # of the log that the keys were last held to
        self._heeded = 0  # the position up to which the tombstones of the log are known to the open key store
        self._opening = Lock()
        self.log.followers.append(self._expect_keys)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self.database.closed

    @property
    def keys(self) -> KeyStore:
        """The keys of sealed fields, opened at first use: what needs no key never asks for one.

        Keys that the log says were destroyed, and that a restored key store brought back, are destroyed again.

        Warns:
            KeysCameBack: that was so.

        Raises:
            Invalid: the key store's URL is wrong, or the store was closed.
            StoreUnavailable: it cannot be opened, there is no key-encryption key, or it is another log's key store.
        """
        with self._opening:
            if self.closed:
                raise was_closed()
            if self._opened is None:
                keys = self._open_keys()
                try:
                    self._hold_to_log(keys)
                    self._reconcile(keys)
                except BaseException:
                    if isinstance(keys, SqlKeys):
                        keys.close()
                    raise
                self._opened = keys
            elif self._hold_to_log(self._opened):
                self._reconcile(self._opened)  # as at an opening: the log is another, or was put back
            return self._opened

    def secret(self, name: str) -> bytes:
        """As the port says. No erasure changes a secret, so once the keys are open the log is not looked at again."""
        opened = self._opened
        if opened is None or self.log.history is not self._history:
            opened = self.keys
        return opened.secret(name)

    def close(self) -> None:
        """Closes every connection, for good. Closing again does nothing."""
        self.database.close()
        with self._opening:  # whoever opens the keys just now is waited for, and nobody begins to after that
            if isinstance(self._opened, SqlKeys):
                self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _expect_keys(self, numbers: Numbers, recorded: Sequence[Recorded]) -> None:
        """Within an append, the keys of its text: else it could be acknowledged, and never read.

        Where the keys are in the log's own database, those of an entry that is still there are there too.
        """
        names = {name for each in recorded for name in names_in(each.event.data)}
        if not names or not isinstance(self._opened, SqlKeys):
            return
        if self._where is None and self.database.dialect == "postgresql":
            names -= numbers.seen.keys(names)
        if names:
            self._opened.expect_there(names)
            numbers.seen.add_keys(names, recorded[-1].position)

    def _new_kid(self) -> str:
        return f"k_{ulid(EPOCH, self.chance)}"  # no instant in it: a key says nothing of when it was made

    def _hold_to_log(self, keys: KeyStore) -> bool:
        """Sees that they are this log's keys, and lets them know what was erased since they were asked for last.

        A key store that is put back beneath an open record may hold keys again that the log says are gone; a log that
        is put back may no longer say so. Returns whether the log was found put back, or is asked for the first time.
        """
        if not isinstance(keys, SqlKeys):
            return False
        moved = False
        for _ in range(TRIES):
            history = self.log.history
            if history is not self._history:
                self._bound, self._heeded, moved = False, 0, True
                keys.heed_nobody()
            self._bound = self._bound or bind(self.log, keys, lost=self._lost_keys)
            told, self._heeded = evidence_by_subject(self.log, after=self._heeded)
            keys.heed(told)
            self._history = history
            if self.log.history is history:
                return moved
        raise put_back()

    def _reconcile(self, keys: KeyStore) -> None:
        if self._keys_read_only:
            if back := came_back(self.log, keys):
                raise Unfit(
                    f"the key store holds keys of {counted(len(back), 'erased subject')} and may only be read here:"
                    " expected them to be gone; open it once where it may be written"
                )
        elif back := came_back(self.log, keys):
            self.forgetting.owe(back)
            reconcile(self.log, keys)
            with suppress(StoreUnavailable):  # what stays in the files is owed, and erasing again settles it
                keys.scrub()
                self.forgetting.settle(back)
            warnings.warn(KeysCameBack(back), stacklevel=4)
        else:
            reconcile(self.log, keys)

    def _open_keys(self) -> KeyStore:
        log = self.database.address
        where = self._where
        if where is None and log.dialect == "sqlite":
            where = ":memory:" if log.in_memory else str(beside(log, ".keys"))
        elif where is None and log.url is not None:
            where = log.url.render_as_string(hide_password=False)  # the same database, a schema apart
        assert where is not None
        address = address_of(where, field="keys")
        if address.in_memory:
            return OpenKeys(self, self._new_kid)
        database = self._keys_at(where)
        try:
            fresh = self._create and not database.read_only and holds_nothing(database)
            kek = self._kek or kek_of(file_of(address), create=fresh)
            return SqlKeys(database, kek, self.chance, self._new_kid)
        except BaseException:
            database.close()
            raise

    def _keys_at(self, where: str) -> Database:
        """The key store there, made where there is none; but never beside a log that has its keys elsewhere."""
        only = self._keys_read_only
        try:
            return open_database(where, KEYS, create=False, read_only=only, field="keys")
        except Absent as error:
            if only or not self._create:
                raise
            if first_sealed(self.log) and not self._lost_keys:
                raise StoreUnavailable(f"{error}; {self.database.name} holds sealed text: {ANEW}") from error
        return open_database(where, KEYS, create=True, field="keys")


def open_store(
    url: str,
    *,
    keys: str | None = None,
    clock: Clock | None = None,
    chance: Chance | None = None,
    create: bool = True,
    read_only: bool = False,
    kek: KeyEncryption | None = None,
    keys_read_only: bool = False,
    lost_keys: bool = False,
) -> SqlStore:
    """The store at a file path or SQLAlchemy URL, made where there was none and `create` is true.

    keys: where the key store is; without it a file beside the log's (`FILE.keys`, its key-encryption key in
    `FILE.keys.kek`), or a schema of the log's PostgreSQL database (`kek.file_of`). kek: who wraps the keys instead of a
    key from the environment or a file, such as a key service. keys_read_only: only the key store is not written to.
    lost_keys: the keys that sealed the log's text are lost for good, so a new key store may be made or taken.

    Raises:
        Invalid: the URL is wrong.
        StoreUnavailable: it cannot be opened, or is not a store of this library.
    """
    for name, flag in (
        ("create", create),
        ("read_only", read_only),
        ("keys_read_only", keys_read_only),
        ("lost_keys", lost_keys),
    ):
        check_flag(name, flag)
    clock = utc_clock(system_clock if clock is None else clock)
    chance = checked_chance(os.urandom if chance is None else chance)
    _check_kek(kek)
    database = open_database(url, LOG, create=create, read_only=read_only)
    return SqlStore(
        database,
        keys,
        clock,
        chance,
        create=create,
        kek=kek,
        keys_read_only=keys_read_only,
        lost_keys=lost_keys,
    )


def _check_kek(kek: KeyEncryption | None) -> None:
    """Raises Invalid unless it can wrap and unwrap keys."""
    try:
        usable = kek is None or (callable(kek.wrap) and callable(kek.unwrap))
    except Exception:  # noqa: BLE001 - whatever was given, it is none
        usable = False
    if not usable:
        raise Invalid("kek", f"expected something with wrap and unwrap, got {type(kek).__name__}")
