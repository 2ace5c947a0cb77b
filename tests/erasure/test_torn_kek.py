"""A file with the key-encryption key that was cut or altered: one sentence, and neither it nor the keys are touched."""

from pathlib import Path

import pytest

from earlystart_core import OpenCase, Practitioner, Record, StoreUnavailable

BY = Practitioner("practitioner:00000000000000000000000001", "health_visitor", "org:lch")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kek") / "store.db"
    with Record.open(path.as_posix()) as record:
        case = record.new_id("case")
        record.submit(OpenCase(case=case, family=record.new_id("family"), team="team:armley", reason="birth"), by=BY)
        _ = record.store.keys
    return path


def test_a_key_of_any_other_length_is_no_key(store: Path) -> None:
    kek = Path(f"{store}.keys.kek")
    whole, keys = kek.read_bytes(), Path(f"{store}.keys").read_bytes()
    assert len(whole.strip()) == 64
    for cut in (*(whole[:length] for length in range(64)), whole + b"00", b"\0" * 64, b"\xff" * 64, b"z" * 64):
        kek.write_bytes(cut)
        with Record.open(store.as_posix()) as record, pytest.raises(StoreUnavailable, match="holds no key-encryption"):
            _ = record.store.keys
        assert kek.read_bytes() == cut
        assert Path(f"{store}.keys").read_bytes() == keys
    kek.write_bytes(b"0" * 64)
    with Record.open(store.as_posix()) as record, pytest.raises(StoreUnavailable, match="another key-encryption key"):
        _ = record.store.keys
    kek.write_bytes(whole)
    with Record.open(store.as_posix()) as record:
        assert record.store.keys.secret("commands")
