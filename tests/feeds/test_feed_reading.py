"""What a feed's files may look like, and that hostile ones harm nothing."""

from io import BytesIO
from pathlib import Path

import pytest
from base_feed import BASE, Rows, add, base, written
from feed_kit import Store, entries, take, write
from naive_feed import COLUMNS

from earlystart_feeds.reading import Room, Row, read_feed, read_table
from earlystart_feeds.tables import CASES, MOVES, TABLES, TEAMS, Table

HEADER = "team,cluster,name"


def rows_in(text: str | bytes, table: Table = TEAMS) -> list[Row]:
    rows, _ = read_table(table, BytesIO(text.encode() if isinstance(text, str) else text), Room())
    return rows


def lines(text: str | bytes) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.line, row.values) for row in rows_in(text)]


def test_the_tables_are_the_contract_s() -> None:
    assert {table.file: list(table.at) for table in TABLES} == COLUMNS


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{HEADER}\na,b,c\n", [(2, ("a", "b", "c"))]),
        (f"{HEADER}\r\na,b,c\r\n", [(2, ("a", "b", "c"))]),
        (f"{HEADER}\na,b,c", [(2, ("a", "b", "c"))]),
        (f"{HEADER}\r\na,b,c\r", [(2, ("a", "b", "c"))]),
        (f"{HEADER}\n\n\r\na,b,c\n  \nd,e,f\n\n", [(4, ("a", "b", "c")), (6, ("d", "e", "f"))]),
        (f"\n\n{HEADER}\na,b,c\n", [(4, ("a", "b", "c"))]),
        (f'{HEADER}\na,"b\nb\r\nb",c\nd,e,f\n', [(2, ("a", "b\nb\r\nb", "c")), (5, ("d", "e", "f"))]),
        (f'{HEADER}\na,"b, ""c""","\n\n"\nd,,\n', [(2, ("a", 'b, "c"', "\n\n")), (5, ("d", "", ""))]),
        (f'{HEADER}\r\n"a","b","c"\r\n"d","e","f"', [(2, ("a", "b", "c")), (3, ("d", "e", "f"))]),
        (f'{HEADER}\na,b "b" b,c\n', [(2, ("a", 'b "b" b', "c"))]),
        ("name,extra,team\nc,x,a\n", [(2, ("a", "", "c"))]),
        (f"{HEADER}\na\na,b\na,b,c\n", [(2, ("a", "", "")), (3, ("a", "b", "")), (4, ("a", "b", "c"))]),
        (f"{HEADER}\n,,\n", [(2, ("", "", ""))]),
        (f'{HEADER}\n""\n', [(2, ("", "", ""))]),
        (f"{HEADER}\na\x0bb,c\x0cd,\u2028e\x85\n", [(2, ("a\x0bb", "c\x0cd", "\u2028e\x85"))]),
        (f"{HEADER}\na\x00,b,c\n", [(2, ("a\x00", "b", "c"))]),
        (HEADER, []),
        ('"team","cluster",name\n', []),
    ],
)
def test_rows_and_the_lines_on_which_they_start(text: str, found: list[tuple[int, tuple[str, ...]]]) -> None:
    assert lines(text) == found


@pytest.mark.parametrize(
    ("header", "row", "surplus"),
    [
        ("team,cluster,name", "a,b,c,d", "name"),
        ("team,cluster,name", "a,b,c,", "name"),
        ("team,cluster,name", 'a,b,c,"d', "name"),
        ("team,cluster,name", 'a,b,c,"d",e,f,g', "name"),
        ("name,team,cluster", "c,a,b,d", "cluster"),
        ("team,cluster,name,Note", "a,b,c,d,e", "Note"),
        ("team,cluster,name,", "a,b,c,d,e", "name"),
        ("team,cluster,name,", "a,b,c,d", None),
        ("team,cluster,name,Note", "a,b,c", None),
        ("team,cluster,name", "a,b,c", None),
    ],
)
def test_a_row_with_more_fields_than_its_header(header: str, row: str, surplus: str | None) -> None:
    """The last column is the one that the row names, whichever the table knows."""
    (first, second) = rows_in(f"{header}\n{row}\na,b,c\n")
    assert (first.surplus, second.surplus) == (surplus, None)
    assert first.values == ("a", "b", "c")


@pytest.mark.parametrize(
    "note",
    [
        b"caf\xe9",
        b"\xff\xfe\x00",
        b"\xed\xa0\x80",
        b'5" pipe',
        b'"5" pipe',
        b'"never closed',
        b'"a, and a comma, never closed',
        b'""',
        b'"a "" b"',
        b'"two\nlines"',
        b"cr\ronly",
        b"x" * 3_000_000,
        b'"' + b"x" * 3_000_000 + b'"',
        b'"' + b'""' * 1_500_000 + b'"',
        "\u202e\u0000".encode(),
    ],
)
@pytest.mark.parametrize("last", [False, True])
def test_an_unknown_column_is_ignored_whatever_stands_in_it(note: bytes, last: bool) -> None:
    fields = [b"b", b"c"]
    fields.insert(2 if last else 1, note)
    header = b"team,cluster,name,Note" if last else b"team,cluster,Note,name"
    found = rows_in(header + b"".join(b"\n" + b",".join([team, *fields]) for team in (b"a", b"d", b"e")))
    assert [row.values[0] for row in found] == ["a", "d", "e"]
    is_one_field = b"comma" not in note  # a comma behind a quote that nobody closed is a comma
    assert [row.surplus for row in found] == [None if is_one_field else header.split(b",")[-1].decode()] * 3


def test_a_hundred_thousand_surplus_fields_are_one_row() -> None:
    (first, second) = rows_in(
        b"team,cluster,name\na,b,c" + b",x" * 100_000 + b',"y\n",z' + b"," * 900_000 + b"\nd,e,f\n"
    )
    assert (first.surplus, second.surplus, second.line) == ("name", None, 4)


def test_two_quotes_make_one_field_also_across_lines() -> None:
    """RFC 4180 says so, and nobody can tell it from a note of two lines."""
    assert [row.values[0] for row in rows_in('team,cluster,name,Note\na,b,c,"\nd,b,c,"\ne,b,c,x\n')] == ["a", "e"]


def test_a_byte_order_mark(tmp_path: Path) -> None:
    write(tmp_path, {"teams.csv": b"\xef\xbb\xbf" + f"{HEADER}\na,b,c\n".encode()})
    assert [row.values for row in read_feed(tmp_path).rows["teams.csv"]] == [("a", "b", "c")]
    write(tmp_path, {"teams.csv": b'\xef\xbb\xbf"team",cluster,name\na,b,c\n'})
    assert [row.values for row in read_feed(tmp_path).rows["teams.csv"]] == [("a", "b", "c")]


def test_unknown_columns_are_named_once_and_absent_files_too(tmp_path: Path) -> None:
    long = "x" * 30_000
    write(tmp_path, {"teams.csv": f"Note,team,Note,,cluster,name,{long}\n1,a,2,3,b,c\n", "other.csv": "x"})
    report = take(Store(), tmp_path)
    assert report.unknown_columns == {"teams.csv": ["Note", "x" * 100 + "…"]}
    assert report.absent == [table.file for table in TABLES[1:]]
    assert report.total.accepted == 1


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
    (row,) = rows_in("team,child_ref\narmley,C1\n", CASES)
    assert (row["child_ref"], row["team"], row["born_on"], row.id) == ("C1", "armley", "", "C1")
    (row,) = rows_in("child_ref\nC1\n", MOVES)
    assert row.id == ("C1", "", "", "", "")
