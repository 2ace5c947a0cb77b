"""The verdict on a log: what its entries came to, held against what is kept beside it and what was signed before."""

from collections.abc import Collection, Iterable, Iterator
from itertools import chain, islice

from earlystart_core.errors import Invalid, StoreUnavailable, Tampered
from earlystart_core.proof.checkpoint import Checkpoint, another_log, checkpoint_in
from earlystart_core.proof.entries import Doubt
from earlystart_core.proof.export import rows_of
from earlystart_core.proof.keys import Vkey
from earlystart_core.proof.origins import is_named, kind_of_log
from earlystart_core.proof.strict import bytes_of, check_carried
from earlystart_core.proof.tree import Signed, Tree
from earlystart_core.proof.verify import (
    BEFORE_ALL,
    STRETCH,
    Joining,
    Stretch,
    Verified,
    against,
    against_kept,
    checked,
    kept_upto,
)
from earlystart_core.visible import visible


def verify_log(
    tree: Tree,
    checkpoint: Checkpoint | None = None,
    vkey: Vkey | None = None,
    processes: int = 1,
    *,
    access: bool = False,
) -> Verified:
    """The whole log verified from its rows, against the tree kept beside it and its last checkpoint.

    checkpoint: another one that someone kept, to compare with as well. access: whether it is the access log.

    Raises:
        Invalid: there is a vkey, and no checkpoint that it could have signed.
    """
    early: list[Doubt] = []
    last: Signed | None = None
    try:
        last = tree.last_signed()
    except Tampered as error:
        early.append(Doubt(None, str(error)))
    since = checkpoint or (None if last is None else last.checkpoint)
    signed, doubts = _signed(since, vkey)
    if since is not None:
        doubts += _of_another(since.origin, None if last is None else last.checkpoint.origin, access=access)
    early += doubts
    believed = None if doubts else since  # another's root says nothing of this log
    held = [one for one in (believed, None if last is None else last.checkpoint) if one is not None]
    size = tree.size()
    joined = Joining([one.size for one in held])
    joined.doubt(early)
    kept = 0
    try:
        for stretch in tree.stretches(size, [one.size for one in held], processes):
            joined.add(stretch)
            if joined.full:  # more would not be told, and a forged position could make the log seem endless
                break
        joined.doubt(tree.strays(size))
        nodes = list(tree.all_kept())
        joined.doubt(against_kept(joined, nodes, max(joined.size, tree.size())))
        kept = min(kept_upto(nodes), joined.size)
    except Tampered as error:
        joined.doubt([Doubt(None, str(error))])
    except StoreUnavailable as error:
        if not joined.doubts:
            raise  # a store that fails says nothing of its log; where there are doubts already, they are told
        joined.doubt([Doubt(None, f"it cannot be read any further: {error}")])
    if joined.size < size:
        held = []  # of what was not read no root is known
    return _verdict(joined, held, since, signed=signed, kept=kept)


def verify_export(lines: Iterable[bytes], checkpoint: Checkpoint | None = None, vkey: Vkey | None = None) -> Verified:
    """The whole log verified from an export alone, given as its lines.

    Raises:
        Invalid: there is a vkey, and no checkpoint that it could have signed; or the first line says that the file
            came through an editor or a mail program, which change every line.
    """
    lines = iter(lines)
    first = list(islice(lines, 1))
    for line in first:
        check_carried("export", line)
    signed, doubts = _signed(checkpoint, vkey)
    if checkpoint is not None:
        doubts += _of_another(checkpoint.origin, None, access=False)  # the access log has no export
    held = [] if checkpoint is None or doubts else [checkpoint]  # of another's its root says nothing
    wanted = [one.size for one in held]
    joined = Joining(wanted)
    joined.doubt(doubts)
    for stretch in _stretches(chain(first, lines), wanted):
        joined.add(stretch)
    if joined.size == 0:
        joined.doubt([Doubt(None, "the export holds no entry: expected one at least")])
    return _verdict(joined, held, checkpoint, signed=signed, kept=None)


def _stretches(lines: Iterable[bytes], wanted: Collection[int]) -> Iterator[Stretch]:
    left, last, ended = iter(lines), 0, BEFORE_ALL
    index = 0
    while some := list(islice(left, STRETCH)):
        stretch = checked(rows_of(some, last), index, wanted, after=last, upto=None, ended=ended)
        yield stretch
        last, ended, index = stretch.last, stretch.ended, index + len(some)


def _signed(since: Checkpoint | None, vkey: Vkey | None) -> tuple[bool, list[Doubt]]:
    """Whether the signature was checked and holds, and the doubts about it."""
    if vkey is None:
        return False, []
    if since is None:
        raise Invalid("vkey", "expected a checkpoint that it signed, got none")
    try:
        since.check(vkey)
    except Tampered as error:
        return False, [Doubt(None, str(error))]
    return True, []


def _verdict(
    joined: Joining, held: Iterable[Checkpoint], since: Checkpoint | None, *, signed: bool, kept: int | None
) -> Verified:
    for one in {(one.size, one.root): one for one in held}.values():
        joined.doubt(against(joined, one))
    return Verified(
        joined.size, joined.root, since, signed, kept, tuple(joined.doubts), unreceipted=tuple(joined.unreceipted)
    )


def _of_another(origin: str, before: str | None, *, access: bool) -> Iterator[Doubt]:
    """Where a checkpoint is another log's by its origin. before: the origin that was signed here last."""
    if not is_named(origin, access=access, before=before):
        got, expected = kind_of_log(access=not access), kind_of_log(access=access)
        yield Doubt(None, f"the checkpoint is of {got}: expected one of {expected}, got {visible(origin)}")
    elif before is not None and before != origin:
        yield Doubt(None, another_log(origin, before))


def given_checkpoint(given: Checkpoint | str | bytes | None) -> Checkpoint | None:
    """The checkpoint, from its text where it is given so.

    Raises:
        Invalid: it is none.
    """
    if given is None or isinstance(given, Checkpoint):
        return given
    return checkpoint_in(bytes_of("checkpoint", given))
