"""A key store beside its log: keys that came back with a backup, and keys that are gone without the log saying so."""

from collections.abc import Sequence

from earlystart_core.erasing.tombstones import evidence_by_subject
from earlystart_core.log import Log
from earlystart_core.privacy.keys import KeyStore, Shredded


class KeysCameBack(UserWarning):
    """A key store held keys of erased subjects, as one restored from a backup does: they were destroyed again."""

    def __init__(self, subjects: Sequence[str]) -> None:
        some = ", ".join(subjects[:3]) + (f" and {len(subjects) - 3:,} more" if len(subjects) > 3 else "")
        super().__init__(
            f"the key store brought back keys of {some}, whom the log says were erased: they were destroyed again"
        )
        self.subjects = tuple(subjects)


def came_back(log: Log, keys: KeyStore) -> list[str]:
    """The subjects that have a key although a tombstone in the log says that it is gone."""
    return sorted(keys.names(evidence_by_subject(log)[0]))


def reconcile(log: Log, keys: KeyStore) -> list[str]:
    """Destroys again every key that a tombstone in the log says is gone: a restored key store may bring some back.

    Returns the subjects whose keys had come back.
    """
    told, _ = evidence_by_subject(log)
    back = sorted(keys.names(told))
    for subject in sorted({*told} - {*keys.tombstones(told)} | {*back}):
        keys.destroy(told[subject])
    return back


def unfinished(log: Log, keys: KeyStore) -> dict[str, Shredded]:
    """What is left, by subject, of keys that are gone without the log saying so yet: erasing again finishes it."""
    told, _ = evidence_by_subject(log)
    return {subject: left for subject, left in sorted(keys.tombstones().items()) if subject not in told}
