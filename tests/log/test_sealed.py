"""Sealed values: the known answers, and that opening has three outcomes: the text, what is left of it, or Tampered."""

import base64
import os
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conftest import Clock
from earlystart_core import DecideTier, OpenCase, Practitioner, Record, StoreUnavailable, Tampered
from earlystart_core.privacy.keys import (
    Evidence,
    Key,
    MemoryKeys,
    Shredded,
    commitment,
    make_key,
)
from earlystart_core.privacy.sealed import ALGORITHM, Sealed, open_sealed, seal
from earlystart_core.privacy.wrapping import LocalKey, unwrap, wrap
from earlystart_core.ulid import ulid

KEK, DEK, KID = bytes(range(32)), bytes(range(32, 64)), "k_01J0000000000000000000TEST"
KCV = "9c33c7cf3189cbb2b2f8dd6fe75f8b50fb8fdda5e6a8ebeb9c8c997fba920fc4"
WRAPPED = "04f8a3c3c302d3b0b7e94b14dcf85ad1da69cd74056ed7907d3cb49fb27799a4104db058f2901adb"
PLACE: dict[str, Any] = {
    "command_id": "01KJQ8Z6H0Q3W2V8TDVXN6M3CE",
    "field": "reason",
    "occurred_at": datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    "tags": ["case:" + "0" * 26],
    "type": "TierDecided",
    "version": 1,
}
TEXT = "Low mood: Zoë & baby"
siv = pytest.mark.skipif(ALGORITHM != "A256GCM-SIV", reason="this OpenSSL lacks AES-GCM-SIV; AES-GCM is used instead")


def test_wrapping_and_commitment_give_the_known_answers() -> None:
    key = Key(KID, DEK, commitment(KID, DEK))
    assert key.kcv == KCV
    assert wrap(KEK, key).hex() == LocalKey(KEK).wrap(key).hex() == WRAPPED
    assert unwrap(KEK, KID, bytes.fromhex(WRAPPED)) == LocalKey(KEK).unwrap(KID, bytes.fromhex(WRAPPED)) == key


@siv
def test_sealing_gives_the_known_answer() -> None:
    """Ciphertext and leaf, by another implementation's associated data: sorted JSON without spaces."""
    place = {
        "pos": 7,
        "schema": 1,
        "stream": "3f2b6f0e-0c62-4f0e-9d53-6c1a5b1f0001",
        "type": "ConsentRecorded",
        "ver": 3,
    }
    (envelope,) = seal('{"decision":"given"}', [Key(KID, DEK, KCV)], place, bytes).sealed
    ct = base64.b64decode(envelope.ct)
    assert ct.hex() == bytes(12).hex() + "9bd0323fffd774a0f33674d38f120fc31f87e69c5f607b62b8f3c749f766ebc43ec7c2b5"
    whole = msgspec.json.encode({**place, **msgspec.structs.asdict(envelope)}, order="sorted")
    leaf = sha256(b"\x00" + whole).hexdigest()
    assert leaf == "43dfdd3d1671805c304b2b0f46db90ee087a4eeb1cd5b0b7609f79ff61b86ba3"


@pytest.fixture
def keys() -> MemoryKeys:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    return MemoryKeys(os.urandom, lambda: f"k_{ulid(at, os.urandom)}")


def sealed_for(keys: MemoryKeys, *subjects: str) -> Sealed:
    return seal(TEXT, list(keys.for_subjects(subjects).values()), PLACE, os.urandom)


def evidence_of(keys: MemoryKeys, *subjects: str) -> Evidence:
    kids = tuple(key.kid for key in keys.for_subjects(subjects).values())
    return Evidence(datetime(2026, 4, 1, tzinfo=UTC), "one", "other", subjects, kids)


def test_the_text_then_what_is_left_of_it(keys: MemoryKeys) -> None:
    sealed, evidence = sealed_for(keys, "case:a"), evidence_of(keys, "case:a")
    assert open_sealed(sealed, PLACE, keys) == TEXT
    keys.destroy(evidence)
    assert open_sealed(sealed, PLACE, keys) == Shredded(evidence.keys[0], evidence)


def test_text_of_several_subjects_stands_until_the_last_is_erased(keys: MemoryKeys) -> None:
    sealed = sealed_for(keys, "case:a", "case:b")
    one, other = evidence_of(keys, "case:a"), evidence_of(keys, "case:b")
    keys.destroy(one)
    assert open_sealed(sealed, PLACE, keys) == TEXT
    keys.destroy(other)
    assert open_sealed(sealed, PLACE, keys) == Shredded(other.keys[0], other)


def test_a_key_that_was_never_here_is_neither(keys: MemoryKeys) -> None:
    """A lost key store is not an erasure."""
    sealed = sealed_for(keys, "case:a")
    with pytest.raises(StoreUnavailable, match="holds no key for this text"):
        open_sealed(sealed, PLACE, MemoryKeys(os.urandom, lambda: "k_other"))


@pytest.mark.parametrize(
    "moved",
    [
        {"command_id": "another"},
        {"command_id": None},
        {"field": "rationale"},
        {"occurred_at": datetime(2026, 3, 2, 9, 31, tzinfo=UTC)},
        {"tags": ["case:" + "1" * 26]},
        {"tags": []},
        {"type": "ResponsibilityPassed"},
        {"version": 2},
    ],
    ids="-".join,
)
def test_text_that_was_moved_is_tampered(keys: MemoryKeys, moved: dict[str, Any]) -> None:
    """To another entry, field, type or version."""
    sealed = sealed_for(keys, "case:a")
    with pytest.raises(Tampered, match="does not open in the place where it stands"):
        open_sealed(sealed, {**PLACE, **moved}, keys)


def test_text_under_another_key_is_tampered(keys: MemoryKeys) -> None:
    """One ciphertext cannot be opened two ways: the key that it commits to is looked at before it is opened."""
    (envelope,) = sealed_for(keys, "case:a").sealed
    other = keys.for_subjects(["case:b"])["case:b"]
    for changed in ({"kid": other.kid}, {"kcv": other.kcv}):
        with pytest.raises(Tampered, match="does not commit to that key"):
            open_sealed(Sealed((msgspec.structs.replace(envelope, **changed),)), PLACE, keys)
    with pytest.raises(Tampered, match="does not open in the place"):
        open_sealed(Sealed((msgspec.structs.replace(envelope, kid=other.kid, kcv=other.kcv),)), PLACE, keys)


def test_no_bit_of_it_may_change(keys: MemoryKeys) -> None:
    (envelope,) = sealed_for(keys, "case:a").sealed
    blob = base64.b64decode(envelope.ct)
    for at in range(len(blob)):
        changed = blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]
        with pytest.raises(Tampered):
            open_sealed(
                Sealed((msgspec.structs.replace(envelope, ct=base64.b64encode(changed).decode()),)), PLACE, keys
            )


@pytest.mark.parametrize(
    "changes", [{"alg": "none"}, {"alg": "A256GCM"}, {"ct": ""}, {"ct": "AAAA"}, {"ct": "not base64!"}, {"ct": "ü"}]
)
def test_what_is_no_envelope_is_tampered(keys: MemoryKeys, changes: dict[str, str]) -> None:
    if changes == {"alg": ALGORITHM}:
        changes = {"alg": "A256GCM-SIV"}
    (envelope,) = sealed_for(keys, "case:a").sealed
    with pytest.raises(Tampered):
        open_sealed(Sealed((msgspec.structs.replace(envelope, **changes),)), PLACE, keys)


def test_text_sealed_where_openssl_lacks_the_cipher_opens(keys: MemoryKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    from earlystart_core.privacy import sealed as module

    monkeypatch.setattr(module, "ALGORITHM", "A256GCM")
    sealed = sealed_for(keys, "case:a")
    assert sealed.sealed[0].alg == "A256GCM"
    monkeypatch.undo()
    assert open_sealed(sealed, PLACE, keys) == TEXT


def test_a_key_encryption_key_is_not_shown() -> None:
    assert KEK.hex() not in repr(LocalKey(KEK))
    assert repr(KEK) not in repr(LocalKey(KEK))
    assert repr(DEK) not in repr(Key(KID, DEK, KCV))


# --- a key service ----------------------------------------------------------------------------------------------------


class Service:
    """A key service: it wraps and unwraps, and its own key never leaves it."""

    def __init__(self) -> None:
        self._kek = os.urandom(32)
        self.answers = True
        self.asked = 0

    def wrap(self, key: Key) -> bytes:
        self._called()
        return b"service:" + wrap(self._kek, key)

    def unwrap(self, kid: str, wrapped: bytes) -> Key:
        self._called()
        return unwrap(self._kek, kid, wrapped.removeprefix(b"service:"))

    def _called(self) -> None:
        self.asked += 1
        if not self.answers:
            raise StoreUnavailable("the key service does not answer")


def test_keys_may_be_wrapped_by_a_service(tmp_path: Path, clock: Clock) -> None:
    """No file and no variable holds a key-encryption key then."""
    by, case = Practitioner("practitioner:" + "0" * 26, "health_visitor", "org:lch"), "case:" + "0" * 26
    clock.now = datetime(2026, 5, 1, 9, tzinfo=UTC)
    service, url = Service(), str(tmp_path / "city.db")
    with Record.open(url, clock=clock, kek=service) as record:
        opening = OpenCase(case=case, family="family:" + "0" * 26, team="team:armley", reason="birth")
        record.submit(opening, by=by)
        record.submit(DecideTier(case=case, tier="universal_plus", reason=TEXT), by=by)
        assert record.timeline(case)[-1]["fields"]["reason"] == TEXT
    assert service.asked
    assert not (tmp_path / "city.db.keys.kek").exists()
    with Record.open(url, clock=clock, kek=service) as record:
        assert record.timeline(case)[-1]["fields"]["reason"] == TEXT
        service.answers = False
        assert record.timeline(case)[-1]["fields"]["reason"] == "(sealed)"
        service.answers = True
        record.erase(case, authority="one", second_authority="other", by=by)
        assert record.timeline(case)[1]["fields"]["reason"] == "(erased)"
    with Record.open(url, clock=clock, kek=Service()) as record, pytest.raises(StoreUnavailable, match="another key-"):
        _ = record.store.keys


def test_a_fresh_key_commits_to_its_name() -> None:
    key = make_key("k_one", os.urandom)
    assert key.kcv == commitment("k_one", key.secret) != commitment("k_two", key.secret)
