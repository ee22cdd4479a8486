"""What lists and violations change in a standing: D lists replace each other, violations stay."""

import pytest

from tests.rules.records import YEAR, standing
from voucher.policy import NURSERY_LIST
from voucher.rules.eligibility import latest_rating_is_d
from voucher.rules.standing import is_on, with_list, with_violation, without_violation, years_of


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
def test_who_rose_above_scale_in_a_year_is_on_the_list_of_the_year_after() -> None:
    risen = with_list(standing(), "newly_above_scale", YEAR - 1, True)
    assert [is_on(risen, "newly_above_scale", year) for year in (YEAR - 1, YEAR, YEAR + 1)] == [False, True, False]
    assert years_of("newly_above_scale", YEAR - 1) == (YEAR, YEAR)
    assert years_of("other_subsidy", YEAR) == (YEAR, YEAR)


def nursery_years(*steps: tuple[int, bool, int | None]) -> list[int]:
    """The programme years in which the nursery list counts that names a code, after some lists were applied."""
    known = standing()
    for year, on_list, following in steps:
        known = with_list(known, NURSERY_LIST, year, on_list, following)
    return [year for year in range(2024, 2030) if is_on(known, NURSERY_LIST, year)]


@pytest.mark.clause("§2.3.1")
def test_a_nursery_list_counts_from_its_year_until_a_later_one_replaces_it() -> None:
    assert nursery_years((2025, True, None)) == [2025, 2026, 2027, 2028, 2029]
    assert nursery_years((2025, True, None), (2027, False, None)) == [2025, 2026]
    assert nursery_years((2025, True, None), (2027, False, None), (2028, True, None)) == [2025, 2026, 2028, 2029]
    assert nursery_years((2025, True, None), (2027, True, None), (2027, False, None)) == [2025, 2026]
    assert nursery_years((2025, True, None), (2025, False, None)) == []
    assert years_of(NURSERY_LIST, 2025) == (2025, None)


@pytest.mark.clause("§2.3.1")
def test_a_nursery_list_that_comes_late_counts_only_until_the_one_that_is_there() -> None:
    assert nursery_years((2025, True, 2027)) == [2025, 2026]
    assert nursery_years((2027, True, None), (2025, True, 2027)) == [2025, 2026, 2027, 2028, 2029]
    assert nursery_years((2025, True, 2027), (2027, True, None)) == [2025, 2026, 2027, 2028, 2029]


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
