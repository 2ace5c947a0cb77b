"""Signing a log: one name for ever, nothing that contradicts what was signed before, and remembered with the store."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from earlystart_core import OpenCase, Practitioner, Record
from earlystart_core.errors import Invalid, StoreUnavailable
from earlystart_core.log import Log
from earlystart_core.proof.checkpoint import checkpoint_in, signed
from earlystart_core.proof.of_log import LogProof
from earlystart_sql.log import SqlLog

from .conftest import OTHER_PEM, PEM, filled, signer


def test_a_checkpoint_is_of_the_log_as_it_is_and_is_remembered(log: Log, proof: Callable[[Log], LogProof]) -> None:
    of = proof(filled(log, 300))
    first = of.checkpoint(PEM)
    assert first.origin == f"earlystart/{log.tree.leaves(0, 1)[:8].hex()}"
    assert (first.size, first.root) == (300, of.root())
    first.note.check(signer(first.origin).vkey)
    filled(log, 3)
    second = of.checkpoint(PEM)
    assert (second.origin, second.size, second.root) == (first.origin, 303, of.root())
    last = log.tree.last_signed()
    assert last is not None
    assert str(last.checkpoint) == str(second)
    assert last.at.utcoffset() == timedelta(0)
    assert checkpoint_in(str(second).encode()) == second
    for held in (first, second, str(first), str(second).encode()):
        assert of.verify(held, str(signer(first.origin).vkey)).sound


def test_the_same_log_gives_the_same_checkpoint(log: Log, proof: Callable[[Log], LogProof]) -> None:
    """Ed25519 is deterministic: signing twice says the same."""
    of = proof(filled(log, 10))
    assert of.checkpoint(PEM) == of.checkpoint(PEM)


def test_a_log_keeps_its_name_and_may_get_another_key(log: Log, proof: Callable[[Log], LogProof]) -> None:
    of = proof(filled(log, 10))
    of.checkpoint(PEM, "council.example/log")
    with pytest.raises(Invalid, match=r"expected council\.example/log, the name in this log's earlier checkpoints"):
        of.checkpoint(PEM, "other.example/log")
    with pytest.raises(Invalid, match=r"expected council\.example/log, .*, got council\.example/\\u200blog$"):
        of.checkpoint(PEM, "council.example/\u200blog")
    second = of.checkpoint(OTHER_PEM)
    assert second.origin == "council.example/log"
    second.note.check(signer(second.origin, OTHER_PEM).vkey)


def test_what_cannot_be_signed_is_told_and_leaves_nothing(log: Log, proof: Callable[[Log], LogProof]) -> None:
    of = proof(log)
    with pytest.raises(Invalid, match="there is nothing to sign yet"):
        of.checkpoint(PEM)
    filled(log, 3)
    with pytest.raises(Invalid, match="expected an Ed25519 key"):
        of.checkpoint(b"no key")
    with pytest.raises(Invalid, match="without spaces or plus"):
        of.checkpoint(PEM, "a b")
    assert log.tree.last_signed() is None


class Shouting(str):
    """Text with a form of its own."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        raise OSError("no form")


def test_a_name_that_would_not_be_read_back_is_refused(log: Log, proof: Callable[[Log], LogProof]) -> None:
    filled(log, 2)
    with pytest.raises(Invalid, match="without a byte order mark at its beginning"):
        proof(log).checkpoint(PEM, "\ufeffcouncil.example/log")
    proof(log).checkpoint(PEM, "council.example/log")
    with pytest.raises(
        Invalid, match=r"expected council\.example/log, the name in this log's earlier checkpoints, got other$"
    ):
        proof(log).checkpoint(PEM, Shouting("other"))


def test_a_verifier_key_needs_a_checkpoint_to_check(log: Log, proof: Callable[[Log], LogProof]) -> None:
    of = proof(filled(log, 3))
    with pytest.raises(Invalid, match="expected a checkpoint that it signed"):
        of.verify(vkey=str(signer().vkey))
    made = of.checkpoint(PEM, signer().name)
    found = of.verify(vkey=str(signer().vkey))
    assert (found.sound, found.signed, found.since) == (True, True, made)
    assert not of.verify().signed
    assert not of.verify(vkey=str(signer(pem=OTHER_PEM).vkey)).sound


def test_every_size_that_was_signed_can_be_held_against_the_log(sql_log: SqlLog, proof: Callable) -> None:
    of, held = proof(sql_log), []
    for count in (1, 254, 1, 1, 255, 1, 300):
        filled(sql_log, count)
        held.append(of.checkpoint(PEM))
    assert all(of.verify(one).sound for one in held)


def test_many_processes_verify_as_one_does(sql_log: SqlLog, monkeypatch: pytest.MonkeyPatch, proof: Callable) -> None:
    """With stretches of two blocks, and a doubt in one of them."""
    filled(sql_log, 1300)
    held = proof(sql_log).checkpoint(PEM)
    monkeypatch.setattr("earlystart_sql.stretches.STRETCH", 512)
    found = proof(sql_log).verify(held, processes=2)
    assert (found.size, found.root, found.sound) == (1300, held.root, True)
    with sql_log.writing() as connection:
        if sql_log.database.dialect == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER fact_no_UPDATE")
        else:
            connection.exec_driver_sql("ALTER TABLE fact DISABLE TRIGGER USER")
        connection.exec_driver_sql("UPDATE fact SET occurred_at = 5 WHERE position = 700")
    again = proof(sql_log).verify(held, processes=2)
    assert [doubt.position for doubt in again.doubts] == [700]
    assert proof(sql_log).verify(held) == again


def test_stretches_of_any_length_give_one_root(log: Log, monkeypatch: pytest.MonkeyPatch, proof: Callable) -> None:
    filled(log, 1100)
    held = proof(log).checkpoint(PEM)
    for length in (256, 512, 65_536):
        monkeypatch.setattr("earlystart_core.proof.tree.STRETCH", length)
        found = proof(log).verify(held)
        assert (found.size, found.root, found.sound) == (1100, held.root, True)


@pytest.mark.parametrize("place", ["memory://", "sqlite", ":memory:"])
def test_a_record_has_its_proof(place: str, sqlite_url: str) -> None:
    ada = Practitioner("practitioner:00000000000000000000000001", role="health_visitor", employer="org:lch")
    with Record.open(sqlite_url if place == "sqlite" else place) as record:
        for _ in range(3):
            case, family = record.new_id("case"), record.new_id("family")
            record.submit(OpenCase(case=case, family=family, team="team:armley", reason="birth"), by=ada)
        assert record.proof.verify().sound
        made = record.proof.checkpoint(PEM)
        assert made.root == record.proof.root()
        assert b'"type":"CaseOpened"' in record.proof.entry(2).check(signer(made.origin).vkey)


def test_a_store_that_takes_no_writing_signs_nothing(sql_url: str, open_log: Callable, proof: Callable) -> None:
    filled(open_log(sql_url), 3)
    reader = open_log(sql_url, read_only=True)
    with pytest.raises(StoreUnavailable, match="reading only"):
        proof(reader).checkpoint(PEM)
    assert proof(reader).verify().sound


def test_entries_behind_the_checkpoint_are_counted(log: Log, proof: Callable) -> None:
    filled(log, 20)
    held = proof(log).checkpoint(PEM)
    assert proof(log).verify(held).unsigned == 0
    filled(log, 3)
    assert proof(log).verify(held).unsigned == 3


def test_a_checkpoint_that_is_no_such_is_not_held_against_the_log(log: Log, proof: Callable) -> None:
    """Its root would say that the log was changed, which nobody knows."""
    filled(log, 20)
    forged = signed(signer("a", OTHER_PEM), 20, bytes(32))
    found = proof(log).verify(forged, str(signer("a").vkey))
    assert [str(doubt)[:33] for doubt in found.doubts] == ["the checkpoint is not signed by a"]
