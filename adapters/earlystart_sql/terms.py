"""Terms: text that is no id (a code, a source, a purpose, the id of a wording), numbered 1, 2, 3, … beside the log.

Rows of `term` are only ever added. The table can be dropped, but never alone: making it anew forgets which tables of
views are served, because their numbers meant the old ones.

Terms come without an entry too, so the log does not say whether those that a process remembers are still the store's.
A stamp does, a random text in `view_state` that every transaction changes which adds terms.
"""

from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Protocol

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, Table, Text

from earlystart_core.errors import Tampered
from earlystart_sql.guards import mend
from earlystart_sql.raw import mark, one, run
from earlystart_sql.system import new_stamp

metadata = MetaData()

term = Table(
    "term",
    metadata,
    Column("n", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False, unique=True),
)

STAMP = "@terms"  # the row of `view_state` that holds the stamp

_THERE = {
    "sqlite": "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'term'",
    "postgresql": "SELECT coalesce(has_table_privilege(to_regclass('term'), 'SELECT'), false)",
}


def terms_are_there(connection: Connection) -> bool:
    """Whether there is a table of terms."""
    return bool(one(connection, _THERE[connection.dialect.name]))


def make_terms(connection: Connection) -> None:
    """Makes the table where it is missing. Only under the append lock."""
    if terms_are_there(connection):
        return
    metadata.create_all(connection, checkfirst=False)
    mend(connection, [term.name])
    run(connection, "DELETE FROM view_state")


class Words:
    """The terms that this process remembers: all up to some number, as the table had them under a stamp.

    Shared by threads: it only grows.
    """

    def __init__(self, stamp: str = "") -> None:
        self.stamp = stamp  # changed by every transaction that adds terms; empty where the table has none yet
        self.texts: list[str] = [""]  # by number; 0 is none
        self.numbers: dict[str, int] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        """The greatest number."""
        return len(self.texts) - 1

    def keep(self, after: int, texts: Sequence[str], was: str, stamp: str) -> None:
        """Adds the committed terms that follow that number, where nobody else has added any since it was `was`."""
        with self._lock:
            if (len(self), self.stamp) != (after, was):
                return
            for number, text in enumerate(texts, after + 1):
                self.numbers[text] = number  # first: who counts the texts finds the numbers of all of them
                self.texts.append(text)
            self.stamp = stamp


class Remembers(Protocol):
    """What remembers terms."""

    words: Words


class Terms:
    """The terms as one transaction sees them: remembered ones, those it reads, and those that it adds."""

    def __init__(self, remembered: Words, stamp: str, connection: Connection) -> None:
        """stamp: the one that the table has; terms that were remembered under another are none of it."""
        self._words = remembered if stamp and remembered.stamp == stamp else Words(stamp)
        self._stamp = self._was = stamp
        self._connection = connection
        self._after = len(self._words)
        self._texts: list[str] = []  # those with numbers after that
        self._numbers: dict[str, int] = {}
        self._read = False

    def number(self, text: str) -> int | None:
        """The number of a term, None where it has none."""
        found = self._words.numbers.get(text, 0)
        if not 0 < found <= self._after:
            found = self._numbers.get(text, 0)
        if not found and not self._read:
            self._read_on()
            found = self._numbers.get(text, 0)
        return found or None

    def tell(self, numbers: Iterable[int | None]) -> list[str | None]:
        """The term of each number. Raises LookupError for a number that none has."""
        known = self._words.texts
        try:
            told = [None if number is None else known[number] for number in numbers]
            if len(known) == self._after + 1:  # else others have added terms, which need not be so here
                return told
        except IndexError:
            pass
        return [None if number is None else self._text(number) for number in numbers]

    def texts(self) -> list[str]:
        """The term of every number; of 0, which none has, nothing."""
        self._read_on()
        return [*self._words.texts[: self._after + 1], *self._texts]

    def add(self, texts: Iterable[str]) -> None:
        """Numbers those that have no number yet. Only under the append lock."""
        for text in texts:
            if self.number(text) is None:
                self._add(text)

    def remember(self, memory: "Remembers") -> None:
        """Keeps what this transaction saw and added, now that it is committed."""
        if not self._was:  # nobody can tell later whether they are still these
            return
        if self._texts:
            self._words.keep(self._after, self._texts, self._was, self._stamp)
        memory.words = self._words

    def _text(self, number: int) -> str:
        if 0 <= number <= self._after:
            return self._words.texts[number]
        if number > self._after + len(self._texts):
            self._read_on()
        if not self._after < number <= self._after + len(self._texts):
            raise LookupError(number)
        return self._texts[number - self._after - 1]

    def _add(self, text: str) -> None:
        number = self._after + len(self._texts) + 1
        sign = mark(self._connection)
        run(self._connection, f"INSERT INTO term (n, text) VALUES ({sign}, {sign})", (number, text))
        self._take(text)
        if self._stamp == self._was:
            self._stamp = new_stamp()
            run(self._connection, f"UPDATE view_state SET digest = {sign} WHERE name = '{STAMP}'", (self._stamp,))

    def _read_on(self) -> None:
        """Takes in what is there and not known yet; a transaction that reads sees no more later."""
        self._read = True
        known = self._after + len(self._texts)
        for n, text in run(self._connection, f"SELECT n, text FROM term WHERE n > {known} ORDER BY n").fetchall():
            if n != self._after + len(self._texts) + 1 or not isinstance(text, str):
                raise Tampered(
                    "the table term was changed by hand: expected texts numbered 1, 2, 3, …; drop it, and the next"
                    " question builds the views again"
                )
            self._take(text)

    def _take(self, text: str) -> None:
        self._texts.append(text)
        self._numbers[text] = self._after + len(self._texts)
