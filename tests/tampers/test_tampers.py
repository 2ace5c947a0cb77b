"""The page of which check notices which tamper says what is so: each is made on a real store, and every cell compared."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.depth import Depth
from tests.tampers.checks import BY_CHECKPOINT, COLUMNS, NO, NOTICED, QUESTIONS, RIGHT, asked, cells
from tests.tampers.page import HEAD, PATH, TITLES, line, truths_of
from tests.tampers.store import KEK, copied, make, tables_of, tampered
from tests.tampers.tampers import FORGED, TAMPERS, VIEWS

Name = tuple[str, str]
ALL = {name: statements for of in TAMPERS.values() for name, statements in of.items()}
SOME = [*ALL] if Depth.whole else [*ALL][::4]
UNTOUCHED = {"store"}  # what PostgreSQL's store says it is: where it says something else the store does not open


@pytest.fixture(scope="module", autouse=True)
def _kek() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARLYSTART_KEK", KEK)
        yield


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, _kek: None) -> Path:
    """A whole store on SQLite; not to be written to."""
    folder = tmp_path_factory.mktemp("base")
    make(str(folder / "store.db"), folder)
    return folder / "store.db"


@pytest.fixture(scope="module")
def truths(base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each question gives of it."""
    return truths_of(base, tmp_path_factory.mktemp("truths"))


def page() -> dict[Name, list[str]]:
    """The cells of the page's rows, by table and what is changed there."""
    rows = [row.strip("| ").split(" | ") for row in PATH.read_text("utf-8").splitlines() if row.startswith("| `")]
    return {(table.strip("`"), what): found for table, what, *found in rows}


def test_the_page_has_every_tamper_and_no_other() -> None:
    """`python -m tests.tampers.page` writes it again."""
    text = PATH.read_text("utf-8")
    assert list(page()) == list(ALL)
    assert text.startswith(HEAD)
    assert text.count(TITLES) == len(TAMPERS)


def test_every_table_of_a_store_has_a_row(base: Path, tmp_path: Path) -> None:
    found = tables_of(copied(base, tmp_path)) - UNTOUCHED
    named = {table for table, _ in ALL}
    assert {table for table in found if not any(table.startswith(one) for one in named)} == set()
    assert len(found) >= 22


def test_in_a_store_that_nobody_changed_all_is_right(base: Path, truths: dict[str, Any], tmp_path: Path) -> None:
    sound = [RIGHT] * len(QUESTIONS) + [NO] * (len(COLUMNS) - len(QUESTIONS))
    assert cells(copied(base, tmp_path), truths, base.parent) == sound


@pytest.mark.chance
@pytest.mark.parametrize("name", SOME, ids=" ".join)
def test_a_tamper_is_noticed_as_the_page_says(base: Path, truths: dict[str, Any], tmp_path: Path, name: Name) -> None:
    url = copied(base, tmp_path)
    tampered(url, ALL[name])
    assert line(name, cells(url, truths, base.parent)) == line(name, page()[name])


def test_what_is_made_from_the_log_gives_a_reader_no_other_answer() -> None:
    """Nor a command, nor an answer about retention: these come from the log. An earlier moment believes a segment."""
    rows = {what: dict(zip(COLUMNS, page()[table, what], strict=True)) for table, what in TAMPERS[VIEWS]}
    assert len(rows) >= 17
    for column in ("a reader", "`retention`", "a command"):
        assert {row[column] for row in rows.values()} == {RIGHT}
    assert {what for what, row in rows.items() if row["an earlier moment"] != RIGHT} == {FORGED}


def test_a_wrong_answer_is_noticed_by_a_check() -> None:
    """But for an entry since the last checkpoint that is changed with its hash."""
    silent = [
        what
        for (_, what), found in page().items()
        if set(found[: len(QUESTIONS)]) != {RIGHT} and not {NOTICED, BY_CHECKPOINT} & {*found[len(QUESTIONS) :]}
    ]
    assert silent == ["an entry since the last checkpoint is changed with its hash"]


@pytest.fixture(scope="module")
def on_postgres(postgres_server: str, tmp_path_factory: pytest.TempPathFactory, _kek: None) -> Iterator["Postgres"]:
    yield from Postgres.made(postgres_server, tmp_path_factory.mktemp("postgres"))


class Postgres:
    """A whole store in a database that is not written to, copies of it, and what each question gives of it."""

    def __init__(self, server: str, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.name = f"base{uuid.uuid4().hex}"
        self.truths: dict[str, Any] = {}

    @classmethod
    def made(cls, server: str, folder: Path) -> Iterator["Postgres"]:
        self = cls(server, folder)
        self._run(f"CREATE DATABASE {self.name}")
        make(self._url(self.name), folder)
        for question in QUESTIONS:
            for url in self.copied():
                self.truths[question] = asked(url, question)
        yield self
        self._run(f"DROP DATABASE {self.name} WITH (FORCE)")

    def copied(self) -> Iterator[str]:
        """The URL of a copy, which is dropped when the loop goes on."""
        name = f"copy{uuid.uuid4().hex}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {self.name}")
        yield self._url(name)
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _url(self, name: str) -> str:
        return self.server.replace("/postgres?", f"/{name}?")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement)


@pytest.mark.exhaustive
def test_every_table_has_a_row_on_postgresql_too(on_postgres: Postgres) -> None:
    for url in on_postgres.copied():
        named = {table for table, _ in ALL} | UNTOUCHED
        assert {one for one in tables_of(url) if not any(one.startswith(name) for name in named)} == set()


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ALL, ids=" ".join)
def test_the_same_on_postgresql(on_postgres: Postgres, name: Name) -> None:
    for url in on_postgres.copied():
        tampered(url, ALL[name])
        found = cells(url, on_postgres.truths, on_postgres.folder)
        assert line(name, found) == line(name, page()[name])
