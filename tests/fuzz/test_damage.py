"""Whatever was done to a store's files, commands end with a status of the contract and one sentence."""

from pathlib import Path

import pytest

from earlystart_core import Record, StoreUnavailable, Unreadable
from earlystart_core.readable import readable
from tests.fuzz.damage import Store
from tests.fuzz.surroundings import one


class PanicException(BaseException):
    """As libraries written in Rust raise it."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(autouse=True)
def _key_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARLYSTART_KEK", raising=False)


@pytest.mark.parametrize("seed", (*range(10_000, 10_012), 3_050, 3_307))  # the last: found by the fuzzer
def test_a_damaged_store_gives_sentences_and_no_wrong_answer(seed: int, store: Store, tmp_path: Path) -> None:
    """Bits, cuts, swapped and earlier files, changed rows and tables; where no check doubts, answers are as before."""
    assert not store.damaged(seed, tmp_path / "damaged")


@pytest.mark.parametrize("seed", range(10_000, 10_004))
def test_odd_surroundings_give_sentences(seed: int, store: Store, tmp_path: Path) -> None:
    """Environment, folder, streams, limits and words."""
    assert one(seed, store.folder, store.case, tmp_path / "place") is None


def test_a_panic_of_a_library_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no Exception, and still comes out as StoreUnavailable."""
    with Record.open("memory://") as record:

        def panics() -> None:
            raise PanicException("called `Result::unwrap()` on an `Err` value")

        monkeypatch.setattr(record.store.views, "reading", panics)
        with pytest.raises(StoreUnavailable, match="a library gave up"):
            record.view("case_status")


@pytest.mark.parametrize("given", [{"subject": "case:x"}, {}])
def test_arguments_that_a_function_does_not_have_are_python_s_own_error(given: dict[str, str]) -> None:
    """The store is not to blame for a misspelt or a missing one."""
    with Record.open("memory://") as record, pytest.raises(TypeError, match="argument"):
        record.timeline(**given)


def test_what_is_no_panic_passes_through() -> None:
    """Ctrl-C stays Ctrl-C."""
    with pytest.raises(KeyboardInterrupt), readable():
        raise KeyboardInterrupt


def test_a_stored_value_that_does_not_belong_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it makes Python say; and where it was met is named."""
    with Record.open("memory://") as record:
        monkeypatch.setattr(record.store.views, "reading", lambda: "".index("x"))
        with pytest.raises(Unreadable, match=r"does not belong there \(ValueError in test_damage\.py:\d+\)"):
            record.view("case_status")
