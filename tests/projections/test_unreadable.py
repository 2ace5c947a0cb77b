"""What cannot be read stops the fold, in rows and in columns, naming where and no one's data; it is never skipped."""

import json
import re

import pytest

from earlystart_core.entry import Entry
from earlystart_core.errors import Unreadable
from earlystart_core.memory_log import MemoryLog
from earlystart_core.replay.frames import Folding
from earlystart_core.views import VIEWS
from earlystart_core.words import EVENTS

from .strategies import INSTANTS, STARTS, ids
from .synthetic import PROJECTIONS, REGISTRY

CASE = ids("case")[0]
OPENED = {
    "case": CASE,
    "family": ids("family")[0],
    "team": "team:a",
    "reason": "birth",
    "due_on": None,
    "born_on": None,
}
CONTACT = {
    "contact": ids("contact")[0],
    "cases": [CASE],
    "kind": "other",
    "attendance": "5",
    "mechanism": "01",
    "location": "A01",
    "practitioners": [ids("practitioner")[0]],
    "employers": ["org:lch"],
    "duration_min": None,
}
STARTED = {
    "package": ids("package")[0],
    "case": CASE,
    "pathway": "sleep",
    "duration": "ongoing",
    "request": None,
    "planned_end_on": None,
    "review_every_days": 30,
}
SECRET = "Ms Example of 1 Example Street"


def changed(data, **fields):
    given = {name: value for name, value in {**data, **fields}.items() if value is not ...}
    return json.dumps(given, sort_keys=True, separators=(",", ":")).encode()


BAD = {
    "not JSON": ("CaseOpened", 1, b"{" + SECRET.encode()),
    "an array": ("CaseOpened", 1, b"[1]"),
    "a text": ("CaseOpened", 1, json.dumps(SECRET).encode()),
    "null": ("CaseOpened", 1, b"null"),
    "bytes": ("CaseOpened", 1, b"\xff\x00"),
    "nothing": ("CaseOpened", 1, b""),
    "another spelling": ("CaseOpened", 1, changed(OPENED).replace(b":", b": ", 1)),
    "a name said twice": ("CaseOpened", 1, changed(OPENED).replace(b"{", b'{"born_on":null,', 1)),
    "an empty object": ("CaseOpened", 1, b"{}"),
    "a field missing": ("CaseOpened", 1, changed(OPENED, team=...)),
    "a field that is the key missing": ("CaseOpened", 1, changed(OPENED, case=...)),
    "a null where none may be": ("CaseOpened", 1, changed(OPENED, family=None)),
    "an id of another kind": ("CaseOpened", 1, changed(OPENED, team=CASE)),
    "an id that is none": ("CaseOpened", 1, changed(OPENED, family=SECRET)),
    "an id with a line feed": ("CaseOpened", 1, changed(OPENED, team="team:a\n")),
    "a date that is none": ("CaseOpened", 1, changed(OPENED, born_on=SECRET)),
    "a date of a basic kind": ("CaseOpened", 1, changed(OPENED, born_on="20260101")),
    "a week date": ("CaseOpened", 1, changed(OPENED, born_on="2026-W01-1")),
    "a day that is not in the calendar": ("CaseOpened", 1, changed(OPENED, born_on="2026-02-30")),
    "a number for text": ("CaseOpened", 1, changed(OPENED, team=5)),
    "a code that is not known": ("ContactRecorded", 1, changed(CONTACT, attendance="9")),
    "an id for ids": ("ContactRecorded", 1, changed(CONTACT, cases=CASE)),
    "a bad id among ids": ("ContactRecorded", 1, changed(CONTACT, cases=[CASE, SECRET])),
    "a null among ids": ("ContactRecorded", 1, changed(CONTACT, cases=[CASE, None])),
    "no id at all": ("ContactRecorded", 1, changed(CONTACT, cases=[])),
    "a flag for a number": ("PackageStarted", 1, changed(STARTED, review_every_days=True)),
    "a fraction": ("PackageStarted", 1, changed(STARTED, review_every_days=1.5)),
    "a number out of bounds": ("PackageStarted", 1, changed(STARTED, review_every_days=400)),
    "a number beyond 64 bits": ("PackageStarted", 1, changed(STARTED, review_every_days=2**70)),
    "a mark of nothing": ("MarkedInError", 1, b'{"target":0,"reason":null}'),
    "a mark of text": ("MarkedInError", 1, b'{"target":"1","reason":null}'),
    "a version to come": ("CaseOpened", 2, changed(OPENED)),
    "a mark of a version to come": ("MarkedInError", 2, b'{"target":1,"reason":null}'),
}
OLD = {
    "an old shape cut short": (1, b'{"note":"a"}'),
    "an old shape that is none": (1, b"[]"),
    "an old shape with a bad id": (1, b'{"note":"a","person":"' + SECRET.encode() + b'"}'),
    "an old shape under a newer version": (2, b'{"note":"a","person":"person:00000000000000000000000001"}'),
    "the newest shape under an old version": (
        1,
        b'{"note":"a","people":["person:00000000000000000000000001"],"urgent":true}',
    ),
    "a version to come": (4, b'{"note":"a","people":["person:00000000000000000000000001"],"urgent":true}'),
}


def log_of(*entries, occurred_at=INSTANTS[0]):
    log = MemoryLog(lambda: STARTS[0])
    for kind, version, data in entries:
        log.append([Entry(kind, data, [], version=version, occurred_at=occurred_at)])
    return log


def whole(log, registry, projections, known=None):
    folding = Folding(
        log, registry, {one.name: one for one in projections}, known=log.head() if known is None else known
    )
    folding.fold({one.name: None for one in projections})
    return folding


def check(log, registry, projections, position):
    with pytest.raises(Unreadable) as by_row:
        [registry.event(one) for one in log.read()]
    assert f"entry {position} " in str(by_row.value)
    with pytest.raises(Unreadable) as by_column:
        whole(log, registry, projections)
    first, last = map(int, re.search(r"from (\d+) to (\d+) ", str(by_column.value)).groups())
    assert first <= position <= last
    for stopped in (by_row, by_column):
        assert SECRET not in str(stopped.value)
        assert CASE not in str(stopped.value)
        assert stopped.value.__context__ is None or stopped.value.__suppress_context__
        assert "\n" not in str(stopped.value)


@pytest.mark.parametrize("fault", BAD)
def test_rows_and_columns_both_stop(fault):
    bad = BAD[fault]
    good = ("CaseOpened", 1, changed(OPENED))
    check(log_of(good, good, bad, good), EVENTS, VIEWS, 3)


@pytest.mark.parametrize("fault", OLD)
def test_both_stop_at_old_shapes_too(fault):
    version, data = OLD[fault]
    check(log_of(("Measured", version, data)), REGISTRY, PROJECTIONS, 1)


def test_an_object_but_for_its_first_byte():
    check(log_of(("CaseOpened", 1, b"[" + changed(OPENED)[1:])), EVENTS, VIEWS, 1)


def test_data_cannot_say_when_it_was_so():
    """`occurred_at` stands beside the data: a second one inside it must not win in rows, and lose in columns."""
    log = log_of(("CaseOpened", 1, changed(OPENED, occurred_at="2001-01-01T00:00:00Z")))
    with pytest.raises(Unreadable):
        [EVENTS.event(one) for one in log.read()]


def test_an_entry_that_never_was_so():
    check(log_of(("CaseOpened", 1, changed(OPENED)), occurred_at=None), EVENTS, VIEWS, 1)


def test_a_batch_that_says_more_than_its_positions():
    log = log_of(("CaseOpened", 1, changed(OPENED)))

    class Twice:
        head = log.head

        def batches(self, types, *, after=0, upto=None):
            for batch in log.batches(types, after=after, upto=upto):
                batch.data = b"[" + batch.data[1:-1] + b"," + batch.data[1:]
                yield batch

    with pytest.raises(Unreadable, match="an entry from 1 to 1 cannot be read"):
        whole(Twice(), EVENTS, VIEWS)


def test_what_is_not_known_yet_stops_nothing():
    """The past is frozen: an entry that cannot be read harms no answer from before it."""
    good = ("CaseOpened", 1, changed(OPENED))
    log = log_of(good, BAD["a field missing"])
    assert whole(log, EVENTS, VIEWS, 1).events == 1
