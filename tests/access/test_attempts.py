"""Attempts on what does not exist: recorded like any other, and answered so that whoever may not learns nothing."""

import pytest
from msgspec.structs import replace

from earlystart_core import MarkInError
from earlystart_core.errors import Conflict, Invalid, NotPermitted, Refused
from earlystart_core.types import ULID_KINDS

from .conftest import *
from .test_glass import LEAD, smashed

INVENTED = an("glass", 7)


def refusals(record: Record) -> list[tuple[object, ...]]:
    """What is recorded of refusals: what for, about what, by which rules, and with or about which glass."""
    rows = [row for row in record.looked() if row["result"] == "refused"]
    return [(row["action"], row["subject"], row["rules"], row["break_glass"]) for row in rows]


def answer(ask) -> str:
    """The sentence of a refusal."""
    with pytest.raises(NotPermitted) as raised:
        ask()
    return str(raised.value)


def asked(seen, ask: str) -> None:
    {
        "timeline": lambda: seen.timeline(ANNA),
        "view": lambda: seen.view("case_status", case=ANNA),
        "list": lambda: seen.view("case_status", team="team:armley"),
        "caseload": seen.caseload,
        "disclosures": seen.disclosures,
        "looked": lambda: seen.looked(ANNA),
    }[ask]()


@pytest.mark.parametrize(
    ("ask", "action", "subject"),
    [
        ("timeline", "read", ANNA),
        ("view", "read", ANNA),
        ("list", "list", "team:armley"),
        ("caseload", "count", None),
        ("disclosures", "audit", None),
        ("looked", "audit", ANNA),
    ],
)
@pytest.mark.parametrize("reader", [STRANGER, ALLOCATED, OFFICER], ids=["stranger", "allocated", "officer"])
def test_an_invented_glass_is_refused_and_recorded(
    record: Record, reader: Reader, ask: str, action: str, subject: str | None
) -> None:
    """Whoever they are besides: nobody comes by with a glass that they did not break."""
    with pytest.raises(NotPermitted, match=r"glass\.unknown"):
        asked(record.seen_by(replace(reader, break_glass=INVENTED)), ask)
    assert refusals(record) == [(action, subject, ["glass.unknown"], INVENTED)]
    assert not record.seen_by(replace(reader, break_glass=INVENTED)).may(action, ANNA).permitted


def test_someone_elses_glass_is_answered_like_one_that_nobody_broke(record: Record) -> None:
    theirs = smashed(record, replace(STRANGER, practitioner=KIM)).break_glass
    assert theirs is not None
    said = [answer(lambda glass=glass: record.seen_by(replace(STRANGER, break_glass=glass)).timeline(ANNA))
            for glass in (theirs, INVENTED)]  # fmt: skip
    assert said[0] == said[1]
    assert [rules for _, _, rules, _ in refusals(record)] == [["glass.unknown"]] * 2


@pytest.mark.parametrize("reader", [STRANGER, OUTSIDE, LEAD], ids=["stranger", "outside", "lead"])
def test_whoever_breaks_or_reviews_with_a_glass_that_is_not_theirs(record: Record, reader: Reader) -> None:
    """No policy is asked, and someone else's glass is answered like one that nobody broke."""
    theirs = smashed(record, replace(STRANGER, practitioner=KIM)).break_glass
    for glass in (theirs, INVENTED):
        by = replace(reader, break_glass=glass)
        for case in (ANNA, NOBODY):
            with pytest.raises(NotPermitted, match=rf"may not break glass {case}: glass\.unknown \("):
                record.glass.break_for(case, reason="complaint", text=WHY, by=by)
            assert refusals(record)[-1] == ("break_glass", case, ["glass.unknown"], glass)
        with pytest.raises(NotPermitted, match=rf"may not review {theirs}: glass\.unknown \("):
            record.glass.review(theirs, outcome="justified", by=by)
        assert refusals(record)[-1] == ("review", ANNA, ["glass.unknown"], theirs)
    assert [row["state"] for row in record.glass.rows()] == ["open"]


def test_a_glass_of_ones_own_is_for_reading_alone(record: Record) -> None:
    with pytest.raises(NotPermitted, match=r"forbid\.glass_reads_only"):
        record.glass.break_for(BEN, reason="complaint", text=WHY, by=smashed(record))


def test_a_policy_of_ones_own_is_not_asked_about_an_invented_glass(record: Record) -> None:
    from .test_seeing import Everything

    with pytest.raises(NotPermitted, match=r"glass\.unknown \(everything 1\)"):
        record.seen_by(replace(STRANGER, break_glass=INVENTED), Everything()).timeline(BEN)


def test_a_glass_for_a_case_that_is_not_on_record(record: Record) -> None:
    """Who may break one is told; who may not is answered as for a case that is."""
    with pytest.raises(Invalid, match="case: expected a case on record"):
        record.glass.break_for(NOBODY, reason="danger_of_harm", text=WHY, by=STRANGER)
    assert refusals(record) == [("break_glass", NOBODY, ["case.unknown"], None)]
    assert record.looked(case=NOBODY).rows == record.looked().rows
    said = set()
    for case in (ANNA, NOBODY):
        break_ = lambda case=case: record.glass.break_for(case, reason="complaint", text=WHY, by=OUTSIDE)  # noqa: E731
        said.add(answer(break_).replace(case, "it"))
    assert len(said) == 1
    assert len(refusals(record)) == 3
    assert record.glass.rows().rows == []


def test_a_glass_for_a_case_that_was_opened_in_error(record: Record) -> None:
    """No view has it, and its entries and their text are there all the same: in an emergency they are needed too."""
    opened = next(row["position"] for row in record.timeline(ANNA) if row["type"] == "CaseOpened")
    record.submit(MarkInError(target=opened), by=BY)
    assert record.view("case_status", case=ANNA).rows == []
    story = record.seen_by(smashed(record)).timeline(ANNA)
    assert SECRET in {row["fields"].get("reason") for row in story}


def test_a_glass_for_a_case_that_was_erased(record: Record) -> None:
    record.erase(ANNA, authority="Caldicott guardian, IG-7", second_authority="Head of IG, IG-7", by=BY)
    with pytest.raises(Refused, match="was erased"):
        smashed(record)
    assert refusals(record) == [("break_glass", ANNA, ["keys.erased"], None)]


def test_a_review_of_what_nobody_broke(record: Record) -> None:
    """Who may review is told; who may not is answered as for a glass that someone broke."""
    with pytest.raises(Invalid, match=f"break_glass: expected a glass that someone broke, {INVENTED} is none"):
        record.glass.review(INVENTED, outcome="justified", by=LEAD)
    assert refusals(record) == [("review", INVENTED, ["glass.unknown"], INVENTED)]
    broken = smashed(record).break_glass
    assert broken is not None
    said = {
        answer(lambda glass=glass: record.glass.review(glass, outcome="justified", by=ALLOCATED)).replace(glass, "X")
        for glass in (broken, INVENTED)
    }
    assert len(said) == 1
    assert refusals(record)[1:] == [
        ("review", ANNA, ["default.deny"], broken),
        ("review", INVENTED, ["default.deny"], INVENTED),
    ]


def test_a_second_review_is_recorded_as_refused(record: Record) -> None:
    glass = smashed(record).break_glass
    record.glass.review(glass, outcome="justified", by=LEAD)
    with pytest.raises(Refused, match="was reviewed before"):
        record.glass.review(glass, outcome="unclear", by=OFFICER)
    assert refusals(record) == [("review", ANNA, ["glass.reviewed"], glass)]
    assert record.glass.rows()[0]["outcome"] == "justified"


def test_of_two_reviews_at_once_one_is_refused(record: Record, monkeypatch) -> None:
    """Else one of two outcomes would be lost: only the first is told of a glass."""
    glass = smashed(record).break_glass
    append, first = record.store.access.append, []

    def late(entries, **named):
        if not first:
            first.append(LEAD)
            record.glass.review(glass, outcome="justified", by=LEAD)
        return append(entries, **named)

    monkeypatch.setattr(record.store.access, "append", late)
    with pytest.raises(Refused, match="was reviewed before"):
        record.glass.review(glass, outcome="not_justified", by=OFFICER)
    reviews = [(row["practitioner"], row["result"]) for row in record.looked() if row["action"] == "review"]
    assert reviews == [(KIM, "permitted"), (IGOR, "refused")]
    assert refusals(record) == [("review", ANNA, ["glass.reviewed"], glass)]


def test_a_review_of_a_glass_that_is_always_in_use_is_recorded(record: Record, monkeypatch) -> None:
    reader, append = smashed(record), record.store.access.append

    def used(entries, **named):
        if named.get("glass"):
            record.seen_by(reader).timeline(ANNA)
        return append(entries, **named)

    monkeypatch.setattr(record.store.access, "append", used)
    with pytest.raises(Conflict, match="kept being used: 3 tries were made"):
        record.glass.review(reader.break_glass, outcome="justified", by=LEAD)
    assert refusals(record) == [("review", ANNA, ["ties.moved"], reader.break_glass)]
    assert record.glass.rows()[0]["state"] == "open"


def test_an_attempt_on_a_case_that_never_rests_is_recorded(record: Record, monkeypatch) -> None:
    from .test_seeing import moving

    moving(record, monkeypatch, 9)
    with pytest.raises(Conflict):
        record.seen_by(STRANGER).timeline(ANNA)
    assert refusals(record) == [("read", ANNA, ["ties.moved"], None)]


def test_malformed_input_names_nothing_and_is_not_recorded(record: Record) -> None:
    assert "glass" not in ULID_KINDS
    for wrong in (
        lambda: record.seen_by(STRANGER).timeline("anna"),
        lambda: record.seen_by(replace(STRANGER, break_glass="glass:7")),
        lambda: record.glass.break_for("anna", reason="complaint", text=WHY, by=STRANGER),
        lambda: record.glass.review("glass:7", outcome="justified", by=LEAD),
    ):
        with pytest.raises(Invalid):
            wrong()
    assert record.looked().rows == []
