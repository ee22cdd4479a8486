"""Rounds: how large one may be, and which decisions need an opinion (§3.5.2)."""

from collections.abc import Callable

import pytest

from tests.rules.records import POLICY, fields_at_fault, refusal_of, refused_by
from tests.rules.settlement_records import line
from voucher.models.settlements import Line
from voucher.refusals import Refusal
from voucher.rules.rounds import check_opinions, check_round_size

MOST_ITEMS = 100
FINE = POLICY.model_copy(update={"yearly_shards": 8})


def lines_of(count: int, agency_of: Callable[[int], str]) -> list[Line]:
    """So many lines, each of the agency that its number gives."""
    return [line(order_id=f"o{number}", agency_uscc=agency_of(number)) for number in range(count)]


@pytest.mark.clause("§3.5.2")
def test_a_round_holds_forty_lines_of_an_agency_and_no_more() -> None:
    own = lines_of(41, lambda _: "a")
    assert refusal_of(check_round_size, own[:40], POLICY, MOST_ITEMS) is None
    no = refused_by(check_round_size, own, POLICY, MOST_ITEMS)
    assert no is not None and no.refusal is Refusal.ROUND_TOO_LARGE
    assert no.detail == "一个汇总批次中每家机构最多 40 笔订单，其余请另行汇总。"


@pytest.mark.clause("§3.5.2")
def test_an_agencys_lines_and_the_shards_of_all_categories_fit_one_write() -> None:
    """A payout writes 5 records and 8 shards of 9 categories: of 100 items 23 are left for its orders."""
    own = lines_of(24, lambda _: "a")
    assert refusal_of(check_round_size, own[:23], FINE, MOST_ITEMS) is None
    assert refusal_of(check_round_size, own, FINE, MOST_ITEMS) is Refusal.ROUND_TOO_LARGE
    assert refusal_of(check_round_size, own, FINE, MOST_ITEMS + 1) is None


@pytest.mark.clause("§3.5.2")
def test_a_round_holds_three_hundred_lines_and_no_more() -> None:
    many = lines_of(301, lambda number: f"a{number // 4}")
    assert refusal_of(check_round_size, many[:300], POLICY, MOST_ITEMS) is None
    assert refusal_of(check_round_size, many, POLICY, MOST_ITEMS) is Refusal.ROUND_TOO_LARGE


@pytest.mark.clause("§3.5.2")
def test_a_round_holds_ninety_agencies_and_no_more() -> None:
    agencies = lines_of(91, lambda number: f"a{number}")
    assert refusal_of(check_round_size, agencies[:90], POLICY, MOST_ITEMS) is None
    assert refusal_of(check_round_size, agencies, POLICY, MOST_ITEMS) is Refusal.ROUND_TOO_LARGE


@pytest.mark.clause("§3.5.2")
def test_a_line_that_does_not_go_on_needs_an_opinion() -> None:
    decisions = {
        "o1": ("approve", None),
        "o2": ("return", "发票不清晰"),
        "o3": ("return", None),
        "o4": ("reject", None),
    }
    assert fields_at_fault(Refusal.MALFORMED, check_opinions, decisions) == ["o3.opinion", "o4.opinion"]
