"""Who looked at a record, who could have, and which glasses were broken."""

from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earlystart_cli.files import content_of
from earlystart_cli.options import Case, CaseId, Form
from earlystart_cli.output import note, note_sealed, put_answer, put_clocks, screen
from earlystart_cli.proving import MOST, Held, VkeyFile, held_in
from earlystart_cli.reading import AsSomeone, ByGlass, OfTeam, Someone
from earlystart_cli.stores import Stored, opened
from earlystart_cli.timeline import show
from earlystart_core.answer import Answer
from earlystart_core.counting import entries
from earlystart_core.errors import StoreUnavailable, Tampered

if TYPE_CHECKING:
    from earlystart_core.record import Record

ACCESS_EXAMPLE = "earlystart audit access --case case:01JH0000000000000000000000 --json"
COULD_EXAMPLE = (
    "earlystart audit could-see case:01JH0000000000000000000000 --known 2026-03-04T10:03:00Z --as practitioner:01JH…"
    " --role health_visitor --employer org:lch --purpose direct_care"
)
GLASS_EXAMPLE = "earlystart audit break-glass --db leeds.db"


def could_see(
    case: CaseId,
    *,
    known: Annotated[
        str, typer.Option("--known", metavar="K", help="When: a position, an instant, or the end of a London day.")
    ],
    someone: Someone,
    of_team: OfTeam = None,
    glass: ByGlass = None,
    store: Stored,
    form: Form,
) -> int:
    """Print what someone could have seen of a case at a moment, by the ties and the knowledge of then."""
    with opened(store) as record:
        decision, answer = record.could_see(someone.reading(of_team, glass), case, known)
    reach = f", up to the ring {decision.rings[-1]}" if decision.rings else ""
    note(f"{decision.effect} by {', '.join(decision.rules)} ({decision.policy}){reach}")
    note_sealed(answer)
    if form.name == "text" and answer:
        put_clocks(answer.clocks)
        show(screen(), answer.rows, case)
    else:
        put_answer(answer, form.name)
    return 0 if decision.permitted else 1


def access(
    *,
    store: Stored,
    case: Case = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Only from an instant or a London day on.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", metavar="", help="First verify the access log; status 1 on any doubt.")
    ] = False,
    checkpoint: Held = None,
    vkey: VkeyFile = None,
    someone: AsSomeone,
    form: Form,
) -> int:
    """Print who looked at a case, or at anything, when, why and by which rules; refusals too."""
    sound = True
    with opened(store) as record:
        if check or checkpoint is not None or vkey is not None:
            sound = _verified(record, checkpoint, vkey)
        reader = someone.reader
        try:
            answer = (record if reader is None else record.seen_by(reader)).looked(case=case, since=since)
        except (Tampered, StoreUnavailable) as error:
            if sound:
                raise
            note(f"access log: it cannot be read: {error}")
            return 1
    put_answer(answer, form.name)
    if unreadable := sum(row["result"] == "unreadable" for row in answer):
        note(f"access log: {entries(unreadable)} cannot be read; the rules of the row say which")
    return 0 if sound else 1


def _verified(record: "Record", checkpoint: Path | None, vkey: Path | None) -> bool:
    """Whether the access log is sound; says so, or what is doubtful, on standard error.

    Raises:
        Invalid: the vkey is malformed, or there is no checkpoint that it could have signed.
    """
    from earlystart_core.access.looked import unreadable_in
    from earlystart_core.proof.judging import verify_log
    from earlystart_core.proof.keys import vkey_in
    from earlystart_core.proof.verify import MOST as MOST_DOUBTS

    key = None if vkey is None else vkey_in(content_of("--vkey", vkey, MOST))
    try:
        found = verify_log(record.store.access.tree, held_in(checkpoint), key, access=True)
    except Tampered as none:
        note(f"access log: {none}")
        return False
    doubts = list(found.doubts)
    with suppress(Tampered, StoreUnavailable):  # whoever reads it next says so
        doubts += islice(unreadable_in(record.store.access.about()), MOST_DOUBTS - len(doubts))
    for doubt in doubts:
        note(f"access log: {doubt}")
    if not doubts:
        signed = "its signature is good" if found.signed else "its signature is not checked: no --vkey"
        asked = found.since if checkpoint is not None or vkey is not None else None
        since = f", consistent since {entries(asked.size)}, {asked.origin}; {signed}" if asked is not None else ""
        note(f"access log: sound, {entries(found.size)}{since}")
    return not doubts


def break_glass(
    *,
    store: Stored,
    case: Case = None,
    every: Annotated[bool, typer.Option("--all", metavar="", help="Those that were reviewed, too.")] = False,
    form: Form,
) -> None:
    """Print the broken glasses that await a review, with why, and by when; overdue ones are counted."""
    with opened(store) as record:
        found = record.glass.rows(case)
    rows = [row for row in found if every or row["state"] != "reviewed"]
    note_sealed(rows)
    put_answer(Answer(rows, found.clocks), form.name)
    if overdue := sum(row["state"] == "overdue" for row in rows):
        note(f"{overdue} overdue: expected a review by someone else within days")
