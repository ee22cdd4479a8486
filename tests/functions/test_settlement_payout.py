"""§3.5.4, §5.2b: invoice and account, the file for the bank, its answers, and money that comes back."""

import csv
import hashlib
import io
from typing import Any

import openpyxl
import pytest

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO, Person
from tests.conftest import NOW
from tests.support import samples
from tests.support.backend import function
from tests.support.scenario import SELLER, Json, Town
from tests.support.settlement_scenario import (
    HELD_FEN,
    Settling,
    balance_of,
    books,
    handed_in,
    kept_record,
    list_enterprise,
    opened,
    postings,
    settling,
    small_orders,
    the_order,
)
from tests.support.snapshots import everything_kept
from tests.support.vault import Vault
from voucher.models.payables import AccountChange, Payable
from voucher.models.payouts import Payout
from voucher.store import keys, organisations, payables, payouts
from voucher.store.engine import sealing
from voucher.store.engine.table import decode, delete_write, put_write, transact

Scene = tuple[Town, Json]
ACCOUNT = "6200000000000000018"
OTHER = "6200000000000009999"
BOTH = Person("seller", "platform")


def other_account(case: Settling, number: str = OTHER) -> Json:
    """A body that asks for another account."""
    names = {"bank_name": "丽水另一银行", "account_name": "=HYPERLINK(机构)"}
    return {"agency_uscc": case.town.agency.uscc, "bank_account": number, "reason": "原账户已销户", **names}


def propose(case: Settling, round_id: str, person: Person = SELLER, number: str = OTHER) -> Any:
    """The agency asks for another account."""
    return case.call(person, "POST", f"/rounds/{round_id}/bank-account", other_account(case, number))


def review(
    case: Settling, round_id: str, decision: str = "confirm", person: Person = OPERATOR, change_id: str = ""
) -> Any:
    """The operator decides, on what was asked for last if not told otherwise."""
    asked = case.town.shown(f"/rounds/{round_id}/payables/{case.town.agency.uscc}")["proposed_account"]
    change_id = change_id or (asked["change_id"] if asked else "ac_none")
    body = {"agency_uscc": case.town.agency.uscc, "change_id": change_id, "decision": decision}
    return case.call(person, "POST", f"/rounds/{round_id}/bank-account/review", body)


def made(case: Settling, round_id: str) -> str:
    """The id of the round's one payout, just made."""
    [payout] = steps.expect(case.payouts(round_id), 201)["items"]
    return str(payout["payout_id"])


def file_of(case: Settling, round_id: str, query: str = "", person: Person = OPERATOR) -> Any:
    """The payout file."""
    return case.call(person, "GET", f"/rounds/{round_id}/payout-file{query}")


def cells(content: bytes) -> list[list[Any]]:
    """The sheet as a spreadsheet reads it."""
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return [list(row) for row in sheet.iter_rows(values_only=True)]


@pytest.mark.clause("§3.5.4")
def test_the_account_number_stands_nowhere_in_clear_and_is_shown_by_its_last_four_digits(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    steps.expect(propose(case, round_id), 200)
    assert not any(number in str(everything_kept()) for number in (ACCOUNT, OTHER, ACCOUNT[4:], OTHER[4:]))
    owed = case.town.shown(f"/rounds/{round_id}/payables/{case.town.agency.uscc}", SELLER)
    assert (owed["bank_account_masked"], owed["proposed_account"]["bank_account_masked"]) == ("****0018", "****9999")
    shown = case.town.shown(f"/rounds/{round_id}")["payables"][0]
    assert shown == owed and "sealed" not in str(shown)


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
def test_what_is_kept_to_know_a_repeated_call_again_is_no_plain_hash_of_the_account(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.owed(order)
    body = case.town.summary_invoice(case.shown(), HELD_FEN)
    path = f"/rounds/{round_id}/invoices"
    once, twice = (case.call(SELLER, "POST", path, body) for _ in range(2))
    assert (once.status, twice.status, twice.headers["idempotent-replay"]) == (200, 200, "true")
    assert case.call(SELLER, "POST", path, {**body, "bank_account": OTHER}).code == "WRONG_STATE"
    [payable] = kept_record(Payable, "PAYABLE#")
    assert payable.last_sha256 is not None and len(payable.last_sha256) == 128


@pytest.mark.clause("§3.5.4")
def test_the_summary_invoice_must_be_there_and_its_number_unused_and_its_amount_that_of_the_lines(
    submitted: Scene,
) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.owed(order)
    body = case.town.summary_invoice(case.shown(), HELD_FEN, f"INV-{order['order_id'][-12:]}")
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
def test_another_account_counts_once_somebody_else_confirmed_it(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    steps.expect(propose(case, round_id, BOTH), 200)
    waiting = case.payouts(round_id)
    assert (waiting.status, waiting.code) == (409, "ACCOUNT_UNDECIDED")
    assert review(case, round_id, person=BOTH).code == "FOUR_EYES"
    change_id = case.town.shown(f"/rounds/{round_id}/payables/{case.town.agency.uscc}")["proposed_account"]["change_id"]
    done, again = review(case, round_id), review(case, round_id, change_id=change_id)
    assert (done.body["bank_account_masked"], done.body["proposed_account"]) == ("****9999", None)
    assert (again.status, again.body) == (200, done.body)
    payout_id = made(case, round_id)
    assert cells(file_of(case, round_id).body)[-1][1:5] == [payout_id, "'=HYPERLINK(机构)", "丽水另一银行", OTHER]


@pytest.mark.clause("§3.5.4")
def test_a_rejected_account_leaves_the_first_one_standing(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    steps.expect(propose(case, round_id), 200)
    assert steps.expect(review(case, round_id, "reject"), 200)["bank_account_masked"] == "****0018"
    assert review(case, round_id, "confirm").code == "WRONG_STATE"
    made(case, round_id)
    assert cells(file_of(case, round_id).body)[-1][4] == ACCOUNT


@pytest.mark.clause("§3.5.4")
def test_another_account_than_in_the_round_before_waits_for_a_second_person(voucher: Scene) -> None:
    town = voucher[0]
    rounds = [owed_for(town, order) for order in small_orders(town, 4)]

    def invoice(position: int, number: str, person: Person = SELLER) -> Json:
        case, round_id = rounds[position]
        body = {**town.summary_invoice(case.shown(), 40_000, f"SUM-{position}"), "bank_account": number}
        return steps.expect(case.call(person, "POST", f"/rounds/{round_id}/invoices", body), 200)

    assert invoice(0, ACCOUNT)["bank_account_masked"] == "****0018"
    assert invoice(1, ACCOUNT)["proposed_account"] is None
    changed = invoice(2, OTHER)
    assert (changed["state"], changed["bank_account_masked"]) == ("invoiced", None)
    assert changed["proposed_account"]["bank_account_masked"] == "****9999"
    case, round_id = rounds[2]
    assert case.payouts(round_id).code == "ACCOUNT_UNDECIDED"
    assert review(case, round_id, person=BOTH).code == "FOUR_EYES"
    assert steps.expect(review(case, round_id, "reject"), 200)["bank_account_masked"] is None
    assert case.payouts(round_id).code == "ACCOUNT_UNDECIDED"
    steps.expect(propose(case, round_id), 200)
    assert steps.expect(review(case, round_id), 200)["bank_account_masked"] == "****9999"
    made(case, round_id)
    # from here on the confirmed one is the known one, and the first is another
    assert invoice(3, ACCOUNT)["proposed_account"]["bank_account_masked"] == "****0018"


def owed_for(town: Town, order: Json) -> tuple[Settling, str]:
    """A round of one order whose notice is closed."""
    case, settlement = opened(town, order)
    town.fill_in(settlement)
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    return case, case.owed(order)


@pytest.mark.clause("§3.5.4")
def test_who_handed_the_invoice_in_confirms_no_account_though_somebody_else_asked_for_it(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    [owed] = kept_record(Payable, "PAYABLE#")
    asked = AccountChange(change_id="ac_1", account=owed.account, reason="换户", by="partner", at=NOW)
    by_another = owed.next_version(change=asked)
    payables.commit_proposed_account(owed, by_another)
    assert review(case, round_id, person=BOTH).code == "FOUR_EYES"
    monkeypatch.setattr(function("invoices"), "check_four_eyes", lambda *_: None)
    assert review(case, round_id, person=BOTH).code == "CHANGED_MEANWHILE"


@pytest.mark.clause("§3.5.4")
def test_payouts_broken_off_half_way_are_made_by_the_next_call_and_all_shown_by_the_one_after(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    [owed] = kept_record(Payable, "PAYABLE#")
    other = owed.model_copy(update={"agency_uscc": samples.agency(5).uscc})
    transact([put_write("payable", keys.payable(round_id, other.agency_uscc), other, None)])
    make_payout, calls = payouts.commit_payout, []

    def killed(*facts: Any) -> None:
        calls.append(facts)
        if len(calls) > 1:
            raise KeyError("killed")
        make_payout(*facts)

    with monkeypatch.context() as patch:
        patch.setattr(payouts, "commit_payout", killed)
        with pytest.raises(KeyError):
            case.payouts(round_id)
    done = steps.expect(case.payouts(round_id), 201)["items"]
    assert len(done) == 1
    again = case.payouts(round_id)
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    assert {each["agency_uscc"] for each in again.body["items"]} == {owed.agency_uscc, other.agency_uscc}
    assert done[0] in again.body["items"]


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize("day", ["2026-06-14", "2026-06-16"])
def test_a_day_on_which_no_bank_can_have_paid_is_malformed(submitted: Scene, day: str) -> None:
    case, order = settling(submitted), the_order(submitted)
    payout_id = made(case, case.invoiced(order))
    body = {"state": "paid", "bank_reference": "BK-1", "paid_on": day}
    no = case.call(FINANCE, "POST", f"/payouts/{payout_id}/result", body)
    assert (no.code, no.body["errors"][0]["field"]) == ("MALFORMED", "paid_on")
    steps.expect(case.result(payout_id), 200)
    back = {"bank_reference": "BK-R", "returned_on": day, "reason": "已销户"}
    no = case.call(FINANCE, "POST", f"/payouts/{payout_id}/return", back)
    assert (no.code, no.body["errors"][0]["field"]) == ("MALFORMED", "returned_on")


@pytest.mark.clause("§3.5.4")
def test_no_account_is_changed_while_a_payout_is_on_its_way_or_after_it_was_paid(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    payout_id = made(case, round_id)
    assert propose(case, round_id).code == "WRONG_STATE"
    steps.expect(case.result(payout_id), 200)
    no = propose(case, round_id)
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "paid"


@pytest.mark.clause("§3.5.4")
def test_the_payout_file_has_number_hash_and_every_payout_and_is_the_same_bytes_when_asked_again(
    submitted: Scene,
) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    assert file_of(case, round_id).code == "NO_PAYOUT_FILE"
    payout_id = made(case, round_id)
    once, again = file_of(case, round_id), file_of(case, round_id, person=FINANCE)
    assert once.status == 200 and once.body == again.body and once.headers == again.headers
    assert once.headers["x-content-sha256"] == hashlib.sha256(once.body).hexdigest()
    rows = cells(once.body)
    assert rows[1][:2] == ["清单编号", once.headers["x-payout-file-number"]]
    assert rows[2][1] == once.headers["x-rows-sha256"]
    assert rows[3][1] == 7000
    name = case.town.agency.name
    assert rows[5] == ["1", payout_id, name, "丽水市某银行", ACCOUNT, 7000, "SUM-1"]
    steps.expect(case.result(payout_id), 200)
    assert file_of(case, round_id).body == once.body
    [listed] = case.town.shown(f"/rounds/{round_id}")["payout_files"]
    assert (listed["sha256"], listed["payout_ids"]) == (once.headers["x-content-sha256"], [payout_id])


@pytest.mark.clause("§3.5.4")
def test_a_payout_stands_in_one_file_only_so_no_bank_gets_it_twice(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    first = made(case, round_id)
    one = file_of(case, round_id)
    steps.expect(case.result(first, "failed"), 200)
    assert file_of(case, round_id).body == one.body
    second = made(case, round_id)
    two = file_of(case, round_id)
    assert [row[1] for row in cells(one.body)[5:]] == [first]
    assert [row[1] for row in cells(two.body)[5:]] == [second]
    assert {each.payout_id: each.file_number for each in kept_payouts()} == {
        first: one.headers["x-payout-file-number"],
        second: two.headers["x-payout-file-number"],
    }
    number = one.headers["x-payout-file-number"]
    assert file_of(case, round_id, f"?number={number}").body == one.body
    assert file_of(case, round_id, "?number=PF-none").code == "NO_PAYOUT_FILE"


def kept_payouts() -> list[Payout]:
    """Every payout in the table."""
    items = map(decode, everything_kept()["settlements"])
    return [Payout.model_validate(item) for item in items if item["pk"].startswith("PAYOUT#")]


@pytest.mark.clause("§3.5.4")
def test_a_file_made_by_somebody_else_at_the_same_moment_is_given_as_it_was_made(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    made(case, round_id)
    write, answers = payouts.commit_file, []

    def overtaken(*facts: Any) -> None:
        monkeypatch.setattr(payouts, "commit_file", write)
        answers.append(file_of(case, round_id, person=FINANCE))
        write(*facts)

    monkeypatch.setattr(payouts, "commit_file", overtaken)
    assert file_of(case, round_id).body == answers[0].body
    assert len(case.town.shown(f"/rounds/{round_id}")["payout_files"]) == 1


@pytest.mark.clause("§3.5.4")
def test_a_stored_file_that_was_tampered_with_is_a_fault_and_no_answer(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    made(case, round_id)
    file_of(case, round_id)
    [listed] = case.town.shown(f"/rounds/{round_id}")["payout_files"]
    case.town.world.upload({"fields": {"key": listed["object_key"], "Content-Type": "x"}}, b"other")
    with pytest.raises(LookupError):
        file_of(case, round_id)


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize("state", ["paid", "failed"])
def test_payouts_and_results_repeated_after_a_lost_answer_pay_once(submitted: Scene, state: str) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    one, two = case.payouts(round_id), case.payouts(round_id)
    assert (one.status, two.status, two.body) == (201, 200, one.body)
    payout_id = one.body["items"][0]["payout_id"]
    first, again = case.result(payout_id, state), case.result(payout_id, state)
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    other = {"paid": "failed", "failed": "paid"}[state]
    for changed in (case.result(payout_id, other), case.result(payout_id, state, reference="BK-2")):
        assert (changed.status, changed.code) == (409, "WRONG_STATE")
    assert [each.entry for each in postings()].count("pay") == (state == "paid")
    assert balance_of("paid:2026") == (HELD_FEN if state == "paid" else 0)
    books()


@pytest.mark.clause("§3.5.4")
def test_nothing_is_payable_before_the_invoice_while_it_is_paid_and_after(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.owed(order)
    assert case.payouts(round_id).code == "NOTHING_PAYABLE"
    steps.expect(case.invoice(round_id), 200)
    payout_id = made(case, round_id)
    assert case.payouts(round_id, Person("platform-third", "platform")).code == "NOTHING_PAYABLE"
    steps.expect(case.result(payout_id), 200)
    assert case.payouts(round_id, Person("platform-third", "platform")).code == "NOTHING_PAYABLE"


@pytest.mark.clause("§3.5.4")
def test_what_the_bank_sends_back_is_payable_again_and_is_paid_again_once(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    paid = case.paid(order)
    returned, again = case.sent_back(paid["payout_id"]), case.sent_back(paid["payout_id"])
    assert (returned.status, again.status, again.body) == (200, 200, returned.body)
    assert returned.body["state"] == "returned"
    assert case.order(order)["state"] == "payable"
    assert (balance_of("paid:2026"), balance_of(f"payable:{paid['round_id']}.{paid['agency_uscc']}")) == (0, HELD_FEN)
    assert case.used_fen() == HELD_FEN
    books()
    steps.expect(propose(case, paid["round_id"]), 200)
    steps.expect(review(case, paid["round_id"]), 200)
    second = made(case, paid["round_id"])
    steps.expect(case.result(second, reference="BK-9"), 200)
    assert case.order(order)["state"] == "paid"
    assert case.sent_back(paid["payout_id"], Person("another", "finance")).code == "WRONG_STATE"
    assert sorted(each.entry for each in postings() if each.entry in ("pay", "return")) == ["pay", "pay", "return"]
    assert books()["accounts"]["paid"] == HELD_FEN


@pytest.mark.clause("§3.5.4")
def test_only_what_was_paid_can_come_back(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    payout_id = made(case, round_id)
    no = case.sent_back(payout_id)
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "made"
    steps.expect(case.result(payout_id, "failed"), 200)
    assert case.sent_back(payout_id).code == "WRONG_STATE"
    books()


@pytest.mark.clause("§5.2b")
def test_money_is_claimed_back_in_parts_and_never_more_than_was_paid(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    first = steps.expect(case.recover(order, 300_000, "rc-1"), 201)
    assert (first["recovered_fen"], first["left_fen"]) == (300_000, 400_000)
    no = case.recover(order, 400_001, "rc-2")
    assert (no.status, no.code, no.body["clause"]) == (422, "OVER_PAID", "§5.2b")
    steps.expect(case.recover(order, 400_000, "rc-3"), 201)
    assert case.recover(order, 1, "rc-4").code == "OVER_PAID"
    shown = case.order(order)
    assert (shown["state"], shown["recovered_fen"]) == ("paid", HELD_FEN)
    assert [each["amount_fen"] for each in shown["recoveries"]] == [300_000, 400_000]
    accounts = books()["accounts"]
    assert (accounts["paid"], accounts["receivable"]) == (0, HELD_FEN)
    assert balance_of(f"receivable:{order['order_id']}") == HELD_FEN
    assert case.used_fen() == HELD_FEN


@pytest.mark.clause("§5.2b")
def test_a_recovery_asked_for_twice_under_its_key_is_one_recovery(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    once = case.recover(order, 300_000)
    steps.expect(case.recover(order, 1, "between"), 201)
    again = case.recover(order, 300_000)
    assert (again.status, again.body["recovery_id"]) == (200, once.body["recovery_id"])
    assert again.headers["idempotent-replay"] == "true"
    assert case.recover(order, 200_000).code == "IDEMPOTENCY_KEY_REUSED"
    assert case.recover(order, 100, key=None).code == "IDEMPOTENCY_KEY_REQUIRED"
    assert case.order(order)["recovered_fen"] == 300_001


@pytest.mark.clause("§5.2b")
def test_a_recovery_names_a_violation_of_one_of_the_parties(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    ids = []
    for uscc in (case.town.agency.uscc, case.town.enterprise.uscc, samples.enterprise(5).uscc):
        breach = {"uscc": uscc, "facts": "重复享受补助", "order_ids": [order["order_id"]]}
        ids.append(steps.expect(case.call(BUREAU, "POST", "/violations", breach), 201)["violation_id"])
    for number, violation_id in enumerate(ids[:2]):
        done = steps.expect(case.recover(order, 100, f"rc-{number}", violation_id=violation_id), 201)
        assert done["violation_id"] == violation_id
    steps.expect(case.call(BUREAU, "POST", f"/violations/{ids[0]}/lift", {"reason": "复查"}), 200)
    for violation_id in (ids[2], "v_none", ids[0]):
        no = case.recover(order, 100, "rc-9", violation_id=violation_id)
        assert (no.code, no.body["errors"][0]["field"]) == ("MALFORMED", "violation_id")


@pytest.mark.clause("§5.2b")
def test_before_it_is_paid_nothing_is_claimed_back_and_what_was_claimed_back_is_not_sent_back(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    no = case.recover(order, 100)
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "payable"
    payout_id = made(case, round_id)
    steps.expect(case.result(payout_id), 200)
    steps.expect(case.recover(order, 100), 201)
    no = case.sent_back(payout_id)
    assert (no.status, no.code) == (409, "ALREADY_RECOVERED") and no.body["state"] == "paid"
    assert [each["field"] for each in no.body["errors"]] == [order["order_id"]]
    books()


def withdraw_recovery(case: Settling, order: Json, recovery_id: str, person: Person = BUREAU) -> Any:
    """§5.2b: the bureau withdraws a claim."""
    path = f"/orders/{order['order_id']}/recoveries/{recovery_id}/withdraw"
    return case.call(person, "POST", path, {"reason": "银行已退汇"})


@pytest.mark.clause("§5.2b")
@pytest.mark.clause("§3.5.4")
def test_a_claim_that_the_bureau_withdraws_stands_in_the_way_of_no_bank_return(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    payout_id = case.paid(order)["payout_id"]
    first = steps.expect(case.recover(order, 300, "one"), 201)["recovery_id"]
    steps.expect(case.recover(order, 200, "two"), 201)
    for person in (OPERATOR, FINANCE, SELLER):
        assert withdraw_recovery(case, order, first, person).code == "ROLE_REQUIRED"
    assert withdraw_recovery(case, order, "rc_unknown").code == "NOT_FOUND"
    withdrawn = steps.expect(withdraw_recovery(case, order, first), 200)
    assert (withdrawn["recovered_fen"], withdrawn["withdrawal_reason"]) == (200, "银行已退汇")
    again = withdraw_recovery(case, order, first)
    assert (again.status, again.headers["idempotent-replay"], again.body) == (200, "true", withdrawn)
    no = withdraw_recovery(case, order, first, Person("bureau-second", "bureau"))
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "withdrawn"
    assert books()["accounts"]["receivable"] == 200
    assert case.sent_back(payout_id).code == "ALREADY_RECOVERED"
    second = case.order(order)["recoveries"][1]["recovery_id"]
    steps.expect(withdraw_recovery(case, order, second), 200)
    steps.expect(case.sent_back(payout_id), 200)
    accounts = books()["accounts"]
    assert (accounts["receivable"], accounts["payable"], accounts["paid"]) == (0, 700_000, 0)


@pytest.mark.clause("§3.5.4")
def test_an_account_is_confirmed_as_it_was_looked_at_and_not_one_asked_for_since(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    seen = steps.expect(propose(case, round_id), 200)["proposed_account"]
    steps.expect(propose(case, round_id, number="6200000000000006666"), 200)
    body = {"agency_uscc": case.town.agency.uscc, "change_id": seen["change_id"], "decision": "confirm"}
    no = case.call(OPERATOR, "POST", f"/rounds/{round_id}/bank-account/review", body)
    assert (no.status, no.code) == (409, "CHANGED_MEANWHILE")
    owed = case.town.shown(f"/rounds/{round_id}/payables/{case.town.agency.uscc}")
    assert (owed["bank_account_masked"], owed["proposed_account"]["bank_account_masked"]) == ("****0018", "****6666")


@pytest.mark.clause("§5.2b")
def test_who_is_on_the_list_of_other_subsidies_before_the_payout_is_not_paid_for(voucher: Scene) -> None:
    town = voucher[0]
    case, orders = handed_in(town, 2)
    round_id = case.owed(*orders)
    steps.expect(case.invoice(round_id, amount_fen=80_000), 200)
    list_enterprise(town.enterprise.uscc, "other_subsidy", 2026)
    no = case.payouts(round_id)
    assert (no.status, no.code, no.body["clause"]) == (422, "OTHER_SUBSIDY", "§5.2b")
    assert {each["field"] for each in no.body["errors"]} == {order["order_id"] for order in orders}
    assert [each.state for each in kept_record(Payable, "PAYABLE#")] == ["invoiced"]


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("step", ["owed", "invoiced"])
def test_the_bureau_takes_back_what_is_owed_and_the_rest_is_invoiced_anew_and_paid(voucher: Scene, step: str) -> None:
    town = voucher[0]
    case, orders = handed_in(town, 2)
    round_id = case.owed(*orders)
    if step == "invoiced":
        steps.expect(case.invoice(round_id, amount_fen=80_000), 200)
    path = f"/rounds/{round_id}/lines/{orders[0]['order_id']}/withdraw"
    assert case.call(OPERATOR, "POST", path, {"reason": "已享受其他补助"}).code == "ROLE_REQUIRED"
    steps.expect(case.call(BUREAU, "POST", path, {"reason": "已享受其他补助"}), 200)

    assert case.order(orders[0])["state"] == "completed"
    [owed] = kept_record(Payable, "PAYABLE#")
    assert (owed.state, owed.amount_fen, owed.account, owed.order_ids) == (
        "awaiting_invoice",
        40_000,
        None,
        (orders[1]["order_id"],),
    )
    assert books()["accounts"]["payable"] == 40_000
    steps.expect(case.invoice(round_id, amount_fen=40_000), 200)  # under the number of the first invoice
    [payout] = steps.expect(case.payouts(round_id), 201)["items"]
    assert payout["amount_fen"] == 40_000
    no = case.call(BUREAU, "POST", path.replace(orders[0]["order_id"], orders[1]["order_id"]), {"reason": "某"})
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "paying"
    steps.expect(case.result(payout["payout_id"]), 200)
    steps.expect(case.cancel(orders[0]), 200)
    assert books()["accounts"]["order"] == 0


@pytest.mark.clause("§5.2b")
def test_when_nothing_is_left_of_what_an_agency_is_owed_it_is_dropped(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    path = f"/rounds/{round_id}/lines/{order['order_id']}/withdraw"
    steps.expect(case.call(BUREAU, "POST", path, {"reason": "已享受其他补助"}), 200)
    again = case.call(BUREAU, "POST", path, {"reason": "已享受其他补助"})
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    [owed] = kept_record(Payable, "PAYABLE#")
    assert (owed.state, owed.amount_fen) == ("dropped", 0)
    no = case.invoice(round_id, "SUM-2", 1)
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "dropped"
    assert case.payouts(round_id).code == "NOTHING_PAYABLE"
    assert books()["accounts"]["payable"] == 0


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize("rule", [True, False])
def test_each_step_of_the_money_is_by_another_hand_by_rule_and_by_the_write(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, rule: bool
) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    code = "FOUR_EYES" if rule else "CHANGED_MEANWHILE"
    if not rule:
        for name in ("payouts", "invoices"):
            monkeypatch.setattr(function(name), "check_four_eyes", lambda *_: None)
    for person in (BOTH, Person(BUREAU.name, "platform"), OPERATOR):  # handed in, approved, pre-reviewed
        assert case.payouts(round_id, person).code == code
    payout_id = made(case, round_id)
    hands = [Person(name, "finance") for name in (SELLER.name, OPERATOR.name, BUREAU.name, OPERATOR_TWO.name)]
    for person in hands:
        assert case.result(payout_id, person=person).code == code
    steps.expect(case.result(payout_id), 200)
    for person in hands:
        assert case.sent_back(payout_id, person).code == code
    steps.expect(case.sent_back(payout_id), 200)
    steps.expect(propose(case, round_id, BOTH), 200)
    assert review(case, round_id, person=BOTH).code == code
    assert {payable.state for payable in kept_record(Payable, "PAYABLE#")} == {"invoiced"}


@pytest.mark.clause("§3.5.4")
def test_whoever_asked_for_the_account_that_counts_makes_no_payout_on_it(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    steps.expect(propose(case, round_id, SELLER), 200)
    steps.expect(review(case, round_id), 200)
    no = case.payouts(round_id, BOTH)
    assert (no.code, no.body["clause"]) == ("FOUR_EYES", "§3.5.4")


@pytest.mark.clause("§3.5.4")
def test_an_order_that_is_lost_on_its_way_to_the_bank_is_a_fault_and_no_answer(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    transact([delete_write("lost", keys.order(order["order_id"]))])
    before = everything_kept()
    with pytest.raises(LookupError, match=order["order_id"]):
        case.payouts(round_id)
    assert everything_kept() == before


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize("rule", [True, False])
def test_who_gathered_the_round_or_handed_the_invoice_in_records_no_payment(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, rule: bool
) -> None:
    case, order = settling(submitted), the_order(submitted)
    steps.expect(case.decide(order), 200)
    round_id = case.gather(OPERATOR_TWO)["round_id"]
    steps.expect(case.call(BUREAU, "POST", f"/rounds/{round_id}/approve", {"decision": "approve"}), 200)
    notice = steps.expect(case.call(OPERATOR, "POST", f"/rounds/{round_id}/notice", {}), 201)
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    steps.expect(case.invoice(round_id), 200)
    [owed] = kept_record(Payable, "PAYABLE#")
    payables.commit_proposed_account(owed, owed.next_version(invoiced_by="clerk"))
    payout_id = made(case, round_id)
    if not rule:
        monkeypatch.setattr(function("payouts"), "check_four_eyes", lambda *_: None)
    for name in (OPERATOR_TWO.name, "clerk"):
        no = case.result(payout_id, person=Person(name, "finance"))
        assert no.code == ("FOUR_EYES" if rule else "CHANGED_MEANWHILE")
    steps.expect(case.result(payout_id), 200)


@pytest.mark.clause("§3.5.3")
@pytest.mark.parametrize("name", ['=HYPERLINK("x")', "＝HYPERLINK(x)", "－1", "@SUM(A1)"])
def test_a_name_that_begins_like_a_formula_is_text_in_the_public_table(submitted: Scene, name: str) -> None:
    case, order = settling(submitted), the_order(submitted)
    agency = organisations.find_agency(case.town.agency.uscc)
    assert agency is not None
    organisations.commit_step(agency, agency.next_version(name=name))
    notice = case.noticed(order)
    text = case.call(None, "GET", f"/notices/{notice['notice_id']}.csv").body
    [_, row] = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert row[1] == f"'{name}"


@pytest.mark.clause("§3.5.3")
def test_the_public_table_opens_in_chinese_and_runs_no_formula(voucher: Scene) -> None:
    town = voucher[0]
    case, orders = handed_in(town, 2)
    notice = case.noticed(*orders)
    text = case.call(None, "GET", f"/notices/{notice['notice_id']}.csv").body
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [row[4] for row in rows] == ["抵用金额（元）", "400.00", "400.00"]
    assert len(rows[0]) == 5 and town.enterprise.name in text
    for secret in (town.enterprise.uscc, "contact", "INV-"):
        assert secret not in text
