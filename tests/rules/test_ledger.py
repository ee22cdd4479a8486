"""Accounts rebuilt from postings: nothing is made or lost, nothing is below zero, the records say the same."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.records import FIRM, POLICY, YEAR, entitlement, voucher
from tests.rules.settlement_records import order, posting
from voucher.models.accounts import ENTRIES, voucher_account
from voucher.models.pools import Shard
from voucher.rules.ledger import (
    Invariant,
    accounts_of_family,
    accounts_sum_to_zero,
    balances,
    by_family,
    caps_follow_total,
    confirmed_breaches,
    no_account_below_zero,
    nothing_after_its_end,
    pools_add_up,
    pools_to_freeze,
    quotas_agree,
    ratios_hold,
    records_agree,
    residual_fen,
)

PAIRS = sorted({pair for pairs in ENTRIES.values() for pair in pairs})
A_YEAR = (
    posting("treasury", f"programme:{YEAR}", 1_000),
    posting(f"programme:{YEAR}", "batch:b1", 600),
    posting("batch:b1", "voucher:v1", 100),
    posting("batch:b1", "voucher:v2", 200),
    posting("voucher:v1", "order:o1", 70),
    posting("order:o1", "payable:r1.a", 70),
    posting("payable:r1.a", f"paid:{YEAR}", 70),
    posting("voucher:v1", f"surplus:{YEAR}", 30),
)
ACCOUNTS = {
    "treasury": -1_000,
    f"programme:{YEAR}": 400,
    "batch:b1": 300,
    "voucher:v1": 0,
    "voucher:v2": 200,
    "order:o1": 0,
    "payable:r1.a": 0,
    f"paid:{YEAR}": 70,
    f"surplus:{YEAR}": 30,
}


POOL = Shard(
    pool_id="batch.b1",
    shard=7,
    shards=8,
    limit_fen=100,
    remaining_fen=40,
    drawn_fen=30,
    held_fen=10,
    payable_fen=10,
    paid_fen=5,
    closed_fen=5,
)


def pool(**changes: Any) -> Shard:
    """A pool of 100 fen that adds up, but for what is said."""
    return POOL.model_copy(update=changes)


def test_every_posting_takes_from_one_account_what_it_gives_to_another() -> None:
    assert balances(A_YEAR) == ACCOUNTS
    assert balances([]) == {}


def test_a_healthy_year_has_no_residual_and_no_account_below_zero_but_the_treasury() -> None:
    accounts = balances(A_YEAR)
    assert residual_fen(accounts) == 0
    assert no_account_below_zero(accounts).holds


@given(moves=st.lists(st.tuples(st.sampled_from(PAIRS), st.integers(1, 10**13)), max_size=30))
def test_whatever_is_posted_the_sum_over_all_accounts_stays_zero(moves: list[tuple[tuple[str, str], int]]) -> None:
    accounts = balances(posting(f"{before}:x", f"{after}:y", fen) for (before, after), fen in moves)
    assert residual_fen(accounts) == 0
    assert sum(by_family(accounts).values()) == 0


def test_money_that_came_from_nowhere_shows_as_a_residual() -> None:
    assert residual_fen({**ACCOUNTS, "voucher:v2": 201}) == 1
    assert residual_fen({**ACCOUNTS, "voucher:v2": 199}) == -1


def test_an_account_below_zero_is_named_and_one_at_zero_is_not() -> None:
    broken = no_account_below_zero({"treasury": -9, "voucher:v2": -1, "order:o1": 0, "batch:b1": -5})
    assert (broken.holds, broken.detail) == (False, "batch:b1; voucher:v2")


def test_balances_are_added_up_by_family_and_a_family_without_accounts_is_zero() -> None:
    assert by_family(ACCOUNTS) == {
        "treasury": -1_000,
        "programme": 400,
        "batch": 300,
        "voucher": 200,
        "order": 0,
        "payable": 0,
        "paid": 70,
        "receivable": 0,
        "surplus": 30,
    }


def test_a_family_of_accounts_is_shown_without_those_whose_balance_is_zero() -> None:
    assert accounts_of_family(ACCOUNTS, "voucher") == {"voucher:v2": 200}
    assert accounts_of_family(ACCOUNTS, "order") == {}
    assert accounts_of_family({"order:o1": 5, "orders:o2": 6}, "order") == {"order:o1": 5}


def test_records_agree_with_postings_and_a_missing_account_counts_as_zero() -> None:
    said = records_agree("vouchers", {"voucher:v1": 0, "voucher:v2": 200}, {"voucher:v2": 200, "voucher:v3": 0})
    assert (said.name, said.holds, said.detail) == ("vouchers", True, "")


@pytest.mark.parametrize(
    ("recorded", "detail"),
    [
        ({"voucher:v2": 199}, "voucher:v2: postings 200, record 199"),
        ({}, "voucher:v2: postings 200, record 0"),
        ({"voucher:v2": 200, "voucher:v9": 1}, "voucher:v9: postings 0, record 1"),
    ],
)
def test_a_disagreement_on_either_side_names_the_account_and_both_amounts(
    recorded: dict[str, int], detail: str
) -> None:
    said = records_agree("vouchers", {"voucher:v2": 200}, recorded)
    assert (said.holds, said.detail) == (False, detail)
    assert said.concerned == (detail.partition(": ")[0],)


def test_of_many_disagreements_twenty_are_told() -> None:
    said = records_agree("vouchers", {f"voucher:{number:02}": 1 for number in range(30)}, {})
    assert not said.holds
    assert said.detail.count("postings 1") == 20
    assert said.detail.endswith(f"; and {len(said.wrong) - 20} more")


@pytest.mark.clause("§2.2.cap")
def test_a_pool_adds_up_when_what_remains_and_all_that_left_make_its_limit() -> None:
    sold_out = pool(remaining_fen=0, drawn_fen=70)
    assert pools_add_up([pool(), sold_out]).holds
    assert pools_add_up([]).holds


@pytest.mark.clause("§2.2.cap")
@pytest.mark.parametrize("counter", [name for name in Shard.model_fields if name.endswith("_fen")])
def test_each_counter_of_a_pool_counts_towards_its_sum(counter: str) -> None:
    assert not pools_add_up([pool(**{counter: getattr(POOL, counter) + 1})]).holds


@pytest.mark.clause("§2.2.cap")
@pytest.mark.parametrize(
    "wrong",
    [
        {"remaining_fen": 41},
        {"limit_fen": 101},
        {"drawn_fen": 29},
        {"held_fen": 11},
        {"payable_fen": 9},
        {"paid_fen": 6},
        {"closed_fen": 4},
        {"remaining_fen": -1, "drawn_fen": 71},
        {"held_fen": -1, "paid_fen": 16},
    ],
)
def test_a_pool_with_a_fen_too_many_too_few_or_below_zero_is_named(wrong: dict[str, Any]) -> None:
    said = pools_add_up([pool(), pool(pool_id="category.2026.hr", **wrong)])
    assert (said.holds, said.detail) == (False, "category.2026.hr")
    assert said.concerned == ("category.2026.hr",)


def test_a_breach_is_believed_once_two_readings_of_the_books_agree_on_it() -> None:
    healthy, broken, other = (Invariant("one", wrong) for wrong in ((), ("v1: 5",), ("v1: 6",)))
    assert confirmed_breaches([broken], [broken]) == [broken]
    assert (
        confirmed_breaches([healthy], [broken])
        == confirmed_breaches([broken], [healthy])
        == confirmed_breaches([broken], [other])
        == []
    )


def test_of_several_breaches_those_are_believed_that_both_readings_show() -> None:
    first, second = Invariant("one", ("v1: 5", "v2: 1")), Invariant("one", ("v1: 5", "v3: 1"))
    assert confirmed_breaches([first], [second]) == [Invariant("one", ("v1: 5",))]


@pytest.mark.parametrize("account", ["batch:2026.b1", "surplus:2026", "nonkey.2026", "category.2026.hr"])
def test_nothing_is_believed_of_a_pool_that_was_drawn_on_while_the_books_were_read(account: str) -> None:
    broken = Invariant("one", (f"{account}: postings 5, record 4", "voucher:v1: postings 5, record 4"))
    pool_id = account.replace(":", ".")
    assert confirmed_breaches([broken], [broken], {pool_id}) == [Invariant("one", (broken.wrong[1],))]
    assert confirmed_breaches([broken], [broken], {"batch.2026.b2"}) == [broken]


def test_a_breach_freezes_the_pools_it_touches_and_no_others() -> None:
    touched = ("batch:b1: 1", "category.2026.hr", "nonkey.2026", "surplus:2026: 3", "voucher:v1", "order:o1")
    breaches = [Invariant("one", touched), Invariant("two", ("batch.b2",))]
    frozen = ["batch.b1", "batch.b2", "category.2026.hr", "nonkey.2026", "surplus.2026"]
    assert pools_to_freeze(breaches) == frozen
    assert pools_to_freeze([]) == []


@pytest.mark.clause("§1.4a")
def test_a_batch_that_gave_more_than_it_had_freezes_the_years_surplus_too() -> None:
    breach = no_account_below_zero({"batch:2026.b1": -1, "batch:2026.b2": 1})
    assert pools_to_freeze([breach]) == ["batch.2026.b1", "surplus.2026"]


def test_a_residual_is_a_breach() -> None:
    assert accounts_sum_to_zero(ACCOUNTS).holds
    assert accounts_sum_to_zero({**ACCOUNTS, "voucher:v2": 201}).detail == "residual: 1"


@pytest.mark.clause("§2.2.cap")
def test_a_yearly_pool_whose_limit_is_not_its_share_of_the_total_is_named() -> None:
    cap = pool(pool_id="category.2026.hr", limit_fen=30)
    assert caps_follow_total({"category.2026.hr": 30}, [cap]).holds
    assert caps_follow_total({"category.2026.hr": 29}, [cap]).concerned == ("category.2026.hr",)
    assert caps_follow_total({"category.2026.hr": 30, "nonkey.2026": 60}, [cap]).concerned == ("nonkey.2026",)


@pytest.mark.clause("§2.3.1")
@pytest.mark.parametrize(
    ("counted", "holds"),
    [
        ({"granted_fen": 1_000_000, "left_fen": 0}, True),
        ({"granted_fen": 1_000_000, "left_fen": 1_000_000, "quota_fen": 2_000_000}, True),
        ({"granted_fen": 1_000_000, "left_fen": 0, "quota_fen": 500_000}, True),  # the list was replaced since
        ({"granted_fen": 999_999, "left_fen": 1}, False),
        ({"granted_fen": 1_000_000, "left_fen": 1}, False),
    ],
)
def test_what_a_firm_was_granted_is_what_its_entitlement_counts(counted: dict[str, int], holds: bool) -> None:
    held = [voucher(face_fen=400_000), voucher(face_fen=600_000)]
    assert quotas_agree(held, [entitlement(**counted)], {}, []).holds is holds


@pytest.mark.clause("§2.3.3")
@pytest.mark.parametrize(
    ("counted", "holds"),
    [
        ({"extra_fen": 300_000, "left_fen": 300_000}, True),
        ({"extra_fen": 300_000, "left_fen": 300_001}, False),
        ({"extra_fen": 299_999, "left_fen": 300_000}, False),
        ({"extra_fen": 0, "left_fen": 0}, False),
    ],
)
def test_what_was_granted_beyond_the_quota_is_what_the_batches_gave_so(counted: dict[str, int], holds: bool) -> None:
    held = [voucher(face_fen=700_000), voucher(face_fen=300_000, batch_id="2026.extra")]
    extras_fen = {"2026.extra": 500_000}
    assert quotas_agree(held, [entitlement(granted_fen=1_000_000, **counted)], extras_fen, []).holds is holds


@pytest.mark.clause("§4.1.3")
@pytest.mark.parametrize(
    ("state", "restored_fen", "left_fen", "holds"),
    [
        ("void", 600_000, 600_000, True),
        ("void", 0, 0, True),  # not restored
        ("void", 600_001, 600_001, False),  # more than lapsed
        ("void", 600_000, 600_001, False),
        ("void", -1, 0, False),
        ("expired", 600_000, 600_000, False),  # its own fault
    ],
)
def test_at_most_what_lapsed_of_void_vouchers_is_given_back(
    state: str, restored_fen: int, left_fen: int, holds: bool
) -> None:
    void = voucher(state=state, balance_fen=0)
    lapse = posting(voucher_account(void.voucher_id), f"surplus:{YEAR}", 600_000)
    counted = entitlement(granted_fen=1_000_000, restored_fen=restored_fen, left_fen=left_fen)
    assert quotas_agree([void], [counted], {}, [lapse]).holds is holds


@pytest.mark.clause("§2.3.1")
def test_a_voucher_without_an_entitlement_is_a_breach() -> None:
    assert quotas_agree([voucher()], [], {}, []).concerned == (f"{YEAR}.{FIRM}",)


@pytest.mark.clause("§2.3.2")
def test_an_order_above_its_share_of_the_contract_is_a_breach() -> None:
    assert ratios_hold([order()], POLICY).holds
    assert ratios_hold([order(voucher_fen=700_001)], POLICY).concerned == ("o1",)


@pytest.mark.clause("§4.2.2")
@pytest.mark.parametrize("accounts", [("batch:b1", "voucher:v"), ("voucher:v", "order:o1")], ids=["grant", "hold"])
def test_what_was_granted_or_spent_at_a_vouchers_end_is_a_breach(accounts: tuple[str, str]) -> None:
    held, moved = voucher(voucher_id="v"), posting(*accounts, 5)
    end = held.ends_at
    last = moved.model_copy(update={"at": end - timedelta(milliseconds=1)})
    assert nothing_after_its_end([held], [last]).holds
    assert nothing_after_its_end([held], [moved.model_copy(update={"at": end})]).concerned == ("voucher:v",)
    lapse = posting("voucher:v", f"surplus:{YEAR}", 5).model_copy(update={"at": end})
    assert nothing_after_its_end([held], [lapse]).holds
