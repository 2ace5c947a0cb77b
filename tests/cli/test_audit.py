"""Audit: the exact bytes of `audit disclosures`, against an independent reading of the export."""

import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import naive
import naive_disclosures
from earlystart_core import OpenCase, Practitioner, Record

from .conftest import call, copied

CLOCKS = ((), ("--known", "700"), ("--known", "2025-12-31"), ("--known", "2025-12-31", "--effective", "2025-06-30"))


@pytest.fixture(scope="module")
def entries(stored: str) -> list[dict[str, Any]]:
    exported = call("log", "export", "--db", stored, "--ndjson")
    assert exported.status == 0
    return naive.parse(exported.out.decode())


@pytest.mark.parametrize("clocks", CLOCKS)
def test_disclosures_are_what_the_export_says(
    stored: str, entries: list[dict[str, Any]], clocks: tuple[str, ...]
) -> None:
    told = dict(zip([name[2:] for name in clocks[::2]], clocks[1::2], strict=True))
    rows = naive_disclosures.disclosures(entries, **told)
    assert rows
    found = call("audit", "disclosures", "--db", stored, "--json", *clocks)
    assert found.status == 0
    lines = naive.ndjson(rows)
    assert found.out == b"[" + lines.strip().replace(b"\n", b",") + b"]\n"
    assert re.fullmatch(r"known=\d+@\S+Z effective=\S+\n", found.err)
    assert call("audit", "disclosures", "--db", stored, "--ndjson", *clocks).out == lines
    case = rows[-1]["case"]
    mine = call("audit", "disclosures", "--db", stored, "--json", "--case", case, *clocks).json
    assert mine == [row for row in rows if row["case"] == case]


def test_for_people_there_is_a_line_a_sharing_and_a_sum(city: Path) -> None:
    rows = json.loads(call("audit", "disclosures", "--db", city, "--json").out)
    found = call("audit", "disclosures", "--db", city)
    assert len(found.lines) == len(rows) + 1
    unsure = sum(not row["struck"] and not row["covered_now"] for row in rows)
    assert f"{unsure} not covered as known now" in found.err


def test_nobody_was_told_anything_before_the_first_entry(city: Path) -> None:
    found = call("audit", "disclosures", "--db", city, "--known", "0")
    assert (found.status, found.out) == (0, b"")
    assert "no rows" in found.err


def test_a_report_that_has_no_folder_to_go_to_is_told_before_any_work(tmp_path: Path) -> None:
    """Even before the store is looked for."""
    out = tmp_path / "nowhere" / "case.html"
    found = call("audit", "report", "--db", tmp_path / "none.db", "--out", out)
    assert (found.status, found.out) == (2, b"")
    assert (
        found.err
        == f"earlystart: --out: expected a file that can be written, got {str(out)!r}: there is no such folder\n"
    )


@pytest.mark.parametrize("beside", ["", ".keys", ".keys.kek"])
def test_a_report_is_written_over_nothing_but_a_page(copy: Path, beside: str) -> None:
    """Whoever names the store after `--out` keeps it, and its keys."""
    out = copy.with_name(f"{copy.name}{beside}")
    before = out.read_bytes()
    found = call("audit", "report", "--db", copy, "--out", out)
    assert (found.status, found.out) == (2, b"")
    assert (
        found.err == f"earlystart: --out: expected a new file or a page to replace, {str(out)!r} holds something else\n"
    )
    assert out.read_bytes() == before


def test_a_report_replaces_an_older_one(copy: Path, tmp_path: Path) -> None:
    out = tmp_path / "whole.html"
    out.touch()
    for _ in range(2):
        assert call("audit", "report", "--db", copy, "--out", out).status == 0


@pytest.fixture(scope="module")
def keyless(city: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The city without its keys."""
    copy = copied(city, tmp_path_factory.mktemp("keyless"))
    for name in (f"{copy.name}.keys", f"{copy.name}.keys.kek"):
        copy.with_name(name).unlink()
    return copy


@pytest.mark.parametrize("asked", ["ask", "whole", "case", "subject"])
def test_what_the_officer_cannot_read_is_said(
    city: Path, keyless: Path, entries: list[dict[str, Any]], tmp_path: Path, asked: str
) -> None:
    """An answer with text left out does not pass for a whole one: not here, and not where the page is read."""
    case = next(entry["data"]["case"] for entry in entries if entry["type"] == "SharingOverridden")
    command: tuple[object, ...] = {
        "ask": ("ask", "overrides"),
        "whole": ("report", "--out", tmp_path / "page.html"),
        "case": ("report", "--case", case, "--out", tmp_path / "page.html"),
        "subject": ("subject", case, "--out", tmp_path / "folder"),
    }[asked]
    found = call("audit", *command, "--db", keyless)
    assert found.status == 0
    assert "some text stays sealed: no key for it is at hand" in found.err
    page = tmp_path / ("folder/subject.html" if asked == "subject" else "page.html")
    if asked != "ask":
        assert "was not at hand where this page was made" in page.read_text("utf-8")
    for made in (tmp_path / "folder").glob("*"):
        made.unlink()
    assert "sealed" not in call("audit", *command, "--db", city).err
    if asked != "ask":
        assert "(sealed)" not in page.read_text("utf-8")


def test_one_is_not_said_as_many(tmp_path: Path) -> None:
    """Of a log with one entry, one run, one row."""
    db, key = tmp_path / "one.db", tmp_path / "log.pem"
    by = Practitioner("practitioner:unknown", role="health_visitor", employer="org:lch")
    with Record.open(str(db)) as record:
        case, family = record.new_id("case"), record.new_id("family")
        record.submit(OpenCase(case=case, family=family, team="team:armley", reason="birth"), by=by)
        record.rebuild("segments")
        assert "<Answer of 1 row," in repr(record.view("case_status"))
    key.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert call("log", "checkpoint", "--db", db, "--key", key).status == 0
    page = tmp_path / "page.html"
    assert call("audit", "report", "--db", db, "--out", page).status == 0
    told = [
        call("log", "verify", "--db", db),
        call("explain", "--db", db),
        call("rebuild", "--db", db),
        call("audit", "subject", case, "--db", db, "--out", tmp_path / "subject"),
    ]
    said = [page.read_text("utf-8"), *(found.out.decode() + found.err for found in told)]
    assert [found.status for found in told] == [0, 0, 0, 0]
    many = re.compile(
        r"(?<![\d,.…])1 (?:entries|rows|spans|positions|sealed runs|threads|children|teams|facts|events)\b"
    )
    assert [many.findall(each) for each in said] == [[], [], [], [], []]
    assert "the checkpoint of 1 entry" in said[0]
    assert "consistent since  1 entry, " in said[1]
    assert "from 1 sealed run and" in said[2]
    assert said[4].endswith(f"1 entry about {case}, known at entry 1, in {tmp_path / 'subject'}\n")


def test_what_is_handed_out_is_its_makers_alone_until_then(
    city: Path, entries: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Personal text stands in it unsealed."""
    folder, page = tmp_path / "subject", tmp_path / "page.html"
    case = next(entry["data"]["case"] for entry in entries if entry["type"] == "CaseOpened")
    before = os.umask(0o022)
    try:
        assert call("audit", "subject", case, "--db", city, "--out", folder).status == 0
        assert call("audit", "report", "--db", city, "--out", page).status == 0
    finally:
        os.umask(before)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (folder, page, *folder.iterdir())}
    assert modes.pop("subject") == 0o700
    assert set(modes.values()) == {0o600}
