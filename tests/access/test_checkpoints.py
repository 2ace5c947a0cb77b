"""Checkpoints of the access log: that none was taken out since, and that nobody takes it for the record's log."""

import pytest

from earlystart_core import NamePointOfContact, Record
from earlystart_core.errors import Invalid, Tampered
from earlystart_core.proof.checkpoint import Checkpoint, checkpoint_in, signed
from earlystart_core.proof.judging import verify_export
from earlystart_core.proof.keys import signer_in
from earlystart_core.proof.of_log import LogProof
from earlystart_core.proof.tree import Signed
from tests.proof.conftest import PEM, lines

from .conftest import *
from .test_access_log import entries, unguarded

KINDS_OF_LOG = {"access": "the access log", "log": "the record's log"}


@pytest.fixture
def full(record: Record) -> Record:
    """With 300 entries in the access log."""
    record.store.access.append(entries(299))
    record.seen_by(ALLOCATED).timeline(ANNA)
    return record


def proof_of(record: Record, kind: str) -> LogProof:
    return record.access_proof if kind == "access" else record.proof


def told(record: Record, kind: str, checkpoint: Checkpoint) -> list[str]:
    return [str(doubt) for doubt in proof_of(record, kind).verify(checkpoint).doubts]


def test_the_first_origin_says_which_log_it_is(full: Record) -> None:
    access, log = (proof_of(full, kind).checkpoint(PEM) for kind in ("access", "log"))
    assert access.origin.startswith("earlystart/")
    assert access.origin.endswith("/access")
    assert not log.origin.endswith("/access")
    assert (told(full, "access", access), told(full, "log", log)) == ([], [])


@pytest.mark.parametrize("signed_before", [False, True])
@pytest.mark.parametrize("kind", ["access", "log"])
def test_a_checkpoint_of_the_one_is_refused_for_the_other(full: Record, kind: str, *, signed_before: bool) -> None:
    """Also where that log never signed one, and whatever name was chosen."""
    other = "log" if kind == "access" else "access"
    wrong = proof_of(full, other).checkpoint(PEM, "leeds.example/case" + ("/access" if other == "access" else ""))
    if signed_before:
        proof_of(full, kind).checkpoint(PEM)
    said = f"the checkpoint is of {KINDS_OF_LOG[other]}: expected one of {KINDS_OF_LOG[kind]}, got {wrong.origin}"
    assert told(full, kind, wrong) == [said]
    with pytest.raises(Invalid, match=f"expected one of {KINDS_OF_LOG[kind]}, got leeds"):
        proof_of(full, kind).entry(1, wrong)


@pytest.mark.parametrize("kind", ["access", "log"])
def test_neither_is_given_a_name_of_the_other(full: Record, kind: str) -> None:
    name = "leeds.example/log" + ("/access" if kind == "log" else "")
    with pytest.raises(Invalid, match=r"origin: expected a name that (ends|does not end) in /access"):
        proof_of(full, kind).checkpoint(PEM, name)
    assert proof_of(full, kind).verify().since is None


@pytest.mark.parametrize("kind", ["access", "log"])
def test_a_store_that_signed_under_another_name_before_goes_on_under_it(full: Record, kind: str) -> None:
    name = "leeds.example/log" + ("/access" if kind == "log" else "")
    proof = proof_of(full, kind)
    signer = signer_in(PEM, name)
    tree = full.store.access.tree if kind == "access" else full.store.log.tree
    old = tree.sign(lambda _: Signed(signed(signer, tree.size(), tree.root()), full.store.clock()))
    assert told(full, kind, old.checkpoint) == []
    full.seen_by(ALLOCATED).timeline(ANNA)
    full.submit(NamePointOfContact(case=ANNA, practitioner=KIM), by=BY)
    assert proof.checkpoint(PEM).origin == name
    assert proof.verify(old.checkpoint, str(signer.vkey)).sound


def test_an_export_of_the_log_is_not_held_against_a_checkpoint_of_the_access_log(lasting: Record) -> None:
    lasting.seen_by(ALLOCATED).timeline(ANNA)
    wrong = lasting.access_proof.checkpoint(PEM)
    found = verify_export(lines(lasting.store.log), wrong)
    assert [str(doubt) for doubt in found.doubts] == [
        f"the checkpoint is of the access log: expected one of the record's log, got {wrong.origin}"
    ]


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_an_access_log_that_was_rolled_back_is_shorter_than_a_checkpoint_that_someone_kept(full: Record) -> None:
    """Whole, with its tree and what was signed: by itself it is in order."""
    early = full.access_proof.checkpoint(PEM)
    for _ in range(3):
        full.seen_by(OF_TEAM).timeline(ANNA)
    kept = checkpoint_in(str(full.access_proof.checkpoint(PEM)).encode())
    assert told(full, "access", kept) == []
    unguarded(
        full,
        *(f"DELETE FROM {table} WHERE position > 300" for table in ("look", "look_tag")),
        "DELETE FROM look_head WHERE number > 1",
    )
    assert full.access_proof.verify().sound
    assert told(full, "access", early) == []
    said = "the log is shorter than the checkpoint: it had 303 entries, now 300"
    assert told(full, "access", kept) == [said]
    full.seen_by(STRANGER).may("read", BEN)
    full.seen_by(STRANGER).may("read", BEN)
    full.seen_by(STRANGER).may("read", BEN)
    said = "the root of the first 303 entries is not the checkpoint's: it covers other ones"
    assert told(full, "access", kept) == [said]
    with pytest.raises(Tampered):
        full.access_proof.entry(302, kept)
