"""Whether the record itself stands: that nothing was altered, what made its answers, and what is kept too long."""

import platform
from collections import Counter
from datetime import date
from importlib.metadata import version

from earlystart_core import retention
from earlystart_core.desk.asked import Asked, Row
from earlystart_core.errors import Invalid
from earlystart_core.proof.checkpoint import Checkpoint
from earlystart_core.tombstones import tombstones
from earlystart_core.views import VIEW
from earlystart_core.words.policy import POLICIES


def unaltered(asked: Asked, *, checkpoint: Checkpoint | str | None = None, vkey: str | None = None) -> list[Row]:
    """One row: the whole log read and hashed again, as `proof.verify` does; `sound` is false on any doubt.

    checkpoint: one that someone kept, or its text; without it the last that was signed here. vkey: the log's verifier
    key, as text.

    Raises:
        Invalid: the checkpoint or the vkey is malformed, or there is a vkey and no checkpoint.
    """
    found = asked.record.proof.verify(checkpoint, vkey)
    return [
        {
            "size": found.size,
            "root": found.root.hex(),
            "consistent_since": found.since.size if found.since and found.sound else None,
            "origin": found.since.origin if found.since else None,
            "signatures": found.signed,
            "sound": found.sound,
            "doubts": [str(doubt) for doubt in found.doubts],
            "tombstones": sum(len(event.keys) for _, event in tombstones(asked.log)),
        }
    ]


def versions(asked: Asked, *, case: str | None = None) -> list[Row]:
    """What made the answers: rows `kind, name, version, entries`.

    `library`, `python`; each `view` with the digest of its declaration; each `policy`; the `retention` rules in years;
    each `event` in its newest version. case: the entries about it too, by the version that they were stored in.
    """
    rows: list[Row] = [
        _row("library", "earlystart-core", version("earlystart-core")),
        _row("python", platform.python_implementation(), platform.python_version()),
        *(_row("view", name, view.digest[:16]) for name, view in sorted(VIEW.items())),
        *(_row("policy", policy.name, str(policy.version)) for policy in POLICIES),
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

    on: the London day, such as 2051-12-31, on which to ask what is due; today where it is left out.

    Raises:
        Invalid: `on` is no date.
    """
    try:
        day = None if on is None else date.fromisoformat(on)
    except ValueError:
        raise Invalid("on", f"expected a date such as 2051-12-31, got {on!r:.40}") from None
    return [row for row in asked.record.retention(day) if row["due"] or row["holds"]]
