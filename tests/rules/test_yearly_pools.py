"""What the yearly pools must have given out, from the postings of their orders, and the limits they must have."""

import pytest

from tests.rules.records import POLICY, YEAR, programme
from tests.rules.settlement_records import order, posting
from voucher.models.pools import Shard, category_pool, non_key_pool, yearly_pool
from voucher.policy import Category
from voucher.rules.programmes import yearly_limits_fen
from voucher.rules.yearly_pools import Use, limits_by_total, use_by_postings, use_by_records, used_by_order


@pytest.mark.clause("§2.2.cap")
def test_an_order_uses_of_its_cap_what_was_held_less_what_was_given_back() -> None:
    moves = [
        posting("voucher:v1", "order:o1", 70),
        posting("voucher:v1", "order:o2", 30),
        posting("order:o1", "voucher:v1", 20),
        posting("order:o1", "payable:r1.a", 50),
    ]
    assert used_by_order(moves) == {"o1": Use(payable_fen=50), "o2": Use(held_fen=30)}


@pytest.mark.clause("§2.2.cap")
@pytest.mark.parametrize(
    ("entries", "use"),
    [
        ("", Use(held_fen=70)),
        ("approve", Use(payable_fen=70)),
        ("approve pay", Use(paid_fen=70)),
        ("approve pay return", Use(payable_fen=70)),
        ("approve pay return pay", Use(paid_fen=70)),
        ("approve take_back", Use(held_fen=70)),
        ("approve take_back approve_again", Use(payable_fen=70)),
        ("approve take_back approve_again pay_again", Use(paid_fen=70)),
        ("approve take_back approve_again pay", Use(payable_fen=70)),
        ("approve take_back release", Use()),
    ],
)
def test_an_orders_use_moves_from_held_to_payable_to_paid_and_back_with_its_postings(entries: str, use: Use) -> None:
    owed, again, paid = "payable:r1.a", "payable:r2.a", f"paid:{YEAR}"
    accounts = {
        "approve": ("order:o1", owed),
        "take_back": (owed, "order:o1"),
        "approve_again": ("order:o1", again),
        "pay": (owed, paid),
        "pay_again": (again, paid),
        "return": (paid, owed),
        "release": ("order:o1", "voucher:v1"),
    }
    moves = [posting("voucher:v1", "order:o1", 70)]
    moves += [posting(*accounts[each], 70) for each in entries.split()]
    assert used_by_order(moves)["o1"] == use
    assert use.all_fen == (0 if entries.endswith("release") else 70)


@pytest.mark.clause("§2.2.cap")
@pytest.mark.clause("§2.2.floor")
def test_an_order_counts_in_its_category_and_outside_the_key_three_in_their_room() -> None:
    moves = [posting("voucher:v1", "order:o1", 70), posting("voucher:v1", "order:o2", 30)]
    orders = [order(order_id="o1", category=Category.LEGAL), order(order_id="o2", category=Category.IP)]
    legal, ip = category_pool(YEAR, Category.LEGAL), category_pool(YEAR, Category.IP)
    used = use_by_postings(programme(), orders, moves)
    assert {name: fen for name, fen in used.items() if fen} == {
        f"{legal}: held_fen": 70,
        f"{ip}: held_fen": 30,
        non_key_pool(YEAR): 70,
    }
    pools = [
        Shard(pool_id=pool_id, shard=0, shards=2, limit_fen=99, remaining_fen=99 - fen, held_fen=fen)
        for pool_id, fen in ((legal, 70), (ip, 30), (non_key_pool(YEAR), 70))
    ]
    assert use_by_records(programme(), pools) == used


@pytest.mark.clause("§2.2.cap")
@pytest.mark.clause("§2.2.floor")
def test_a_confirmed_years_pools_have_the_limits_of_its_total_and_a_draft_has_none() -> None:
    limits = yearly_limits_fen(1_000, POLICY)
    assert limits_by_total(programme(total_fen=1_000)) == {yearly_pool(YEAR, each): limits[each] for each in limits}
    assert limits_by_total(programme(total_fen=1_000, state="draft")) == {}
