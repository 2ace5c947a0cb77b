"""The benchmarks run: on a city of some days, every side gives the same views and every figure has its ratio."""

from importlib.util import find_spec
from shutil import copyfile

import pytest

pytestmark = pytest.mark.exhaustive
needs_bench = pytest.mark.skipif(
    find_spec("duckdb") is None or find_spec("pyarrow") is None,
    reason="the peers need the bench extra: pip install '.[bench]'",
)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    from benchmarks.city import make_city

    return make_city(tmp_path_factory.mktemp("city"), 15_000, 3, lambda _: None)


@pytest.fixture(scope="module")
def stock(city):
    from benchmarks.run import Run

    return Run(city, lambda _: None).stock


@pytest.fixture
def run(city, stock, tmp_path):
    """A run of its own on a copy of the city, so that no test sees what another added."""
    from benchmarks.city import City
    from benchmarks.run import Run

    copyfile(city.path, tmp_path / city.path.name)
    found = Run(City(tmp_path, city.events, city.seed), lambda _: None, short=True)
    found.stock = stock
    return found


def named(run):
    return [figure.name for figure in run.results.figures]


def test_folding_gives_equal_views_on_all_sides_and_a_ratio_for_each(run):
    from benchmarks import fold

    fold.measure(run)
    assert named(run) == ["fold_stock", "fold_best"]
    assert all(figure.ratio.middle > 0 and figure.busy.middle > 0 for figure in run.results.figures)


@pytest.mark.parametrize("by_key", [True, False])
def test_polars_by_hand_gives_our_views_in_either_layout(run, by_key):
    from benchmarks import lazy
    from benchmarks.fold import expect_equal, frames

    with run.city.record() as record:
        ours = frames(record)
    expect_equal(ours, lazy.fold(run.parquet(by_key=by_key)), "Polars")
    assert all(len(frame) for frame in ours.values())


@needs_bench
@pytest.mark.parametrize("by_key", [True, False])
def test_duckdb_by_hand_gives_our_views_in_either_layout(run, by_key):
    from benchmarks import duck
    from benchmarks.fold import expect_equal, frames

    with run.city.record() as record:
        ours = frames(record)
    files = run.parquet(by_key=by_key)
    with duck.connect(files) as connection:
        expect_equal(ours, duck.as_frames(duck.fold(files, connection)), "DuckDB")
    assert all(len(frame) for frame in ours.values())


def test_views_that_differ_end_the_run(run):
    from benchmarks.fold import expect_equal, frames

    with run.city.record() as record:
        ours = frames(record)
    with pytest.raises(SystemExit, match=r"a peer: case_status is not equal to ours"):
        expect_equal(ours, ours | {"case_status": ours["case_status"].head(3)}, "a peer")


def test_rebuilds_from_segments_and_from_rows_have_their_ratio(run):
    from benchmarks import rebuild

    rebuild.measure(run)
    assert named(run) == ["rebuild_segments", "rebuild_rows"]
    assert any("faster form" in note for note in run.results.notes)


@pytest.mark.parametrize("form", ["text", "numbers"])
def test_the_tables_of_the_peer_hold_every_row_once_each_time_they_are_made(run, tmp_path, form):
    import sqlite3

    from benchmarks.committed import Tables

    views = run.stock.replay()
    tables = Tables(tmp_path / "peer.db", form)
    for _ in range(2):
        tables.commit(views)
    tables.close()
    with sqlite3.connect(tmp_path / "peer.db") as connection:
        counted = {view: connection.execute(f"SELECT count(*) FROM {view}").fetchone()[0] for view in views}
    connection.close()
    assert counted == {view: len(rows) for view, rows in views.items()}


def test_travel_has_a_figure_for_the_city_a_team_and_a_case(run):
    from benchmarks import as_at

    as_at.measure(run)
    assert named(run) == ["as_at_segments", "as_at_rows", "as_at_case", "as_at_team", "as_at_caseload"]


def test_a_tiled_city_has_as_many_rows_as_its_tiles_and_no_id_twice(run, tmp_path):
    from benchmarks.fold import frames
    from benchmarks.sizes import is_sealed, measure
    from benchmarks.tile import make_tiled

    make_tiled(run.city, tmp_path / "tiled.db", 3, lambda _: None)
    assert is_sealed(tmp_path / "tiled.db")
    with run.city.record() as record:
        one = {view: len(frame) for view, frame in frames(record).items()}
        some = frames(record)["case_status"]
    from benchmarks.child import opened

    with opened(tmp_path / "tiled.db") as record:
        three = frames(record)
    assert {view: len(frame) for view, frame in three.items()} == {view: 3 * rows for view, rows in one.items()}
    assert three["case_status"]["contacts_attended"].sum() == 3 * some["contacts_attended"].sum()
    run.others = (tmp_path / "tiled.db",)
    measure(run)
    assert sum(figure.name.startswith("memory_") for figure in run.results.figures) == 2


def test_a_log_straight_into_segments_gives_the_views_of_its_rows(run, tmp_path):
    from benchmarks.child import opened
    from benchmarks.fold import expect_equal, frames
    from benchmarks.straight import make_straight
    from benchmarks.tile import make_tiled

    make_tiled(run.city, tmp_path / "rows.db", 22, lambda _: None)
    make_straight(run.city, tmp_path / "straight.db", 22, lambda _: None)
    with opened(tmp_path / "rows.db") as rows, opened(tmp_path / "straight.db") as straight:
        assert len(straight.store.views.shelf.runs(straight.store.log.head())) == 2
        expect_equal(frames(rows), frames(straight), "straight into segments")


def test_a_store_that_is_not_sealed_is_no_size(run, tmp_path):
    from benchmarks.sizes import is_sealed
    from earlystart_sql.store import open_store

    with run.city.record() as record, open_store(str(tmp_path / "bare.db"), keys=":memory:") as store:
        store.log.append([one.event for one in record.store.log.read(limit=10).entries()])
    with pytest.raises(SystemExit, match="expected a store sealed up to its head, 10, got one sealed up to 0"):
        is_sealed(tmp_path / "bare.db")


def test_shares_name_every_part_of_a_rebuild(run):
    from benchmarks.cores import PARTS, shares

    found = shares(run)
    assert tuple(found) == PARTS
    assert all(seconds > 0 for seconds in found.values())


def test_catching_up_is_told_step_by_step(run):
    from benchmarks import catch_up

    catch_up.measure(run)
    assert [step for step, _ in run.results.lines["catch_up"]] == [1, 10, 100, 1_000]


def test_a_command_leaves_both_sides_with_the_same_row(run):
    from benchmarks import command

    command.measure(run)
    assert {figure.name for figure in run.results.figures} == {"command", "command_cached"}


def test_sealing_a_field_is_timed(run):
    from benchmarks import sealing

    sealing.measure(run)
    (figure,) = run.results.figures
    assert (figure.name, figure.rate.middle > 0) == ("sealing", True)
    assert run.results.notes


@needs_bench
def test_the_page_of_results_names_the_machine_the_load_and_the_limits(run):
    from benchmarks import results
    from benchmarks.measure import Figure, Spread

    run.results.figures.append(Figure("memory", "peak", "3 GB", amount=Spread((3.0,)), most=2.0, aim=1.0, unit="GB"))
    page = results._page(run, [])
    assert "| peak | 3 GB |  |  |  | at most 2 GB | at most 1 GB | no |" in page
    assert all(word in page for word in ("Load average", "seed 3", "polars", "## Limits"))


@needs_bench
def test_a_ratio_that_fell_by_over_a_third_is_a_failure(run, monkeypatch, tmp_path):
    from benchmarks import __main__ as main
    from benchmarks.measure import Figure, Spread

    monkeypatch.setattr(main, "RATIOS", tmp_path / "ratios.json")
    run.results.figures.append(Figure("rebuild_rows", "", "", ratio=Spread((9.0,)), busy=Spread((9.0,))))
    assert main.compare(run.results, keep=True) == 0
    assert main.compare(run.results, keep=False) == 0
    run.results.figures[:] = [Figure("rebuild_rows", "", "", ratio=Spread((9.0,)), busy=Spread((5.9,)))]
    assert main.compare(run.results, keep=False) == 1
