"""A line is filled in: what its documents and amounts must be, and what a reviewer should look at (§3.5.1, §5.2b)."""

import pytest

from infra.city.document_files import DocumentFile
from infra.client import steps
from infra.client.http import OPERATOR
from tests.support.scenario import SELLER, Json, Town
from tests.support.settlement_scenario import (
    Settling,
    fill_in,
    line_body,
    opened,
    own_documents,
)

Scene = tuple[Town, Json]
TwoLines = tuple[Settling, Json, Json]


def codes(line: Json) -> list[str]:
    """The codes of a line's flags."""
    return [flag["code"] for flag in line["flags"]]


@pytest.mark.clause("§5.2b")
def test_the_same_file_for_two_orders_is_flagged_on_both_whoever_was_first(two_lines: TwoLines) -> None:
    case, first, second = two_lines
    shared, own = own_documents(case.town, "甲"), own_documents(case.town, "乙")
    assert codes(fill_in(case, first, "INV-1", shared)) == []
    mixed = [shared[0], *own[1:]]
    assert codes(fill_in(case, second, "INV-2", mixed)) == ["SAME_FILE"]
    for order, other in ((first, second), (second, first)):
        [flag] = case.line(order)["flags"]
        assert flag["order_ids"] == [other["order_id"]]
        assert flag["field"] == case.line(order)["contract_document_id"]


@pytest.mark.clause("§5.2b")
def test_an_agency_does_not_see_whose_order_has_the_same_file(two_lines: TwoLines) -> None:
    case, first, second = two_lines
    shared = own_documents(case.town, "甲")
    fill_in(case, first, "INV-1", shared)
    fill_in(case, second, "INV-2", shared)
    assert len(case.line(second, SELLER)["flags"]) == 4
    assert not any("order_ids" in flag for flag in case.line(second, SELLER)["flags"])


def test_a_file_twice_within_an_order_is_no_flag_and_a_replaced_one_takes_it_away(two_lines: TwoLines) -> None:
    case, first, second = two_lines
    shared = own_documents(case.town, "甲")
    again = [
        shared[0],
        DocumentFile("invoice", shared[0].filename, shared[0].content_type, shared[0].content),
        *shared[2:],
    ]
    assert codes(fill_in(case, first, "INV-1", again)) == []
    assert codes(fill_in(case, second, "INV-2", shared)) != []
    assert codes(fill_in(case, second, "INV-2", own_documents(case.town, "乙"))) == []
    assert codes(case.line(first)) == []


def test_a_file_uploaded_anew_under_a_document_that_was_examined_changes_nothing(two_lines: TwoLines) -> None:
    case, first, second = two_lines
    shared, own = own_documents(case.town, "甲"), own_documents(case.town, "乙")
    fill_in(case, first, "INV-1", shared)
    body = line_body(case, own, "INV-2")
    path = f"lines/{second['order_id']}"
    assert codes(steps.expect(case.call(SELLER, "PUT", path, body), 200)) == []
    key = f"uploads/settlements/{case.settlement_id}/{body['contract_document_id']}"
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
    two_lines: TwoLines, changes: Json, expected: list[str]
) -> None:
    case, first, _ = two_lines
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
@pytest.mark.parametrize("number", ["INV-1", "inv-1", "ＩＮＶ-1"])
def test_an_invoice_number_is_used_once_however_it_is_written(two_lines: TwoLines, number: str) -> None:
    case, first, second = two_lines
    fill_in(case, first, "INV-1")
    body = line_body(case, own_documents(case.town, "乙"), number)
    assert case.call(SELLER, "PUT", f"lines/{second['order_id']}", body).code == "INVOICE_USED"
    fill_in(case, first, "INV-3")
    assert case.call(SELLER, "PUT", f"lines/{second['order_id']}", body).status == 200


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"kind": "vat", "code": "0330 0240 0111", "number": "１２345678"}, "INVOICE_USED"),
        ({"code": "033002400111", "number": "12345678"}, "INVOICE_USED"),
        ({"kind": "vat", "code": "033002400112", "number": "12345678"}, None),
        ({"kind": "fiscal", "code": "033002400111", "number": "12345678"}, None),
        ({"kind": "vat", "number": "12345678"}, "MALFORMED"),
    ],
)
def test_an_invoice_is_the_same_by_kind_code_and_number(two_lines: TwoLines, other: Json, code: str | None) -> None:
    case, first, second = two_lines
    vat = {"kind": "vat", "code": "033002400111", "number": "12345678"}
    line = fill_in(case, first, "INV-1", invoice=vat)
    assert {name: line["invoice"][name] for name in vat} == vat
    body = line_body(case, own_documents(case.town, "乙"), "INV-2")
    kept = {name: body["invoice"][name] for name in ("amount_fen", "issued_on", "document_id")}
    reply = case.call(SELLER, "PUT", f"lines/{second['order_id']}", {**body, "invoice": {**kept, **other}})
    assert reply.code == code


@pytest.mark.clause("§5.2b")
def test_20_digits_without_a_kind_are_a_digital_invoice_and_others_are_flagged(two_lines: TwoLines) -> None:
    case, first, second = two_lines
    plain = {"kind": None, "code": None}
    digital = fill_in(case, first, "24332000000012345678", invoice=plain)
    assert (digital["invoice"]["kind"], codes(digital)) == ("digital", [])
    assert codes(fill_in(case, second, "12345678", invoice=plain)) == ["INVOICE_KIND_OPEN"]


@pytest.mark.clause("§3.5.1")
def test_one_transfer_entered_twice_does_not_make_up_the_own_share(two_lines: TwoLines) -> None:
    case, first, _ = two_lines
    body = line_body(case, own_documents(case.town, "甲"), "INV-1")
    half = {**body["transfers"][0], "amount_fen": 10_000}
    no = case.call(SELLER, "PUT", f"lines/{first['order_id']}", {**body, "transfers": [half, half]})
    assert (no.code, [each["field"] for each in no.body["errors"]]) == ("MALFORMED", ["transfers"])


@pytest.mark.clause("§3.5.1")
def test_the_parts_of_one_transfer_are_flagged_on_both_lines_and_never_exceed_it(two_lines: TwoLines) -> None:
    case, first, second = two_lines
    whole = {"reference": "TR-9", "total_fen": 40_000}
    assert codes(fill_in(case, first, "INV-1", transfer=whole)) == []
    assert codes(fill_in(case, second, "INV-2", transfer=whole | {"reference": "ｔｒ-9"})) == ["SAME_TRANSFER"]
    for order, other in ((first, second), (second, first)):
        [flag] = case.line(order)["flags"]
        assert (flag["field"], flag["order_ids"]) == ("transfers.0", [other["order_id"]])
    body = line_body(case, own_documents(case.town, "丙"), "INV-2", transfer={"reference": "TR-9", "total_fen": 39_999})
    no = case.call(SELLER, "PUT", f"lines/{second['order_id']}", body)
    assert (no.status, no.code, no.body["clause"]) == (422, "TRANSFER_OVERUSED", "§3.5.1")
    fill_in(case, second, "INV-2")
    assert codes(case.line(first)) == []


@pytest.mark.clause("§3.5.1")
def test_a_transfer_whose_whole_nobody_said_is_flagged_and_once_it_is_said_binds(two_lines: TwoLines) -> None:
    case, first, second = two_lines
    assert codes(fill_in(case, first, "INV-1", transfer={"reference": "TR-9"})) == []
    assert codes(fill_in(case, second, "INV-2", transfer={"reference": "TR-9"})) == ["SAME_TRANSFER"]
    for total_fen, outcome in ((39_999, "TRANSFER_OVERUSED"), (40_000, None)):
        whole = {"reference": "TR-9", "total_fen": total_fen}
        body = line_body(case, own_documents(case.town, "丙"), "INV-2", transfer=whole)
        assert case.call(SELLER, "PUT", f"lines/{second['order_id']}", body).code == outcome
    body = line_body(
        case, own_documents(case.town, "丁"), "INV-1", transfer={"reference": "TR-9", "amount_fen": 20_000}
    )
    again = case.call(SELLER, "PUT", f"lines/{first['order_id']}", body)
    assert (again.status, again.code) == (422, "TRANSFER_OVERUSED")  # it does not say the whole, as the other one does


@pytest.mark.clause("§3.5.1")
@pytest.mark.parametrize("end", ["withdrawn", "rejected"])
def test_a_line_that_ends_gives_its_transfer_free(two_lines: TwoLines, end: str) -> None:
    case, first, second = two_lines
    fill_in(case, first, "INV-1", transfer={"reference": "TR-9", "total_fen": 20_000})
    body = line_body(case, own_documents(case.town, "乙"), "INV-2", transfer={"reference": "TR-9", "total_fen": 20_000})
    assert case.call(SELLER, "PUT", f"lines/{second['order_id']}", body).code == "TRANSFER_OVERUSED"
    if end == "withdrawn":
        path = f"lines/{first['order_id']}/withdraw"
        steps.expect(case.call(SELLER, "POST", path, {"reason": "有误"}), 200)
    else:
        fill_in(case, second, "INV-2")
        steps.expect(case.call(SELLER, "POST", "submit"), 200)
        steps.expect(case.decide(first, decision="reject"), 200)
        steps.expect(case.decide(second, decision="return"), 200)
    steps.expect(case.call(SELLER, "PUT", f"lines/{second['order_id']}", body), 200)


@pytest.mark.clause("§3.5.1")
def test_a_payer_of_another_name_is_flagged_and_a_part_above_its_whole_is_refused(two_lines: TwoLines) -> None:
    case, first, _ = two_lines
    name = case.town.enterprise.name
    line = fill_in(case, first, "INV-1", transfer={"payer_name": " ".join(name)})
    assert (line["flags"], line["transfers"][0]["total_fen"]) == ([], None)
    assert codes(fill_in(case, first, "INV-1", transfer={"payer_name": "某人"})) == ["PAYER_DIFFERS"]
    body = line_body(case, own_documents(case.town, "丁"), "INV-1", transfer={"total_fen": 19_999})
    no = case.call(SELLER, "PUT", f"lines/{first['order_id']}", body)
    assert (no.code, [each["field"] for each in no.body["errors"]]) == ("MALFORMED", ["transfers.0.total_fen"])


@pytest.mark.clause("§3.5.1")
@pytest.mark.parametrize("state", ["submitted", "passed", "rejected", "withdrawn"])
def test_a_line_that_is_not_open_cannot_be_filled_in(voucher: tuple[Town, Json], state: str) -> None:
    town = voucher[0]
    order = town.complete(town.order())
    case, settlement = opened(town, order)
    town.fill_in(settlement)
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    if state == "withdrawn":
        steps.expect(case.call(SELLER, "POST", "withdraw", {"reason": "有误"}), 200)
    elif state != "submitted":
        steps.expect(case.decide(order, decision={"passed": "pass", "rejected": "reject"}[state]), 200)
    line = case.line(order)
    given = {name: line[name] for name in ("contract_fen", "invoice", "transfers", "contract_document_id")}
    body = {**given, "contract_fen": 1_000_000, "evidence_document_ids": line["evidence_document_ids"]}
    no = case.call(SELLER, "PUT", f"lines/{order['order_id']}", body)
    assert (no.status, no.code) == (409, "WRONG_STATE")
    assert no.body["state"] == state
