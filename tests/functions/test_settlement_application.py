"""§3.5.1: what an application must carry, what a reviewer is pointed at, and how it is taken back."""

from datetime import UTC, datetime
from typing import Any

import pytest

from infra.city.papers import Paper, order_papers
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR
from tests.conftest import StoppedClock
from tests.support.backend import function
from tests.support.scenario import OWNER, SELLER, Json, Town
from tests.support.settlement_scenario import (
    Settling,
    books,
    list_enterprise,
    opened,
    settling,
    small_orders,
    the_order,
)
from voucher.store import notices, rounds

Scene = tuple[Town, Json]


def papers(town: Town, name: str) -> list[Paper]:
    """Four papers that no other order has."""
    return order_papers(town.enterprise.name, town.agency.name, name, name, 60_000, 20_000)


def line_body(case: Settling, named: list[Paper], number: str, **changes: Any) -> Json:
    """A body for a line of 60,000 fen, its papers uploaded."""
    path = f"/settlements/{case.settlement_id}"
    ids = {paper.kind: steps.announce_and_upload(case.town.world, SELLER, path, paper) for paper in named}
    transfer = {"reference": "TR-1", "amount_fen": 20_000, "paid_on": "2026-06-15", "document_id": ids["transfer"]}
    invoice = {"number": number, "amount_fen": 20_000, "issued_on": "2026-06-15", "document_id": ids["invoice"]}
    return {
        "contract_fen": changes.get("contract_fen", 60_000),
        "invoice": invoice | changes.get("invoice", {}),
        "transfers": [transfer | changes.get("transfer", {})],
        "contract_document_id": ids["contract"],
        "evidence_document_ids": [ids["evidence"]],
    }


def fill_in(case: Settling, order: Json, number: str, named: list[Paper] | None = None, **changes: Any) -> Json:
    """One line filled in; the answer."""
    body = line_body(case, named or papers(case.town, number), number, **changes)
    return steps.expect(case.call(SELLER, "PUT", f"lines/{order['order_id']}", body), 200)


def codes(line: Json) -> list[str]:
    """The codes of a line's flags."""
    return [flag["code"] for flag in line["flags"]]


@pytest.fixture
def two(voucher: Scene) -> tuple[Settling, Json, Json]:
    """An application of two orders, nothing filled in."""
    town = voucher[0]
    first, second = small_orders(town, 2)
    return opened(town, first, second)[0], first, second


@pytest.mark.clause("§5.2b")
def test_the_same_file_for_two_orders_is_flagged_on_both_whoever_was_first(two: tuple[Settling, Json, Json]) -> None:
    case, first, second = two
    shared, own = papers(case.town, "甲"), papers(case.town, "乙")
    assert codes(fill_in(case, first, "INV-1", shared)) == []
    mixed = [shared[0], *own[1:]]
    assert codes(fill_in(case, second, "INV-2", mixed)) == ["SAME_FILE"]
    for order, other in ((first, second), (second, first)):
        [flag] = case.line(order)["flags"]
        assert flag["order_ids"] == [other["order_id"]]
        assert flag["field"] == case.line(order)["contract_document_id"]


@pytest.mark.clause("§5.2b")
def test_an_agency_is_not_told_whose_order_has_the_same_file(two: tuple[Settling, Json, Json]) -> None:
    case, first, second = two
    shared = papers(case.town, "甲")
    fill_in(case, first, "INV-1", shared)
    fill_in(case, second, "INV-2", shared)
    assert len(case.line(second, SELLER)["flags"]) == 4
    assert not any("order_ids" in flag for flag in case.line(second, SELLER)["flags"])


def test_one_file_twice_within_an_order_is_no_flag_and_a_replaced_file_takes_its_flag_away(
    two: tuple[Settling, Json, Json],
) -> None:
    case, first, second = two
    shared = papers(case.town, "甲")
    again = [shared[0], Paper("invoice", shared[0].filename, shared[0].content_type, shared[0].content), *shared[2:]]
    assert codes(fill_in(case, first, "INV-1", again)) == []
    assert codes(fill_in(case, second, "INV-2", shared)) != []
    assert codes(fill_in(case, second, "INV-2", papers(case.town, "乙"))) == []
    assert codes(case.line(first)) == []


def test_a_file_uploaded_anew_under_a_document_that_was_examined_changes_nothing(
    two: tuple[Settling, Json, Json],
) -> None:
    case, first, second = two
    shared, own = papers(case.town, "甲"), papers(case.town, "乙")
    fill_in(case, first, "INV-1", shared)
    body = line_body(case, own, "INV-2")
    path = f"lines/{second['order_id']}"
    assert codes(steps.expect(case.call(SELLER, "PUT", path, body), 200)) == []
    key = f"documents/settlements/{case.settlement_id}/{body['contract_document_id']}"
    case.town.world.upload({"fields": {"key": key, "Content-Type": "application/pdf"}}, shared[0].content)
    body["transfers"][0]["reference"] = "TR-2"
    assert codes(steps.expect(case.call(SELLER, "PUT", path, body), 200)) == []


@pytest.mark.clause("§3.5.2")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"invoice": {"issued_on": "2026-06-14"}}, ["INVOICE_DATE"]),
        ({"invoice": {"issued_on": "2026-06-16"}}, ["INVOICE_DATE"]),
        ({"transfer": {"paid_on": "2025-06-15"}}, ["TRANSFER_DATE"]),
        (
            {"contract_fen": 60_001, "invoice": {"amount_fen": 20_001}, "transfer": {"amount_fen": 20_001}},
            ["CONTRACT_DIFFERS"],
        ),
    ],
)
def test_figures_that_do_not_fit_the_order_are_flagged_and_stop_nothing(
    two: tuple[Settling, Json, Json], changes: Json, expected: list[str]
) -> None:
    case, first, _ = two
    assert codes(fill_in(case, first, "INV-1", **changes)) == expected
    assert codes(case.line(first, SELLER)) == codes(case.line(first, OPERATOR)) == expected


@pytest.mark.clause("§5.2a")
@pytest.mark.parametrize(("contract_fen", "expected"), [(1_000_000, []), (1_000_001, ["PRICE_ABOVE_LISTED"])])
def test_a_price_above_the_agencys_own_standard_is_flagged(
    voucher: Scene, contract_fen: int, expected: list[str]
) -> None:
    town = voucher[0]
    order = town.complete(town.order(contract_fen=contract_fen, voucher_fen=100_000))
    case, _ = opened(town, order)
    own_fen = contract_fen - 100_000
    changes = {"contract_fen": contract_fen, "invoice": {"amount_fen": own_fen}, "transfer": {"amount_fen": own_fen}}
    assert codes(fill_in(case, order, "INV-1", **changes)) == expected


@pytest.mark.clause("§5.2b")
def test_an_enterprise_on_the_cross_list_of_that_year_blocks_its_line_at_submit_and_no_other_year_does(
    two: tuple[Settling, Json, Json],
) -> None:
    case, first, second = two
    fill_in(case, first, "INV-1")
    fill_in(case, second, "INV-2")
    list_enterprise(case.town.enterprise.uscc, "other_subsidy", 2026)
    no = case.call(SELLER, "POST", "submit")
    assert (no.status, no.code, no.body["clause"]) == (422, "OTHER_SUBSIDY", "§5.2b")
    assert {error["field"] for error in no.body["errors"]} == {first["order_id"], second["order_id"]}
    assert case.shown()["state"] == "draft"
    list_enterprise(case.town.enterprise.uscc, "other_subsidy", 2025)
    assert case.call(SELLER, "POST", "submit").status == 200


@pytest.mark.clause("§5.2b")
def test_a_list_applied_while_the_application_is_handed_in_is_not_overlooked(
    two: tuple[Settling, Json, Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    case, first, second = two
    fill_in(case, first, "INV-1")
    fill_in(case, second, "INV-2")
    check = function("settlements").check_subsidies

    def overtaken(*facts: Any) -> None:
        check(*facts)
        list_enterprise(case.town.enterprise.uscc, "other_subsidy", 2026)

    monkeypatch.setattr(function("settlements"), "check_subsidies", overtaken)
    assert case.call(SELLER, "POST", "submit").code == "OTHER_SUBSIDY"
    assert case.shown()["state"] == "draft"


@pytest.mark.clause("§5.2b")
def test_a_list_that_came_after_the_submit_blocks_the_pass_and_not_the_return(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    list_enterprise(case.town.enterprise.uscc, "other_subsidy", 2026)
    assert case.decide(order).code == "OTHER_SUBSIDY"
    assert case.decide(order, decision="return").status == 200


@pytest.mark.clause("§5.2b")
def test_a_list_that_came_after_the_approval_stops_the_closing_until_the_line_is_taken_out(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    notice = case.noticed(order)
    list_enterprise(case.town.enterprise.uscc, "other_subsidy", 2026)
    close = f"/notices/{notice['notice_id']}/close"
    no = case.call(BUREAU, "POST", close)
    assert (no.code, no.body["clause"]) == ("OTHER_SUBSIDY", "§5.2b")
    assert [each["field"] for each in no.body["errors"]] == [order["order_id"]]
    assert case.call(None, "GET", f"/notices/{notice['notice_id']}").body["state"] == "running"
    out = f"/rounds/{notice['round_id']}/lines/{order['order_id']}/withdraw"
    steps.expect(case.call(OPERATOR, "POST", out, {"reason": "已享受其他补助"}), 200)
    steps.expect(case.call(BUREAU, "POST", close), 200)


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("step", ["approve", "close"])
def test_a_list_applied_while_the_bureau_decides_or_closes_is_not_overlooked(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    case, order = settling(submitted), the_order(submitted)
    if step == "approve":
        path, body = f"/rounds/{case.passed(order)['round_id']}/approve", {"decision": "approve"}
        module, last = rounds, "commit_decision"
    else:
        path, body = f"/notices/{case.noticed(order)['notice_id']}/close", {}
        module, last = notices, "commit_payable"
    write = getattr(module, last)

    def overtaken(*facts: Any) -> None:
        list_enterprise(case.town.enterprise.uscc, "other_subsidy", 2026)
        write(*facts)

    monkeypatch.setattr(module, last, overtaken)
    assert case.call(BUREAU, "POST", path, body).code == "OTHER_SUBSIDY"
    assert case.order(order)["state"] == "settling"


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("number", ["INV-1", "inv-1", "ＩＮＶ-1"])
def test_an_invoice_number_is_used_once_however_it_is_written(two: tuple[Settling, Json, Json], number: str) -> None:
    case, first, second = two
    fill_in(case, first, "INV-1")
    body = line_body(case, papers(case.town, "乙"), number)
    assert case.call(SELLER, "PUT", f"lines/{second['order_id']}", body).code == "INVOICE_USED"
    fill_in(case, first, "INV-3")
    assert case.call(SELLER, "PUT", f"lines/{second['order_id']}", body).status == 200


@pytest.mark.clause("§3.5.1")
def test_one_transfer_entered_twice_does_not_make_up_the_own_share(two: tuple[Settling, Json, Json]) -> None:
    case, first, _ = two
    body = line_body(case, papers(case.town, "甲"), "INV-1")
    half = {**body["transfers"][0], "amount_fen": 10_000}
    no = case.call(SELLER, "PUT", f"lines/{first['order_id']}", {**body, "transfers": [half, half]})
    assert (no.code, [each["field"] for each in no.body["errors"]]) == ("MALFORMED", ["transfers"])


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("end", ["reject", "withdraw", "withdraw_all", "bureau", "take_out"])
def test_a_line_that_ends_without_money_gives_its_invoice_number_free(voucher: Scene, end: str) -> None:
    town = voucher[0]
    first, second = small_orders(town, 2)
    case, _ = opened(town, first)
    fill_in(case, first, "INV-1")
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    end_line(case, first, end)
    assert case.order(first)["state"] == "completed" and case.order(first)["settlement_id"] is None
    again, _ = opened(town, second)
    fill_in(again, second, "INV-1")
    assert opened(town, first)[1]["state"] == "draft"


def end_line(case: Settling, order: Json, end: str) -> None:
    """Each way in which a line ends without money."""
    why = {"reason": "材料有误"}
    if end == "withdraw":
        steps.expect(case.call(SELLER, "POST", f"lines/{order['order_id']}/withdraw", why), 200)
    elif end == "withdraw_all":
        steps.expect(case.call(SELLER, "POST", "withdraw", why), 200)
    elif end == "reject":
        steps.expect(case.decide(order, decision="reject"), 200)
    else:
        path = f"/rounds/{case.passed(order)['round_id']}"
        if end == "bureau":
            rejected = {"decision": "reject", "opinion": "不予通过"}
            steps.expect(case.call(BUREAU, "POST", f"{path}/approve", rejected), 200)
        else:
            steps.expect(case.call(OPERATOR, "POST", f"{path}/lines/{order['order_id']}/withdraw", why), 200)


@pytest.mark.clause("§3.5.1")
def test_an_application_is_withdrawn_as_long_as_no_round_has_a_line_of_it(two: tuple[Settling, Json, Json]) -> None:
    case, first, second = two
    fill_in(case, first, "INV-1")
    fill_in(case, second, "INV-2")
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    steps.expect(case.decide(first), 200)
    case.gather()
    why = {"reason": "材料有误"}
    no = case.call(SELLER, "POST", "withdraw", why)
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "gathered"
    assert case.line(second)["state"] == "submitted"
    done = steps.expect(case.call(SELLER, "POST", f"lines/{second['order_id']}/withdraw", why), 200)
    assert done["state"] == "reviewed"
    assert {line["state"] for line in done["lines"]} == {"gathered", "withdrawn"}


@pytest.mark.clause("§3.5.1")
def test_an_application_whose_last_line_is_withdrawn_is_withdrawn_itself(two: tuple[Settling, Json, Json]) -> None:
    case, first, second = two
    why = {"reason": "材料有误"}
    one = steps.expect(case.call(SELLER, "POST", f"lines/{first['order_id']}/withdraw", why), 200)
    both = steps.expect(case.call(SELLER, "POST", f"lines/{second['order_id']}/withdraw", why), 200)
    assert (one["state"], both["state"]) == ("draft", "withdrawn")
    again = case.call(SELLER, "POST", f"lines/{second['order_id']}/withdraw", why)
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    assert case.call(SELLER, "POST", "submit").code == "WRONG_STATE"


def test_an_application_withdrawn_twice_by_the_same_call_is_told_as_done(submitted: Scene) -> None:
    case, why = settling(submitted), {"reason": "材料有误"}
    once, twice = (case.call(SELLER, "POST", "withdraw", why) for _ in range(2))
    assert (once.status, twice.status, twice.body) == (200, 200, once.body)
    assert once.body["lines"][0]["withdrawal_reason"] == "材料有误"


@pytest.mark.clause("§3.5.1(5)")
@pytest.mark.parametrize("reviewed", [False, True])
def test_an_order_in_settlement_is_cancelled_with_its_line_until_the_bureau_has_it(
    submitted: Scene, reviewed: bool
) -> None:
    case, order = settling(submitted), the_order(submitted)
    before_fen = case.town.balance_fen()
    if reviewed:
        steps.expect(case.decide(order, verified_fen=500_000), 200)
    cancelled = steps.expect(case.cancel(order), 200)
    assert (cancelled["state"], cancelled["settlement_id"]) == ("cancelled", None)
    assert (case.line(order)["state"], case.shown()["state"]) == ("withdrawn", "withdrawn")
    assert case.town.balance_fen() == before_fen + 700_000
    assert case.used_fen() == 0
    books()


@pytest.mark.clause("§3.5.1(5)")
@pytest.mark.parametrize("on_notice", [False, True])
def test_under_review_or_on_notice_the_line_is_taken_out_before_its_order_is_cancelled(
    submitted: Scene, on_notice: bool
) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.noticed(order)["round_id"] if on_notice else case.passed(order)["round_id"]
    no = case.cancel(order)
    assert (no.status, no.code) == (409, "LINE_UNDER_REVIEW")
    path = f"/rounds/{round_id}/lines/{order['order_id']}/withdraw"
    taken, again = (case.call(OPERATOR, "POST", path, {"reason": "双方协商"}) for _ in range(2))
    assert (taken.status, taken.body["lines"], again.body) == (200, [], taken.body)
    review = {"decision": "approve"}
    assert steps.expect(case.town.act(OPERATOR, order, "cancellation/review", review), 200)["state"] == "cancelled"
    assert case.town.balance_fen() == 1_000_000
    books()


@pytest.mark.clause("§3.5.3")
def test_a_line_taken_out_of_a_notice_is_shown_no_more_and_the_others_go_on(voucher: Scene) -> None:
    town = voucher[0]
    first, second = small_orders(town, 2)
    case, settlement = opened(town, first, second)
    town.fill_in(settlement)
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    notice = case.noticed(first, second)
    path, why = f"/rounds/{notice['round_id']}/lines/{first['order_id']}/withdraw", {"reason": "双方协商"}
    steps.expect(case.call(OPERATOR, "POST", path, why), 200)
    shown = steps.expect(case.call(None, "GET", f"/notices/{notice['notice_id']}"), 200)
    assert [line["order_id"] for line in shown["lines"]] == [second["order_id"]]
    assert first["order_id"] not in case.call(None, "GET", f"/notices/{notice['notice_id']}.csv").body
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    round_ = steps.expect(case.call(OPERATOR, "GET", f"/rounds/{notice['round_id']}"), 200)
    assert [payable["amount_fen"] for payable in round_["payables"]] == [40_000]
    owed = path.replace(first["order_id"], second["order_id"])
    assert case.call(OPERATOR, "POST", owed, why).code == "ROLE_REQUIRED"
    books()


@pytest.mark.clause("§4.2.2")
def test_a_cancelled_orders_money_lapses_if_its_voucher_has_ended_meanwhile(
    submitted: Scene, stopped_clock: StoppedClock
) -> None:
    case, order = settling(submitted), the_order(submitted)
    stopped_clock.instant = datetime(2026, 12, 1, 2, tzinfo=UTC)
    steps.expect(case.cancel(order), 200)
    assert steps.expect(case.call(OWNER, "GET", f"/vouchers/{case.town.voucher_id}"), 200)["balance_fen"] == 300_000
    assert books()["accounts"]["surplus"] == 700_000
