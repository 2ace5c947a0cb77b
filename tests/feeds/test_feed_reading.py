"""What a feed's files may look like, what they may not, and that hostile ones harm nothing."""

import os
import stat
from pathlib import Path

import pytest
from base_feed import BASE, Rows, add, base, written
from feed_kit import Store, entries, take, write
from naive_feed import COLUMNS

from earlystart_core.errors import Invalid
from earlystart_feeds.reading import NO_HEADER, read_feed, read_table
from earlystart_feeds.tables import CASES, MOVES, TABLES, TEAMS

HEADER = "team,cluster,name"


def lines(text: str) -> list[tuple[int, tuple[str, ...]]]:
    rows, _ = read_table(TEAMS, text)
    return [(row.line, row.values) for row in rows]


def test_the_tables_are_the_contract_s() -> None:
    assert {table.file: list(table.at) for table in TABLES} == COLUMNS


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{HEADER}\na,b,c\n", [(2, ("a", "b", "c"))]),
        (f"{HEADER}\r\na,b,c\r\n", [(2, ("a", "b", "c"))]),
        (f"{HEADER}\na,b,c", [(2, ("a", "b", "c"))]),
        (f"{HEADER}\n\n\r\na,b,c\n  \nd,e,f\n\n", [(4, ("a", "b", "c")), (6, ("d", "e", "f"))]),
        (f'{HEADER}\na,"b\nb\r\nb",c\nd,e,f\n', [(2, ("a", "b\nb\r\nb", "c")), (5, ("d", "e", "f"))]),
        (f'{HEADER}\na,"b, ""c""","\n\n"\nd,,\n', [(2, ("a", 'b, "c"', "\n\n")), (5, ("d", "", ""))]),
        ("name,extra,team\nc,x,a\n", [(2, ("a", "", "c"))]),
        (f"{HEADER}\na\na,b\na,b,c,d\n", [(2, ("a", "", "")), (3, ("a", "b", "")), (4, ("a", "b", "c"))]),
        (f"{HEADER}\n,,\n", [(2, ("", "", ""))]),
        (f'{HEADER}\n""\n', [(2, ("", "", ""))]),
        (f"{HEADER}\na\x0bb,c\x0cd,\u2028e\x85\n", [(2, ("a\x0bb", "c\x0cd", "\u2028e\x85"))]),
        (f"{HEADER}\na\x00,b,c\n", [(2, ("a\x00", "b", "c"))]),
        (HEADER, []),
        ("", []),
        ("\n\n", []),
    ],
)
def test_rows_and_the_lines_on_which_they_start(text: str, found: list[tuple[int, tuple[str, ...]]]) -> None:
    assert lines(text) == found


def test_a_byte_order_mark(tmp_path: Path) -> None:
    write(tmp_path, {"teams.csv": b"\xef\xbb\xbf" + f"{HEADER}\na,b,c\n".encode()})
    assert [row.values for row in read_feed(tmp_path).rows["teams.csv"]] == [("a", "b", "c")]


def test_unknown_columns_are_named_once_and_absent_files_too(tmp_path: Path) -> None:
    write(tmp_path, {"teams.csv": "Note,team,Note,,cluster,name\n1,a,2,3,b,c\n", "other.csv": "x"})
    report = take(Store(), tmp_path)
    assert report.unknown_columns == {"teams.csv": ["Note"]}
    assert report.absent == [table.file for table in TABLES[1:]]
    assert report.total.accepted == 1


def test_a_missing_header_puts_no_row_in_the_report(tmp_path: Path) -> None:
    write(tmp_path, {"CYP001MPI.csv": "L1,9990000018,2021-06-15\nL2,9990000026,2021-06-15\n"})
    report = take(Store(), tmp_path)
    assert report.unknown_columns == {"CYP001MPI.csv": [NO_HEADER]}
    assert report.total.refused == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"team,cluster,name\n\xff,b,c\n", "line 2: expected UTF-8"),
        ("team,cluster,name\n".encode("utf-16"), "line 1: expected UTF-8"),
        (b'team,cluster,name\na,b,c\nd,"e,f\ng,h,i\n', "line 3: .*opened and never closed"),
        (b'team,cluster,name\na,"b"b,c\n', "line 2: .*follows a closing quote"),
        (b"team,cluster,name\ra,b,c\rd,e,f\r", "line 1: .*line end within a field"),
        (b"team,cluster,name\na," + b"x" * 200_000 + b",c\n", "line 2: .*longer than 131,072"),
        (b"team,cluster,team\na,b,c\n", "found team more than once"),
    ],
)
def test_a_file_that_is_no_feed_file_is_a_wrong_call(tmp_path: Path, content: bytes, says: str) -> None:
    store = Store()
    folder = written(tmp_path / "feed", base())
    (folder / "teams.csv").write_bytes(content)
    with pytest.raises(Invalid, match=says) as caught:
        take(store, folder)
    assert caught.value.field == "teams.csv"
    assert entries(store) == []
    assert store.ledger.is_empty()


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    for folder in (tmp_path / "nothing", write(tmp_path / "empty", {}), write(tmp_path / "other", {"a.csv": "x"})):
        with pytest.raises(Invalid) as caught:
            take(Store(), folder)
        assert caught.value.field == "folder"


def test_a_folder_in_a_file_s_place(tmp_path: Path) -> None:
    (tmp_path / "teams.csv").mkdir()
    with pytest.raises(Invalid, match="cannot be read"):
        take(Store(), tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write(tmp_path, {"teams.csv": HEADER}) / "teams.csv"
    path.chmod(stat.S_IWUSR)
    with pytest.raises(Invalid, match="cannot be read"):
        take(Store(), tmp_path)


def test_any_file_may_be_absent(tmp_path: Path) -> None:
    for number, file in enumerate(BASE):
        feed = base()
        del feed[file]
        report = take(Store(), written(tmp_path / str(number), feed))
        assert report.absent == [file]
        assert all(each.reason in ("unknown_team", "refers_to_not_accepted", "no_link") for each in report.refused)


HOSTILE = [
    "\x00",
    "\u202e",
    "a\x1b[31m",
    "\ufeff",
    "\ud7ff\ue000",
    "=cmd|' /C calc'!A0",
    "'; DROP TABLE entry; --",
    "x" * 20_000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_any_field(tmp_path: Path, text: str) -> None:
    """Nothing that can be stored cannot be read, and no message repeats it."""
    for file in BASE:
        feed: dict[str, Rows] = base()
        for name in COLUMNS[file]:
            add(feed, file, **{name: text})
        store = Store()
        report = take(store, written(tmp_path / f"{file}.d", feed))
        assert text not in str(report.as_json())
        assert len(entries(store)) >= 14
        again = take(store, tmp_path / f"{file}.d")
        assert again.total.accepted == 0


def test_a_reason_that_is_no_text_is_kept_as_far_as_it_is(tmp_path: Path) -> None:
    feed = base()
    feed["moves.csv"][0]["reason"] = "one\r\ntwo\x00three\ttab"
    store = Store()
    report = take(store, written(tmp_path / "feed", feed))
    assert [(each.code, each.rows) for each in report.notes] == [("text.changed", [("moves.csv", 2)])]
    from earlystart_core.words import EVENTS

    (moved,) = (each for each in store.log.read() if each.event.type == "ResponsibilityPassed")
    assert EVENTS.opened(EVENTS.event(moved), moved, store.keys) == {"reason": "one\ntwo\ufffdthree\ttab"}


def test_row_access_by_column() -> None:
    rows, _ = read_table(CASES, "team,child_ref\narmley,C1\n")
    assert (rows[0]["child_ref"], rows[0]["team"], rows[0]["born_on"], rows[0].id) == ("C1", "armley", "", "C1")
    rows, _ = read_table(MOVES, "child_ref\nC1\n")
    assert rows[0].id == ("C1", "", "", "", "")
