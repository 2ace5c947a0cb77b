"""Binding: a key store belongs to one log, and says to which by that log's first leaf.

With the keys of another log an erasure would destroy a key that sealed nothing, and certify it.
"""

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.erasing.keyring import WITH_TEXT
from earlystart_core.erasing.sealers import sealed_in
from earlystart_core.errors import StoreUnavailable
from earlystart_core.privacy.keys import JOIN
from earlystart_sql.keys import SqlKeys
from earlystart_sql.log import SqlLog

ANEW = "expected the keys that sealed it; pass keys= or --keys"


class Unfit(StoreUnavailable):
    """The key store opens, but is not as this log says that it must be: another log's, or from before an erasure."""


def first_sealed(log: SqlLog) -> tuple[str, ...]:
    """The names of the keys of the first sealed value in the log; none where it holds no sealed value."""
    query = DCBQuery([DCBQueryItem(types=WITH_TEXT)])
    found = (kids for one in log.read(query).entries() for kids in sealed_in(one.event.data))
    return tuple(part for kid in next(found, ()) for part in kid.split(JOIN))


def bind(log: SqlLog, keys: SqlKeys, *, lost: bool) -> bool:
    """Holds the keys to the log, and binds them where they were not bound yet; returns whether they are bound now.

    lost: the keys of before are lost for good, so that these need not open what stands in the log.

    Raises:
        StoreUnavailable: they are the keys of another log, or are not those that sealed this log's text.
    """
    first, bound = next(log.read(limit=1).entries(), None), keys.first_leaf()
    if bound is not None and (first is None or first.leaf != bound):
        raise Unfit(
            f"{keys.database.name} is the key store of another log than {log.database.name}: expected the keys"
            " kept beside this one"
        )
    if first is None:
        return False
    kids = first_sealed(log) if bound is None and not lost else ()
    if kids and all(keys.find(kid) is None for kid in kids):
        raise Unfit(f"{keys.database.name} never had the key of text in {log.database.name}: {ANEW}")
    if keys.database.read_only:
        return True
    if bound is None:
        keys.bind(first.leaf)
    if lost and not keys.lost():
        keys.say_lost(log.head())
    return True
