"""§3.5.4: an agency submits its summary invoice and its account, and the operator decides on another account."""

import pytest

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, Person
from tests.conftest import NOW
from tests.support.backend import function
from tests.support.payout_scenario import (
    ACCOUNT,
    OTHER_ACCOUNT,
    decide_account,
    new_payout_id,
    payout_file_of,
    propose_account,
)
from tests.support.scenario import SELLER, Json, Town
from tests.support.settlement_scenario import (
    HELD_FEN,
    Settling,
    kept_record,
    opened,
    settling,
    small_orders,
    the_order,
)
from tests.support.snapshots import everything_kept
from tests.support.spreadsheets import rows_of
from tests.support.vault import Vault
from tests.support.workers import waiting
from voucher.models.agencies import Agency
from voucher.models.payables import AccountChange, Payable
from voucher.store import keys, organisations, payables
from voucher.store.engine import sealing
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import transact, update_write

Scene = tuple[Town, Json]
SELLING_OPERATOR = Person("seller", "platform")  # acts for the agency and is operator, too


def the_agency(payable: Payable) -> Agency:
    """The agency of a payable, as it is kept."""
    return organisations.get_agency(payable.agency_uscc)


@pytest.mark.clause("§3.5.4")
def test_an_account_number_is_kept_sealed_and_shown_by_its_last_four_digits(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    steps.expect(propose_account(case, round_id), 200)
    assert not any(
        number in str(everything_kept()) for number in (ACCOUNT, OTHER_ACCOUNT, ACCOUNT[4:], OTHER_ACCOUNT[4:])
    )
    owed = case.town.shown(f"/rounds/{round_id}/payables/{case.town.agency.uscc}", SELLER)
    assert (owed["bank_account_masked"], owed["proposed_account"]["bank_account_masked"]) == ("****0018", "****9999")
    shown = case.town.shown(f"/rounds/{round_id}")["payables"][0]
    assert shown == owed | {"flags": []} and "sealed" not in str(shown)


@pytest.mark.clause("§3.5.4")
def test_a_sealed_account_opens_only_for_its_own_round_and_agency(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id, uscc = case.invoiced(order), case.town.agency.uscc
    [payable] = kept_record(Payable, "PAYABLE#")
    assert payable.account is not None
    assert sealing.unseal(payable.account.sealed_number, round=round_id, agency=uscc) == ACCOUNT
    for wrong in ({"round": "r_other", "agency": uscc}, {"round": round_id, "agency": "other"}):
        with pytest.raises(Vault.InvalidCiphertextError):
            sealing.unseal(payable.account.sealed_number, **wrong)


@pytest.mark.clause("§3.5.4")
def test_a_repeated_invoice_is_known_again_without_a_fast_hash_of_the_account(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.owed(order)
    body = case.town.summary_invoice(case.shown(), HELD_FEN)
    path = f"/rounds/{round_id}/invoices"
    once, twice = (case.call(SELLER, "POST", path, body) for _ in range(2))
    assert (once.status, twice.status, twice.headers["idempotent-replay"]) == (200, 200, "true")
    assert case.call(SELLER, "POST", path, {**body, "bank_account": OTHER_ACCOUNT}).code == "WRONG_STATE"
    [payable] = kept_record(Payable, "PAYABLE#")
    assert payable.last_sha256 is not None and len(payable.last_sha256) == 128


@pytest.mark.clause("§3.5.4")
def test_a_summary_invoice_has_a_document_an_unused_number_and_the_amount_owed(
    submitted: Scene,
) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.owed(order)
    body = case.town.summary_invoice(case.shown(), HELD_FEN, case.line(order)["invoice"]["number"])
    path = f"/rounds/{round_id}/invoices"
    assert case.call(SELLER, "POST", path, body).code == "INVOICE_USED"
    assert case.call(SELLER, "POST", path, {**body, "document_id": "d_none"}).code == "DOCUMENT_NOT_UPLOADED"
    line = case.line(order)
    wrong_kind = {**body, "document_id": line["contract_document_id"]}
    assert case.call(SELLER, "POST", path, wrong_kind).code == "DOCUMENT_NOT_UPLOADED"
    for amount_fen in (HELD_FEN - 1, HELD_FEN + 1):
        no = case.call(SELLER, "POST", path, {**body, "amount_fen": amount_fen})
        assert no.code == "SUMMARY_INVOICE_MISMATCH"
    assert case.call(SELLER, "POST", path, {**body, "invoice_number": "SUM-9"}).status == 200


@pytest.mark.clause("§3.5.4")
def test_a_summary_invoice_of_a_kind_needs_the_code_and_number_of_that_kind(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    path = f"/rounds/{case.owed(order)}/invoices"
    body = {**case.town.summary_invoice(case.shown(), HELD_FEN, "12345678"), "invoice_kind": "vat"}
    no = case.call(SELLER, "POST", path, body)
    assert (no.code, [each["field"] for each in no.body["errors"]]) == ("MALFORMED", ["invoice_code"])
    payable = steps.expect(case.call(SELLER, "POST", path, {**body, "invoice_code": "0330024001"}), 200)
    assert [payable[f"invoice_{name}"] for name in ("kind", "code", "number")] == ["vat", "0330024001", "12345678"]


@pytest.mark.clause("§3.5.4")
def test_another_account_counts_once_somebody_else_confirmed_it(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    named = steps.expect(propose_account(case, round_id, SELLING_OPERATOR), 200)
    assert named["proposed_account"]["reason"] == "账户户名与服务机构名称不同。原账户已销户"
    waiting = case.payouts(round_id)
    assert (waiting.status, waiting.code) == (409, "ACCOUNT_UNDECIDED")
    assert decide_account(case, round_id, person=SELLING_OPERATOR).code == "FOUR_EYES"
    change_id = case.town.shown(f"/rounds/{round_id}/payables/{case.town.agency.uscc}")["proposed_account"]["change_id"]
    done, again = decide_account(case, round_id), decide_account(case, round_id, change_id=change_id)
    assert (done.body["bank_account_masked"], done.body["proposed_account"]) == ("****9999", None)
    assert (again.status, again.body) == (200, done.body)
    payout_id = new_payout_id(case, round_id)
    assert rows_of(payout_file_of(case, round_id).body)[-1][1:5] == [
        payout_id,
        "'=HYPERLINK(机构)",
        "丽水另一银行",
        OTHER_ACCOUNT,
    ]


@pytest.mark.clause("§3.5.4")
def test_an_account_of_another_holder_is_not_paid_to_before_somebody_confirmed_it(voucher: Scene) -> None:
    town = voucher[0]
    (case, round_id), (later, later_round) = (closed_round_of(town, order) for order in small_orders(town, 2))
    body = {**town.summary_invoice(case.shown(), 40_000), "account_name": "某人个人账户"}
    waits = steps.expect(case.call(SELLER, "POST", f"/rounds/{round_id}/invoices", body), 200)
    assert (waits["account_name"], waits["proposed_account"]["account_name"]) == (None, "某人个人账户")
    assert waits["proposed_account"]["reason"] == "账户户名与服务机构名称不同。"
    assert case.payouts(round_id).code == "ACCOUNT_UNDECIDED"
    assert decide_account(case, round_id, person=SELLING_OPERATOR).code == "FOUR_EYES"
    steps.expect(decide_account(case, round_id), 200)
    assert case.payouts(round_id, OPERATOR).code == "FOUR_EYES"
    new_payout_id(case, round_id)
    again = {**town.summary_invoice(later.shown(), 40_000, "SUM-2"), "account_name": "某人个人账户"}
    known = steps.expect(later.call(SELLER, "POST", f"/rounds/{later_round}/invoices", again), 200)
    assert (known["account_name"], known["proposed_account"]) == ("某人个人账户", None)


@pytest.mark.clause("§3.5.4")
def test_the_holders_name_may_be_spaced_and_written_as_people_do(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    body = case.town.summary_invoice(case.shown(), HELD_FEN)
    body["account_name"] = " ".join(body["account_name"]).replace("(", "（")
    path = f"/rounds/{case.owed(order)}/invoices"
    proposed = steps.expect(case.call(SELLER, "POST", path, body), 200)["proposed_account"]
    assert proposed["reason"] == "首次使用的收款账户。"


@pytest.mark.clause("§3.5.4")
def test_a_rejected_account_leaves_the_first_one_standing(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    steps.expect(propose_account(case, round_id), 200)
    assert steps.expect(decide_account(case, round_id, "reject"), 200)["bank_account_masked"] == "****0018"
    assert decide_account(case, round_id, "confirm").code == "WRONG_STATE"
    new_payout_id(case, round_id)
    assert rows_of(payout_file_of(case, round_id).body)[-1][4] == ACCOUNT


@pytest.mark.clause("§3.5.4")
def test_another_account_than_in_the_round_before_waits_for_a_second_person(voucher: Scene) -> None:
    town = voucher[0]
    rounds = [closed_round_of(town, order) for order in small_orders(town, 4)]

    def invoice(position: int, number: str, person: Person = SELLER) -> Json:
        case, round_id = rounds[position]
        body = {**town.summary_invoice(case.shown(), 40_000, f"SUM-{position}"), "bank_account": number}
        return steps.expect(case.call(person, "POST", f"/rounds/{round_id}/invoices", body), 200)

    first = invoice(0, ACCOUNT)
    assert (first["bank_account_masked"], first["proposed_account"]["reason"]) == (None, "首次使用的收款账户。")
    steps.expect(decide_account(*rounds[0]), 200)
    assert invoice(1, ACCOUNT)["proposed_account"] is None
    changed = invoice(2, OTHER_ACCOUNT)
    assert (changed["state"], changed["bank_account_masked"]) == ("invoiced", None)
    assert changed["proposed_account"]["bank_account_masked"] == "****9999"
    assert changed["proposed_account"]["reason"] == "与此前使用的收款账户不同。"
    case, round_id = rounds[2]
    assert case.payouts(round_id).code == "ACCOUNT_UNDECIDED"
    assert decide_account(case, round_id, person=SELLING_OPERATOR).code == "FOUR_EYES"
    assert steps.expect(decide_account(case, round_id, "reject"), 200)["bank_account_masked"] is None
    assert case.payouts(round_id).code == "ACCOUNT_UNDECIDED"
    steps.expect(propose_account(case, round_id), 200)
    assert steps.expect(decide_account(case, round_id), 200)["bank_account_masked"] == "****9999"
    new_payout_id(case, round_id)
    # from here on the confirmed one is the known one, and the first is another
    assert invoice(3, ACCOUNT)["proposed_account"]["bank_account_masked"] == "****0018"


@pytest.mark.clause("§3.5.4")
def test_whoever_decides_on_an_account_reads_its_number_as_long_as_it_waits(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.owed(order)
    sent = steps.expect(case.invoice(round_id), 200)
    path = f"/rounds/{round_id}/payables/{case.town.agency.uscc}/proposed-account"
    waiting("keep_audit")
    shown = steps.expect(case.call(OPERATOR, "GET", path), 200)
    assert (shown["bank_account"], shown["account_name"]) == (ACCOUNT, case.town.agency.name)
    assert shown["change_id"] == sent["proposed_account"]["change_id"]
    [trace] = waiting("keep_audit")
    assert (trace["by"], trace["action"], trace["about"]) == (OPERATOR.name, "read", f"round:{round_id}")
    refused = [case.call(person, "GET", path).code for person in (SELLING_OPERATOR, SELLER, FINANCE, BUREAU)]
    assert refused == ["FOUR_EYES", "ROLE_REQUIRED", "ROLE_REQUIRED", "ROLE_REQUIRED"]
    steps.expect(decide_account(case, round_id), 200)
    no = case.call(OPERATOR, "GET", path)
    assert (no.status, no.code, no.body["state"]) == (409, "WRONG_STATE", "invoiced")
    assert waiting("keep_audit") == []


@pytest.mark.clause("§5.2b")
def test_an_account_of_two_agencies_is_a_flag_for_staff_wherever_it_is_decided_on(voucher: Scene) -> None:
    """The other agency's account is planted: only that it was confirmed, and for whom."""
    town = voucher[0]
    (case, round_id), (later, _) = (closed_round_of(town, order) for order in small_orders(town, 2))
    seller, place = town.agency.uscc, keys.account_uses(sealing.match_of(ACCOUNT))
    path = f"/rounds/{round_id}/payables/{seller}"
    steps.expect(case.invoice(round_id, amount_fen=40_000), 200)
    assert [town.shown(path)["flags"], town.shown(f"{path}/proposed-account")["flags"]] == [[], []]
    change = "ADD #agency_usccs :agencies"
    transact([update_write("account uses", place, change, None, agencies={"91331100OTHER00001"})])
    [flag] = town.shown(f"{path}/proposed-account")["flags"]
    assert (flag["code"], flag["shared_with"]) == ("SAME_ACCOUNT", ["agency:91331100OTHER00001"])
    assert flag["message"] == "该收款账户也是其他服务机构的收款账户，请核实是否串通。"
    assert town.shown(path)["flags"] == [flag] and "SAME_ACCOUNT" not in str(line_flags(later))
    steps.expect(decide_account(case, round_id), 200)
    assert (find_item(place) or {})["agency_usccs"] == {"91331100OTHER00001", seller}
    [payable] = town.shown(f"/rounds/{round_id}", BUREAU)["payables"]
    assert payable["flags"] == [flag | {"field": "bank_account"}] == town.shown(path)["flags"]
    assert flag | {"field": "agency_uscc"} in line_flags(later)
    assert "flags" not in town.shown(path, SELLER) and "SAME_ACCOUNT" not in str(line_flags(later, SELLER))


def line_flags(case: Settling, person: Person = OPERATOR) -> list[Json]:
    """The flags of an application's only line."""
    [line] = case.shown(person)["lines"]
    flags: list[Json] = line["flags"]
    return flags


@pytest.mark.clause("§3.5.4")
def test_an_account_that_was_paid_to_before_goes_on_under_its_agencys_name(voucher: Scene) -> None:
    town = voucher[0]
    (case, round_id), (later, later_round) = (closed_round_of(town, order) for order in small_orders(town, 2))
    case.billed(round_id, amount_fen=40_000)
    transact([update_write("account", keys.account(town.agency.uscc), "REMOVE #confirmed_by", None)])
    body = town.summary_invoice(later.shown(), 40_000, "SUM-2")
    other_holder = {**body, "account_name": "某人个人账户"}
    path = f"/rounds/{later_round}/invoices"
    waits = steps.expect(later.call(SELLER, "POST", path, other_holder), 200)["proposed_account"]
    assert waits["reason"] == "账户户名与服务机构名称不同。"
    steps.expect(decide_account(later, later_round, "reject"), 200)
    [payable] = [each for each in kept_record(Payable, "PAYABLE#") if each.round_id == later_round]
    payables.commit_proposed_account(
        payable, payable.next_version(state="awaiting_invoice"), organisations.get_agency(payable.agency_uscc)
    )
    again = {**body, "invoice_number": "SUM-3"}
    assert steps.expect(later.call(SELLER, "POST", path, again), 200)["proposed_account"] is None


def closed_round_of(town: Town, order: Json) -> tuple[Settling, str]:
    """An application of one order, and its round, whose notice is closed."""
    case, settlement = opened(town, order)
    town.fill_in(settlement)
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    return case, case.owed(order)


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize("rule", [True, False])
@pytest.mark.parametrize(("proposer", "invoicer"), [("seller", "partner"), ("partner", "seller")])
def test_whoever_proposed_an_account_or_sent_the_invoice_does_not_decide_on_it(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, proposer: str, invoicer: str, rule: bool
) -> None:
    """By rule, and by the write itself if the rule did not look."""
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    [payable] = kept_record(Payable, "PAYABLE#")
    assert payable.account is not None
    change = AccountChange(change_id="ac_1", account=payable.account, reason="换户", by=proposer, at=NOW)
    payables.commit_proposed_account(
        payable,
        payable.next_version(change=change, invoiced_by=invoicer),
        organisations.get_agency(payable.agency_uscc),
    )
    if not rule:
        monkeypatch.setattr(function("payables"), "check_four_eyes", lambda *_: None)
    no = decide_account(case, round_id, person=SELLING_OPERATOR)
    assert no.code == ("FOUR_EYES" if rule else "CHANGED_MEANWHILE")
    steps.expect(decide_account(case, round_id), 200)


@pytest.mark.clause("§3.5.4")
def test_no_account_is_changed_while_a_payout_is_on_its_way_or_after_it_was_paid(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    payout_id = new_payout_id(case, round_id)
    assert propose_account(case, round_id).code == "WRONG_STATE"
    steps.expect(case.result(payout_id), 200)
    no = propose_account(case, round_id)
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "paid"


@pytest.mark.clause("§3.5.4")
def test_the_operator_confirms_the_account_it_looked_at_and_no_later_one(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    seen = steps.expect(propose_account(case, round_id), 200)["proposed_account"]
    steps.expect(propose_account(case, round_id, number="6200000000000006666"), 200)
    body = {"agency_uscc": case.town.agency.uscc, "change_id": seen["change_id"], "decision": "confirm"}
    no = case.call(OPERATOR, "POST", f"/rounds/{round_id}/bank-account/review", body)
    assert (no.status, no.code) == (409, "CHANGED_MEANWHILE")
    owed = case.town.shown(f"/rounds/{round_id}/payables/{case.town.agency.uscc}")
    assert (owed["bank_account_masked"], owed["proposed_account"]["bank_account_masked"]) == ("****0018", "****6666")
