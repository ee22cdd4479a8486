"""A programme's total and what follows from it: caps at once, cuts within what is free, shards, the end of the year."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.records import POLICY, YEAR, YEAR_END, policy, programme, refusal_of
from voucher.policy import Category
from voucher.refusals import Refusal
from voucher.rules.batches import shards_for
from voucher.rules.programmes import check_cut, year_is_over, yearly_limits_fen


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


@pytest.mark.parametrize(
    ("quotas", "shards"), [(0, 1), (1, 1), (3, 1), (4, 2), (50, 7), (1_000, 31), (4_095, 63), (4_096, 64), (10**6, 64)]
)
def test_a_batch_has_as_many_shards_as_the_root_of_its_quotas_at_least_one_and_at_most_64(
    quotas: int, shards: int
) -> None:
    assert shards_for(quotas * POLICY.quota_default_fen, POLICY) == shards


@given(amount_fen=st.integers(0, 10**13))
def test_a_programme_may_set_the_number_of_shards_itself(amount_fen: int) -> None:
    assert shards_for(amount_fen, policy(batch_shards=7)) == 7
    assert 1 <= shards_for(amount_fen, policy(quota_default_fen=1)) <= 64
