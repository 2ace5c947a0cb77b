import pytest
from leeds import *
from spec import but, given, irrelevant, order

from earlystart_core.errors import Invalid
from earlystart_core.words.allocation import AllocatePackage, EndAllocation

TO_SAM = but(ALLOCATED, practitioner=SAM, occurred_at=on(15))


def test_a_package_is_allocated():
    given(STARTED).when(order(AllocatePackage, ALLOCATED)).then(ALLOCATED)


@pytest.mark.parametrize("change", [{}, {"occurred_at": None}, {"skills": ("sleep",)}, {"meeting": ROUND}])
def test_allocating_to_who_holds_it_for_that_team_changes_nothing(change):
    given(STARTED, ALLOCATED).when(order(AllocatePackage, ALLOCATED, **change)).nothing()


def test_the_holder_may_come_to_hold_it_for_another_team():
    other = but(ALLOCATED, team=BURLEY, occurred_at=on(12))
    given(STARTED, ALLOCATED).when(order(AllocatePackage, other)).then(other)


def test_a_held_package_is_not_allocated_to_another():
    given(STARTED, ALLOCATED).when(order(AllocatePackage, TO_SAM)).refused("allocation.held")


@pytest.mark.parametrize("day", [14, 15])
def test_a_package_is_allocated_at_or_after_the_end_of_the_allocation_before(day):
    next_one = but(TO_SAM, occurred_at=on(day))
    given(STARTED, ALLOCATED, LET_GO).when(order(AllocatePackage, next_one)).then(next_one)


def test_a_package_is_not_allocated_within_an_allocation_that_has_ended():
    given(STARTED, ALLOCATED, LET_GO).when(order(AllocatePackage, TO_SAM, occurred_at=on(13))).refused(
        "allocation.held"
    )


def test_a_package_is_not_allocated_before_a_later_allocation():
    given(STARTED, ALLOCATED).when(order(AllocatePackage, TO_SAM, occurred_at=on(8))).refused(
        "allocation.changed_since"
    )


def test_the_end_of_anothers_allocation_does_not_free_it():
    given(STARTED, ALLOCATED, but(LET_GO, practitioner=SAM)).when(order(AllocatePackage, TO_SAM)).refused(
        "allocation.held"
    )


@pytest.mark.parametrize(("day", "fine"), [(8, True), (17, True), (18, False)])
def test_an_active_package_is_allocated(day, fine):
    allocated = but(ALLOCATED, occurred_at=on(day))
    spec = given(STARTED, ENDED).when(order(AllocatePackage, allocated))
    spec.then(allocated) if fine else spec.refused("package.ended")


@pytest.mark.parametrize("reserved", ["practitioner:unknown", "practitioner:import"])
def test_a_package_is_allocated_to_someone(reserved):
    with pytest.raises(Invalid) as fault:
        order(AllocatePackage, ALLOCATED, practitioner=reserved)
    assert fault.value.field == "practitioner"


def test_two_packages_do_not_bear_on_each_other():
    given(STARTED, irrelevant(but(ALLOCATED, package=an("package", 2)))).when(order(AllocatePackage, ALLOCATED)).then(
        ALLOCATED
    )


def test_an_allocation_ends():
    given(STARTED, ALLOCATED).when(order(EndAllocation, LET_GO)).then(LET_GO)


def test_ending_an_allocation_twice_changes_nothing():
    given(STARTED, ALLOCATED, LET_GO).when(order(EndAllocation, LET_GO, occurred_at=None)).nothing()


def test_an_ended_allocation_does_not_end_for_another_reason():
    given(STARTED, ALLOCATED, LET_GO).when(order(EndAllocation, LET_GO, reason="absence", occurred_at=on(15))).refused(
        "allocation.not_held"
    )


@pytest.mark.parametrize("held", [(), (ALLOCATED,)])
def test_who_does_not_hold_a_package_does_not_let_it_go(held):
    given(STARTED, *held).when(order(EndAllocation, LET_GO, practitioner=SAM)).refused("allocation.not_held")


def test_an_allocation_does_not_end_before_it_starts():
    given(STARTED, ALLOCATED).when(order(EndAllocation, LET_GO, occurred_at=on(8))).refused("allocation.not_held")


def test_an_allocation_does_not_end_twice_at_two_times():
    given(STARTED, ALLOCATED, LET_GO).when(order(EndAllocation, LET_GO, occurred_at=on(13))).refused(
        "allocation.changed_since"
    )


def test_an_allocation_may_end_after_its_package():
    later = but(LET_GO, occurred_at=on(19))
    given(STARTED, ALLOCATED, ENDED).when(order(EndAllocation, later)).then(later)


def test_who_allocated_again_holds_it_again():
    again = but(ALLOCATED, occurred_at=on(15))
    given(STARTED, ALLOCATED, LET_GO, again).when(order(AllocatePackage, TO_SAM, occurred_at=on(16))).refused(
        "allocation.held"
    )


@pytest.mark.parametrize(("command", "event"), [(AllocatePackage, ALLOCATED), (EndAllocation, LET_GO)])
class TestThePackageOfAnAllocation:
    def test_is_known(self, command, event):
        given().when(order(command, event)).refused("package.unknown")

    def test_is_of_that_case(self, command, event):
        given(STARTED).when(order(command, event, case=BEN)).refused("package.other_case")

    def test_has_started_by_then(self, command, event):
        given(STARTED).when(order(command, event, occurred_at=on(7))).refused("package.not_started")
