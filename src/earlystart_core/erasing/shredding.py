"""What was shredded: the tombstones of a log, which are its certificates, and the sealed values that they cover.

Counted of a store by the tags of who was erased, of an export in one reading of its lines.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from earlystart_core.counting import counted
from earlystart_core.erasing.sealers import sealed_in
from earlystart_core.erasing.tombstones import tombstones
from earlystart_core.log import Log
from earlystart_core.privacy.keys import JOIN
from earlystart_core.words.erasure import SubjectErased, subjects_of_tombstone

_TOMBSTONE = b'"type":"%b"' % SubjectErased.__name__.encode()


class Shredded(msgspec.Struct, frozen=True):
    """How many sealed values no key opens any more, and the positions of the tombstones that certify it."""

    values: int
    certificates: tuple[int, ...]

    def __str__(self) -> str:
        if not self.certificates:
            return "none"
        some = ", ".join(map(str, self.certificates[:10])) + (", …" if len(self.certificates) > 10 else "")
        certificates = "certificate: entry" if len(self.certificates) == 1 else "certificates: entries"
        return f"{counted(self.values, 'sealed value')}, {len(self.certificates)} {certificates} {some}"


class Shreds:
    """Counts what is shredded while the lines of a log go by."""

    def __init__(self) -> None:
        self._sealed: Counter[tuple[str, ...]] = Counter()  # values by the names of their keys
        self._destroyed: set[str] = set()
        self._certificates: list[int] = []

    def passing(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The same lines, each looked at."""
        for line in lines:
            self.see(line)
            yield line

    def see(self, line: bytes) -> None:
        """Takes one entry's canonical bytes, or something that is none: whether it is sound is asked elsewhere."""
        self.see_data(line)
        if _TOMBSTONE in line:
            try:
                entry = msgspec.json.decode(line, type=_Tombstone)
            except msgspec.MsgspecError:
                return
            self.certify(entry.position, entry.data.keys)

    def see_data(self, data: bytes) -> None:
        """Takes the data of an entry that is no tombstone."""
        self._sealed.update(sealed_in(data))

    def certify(self, position: int, kids: Iterable[str]) -> None:
        """Takes a tombstone: the names of the keys that it says were destroyed."""
        self._certificates.append(position)
        self._destroyed.update(kids)

    def found(self) -> Shredded:
        """What came by: a value is shredded when of each of its envelopes a key was destroyed."""
        gone = sum(count for kids, count in self._sealed.items() if kids and all(map(self._is_gone, kids)))
        return Shredded(gone, tuple(self._certificates))

    def _is_gone(self, kid: str) -> bool:
        return not self._destroyed.isdisjoint(kid.split(JOIN))


class _Keys(msgspec.Struct):
    keys: list[str]


class _Tombstone(msgspec.Struct):
    position: int
    type: str
    data: _Keys


def shredded_in(log: Log) -> Shredded:
    """What is shredded in a log: only the entries about those who were erased are read."""
    shreds, seen = Shreds(), set[int]()
    subjects: dict[str, None] = {}
    for position, event in tombstones(log):
        subjects |= dict.fromkeys(subjects_of_tombstone(event))
        shreds.certify(position, event.keys)
    for subject in subjects:
        for recorded in log.read(DCBQuery([DCBQueryItem(tags=[subject])])).entries():
            if recorded.position not in seen:
                seen.add(recorded.position)
                shreds.see_data(recorded.event.data)
    return shreds.found()
