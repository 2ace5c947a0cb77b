"""What a report tells: of one case its story on two clocks, of a whole record its sums; both with cover and proof."""

from typing import Any

import msgspec

from earlystart_core.clocks import Clocks
from earlystart_core.desk.asked import Asked, Row, about, by, stamp
from earlystart_core.desk.knowing import late
from earlystart_core.desk.looking import looked
from earlystart_core.desk.mistakes import relied
from earlystart_core.desk.sharings import overrides
from earlystart_core.desk.soundness import unaltered, versions
from earlystart_core.errors import Invalid, Tampered
from earlystart_core.proof.checkpoint import Checkpoint
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.sharing import InformationShared


class Casebook(msgspec.Struct, frozen=True):
    """The rows of every part of a report."""

    case: str | None  # None: the whole record
    clocks: Clocks
    status: list[Row]  # the case's row of `case_status`; of a whole record its `tiers`, a row a team
    story: list[Row]  # of a case only, as `timeline` gives it
    disclosures: list[Row]  # with `shared_at, items, recorded_at`
    overrides: list[Row]
    looked: list[Row]
    corrections: list[Row]  # `position, occurred_at, recorded_at, practitioner, target, type, standing`
    relied: list[Row]
    late: list[Row]
    versions: list[Row]
    proof: Row  # as `unaltered` gives it; `checkpoint`, the text of the one it was held against; `kept`, `vkey`: given


def casebook(
    asked: Asked, case: str | None, *, checkpoint: Checkpoint | None = None, vkey: str | None = None
) -> Casebook:
    """What a report tells of a case, or of the whole record, at those clocks.

    checkpoint, vkey: as for `unaltered`.

    Raises:
        Invalid: no entry is about that case at those clocks, or the vkey is malformed or has no checkpoint to check.
    """
    story = [] if case is None else asked.questions.timeline(case).rows
    if case is not None and not story:
        raise Invalid("case", f"expected a case that is on record at these clocks, got {case}")
    (proof,) = unaltered(asked, checkpoint=checkpoint, vkey=vkey)
    return Casebook(
        case=case,
        clocks=asked.clocks,
        status=[*asked.questions.tiers()] if case is None else [*asked.rows("case_status", case)],
        story=story,
        disclosures=_disclosures(asked, case),
        overrides=overrides(asked, case=case),
        looked=looked(asked, case=case),
        corrections=_corrections(asked, case),
        relied=relied(asked, case=case),
        late=late(asked, case=case),
        versions=[row for row in versions(asked) if row["kind"] not in ("event", "retention")],
        proof={
            **proof,
            "checkpoint": _text(asked, checkpoint),
            "kept": checkpoint is not None,
            "vkey": None if vkey is None else vkey.strip(),
        },
    )


def _text(asked: Asked, checkpoint: Checkpoint | None) -> str | None:
    """Of the checkpoint that was given, else of the last one signed; None where there is none, or none is readable."""
    try:
        last = asked.log.tree.last_signed()
    except Tampered:  # that is among the doubts
        last = None
    given = checkpoint or (None if last is None else last.checkpoint)
    return None if given is None else str(given)


def _disclosures(asked: Asked, case: str | None) -> list[dict[str, Any]]:
    shared = {one.position: one for one in asked.facts([InformationShared], *about(case)).told}
    return [
        {**row, "items": shared[row["position"]].event.items, **stamp(shared[row["position"]])}
        for row in asked.questions.disclosures(case)
    ]


def _corrections(asked: Asked, case: str | None) -> list[Row]:
    marks = asked.facts([MarkedInError], *about(case))
    return [
        {
            **stamp(one),
            "practitioner": by(one)["practitioner"],
            "target": one.event.target,
            "type": next(asked.log.read(after=one.event.target - 1, limit=1).entries()).event.type,
            "standing": one.position not in marks.struck,
        }
        for one in marks.told
    ]
