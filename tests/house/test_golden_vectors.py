"""Stored bytes never change: what the code makes today of each golden vector, and what it reads back."""

import hashlib
import json
from typing import Any

import msgspec
import pytest

from earlystart_core.entry import Practitioner, canonical, canonical_of, leaf_of, parse
from earlystart_core.privacy.sealed import ALGORITHM, Sealed
from earlystart_core.words import EVENTS
from tests.house.vectors import FOLDER, bytes_of, entry_of, event_of, field_lists

VECTORS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.v*.json"))}
each = pytest.mark.parametrize("given", VECTORS.values(), ids=VECTORS.keys())
FIELDS_DIGEST = "d7cba8872d83ec91e3b4f9d6e57a2a72128d1a081e07c3c710e44bcf6256ee9c"


@each
def test_an_entry_still_has_its_bytes_and_its_leaf(given: dict[str, Any]) -> None:
    """The same event, keys and chance give the same data, frame, canonical bytes and leaf."""
    if given["version"] < EVENTS.classes[given["type"]].version:
        pytest.skip("an old shape is read, never written")
    if given["keys"] and ALGORITHM != "A256GCM-SIV":
        pytest.skip("this OpenSSL seals with another algorithm; what was sealed is read all the same")
    entry, _ = entry_of(given)
    assert entry.tags == given["tags"]
    assert bytes_of(given, entry) == {name: given[name] for name in ("data", "frame", "canonical", "leaf")}


@each
def test_the_stored_parts_join_to_the_canonical_bytes(given: dict[str, Any]) -> None:
    """The leaf is SHA-256 over 0x00 and the canonical bytes, which are the frame with the data in its place."""
    whole = canonical(given["frame"].encode(), given["data"].encode())
    assert whole == given["canonical"].encode()
    assert leaf_of(whole).hex() == given["leaf"] == hashlib.sha256(b"\0" + whole).hexdigest()


@each
def test_canonical_bytes_are_json_with_sorted_keys_and_no_spaces(given: dict[str, Any]) -> None:
    """Any JSON library makes the same bytes of them."""
    parsed = json.loads(given["canonical"])
    assert json.dumps(parsed, sort_keys=True, separators=(",", ":"), ensure_ascii=False) == given["canonical"]


@each
def test_an_entry_is_read_back(given: dict[str, Any]) -> None:
    """The event comes back in its newest shape, its personal text with the key that it names."""
    recorded = parse(given["frame"].encode(), given["data"].encode(), bytes.fromhex(given["leaf"]))
    assert (recorded.position, recorded.event.type, recorded.event.tags) == (7, given["type"], given["tags"])
    assert recorded.event.recorded_by == Practitioner(**given["recorded_by"])
    assert recorded.event.command_id == given["command_id"]
    assert canonical_of(recorded) == given["canonical"].encode()

    read, original = EVENTS.event(recorded), event_of(given)
    _, keys = entry_of(given)
    texts = EVENTS.opened(read, recorded, keys)
    plain = {name: texts.get(name, value) for name, value in msgspec.structs.asdict(read).items()}
    assert plain == msgspec.structs.asdict(original)
    for name in texts:
        assert isinstance(getattr(read, name), Sealed)
        assert getattr(original, name) not in given["canonical"]


def test_every_event_has_a_vector_in_its_newest_version() -> None:
    """`python -m tests.house.vectors` writes the missing ones."""
    held = {(given["type"], given["version"]) for given in VECTORS.values()}
    assert {(name, cls.version) for name, cls in EVENTS.classes.items()} <= held


def test_no_event_changed_its_fields_without_a_new_version() -> None:
    """A new event or version changes this digest on purpose; anything else that does is a mistake."""
    assert hashlib.sha256(msgspec.json.encode(field_lists())).hexdigest() == FIELDS_DIGEST
