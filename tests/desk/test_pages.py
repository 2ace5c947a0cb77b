"""The pages that are handed out: what is in them, and how a real browser draws them on a phone, a desk and paper."""

import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import call
from tests.cli.test_erasing import TWO

from .browser import CHROMIUM, Browser, browsing
from .conftest import CITY, Place

WIDEST = 62  # pixels of "health visitor" at a canvas's 10 pixels: Arial's 56, 66 in DejaVu Sans
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city of its own, to share and erase in."""
    path = tmp_path_factory.mktemp("pages") / "city.db"
    assert call("simulate", "--db", path, *CITY).status == 0
    return path


@pytest.fixture(scope="module")
def case(db: Path) -> str:
    """The case with most to tell: sharings, overrides, corrections."""
    found: dict[str, int] = {}
    for question in ("overrides", "consents", "exposed"):
        for row in call("audit", "ask", question, "--db", db, "--json").json:
            found[row["case"]] = found.get(row["case"], 0) + (20 if question != "consents" else 1)
    return max(found, key=lambda one: found[one])


@pytest.fixture(scope="module")
def pages(db: Path, case: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report of the case, of the whole record, and a subject's page."""
    folder = tmp_path_factory.mktemp("out")
    assert call("audit", "report", "--db", db, "--case", case, "--out", folder / "case.html").status == 0
    assert call("audit", "report", "--db", db, "--out", folder / "whole.html").status == 0
    assert call("audit", "subject", case, "--db", db, "--out", folder / "subject").status == 0
    return {
        "case": folder / "case.html",
        "whole": folder / "whole.html",
        "subject": folder / "subject" / "subject.html",
    }


VOID = {"meta", "br", "line", "circle", "rect"}


class Reading(HTMLParser):
    """Counts what a page is made of, and fails on what is never closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", ["case", "whole", "subject"])
def test_a_page_is_whole_and_asks_for_nothing(pages: dict[str, Path], name: str) -> None:
    """Closed tags, no script, no address but its own parts, a policy that lets nothing in; landmarks and heads."""
    text = pages[name].read_text("utf-8")
    page = Reading()
    page.feed(text)
    assert page.open == []
    tags = [tag for tag, _ in page.seen]
    assert {"script", "img", "link", "iframe", "object", "form"}.isdisjoint(tags)
    assert all(tags.count(tag) == 1 for tag in ("header", "nav", "main", "footer", "h1"))
    for tag, attributes in page.seen:
        assert not any(key.startswith("on") or key == "style" for key in attributes)
        assert attributes.get("href", "#").startswith("#")
        assert tag != "html" or attributes["lang"] == "en-GB"
        assert tag != "th" or "scope" in attributes
        assert tag != "svg" or attributes.get("role") == "img" or attributes.get("aria-hidden") == "true"
    ids = [attributes["id"] for _, attributes in page.seen if attributes.get("id")]
    assert len(ids) == len(set(ids))
    assert {attributes["href"][1:] for tag, attributes in page.seen if tag == "a"} <= set(ids)
    policy = next(
        attributes["content"] for tag, attributes in page.seen if tag == "meta" and "http-equiv" in attributes
    )
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "http" not in re.sub(r"http-equiv", "", text)


def test_text_from_the_record_is_only_ever_text(tmp_path: Path) -> None:
    """Whatever stands in a free label, or in sealed text, it is escaped."""
    from earlystart_core import OpenCase, OverrideSharing, Practitioner, Record, ShareInformation

    with Record.open(str(tmp_path / "evil.db")) as record:
        by = Practitioner(record.new_id("practitioner"), role=EVIL[:60], employer="org:lch")
        case = record.new_id("case")
        record.submit(OpenCase(case=case, family=record.new_id("family"), team="team:a", reason="birth"), by=by)
        override = {"harm": EVIL, "authorised_by": by.practitioner, "family_told": False, "if_not_why": EVIL}
        record.submit(OverrideSharing(case=case, recipient="org:b", **override), by=by)
        told = {"purpose": EVIL, "items": [EVIL], "basis": "override"}
        record.submit(ShareInformation(case=case, recipient="org:b", **told), by=by)
    for number, options in enumerate((("--case", case), ())):
        out = tmp_path / f"{number}.html"
        assert call("audit", "report", "--db", tmp_path / "evil.db", *options, "--out", out).status == 0
        assert "<script" not in out.read_text("utf-8")
        assert "<img" not in out.read_text("utf-8")
        assert "&lt;script&gt;" in out.read_text("utf-8")


def test_a_report_of_a_past_moment_knows_no_more(pages: dict[str, Path], db: Path, case: str, tmp_path: Path) -> None:
    first = call("timeline", case, "--db", db, "--json").json[0]["position"]
    out = tmp_path / "then.html"
    assert call("audit", "report", "--db", db, "--case", case, "--known", first, "--out", out).status == 0
    assert f"As known at entry {first:,}" in out.read_text("utf-8")
    assert out.stat().st_size < pages["case"].stat().st_size


def test_the_bundle_is_what_is_held_and_can_be_proven(pages: dict[str, Path], db: Path, case: str) -> None:
    """Files and leaves are as the manifest says; the leaves are those of an export, the root that of the log."""
    folder = pages["subject"].parent
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    held = json.loads((folder / "subject.json").read_text())
    asked = call("audit", "ask", "held", "--subject", case, "--db", db, "--json").json
    assert held["entries"] == asked
    exported = [json.loads(line) for line in call("log", "export", "--db", db, "--leaves").out.splitlines()]
    leaves = {str(one["position"]): one["leaf"] for one in exported}
    assert manifest["leaves"] == {str(row["position"]): leaves[str(row["position"])] for row in asked}
    assert manifest["root"] == call("log", "verify", "--db", db, "--json").json["root"]
    assert (manifest["size"], manifest["known"]) == (len(exported), len(exported))


def test_no_other_person_is_in_a_bundle(pages: dict[str, Path], place: Place, tmp_path: Path) -> None:
    """Of every case with a consent: no id of a person, of another case or family, in any file."""
    cases = sorted({one["data"]["case"] for one in place.all("SharingConsentRecorded")})[:5]
    for number, case in enumerate(cases):
        folder = tmp_path / str(number)
        assert call("audit", "subject", case, "--db", place.db, "--out", folder).status == 0
        told = (folder / "subject.json").read_text() + (folder / "subject.html").read_text("utf-8")
        family = next(one["data"]["family"] for one in place.all("CaseOpened") if one["data"]["case"] == case)
        found = set(re.findall(r"(?:case|family|person):[0-9A-Z]{26}", told)) - {case, family}
        in_imports = {one for one in found if one.startswith("person:")} if place.db.name == "small.db" else set()
        assert found == in_imports  # the child's own names, which the import ledger links to the case
        everyone = {one["data"]["person"] for one in place.all("SharingConsentRecorded", "ServiceAgreementRecorded")}
        assert not found & everyone


def test_erased_text_is_said_to_be_so(tmp_path: Path, db: Path, case: str) -> None:
    other = next(row["case"] for row in call("audit", "ask", "overrides", "--db", db, "--json").json)
    assert call("erase", other, *TWO, "--db", db).status == 0
    assert call("audit", "subject", other, "--db", db, "--out", tmp_path / "gone").status == 0
    page = (tmp_path / "gone" / "subject.html").read_text("utf-8")
    assert "(erased)" in page
    assert "Erased on" in page


@pytest.mark.parametrize(
    ("call_", "says"),
    [
        (("report", "--case", "case:x", "--out", "{}/a.html"), "case: expected case: and 26 characters"),
        (("report", "--case", "case:" + "0" * 26, "--out", "{}/a.html"), "case: expected a case that is on record"),
        (("report", "--out", "{}"), "--out: expected a file to write"),
        (("report", "--out", "{}/no/such/place.html"), "--out: expected a file that can be written"),
        (("subject", "team:a", "--out", "{}/s"), "subject: expected a case: or person: id"),
        (("subject", "case:" + "0" * 26, "--out", "{}/s"), "subject: expected a case or person on record"),
        (("subject", "case:" + "0" * 26, "--out", "{}"), "--out: expected a new or empty folder"),
        (("ask", "21"), "question: expected a number from 1 to 20"),
        (("ask", "late", "--team", "team:a"), "team: expected an option of question 14"),
        (("ask", "contact", "--case", "case:" + "0" * 26), "at: expected with question 20, contact, got none"),
        (("ask", "late", "--hours", "-1"), "hours: expected whole hours"),
        (("ask", "kept", "--on", "soon"), "on: expected a date"),
        (("ask", "contact", "--case", "case:" + "0" * 26, "--at", "soon"), "at: expected a position"),
        (("ask", "backdated", "--at", "2025-01-01"), "case: expected a case or a team"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value[:2]),
)
def test_wrong_calls_get_one_sentence(db: Path, tmp_path: Path, call_: tuple[str, ...], says: str) -> None:
    (tmp_path / "something").touch()
    found = call("audit", *(part.format(tmp_path) for part in call_), "--db", db)
    assert found.status == 2
    assert says in found.err
    assert len(found.err.splitlines()) == 1


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here: nothing draws the pages (apt-get install chromium)")
    with browsing() as found:
        yield found


def overflow(browser: Browser) -> dict[str, Any]:
    """How far the page is wider than its window, and the elements that stick out of it."""
    found: dict[str, Any] = browser.value(
        """(() => {
          const width = document.documentElement.clientWidth;
          const out = [...document.querySelectorAll('body *')].filter(e => !e.closest('.skip, .wide, thead'))
            .filter(e => e.getBoundingClientRect().right > width + 0.5).map(e => e.outerHTML.slice(0, 120));
          return {wider: document.documentElement.scrollWidth - width, out: out.slice(0, 5)};
        })()"""
    )
    return found


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("name", ["case", "whole", "subject"])
def test_nothing_overflows_and_nothing_is_complained_about(
    browser: Browser, pages: dict[str, Path], name: str, width: int
) -> None:
    browser.open(pages[name], width, 900)
    assert overflow(browser) == {"wider": 0, "out": []}
    assert browser.said == []
    assert browser.value("getComputedStyle(document.body).margin") == "0px"  # its style was let in
    assert browser.value("document.querySelectorAll('h1, h2').length") > 4


@pytest.mark.parametrize("width", [320, 720, 1280])
@pytest.mark.parametrize("name", ["case", "whole", "subject"])
def test_a_number_stands_on_one_line(browser: Browser, pages: dict[str, Path], name: str, width: int) -> None:
    browser.open(pages[name], width, 900)
    broken = browser.value(
        """[...document.querySelectorAll('td.number, span.number')].filter(e => {
          const range = document.createRange();
          range.selectNodeContents(e);
          return new Set([...range.getClientRects()].filter(r => r.width).map(r => Math.round(r.top))).size > 1;
        }).map(e => e.outerHTML).slice(0, 5)"""
    )
    assert broken == []


@pytest.mark.parametrize("width", [320, 390])
def test_a_word_stands_on_one_line_on_a_phone(browser: Browser, pages: dict[str, Path], width: int) -> None:
    """A team's name in a table of numbers is not broken letter by letter; the table is moved sideways instead."""
    browser.open(pages["whole"], width, 900)
    broken = browser.value(
        """[...document.querySelectorAll('.wide th')].filter(e => {
          const range = document.createRange();
          range.selectNodeContents(e);
          const lines = new Set([...range.getClientRects()].map(r => Math.round(r.top))).size;
          return lines > e.textContent.trim().split(/[\\s-]+/).length;
        }).map(e => e.outerHTML).slice(0, 5)"""
    )
    assert broken == []


def test_every_team_s_numbers_are_in_sight_on_a_phone(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["whole"], 390, 900)
    if browser.value("document.createElement('canvas').getContext('2d').measureText('health visitor').width") > WIDEST:
        pytest.skip("the fonts here are wider than those of a phone (apt-get install fonts-liberation)")
    wide = "document.querySelector('.wide')"
    assert browser.value(f"{wide}.scrollWidth - {wide}.clientWidth") == 0


@pytest.mark.parametrize("name", ["case", "whole"])
def test_the_words_of_a_chart_can_be_read_on_a_phone(browser: Browser, pages: dict[str, Path], name: str) -> None:
    browser.open(pages[name], 390, 900)
    heights = browser.value(
        "[...document.querySelectorAll('figure svg text')].map(e => e.getBoundingClientRect().height)"
    )
    assert min(heights) >= 10


@pytest.mark.parametrize("name", ["case", "whole", "subject"])
def test_it_prints(browser: Browser, pages: dict[str, Path], name: str) -> None:
    """On A4, without its navigation, nothing cut off at the side."""
    browser.open(pages[name], 688, 1000, media="print")  # A4 less its margins
    assert overflow(browser)["wider"] == 0
    assert browser.value("getComputedStyle(document.querySelector('nav')).display") == "none"
    printed = browser.pdf()
    assert printed.startswith(b"%PDF")
    assert len(zlib.compress(printed)) > 5_000
    assert browser.said == []


@pytest.mark.parametrize("name", ["case", "whole", "subject"])
def test_text_stands_out_enough(browser: Browser, pages: dict[str, Path], name: str) -> None:
    """Every colour of text has a contrast of 4.5 to 1 or more on white and on the wash behind some of it."""
    browser.open(pages[name], 1280, 900)
    colours = browser.value(
        "[...new Set([...document.querySelectorAll('body *')].map(e => getComputedStyle(e).color))]"
    )
    for colour in colours:
        for ground in ((255, 255, 255), (243, 245, 247)):
            assert contrast(tuple(map(int, re.findall(r"\d+", colour)[:3])), ground) >= 4.5, colour


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Of two colours, as WCAG 2 counts it."""

    def light(colour: tuple[int, ...]) -> float:
        parts = [part / 255 for part in colour]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)
