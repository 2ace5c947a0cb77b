"""`log verify`, `log checkpoint`, `log prove`, and what demo, doctor and a report say of the proof."""

import html
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from earlystart_core.proof.keys import COSIGNATURE, Vkey, vkey_in
from earlystart_core.proof.single import single_in
from tests.proof.conftest import OTHER_PEM, PEM, signer

from .conftest import Called, call, process
from .test_erasing import erased


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "log.pem"
    path.write_bytes(PEM)
    return path


@pytest.fixture
def held(copy: Path, key: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A checkpoint of the city and its verifier key, as files."""
    found = call("log", "checkpoint", "--db", copy, "--key", key, "--origin", "council.example/log")
    assert found.status == 0
    checkpoint, vkey = tmp_path / "a.checkpoint", tmp_path / "log.vkey"
    checkpoint.write_bytes(found.out)
    vkey.write_text(re.search(r"^vkey (.*)$", found.err, re.MULTILINE)[1] + "\n")
    return checkpoint, vkey


@pytest.fixture
def export(copy: Path, tmp_path: Path) -> Path:
    path = tmp_path / "e.ndjson"
    path.write_bytes(call("log", "export", "--db", copy, "--leaves").out)
    return path


def table(found: Called) -> dict[str, str]:
    return dict(re.split(r"  +", line, maxsplit=1) for line in found.lines)


def size_of(export: Path) -> int:
    return export.read_bytes().count(b"\n")


def test_a_store_is_verified_and_said_in_eight_lines(stored: str) -> None:
    found = call("log", "verify", "--db", stored)
    assert (found.status, found.err) == (0, "")
    said = table(found)
    of_the_log = ["size", "root", "consistent since", "shredded", "gaps", "signatures"]
    assert list(said) == [*of_the_log, "import ledger", "keys"]
    assert (said["consistent since"], said["gaps"]) == ("no checkpoint", "none")
    assert said["signatures"] == "not checked: no --vkey"
    as_json = call("log", "verify", "--db", stored, "--json").json
    assert set(as_json) == {
        "size",
        "root",
        "consistent_since",
        "origin",
        "shredded",
        "signatures",
        "kept",
        "ledger",
        "keys",
        "unsigned",
        "doubts",
    }
    assert (as_json["doubts"], as_json["signatures"]) == ([], False)


def test_the_officer_needs_the_export_the_key_and_an_old_checkpoint(
    copy: Path, export: Path, held: tuple[Path, Path], tmp_path: Path
) -> None:
    checkpoint, vkey = held
    by_store = call("log", "verify", "--db", copy, "--checkpoint", checkpoint, "--vkey", vkey)
    for left in tmp_path.glob("city.db*"):
        left.unlink()
    found = process("log", "verify", "--export", export, "--checkpoint", checkpoint, "--vkey", vkey)
    assert (found.status, found.err) == (0, "")
    assert by_store.out.startswith(found.out)  # beside its log a store has a ledger and keys
    assert table(found) == {
        "size": str(size_of(export)),
        "root": checkpoint.read_text("utf-8").split("\n")[2],
        "consistent since": f"{size_of(export)} entries, council.example/log",
        "shredded": "none",
        "gaps": "none",
        "signatures": "good, council.example/log",
    }
    as_json = call("log", "verify", "--export", export, "--checkpoint", checkpoint, "--vkey", vkey, "--json").json
    assert as_json["consistent_since"] == as_json["size"] == size_of(export)
    assert (as_json["origin"], as_json["signatures"], as_json["doubts"]) == ("council.example/log", True, [])


def test_any_doubt_is_status_1_and_named(export: Path, held: tuple[Path, Path], tmp_path: Path) -> None:
    checkpoint, vkey = held
    whole, note = export.read_bytes(), checkpoint.read_bytes()
    lines = whole.splitlines(keepends=True)
    other = tmp_path / "other.vkey"
    other.write_text(f"{signer('council.example/log', OTHER_PEM).vkey}\n")
    for name, given, seen, by, sentence in (
        ("edited", whole.replace(b'"birth"', b'"death"', 1), note, vkey, "do not give its leaf"),
        ("deleted", b"".join(lines[:20] + lines[21:]), note, vkey, "position 21: it is missing"),
        ("reordered", b"".join(lines[:20] + [lines[21], lines[20], *lines[22:]]), note, vkey, "position 21: "),
        ("dropped tail", b"".join(lines[:-5]), note, vkey, "the log is shorter than the checkpoint"),
        ("cut off", whole[:-9], note, vkey, "its line is cut off"),
        ("another size", whole, note.replace(b"\n%d\n" % len(lines), b"\n%d\n" % (len(lines) - 1)), vkey, "not hold"),
        ("forged", whole, note[:-6] + b"AAA=\n", vkey, "canonical base64|does not hold|in base64"),
        ("truncated", whole, note[:40], vkey, "checkpoint: "),
        ("no note", whole, b"", vkey, "checkpoint: expected its text, got an empty one"),
        ("another key", whole, note, other, "is not signed by council.example/log"),
    ):
        export.write_bytes(given)
        checkpoint.write_bytes(seen)
        found = call("log", "verify", "--export", export, "--checkpoint", checkpoint, "--vkey", by)
        assert found.status == 1, name
        assert re.search(f"^earlystart: .*({sentence})", found.err, re.MULTILINE), (name, found.err)
        assert "Traceback" not in found.err
        as_json = call("log", "verify", "--export", export, "--checkpoint", checkpoint, "--vkey", by, "--json")
        assert as_json.status == 1
        assert not as_json.out or as_json.json["doubts"]


def test_a_tampered_store_is_status_1_and_named(copy: Path, held: tuple[Path, Path]) -> None:
    from earlystart_sql.sqlite import LIBRARY

    connection = LIBRARY.connect(str(copy))
    connection.execute("DROP TRIGGER fact_no_UPDATE")
    connection.execute("UPDATE fact SET occurred_at = occurred_at + 1 WHERE position = 9")
    connection.commit()
    connection.close()
    found = call("log", "verify", "--db", copy)
    assert found.status == 1
    assert found.err == "earlystart: position 9: the occurred_at kept beside it is not the one that it says\n"
    assert table(found)["doubts"] == "1"


def test_doubts_are_told_where_a_certificate_cannot_be_read(copy: Path) -> None:
    """What was shredded is read as any question is, and that would fail."""
    from earlystart_sql.sqlite import LIBRARY

    case = call("view", "case_status", "--db", copy, "--json").json[0]["case"]
    assert erased(copy, case).status == 0
    connection = LIBRARY.connect(str(copy))
    (position,) = connection.execute("SELECT max(position) FROM entry").fetchone()
    connection.execute("DROP TRIGGER fact_no_UPDATE")
    connection.execute("UPDATE fact SET data = x'7b' WHERE position = ?", (position,))
    connection.commit()
    connection.close()
    found = call("log", "verify", "--db", copy, "--json")
    assert found.status == 1
    assert f"position {position}: its bytes do not give its leaf" in found.err
    assert found.json["shredded"] is None


def test_an_export_is_not_read_behind_a_line_that_no_entry_has(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of zeros, or a device that gives them for ever, would fill the memory."""
    monkeypatch.setattr("earlystart_cli.verifying.LONGEST", 100_000)
    content = export.read_bytes()
    export.write_bytes(content + bytes(1_000_000) + b"\n" + content)
    found = call("log", "verify", "--export", export)
    assert found.status == 1
    entries = content.count(b"\n")
    assert table(found)["size"] == str(entries + 1)
    assert f"position {entries + 1}: its line is cut off" in found.err


def test_a_checkpoint_is_a_signed_note_and_tells_its_verifier_key(held: tuple[Path, Path], copy: Path) -> None:
    checkpoint, vkey = held
    lines = checkpoint.read_text("utf-8").split("\n")
    assert lines[0] == "council.example/log"
    assert lines[3] == ""
    assert lines[4].startswith("\u2014 council.example/log ")
    assert vkey_in(vkey.read_bytes()) == signer("council.example/log").vkey
    doctor = call("doctor", "--db", copy, "--json").json["checkpoint"]
    assert (doctor["size"], doctor["lag"]) == (int(lines[1]), 0)
    assert 0 <= doctor["age_seconds"] < 3600
    assert "age_seconds: " in call("doctor", "--db", copy).out.decode()


def test_the_key_that_openssl_makes_signs(copy: Path, tmp_path: Path) -> None:
    pem = tmp_path / "openssl.pem"
    made = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", pem], check=False)
    assert made.returncode == 0
    found = call("log", "checkpoint", "--db", copy, "--key", pem)
    assert found.status == 0
    assert re.match(rb"earlystart/[0-9a-f]{16}\n", found.out)


def test_without_a_checkpoint_it_is_said_what_signs_one(copy: Path) -> None:
    found = call("log", "prove", "17", "--db", copy)
    assert (found.status, found.out) == (2, b"")
    assert found.err == (
        "earlystart: checkpoint: expected a signed checkpoint that covers the entry, got none;"
        " earlystart log checkpoint signs one\n"
    )


def test_one_entry_is_proven_to_someone_who_may_see_no_other(
    copy: Path, held: tuple[Path, Path], tmp_path: Path
) -> None:
    checkpoint, vkey = held
    given = call("log", "prove", "17", "--db", copy)
    assert given.status == 0
    assert call("log", "prove", "17", "--db", copy, "--checkpoint", checkpoint).out == given.out
    path = tmp_path / "17.tlog-proof"
    path.write_bytes(given.out)
    line = call("log", "export", "--db", copy).out.splitlines(keepends=True)[16]
    found = process("log", "verify", "--proof", path, "--vkey", vkey)
    assert (found.status, found.out) == (0, line)
    assert found.err.startswith("entry 17 of ")
    for spoiled, sentence in (
        (given.out.replace(b"index 16", b"index 15"), "the proof"),
        (given.out.replace(b"index 16", b"index 016"), "proof: expected the index"),
        (given.out[:-3], "checkpoint: "),
    ):
        path.write_bytes(spoiled)
        found = call("log", "verify", "--proof", path, "--vkey", vkey)
        assert (found.status, found.out) == (1, b"")
        assert sentence in found.err


def test_a_witness_s_key_is_not_taken_for_that_of_the_log(copy: Path, held: tuple[Path, Path], tmp_path: Path) -> None:
    """A witness sees many logs: by its key alone anyone could pass off an entry of a log of their own."""
    given = single_in(call("log", "prove", "17", "--db", copy).out)
    witness, checkpoint = signer("witness.example", OTHER_PEM), given.checkpoint
    seen = replace(given, checkpoint=replace(checkpoint, note=checkpoint.note.cosigned_by(witness, 1_760_000_000)))
    proof, key = tmp_path / "17.tlog-proof", tmp_path / "witness.vkey"
    proof.write_text(str(seen))
    key.write_text(f"{Vkey(witness.name, COSIGNATURE, witness.vkey.public)}\n")
    found = call("log", "verify", "--proof", proof, "--vkey", key)
    assert found.status == 0
    assert found.err.strip().endswith(
        f"in the log {checkpoint.origin}, as the witness witness.example saw it: whether that is the log that you mean,"
        " only the log's own key can tell"
    )
    assert call("log", "verify", "--proof", proof, "--vkey", held[1]).err.strip().endswith("signed by its key")


def test_an_export_that_a_mail_program_changed_is_told_in_one_sentence(copy: Path, tmp_path: Path) -> None:
    path = tmp_path / "mailed.ndjson"
    path.write_bytes(call("log", "export", "--db", copy).out.replace(b"\n", b"\r\n"))
    found = call("log", "verify", "--export", path)
    assert (found.status, found.out) == (1, b"")
    assert found.err == (
        "earlystart: export: expected line feeds alone, got Windows line ends: some mail programs make them\n"
    )


def test_wrong_calls_are_told_in_one_sentence(copy: Path, key: Path, held: tuple[Path, Path], tmp_path: Path) -> None:
    checkpoint, vkey = held
    bad = tmp_path / "bad"
    bad.write_bytes(b"noise")
    long = tmp_path / "long"
    long.write_bytes(b"x" * 70_000)
    none = tmp_path / "none"
    for arguments, sentence in (
        (("verify", "--db", copy, "--vkey", bad), "vkey: expected one line"),
        (("verify", "--db", copy, "--vkey", none), "--vkey: expected a file that can be read"),
        (("verify", "--db", copy, "--vkey", long), "--vkey: expected a file of at most"),
        (("verify", "--db", copy, "--checkpoint", none), "--checkpoint: expected a file that can be read"),
        (("verify", "--export", none), "--export: expected a file that can be read"),
        (("verify", "--export", tmp_path), "--export: expected a file that can be read"),
        (("verify", "--export", bad, "--vkey", vkey), "vkey: expected a checkpoint that it signed"),
        (("verify", "--proof", bad), "--vkey: expected the log's verifier key"),
        (("verify", "--proof", none, "--vkey", vkey), "--proof: expected a file that can be read"),
        (("verify", "--proof", bad, "--vkey", vkey, "--checkpoint", checkpoint), "--proof: expected a proof alone"),
        (("checkpoint", "--db", copy), "--key"),
        (("checkpoint", "--db", copy, "--key", bad), "key: expected an Ed25519 key as PKCS#8 PEM"),
        (("checkpoint", "--db", copy, "--key", none), "--key: expected a file that can be read"),
        (("checkpoint", "--db", copy, "--key", key, "--origin", "other"), "origin: expected council.example/log"),
        (("prove", "0", "--db", copy), "position: expected one that the checkpoint covers"),
        (("prove", "x", "--db", copy), "POSITION"),
        (("prove", "1", "--db", copy, "--checkpoint", bad), "checkpoint: "),
    ):
        found = call("log", *arguments)
        assert (found.status, found.out) == (2, b""), (arguments, found.err)
        assert sentence in found.err, (arguments, found.err)
        assert found.err.count("\n") == 1


def test_a_store_that_is_not_there_is_status_3(tmp_path: Path, key: Path) -> None:
    for command in (("verify",), ("checkpoint", "--key", key), ("prove", "1")):
        found = call("log", *command, "--db", tmp_path / "none.db")
        assert (found.status, found.out) == (3, b"")


def test_nothing_is_signed_that_contradicts_what_was(copy: Path, key: Path, held: tuple[Path, Path]) -> None:
    from earlystart_sql.sqlite import LIBRARY

    connection = LIBRARY.connect(str(copy))
    connection.execute("DROP TRIGGER entry_no_DELETE")
    connection.execute("DELETE FROM entry WHERE position > 300")
    connection.commit()
    connection.close()
    found = call("log", "checkpoint", "--db", copy, "--key", key)
    assert (found.status, found.out) == (1, b"")
    assert "the log is shorter than at its last checkpoint" in found.err


def test_a_large_log_is_verified_by_two_processes(
    copy: Path, held: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint, vkey = held
    one = call("log", "verify", "--db", copy, "--checkpoint", checkpoint, "--vkey", vkey)
    monkeypatch.setattr("earlystart_cli.verifying.LARGE", 1)
    monkeypatch.setattr("earlystart_sql.stretches.STRETCH", 256)
    assert call("log", "verify", "--db", copy, "--checkpoint", checkpoint, "--vkey", vkey) == one


def test_a_store_from_before_the_tree_is_verified_signed_and_told_by_doctor(copy: Path, key: Path) -> None:
    from earlystart_sql.sqlite import LIBRARY

    root = call("log", "verify", "--db", copy, "--json").json["root"]
    connection = LIBRARY.connect(str(copy))
    for name in ("tree_node", "tree_head"):
        connection.execute(f"DROP TABLE {name}")
    connection.commit()
    connection.close()
    assert call("doctor", "--db", copy, "--json").json["checkpoint"] == "no checkpoint"
    assert call("log", "verify", "--db", copy, "--json").json["root"] == root
    assert call("log", "checkpoint", "--db", copy, "--key", key).status == 0
    assert call("log", "verify", "--db", copy, "--json").json["consistent_since"] == size_of_store(copy)


def size_of_store(path: Path) -> int:
    return call("doctor", "--db", path, "--json").json["store"]["head"]


def test_demo_prints_the_proof_of_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    found = call("demo", "--cases", "60")
    assert found.status == 0
    assert re.search(r"The log's proof: [\d,]+ entries, root [A-Za-z0-9+/]{43}=", found.out.decode())


def test_importing_and_writing_on_keeps_the_log_provable(feed: Callable[..., Path], sql_url: str, key: Path) -> None:
    folder = feed(
        teams="team,cluster,name\narmley,west,Armley\n",
        cases="child_ref,family_ref,team,opened_on,born_on,closed_on,close_reason\nc1,f1,armley,2026-01-05,2026-01-01,,\n",
    )
    assert call("import", folder, "--db", sql_url).status == 0
    assert call("log", "checkpoint", "--db", sql_url, "--key", key).status == 0
    assert call("log", "verify", "--db", sql_url).status == 0


def section(page: Path) -> str:
    """What the proof's part of a report says, without its tags."""
    text = page.read_text("utf-8").split('<h2 id="proof">')[1].split("</section>")[0]
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", text).split()))


def test_a_report_checks_the_signature_of_a_checkpoint(copy: Path, held: tuple[Path, Path], tmp_path: Path) -> None:
    checkpoint, vkey = held
    page = tmp_path / "report.html"
    for options, says, says_not in (
        ((), ("not checked: no verifier key", "Last signed checkpoint", "is the store's own"), "handed in"),
        (("--vkey", vkey), ("checkpoint good", vkey.read_text().strip(), "Last signed checkpoint"), "not checked"),
        (("--checkpoint", checkpoint), ("not checked", "Checkpoint that was handed in"), "the store's own"),
        (
            ("--checkpoint", checkpoint, "--vkey", vkey),
            ("checkpoint good", vkey.read_text().strip(), "Checkpoint that was handed in", "council.example/log"),
            "not checked",
        ),
    ):
        found = call("audit", "report", "--db", copy, "--out", page, *options)
        assert (found.status, found.out) == (0, b""), found.err
        assert found.err.count("\n") == 1
        said = section(page)
        assert all(each in said for each in says), (options, said)
        assert says_not not in said
        assert ("which the log's key signed" in html.unescape(page.read_text("utf-8"))) == ("--vkey" in options)


def test_a_doubt_stands_in_the_report_and_is_status_1(copy: Path, held: tuple[Path, Path], tmp_path: Path) -> None:
    checkpoint, _ = held
    page, other, forged = (tmp_path / name for name in ("report.html", "other.vkey", "forged.checkpoint"))
    other.write_text(f"{signer('council.example/log', OTHER_PEM).vkey}\n")
    size = checkpoint.read_bytes().split(b"\n")[1]
    forged.write_bytes(checkpoint.read_bytes().replace(b"\n%b\n" % size, b"\n%d\n" % (int(size) - 1), 1))
    for options, sentence in (
        (("--vkey", other), "is not signed by council.example/log"),
        (("--checkpoint", forged), "are not those of the checkpoint|not hold|root"),
    ):
        verified = call("log", "verify", "--db", copy, *options)
        found = call("audit", "report", "--db", copy, "--out", page, *options)
        assert (found.status, found.out) == (verified.status, b"") == (1, b"")
        doubts = found.err.splitlines()[1:]
        assert doubts == verified.err.splitlines()
        assert all(doubt.removeprefix("earlystart: ") in section(page) for doubt in doubts)
        assert re.search(sentence, doubts[0]), doubts
        assert "There is a doubt about this log." in page.read_text("utf-8")
        assert ("Signature of the checkpoint there is a doubt" in section(page)) == ("--vkey" in options)
    page.unlink()
    forged.write_bytes(b"no note")
    found = call("audit", "report", "--db", copy, "--out", page, "--checkpoint", forged)
    assert (found.status, found.err.startswith("earlystart: checkpoint: "), page.exists()) == (1, True, False)


def test_a_report_wants_a_checkpoint_for_a_verifier_key(copy: Path, tmp_path: Path) -> None:
    vkey, page = tmp_path / "log.vkey", tmp_path / "report.html"
    vkey.write_text(f"{signer('council.example/log', OTHER_PEM).vkey}\n")
    for file, says in (
        (vkey, "vkey: expected a checkpoint that it signed, got none"),
        (tmp_path / "none", "--vkey: expected a file that can be read"),
    ):
        found = call("audit", "report", "--db", copy, "--out", page, "--vkey", file)
        assert (found.status, found.out, page.exists()) == (2, b"", False)
        assert says in found.err
    unsigned = call("audit", "report", "--db", copy, "--out", page)
    assert unsigned.status == 0
    assert "None was signed yet" in section(page)
