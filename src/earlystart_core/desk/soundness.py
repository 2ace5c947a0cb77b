"""Whether the record itself stands: that nothing was altered, what made its answers, and what is kept too long."""

import platform
from collections import Counter
from importlib.metadata import version

from earlystart_core.access import rings
from earlystart_core.access.case_views import opened
from earlystart_core.access.policy import POLICY as ACCESS
from earlystart_core.answer import Answer
from earlystart_core.clocks import clocks_at, day_in
from earlystart_core.desk.asked import Asked, Row
from earlystart_core.erasing import retention
from earlystart_core.erasing.tombstones import tombstones
from earlystart_core.proof.checkpoint import Checkpoint
from earlystart_core.types import london_date
from earlystart_core.views import VIEW
from earlystart_core.words.policy import POLICIES


def unaltered(asked: Asked, *, checkpoint: Checkpoint | str | None = None, vkey: str | None = None) -> Answer:
    """One row: the whole log read and hashed again, as `proof.verify` does; `sound` is false on any doubt.

    Whatever the clocks: the answer's are those of what was read, and nothing is cut by an effective one.
    checkpoint: one that someone kept, or its text; without it the last that was signed here. vkey: the log's verifier
    key, as text.

    Raises:
        Invalid: the checkpoint or the vkey is malformed, or there is a vkey and no checkpoint.
    """
    found = asked.record.proof.verify(checkpoint, vkey)
    row = {
        "size": found.size,
        "root": found.root.hex(),
        "consistent_since": found.since.size if found.since and found.sound else None,
        "origin": found.since.origin if found.since else None,
        "signatures": None if vkey is None else found.signed,  # None: not checked
        "unsigned": found.unsigned,
        "sound": found.sound,
        "doubts": [str(doubt) for doubt in found.doubts],
        "tombstones": sum(len(event.keys) for at, event in tombstones(asked.log) if at <= found.size),
    }
    return Answer([row], clocks_at(asked.log, min(found.size, asked.log.head())))


def versions(asked: Asked, *, case: str | None = None) -> list[Row]:
    """What made the answers: rows `kind, name, version, entries`.

    `library`, `python`; each `view` with the digest of its declaration; each `policy` of sharing; the `access` policy
    that questions 1 and 6 are judged by, and the table of `rings` that it opens; the `retention` rules in years; each
    `event` in its newest version. case: the entries about it too, by the version that they were stored in.
    """
    judge, _, number = ACCESS.name.rpartition(" ")
    rows: list[Row] = [
        _row("library", "earlystart-core", version("earlystart-core")),
        _row("python", platform.python_implementation(), platform.python_version()),
        *(_row("view", name, view.digest[:16]) for name, view in sorted(VIEW.items())),
        *(_row("policy", policy.name, str(policy.version)) for policy in POLICIES),
        _row("access", judge, number),
        _row("rings", "rings", str(rings.VERSION)),
        *(_row("retention", name, str(getattr(retention, name.upper()))) for name in ("child", "older", "maternity")),
        *(_row("event", name, str(cls.version)) for name, cls in sorted(asked.registry.classes.items())),
    ]
    if case is not None:
        stored = Counter((one.event.type, one.event.version) for one in asked.recorded(case))
        rows += [_row("entry", name, str(number), count) for (name, number), count in sorted(stored.items())]
    return rows


def _row(kind: str, name: str, said: str, entries: int | None = None) -> Row:
    return {"kind": kind, "name": name, "version": said, "entries": entries}


def kept(asked: Asked, *, on: str | None = None) -> list[Row]:
    """Every case and person that has been kept long enough or is under a legal hold: rows of `retention`.

    At these clocks, but for the holds, which are those that stand now, and for the persons whom imports tell of.
    on: the London day, such as 2051-12-31, on which to ask what is due; today where it is left out.

    Raises:
        Invalid: `on` is no date.
    """
    store = asked.record.store
    now = store.clock()
    day = london_date(now) if on is None else day_in("on", on)
    cases = opened(asked.log, asked.clocks)
    linked, children = store.forgetting.people(), store.forgetting.children()
    rows = retention.retention(
        asked.log, asked.registry, cases, linked, now, day, asked.clocks.known, children=children
    )
    return [row for row in rows if row["due"] or row["holds"]]
