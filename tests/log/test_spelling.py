"""Data stands as it came only where it is a JSON object in its one spelling; whatever it is, it comes back."""

import base64
import json
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from earlystart_core.entry import DEEPEST, given_data, is_stored, stored_data
from earlystart_core.proof.entries import _are_stored

PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text()
VALUES = st.recursive(PLAIN, lambda some: st.lists(some) | st.dictionaries(st.text(), some), max_leaves=20)


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


@given(st.dictionaries(st.text(), VALUES), st.booleans())
def test_any_object_comes_back_and_stands_as_it_came_in_one_spelling(value: dict, spaced: bool) -> None:
    spaces = (", ", ": ") if spaced else (",", ":")
    data = json.dumps(value, sort_keys=True, separators=spaces, ensure_ascii=False).encode(errors="replace")
    stored = stored_data(data)
    assert given_data(stored) == data
    assert is_stored(stored)
    assert _are_stored([stored, b"{}"])
    assert json.loads(stored) == json.loads(data) if stored == data else stored[:1] == b'"'


def is_base64_text(data: bytes) -> bool:
    """Whether it is base64 text in quotes, of something that does not stand as it came."""
    try:
        given = base64.b64decode(data[1:-1], validate=True)
    except ValueError:
        return False
    return data == b'"' + base64.b64encode(given) + b'"' and stored_data(given) != given


@given(st.binary() | st.text("/+=A8\x00", max_size=9).map(lambda text: f'"{text}"'.encode()))
@example(b'"/\x00')
def test_any_bytes_come_back(data: bytes) -> None:
    stored = stored_data(data)
    assert given_data(stored) == data
    assert is_stored(stored)
    assert is_stored(data) == (stored == data or is_base64_text(data))


@pytest.mark.parametrize(
    "data",
    [b'{"a":1}', b'{"a":{"b":[1,"{[",null]},"c":"\\"{"}', nested(DEEPEST), b'{"a":[' + b"{}," * 200 + b"{}]}"],
)
def test_objects_that_stand_as_they_came(data: bytes) -> None:
    assert stored_data(data) == data


@pytest.mark.parametrize(
    "data",
    [b'{"a": 1}', b'{"a":1.0}', b'{"a":1,"a":1}', b'{"b":1,"a":1}', b'{"a":1},"b":2', b"{", nested(DEEPEST + 1)],
)
def test_what_stands_as_base64(data: bytes) -> None:
    assert stored_data(data)[:1] == b'"'


def test_the_spelling_does_not_depend_on_who_calls() -> None:
    """A parser gives up where the stack ends, and that is not a property of the data."""

    def deep(left: int, data: bytes) -> bytes:
        return stored_data(data) if left == 0 else deep(left - 1, data)

    room = sys.getrecursionlimit() - 400
    for data in (nested(DEEPEST), nested(DEEPEST + 1), nested(600)):
        assert deep(room, data) == stored_data(data)
