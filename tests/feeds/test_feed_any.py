"""Any feed, with any faults, comes to what a naive reading of the contract says, one feed after another."""

from pathlib import Path

from feed_kit import SqlPlace, Store, naive_story, recorded_story, take
from made_feed import Maker
from naive_feed import Importer

from earlystart_feeds import Report
from tests.depth import seeds


def agree(report: Report, naive: Importer) -> None:
    assert [(each.file, each.line, each.field, each.reason) for each in report.refused] == naive.refused
    counts = {file: [each.accepted, each.already_known, each.refused] for file, each in report.files.items()}
    assert counts == naive.counts


@seeds(60)
def test_feed_after_feed(seed: int, tmp_path: Path) -> None:
    maker, store, naive = Maker(seed, faults=(seed % 4) * 0.03), Store(), Importer()
    feed = maker.feed()
    for number in range(3):
        folder = maker.write(tmp_path / str(number), feed)
        agree(take(store, folder), naive.take(folder))
        assert recorded_story(store) == naive_story(naive.events)
        head, again = store.log.head(), take(store, folder)
        assert (store.log.head(), again.total.accepted) == (head, 0)
        assert [each[:2] for each in naive.refused] == [(each.file, each.line) for each in again.refused]
        feed = maker.later(feed)


@seeds(4)
def test_the_same_on_sql(seed: int, sql_url: str, tmp_path: Path) -> None:
    maker, store, naive = Maker(seed + 1000), SqlPlace(sql_url), Importer()
    feed = maker.feed()
    for number in range(2):
        folder = maker.write(tmp_path / str(number), feed)
        agree(take(store, folder), naive.take(folder))
        feed = maker.later(feed)
    assert recorded_story(store) == naive_story(naive.events)
    store.close()
