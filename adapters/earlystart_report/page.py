"""The report: one HTML file that needs nothing else."""

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import msgspec

from earlystart_core.audit.timeline import stays_sealed
from earlystart_core.clocks import Moment
from earlystart_core.desk.asked import Asked
from earlystart_core.desk.casebook import Casebook, casebook
from earlystart_core.desk.looking import is_reading
from earlystart_core.proof.checkpoint import Checkpoint
from earlystart_report.charts import by_practitioner, covers, delays
from earlystart_report.templating import ids_in, render

if TYPE_CHECKING:
    from earlystart_core.record import Record

MOST = 500  # rows of one table; how many more there are is said below it


def report_page(record: "Record", case: str | None = None, known: Moment | None = None) -> str:
    """The report of a case, or of the whole record, as known at a moment.

    Raises:
        Invalid: the case is not on record then, or `known` lies beyond the head.
    """
    return page_of(book_of(record, case, known))


def book_of(
    record: "Record",
    case: str | None = None,
    known: Moment | None = None,
    *,
    checkpoint: Checkpoint | None = None,
    vkey: str | None = None,
) -> Casebook:
    """What such a report tells; `proof["doubts"]` says what is doubtful.

    checkpoint: one that someone kept; without it the log is held against the last that was signed here. vkey: the
    log's verifier key, as text: the checkpoint must be signed by it.

    Raises:
        Invalid: as for `report_page`; the vkey is malformed, or there is no checkpoint that it could have signed.
    """
    return casebook(Asked.of(record, known), case, checkpoint=checkpoint, vkey=vkey)


def page_of(book: Casebook) -> str:
    """The page that tells it."""
    return render("report.html", values_of(book))


def values_of(book: Casebook) -> dict[str, Any]:
    """What the template draws."""
    doubtful = [row for row in book.disclosures if not row["struck"] and not row["covered_now"]]
    read = [row for row in book.looked if row["reason"] is not None and is_reading(row)]
    shown = book.disclosures if book.case is not None else [*doubtful, *_turned(book)]
    return {
        "book": book,
        "most": MOST,
        "doubtful": doubtful,
        "unrecorded": [row for row in doubtful if row["reason"] == "withdrawn_unrecorded"],
        "shown": sorted(shown, key=lambda row: row["position"]),
        "covers": covers(book.disclosures),
        "delays": delays(book.story),
        "late_by": by_practitioner(book.late),
        "read": read,
        "without_reason": [row for row in read if not row["reason"]],
        "struck": sum(row["struck"] for row in book.story),
        "ids": sorted(ids_in([book.status, book.story, *(rows[:MOST] for rows in (shown, *_listed(book)))])),
        "sealed": stays_sealed(msgspec.structs.asdict(book)),
        "made_by": version("earlystart-core"),
    }


def _listed(book: Casebook) -> list[list[dict[str, Any]]]:
    return [book.overrides, book.looked, book.corrections, book.relied]


def _turned(book: Casebook) -> list[dict[str, Any]]:
    """The sharings that are covered now and were not then, or struck."""
    return [row for row in book.disclosures if row["struck"] or (row["covered_now"] and not row["covered_then"])]
