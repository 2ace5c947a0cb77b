"""The page of which check notices which tamper: `python -m tests.tampers.page` writes it again from what is seen."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "feeds")]  # as pytest has them

from tests.tampers.checks import COLUMNS, QUESTIONS, asked, cells  # noqa: E402 - after the path is set
from tests.tampers.store import KEK, copied, make, tampered  # noqa: E402
from tests.tampers.tampers import TAMPERS  # noqa: E402

PATH = ROOT / "docs" / "reference" / "tampers.md"
HEAD = """# Which check notices which tamper

For whoever answers for the record and wants to know what a check is worth.
Each row is a change that someone with full rights made in the database, with all guards switched off for it.
Each cell is what a test saw afterwards, in a store of nine cases, on SQLite and on PostgreSQL alike.

The first columns are answers of the library after the change:

- *a reader*: what six readers are shown, case by case and in a list
- *no reader*: the views and the numbers of teams, asked of the record itself
- *an earlier moment*: the views as they were known earlier
- *`retention`*: until when each case and person is to be kept, and what is due
- *a command*: one sent again, one that a withdrawn consent forbids, and a new one

There, *right* means that the answer is the same as before the change, and **wrong** that it is another and nothing is said.
*noticed*: the call stops and says what is wrong.
*sealed*: text reads `(sealed)`, because its key is missing.

The last columns are checks to run:

- *noticed*: the command says what it found and ends with status 1
- *by checkpoint*: it does so only with `--checkpoint FILE`, a checkpoint that someone else kept
- –: it finds nothing

Where an answer is wrong, the row says which checks find it: run them daily, and before you rely on an answer ([how](../how-to/rebuild-in-ci.md)).
`doctor` looks at up to 20 rows of each view, picked by chance where there are more, so in a large store it may miss a changed row that `rebuild --check` finds.

One kind of change is found by nothing: an entry since the last checkpoint, changed together with its hash.
So sign checkpoints often, and let someone else keep them ([what catches what](../explanation/proof.md#what-catches-what)).

Rows that an import remembers change no answer in this table; they change what the next import does.
The next import refuses them, as `log verify` does ([decision 0054](../decisions/0054-the-import-ledger-has-a-total.md)).
`log verify` checks these rows and the keys only where it is given the key store and its key-encryption key.

The other rows without a check are harmless: the library makes again what was removed, or does without it.
But for the stored hashes and checkpoint: they are evidence, and only a checkpoint kept elsewhere replaces it.

This page is made by the tests that try each change: `python -m tests.tampers.page`.
"""


def line(name: tuple[str, str], found: list[str]) -> str:
    table, what = name
    return f"| `{table}` | {what} | {' | '.join(found)} |"


TITLES = f"| table | what is changed | {' | '.join(COLUMNS)} |\n|{'---|' * (len(COLUMNS) + 2)}"


def truths_of(base: Path, folder: Path) -> dict[str, Any]:
    """What each question gives of a store that nobody has changed."""
    found = {}
    for at, name in enumerate(QUESTIONS):
        place = folder / f"truth{at}"
        place.mkdir()
        found[name] = asked(copied(base, place), name)
    return found


def sections(folder: Path) -> Iterator[str]:
    """The tables, from a fresh store."""
    base = folder / "base" / "store.db"
    base.parent.mkdir()
    make(str(base), base.parent)
    truths = truths_of(base, folder)
    for title, tampers in TAMPERS.items():
        yield f"\n## {title}\n\n{TITLES}"
        for name, statements in tampers.items():
            with tempfile.TemporaryDirectory(dir=folder) as place:
                url = copied(base, Path(place))
                tampered(url, statements)
                yield line(name, cells(url, truths, base.parent))


def main() -> None:
    os.environ["EARLYSTART_KEK"] = KEK
    with tempfile.TemporaryDirectory() as folder:
        PATH.write_text(HEAD + "\n".join(sections(Path(folder))) + "\n", "utf-8")


if __name__ == "__main__":
    main()
