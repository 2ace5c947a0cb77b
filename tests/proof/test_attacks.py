"""F10: what someone with every right to the database can do, and what catches it: one test or more for each attack.

One thing cannot be caught here: false entries that are well formed, appended in order by whoever may append. Nothing
in a hash tells them from true ones (`test_false_but_well_formed_entries_are_not_caught`).
"""

import re
from collections.abc import Callable

import pytest

from earlystart_core.entry import canonical, leaf_of
from earlystart_core.errors import Tampered
from earlystart_core.log import Log
from earlystart_core.proof.checkpoint import Checkpoint, signed
from earlystart_core.proof.hashing import cut
from earlystart_core.proof.judging import verify_export, verify_log
from earlystart_core.proof.of_log import LogProof
from earlystart_core.proof.paths import check_consistency
from earlystart_core.proof.verify import MOST, Verified
from earlystart_sql.log import SqlLog
from earlystart_sql.sqlite import LIBRARY

from .conftest import OTHER_PEM, PEM, entry, filled, lines, signer

SIZE = 700
TABLES = ("entry", "fact", "entry_tag", "tree_node", "tree_head", "shape")


@pytest.fixture
def attacked(sql_log: SqlLog) -> SqlLog:
    """A log of which the attacker owns the database."""
    filled(sql_log, SIZE)
    with sql_log.writing() as connection:
        for table in TABLES:
            if sql_log.database.dialect == "sqlite":
                for name in ("UPDATE", "DELETE", "replace"):
                    connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_{name}")
            else:
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    return sql_log


def run(log: SqlLog, *statements: str) -> None:
    with log.writing() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def told(found: Verified) -> list[str]:
    return [str(doubt) for doubt in found.doubts]


def blob(log: SqlLog, value: bytes) -> str:
    return f"x'{value.hex()}'" if log.database.dialect == "sqlite" else f"'\\x{value.hex()}'::bytea"


def set_entry(log: SqlLog, position: int, frame: bytes, data: bytes, *, leaf: bool = True) -> bytes:
    """Puts other bytes in an entry's place, with the leaf that they give where asked; returns that leaf."""
    made = leaf_of(canonical(frame, data))
    run(
        log,
        f"UPDATE entry SET frame = {blob(log, frame)} WHERE position = {position}",
        f"UPDATE fact SET data = {blob(log, data)} WHERE position = {position}",
        *([f"UPDATE entry SET leaf = {blob(log, made)} WHERE position = {position}"] if leaf else []),
    )
    return made


def stored(log: SqlLog, position: int) -> tuple[bytes, bytes]:
    rows = next(iter(log.tree.rows(position - 1, position)))
    assert rows.data[0] is not None
    return rows.frames[0], rows.data[0]


def rehashed(log: SqlLog) -> None:
    """The whole tree kept beside the log made again from its leaves: a thorough attacker."""
    run(log, "DELETE FROM tree_node")
    with log.writing() as connection:
        leaves = cut(log.tree.leaves(0, log.head()))
        log.tree._blocks = 0
        log.tree.grow(connection, 0, leaves)


def test_an_untouched_log_leaves_no_doubt(log: Log) -> None:
    found = verify_log(filled(log, SIZE).tree)
    assert (found.size, found.root, told(found), found.sound) == (SIZE, log.tree.root(), [], True)


# Edit, delete or reorder one entry


@pytest.mark.parametrize("position", [1, 256, 257, SIZE])
def test_edited_data_is_named(attacked: SqlLog, position: int) -> None:
    frame, _ = stored(attacked, position)
    set_entry(attacked, position, frame, b'{"number":999}', leaf=False)
    assert f"position {position}: its bytes do not give its leaf: it or the leaf was changed since" in told(
        verify_log(attacked.tree)
    )


def test_an_edited_frame_is_named(attacked: SqlLog) -> None:
    frame, data = stored(attacked, 300)
    set_entry(attacked, 300, frame.replace(b"health_visitor", b"social_workers"), data, leaf=False)
    assert "position 300: its bytes do not give its leaf: it or the leaf was changed since" in told(
        verify_log(attacked.tree)
    )


def test_an_entry_edited_with_its_leaf_is_not_that_of_the_kept_tree_nor_of_the_checkpoint(attacked: SqlLog) -> None:
    kept = LogProof(attacked.tree, attacked.clock).checkpoint(PEM)
    frame, _ = stored(attacked, 300)
    set_entry(attacked, 300, frame, b'{"number":999}')
    said = told(verify_log(attacked.tree, kept))
    assert "position 257: the entries 257 to 512 are not those whose hash is kept with the log" in said
    assert f"the root of the first {SIZE} entries is not the checkpoint's: it covers other ones" in said
    rehashed(attacked)
    assert told(verify_log(attacked.tree, kept)) == [said[-1]]


def test_a_deleted_entry_is_named(attacked: SqlLog) -> None:
    run(attacked, "DELETE FROM entry WHERE position = 300", "DELETE FROM fact WHERE position = 300")
    assert told(verify_log(attacked.tree))[0] == "position 300: it is missing; the next entry is at 301"
    run(attacked, "DELETE FROM entry WHERE position = 1", "DELETE FROM fact WHERE position = 1")
    assert told(verify_log(attacked.tree))[0] == "position 1: it is missing; the next entry is at 2"


def test_deleted_data_is_named(attacked: SqlLog) -> None:
    run(attacked, "DELETE FROM fact WHERE position = 300")
    assert "position 300: its data is gone" in told(verify_log(attacked.tree))


def test_swapped_entries_are_named(attacked: SqlLog) -> None:
    one, two = stored(attacked, 301), stored(attacked, 302)  # of one shape
    set_entry(attacked, 301, *two)
    set_entry(attacked, 302, *one)
    said = told(verify_log(attacked.tree))
    assert "position 301: the entry here says that it is the one at position 302" in said
    assert "position 302: the entry here says that it is the one at position 301" in said


def test_an_entry_replayed_at_another_place_is_named(attacked: SqlLog) -> None:
    set_entry(attacked, 302, *stored(attacked, 301))
    assert "position 302: the entry here says that it is the one at position 301" in told(verify_log(attacked.tree))


def test_recording_times_that_fall_are_named(attacked: SqlLog) -> None:
    frame, data = stored(attacked, 300)
    at = frame.index(b'"recorded_at":"') + len(b'"recorded_at":"')
    set_entry(attacked, 300, frame[:at] + b"2020" + frame[at + 4 :], data)
    said = told(verify_log(attacked.tree))
    assert any(one.startswith("position 300: recorded before the entry at the position below") for one in said)


@pytest.mark.parametrize("length", [256, 512])
def test_recording_times_that_fall_between_two_stretches_are_named(
    attacked: SqlLog, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setattr("earlystart_sql.stretches.STRETCH", length)
    frame, data = stored(attacked, length + 1)
    at = frame.index(b'"recorded_at":"') + len(b'"recorded_at":"')
    set_entry(attacked, length + 1, frame[:at] + b"2020" + frame[at + 4 :], data)
    said = told(verify_log(attacked.tree))
    assert f"position {length + 1}: recorded before the entry at the position below" in said


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("entry.recorded_at", "recorded_at + 1", "the recorded_at kept beside it"),
        ("fact.occurred_at", "77", "the occurred_at kept beside it"),
        ("entry.leaf", "x", "its bytes do not give its leaf"),
    ],
)
def test_a_column_that_says_otherwise_is_named(attacked: SqlLog, column: str, value: str, sentence: str) -> None:
    table, name = column.split(".")
    given = blob(attacked, bytes(32)) if value == "x" else value
    run(attacked, f"UPDATE {table} SET {name} = {given} WHERE position = 300")
    assert any(one.startswith(f"position 300: {sentence}") for one in told(verify_log(attacked.tree)))


def test_an_entry_moved_to_another_type_is_named(attacked: SqlLog) -> None:
    run(attacked, "UPDATE fact SET shape = 3 - shape WHERE position = 300")
    assert "position 300: its data stands among those of another type" in told(verify_log(attacked.tree))
    run(attacked, "UPDATE entry SET shape = 3 - shape WHERE position = 300")
    assert any("type and version kept beside it" in one for one in told(verify_log(attacked.tree)))


def test_data_that_no_entry_names_is_named(attacked: SqlLog) -> None:
    """A rebuild reads data alone, so it would believe this."""
    data = blob(attacked, b"{}")
    run(attacked, f"INSERT INTO fact (shape, position, occurred_at, data) VALUES (1, {SIZE + 5}, 0, {data})")
    assert told(verify_log(attacked.tree)) == [
        f"position {SIZE + 5}: there is data of a Tested here, and no entry: the last one is at position {SIZE}"
    ]
    run(attacked, f"DELETE FROM fact WHERE position > {SIZE}")
    other = {1: 2, 2: 1}[1 if 300 % 3 == 1 else 2]
    run(attacked, f"INSERT INTO fact (shape, position, occurred_at, data) VALUES ({other}, 300, 0, {data})")
    assert "position 300: its data is there more than once" in told(verify_log(attacked.tree))
    run(attacked, "DELETE FROM entry WHERE position = 300")
    assert any(one.startswith("position 300: ") for one in told(verify_log(attacked.tree)))


@pytest.mark.parametrize("position", [1, 300, SIZE])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"version":1}', b'"version":1 }'),  # a blank
        (b'"version":1}', b'"version":1,"version":1}'),  # said twice
        (b'"type":', b'"type":"Other","type":'),
        (b'"employer":"org:lch",', b""),
        (b'Z","recorded_by"', b'+00:00","recorded_by"'),
        (b'"command_id":"c', b'"command_id":"\\u0063'),  # another spelling of c
        (b'"data":', b'"date":'),
        (b"{", b""),
        (b"{", b'{"a":' + b"[" * 100_000),
        (b'"recorded_at":', b'"recorded_at":"9999-12-31T23:59:59-23:59","x":'),  # no instant in UTC
        (b'"version":1}', b'"version":1' + b"0" * 5_000 + b"}"),
    ],
)
def test_other_spellings_of_an_entry_are_named_even_with_their_own_leaf(
    sqlite_url: str, open_log: Callable[..., SqlLog], position: int, before: bytes, after: bytes
) -> None:
    log = filled(open_log(sqlite_url), SIZE)
    run(log, "DROP TRIGGER entry_no_UPDATE")
    frame, data = stored(log, position)
    spoiled = frame.replace(before, after, 1)
    assert spoiled != frame
    made = leaf_of(canonical(spoiled, data)) if b'"data":' in spoiled else bytes(32)
    run(log, f"UPDATE entry SET frame = x'{spoiled.hex()}', leaf = x'{made.hex()}' WHERE position = {position}")
    assert told(verify_log(log.tree))[0].startswith(f"position {position}: ")


@pytest.mark.parametrize("said", [b'"2026-01-01T00:00:00"', b'"2026-01-01T00:00:00+00:00"', b"1767225600"])
def test_an_instant_without_its_one_offset_is_named_in_a_store_and_in_an_export(
    sqlite_url: str, open_log: Callable[..., SqlLog], said: bytes
) -> None:
    log = filled(open_log(sqlite_url), SIZE)
    run(log, *(f"DROP TRIGGER {table}_no_UPDATE" for table in ("entry", "fact")))
    frame, data = stored(log, 300)
    set_entry(log, 300, re.sub(rb'(?<="occurred_at":)[^,]*', said, frame), data)
    for found in (verify_log(log.tree), verify_export(lines(log))):
        assert any(one.startswith("position 300: ") for one in told(found))


@pytest.mark.parametrize("position", [1, 300, SIZE])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"}{",
        b'{"number":1} ',
        b'{"number": 1}',
        b'{"number":1,"number":2}',
        b'{"number":1,"a":2}',
        b'{"number":1.0}',
        b'{"number":"\\u0061"}',
        b'{"number":1}\n{"number":2}',
        b'{"number":1},"type":"Other"',
        b'{},"occurred_at":"2020-01-01T00:00:00Z","other":{}',
        b"[1]",
        b"null",
        b'"tex"',
        b'"eyJudW1iZXIiOjF9"',  # base64 of an object: its other spelling
        b'"YQ"',
        b'{"number":"\xff"}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
    ],
)
def test_other_spellings_of_data_are_named_even_with_their_own_leaf(
    sqlite_url: str, open_log: Callable[..., SqlLog], position: int, data: bytes
) -> None:
    log = filled(open_log(sqlite_url), SIZE)
    run(log, *(f"DROP TRIGGER {table}_no_UPDATE" for table in ("entry", "fact")))
    set_entry(log, position, stored(log, position)[0], data)
    assert f"position {position}: its data is not the one spelling of a JSON object, nor base64 text" in told(
        verify_log(log.tree)
    )


def test_two_entries_that_are_sound_only_together_are_named(attacked: SqlLog) -> None:
    """Cut apart at another place: joined they would be the two lines that they ought to be."""
    one, two = (stored(attacked, position)[0] for position in (301, 302))
    end = b',"version":1}'
    set_entry(attacked, 301, one.removesuffix(end), stored(attacked, 301)[1])
    set_entry(attacked, 302, b'"version":1},' + two, stored(attacked, 302)[1])
    assert {one[:12] for one in told(verify_log(attacked.tree))} >= {"position 301", "position 302"}


def test_entries_and_data_before_the_first_are_named(attacked: SqlLog) -> None:
    columns = "shape, recorded_at, frame, leaf"
    run(attacked, f"INSERT INTO entry (position, {columns}) SELECT -1, {columns} FROM entry WHERE position = 9")
    assert told(verify_log(attacked.tree)) == ["position -1: there is an entry here: the first one is at position 1"]
    run(attacked, "DELETE FROM entry WHERE position < 1", "UPDATE fact SET position = 0 WHERE position = 300")
    assert any(one.startswith("position 0: there is data of a ") for one in told(verify_log(attacked.tree)))


@pytest.mark.parametrize("value", ["'text'", "7", "x''", "1.5"])
def test_whatever_stands_in_a_cell_is_a_doubt_and_no_crash(
    sqlite_url: str, open_log: Callable[..., SqlLog], value: str
) -> None:
    log = filled(open_log(sqlite_url), SIZE)
    run(log, *(f"DROP TRIGGER {table}_no_UPDATE" for table in ("entry", "fact")))
    for table, column in (
        ("entry", "frame"),
        ("entry", "leaf"),
        ("entry", "recorded_at"),
        ("entry", "shape"),
        ("fact", "data"),
        ("fact", "occurred_at"),
    ):
        before = LIBRARY.connect(str(log.database.address.path)).execute(
            f"SELECT {column} FROM {table} WHERE position = 300"
        )
        kept = before.fetchone()[0]
        before.connection.close()
        run(log, f"UPDATE {table} SET {column} = {value} WHERE position = 300")
        assert any(one.startswith("position 300: ") for one in told(verify_log(log.tree))), (table, column)
        back = f"x'{kept.hex()}'" if isinstance(kept, bytes) else "NULL" if kept is None else str(kept)
        run(log, f"UPDATE {table} SET {column} = {back} WHERE position = 300")
    assert verify_log(log.tree).sound


@pytest.mark.parametrize("value", ["'text'", "7", "x''", "1.5", "-1", "1000000000000"])
def test_whatever_stands_in_the_kept_tree_is_a_doubt_and_hinders_no_append(
    sqlite_url: str, open_log: Callable[..., SqlLog], value: str
) -> None:
    log = filled(open_log(sqlite_url), SIZE)
    LogProof(log.tree, log.clock).checkpoint(PEM)
    for table, column in (
        ("node", "hash"),
        ("head", "note"),
        ("head", "signed_at"),
        ("node", "number"),
        ("node", "level"),
    ):
        run(log, f"DROP TRIGGER tree_{table}_no_UPDATE")  # whoever opened it last to write guarded it again
        run(log, f"UPDATE OR IGNORE tree_{table} SET {column} = {value}")
        if (table, column, value) not in {("head", "signed_at", each) for each in ("7", "-1", "1.5", "1000000000000")}:
            assert not verify_log(open_log(sqlite_url).tree).sound, (table, column)
        assert filled(open_log(sqlite_url), 300)


def test_a_forged_position_does_not_make_the_log_endless(attacked: SqlLog) -> None:
    columns = "shape, recorded_at, frame, leaf"
    run(attacked, f"INSERT INTO entry (position, {columns}) SELECT {10**15}, {columns} FROM entry WHERE position = 9")
    assert f"position {SIZE + 1}: it is missing; entries to 65536 were expected" in told(verify_log(attacked.tree))


def test_a_position_of_data_that_is_no_whole_number_is_named(sqlite_url: str, open_log: Callable[..., SqlLog]) -> None:
    log = filled(open_log(sqlite_url), SIZE)
    run(log, "DROP TRIGGER fact_no_UPDATE", "UPDATE fact SET position = 300.5 WHERE position = 300")
    assert told(verify_log(log.tree))[0].startswith("position 300: ")


def test_no_more_doubts_than_can_be_read(attacked: SqlLog) -> None:
    run(attacked, "UPDATE fact SET occurred_at = 5")
    assert len(verify_log(attacked.tree).doubts) == MOST


# Rewrite everything and sign again, with the log's own key


def test_a_rewritten_history_signed_with_the_logs_own_key_does_not_go_on_from_a_copy_held_elsewhere(
    attacked: SqlLog,
) -> None:
    proof = LogProof(attacked.tree, attacked.clock)
    held = proof.checkpoint(PEM)
    old = attacked.tree.root(600)
    frame, _ = stored(attacked, 300)
    set_entry(attacked, 300, frame, b'{"number":999}')
    rehashed(attacked)
    with pytest.raises(Tampered, match="nothing is signed"):
        proof.checkpoint(PEM)
    run(attacked, "DELETE FROM tree_head")
    again = proof.checkpoint(PEM, held.origin)
    vkey = signer(held.origin).vkey
    assert verify_log(attacked.tree, again, vkey).sound  # by itself it is in order
    assert told(verify_log(attacked.tree, held, vkey)) == [
        f"the root of the first {SIZE} entries is not the checkpoint's: it covers other ones"
    ]
    with pytest.raises(Tampered, match="history before it was changed"):
        check_consistency(600, SIZE, old, again.root, attacked.tree.consistency(600))


def test_a_checkpoint_signed_by_another_key_is_told(attacked: SqlLog) -> None:
    held = signed(signer("a", OTHER_PEM), SIZE, attacked.tree.root())
    found = verify_log(attacked.tree, held, signer("a").vkey)
    assert not found.signed
    assert told(found)[0].startswith("the checkpoint is not signed by a (")


def test_a_checkpoint_of_another_log_is_told(attacked: SqlLog) -> None:
    LogProof(attacked.tree, attacked.clock).checkpoint(PEM, "one.example/log")
    held = signed(signer("other.example/log"), SIZE, attacked.tree.root())
    assert told(verify_log(attacked.tree, held, held_vkey(held))) == [
        "the checkpoint is of another log: expected one.example/log, got other.example/log"
    ]


def held_vkey(checkpoint: Checkpoint) -> object:
    return signer(checkpoint.origin).vkey


# Roll back to an old backup, or drop the tail


def test_a_log_rolled_back_is_shorter_than_a_checkpoint(sqlite_url: str, open_log: Callable[..., SqlLog]) -> None:
    """F9."""
    log = filled(open_log(sqlite_url), 500)
    path = log.database.address.path
    assert path is not None
    backup = LIBRARY.connect(":memory:")
    with LIBRARY.connect(str(path)) as there:
        there.backup(backup)
    there.close()
    filled(log, 200)
    held = LogProof(log.tree, log.clock).checkpoint(PEM)
    log.database.close()
    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()
    restored = LIBRARY.connect(str(path))
    backup.backup(restored)
    restored.close()
    old = open_log(sqlite_url)
    assert verify_log(old.tree).sound  # a backup is in order by itself
    assert told(verify_log(old.tree, held)) == ["the log is shorter than the checkpoint: it had 700 entries, now 500"]


def test_a_dropped_tail_is_told_by_what_is_kept(attacked: SqlLog) -> None:
    proof = LogProof(attacked.tree, attacked.clock)
    proof.checkpoint(PEM)
    run(attacked, "DELETE FROM entry WHERE position > 400")
    said = told(verify_log(attacked.tree))
    assert "the log is shorter than its tree: entries to 512 were there, now 400 are" in said
    assert "the log is shorter than the checkpoint: it had 700 entries, now 400" in said
    assert any("there is data of a " in one for one in said)
    with pytest.raises(Tampered, match="the log is shorter than at its last checkpoint"):
        proof.checkpoint(PEM)
    run(attacked, *(f"DELETE FROM {table} WHERE position > 400" for table in ("fact", "entry_tag")))
    run(attacked, "DELETE FROM tree_head")
    attacked.append([entry(1)])  # and the log is used on
    assert told(verify_log(attacked.tree)) == [
        "the log is shorter than its tree: entries to 512 were there, now 401 are"
    ]


def test_kept_hashes_that_are_touched_or_taken_away_are_told(attacked: SqlLog) -> None:
    run(attacked, f"UPDATE tree_node SET hash = {blob(attacked, bytes(32))} WHERE level = 8 AND number = 1")
    assert told(verify_log(attacked.tree)) == [
        "position 257: the entries 257 to 512 are not those whose hash is kept with the log"
    ]
    run(attacked, "DELETE FROM tree_node WHERE level = 8 AND number = 0")
    assert "the hash kept for entries 1 to 256 is gone" in told(verify_log(attacked.tree))


def test_how_far_a_tree_was_kept_is_told(attacked: SqlLog) -> None:
    """A tree taken away whole is no doubt, a store may be older than it; but nobody takes it for one that was held."""
    assert verify_log(attacked.tree).kept == 512
    run(attacked, "DELETE FROM tree_node")
    found = verify_log(attacked.tree)
    assert (found.kept, told(found)) == (0, [])


def test_a_remembered_checkpoint_that_is_touched_is_told(attacked: SqlLog) -> None:
    LogProof(attacked.tree, attacked.clock).checkpoint(PEM)
    run(attacked, f"UPDATE tree_head SET note = {blob(attacked, b'nothing')}")
    assert told(verify_log(attacked.tree))[0].startswith("the checkpoint that was signed here last cannot be read: ")


@pytest.mark.parametrize("number", [0, -1, 2**63 - 1])
def test_a_remembered_checkpoint_under_a_number_that_none_has_is_told(attacked: SqlLog, number: int) -> None:
    proof = LogProof(attacked.tree, attacked.clock)
    proof.checkpoint(PEM)
    run(attacked, f"UPDATE tree_head SET number = {number}")
    assert told(verify_log(attacked.tree))[0].startswith("the checkpoint that was signed here last cannot be read: ")
    with pytest.raises(Tampered, match="cannot be read"):
        proof.checkpoint(PEM)


# Show one auditor one history, and another a second


def test_two_histories_are_told_apart_when_auditors_compare_checkpoints(
    sqlite_url: str, open_log: Callable[..., SqlLog]
) -> None:
    one, two = filled(open_log(sqlite_url), 300), filled(open_log(":memory:"), 299)
    two.append([entry(12345)])
    first, second = (signed(signer(), 300, log.tree.root()) for log in (one, two))
    for log, own in ((one, first), (two, second)):
        assert verify_log(log.tree, own, signer().vkey).sound
    with pytest.raises(Tampered, match="two roots of size 300"):
        check_consistency(300, 300, first.root, second.root, [])
    assert not verify_log(one.tree, second, signer().vkey).sound


# Insert false entries that are well formed; edit between checkpoints


def test_false_but_well_formed_entries_are_not_caught(attacked: SqlLog) -> None:
    held = signed(signer(), SIZE, attacked.tree.root())
    attacked.append([entry(666)])
    assert verify_log(attacked.tree, held, signer().vkey).sound


def test_an_edit_after_the_last_checkpoint_is_caught_from_the_next_one_on(attacked: SqlLog) -> None:
    held = signed(signer(), 512, attacked.tree.root(512))
    frame, _ = stored(attacked, 600)
    set_entry(attacked, 600, frame, b'{"number":999}')
    assert verify_log(attacked.tree, held).sound  # behind the last whole block and the checkpoint: not covered
    later = signed(signer(), SIZE, attacked.tree.root())
    frame, _ = stored(attacked, 601)
    set_entry(attacked, 601, frame, b'{"number":998}')
    assert not verify_log(attacked.tree, later).sound


def test_rotten_bits_never_give_a_wrong_silent_answer(sqlite_url: str, open_log: Callable[..., SqlLog]) -> None:
    """F8, any one bit turned: the log reads the same, or a verification says no, or the store does not open."""
    log = filled(open_log(sqlite_url), 300)
    path = log.database.address.path
    assert path is not None
    before = lines(log)
    log.database.close()
    with LIBRARY.connect(str(path)) as there:
        there.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    there.close()
    whole = path.read_bytes()
    noticed = 0
    for step in range(40):
        at = (step * 7919 * 8 + step) % (len(whole) * 8)
        spoiled = bytearray(whole)
        spoiled[at // 8] ^= 1 << at % 8
        path.write_bytes(spoiled)
        try:
            again = open_log(sqlite_url)
            found = verify_log(again.tree)
            after = lines(again)
        except Exception as error:
            assert type(error).__name__ in {"StoreUnavailable", "Unreadable", "Tampered", "Invalid"}, error
            noticed += 1
            continue
        noticed += not found.sound
        assert not found.sound or after == before, at
    assert noticed > 5


def test_who_may_only_read_verifies_and_cannot_sign(
    attacked: SqlLog, open_log: Callable[..., SqlLog], sql_url: str
) -> None:
    reader = open_log(sql_url, read_only=True)
    assert verify_log(reader.tree).sound
    with pytest.raises(Exception, match="reading only"):
        LogProof(reader.tree, reader.clock).checkpoint(PEM)
