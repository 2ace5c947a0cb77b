"""Whatever was done to a store's tables in PostgreSQL, commands and public functions end with one sentence."""

from collections.abc import Iterator

import pytest

from tests.fuzz.tables import Tables

PLAIN = 3


@pytest.fixture(scope="module")
def store(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARLYSTART_KEK", "5a" * 32)
        made = Tables(postgres_server, tmp_path_factory.mktemp("tables"))
        yield made
        made.close()


@pytest.mark.parametrize(
    "seed", [*range(PLAIN), *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in range(PLAIN, 30))]
)
def test_damaged_tables_give_sentences_and_no_wrong_answer(seed: int, store: Tables) -> None:
    """Rows, columns, tables, settings and rights; where no check doubts, answers are as before."""
    assert not store.damaged(seed)
