"""The stores that every question is asked of: a simulated city, and the small feed; and what their exports say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import naive
from tests.cli.conftest import call

SMALL = Path(__file__).parent.parent / "data" / "feeds" / "small"
CITY = ("--cases", "60", "--years", "3", "--seed", "11", "--teams", "3")


READ: dict[tuple[Path, str, str | None], list[dict[str, Any]]] = {}  # the naive reading is slow


class Place(NamedTuple):
    """A store, and its export as it is parsed."""

    db: Path
    entries: list[dict[str, Any]]

    def ask(self, question: int | str, *options: object) -> list[dict[str, Any]]:
        """The rows of an answer, as the command line prints them."""
        found = call("audit", "ask", question, "--db", self.db, "--json", *options)
        assert found.status == 0, found.err
        assert found.err.startswith("known=")
        rows: list[dict[str, Any]] = found.json
        return rows

    def view(self, name: str, at: str | None = None) -> list[dict[str, Any]]:
        """A view's rows by the naive reading, now or with both clocks at that moment; read once."""
        if (self.db, name, at) not in READ:
            READ[self.db, name, at] = naive.answer(name, self.entries, at, at)
        return READ[self.db, name, at]

    def standing(self, *types: str) -> list[dict[str, Any]]:
        """The entries of those types that count, in effective order."""
        return naive.of(naive.standing(self.entries), *types)

    def all(self, *types: str) -> list[dict[str, Any]]:
        """The entries of those types, struck ones too, by position."""
        return naive.of(self.entries, *types)


@pytest.fixture(scope="session", params=("city", "small"))
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Each of the two; not to be written to."""
    db = tmp_path_factory.mktemp("desk") / f"{request.param}.db"
    made = call("simulate", "--db", db, *CITY) if request.param == "city" else call("import", SMALL, "--db", db)
    assert made.status == 0
    exported = call("log", "export", "--db", db, "--ndjson")
    assert exported.status == 0
    return Place(db, naive.parse(exported.out.decode()))


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "config"))
    yield
