"""Erase: the keys of a case or person are destroyed, and its certificate stands in the log; and all erasures so far."""

from typing import Annotated

import msgspec
import typer

from earlystart_cli.by import Recorder
from earlystart_cli.options import Form, Json
from earlystart_cli.output import note, put, put_answer, put_json
from earlystart_cli.stores import Stored, opened

EXAMPLE = 'earlystart erase case:01JH0000000000000000000000 --authority "Caldicott guardian, IG-7" --second-authority …'
ERASURES_EXAMPLE = "earlystart erasures --db leeds.db --json"


def erase(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="The case or person: an id such as case:01J….")],
    authority: Annotated[
        str,
        typer.Option("--authority", metavar="TEXT", help="On whose word: role and reference. It stays readable."),
    ],
    second_authority: Annotated[
        str, typer.Option("--second-authority", metavar="TEXT", help="And on whose besides: another person.")
    ],
    *,
    store: Stored,
    recorder: Recorder,
    json: Json = False,
) -> None:
    """Destroy the keys of a case or person and what imports left of it, then record its tombstone. For good."""
    from earlystart_core.types import london_date

    with opened(store) as record:
        kept, today = record.kept_until(subject), london_date(record.store.clock())
        done = record.erase(subject, authority=authority, second_authority=second_authority, by=recorder.practitioner)
    if not done.again and (kept.until is None or kept.until > today):
        until = "longer" if kept.until is None else f"until {kept.until.isoformat()}"
        note(f"it was to be kept {until} ({kept.rule}): it was erased on the word of the two authorities")
    if done.again:
        note("it was erased before; nothing was left to do" if not done.forgotten else "it was erased before")
    certificate = {
        "subject": subject,
        "position": done.position,
        "erased_at": done.evidence.at,
        "authority": done.evidence.authority,
        "second_authority": done.evidence.second_authority,
        "subjects": list(done.evidence.subjects),
        "keys": list(done.evidence.keys),
        "forgotten": done.forgotten,
    }
    if json:
        put_json(certificate)
        return
    plain = msgspec.to_builtins(certificate)
    put(f"{name}: {', '.join(value) if isinstance(value, list) else value}" for name, value in plain.items())


def erasures(store: Stored, form: Form) -> None:
    """Print the tombstones: who was erased, when, on whose word, and which key went."""
    with opened(store) as record:
        answer = record.erasures()
    put_answer(answer, form.name)
