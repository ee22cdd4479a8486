"""The yearly quota (§2.3.1), and the entitlement a grab relies on: in step with every fact behind it."""

from datetime import date
from typing import Any

import pytest

from tests.rules.records import POLICY, TODAY, YEAR, enterprise, entitlement, policy, programme, standing, voucher
from voucher.models.entitlements import Entitlement
from voucher.rules.entitlements import (
    Loss,
    next_entitlement,
    next_entitlements,
    quota_given_back,
    quota_of,
    years_in_step,
)

NEWLY = {"newly_above_scale": (YEAR - 1,)}
NURSERY = {"little_giant_nursery": (YEAR,)}


@pytest.mark.clause("§2.3.1")
@pytest.mark.parametrize(
    ("listed", "largest_fen", "sum_fen"),
    [
        ({}, 1_000_000, 1_000_000),
        (NEWLY, 2_000_000, 2_000_000),
        (NURSERY, 1_000_000, 1_000_000),
        (NEWLY | NURSERY, 2_000_000, 3_000_000),
        ({"newly_above_scale": (YEAR - 2, YEAR)}, 1_000_000, 1_000_000),
        (NURSERY | {"newly_above_scale": (YEAR,)}, 1_000_000, 1_000_000),
        ({"rated_d": (YEAR,), "other_subsidy": (YEAR,)}, 1_000_000, 1_000_000),
    ],
)
def test_the_quota_is_the_default_or_what_the_lists_that_count_in_the_year_give(
    listed: dict[str, tuple[int, ...]], largest_fen: int, sum_fen: int
) -> None:
    lists = standing(listed=listed)
    assert quota_of(lists, POLICY, YEAR).quota_fen == largest_fen
    assert quota_of(lists, policy(quota_combination="sum"), YEAR).quota_fen == sum_fen


@pytest.mark.clause("§2.3.1")
def test_on_two_lists_the_larger_counts_whichever_of_them_it_is() -> None:
    turned = policy(quota_newly_above_scale_fen=1, quota_little_giant_nursery_fen=2)
    assert quota_of(standing(listed=NEWLY | NURSERY), turned, YEAR).quota_fen == 2


@pytest.mark.clause("§2.3.1")
def test_the_nursery_list_gives_its_own_quota_and_the_reason_is_named() -> None:
    own = policy(quota_little_giant_nursery_fen=1_500_000, quota_default_fen=900_000)
    assert quota_of(standing(), own, YEAR).quota_fen == 900_000
    assert quota_of(standing(), own, YEAR).reason == "默认额度"
    assert quota_of(standing(listed=NURSERY), own, YEAR).quota_fen == 1_500_000
    both = quota_of(standing(listed=NEWLY | NURSERY), own, YEAR).reason
    assert both == "上年度新升规企业、专精特新“小巨人”种苗企业"


@pytest.mark.clause("§4.1.2")
@pytest.mark.parametrize(
    ("state", "first_refusal"),
    [
        ("approved", None),
        ("draft", "NOT_APPROVED"),
        ("submitted", "NOT_APPROVED"),
        ("returned", "NOT_APPROVED"),
        ("rejected", "NOT_APPROVED"),
        ("disqualified", "DISQUALIFIED"),
    ],
)
def test_only_an_approved_enterprise_is_entitled(state: str, first_refusal: str | None) -> None:
    following = next_entitlement(enterprise(state=state), standing(), POLICY, YEAR, TODAY, None)
    assert following.qualified is (first_refusal is None)
    assert following.refusals == ((first_refusal,) if first_refusal else ())


@pytest.mark.clause("§2.1.1")
def test_a_d_rating_or_a_violation_ends_the_entitlement_and_every_reason_is_kept() -> None:
    lists = standing(listed={"rated_d": (YEAR,)}, violations=("v1",))
    for state, first in (("disqualified", "DISQUALIFIED"), ("submitted", "NOT_APPROVED")):
        following = next_entitlement(enterprise(state=state), lists, POLICY, YEAR, TODAY, None)
        assert (following.qualified, following.refusals) == (False, (first, "RATED_D", "HAS_VIOLATION"))


@pytest.mark.clause("§2.3.1")
def test_a_first_entitlement_holds_the_whole_quota_for_the_members() -> None:
    following = next_entitlement(enterprise(), standing(listed=NEWLY), POLICY, YEAR, TODAY, None)
    assert (following.quota_fen, following.left_fen, following.granted_fen) == (2_000_000, 2_000_000, 0)
    assert (following.members, following.version, following.year) == (frozenset({"member"}), 1, YEAR)


@pytest.mark.clause("§2.3.3")
def test_what_a_rerelease_gave_beyond_the_quota_leaves_the_quota_as_it_is() -> None:
    held = entitlement(granted_fen=1_400_000, extra_fen=500_000, left_fen=7)
    assert next_entitlement(enterprise(), standing(), POLICY, YEAR, TODAY, held).left_fen == 100_000


@pytest.mark.clause("§2.3.1")
def test_an_entitlement_knows_its_groups_a_batch_may_be_open_to() -> None:
    following = next_entitlement(enterprise(), standing(listed=NEWLY), POLICY, YEAR, TODAY, None)
    assert following.groups == {"list.newly_above_scale", "district.liandu", "size.small", "industry.3411"}
    without = next_entitlement(enterprise(), standing(), POLICY, YEAR, TODAY, following)
    assert without.groups == {"district.liandu", "size.small", "industry.3411"}


@pytest.mark.clause("§2.3.1")
def test_a_grant_keeps_the_groups_of_its_day_whatever_the_enterprise_becomes() -> None:
    def after(held: Entitlement, *batches: str, **changes: Any) -> Entitlement:
        granted = held.model_copy(update={"batches": batches})
        return next_entitlement(enterprise(**changes), standing(), POLICY, YEAR, TODAY, granted)

    first = after(entitlement())
    moved = after(first, "b1", district="city")
    kept = after(moved, "b1", "b2", district="city")
    back = after(kept, "b1", "b2")
    assert [back.groups_of_grant(each) for each in ("b1", "b2", "b3")] == [first.groups, moved.groups, back.groups]
    assert "district.city" in (moved.groups or ())
    unknown = after(entitlement(groups=None), "b0")
    assert (unknown.groups_of_grant("b0"), unknown.groups_of_grant("b1")) == (None, unknown.groups)


@pytest.mark.clause("§2.3.1")
@pytest.mark.parametrize(
    ("granted_fen", "listed", "left_fen"),
    [(400_000, {}, 600_000), (1_000_000, NEWLY, 1_000_000), (1_000_000, {}, 0), (2_000_000, {}, 0)],
)
def test_what_was_granted_stays_granted_and_only_what_is_left_follows_the_quota(
    granted_fen: int, listed: dict[str, Any], left_fen: int
) -> None:
    held = entitlement(granted_fen=granted_fen, left_fen=7, version=4, batches=("2026.b1",), lapsed=True)
    following = next_entitlement(enterprise(), standing(listed=listed), POLICY, YEAR, TODAY, held)
    assert (following.granted_fen, following.left_fen, following.version) == (granted_fen, left_fen, 5)
    assert (following.batches, following.lapsed) == (("2026.b1",), True)


@pytest.mark.clause("§4.1.3")
def test_years_that_have_an_entitlement_follow_and_others_get_one_only_if_wanted() -> None:
    held = {2025: entitlement(year=2025), 2026: None, 2027: None}
    drafted: dict[int, Any] = {year: programme(year=year) for year in held}
    following = next_entitlements(enterprise(), standing(violations=("v1",)), held, drafted, TODAY, wanted=2026)
    assert [each and each.qualified for each in following.values()] == [False, False, None]


@pytest.mark.clause("§4.1.3")
def test_without_a_registered_enterprise_nothing_is_made_even_if_wanted() -> None:
    assert next_entitlements(None, standing(), {2026: None}, {2026: None}, TODAY, wanted=2026) == {2026: None}


@pytest.mark.clause("§2.3.1")
def test_each_year_follows_the_policy_its_own_programme_was_drafted_under() -> None:
    programmes = {2026: programme(policy=policy(quota_default_fen=5)), 2027: programme(year=2027)}
    following = next_entitlements(
        enterprise(), standing(), {2026: entitlement(), 2027: entitlement(year=2027)}, programmes, TODAY
    )
    assert [each and each.quota_fen for each in following.values()] == [5, 1_000_000]


@pytest.mark.clause("§1.3")
def test_under_a_programme_that_is_only_drafted_no_entitlement_is_made_nor_changed() -> None:
    drafted = {2026: programme(state="draft"), 2027: programme(year=2027, state="draft")}
    held = {2026: None, 2027: entitlement(year=2027, quota_fen=7)}
    assert next_entitlements(enterprise(), standing(violations=("v1",)), held, drafted, TODAY, wanted=2026) == held


@pytest.mark.clause("§2.3.1")
def test_before_a_year_has_a_programme_nothing_is_promised_for_it() -> None:
    assert next_entitlements(enterprise(), standing(), {2026: None}, {2026: None}, TODAY, wanted=2026) == {2026: None}


def test_last_years_entitlement_is_kept_in_step_too() -> None:
    assert years_in_step(date(2026, 1, 1)) == (2025, 2026, 2027)


@pytest.mark.clause("§4.1.2")
def test_nobody_acts_for_an_entitlement_before_an_approval() -> None:
    """Of an earlier registration there may be one; whoever registered the code since gets into it by no list."""
    held = next_entitlement(enterprise(), standing(), POLICY, 2026, TODAY, None)
    assert held.members == {"member"}
    anew = enterprise(state="draft", approved_at=None, members=frozenset({"stranger"}))
    assert next_entitlement(anew, standing(), POLICY, 2026, TODAY, held).members == frozenset()


@pytest.mark.clause("§4.1.3")
@pytest.mark.parametrize(
    ("lapsed_fen", "batch_extra_fen", "restored_fen"),
    [
        (700_000, 0, 700_000),
        (1_000_000, 300_000, 700_000),
        (700_000, 300_000, 700_000),
        (700_000, 2_000_000, 0),
        (0, 0, 0),
    ],
)
def test_what_became_void_is_given_back_but_no_extra_and_nothing_spent(
    lapsed_fen: int, batch_extra_fen: int, restored_fen: int
) -> None:
    held = entitlement(granted_fen=1_000_000, extra_fen=min(batch_extra_fen, 1_000_000), left_fen=0, lapsed=True)
    losses = [Loss(voucher(state="void", balance_fen=0), lapsed_fen, batch_extra_fen)]
    back = quota_given_back(held, losses)
    assert (back.restored_fen, back.lapsed) == (restored_fen, False)
    left_fen = next_entitlement(enterprise(), standing(), POLICY, YEAR, TODAY, back).left_fen
    assert left_fen == 1_000_000 - (1_000_000 - held.extra_fen) + restored_fen
    again = quota_given_back(back, losses)
    assert again.restored_fen == restored_fen, "twice restored gives no more"


@pytest.mark.clause("§2.3.3")
def test_what_lapsed_by_time_is_neither_given_back_nor_forgotten() -> None:
    held = entitlement(granted_fen=1_000_000, left_fen=0, lapsed=True)
    back = quota_given_back(held, [Loss(voucher(state="expired", balance_fen=0), 1_000_000, 0)])
    assert (back.restored_fen, back.lapsed) == (0, True)
