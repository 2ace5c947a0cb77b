"""What is no feed: one sentence that says what was expected, what was found and what to do; and nothing is stored."""

import gzip
import os
import socket
import stat
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from base_feed import base, written
from feed_kit import Store, entries, take, write

from earlystart_core.errors import Invalid, Refused
from earlystart_feeds import pieces, reading
from tests.rights import bound

TEAMS = "team,cluster,name\narmley,inner-west,Armley\n"
CASES = "child_ref,family_ref,team,opened_on,born_on,closed_on,close_reason"


def zipped(name: str, content: bytes = b"x") -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), content)  # of no time: one archive in every worker
    return made.getvalue()


def spreadsheet() -> bytes:
    return zipped("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")


OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000)
NO_CSV = [
    (b"", "an empty file"),
    (b"\0" * 5_000, "nothing but NUL bytes"),
    (TEAMS.encode("utf-16"), "text in UTF-16"),
    (TEAMS.encode("utf-16-le"), "text in UTF-16"),
    (TEAMS.encode("utf-16-be"), "text in UTF-16"),
    (TEAMS.encode("utf-32"), "text in UTF-16"),
    (TEAMS.replace("\n", "\r").encode(), "line ends of CR alone"),
    (zipped("[Content_Types].xml"), "an Excel workbook"),
    (spreadsheet(), "an OpenDocument spreadsheet"),
    (zipped("teams.csv", TEAMS.encode()), "a zip archive"),
    (gzip.compress(TEAMS.encode(), mtime=0), "a gzip archive"),
    (OLD_EXCEL, "an old Excel workbook"),
    (b"%PDF-1.7\n", "a PDF document"),
]
NO_COLUMNS = [
    (TEAMS.replace(",", ";"), "semicolons between the columns"),
    (TEAMS.replace(",", "\t"), "tabs between the columns"),
    ('"team"|"cluster"|"name"\n', "bars between the columns"),
    ("Team;Cluster;Name\n", "semicolons between the columns"),
    ("<html><body>Please log in</body></html>", "a web page or XML"),
    ('[{"team": "armley"}]', "JSON"),
    (f"sep=;\n{TEAMS}", "a line about separators before the header"),
    ("Team,CLUSTER,Name\n", "their names in another spelling"),
    (" team, cluster , name\n", "their names in another spelling"),
    ("child_ref,tier,decided_on,reason\n", "those of tiers.csv"),
    ("LocalPatientID,NHSNumber,DateOfBirth\n", "those of CYP001MPI.csv"),
    ("armley,inner-west,Secret\n", "none of them"),
    ("Secret\n", "none of them"),
    ("\n\n", "none of them"),
]
WRONG_COLUMNS = [
    ("team,cluster,team\na,b,c\n", "column team once, found it 2 times"),
    ("team,cluster,name,name,name\n", "column name once, found it 3 times"),
    ("team,Cluster,name\n", "column cluster once, found it in another spelling"),
    ("team,clus-ter,name\n", "column cluster once, found it in another spelling"),
    ("\ufeff\ufeffteam,cluster,name\n", "column team once, found it in another spelling"),
    ("\u00a0team,cluster,name\n", "column team once, found it in another spelling"),
    ("team,cluster,name \n", "column name once, found it in another spelling"),
]
UNREADABLE = [
    (b"team,cluster,name\na,b,Caf\xe9\n", "line 2, name: expected text in UTF-8, found other bytes, such as Windows"),
    (b'team,cluster,name\na,b,c\n"d",\x93e\x94,f\n', "line 3, cluster: expected text in UTF-8"),
    (b'team,cluster,name\na,b,c\nd,"e,f\ng,h,i\n', "line 3: .*opened and never closed"),
    (b'team,cluster,name\na,"b"b,c\n', "line 2: .*text after a closing quote"),
    (b"team,cluster,name\na,b\rb,c\n", "line 2: .*a line end within a field"),
    (b"team,cluster,name\ra,b,c\nd,e,f\n", "line 1: .*a line end within a field"),
    (b"team,cluster,name\na," + b"x" * 200_000 + b",c\n", "line 2: .*at most 131,072 bytes, found a longer one"),
    (b'team,cluster,name\na,"' + b"x" * 200_000 + b'",c\n', "line 2: .*at most 131,072 bytes, found a longer one"),
    (b"team,cluster,name," + b"x" * 70_000 + b"\n", "a header row of at most 65,536 bytes"),
]


def refusal(store: Store, folder: Path) -> Refused:
    """Why that folder is no feed; nothing of it was stored."""
    with pytest.raises(Refused) as caught:
        take(store, folder)
    assert caught.value.code.startswith("feed.")
    assert "\n" not in caught.value.message
    assert "Secret" not in caught.value.message
    assert entries(store) == []
    assert store.ledger.is_empty()
    return caught.value


@pytest.mark.parametrize(("content", "found"), NO_CSV)
def test_a_file_that_is_no_csv_file(tmp_path: Path, content: bytes, found: str) -> None:
    folder = written(tmp_path / "feed", base())
    (folder / "teams.csv").write_bytes(content)
    refused = refusal(Store(), folder)
    assert refused.code == "feed.no_csv"
    assert f"teams.csv: expected a CSV file, found {found}" in refused.message


@pytest.mark.parametrize(("content", "found"), NO_COLUMNS)
def test_a_file_without_one_known_column(tmp_path: Path, content: str, found: str) -> None:
    folder = written(tmp_path / "feed", base())
    (folder / "teams.csv").write_text(content)
    refused = refusal(Store(), folder)
    assert refused.code == "feed.no_columns"
    assert f"teams.csv: expected a header row with the columns team, cluster, name, found {found}: " in refused.message


@pytest.mark.parametrize(("content", "found"), WRONG_COLUMNS)
def test_a_known_column_that_stands_wrongly(tmp_path: Path, content: str, found: str) -> None:
    folder = written(tmp_path / "feed", base())
    (folder / "teams.csv").write_text(content)
    refused = refusal(Store(), folder)
    assert refused.code == "feed.wrong_column"
    assert f"teams.csv: expected the {found}: " in refused.message


@pytest.mark.parametrize(("content", "says"), UNREADABLE)
def test_a_file_that_cannot_be_read_to_its_end(tmp_path: Path, content: bytes, says: str) -> None:
    folder = written(tmp_path / "feed", base())
    (folder / "teams.csv").write_bytes(content)
    with pytest.raises(Refused, match=says):
        take(Store(), folder)
    assert refusal(Store(), folder).message.startswith("teams.csv: ")


# --- the folder ---------------------------------------------------------------------------------------------------


def test_a_folder_with_no_file_of_a_feed(tmp_path: Path) -> None:
    folder = write(tmp_path / "feed", {})
    assert "found an empty folder" in refusal(Store(), folder).message
    write(folder, {"Jo Secret.xlsx": b"x", "b.xlsx": b"x", "c.txt": b"x", "no suffix": b"x"})
    said = refusal(Store(), folder)
    assert said.code == "feed.no_files"
    assert "found none of these names among 4 others (2 .xlsx, " in said.message
    assert "save each table as a file of its own" in said.message
    (folder / "2026-11").mkdir()
    assert "among 5 others" in refusal(Store(), folder).message
    write(folder / "2026-11", {"moves.csv": "x"})
    assert "found them in a folder inside it: import that folder" in refusal(Store(), folder).message


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (TEAMS.encode(), "a file: import the folder that it is in"),
        (zipped("teams.csv"), "a zip archive: unpack it"),
        (zipped("xl/workbook.xml"), "an Excel workbook"),
        (spreadsheet(), "an OpenDocument spreadsheet"),
        (gzip.compress(b"x", mtime=0), "a gzip archive"),
        (b"", "an empty file"),
    ],
)
def test_a_file_in_the_folder_s_place(tmp_path: Path, content: bytes, found: str) -> None:
    write(tmp_path, {"teams.csv": content})
    assert f"found {found}" in refusal(Store(), tmp_path / "teams.csv").message


def test_no_folder_is_a_wrong_call(tmp_path: Path) -> None:
    for folder in (tmp_path / "nothing", tmp_path / "a\0b", tmp_path / ("x" * 300)):
        with pytest.raises(Invalid) as caught:
            take(Store(), folder)
        assert caught.value.field == "folder"


@pytest.mark.parametrize("name", ["Cases.csv", "cases.CSV", "CASES.csv"])
def test_a_file_s_name_in_other_capitals(tmp_path: Path, name: str) -> None:
    folder = written(tmp_path / "feed", base())
    (folder / "cases.csv").rename(folder / name)
    refused = refusal(Store(), folder)
    assert refused.message == f"cases.csv: expected a file of exactly this name, found {name}: rename it"
    (folder / "cases.csv").write_text(CASES)
    assert read_files(folder) >= {"cases.csv"}  # then it is another file, which is ignored


def read_files(folder: Path) -> set[str]:
    feed = reading.read_feed(folder)
    return feed.rows.keys() - set(feed.absent)


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    folder = write(tmp_path / "feed", {"teams.csv": TEAMS})
    cases = folder / "cases.csv"
    cases.mkdir()
    assert "cases.csv: expected a CSV file, found a folder" in refusal(Store(), folder).message
    cases.rmdir()
    os.mkfifo(cases)
    assert "found a pipe" in refusal(Store(), folder).message
    cases.unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(folder)  # a socket's path is short
        listening.bind("cases.csv")
        os.chdir(tmp_path.parent)
    assert "found one that cannot be read" in refusal(Store(), folder).message
    cases.unlink()
    cases.symlink_to("/dev/zero")
    assert "found a device" in refusal(Store(), folder).message
    cases.unlink()
    cases.symlink_to(folder / "nothing.csv")
    assert "found one that cannot be read" in refusal(Store(), folder).message
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert "found a pipe" in refusal(Store(), fifo).message


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "feed", {"teams.csv": TEAMS}) / "teams.csv"
    path.chmod(stat.S_IWUSR)
    command = [sys.executable, "-m", "earlystart_cli", "import", tmp_path / "feed", "--db", tmp_path / "store.db"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=bound)
    assert ran.returncode == 1
    assert "found one that cannot be read (Permission denied)" in ran.stderr


# --- more than there is room for ----------------------------------------------------------------------------------


def test_a_file_larger_than_an_import_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LARGEST_FILE", 5_000)
    folder = write(tmp_path / "feed", {"teams.csv": TEAMS + "\n" * (5_000 - len(TEAMS))})
    assert take(Store(), folder).total.accepted == 1
    write(folder, {"teams.csv": TEAMS + "\n" * (5_001 - len(TEAMS))})
    assert refusal(Store(), folder).code == "feed.too_large"


def test_more_rows_or_text_than_an_import_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path / "feed", base())  # 14 rows in 13 files
    monkeypatch.setattr(reading, "MOST_ROWS", 14)
    assert take(Store(), folder).total.accepted == 14
    monkeypatch.setattr(reading, "MOST_ROWS", 13)
    refused = refusal(Store(), folder)
    assert refused.message.startswith("CYP202CareActivity.csv: expected a feed of at most 13 rows")
    monkeypatch.setattr(reading, "MOST_ROWS", 14)
    monkeypatch.setattr(reading, "MOST_TEXT", 100)
    assert refusal(Store(), folder).code == "feed.too_large"
