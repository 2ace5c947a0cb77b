"""What a fold or a build took to be so, and someone changed before it was done: new ids, terms made anew."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from earlystart_core.record import Record
from earlystart_core.replay.check import rows_by_row
from earlystart_core.views import VIEW, VIEWS
from earlystart_core.words import EVENTS
from earlystart_sql.segments import SqlShelf
from tests.cli.conftest import city, copied

from .told import open_case

__all__ = ["city"]


@pytest.fixture
def sealed(city: Path, tmp_path: Path) -> Iterator[Record]:
    with Record.open(f"sqlite:///{copied(city, tmp_path)}") as record:
        record.rebuild("rows")
        record.rebuild("segments")
        yield record


def rows_of(record: Record) -> dict[str, list[dict[str, object]]]:
    return {view.name: [*record.view(view.name).rows] for view in VIEWS}


def truth(record: Record) -> dict[str, list[dict[str, object]]]:
    return rows_by_row(record.store.log, EVENTS, record.store.log.head())


def test_ids_that_come_while_a_log_is_folded_belong_to_no_row_of_it(sealed: Record) -> None:
    past = sealed.as_at()
    expected = rows_of(sealed)
    past._frames.fold(["case_status"])
    open_case(sealed)
    assert [*past.view("case_status").rows] == expected["case_status"]
    serve = sealed.store.views._builder.serve

    def serving(folded, leaf, how):
        open_case(sealed)
        return serve(folded, leaf, how)

    sealed.store.views._builder.serve = serving
    assert sealed.rebuild("segments").views["case_status"].rows == len(expected["case_status"]) + 1
    assert rows_of(sealed) == truth(sealed)


@pytest.mark.parametrize("place", range(1, 18, 4))
def test_terms_made_anew_in_the_middle_of_a_rebuild(
    sealed: Record, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    """They number other texts from then on: neither that rebuild nor a later sealing may serve the old numbers."""
    read, reading = SqlShelf.blobs, []

    def blobs(shelf, *asked):
        reading.append(asked)
        if len(reading) == place:
            with sealed.store.log.writing() as connection:
                connection.exec_driver_sql("DROP TABLE term").close()
        return read(shelf, *asked)

    with monkeypatch.context() as patch:
        patch.setattr(SqlShelf, "blobs", blobs)
        sealed.rebuild("segments")
    assert len(reading) >= place
    assert rows_of(sealed) == truth(sealed)
    sealed.store.views.shelf.seal()
    assert rows_of(sealed) == truth(sealed)
    assert sealed.store.views.check()[1] == []


def test_the_past_that_was_opened_before_terms_were_made_anew(sealed: Record) -> None:
    past = sealed.as_at()
    expected = rows_of(sealed)
    with sealed.store.log.writing() as connection:
        connection.exec_driver_sql("DROP TABLE term").close()
    sealed.rebuild("rows")
    assert {name: [*past.view(name).rows] for name in VIEW} == expected


def test_columns_that_are_asked_for_one_after_the_other_stay_on_their_rows(sealed: Record) -> None:
    """Also where the key has several parts, whose rows are numbered in each fold."""
    whole = sealed.as_at()._frames.frame("consent_status")
    frames = sealed.as_at()._frames
    for names in (["decision"], ["person", "wording"], ["until"], ["decided_at", "position"]):
        found = frames.frame("consent_status", names)
        assert found.equals(whole.select(found.columns))
