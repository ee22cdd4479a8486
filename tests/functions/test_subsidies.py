"""Other subsidies (§5.2b): what a list that names an enterprise, its contract or its invoice stops, from the submission
to the payout, and what the bureau's word on a line lets go on."""

from collections.abc import Callable
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, Person, Reply
from tests.support.backend import function
from tests.support.list_scenario import apply_list, upload_list
from tests.support.payout_scenario import new_payout_id, payout_file_of
from tests.support.relaying import relayed
from tests.support.scenario import SELLER, Json, Town
from tests.support.settlement_scenario import (
    Settling,
    books,
    fill_in,
    handed_in,
    list_enterprise,
    list_subsidies,
    settling,
    the_order,
)
from voucher.store import keys, notices, rounds

Scene = tuple[Town, Json]
TwoLines = tuple[Settling, Json, Json]
FIRM: Json = {}


def say(
    case: Settling,
    order: Json,
    decision: str = "other",
    reason: str = "不是同一事项",
    person: Person = BUREAU,
    **more: Any,
) -> Reply:
    """The bureau's word on a line."""
    body = {"decision": decision, "reason": reason, **more}
    return case.call(person, "POST", f"lines/{order['order_id']}/subsidy", body)


def name(case: Settling, *items: Json, import_id: str = "i_list") -> None:
    """A list names items of the enterprise."""
    list_subsidies(case.town.enterprise.uscc, *items, import_id=import_id)


def contract_of(case: Settling, order: Json) -> Json:
    """An item that names the order's contract."""
    return {"contract_number": case.order(order)["contract_number"]}


def codes_of(flags: list[Json]) -> list[str]:
    return [each["code"] for each in flags if "SUBSIDY" in each["code"]]


def approve(case: Settling, round_id: str) -> Reply:
    return case.call(BUREAU, "POST", f"/rounds/{round_id}/approve", {"decision": "approve"})


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize(
    "item",
    [
        {"invoice_number": "INV-1"},
        {"invoice_code": "330101", "invoice_number": "ｉｎｖ－1"},
        {"contract_number": "HT-{}"},
    ],
)
def test_a_row_with_contract_or_invoice_stops_that_line_and_no_other(two_lines: TwoLines, item: Json) -> None:
    case, first, second = two_lines
    fill_in(case, first, "INV-1")
    fill_in(case, second, "INV-2")
    name(case, contract_of(case, first) if "contract_number" in item else item)
    no = case.call(SELLER, "POST", "submit")
    assert (no.status, no.code, no.body["clause"]) == (422, "OTHER_SUBSIDY", "§5.2b")
    assert [error["field"] for error in no.body["errors"]] == [first["order_id"]]
    assert case.shown()["state"] == "draft"
    steps.expect(say(case, first), 200)
    assert case.call(SELLER, "POST", "submit").status == 200


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize(
    "item", [{"contract_number": "another"}, {"invoice_number": "INV-1", "invoice_code": "another"}]
)
def test_a_row_with_another_contract_or_invoice_concerns_no_line(two_lines: TwoLines, item: Json) -> None:
    case, first, second = two_lines
    fill_in(case, first, "INV-1")
    fill_in(case, second, "INV-2")
    name(case, item)
    shown = steps.expect(case.call(SELLER, "POST", "submit"), 200)
    assert [codes_of(line["flags"]) for line in shown["lines"]] == [[], []]
    assert approve(case, case.passed(first, second)["round_id"]).status == 200
    assert say(case, first).code == "NO_OTHER_SUBSIDY"


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("year", [2025, 2026])
def test_a_row_of_the_firm_alone_is_a_flag_until_the_bureau_approves(two_lines: TwoLines, year: int) -> None:
    """Also one of before rows were kept; that of another year is none."""
    case, first, second = two_lines
    fill_in(case, first, "INV-1")
    fill_in(case, second, "INV-2")
    list_enterprise(case.town.enterprise.uscc, "other_subsidy", year)
    flags = ["OTHER_SUBSIDY_OF_FIRM"] if year == 2026 else []
    shown = steps.expect(case.call(SELLER, "POST", "submit"), 200)
    assert [codes_of(line["flags"]) for line in shown["lines"]] == [flags, flags]
    gathered = case.passed(first, second)
    assert [codes_of(line["flags"]) for line in gathered["lines"]] == [flags, flags]
    if year == 2025:
        assert approve(case, gathered["round_id"]).status == 200
        return
    no = approve(case, gathered["round_id"])
    assert (no.status, no.code, no.body["clause"]) == (409, "SUBSIDY_UNDECIDED", "§5.2b")
    assert {error["field"] for error in no.body["errors"]} == {first["order_id"], second["order_id"]}
    assert codes_of(steps.expect(say(case, first), 200)["flags"]) == []
    no = approve(case, gathered["round_id"])
    assert [error["field"] for error in no.body["errors"]] == [second["order_id"]]
    steps.expect(say(case, second), 200)
    assert approve(case, gathered["round_id"]).status == 200


@pytest.mark.clause("§5.2b")
def test_what_was_subsidised_is_told_to_staff_and_not_to_the_agency(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    name(case, {"project": "技改补助", "amount_fen": 1_234_500})
    [flag] = case.line(order)["flags"]
    assert flag["code"] == "OTHER_SUBSIDY_OF_FIRM" and "技改补助" in flag["message"] and "12345.00" in flag["message"]
    [told] = case.line(order, SELLER)["flags"]
    assert told["code"] == flag["code"] and "技改" not in told["message"]


@pytest.mark.clause("§5.2b")
def test_the_same_item_is_refused_from_then_on_until_the_bureau_revises_it(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    name(case, FIRM)
    steps.expect(say(case, order, "same", "同一合同已获技改补助"), 200)
    assert codes_of(case.line(order)["flags"]) == ["OTHER_SUBSIDY_OF_ITEM"]
    assert (case.decide(order).status, case.decide(order).code) == (422, "OTHER_SUBSIDY")
    name(case)  # and a list that no longer names it changes nothing
    assert case.decide(order).code == "OTHER_SUBSIDY"
    assert case.decide(order, decision="return").status == 200
    steps.expect(say(case, order, "other", "经核实为另一合同"), 200)
    kept = case.order(order)["subsidy_decisions"]
    assert [(each["decision"], each["subsidy_ids"], each["by"]) for each in kept] == [
        ("same", ["i_list.2"], BUREAU.name),
        ("other", [], BUREAU.name),
    ]
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    assert case.decide(order).status == 200


@pytest.mark.clause("§5.2b")
def test_another_row_of_a_later_version_asks_again_and_an_equal_one_does_not(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    name(case, {"project": "技改"})
    steps.expect(say(case, order), 200)
    name(case, {"project": "技改"}, import_id="i_later")
    assert codes_of(case.line(order)["flags"]) == []
    assert say(case, order).headers["idempotent-replay"] == "true"
    name(case, {"project": "技改"}, {"project": "贴息"}, import_id="i_latest")
    assert codes_of(case.line(order)["flags"]) == ["OTHER_SUBSIDY_OF_FIRM"]
    again = say(case, order)
    assert again.status == 200 and "idempotent-replay" not in again.headers
    assert [each["subsidy_ids"] for each in case.order(order)["subsidy_decisions"]] == [
        ["i_list.2"],
        ["i_list.2", "i_latest.3"],
    ]


@pytest.mark.clause("§5.2b")
def test_only_the_bureau_decides_and_only_on_what_it_looked_at(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    name(case, FIRM)
    seen = case.line(order)["version"]
    assert say(case, order, person=OPERATOR).code == "ROLE_REQUIRED"
    assert say(case, order, version=seen + 1).code == "CHANGED_MEANWHILE"
    assert say(case, {"order_id": "o_unknown"}).status == 404
    steps.expect(say(case, order, version=seen), 200)
    steps.expect(case.decide(order, decision="reject"), 200)
    assert say(case, order, "same").code == "WRONG_STATE"


Overtaking = Callable[[Settling, Json], object]
OVERTAKING: list[Overtaking] = [
    lambda case, _: name(case, FIRM, {"project": "贴息"}),
    lambda case, order: steps.expect(say(case, order, "same"), 200),
]


@pytest.mark.in_the_middle
@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("then", OVERTAKING, ids=["listed", "the same item"])
@pytest.mark.parametrize("step", ["approve", "close", "pay"])
def test_a_list_or_a_decision_of_the_same_moment_is_not_overlooked(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, step: str, then: Overtaking
) -> None:
    case, order = settling(submitted), the_order(submitted)
    name(case, FIRM)
    steps.expect(say(case, order), 200)
    if step == "approve":
        round_id = case.passed(order)["round_id"]
        module, last = rounds, "commit_decision"
    elif step == "close":
        notice = case.noticed(order)
        module, last = notices, "commit_payable"
    else:
        round_id = case.invoiced(order)
        module, last = function("payouts").payouts, "commit_payout"
    write = getattr(module, last)

    def overtaken(*facts: Any) -> Any:
        monkeypatch.setattr(module, last, write)
        then(case, order)
        return write(*facts)

    monkeypatch.setattr(module, last, overtaken)
    calls: dict[str, Callable[[], Reply]] = {
        "approve": lambda: approve(case, round_id),
        "close": lambda: case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"),
        "pay": lambda: case.payouts(round_id),
    }
    assert calls[step]().code == ("SUBSIDY_UNDECIDED" if then is OVERTAKING[0] else "OTHER_SUBSIDY")
    assert case.order(order)["state"] == ("payable" if step == "pay" else "settling")
    steps.expect(say(case, order), 200)
    steps.expect(calls[step](), 201 if step == "pay" else 200)
    books()


@pytest.mark.in_the_middle
@pytest.mark.clause("§5.2b")
def test_a_list_of_the_moment_of_the_submission_is_not_overlooked(
    two_lines: TwoLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, first, second = two_lines
    fill_in(case, first, "INV-1")
    fill_in(case, second, "INV-2")
    check = function("settlements").check_subsidies

    def overtaken(*facts: Any, **how: Any) -> None:
        check(*facts, **how)
        name(case, {"invoice_number": "INV-1"})

    monkeypatch.setattr(function("settlements"), "check_subsidies", overtaken)
    assert case.call(SELLER, "POST", "submit").code == "OTHER_SUBSIDY"
    assert case.shown()["state"] == "draft"


@pytest.mark.in_the_middle
@pytest.mark.clause("§5.2b")
def test_a_list_of_the_moment_of_the_decision_is_not_decided_upon(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, order = settling(submitted), the_order(submitted)
    name(case, FIRM)
    module = function("subsidies").settlements
    write = module.commit_subsidy_decision

    def overtaken(*facts: Any) -> None:
        monkeypatch.setattr(module, "commit_subsidy_decision", write)
        name(case, FIRM, {"invoice_number": "1"}, {"project": "贴息"})
        write(*facts)

    monkeypatch.setattr(module, "commit_subsidy_decision", overtaken)
    steps.expect(say(case, order), 200)
    [decided] = case.order(order)["subsidy_decisions"]
    assert decided["subsidy_ids"] == ["i_list.2", "i_list.4"]


@pytest.mark.clause("§5.2b")
def test_a_list_after_the_approval_stops_the_closing_until_the_line_is_taken_out(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    notice = case.noticed(order)
    name(case, contract_of(case, order))
    close = f"/notices/{notice['notice_id']}/close"
    no = case.call(BUREAU, "POST", close)
    assert (no.code, [each["field"] for each in no.body["errors"]]) == ("OTHER_SUBSIDY", [order["order_id"]])
    assert case.call(None, "GET", f"/notices/{notice['notice_id']}").body["state"] == "running"
    out = f"/rounds/{notice['round_id']}/lines/{order['order_id']}/withdraw"
    steps.expect(case.call(OPERATOR, "POST", out, {"reason": "已享受其他补助"}), 200)
    steps.expect(case.call(BUREAU, "POST", close), 200)


def waiting(case: Settling) -> list[str]:
    """The lines on the bureau's list of work."""
    tasks = case.town.shown("/tasks?role=bureau", BUREAU)["items"]
    return [each["about"] for each in tasks if each["kind"] == "decide_subsidy"]


@pytest.mark.clause("§5.2b")
def test_a_list_in_force_puts_lines_on_the_bureaus_list_of_work_and_takes_them_off(submitted: Scene) -> None:
    """By the file that the operator uploads: of the firm, then of another contract, then of the line's own."""
    case, order = settling(submitted), the_order(submitted)
    world, uscc, about = case.town.world, case.town.enterprise.uscc, [f"line:{order['order_id']}"]
    contract = case.order(order)["contract_number"]
    for row, found, codes in (
        (f"{uscc},,技改", about, ["OTHER_SUBSIDY_OF_FIRM"]),
        (f"{uscc},XX-9,技改", [], []),
        (f"{uscc},{contract},技改", about, ["OTHER_SUBSIDY_OF_ITEM"]),
    ):
        content = f"统一社会信用代码,合同编号,项目名称\n{row}".encode()
        apply_list(world, upload_list(world, content, "other_subsidy", 2026))
        assert waiting(case) == found
        assert codes_of(case.line(order)["flags"]) == codes
    assert case.decide(order).code == "OTHER_SUBSIDY"
    steps.expect(say(case, order), 200)
    assert waiting(case) == []
    assert case.decide(order).status == 200


@pytest.mark.clause("§5.2b")
def test_a_line_waits_as_filled_in_for_its_own_item_else_from_its_submission(two_lines: TwoLines) -> None:
    case, first, second = two_lines
    name(case, {"invoice_number": "INV-1"}, FIRM)
    fill_in(case, first, "INV-1")
    fill_in(case, second, "INV-2")
    assert waiting(case) == [f"line:{first['order_id']}"]
    steps.expect(say(case, first), 200)
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    assert waiting(case) == [f"line:{second['order_id']}"]


@pytest.mark.clause("§5.2b")
def test_no_payout_is_made_before_the_bureau_decided_on_each_order(voucher: Scene) -> None:
    case, orders = handed_in(voucher[0], 2)
    round_id = case.owed(*orders)
    case.billed(round_id, amount_fen=80_000)
    name(case, FIRM)
    no = case.payouts(round_id)
    assert (no.status, no.code, no.body["clause"]) == (409, "SUBSIDY_UNDECIDED", "§5.2b")
    assert {each["field"] for each in no.body["errors"]} == {order["order_id"] for order in orders}
    steps.expect(say(case, orders[0]), 200)
    steps.expect(say(case, orders[1], "same"), 200)
    assert case.payouts(round_id).code == "OTHER_SUBSIDY"
    steps.expect(say(case, orders[1]), 200)
    steps.expect(case.payouts(round_id), 201)
    books()


@pytest.mark.clause("§5.2b")
def test_a_payout_on_its_way_is_held_as_long_as_its_item_is_the_same(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    payout_id = new_payout_id(case, round_id)
    name(case, FIRM)
    with relayed(keys.payout(payout_id)):
        steps.expect(say(case, order, "same"), 200)
    assert case.town.shown(f"/payouts/{payout_id}", FINANCE)["held_order_ids"] == [order["order_id"]]
    assert [case.result(payout_id).code, payout_file_of(case, round_id).code] == ["HELD", "HELD"]
    [told] = [each for each in finance_subjects(case) if order["order_id"] in each]
    assert "暂不列入拨付单" in told
    steps.expect(say(case, order, reason="经核实为另一合同"), 200)
    assert case.town.shown(f"/payouts/{payout_id}", FINANCE)["held_order_ids"] == []
    steps.expect(case.result(payout_id), 200)
    books()


@pytest.mark.clause("§5.2b")
def test_of_the_same_item_an_unsent_payout_is_withdrawn_and_its_order_taken_back(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    payout_id = new_payout_id(case, round_id)
    name(case, FIRM)
    steps.expect(say(case, order, "same"), 200)
    steps.expect(case.withdrawn_payout(payout_id), 200)
    assert case.payouts(round_id).code == "OTHER_SUBSIDY"
    out = f"/rounds/{round_id}/lines/{order['order_id']}/withdraw"
    steps.expect(case.call(BUREAU, "POST", out, {"reason": "同一事项"}), 200)
    assert case.order(order)["state"] == "completed"
    books()


@pytest.mark.clause("§5.2b")
def test_what_the_bank_paid_for_the_same_item_is_the_bureaus_to_claim_back(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    payout_id = new_payout_id(case, round_id)
    assert payout_file_of(case, round_id).status == 200
    name(case, FIRM)
    steps.expect(say(case, order, "same"), 200)
    assert case.withdrawn_payout(payout_id).code == "PAYOUT_GOES_ON"
    steps.expect(case.result(payout_id), 200)
    items = steps.expect(case.call(BUREAU, "GET", "/tasks?role=bureau"), 200)["items"]
    assert [each["kind"] for each in items if each["about"] == f"order:{order['order_id']}"] == ["claim_back"]
    books()


def finance_subjects(case: Settling) -> list[str]:
    """The subjects in the inbox of finance."""
    return [each["subject"] for each in case.town.shown("/inbox?role=finance", FINANCE)["items"]]
