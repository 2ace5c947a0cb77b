import pytest
from leeds import *
from spec import but, decided, given, irrelevant, order

from earlystart_core.entry import Practitioner
from earlystart_core.errors import Invalid, Refused
from earlystart_core.words.correction import MarkedInError
from earlystart_core.words.erasure import expect_not_held, two_authorities
from earlystart_core.words.hold import LiftLegalHold, PlaceLegalHold

HOLD = PLACED.hold
EVERYONE = but(PLACED, case=None)
ENDED_HOLD = but(LIFTED, case=None)


def test_a_hold_is_placed_on_a_case():
    given(OPENED).when(order(PlaceLegalHold, PLACED)).then(PLACED)


def test_a_hold_is_placed_on_a_person_and_on_everyone():
    mother = but(PLACED, case=None, person=MOTHER)
    given(irrelevant(OPENED)).when(order(PlaceLegalHold, mother)).then(mother)
    given(irrelevant(OPENED)).when(order(PlaceLegalHold, EVERYONE)).then(EVERYONE)


def test_a_hold_on_a_mistyped_case_is_refused():
    given(irrelevant(BEN_OPENED)).when(order(PlaceLegalHold, PLACED)).refused("case.unknown")


def test_a_hold_is_placed_on_a_case_that_was_opened_in_error():
    """Its entries and their text are there, and can be erased; so they can be held. A hold in error holds nothing."""
    mark = MarkedInError(occurred_at=on(13), target=1)
    given(OPENED, mark).when(order(PlaceLegalHold, PLACED)).then(PLACED)
    in_error = MarkedInError(occurred_at=on(13), target=2)
    given(OPENED, PLACED, in_error).when(order(PlaceLegalHold, PLACED)).then(PLACED)


def test_a_hold_that_stands_is_not_placed_again():
    given(OPENED, PLACED).when(order(PlaceLegalHold, PLACED, occurred_at=on(20))).nothing()


def test_another_authority_is_told_besides():
    again = but(PLACED, authority="High Court, 99", occurred_at=on(13))
    given(OPENED, PLACED).when(order(PlaceLegalHold, again)).then(again)


def test_a_hold_is_placed_again_after_it_was_lifted():
    again = but(PLACED, occurred_at=on(20))
    given(OPENED, PLACED, LIFTED).when(order(PlaceLegalHold, again)).then(again)


@pytest.mark.parametrize("authority", [PLACED.authority, "High Court, 99"])
def test_a_hold_dated_before_a_lift_is_placed_all_the_same(authority):
    late = but(PLACED, occurred_at=on(13), authority=authority)
    given(OPENED, PLACED, LIFTED).when(order(PlaceLegalHold, late)).then(late)
    given(OPENED, PLACED, LIFTED, late).when(order(PlaceLegalHold, late)).nothing()


def test_a_hold_dated_before_a_lift_is_lifted_again():
    late = but(PLACED, occurred_at=on(13))
    given(PLACED, LIFTED, late).when(order(LiftLegalHold, LIFTED, occurred_at=on(20))).then(
        but(LIFTED, occurred_at=on(20))
    )


def test_a_hold_is_lifted_as_it_was_placed():
    given(PLACED).when(order(LiftLegalHold, LIFTED)).then(LIFTED)


def test_a_hold_is_lifted_for_everyone():
    given(PLACED, but(PLACED, case=BEN)).when(order(LiftLegalHold, ENDED_HOLD)).then(ENDED_HOLD)


@pytest.mark.parametrize("history", [[], [EVERYONE], [but(PLACED, case=BEN)], [but(PLACED, occurred_at=on(16))]])
def test_only_what_was_placed_is_lifted(history):
    given(*history).when(order(LiftLegalHold, LIFTED)).refused("hold.not_placed")


def test_another_hold_does_not_bear_on_it():
    other = but(PLACED, hold="hold:other")
    given(irrelevant(other)).when(order(LiftLegalHold, LIFTED)).refused("hold.not_placed")


def test_lifting_twice_changes_nothing():
    given(PLACED, LIFTED).when(order(LiftLegalHold, LIFTED)).nothing()


@pytest.mark.parametrize("nobody", ["practitioner:unknown", "practitioner:import"])
@pytest.mark.parametrize(("ordered", "history"), [(PLACED, [OPENED]), (PLACED, [OPENED, PLACED]), (LIFTED, [PLACED])])
def test_who_places_or_lifts_a_hold_can_be_named(nobody, ordered, history):
    """Also where it is already so: else the receipt would say that nobody had done it."""
    command = order(PlaceLegalHold if ordered is PLACED else LiftLegalHold, ordered)
    with pytest.raises(Refused, match=f"expected a practitioner who can be named, got {nobody}") as no:
        decided(command, history, Practitioner(nobody, "command line", "org:lch"))
    assert no.value.code == "hold.nobody_named"


@pytest.mark.parametrize("hold", ["inquiry-7", "hold:", "hold:Inquiry 7", "case:inquiry"])
def test_a_hold_has_a_name(hold):
    with pytest.raises(Invalid) as fault:
        PlaceLegalHold(hold=hold, authority="a court")
    assert fault.value.field == "hold"


# --- what stands in an erasure's way ----------------------------------------------------------------------------------


def refusal(subject, beside, *changes):
    with pytest.raises(Refused) as no:
        expect_not_held(subject, beside, changes, on(20))
    assert no.value.code == "erasure.held"
    return no.value.message


def test_a_hold_is_named_with_who_ordered_it():
    said = refusal(ANNA, [], PLACED)
    assert all(text in said for text in (ANNA, HOLD, PLACED.authority))


def test_a_hold_covers_who_appears_beside_its_case():
    assert HOLD in refusal(MOTHER, [ANNA], PLACED)


def test_a_hold_on_everyone_covers_anyone():
    assert "everyone" in refusal(BEN, [], EVERYONE)


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [PLACED, LIFTED],
        [PLACED, ENDED_HOLD],
        [EVERYONE, ENDED_HOLD],
        [but(PLACED, case=BEN)],
    ],
)
def test_what_no_hold_covers_may_be_erased(changes):
    expect_not_held(ANNA, [MOTHER], changes, on(20))


def test_a_hold_counts_from_when_it_is_recorded_and_a_lift_from_its_instant():
    ahead = but(PLACED, occurred_at=on(21))
    assert HOLD in refusal(ANNA, [], ahead)
    assert HOLD in refusal(ANNA, [], PLACED, but(LIFTED, occurred_at=on(21)))


def test_a_hold_recorded_after_a_lift_counts_though_it_is_dated_before():
    late = but(PLACED, occurred_at=on(13), authority="High Court, 99")
    assert "High Court, 99" in refusal(ANNA, [], PLACED, LIFTED, late)
    expect_not_held(ANNA, [], [PLACED, LIFTED, late, but(LIFTED, occurred_at=on(14))], on(20))


def test_a_lift_recorded_late_does_not_end_what_was_placed_after_its_day():
    again = but(PLACED, occurred_at=on(16))
    assert HOLD in refusal(ANNA, [], PLACED, again, LIFTED)


def test_one_of_two_holds_still_stands():
    other = but(PLACED, hold="hold:other")
    assert "hold:other" in refusal(ANNA, [], PLACED, other, LIFTED)


def test_two_authorities_are_two_people():
    assert two_authorities(" Head of  IG ", "Caldicott guardian") == ("Head of IG", "Caldicott guardian")
    for second in ("head of ig", " HEAD  OF IG"):
        with pytest.raises(Invalid, match=r"^second_authority: expected another person"):
            two_authorities("Head of IG", second)


@pytest.mark.parametrize(
    "second",
    [
        "Head of IG, J. Marsh, IG-10.",  # a dot
        "Head of IG J Marsh IG10",
        "head  OF ig ,J.MARSH, IG-10",
        "Head of IG, J. Mársh, IG-10",
        "Head of IG, J. Marsh, IG‑10",  # another hyphen
        "Ｈｅａｄ of IG, J. Marsh, IG-１０",  # full width
        "Head of IG, J. Marsh, lG-lO",  # an l for the I and the 1, an O for the 0
        "Head of IG, J. Marsh, IG-1\u200d0",  # nothing to see between them
        "Head of IG, J. Marsh, ⅠG-⑩",
        "Head of IG, J. Marsh, ıG-10",
    ],
)
def test_a_name_that_is_only_spelt_otherwise_is_the_same(second):
    with pytest.raises(Invalid, match=r"^second_authority: expected another person"):
        two_authorities("Head of IG, J. Marsh, IG-10", second)


@pytest.mark.parametrize(("first", "second"), [("Governance lead", "Govemance lead"), ("Müller", "MULLER")])
def test_what_reads_alike_is_the_same(first, second):
    with pytest.raises(Invalid, match=r"^second_authority: expected another person"):
        two_authorities(first, second)


@pytest.mark.parametrize(
    "odd",
    [
        "Heаd of IG",  # Cyrillic
        "Саре",  # a whole word of it
        "Ηead of IG",  # Greek
        "Hᴇad of IG",  # a small capital
        "Hɑad of IG",  # a letter of phonetics
        "Head of IG ٧",  # a digit of Arabic
        "Head of IG 🅰",
    ],
)
def test_an_authority_is_written_in_the_latin_alphabet(odd):
    """Letters of another could look the same, so that one person stands there twice."""
    for pair, field in (((odd, "Caldicott guardian"), "authority"), (("Caldicott guardian", odd), "second_authority")):
        with pytest.raises(Invalid, match=rf"^{field}: expected letters of the Latin alphabet and digits"):
            two_authorities(*pair)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Caldicott guardian, IG-7", "Head of IG, IG-7"),
        ("Caldicott guardian", "Deputy Caldicott guardian"),
        ("Records panel, member 1", "Records panel, member 2"),
        ("Siân O’Brien, £-panel", "Zoë Łukasz – IG/7"),
        ("Þóra Sigurðardóttir", "Øyvind Ångström & co."),
    ],
)
def test_two_who_are_named_apart_stay_as_they_are_written(first, second):
    assert two_authorities(first, second) == (first, second)


@pytest.mark.parametrize("text", ["", "   ", "--- .", "x" * 201, "a\u202eb", None, 7])
def test_an_authority_is_a_short_plain_text(text):
    with pytest.raises(Invalid, match=r"^authority: expected"):
        two_authorities(text, "Caldicott guardian")
    with pytest.raises(Invalid, match=r"^second_authority: expected"):
        two_authorities("Caldicott guardian", text)
