"""What stands beside a log, checked whole: the import ledger, and the keys of the log's text.

Receipts and the index of tags are checked with the log itself, for they need no keys. This does: where the keys cannot
be had nothing of it is checked, and the reason is given.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from earlystart_core.counting import counted
from earlystart_core.erasing.keyring import keyring
from earlystart_core.errors import EarlyStartError, StoreUnavailable, Tampered, Unreadable
from earlystart_core.privacy.keys import KeyStore
from earlystart_core.proof.entries import Doubt
from earlystart_sql.binding import Unfit
from earlystart_sql.keys import SqlKeys
from earlystart_sql.own_tables import not_plain

if TYPE_CHECKING:
    from earlystart_sql.store import SqlStore


class Beside(msgspec.Struct, frozen=True):
    """The result of a check, in words for people. `doubts` is empty if all is well."""

    ledger: str
    keys: str
    doubts: Sequence[Doubt]


def check_beside(store: "SqlStore") -> Beside:
    """Checks what stands beside that store's log, which was verified before. What is wrong is among the `doubts`."""
    try:
        keys = store.keys
    except (Tampered, Unfit) as error:
        return Beside("not checked", "doubtful", [Doubt(None, str(error))])
    except EarlyStartError as error:
        unchecked = f"not checked: {error}"
        return Beside(unchecked, unchecked, [])
    ledger, of_ledger = _ledger(store)
    named, of_keys = _keys(store, keys)
    return Beside(ledger, named, [*of_ledger, *of_keys])


def _ledger(store: "SqlStore") -> tuple[str, list[Doubt]]:
    try:
        tables = store.ledger.binding.tables()
        if tables and (doubts := [*not_plain(store.database, tables)]):
            return "doubtful", doubts
        moment = store.ledger.moment()
    except (Tampered, Unreadable, StoreUnavailable) as error:
        if isinstance(error, StoreUnavailable) and isinstance(store.keys, SqlKeys) and store.keys.lost():
            return f"not checked: {error}", []
        return "doubtful", [Doubt(None, str(error))]
    if moment.total:
        return "as imports and erasures left it", []
    return ("none" if store.ledger.is_empty() else "not checked: the next import begins to watch over it"), []


def _keys(store: "SqlStore", keys: KeyStore) -> tuple[str, list[Doubt]]:
    lost, altered = (keys.lost(), keys.altered()) if isinstance(keys, SqlKeys) else (0, [])
    found = keyring(store.log, keys, lost=lost)
    doubts = [*(Doubt(None, each) for each in altered), *found.doubts]
    named = f"{counted(found.keys, 'key')} of {counted(found.values, 'sealed value')}"
    return ("doubtful" if doubts else named), doubts
