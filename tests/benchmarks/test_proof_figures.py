"""The benchmark of the proof runs, and every figure has its rate or ratio."""

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.exhaustive
ROOT = Path(__file__).parents[2]


def test_verifying_and_appending_with_the_tree_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks import proof
    from benchmarks.city import make_city
    from benchmarks.run import Run

    run = Run(make_city(tmp_path, 12_000, 3, lambda _: None), lambda _: None, short=True)
    proof.measure(run)
    assert [figure.name for figure in run.results.figures] == ["verify_one", "verify_two", "append_tree"]
    assert all((figure.rate or figure.ratio).middle > 0 for figure in run.results.figures)
    for name in [name for name in sys.modules if name.partition(".")[0] == "benchmarks"]:
        del sys.modules[name]
