"""What lists and violations change in a standing: D lists replace each other, violations stay."""

import pytest

from tests.rules.records import YEAR, standing
from voucher.rules.eligibility import latest_rating_is_d
from voucher.rules.standing import with_list, with_violation, without_violation


@pytest.mark.clause("§2.1.1")
def test_a_newer_d_list_without_the_enterprise_clears_what_an_older_one_said() -> None:
    rated = with_list(standing(), "rated_d", YEAR - 1, True)
    cleared = with_list(rated, "rated_d", YEAR, False)
    assert latest_rating_is_d(rated)
    assert not latest_rating_is_d(cleared)


@pytest.mark.clause("§2.1.1")
def test_a_newer_d_list_with_the_enterprise_on_it_stands_in_place_of_the_older() -> None:
    again = with_list(with_list(standing(), "rated_d", YEAR - 1, True), "rated_d", YEAR, True)
    assert again.listed["rated_d"] == (YEAR,)


@pytest.mark.clause("§2.3.1")
def test_the_other_lists_keep_every_year_they_named_the_enterprise_in() -> None:
    both = with_list(with_list(standing(), "newly_above_scale", YEAR, True), "newly_above_scale", YEAR - 1, True)
    corrected = with_list(both, "newly_above_scale", YEAR, False)
    assert both.listed["newly_above_scale"] == (YEAR - 1, YEAR)
    assert corrected.listed["newly_above_scale"] == (YEAR - 1,)


@pytest.mark.clause("§2.3.1")
def test_one_list_leaves_the_others_alone_and_applied_twice_changes_nothing_more() -> None:
    before = standing(listed={"rated_d": (YEAR,), "little_giant_nursery": (YEAR,)}, violations=("v1",))
    once = with_list(before, "newly_above_scale", YEAR, True)
    assert once.listed == {**before.listed, "newly_above_scale": (YEAR,)}
    assert once.violations == ("v1",)
    assert with_list(once, "newly_above_scale", YEAR, True).listed == once.listed


@pytest.mark.clause("§2.1.3")
def test_violations_add_up_and_only_the_one_lifted_goes() -> None:
    two = with_violation(with_violation(standing(), "v1"), "v2")
    assert two.violations == ("v1", "v2")
    assert without_violation(two, "v1").violations == ("v2",)
    assert without_violation(two, "unknown").violations == ("v1", "v2")


@pytest.mark.clause("§2.1.3")
def test_every_change_of_a_standing_counts_its_version() -> None:
    before = standing(version=3, violations=("v1",))
    after = (
        with_list(before, "rated_d", YEAR, True),
        with_violation(before, "v2"),
        without_violation(before, "v1"),
    )
    assert [each.version for each in after] == [4, 4, 4]
    assert before.violations == ("v1",) and before.listed == {}
