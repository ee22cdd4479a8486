"""A year's money: caps and the floor in whole fen, cuts within what is free, the figures, the end of the year."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.records import POLICY, YEAR, YEAR_END, policy, programme, refusal_of
from voucher.models.pools import SURPLUS_SHARDS, Shard, surplus_pool, yearly_pool
from voucher.policy import Category
from voucher.refusals import Refusal, Refused
from voucher.rules.programmes import (
    category_cap_fen,
    check_cut,
    closing_of,
    figures_of,
    key_share_basis_points,
    limit_changes_fen,
    limit_cut,
    limit_raise,
    non_key_room_fen,
    year_is_over,
    yearly_limits_fen,
    yearly_shares_fen,
)

TEN_PERCENT = {Category.TAX_AUDIT, Category.MANAGEMENT}


@pytest.mark.clause("§2.2.cap")
@pytest.mark.parametrize("category", Category)
def test_two_categories_may_use_a_tenth_of_the_year_and_the_other_seven_three_tenths(category: Category) -> None:
    expected_fen = 100_000_000 if category in TEN_PERCENT else 300_000_000
    assert category_cap_fen(1_000_000_000, POLICY, category) == expected_fen


@pytest.mark.clause("§2.2.cap")
def test_a_cap_is_rounded_down_to_the_fen_never_up() -> None:
    assert category_cap_fen(999, POLICY, Category.TAX_AUDIT) == 99
    assert category_cap_fen(999, POLICY, Category.HR) == 299


@pytest.mark.clause("§2.2.cap")
@given(total_fen=st.integers(0, 10**13), category=st.sampled_from(Category))
def test_a_cap_is_the_largest_amount_of_fen_within_the_percentage(total_fen: int, category: Category) -> None:
    percent = 10 if category in TEN_PERCENT else 30
    cap_fen = category_cap_fen(total_fen, POLICY, category)
    assert cap_fen * 100 <= total_fen * percent < (cap_fen + 1) * 100


@pytest.mark.clause("§2.2.floor")
@given(total_fen=st.integers(0, 10**13))
def test_what_the_key_categories_are_promised_is_at_least_forty_percent(total_fen: int) -> None:
    room_fen = non_key_room_fen(total_fen, POLICY)
    assert (total_fen - room_fen) * 100 >= total_fen * 40
    assert (total_fen - room_fen - 1) * 100 < total_fen * 40


@pytest.mark.clause("§2.2.floor")
def test_the_room_of_all_other_categories_is_rounded_down_and_follows_the_programme() -> None:
    assert non_key_room_fen(999, POLICY) == 599
    assert non_key_room_fen(1_000, policy(key_floor_percent=100)) == 0


@pytest.mark.clause("§2.2.floor")
def test_the_real_share_of_the_key_categories_is_told_once_something_was_used() -> None:
    assert key_share_basis_points(0, 0) is None
    assert key_share_basis_points(0, 3) == 0
    assert key_share_basis_points(1, 3) == 3_333
    assert key_share_basis_points(3, 3) == 10_000


@pytest.mark.clause("§2.2.cap")
@pytest.mark.clause("§2.2.floor")
def test_a_total_gives_nine_caps_and_one_room_for_all_that_is_not_key() -> None:
    limits_fen = yearly_limits_fen(1_000, POLICY)
    assert limits_fen.keys() == {*Category, None}
    assert (limits_fen[Category.TAX_AUDIT], limits_fen[Category.IP], limits_fen[None]) == (100, 300, 600)


@pytest.mark.clause("§1.3")
@pytest.mark.parametrize(
    ("total_fen", "refusal"),
    [
        (1_000, None),
        (2_000, None),
        (600, None),
        (599, Refusal.TOTAL_BELOW_COMMITTED),
        (0, Refusal.TOTAL_BELOW_COMMITTED),
    ],
)
def test_a_total_is_cut_down_to_what_batches_have_taken_and_not_a_fen_further(
    total_fen: int, refusal: Refusal | None
) -> None:
    assert refusal_of(check_cut, programme(total_fen=1_000, unreleased_fen=400), total_fen) is refusal


@pytest.mark.clause("§1.4b")
def test_a_year_is_over_with_the_last_instant_of_its_last_day() -> None:
    assert not year_is_over(POLICY, YEAR, YEAR_END - timedelta(milliseconds=1))
    assert year_is_over(POLICY, YEAR, YEAR_END)
    assert year_is_over(policy(year_ends_on="2026-07-10"), YEAR, datetime(2026, 7, 10, 16, tzinfo=UTC))


@pytest.mark.clause("§2.2.cap")
@pytest.mark.clause("§2.2.floor")
def test_a_confirmed_year_begins_with_caps_split_over_shards_and_an_empty_surplus() -> None:
    year = programme(total_fen=10_000_000)
    shares = yearly_shares_fen(year)
    limits = {yearly_pool(YEAR, category): fen for category, fen in yearly_limits_fen(10_000_000, POLICY).items()}
    assert {pool_id: sum(parts) for pool_id, parts in shares.items()} == limits | {surplus_pool(YEAR): 0}
    assert {len(parts) for pool_id, parts in shares.items() if pool_id in limits} == {POLICY.yearly_shards}
    assert shares[surplus_pool(YEAR)] == [0] * SURPLUS_SHARDS


@pytest.mark.clause("§2.2.cap")
@pytest.mark.clause("§2.2.floor")
def test_each_limit_changes_with_the_total_and_one_that_stays_is_left_out() -> None:
    year = programme(total_fen=1_000)
    assert limit_changes_fen(year, 2_000) == yearly_limits_fen(1_000, POLICY)
    assert limit_changes_fen(year, 1_000) == {}
    # a tenth of 1,009 is 100, as it is of 1,000; of the others it is 302 and 605
    assert set(limit_changes_fen(year, 1_009).values()) == {2, 5}


@pytest.mark.clause("§2.2.cap")
@pytest.mark.clause("§2.2.floor")
@pytest.mark.parametrize(("category", "clause"), [(Category.HR, "§2.2.cap"), (None, "§2.2.floor")])
def test_a_limit_is_cut_by_what_its_shards_still_hold_and_not_a_fen_further(
    category: Category | None, clause: str
) -> None:
    shards = [shard_of(category, number, remaining_fen=fen) for number, fen in enumerate((30, 20))]
    assert limit_cut(category, -50, shards) == {0: -30, 1: -20}
    assert limit_cut(category, -10, shards) == {0: -10}
    with pytest.raises(Refused) as no:
        limit_cut(category, -51, shards)
    assert (no.value.refusal, no.value.clause) == (Refusal.TOTAL_BELOW_COMMITTED, clause)


@pytest.mark.clause("§2.2.cap")
@given(change_fen=st.integers(1, 10**13), shards=st.integers(1, 8))
def test_a_limit_that_is_raised_grows_on_all_shards_by_about_the_same(change_fen: int, shards: int) -> None:
    changes = limit_raise(change_fen, shards)
    assert sorted(changes) == list(range(shards))
    assert sum(changes.values()) == change_fen
    assert max(changes.values()) - min(changes.values()) <= 1


def shard_of(category: Category | None, number: int = 0, **counters: int) -> Shard:
    """One of two shards of a yearly pool, nothing in it but what is said."""
    amounts = {"limit_fen": sum(counters.values()), "remaining_fen": 0, **counters}
    return Shard(pool_id=yearly_pool(YEAR, category), shard=number, shards=2, **amounts)


@pytest.mark.clause("§1.3", "§2.2.cap")
def test_the_figures_of_a_year_are_the_sums_of_its_pools() -> None:
    totals = {each: shard_of(each) for each in Category}
    totals[Category.IP] = shard_of(Category.IP, remaining_fen=50, held_fen=20, payable_fen=10, paid_fen=3)
    totals[Category.HR] = shard_of(Category.HR, remaining_fen=40, held_fen=1, payable_fen=2, paid_fen=63)
    released = [
        Shard(pool_id="batch.b1", shard=0, shards=1, limit_fen=300, remaining_fen=90, drawn_fen=200, closed_fen=10),
        Shard(pool_id="batch.b2", shard=0, shards=1, limit_fen=100, remaining_fen=100),
    ]
    surplus = Shard(pool_id=surplus_pool(YEAR), shard=0, shards=4, limit_fen=25, remaining_fen=15, drawn_fen=10)
    shown = figures_of(POLICY, totals, released, surplus)
    sums = {"released_fen": 400, "granted_fen": 200, "held_fen": 21, "spent_fen": 78, "lapsed_fen": 15}
    assert {name: shown[name] for name in sums} == sums
    assert (shown["surplus_fen"], shown["key_share_percent"], shown["key_floor_percent"]) == (15, 33.33, 40)
    assert shown["categories"]["ip"] == {
        "cap_fen": 83,
        "used_fen": 33,
        "room_fen": 50,
        "held_fen": 20,
        "payable_fen": 10,
        "paid_fen": 3,
    }
    assert figures_of(POLICY, {each: shard_of(each) for each in Category}, [], surplus)["key_share_percent"] is None


@pytest.mark.clause("§2.2.floor")
def test_the_end_of_a_year_freezes_what_was_used_and_the_key_share() -> None:
    used_fen = dict.fromkeys(Category, 0) | {Category.DIGITAL: 2, Category.LEGAL: 1}
    closing = closing_of(programme(unreleased_fen=7), used_fen, YEAR_END)
    assert (closing.closed_at, closing.used_fen, closing.expired_fen) == (YEAR_END, used_fen, 7)
    assert closing.key_share_basis_points == 6_666
