"""The contract of the port beyond eventsourcing's suite: one meaning on every log."""

import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError, ProgrammingError

from conftest import START, Clock
from earlystart_core.entry import Entry, Practitioner, canonical_of, micros
from earlystart_core.errors import Invalid
from earlystart_core.log import AlreadyRecorded, Log, Receipt
from earlystart_core.proof.of_log import LogProof

BY = Practitioner("practitioner:01ARZ3NDEKTSV4RRFFQ69G5FAV", "health_visitor", "org:lcht")


def entry(
    kind: str = "Tried", tags: tuple[str, ...] = ("case:a",), data: bytes = b'{"n":1}', version: int = 1
) -> Entry:
    return Entry(kind, data, list(tags), BY, "command-1", version, START - timedelta(days=1))


def test_positions_have_no_gaps_also_after_refusals(log: Log) -> None:
    for _ in range(3):
        log.append([entry(), entry()])
        with pytest.raises(IntegrityError):
            log.append([entry()], DCBAppendCondition())
    assert [found.position for found in log.read()] == [1, 2, 3, 4, 5, 6]
    assert log.head() == 6


def test_an_entry_comes_back_as_it_was_given(log: Log) -> None:
    given = entry(tags=("org:z", "case:é", "a", "case:b"))
    log.append([given])
    (found,) = log.read().entries()
    assert found.event == given
    assert found.recorded_at == START


def test_the_leaf_is_the_hash_of_the_canonical_bytes(log: Log) -> None:
    log.append([entry(), entry(data=b"\x00\xff opaque"), Entry("Plain", b"")])
    for found in log.read().entries():
        assert found.leaf == hashlib.sha256(b"\x00" + canonical_of(found)).digest()


def test_a_tag_given_twice_stays_twice_and_finds_once(log: Log) -> None:
    log.append([entry(tags=("a:1", "b:2", "a:1"))])
    (found,) = log.read(DCBQuery([DCBQueryItem(tags=["a:1", "a:1"])]))
    assert found.event.tags == ["a:1", "b:2", "a:1"]


@pytest.mark.parametrize("step", [timedelta(0), timedelta(hours=-1)], ids=["frozen", "backwards"])
def test_recorded_at_never_falls(log: Log, clock: Clock, step: timedelta) -> None:
    """F13."""
    clock.step = step
    log.append([entry(), entry()])
    log.append([entry()])
    assert [found.recorded_at for found in log.read().entries()] == [START] * 3
    clock.now = datetime(2200, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    clock.step = timedelta(0)
    log.append([entry()])
    clock.now = START
    log.append([entry()])
    assert [found.recorded_at.year for found in log.read().entries()] == [2026, 2026, 2026, 2200, 2200]


class Stamp(datetime):
    """A datetime of some library's own."""

    def isoformat(self, *_: object) -> str:
        return "soon"


LONDON = ZoneInfo("Europe/London")
AT_NINE = datetime(2026, 7, 1, 8, tzinfo=UTC)
SAME_INSTANT = {
    "UTC": AT_NINE,
    "London": AT_NINE.astimezone(LONDON),
    "Kolkata": AT_NINE.astimezone(timezone(timedelta(hours=5, minutes=30))),
    "furthest east": AT_NINE.astimezone(timezone(timedelta(hours=14))),
    "furthest west": AT_NINE.astimezone(timezone(timedelta(hours=-14))),
    "an offset of seconds": AT_NINE.astimezone(timezone(timedelta(minutes=19, seconds=32, microseconds=7))),
    "a class of its own": Stamp(2026, 7, 1, 9, tzinfo=LONDON),
}
TWICE = [datetime(2026, 10, 25, 1, 30, tzinfo=LONDON, fold=fold) for fold in (0, 1)]  # two instants, an hour apart


@pytest.mark.parametrize("given", SAME_INSTANT.values(), ids=SAME_INSTANT)
def test_instants_are_utc_whatever_comes_in(log: Log, clock: Clock, given: datetime) -> None:
    clock.now, clock.step = given, timedelta(0)
    one = Entry("Tried", b"{}", ["case:a"], occurred_at=given)
    log.append([one])
    (found,) = log.read().entries()
    for moment in (found.recorded_at, found.event.occurred_at):
        assert type(moment) is datetime
        assert (moment, moment.tzinfo) == (AT_NINE, UTC)
    assert canonical_of(found).count(b'"2026-07-01T08:00:00Z"') == 2
    assert hashlib.sha256(b"\x00" + canonical_of(found)).digest() == found.leaf
    assert LogProof(log.tree, clock).verify().doubts == ()
    assert log.known_at(given) == 1
    assert one.occurred_at is given, "what a caller holds is not changed"


def test_an_hour_that_comes_twice_is_two_instants(log: Log, clock: Clock) -> None:
    clock.step = timedelta(0)
    for moment in TWICE:
        clock.now = moment
        log.append([Entry("Tried", b"{}", ["case:a"], occurred_at=moment)])
    found = list(log.read().entries())
    assert [one.recorded_at.hour for one in found] == [0, 1]
    assert [one.event.occurred_at and one.event.occurred_at.hour for one in found] == [0, 1]
    assert [log.known_at(moment) for moment in TWICE] == [1, 2]


class NoZone(tzinfo):
    """A zone that fails."""


def failing() -> datetime:
    raise OSError("no clock")


NO_INSTANT = {
    "naive": datetime(2026, 7, 1, 9),  # noqa: DTZ001
    "a zone that fails": datetime(2026, 7, 1, 9, tzinfo=NoZone()),
    "too far from UTC": datetime(2026, 7, 1, 9, tzinfo=timezone(timedelta(hours=15))),
    "9999": datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    "2201": datetime(2201, 1, 1, tzinfo=UTC),
    "1899": datetime(1899, 12, 31, 23, 59, tzinfo=UTC),
    "year 1, in UTC before it": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    "a date": date(2026, 7, 1),
    "text": "2026-07-01T09:00:00Z",
    "seconds": 1_782_896_400.0,
}


@pytest.mark.parametrize("given", [*NO_INSTANT.values(), None, failing], ids=[*NO_INSTANT, "nothing", "an error"])
def test_a_clock_that_gives_no_instant_is_refused(log: Log, clock: Clock, given: Any) -> None:
    """And nothing is kept, of the entries before it either."""
    log.append([entry()])
    given_by = given if callable(given) else lambda: given
    right, calls = clock.now, [given_by, clock]

    def first_right() -> datetime:
        return calls.pop()()

    clock_of(log, first_right)
    with pytest.raises(Invalid) as raised:
        log.append([entry(tags=("case:b",)), entry()])
    assert raised.value.field == "clock"
    assert "\n" not in str(raised.value)
    assert log.head() == 1
    clock_of(log, clock)
    clock.now = right
    log.append([entry(tags=("case:b",))])
    assert [one.position for one in log.read(DCBQuery([DCBQueryItem(tags=["case:b"])]))] == [2]


def clock_of(log: Any, clock: Callable[[], datetime]) -> None:
    """Sets another clock behind a log's own."""
    log.clock._clock = clock


@pytest.mark.parametrize("given", NO_INSTANT.values(), ids=NO_INSTANT)
def test_an_entry_that_occurred_at_no_instant_is_refused(log: Log, given: Any) -> None:
    with pytest.raises(Invalid) as raised:
        log.append([entry(), Entry("Tried", b"{}", ["case:a"], occurred_at=given)])
    assert raised.value.field == "occurred_at"
    assert log.head() == 0


def test_the_clock_is_called_once_an_entry(log: Log, clock: Clock) -> None:
    log.append([entry(), entry(), entry()])
    assert clock.calls == 3


def test_known_at(log: Log, clock: Clock) -> None:
    second = timedelta(seconds=1)
    assert log.known_at(START) == 0
    log.append([entry() for _ in range(5)])
    clock.step = timedelta(0)
    log.append([entry(), entry()])
    assert log.known_at(START - timedelta(microseconds=1)) == 0
    assert log.known_at(START) == 1
    assert log.known_at(START + 3 * second - timedelta(microseconds=1)) == 3
    assert log.known_at(START + 5 * second - timedelta(microseconds=1)) == 5
    assert log.known_at(START + 5 * second) == 7
    assert log.known_at((START + 5 * second).astimezone(timezone(timedelta(hours=5)))) == 7


def test_a_receipt_is_known_before_the_condition_is_asked(log: Log) -> None:
    sent = Receipt("c1", b"digest")
    assert log.receipt("c1") is None
    log.append([entry(), entry()], receipt=sent)
    kept = Receipt("c1", b"digest", (1, 2))
    assert log.receipt("c1") == kept
    with pytest.raises(AlreadyRecorded) as raised:
        log.append([entry()], DCBAppendCondition(), receipt=Receipt("c1", b"other"))
    assert raised.value.receipt == kept
    assert log.head() == 2


def test_a_receipt_without_events(log: Log) -> None:
    log.append([entry()])
    assert log.append([], receipt=Receipt("none", b"d")) == 1
    assert log.receipt("none") == Receipt("none", b"d", ())
    with pytest.raises(AlreadyRecorded):
        log.append([entry()], receipt=Receipt("none", b"d"))
    with pytest.raises(ProgrammingError):
        log.append([])


def test_a_refused_append_leaves_no_receipt(log: Log) -> None:
    log.append([entry()])
    with pytest.raises(IntegrityError):
        log.append([entry(tags=("new:tag",))], DCBAppendCondition(), receipt=Receipt("c1", b"d"))
    assert log.receipt("c1") is None
    log.append([entry(tags=("other:tag", "new:tag"))])
    assert [found.position for found in log.read(DCBQuery([DCBQueryItem(tags=["new:tag"])]))] == [2]
    assert [found.position for found in log.read(DCBQuery([DCBQueryItem(tags=["other:tag"])]))] == [2]


def test_batches_equal_what_is_read(log: Log) -> None:
    entries = [
        Entry("ABC"[n % 3], b'{"n":%d}' % n if n % 7 else b"raw \xff", [f"case:{n % 5}"], BY, None, 1 + n % 2, START)
        for n in range(200)
    ]
    entries[50].occurred_at = None
    log.append(entries)
    for after, upto in ((0, None), (0, 200), (17, 123), (199, 200), (200, None), (150, 100), (0, 5_000)):
        expected = {}
        for found in log.read(after=after).entries():
            if found.position <= (upto or 200) and found.event.type in "AC":
                columns = expected.setdefault((found.event.type, found.event.version), ([], [], []))
                at = found.event.occurred_at
                columns[0].append(found.position)
                columns[1].append(at and micros(at))
                columns[2].append(found.event.data)
        got: dict[tuple[str, int], tuple[list[object], ...]] = {}
        for batch in log.batches(["C", "A", "Unknown"], after=after, upto=upto):
            columns = got.setdefault((batch.type, batch.version), ([], [], []))
            columns[0].extend(batch.positions)
            columns[1].extend(batch.occurred)
            columns[2].extend(given(raw) for raw in msgspec.json.decode(batch.data, type=list[msgspec.Raw]))
        assert got == expected


def given(raw: msgspec.Raw) -> bytes:
    from earlystart_core.entry import given_data

    return given_data(bytes(raw))


QUERIES = [
    DCBQuery([DCBQueryItem(["A"], ["case:1"]), DCBQueryItem(["B"], ["team:0"]), DCBQueryItem(["Nothing"])]),
    DCBQuery([DCBQueryItem([], ["team:1", "case:1"])]),
    DCBQuery([DCBQueryItem([], ["team:1", "unknown:1"]), DCBQueryItem(["A", "C"])]),
    DCBQuery([DCBQueryItem(["A"]), DCBQueryItem()]),
    DCBQuery([DCBQueryItem(["A", "A"]), DCBQueryItem(["A"], ["case:0"])]),
    DCBQuery([]),
    DCBQuery([DCBQueryItem([], ["'; DROP TABLE entry; --"])]),
]


@pytest.mark.parametrize("number", range(len(QUERIES)))
def test_queries(log: Log, number: int) -> None:
    from earlystart_core.log import matches

    entries = [entry("ABC"[n % 3], (f"case:{n % 4}", f"team:{n % 2}"), version=1 + n % 2) for n in range(60)]
    log.append(entries)
    expected = [n for n, one in enumerate(entries, 1) if matches(QUERIES[number], one.type, one.tags)]
    assert [found.position for found in log.read(QUERIES[number])] == expected
    for after in (0, 13, 59, 60, 99):
        for limit in (None, 0, 1, 7, 1_000):
            response = log.read(QUERIES[number], after=after, limit=limit)
            got = [found.position for found in response]
            assert got == [position for position in expected if position > after][:limit]
            assert response.head == (60 if limit is None else got[-1] if got else None)
        condition = DCBAppendCondition(QUERIES[number], after)
        if any(position > after for position in expected):
            with pytest.raises(IntegrityError):
                log.append([entry()], condition)


TOO_MUCH = {
    "tags": [entry(tags=("a\x00b",)), entry(tags=("\ud800",)), entry(tags=("x" * 1_001,)), entry(tags=("a",) * 10_001)],
    "type": [entry("T\x00"), entry("T" * 1_001)],
    "version": [entry(version=0), entry(version=2**31)],
    "data": [entry(data=b" " * (16 * 2**20 + 1))],
    "occurred_at": [Entry("T", b"{}", [], BY, None, 1, datetime(2026, 1, 1))],  # noqa: DTZ001
    "command_id": [Entry("T", b"{}", [], BY, "c\x00")],
    "recorded_by": [Entry("T", b"{}", [], Practitioner("p", "\udfff", "o"))],
}


@pytest.mark.parametrize("number", [400, 401, 1_201])
def test_a_query_has_as_many_items_as_a_decision_needs(log: Log, number: int) -> None:
    """An organisation with a great many agreements, each of which is read whole by its own id."""
    log.append([entry(tags=(f"agreement:{each}", "org:a")) for each in range(number)])
    some = DCBQuery([DCBQueryItem(types=["Tried"], tags=[f"agreement:{each}"]) for each in range(number)])
    found = [one.position for one in log.read(some).entries()]
    assert found == list(range(1, log.head() + 1))
    assert [one.position for one in log.read(some, after=2, limit=1).entries()] == [3]
    with pytest.raises(IntegrityError):
        log.append([entry()], DCBAppendCondition(some, after=log.head() - 1))
    log.append([entry(tags=("org:b",))], DCBAppendCondition(some, after=log.head()))


def test_limits(log: Log) -> None:
    for field, refused in TOO_MUCH.items():
        for one in refused:
            with pytest.raises(Invalid) as raised:
                log.append([entry(), one])
            assert raised.value.field == field
    with pytest.raises(Invalid):
        log.append([], receipt=Receipt("c\x00", b"d"))
    assert log.head() == 0
    log.append([entry(tags=("x" * 1_000, "", ":", "a:", ":a", "ünï:çødé 🏳️‍🌈", "%s ? '\"\\"))])
    assert len(list(log.read(DCBQuery([DCBQueryItem(tags=["ünï:çødé 🏳️‍🌈", "", "%s ? '\"\\"])])))) == 1
