"""A subject access bundle: a folder with what is held as JSON and as a page, and a manifest to prove it by later."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from earlystart_core.audit.timeline import stays_sealed
from earlystart_core.clocks import Moment
from earlystart_core.desk.asked import Asked
from earlystart_core.desk.bundle import Bundle, bundle
from earlystart_core.errors import Invalid, StoreUnavailable
from earlystart_core.visible import visible
from earlystart_report.templating import ids_in, render
from earlystart_report.written import fill, kind_of

if TYPE_CHECKING:
    from earlystart_core.record import Record

DATA, PAGE, MANIFEST = "subject.json", "subject.html", "manifest.json"


def write_bundle(record: "Record", subject: str, folder: Path, known: Moment | None = None) -> dict[str, Any]:
    """Writes the bundle into a new or empty folder, and returns its manifest.

    The manifest: `subject, known, known_at, files` (SHA-256 of each), `leaves` (of each entry by position), and the
    `size` and `root` of the log that they belong to.

    Raises:
        Invalid: the folder is not empty or is a file, or nothing is held on the subject.
        StoreUnavailable: it cannot be written.
    """
    _expect_empty(folder)
    asked = Asked.of(record, known)
    found = bundle(asked, subject)
    if not found.entries and not found.erased:
        raise Invalid("subject", f"expected a case or person on record, nothing is held on {subject}")
    files = {
        DATA: msgspec.json.format(msgspec.json.encode(found, order="sorted"), indent=1) + b"\n",
        PAGE: render(
            "subject.html",
            {
                "bundle": found,
                "of_case": bool(found.cases),
                "sealed": stays_sealed(msgspec.structs.asdict(found)),
                "ids": sorted(ids_in([found.entries, found.disclosures, found.accesses, found.glasses])),
            },
        ).encode(),
    }
    manifest = _manifest(found, files)
    files[MANIFEST] = msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1) + b"\n"
    try:
        fill(folder, files)
    except OSError as error:
        raise StoreUnavailable(f"{visible(str(folder))} could not be written: {error.strerror}") from None
    return manifest


def _expect_empty(folder: Path) -> None:
    """Returns where a bundle may be written. A link is refused: someone else may have put it there."""
    try:
        kind = kind_of(folder)
        if kind is None or (kind == "folder" and not any(folder.iterdir())):
            return
    except OSError as error:
        raise Invalid("--out", f"expected a new or empty folder, got {str(folder)!r}: {error.strerror}") from None
    found = f": it is {kind}" if kind.startswith("a ") else ""
    raise Invalid("--out", f"expected a new or empty folder, got {str(folder)!r}{found}")


def _manifest(found: Bundle, files: dict[str, bytes]) -> dict[str, Any]:
    return {
        "subject": found.subject,
        "known": found.clocks.known,
        "known_at": found.clocks.known_at,
        "size": found.size,
        "root": found.root,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "leaves": {str(row["position"]): row["leaf"] for row in found.entries},
    }
