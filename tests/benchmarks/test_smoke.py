"""The benchmarks run: on a city of some days, every side gives the same views and every figure has its ratio."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.city import make_city
    from benchmarks.run import Run

    yield Run(make_city(tmp_path, 15_000, 3, lambda _: None), lambda _: None, short=True)
    for name in [name for name in sys.modules if name.partition(".")[0] == "benchmarks"]:
        del sys.modules[name]


def test_folding_gives_equal_views_on_all_sides_and_a_ratio_for_each(run):
    from benchmarks import fold

    fold.measure(run)
    assert [figure.name for figure in run.results.figures] == [
        "fold_stock",
        "fold_with_read_stock",
        "fold_best",
        "fold_with_read_best",
    ]
    assert all(figure.ratio.middle > 0 and figure.busy.middle > 0 for figure in run.results.figures)


def test_a_command_leaves_both_sides_with_the_same_row(run, monkeypatch):
    from benchmarks import command

    command.measure(run)
    assert {figure.name for figure in run.results.figures} == {"command", "command_cached"}


def test_sealing_a_field_is_timed(run):
    from benchmarks import sealing

    sealing.measure(run)
    (figure,) = run.results.figures
    assert (figure.name, figure.rate.middle > 0) == ("sealing", True)
    assert run.results.notes


def test_a_ratio_that_fell_by_over_a_third_is_a_failure(run, monkeypatch, tmp_path):
    from benchmarks import __main__ as main
    from benchmarks.measure import Figure, Spread

    monkeypatch.setattr(main, "RATIOS", tmp_path / "ratios.json")
    run.results.figures.append(Figure("rebuild", "", "", ratio=Spread((9.0,)), busy=Spread((9.0,))))
    assert main.compare(run.results, keep=True) == 0
    assert main.compare(run.results, keep=False) == 0
    run.results.figures[:] = [Figure("rebuild", "", "", ratio=Spread((9.0,)), busy=Spread((5.9,)))]
    assert main.compare(run.results, keep=False) == 1
