"""Reports and subject access bundles: what is handed to people who have no program to read the record with."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from msgspec.json import decode
from msgspec.structs import asdict

from earlystart_cli.files import reading, text_in
from earlystart_cli.options import Json, Known
from earlystart_cli.output import note, note_sealed, put, put_json
from earlystart_cli.progress import working
from earlystart_cli.proving import MOST, Held, VkeyFile, held_in
from earlystart_cli.stores import Stored, opened
from earlystart_core.counting import entries
from earlystart_core.errors import Invalid, StoreUnavailable, Tampered
from earlystart_core.visible import visible

REPORT_EXAMPLE = "earlystart audit report --db leeds.db --case case:01JH0000000000000000000000 --out case.html"
PAGE_BEGINS = b"<!DOCTYPE html>"
SUBJECT_EXAMPLE = "earlystart audit subject case:01JH0000000000000000000000 --db leeds.db --out for-the-family"


def report(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The HTML file to write.", show_default=False)],
    *,
    store: Stored,
    case: Annotated[
        str | None, typer.Option("--case", metavar="CASE", help="Of that case; without it of the whole record.")
    ] = None,
    known: Known = None,
    checkpoint: Held = None,
    vkey: VkeyFile = None,
) -> int:
    """Write one HTML file: the story on two clocks, disclosures and cover, access, corrections, proof. 1 on a doubt."""
    _expect_templates()
    from earlystart_core.desk.questions import check_option
    from earlystart_report import book_of, page_of
    from earlystart_report.written import replace

    if case is not None:
        check_option("case", case)
    _expect_place(out, store)  # now, not after all the reading
    key = text_in("--vkey", vkey, MOST)
    try:
        held = held_in(checkpoint)
    except Tampered as none:
        note(f"earlystart: {none}")
        return 1
    with opened(store) as record, working("reporting"):
        book = book_of(record, case, known, checkpoint=held, vkey=key)
    page = page_of(book)
    _expect_place(out, store)
    try:
        replace(out, page.encode())
    except OSError as error:
        raise Invalid("--out", f"expected a file that can be written, got {str(out)!r}: {error.strerror}") from None
    note_sealed(asdict(book))
    note(f"{visible(str(out))}: {len(page):,} characters, one file that needs nothing else")
    for doubt in book.proof["doubts"]:
        note(f"earlystart: {doubt}")
    return 0 if book.proof["sound"] else 1


def subject(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="The id of a case or a person.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="A new or empty folder to write to.", show_default=False)
    ],
    *,
    store: Stored,
    known: Known = None,
    json: Json = False,
) -> None:
    """Write everything held on a subject, other people taken out: JSON, a page, and a manifest to prove it by."""
    _expect_templates()
    from earlystart_core.desk.questions import check_option
    from earlystart_report import write_bundle
    from earlystart_report.bundle import DATA

    check_option("subject", subject)
    _expect_apart(out, store)
    with opened(store) as record:
        manifest = write_bundle(record, subject, out, known)
    note_sealed(decode((out / DATA).read_bytes()))
    if json:
        put_json(manifest)
        return
    put(f"{digest}  {name}" for name, digest in manifest["files"].items())
    name = visible(str(out))
    note(f"{entries(len(manifest['leaves']))} about {subject}, known at entry {manifest['known']:,}, in {name}")


def _expect_place(out: Path, store: Stored) -> None:
    """Returns where a page may be written: never over a store, a key or anything else that is no page.

    Raises:
        Invalid: it may not.
    """
    from earlystart_report.written import kind_of

    try:
        kind, is_within = kind_of(out), out.parent.is_dir()
    except OSError as error:
        raise Invalid("--out", f"expected a file that can be written, got {str(out)!r}: {error.strerror}") from None
    if kind == "folder":
        raise Invalid("--out", f"expected a file to write, got the folder {str(out)!r}")
    if not is_within:
        raise Invalid("--out", f"expected a file that can be written, got {str(out)!r}: there is no such folder")
    if kind not in (None, "file"):
        raise Invalid("--out", f"expected a file to write, got {str(out)!r}: it is {kind}")
    if kind == "file":
        with reading("--out", out) as file:
            begins = file.read(len(PAGE_BEGINS))
        if begins and begins != PAGE_BEGINS:
            raise Invalid("--out", f"expected a new file or a page to replace, {str(out)!r} holds something else")
    _expect_apart(out, store)


def _expect_apart(out: Path, store: Stored) -> None:
    """Returns unless the place is one of the files of a store, which may be empty, or not there just now.

    Raises:
        Invalid: it is.
    """
    from earlystart_sql.address import address_of
    from earlystart_sql.place import BESIDE, real_path

    place = str(real_path(out.absolute()))
    for url in filter(None, (store.db, store.keys)):
        path = address_of(url).path
        if path is not None and place in {f"{path}{suffix}" for suffix in BESIDE}:
            raise Invalid("--out", f"expected a place of its own, {str(out)!r} is one of the files of the store")


def _expect_templates() -> None:
    """Raises StoreUnavailable where the extra is missing."""
    if find_spec("jinja2") is None:
        raise StoreUnavailable("reports need jinja2: pip install 'earlystart-core[report]'")
