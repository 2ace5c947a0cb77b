"""The log itself: every entry to standard output, byte for byte as it is hashed, and what proves it."""

from typing import Annotated

import typer

from earlystart_cli import proving, verifying
from earlystart_cli.groups import add
from earlystart_cli.output import put_clocks, writing
from earlystart_cli.stores import Stored, on_sql, opened

app = typer.Typer(help="The log: every entry as it is hashed.", epilog="Example: earlystart log export --ndjson")


@app.callback()
def log() -> None:
    """The log: every entry as it is hashed."""


def export(
    *,
    store: Stored,
    _: Annotated[
        bool, typer.Option("--ndjson", metavar="", help="One entry a line: the only form, so it may be left out.")
    ] = True,
    leaves: Annotated[
        bool, typer.Option("--leaves", metavar="", help="Give each entry its leaf of the hash tree, in hex.")
    ] = False,
) -> None:
    """Print every entry, one a line: exactly its canonical bytes, personal text sealed."""
    from earlystart_core.clocks import clocks_at
    from earlystart_sql.export import canonical_lines

    with opened(store) as record, writing() as write:
        log = on_sql(record).log
        clocks = clocks_at(log)
        put_clocks(clocks)
        for block in canonical_lines(log, upto=clocks.known, leaves=leaves):
            write(block)


for name, command, example in (
    ("export", export, "earlystart log export --db leeds.db --ndjson > leeds.ndjson"),
    ("verify", verifying.verify, verifying.EXAMPLE),
    ("checkpoint", proving.checkpoint, proving.CHECKPOINT_EXAMPLE),
    ("prove", proving.prove, proving.PROVE_EXAMPLE),
):
    add(app, name, command, example)
