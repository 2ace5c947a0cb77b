"""Every example in the README and the pages is run, top to bottom, page by page, in a folder of its own.

```python     run; what stands after >>> is compared with what is shown, `...` standing for any text.
```console    each line after $ is run, all of a page in one shell; `# exit N` at its end says which status is
              expected, and what is shown below it is compared where anything is shown. `…` stands for any text,
              alone on a line for any lines.

Anything else (```text, ```json) is only shown; and ```sh, for what would install something or needs a server.
A page finds the folder `docs/how-to/feeds` as `feeds`, the URL of a fresh PostgreSQL database in DATABASE_URL, and a
key-encryption key in EARLYSTART_KEK where it names that.
"""

import re
import shutil
from doctest import ELLIPSIS
from pathlib import Path

import pytest
from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

from tests.docs.shell import Shell
from tests.ready import Ready

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMAND = re.compile(r"^\$ (?P<command>.*?)(?:\s+# exit (?P<status>\d+))?$")


def run_console(example: Example) -> None:
    """Runs the commands of a console block, and holds what they print against what is shown."""
    commands: list[tuple[str, int, list[str]]] = []
    for line in str(example.parsed).splitlines():
        found = COMMAND.match(line)
        if found:
            commands.append((found["command"], int(found["status"] or 0), []))
        else:
            assert commands, f"{example.path}: a console block begins with a command"
            commands[-1][2].append(line)
    for command, status, shown in commands:
        ended, printed = example.namespace["SHELL"].run(command)
        where = f"{example.path}:{example.line}: {command}"
        assert ended == status, f"{where}: expected exit status {status}, got {ended}\n{printed}"
        if any(line.strip() for line in shown):
            assert re.fullmatch(pattern(shown), printed.rstrip() + "\n"), f"{where} printed\n{printed}"


def pattern(shown: list[str]) -> str:
    """What is shown, as a pattern for what is printed."""
    parts = []
    for line in "\n".join(shown).strip().splitlines():
        if line.strip() == "…":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(r"[^\n]*?".join(re.escape(part) for part in line.rstrip().split("…")) + r" *\n")
    return "".join(parts)


PARSERS = (PythonCodeBlockParser(doctest_optionflags=ELLIPSIS), CodeBlockParser("console", run_console))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_examples_of_a_page_hold(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, ready: Ready
) -> None:
    """What a page shows is what happens."""
    text = page.read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EARLYSTART_KEK", "")  # so that it is put back, whatever the page does
    monkeypatch.delenv("EARLYSTART_KEK")
    if "DATABASE_URL" in text:
        monkeypatch.setenv("DATABASE_URL", request.getfixturevalue("postgres_url"))
        monkeypatch.setenv("EARLYSTART_KEK", "11" * 32)
    if "feeds/" in text:
        shutil.copytree(ROOT / "docs" / "how-to" / "feeds", tmp_path / "feeds")
    document = Document.parse(str(page), *PARSERS)
    with Shell(ready.command) as document.namespace["SHELL"]:
        for example in document.examples():
            example.evaluate()


def test_the_readme_holds_both_commands() -> None:
    """The main job, and the tests: each one line to paste."""
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert "pip install '.[cli]' && earlystart demo" in lines
    assert "pip install '.[test]' && pytest" in lines


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_can_be_run_is_run(page: Path) -> None:
    """Only what installs something, needs a server or takes very long is shown and not run."""
    left = ("pip install ", "createdb ", "export DATABASE_URL=", "export EARLYSTART_KEK=", "python -m benchmarks")
    for block in re.findall(r"^```sh\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            assert line.startswith(left), line
