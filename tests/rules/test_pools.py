"""What goes back to the shards it was drawn from: never more than was drawn, and every fen of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voucher.models.pools import even_shares, remaining_drawn, return_plan

DRAWN = st.dictionaries(st.integers(0, 7).map(str), st.integers(1, 10**6), min_size=1)


@given(drawn=DRAWN, data=st.data())
def test_what_goes_back_to_each_shard_and_what_stays_drawn_make_up_what_was_drawn(
    drawn: dict[str, int], data: st.DataObject
) -> None:
    amount_fen = data.draw(st.integers(0, sum(drawn.values())))
    plan = return_plan(drawn, amount_fen)
    [remaining] = remaining_drawn({"pool": drawn}, amount_fen).values()
    assert sum(plan.values()) == amount_fen
    assert {shard: plan.get(int(shard), 0) + remaining.get(shard, 0) for shard in drawn} == drawn
    assert all(fen > 0 for fen in [*plan.values(), *remaining.values()])


def test_each_pool_gets_the_whole_amount_back() -> None:
    drawn = {"category.2026.legal": {"0": 30, "3": 70}, "nonkey.2026": {"1": 100}}
    assert remaining_drawn(drawn, 40) == {"category.2026.legal": {"3": 60}, "nonkey.2026": {"1": 60}}
    assert remaining_drawn(drawn, 100) == {"category.2026.legal": {}, "nonkey.2026": {}}


@pytest.mark.clause("§1.4a")
@given(amount_fen=st.integers(0, 10**13), shards=st.integers(1, 64), unit_fen=st.integers(0, 10**9))
def test_money_split_over_shards_adds_up_and_is_cut_into_whole_quotas(
    amount_fen: int, shards: int, unit_fen: int
) -> None:
    shares = even_shares(amount_fen, shards, unit_fen)
    assert len(shares) == shards and sum(shares) == amount_fen and min(shares) >= 0
    unit_fen = max(1, unit_fen)
    assert all(share % unit_fen == 0 for share in shares[:-1])
    assert max(shares) - min(shares) < 2 * unit_fen
