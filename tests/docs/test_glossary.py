"""docs/glossary.md is the list of names: every event, command, view, question and word is in it."""

import re

from earlystart_core import words
from earlystart_core.views import VIEW, questions
from earlystart_core.words import EVENTS, WORDS
from tests.docs.shapes import ROOT

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")
TERMS = {term for line in re.findall(r"^- \*\*(.+?):", GLOSSARY, re.MULTILINE) for term in re.findall(r"[\w ]+", line)}


def test_every_event_and_command_is_in_the_glossary() -> None:
    """And none that is gone."""
    said = {term for term in TERMS if re.fullmatch(r"(?:[A-Z][a-z]+){2,}", term)}
    assert said == {*EVENTS.classes, *(command.__name__ for command in WORDS)}


def test_every_view_and_question_is_in_the_glossary() -> None:
    """By the name that it is asked by."""
    asked = {question.name for question in vars(questions).values() if isinstance(question, questions.Question)}
    assert not [name for name in {*VIEW, *asked} if f"`{name}`" not in GLOSSARY]


def test_every_word_has_a_caption_in_the_readme() -> None:
    """The README lists the words, one file each."""
    readme = (ROOT / "README.md").read_text("utf-8")
    files = {path.stem for path in (ROOT / "src" / "earlystart_core" / "words").glob("*.py")} - {"__init__"}
    assert words.__name__ == "earlystart_core.words"
    assert set(re.findall(r"^\| `(\w+)` \|", readme, re.MULTILINE)) == files


def test_every_page_is_reached_from_the_index_and_every_link_leads_somewhere() -> None:
    """No page stands alone, and no link is broken."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    linked, broken = set(), []
    for page in pages:
        text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            place, _, _ = link.partition("#")
            if place and "://" not in place:
                target = (page.parent / place).resolve()
                linked.add(target)
                if not target.exists() and target != ROOT / "benchmarks" / "RESULTS.md":
                    broken.append(f"{page.relative_to(ROOT)}: {link}")
    assert not broken
    assert {page.resolve() for page in (ROOT / "docs").rglob("*.md")} - linked - {ROOT / "docs" / "index.md"} == set()
