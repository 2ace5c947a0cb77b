"""A small city in a store of either kind, and what its views are to say."""

from datetime import date
from typing import Any

from earlystart_core import OpenCase, Practitioner, Record, RecordContact
from earlystart_core.views import VIEWS

BY = Practitioner("practitioner:01ARZ3NDEKTSV4RRFFQ69G5FAV", "health_visitor", "org:lch")
Rows = dict[str, list[dict[str, Any]]]


def open_case(record: Record, team: str = "team:armley") -> str:
    """A case of its own."""
    case = record.new_id("case")
    command = OpenCase(case=case, family=record.new_id("family"), team=team, reason="birth", born_on=date(2025, 12, 1))
    record.submit(command, by=BY)
    return case


def meet(record: Record, case: str) -> None:
    """A kept contact."""
    record.submit(
        RecordContact(
            contact=record.new_id("contact"),
            cases=(case,),
            kind="new_birth_visit",
            attendance="5",
            mechanism="01",
            location="A01",
            practitioners=[BY.practitioner],
            employers=["org:lch"],
        ),
        by=BY,
    )


def served(record: Record) -> Rows:
    """What is served, whole."""
    return {view.name: record.view(view.name).rows for view in VIEWS}


def folded(record: Record) -> Rows:
    """What the log says."""
    past = record.as_at()
    return {view.name: past.view(view.name).rows for view in VIEWS}
