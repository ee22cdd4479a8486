"""§3.5.2: the operator's pre-review: the verified amount, and whose opinion the agency reads."""

from datetime import UTC, datetime
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support.backend import function
from tests.support.scenario import SELLER, Json, Town
from tests.support.settlement_scenario import (
    books,
    handed_in,
    opened,
    postings,
    settling,
    small_orders,
    the_order,
)
from tests.support.snapshots import everything_kept
from tests.support.workers import deliver
from voucher.policy import SIGNALS
from voucher.rules.messages import messages_for
from voucher.store.engine.table import decode

Scene = tuple[Town, Json]
SELLING_OPERATOR = Person("seller", "platform")  # acts for the agency and is operator, too


@pytest.mark.clause("§3.5.2")
@pytest.mark.clause("§2.3.2")
@pytest.mark.parametrize(
    ("verified", "contract_fen", "voucher_fen"),
    [
        ({}, 1_000_000, 700_000),
        ({"verified_fen": 700_000}, 1_000_000, 700_000),
        ({"verified_contract_fen": 900_000}, 900_000, 600_000),
        ({"verified_contract_fen": 999_999}, 999_999, 699_999),
        ({"verified_contract_fen": 1_500_000}, 1_000_000, 700_000),
        ({"verified_contract_fen": 900_000, "verified_fen": 600_000}, 900_000, 600_000),
    ],
)
def test_a_lower_verified_amount_shrinks_the_voucher_part_and_gives_the_rest_back(
    submitted: Scene, verified: Json, contract_fen: int, voucher_fen: int
) -> None:
    case, order = settling(submitted), the_order(submitted)
    steps.expect(case.decide(order, **verified), 200)
    line = case.line(order)
    assert (line["verified_contract_fen"], line["verified_fen"]) == (contract_fen, voucher_fen)
    assert case.order(order)["voucher_fen"] == voucher_fen
    assert case.town.balance_fen() == 1_000_000 - voucher_fen
    assert case.used_fen() == voucher_fen
    books()


@pytest.mark.clause("§3.5.2")
@pytest.mark.parametrize(
    "verified", [{"verified_fen": 700_001}, {"verified_contract_fen": 900_000, "verified_fen": 630_001}]
)
def test_at_most_what_is_held_and_seventy_percent_of_the_contract_is_verified(submitted: Scene, verified: Json) -> None:
    """The contract is the one that the operator verified."""
    case, order = settling(submitted), the_order(submitted)
    assert case.decide(order, **verified).code == "VERIFIED_TOO_HIGH"
    assert case.line(order)["state"] == "submitted"


@pytest.mark.clause("§3.5.2")
@pytest.mark.parametrize(
    "verified",
    [
        {"verified_fen": 650_000},
        {"verified_contract_fen": 900_000, "verified_fen": 599_999},
        {"verified_contract_fen": 900_000, "verified_fen": 600_001},
    ],
)
def test_a_voucher_part_that_leaves_some_of_the_contract_to_nobody_is_not_verified(
    submitted: Scene, verified: Json
) -> None:
    case, order = settling(submitted), the_order(submitted)
    no = case.decide(order, **verified)
    assert (no.status, no.code, no.body["clause"]) == (422, "LINE_DOES_NOT_ADD_UP", "§3.5.2")
    assert "3000.00" in no.body["detail"]
    assert (case.line(order)["state"], case.town.balance_fen()) == ("submitted", 300_000)
    steps.expect(case.decide(order, decision="return"), 200)


@pytest.mark.clause("§3.5.2")
@pytest.mark.clause("§4.2.2")
def test_what_was_not_verified_lapses_if_the_voucher_has_ended(submitted: Scene, stopped_clock: StoppedClock) -> None:
    case, order = settling(submitted), the_order(submitted)
    stopped_clock.instant = datetime(2026, 12, 1, 2, tzinfo=UTC)
    steps.expect(case.decide(order, verified_contract_fen=900_000), 200)
    assert case.town.balance_fen() == 300_000
    assert {each.entry for each in postings()[-2:]} == {"lapse", "release"}
    assert books()["accounts"]["surplus"] == 100_000


@pytest.mark.clause("§3.5.2")
def test_a_line_that_would_keep_no_voucher_part_is_not_passed_but_may_be_rejected(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    refused = case.decide(order, verified_contract_fen=1)
    assert (refused.code, refused.body["errors"][0]["field"]) == ("MALFORMED", "verified_contract_fen")
    assert case.line(order)["state"] == "submitted"
    steps.expect(case.decide(order, verified_contract_fen=1, decision="reject"), 200)
    assert case.line(order)["state"] == "rejected"


@pytest.mark.clause("§3.5.2")
def test_a_reduced_line_that_was_returned_is_paid_at_most_what_its_order_holds(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    steps.expect(case.decide(order, verified_contract_fen=900_000), 200)
    round_ = case.gather()
    returned = {"decision": "return", "opinion": "请补充合同"}
    steps.expect(case.call(BUREAU, "POST", f"/rounds/{round_['round_id']}/approve", returned), 200)
    assert case.line(order)["opinion"] == "请补充合同"
    no = case.call(SELLER, "POST", "submit")  # 400,000 are now the enterprise's own, and 300,000 were shown
    assert (no.status, no.code) == (422, "OWN_SHARE_MISMATCH")
    assert [each["field"] for each in no.body["errors"]] == [
        f"{order['order_id']}.invoice.amount_fen",
        f"{order['order_id']}.transfers",
    ]
    case.town.fill_in({"settlement_id": case.settlement_id, "lines": [case.line(order)]})
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    assert case.decide(order, verified_fen=600_001).code == "VERIFIED_TOO_HIGH"
    round_id = case.owed(order)
    assert case.town.shown(f"/rounds/{round_id}")["payables"][0]["amount_fen"] == 600_000
    books()


@pytest.mark.clause("§3.5.2")
@pytest.mark.parametrize("decision", ["pass", "return", "reject"])
def test_the_operators_opinion_reaches_the_agency_in_its_own_words(submitted: Scene, decision: str) -> None:
    case, order = settling(submitted), the_order(submitted)
    before = line_image(order)
    steps.expect(case.decide(order, decision=decision, opinion="合同缺少签章页"), 200)
    [message] = messages_for(before, line_image(order))
    deliver("notify", message.body)
    subjects = [each["subject"] for each in case.town.shown("/inbox", SELLER)["items"]]
    assert subjects[0].endswith("意见：合同缺少签章页")


def line_image(order: Json) -> Json:
    """The line of an order as the stream shows it."""
    items = map(decode, everything_kept()["settlements"])
    return next(item for item in items if item["sk"] == f"LINE#{order['order_id']}")


@pytest.mark.clause("§3.5.2")
@pytest.mark.parametrize("rule", [True, False])
def test_whoever_submitted_a_line_does_not_pre_review_it(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, rule: bool
) -> None:
    """By rule, and by the write itself if the rule did not look."""
    case, order = settling(submitted), the_order(submitted)
    if not rule:
        monkeypatch.setattr(function("pre_reviews"), "check_four_eyes", lambda *_: None)
    no = case.decide(order, person=SELLING_OPERATOR)
    expected = (403, "FOUR_EYES", "§3.5.2") if rule else (409, "CHANGED_MEANWHILE", None)
    assert (no.status, no.code, no.body.get("clause")) == expected
    assert case.line(order)["state"] == "submitted"
    steps.expect(case.decide(order), 200)


@pytest.mark.clause("§3.5.2")
@pytest.mark.parametrize("named", [["o_unknown"], [0, 0]])
def test_a_pre_review_of_an_unknown_order_or_of_one_twice_decides_nothing(submitted: Scene, named: list[Any]) -> None:
    case, order = settling(submitted), the_order(submitted)
    order_ids = [order["order_id"] if each == 0 else each for each in named]
    lines = [{"order_id": each, "decision": "return", "opinion": "意见"} for each in order_ids]
    before = everything_kept()
    no = case.call(OPERATOR, "POST", "pre-review", {"lines": lines})
    assert (no.code, {each["field"] for each in no.body["errors"]}) == ("MALFORMED", {"lines"})
    assert everything_kept() == before


@pytest.mark.clause("§3.5.2")
def test_a_pre_review_broken_off_leaves_nothing_stuck(voucher: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    town = voucher[0]
    case, orders = handed_in(town, 2)
    module, calls = function("pre_reviews"), []
    commit = module.commit

    def killed(writes: Any) -> None:
        calls.append(writes)
        if len(calls) > 1:
            raise KeyError("killed")
        commit(writes)

    with monkeypatch.context() as patch:
        patch.setattr(module, "commit", killed)
        with pytest.raises(KeyError):
            case.decide(*orders, decision="return")
    assert [case.line(order)["state"] for order in orders] == ["returned", "submitted"]
    # the same words as the first time, and no replay: the line that came back is handed in again
    again = steps.expect(case.call(SELLER, "POST", "submit"), 200)
    assert [line["state"] for line in again["lines"]] == ["submitted", "submitted"]
    done = steps.expect(case.decide(*orders), 200)
    assert (done["state"], [line["state"] for line in done["lines"]]) == ("reviewed", ["passed", "passed"])


@pytest.mark.clause("§3.5.2")
def test_a_returned_line_is_submitted_while_another_is_still_under_review(voucher: Scene) -> None:
    town = voucher[0]
    first, second = small_orders(town, 2)
    case, settlement = opened(town, first, second)
    town.fill_in(settlement)
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    steps.expect(case.decide(first, decision="return"), 200)
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    assert {line["state"] for line in case.shown()["lines"]} == {"submitted"}
    assert case.call(SELLER, "POST", "submit").headers["idempotent-replay"] == "true"


@pytest.mark.clause("§5.2a")
def test_the_operator_sees_each_price_beside_the_median_of_those_on_sale(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    listing = samples.product(case.town.agency, price_fen=800_000)
    steps.list_product(case.town.world, SELLER, listing)
    assert case.line(order)["median_price"] is None
    cheap = listing | {"name": "优惠服务", "price_fen": 300_000}
    steps.list_product(case.town.world, SELLER, cheap)
    steps.expect(case.call(SELLER, "POST", "/products", listing | {"price_fen": 1}), 201)  # a draft counts nowhere
    found = {"median_fen": 800_000, "price_unit": "项", "service_item": None, "product_count": 3}
    assert case.line(order)["median_price"] == found
    assert steps.expect(case.decide(order), 200)["lines"][0]["median_price"] == found
    assert "median_price" not in case.line(order, SELLER)
    products = case.town.shown("/staff/products")["items"]
    assert {str(each["median_price"]) for each in products} == {str(found)} and len(products) == 4


@pytest.mark.clause("§5.2a", "§5.2b", "§5.1")
@pytest.mark.parametrize(
    ("percent", "more_fen", "signal"),
    [
        (SIGNALS.high_price_percent, 0, set()),
        (SIGNALS.high_price_percent, -1, {"PRICE_FAR_ABOVE_MEDIAN"}),
        (SIGNALS.low_price_percent, 0, set()),
        (SIGNALS.low_price_percent, 1, {"PRICE_FAR_BELOW_MEDIAN"}),
    ],
)
def test_a_contract_far_from_the_median_is_a_signal(
    submitted: Scene, percent: int, more_fen: int, signal: set[str]
) -> None:
    case, order = settling(submitted), the_order(submitted)
    price_fen = order["contract_fen"] * 100 // percent + more_fen
    for number in range(3):
        listing = samples.product(case.town.agency, name=f"同类服务{number}", price_fen=price_fen)
        steps.list_product(case.town.world, SELLER, listing)

    def codes(person: Person) -> set[str]:
        return {flag["code"] for flag in case.line(order, person)["flags"] if "MEDIAN" in flag["code"]}

    assert (codes(OPERATOR), codes(SELLER)) == (signal, set())
