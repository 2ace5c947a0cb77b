"""Terms: text that is no id (a code, a source, a purpose, the id of a wording), numbered 1, 2, 3, … beside the log.

Rows of `term` are only ever added. The table can be dropped, but never alone: making it anew forgets which tables of
views are served, because their numbers meant the old ones.
"""

from collections.abc import Iterable, Sequence
from threading import Lock

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, Table, Text

from earlystart_sql.guards import mend
from earlystart_sql.raw import mark, one, run

metadata = MetaData()

term = Table(
    "term",
    metadata,
    Column("n", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False, unique=True),
)

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
    """The terms that this process remembers: all committed ones up to some number. Shared by threads."""

    def __init__(self) -> None:
        self.texts: list[str] = [""]  # by number; 0 is none
        self.numbers: dict[str, int] = {}
        self._lock = Lock()

    def keep(self, after: int, texts: Sequence[str]) -> None:
        """Adds the committed terms that follow that number."""
        with self._lock:
            for number, text in enumerate(texts, after + 1):
                if number == len(self.texts):
                    self.numbers[text] = number  # first: who counts the texts finds the numbers of all of them
                    self.texts.append(text)


class Terms:
    """The terms as one transaction sees them: remembered ones, those it reads, and those that it adds."""

    def __init__(self, words: Words, connection: Connection) -> None:
        self._words = words
        self._connection = connection
        self._after = len(words.texts) - 1
        self._texts: list[str] = []  # those with numbers after that
        self._numbers: dict[str, int] = {}
        self._read = False

    def number(self, text: str) -> int | None:
        """The number of a term, None where it has none."""
        found = self._words.numbers.get(text) or self._numbers.get(text)
        if found is None and not self._read:
            self._read_on()
            found = self._numbers.get(text)
        return found

    def text(self, number: int) -> str:
        """The term of a number. Raises IndexError for a number that none has."""
        if number <= self._after:
            return self._words.texts[number]
        if number > self._after + len(self._texts):
            self._read_on()
        return self._texts[number - self._after - 1]

    def texts(self) -> list[str]:
        """The term of every number; of 0, which none has, nothing."""
        self._read_on()
        return [*self._words.texts[: self._after + 1], *self._texts]

    @property
    def known(self) -> list[str]:
        """The remembered terms by number."""
        return self._words.texts

    def add(self, texts: Iterable[str]) -> None:
        """Numbers those that have no number yet. Only under the append lock."""
        for text in texts:
            if self.number(text) is None:
                self._add(text)

    def remember(self) -> None:
        """Keeps what this transaction saw and added, now that it is committed."""
        if self._texts:
            self._words.keep(self._after, self._texts)

    def _add(self, text: str) -> None:
        number = self._after + len(self._texts) + 1
        sign = mark(self._connection)
        run(self._connection, f"INSERT INTO term (n, text) VALUES ({sign}, {sign})", (number, text))
        self._take(text)

    def _read_on(self) -> None:
        """Takes in what is there and not known yet; a transaction that reads sees no more later."""
        self._read = True
        known = self._after + len(self._texts)
        for (text,) in run(self._connection, f"SELECT text FROM term WHERE n > {known} ORDER BY n").fetchall():
            self._take(text)

    def _take(self, text: str) -> None:
        self._texts.append(text)
        self._numbers[text] = self._after + len(self._texts)
