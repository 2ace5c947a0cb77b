"""`audit checkpoint` and `audit access --checkpoint`: that no look was taken out since, on both stores."""

from pathlib import Path

import pytest

from earlystart_core import Record
from tests.proof.conftest import OTHER_PEM, PEM

from .conftest import Called, call

WHO = "practitioner:" + "0" * 25 + "1"
OFFICER = ("--as", WHO, "--role", "information_governance", "--employer", "org:lch", "--purpose", "audit")
LOOKS = ("look", "look_tag", "look_head")


@pytest.fixture
def stored(sql_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A few children, and three looks at them."""
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    made = call("simulate", "--db", sql_url, "--cases", "4", "--years", "1", "--seed", "1", "--teams", "1")
    assert made.status == 0
    for _ in range(3):
        assert call("caseload", "--db", sql_url, *OFFICER).status == 0
    return sql_url


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "log.pem"
    path.write_bytes(PEM)
    return path


def signed(kind: str, stored: str, key: Path, *more: str) -> tuple[Path, Path]:
    """A checkpoint of the log, or of the access log (`audit`), and its verifier key, as files."""
    found = call(kind, "checkpoint", "--db", stored, "--key", key, *more)
    assert found.status == 0, found.err
    checkpoint, vkey = (key.with_name(f"{kind}.{what}") for what in ("checkpoint", "vkey"))
    checkpoint.write_bytes(found.out)
    vkey.write_text(found.err.splitlines()[-1].removeprefix("vkey ") + "\n", "utf-8")
    return checkpoint, vkey


def said(found: Called) -> list[str]:
    return [line for line in found.err.splitlines() if line.startswith(("access log:", "earlystart:"))]


def test_the_access_log_goes_on_from_a_checkpoint_that_someone_kept(stored: str, key: Path) -> None:
    checkpoint, vkey = signed("audit", stored, key)
    origin = checkpoint.read_text("utf-8").splitlines()[0]
    assert origin.endswith("/access")
    found = call("audit", "access", "--db", stored, "--checkpoint", checkpoint, "--vkey", vkey, "--json")
    since = f"access log: sound, 3 entries, consistent since 3 entries, {origin}; its signature is good"
    assert (found.status, said(found), len(found.json)) == (0, [since], 3)
    call("caseload", "--db", stored, *OFFICER)
    found = call("audit", "access", "--db", stored, "--checkpoint", checkpoint, *OFFICER, "--json")
    since = (
        f"access log: sound, 4 entries, consistent since 3 entries, {origin}; its signature is not checked: no --vkey"
    )
    assert (found.status, said(found), len(found.json)) == (0, [since], 5)
    again = call("audit", "checkpoint", "--db", stored, "--key", key)
    assert again.out.decode().splitlines()[:2] == [origin, "5"]


def test_a_rollback_of_the_access_log_is_noticed(stored: str, key: Path) -> None:
    checkpoint, vkey = signed("audit", stored, key, "--origin", "leeds.example/access")
    with Record.open(stored) as record, record.store.database.writing() as connection:
        for table in LOOKS:
            if record.store.database.dialect == "sqlite":
                connection.exec_driver_sql(f"DROP TRIGGER {table}_no_DELETE")
            else:
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in ("look WHERE position > 2", "look_tag WHERE position > 2", "look_head"):
            connection.exec_driver_sql(f"DELETE FROM {statement}")
        if record.store.database.dialect == "sqlite":
            for table in LOOKS:
                made = f"CREATE TRIGGER {table}_no_DELETE BEFORE DELETE ON {table}"
                stop = f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are only ever added'); END"
                connection.exec_driver_sql(f"{made} {stop}")
    alone = call("audit", "access", "--db", stored, "--check", "--json")
    assert (alone.status, len(alone.json)) == (0, 2)
    for more in ((), ("--vkey", vkey), ("--check",)):
        found = call("audit", "access", "--db", stored, "--checkpoint", checkpoint, "--json", *more)
        doubt = "access log: the log is shorter than the checkpoint: it had 3 entries, now 2"
        assert (found.status, said(found), len(found.json)) == (1, [doubt], 2)


def test_a_checkpoint_of_the_one_log_is_refused_for_the_other(stored: str, key: Path) -> None:
    log, log_vkey = signed("log", stored, key)
    audit, audit_vkey = signed("audit", stored, key)
    of_log, of_access = (path.read_text("utf-8").splitlines()[0] for path in (log, audit))
    for vkey in ((), ("--vkey", log_vkey)):
        found = call("audit", "access", "--db", stored, "--checkpoint", log, *vkey, "--json")
        doubt = f"access log: the checkpoint is of the record's log: expected one of the access log, got {of_log}"
        assert (found.status, said(found)) == (1, [doubt])
    for vkey in ((), ("--vkey", audit_vkey)):
        found = call("log", "verify", "--db", stored, "--checkpoint", audit, *vkey)
        doubt = f"earlystart: the checkpoint is of the access log: expected one of the record's log, got {of_access}"
        assert (found.status, said(found)) == (1, [doubt])
    found = call("log", "prove", "1", "--db", stored, "--checkpoint", audit)
    assert (found.status, found.out) == (2, b"")
    found = call("audit", "access", "--db", stored, "--checkpoint", audit, "--vkey", log_vkey)
    assert (found.status, "is not signed by" in found.err) == (1, True)


def test_another_key_or_a_changed_note_is_a_doubt(stored: str, key: Path) -> None:
    checkpoint, vkey = signed("audit", stored, key)
    other = key.with_name("other.pem")
    other.write_bytes(OTHER_PEM)
    forged = call("audit", "checkpoint", "--db", stored, "--key", other)
    checkpoint.write_bytes(forged.out)
    found = call("audit", "access", "--db", stored, "--checkpoint", checkpoint, "--vkey", vkey, "--json")
    assert (found.status, "the checkpoint is not signed by" in found.err) == (1, True)
    checkpoint.write_bytes(b"hello")
    found = call("audit", "access", "--db", stored, "--checkpoint", checkpoint, "--json")
    assert (found.status, said(found)[0].startswith("access log: checkpoint: expected")) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("access", "--checkpoint", "nowhere"), "earlystart: --checkpoint: expected a file that can be read"),
        (("access", "--vkey", "KEY"), "earlystart: vkey: expected the verifier key that"),
        (("access", "--vkey", "VKEY"), "earlystart: vkey: expected a checkpoint that it signed, got none"),
        (("checkpoint", "--key", "nowhere"), "earlystart: --key: expected a file that can be read"),
        (("checkpoint", "--key", "VKEY"), "earlystart: key: expected an Ed25519 key as PKCS#8 PEM"),
        (
            ("checkpoint", "--key", "KEY", "--origin", "leeds.example/log"),
            "earlystart: origin: expected a name that ends in /access, as an access log's does",
        ),
    ],
)
def test_a_wrong_call_is_one_sentence(stored: str, key: Path, arguments: tuple[str, ...], sentence: str) -> None:
    vkey = key.with_name("log.vkey")
    vkey.write_text(call("log", "checkpoint", "--db", stored, "--key", key).err.removeprefix("vkey "), "utf-8")
    named = {"KEY": key, "VKEY": vkey, "nowhere": key.with_name("nowhere")}
    found = call("audit", arguments[0], "--db", stored, *(named.get(one, one) for one in arguments[1:]))
    assert (found.status, found.out, found.err.count("\n")) == (2, b"", 1)
    assert found.err.startswith(sentence)


def test_without_a_look_there_is_nothing_to_sign(sql_url: str, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARLYSTART_KEK", "5a" * 32)
    call("simulate", "--db", sql_url, "--cases", "2", "--years", "1", "--seed", "1", "--teams", "1")
    found = call("audit", "checkpoint", "--db", sql_url, "--key", key)
    assert (found.status, found.out, "there is nothing to sign yet" in found.err) == (2, b"", True)
