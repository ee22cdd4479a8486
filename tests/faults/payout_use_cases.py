"""Use cases of settlement for the faults: summary invoice, bank account, payout and recovery."""

import hashlib

from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, OPERATOR, OPERATOR_TWO
from tests.conftest import StoppedClock
from tests.faults.settlement_starts import (
    HELD_FEN,
    REASON,
    account_body,
    bank_answer_body,
    invoiced_round,
    paid_payout,
    round_with_payable,
    running_payout,
    summary_invoice_body,
)
from tests.faults.use_case import Json, UseCase, list_entries, post
from tests.races import tables
from tests.races.order_parties import Parties
from tests.races.seed_data import TODAY
from tests.support.backend import World
from voucher.models.orders import Order
from voucher.models.payables import Payable
from voucher.models.payouts import PayoutFile
from voucher.store import keys, payouts
from voucher.store.engine import files
from voucher.store.engine.table import transact, update_write


def invoice_submit(world: World, _clock: StoppedClock) -> UseCase:
    parties, path, _ = round_with_payable(world)

    def check(answer: Json) -> None:
        assert (answer["state"], answer["bank_account_masked"]) == ("invoiced", None)
        assert answer["proposed_account"]["bank_account_masked"] == "****0018"
        assert tables.list_states(Payable, "settlements", "PAYABLE#") == ["invoiced"]

    return UseCase(post(world, parties.agency.person, f"{path}/invoices", summary_invoice_body(parties)), check)


def invoice_with_another_account(world: World, _clock: StoppedClock) -> UseCase:
    parties, path, _ = round_with_payable(world)
    known_account = update_write(
        "account", keys.account(parties.agency.uscc), "SET #fingerprint = :before", None, before="another"
    )
    transact([known_account])

    def check(answer: Json) -> None:
        assert (answer["state"], answer["bank_account_masked"]) == ("invoiced", None)
        assert answer["proposed_account"]["bank_account_masked"] == "****0018"
        assert [each["fingerprint"] for each in tables.list_items("settlements", "ACCOUNT")] == ["another"]

    return UseCase(post(world, parties.agency.person, f"{path}/invoices", summary_invoice_body(parties)), check)


def invoice_on_the_confirmed_account(world: World, _clock: StoppedClock) -> UseCase:
    parties, path, order_ids = invoiced_round(world)
    steps.expect(parties.world.call(BUREAU, "POST", f"{path}/lines/{order_ids[0]}/withdraw", REASON), 200)

    def check(answer: Json) -> None:
        assert (answer["bank_account_masked"], answer["proposed_account"]) == ("****0018", None)
        assert len(tables.list_items("settlements", "ACCOUNT")) == 1

    body = {**summary_invoice_body(parties), "amount_fen": 400_000}
    return UseCase(post(world, parties.agency.person, f"{path}/invoices", body), check)


def account_propose(world: World, _clock: StoppedClock) -> UseCase:
    parties, path, _ = invoiced_round(world)

    def check(answer: Json) -> None:
        assert answer["proposed_account"]["bank_account_masked"] == "****9999"
        assert [each.version for each in tables.list_records(Payable, "settlements", "PAYABLE#")] == [4]

    other = {**account_body(parties, "6200000000000009999"), **REASON}
    return UseCase(post(world, parties.agency.person, f"{path}/bank-account", other), check)


def account_change_body(parties: Parties, payable: Json) -> Json:
    """The part of a body that names the proposed account."""
    return {"agency_uscc": parties.agency.uscc, "change_id": payable["proposed_account"]["change_id"]}


def account_reject(world: World, _clock: StoppedClock) -> UseCase:
    parties, path, _ = invoiced_round(world)
    other = {**account_body(parties, "6200000000000009999"), **REASON}
    proposal = steps.expect(parties.world.call(parties.agency.person, "POST", f"{path}/bank-account", other), 200)

    def check(answer: Json) -> None:
        assert (answer["bank_account_masked"], answer["proposed_account"]) == ("****0018", None)

    body = {**account_change_body(parties, proposal), "decision": "reject"}
    return UseCase(post(world, OPERATOR, f"{path}/bank-account/review", body), check)


def account_confirm(world: World, _clock: StoppedClock) -> UseCase:
    parties, path, _ = invoiced_round(world)
    other = {**account_body(parties, "6200000000000009999"), **REASON}
    proposal = steps.expect(parties.world.call(parties.agency.person, "POST", f"{path}/bank-account", other), 200)

    def check(answer: Json) -> None:
        assert (answer["bank_account_masked"], answer["proposed_account"]) == ("****9999", None)

    body = {**account_change_body(parties, proposal), "decision": "confirm"}
    return UseCase(post(world, OPERATOR, f"{path}/bank-account/review", body), check)


def payable_line_withdraw(world: World, _clock: StoppedClock) -> UseCase:
    _parties, path, order_ids = invoiced_round(world)

    def check(answer: Json) -> None:
        assert [(each["state"], each["amount_fen"]) for each in answer["payables"]] == [("awaiting_invoice", 400_000)]
        assert sorted(tables.list_states(Order, "orders")) == ["completed", "payable"]
        assert list_entries().count("take_back") == 1

    return UseCase(post(world, BUREAU, f"{path}/lines/{order_ids[0]}/withdraw", REASON), check)


def payouts_make(world: World, _clock: StoppedClock) -> UseCase:
    _parties, path, _ = invoiced_round(world)

    def check(answer: Json) -> None:
        assert [(each["amount_fen"], each["state"]) for each in answer["items"]] == [(HELD_FEN, "made")]
        assert [each.attempts for each in tables.list_records(Payable, "settlements", "PAYABLE#")] == [1]

    return UseCase(post(world, OPERATOR_TWO, f"{path}/payouts"), check)


def violation_of_what_is_on_its_way(world: World, _clock: StoppedClock) -> UseCase:
    parties, payout_id, order_ids = running_payout(world)

    def check(answer: Json) -> None:
        assert payouts.load(payout_id).held_order_ids == (order_ids[0],)
        held = [each.held_by_violation for each in tables.list_records(Order, "orders", "RECORD")]
        assert sorted(held) == [(), (answer["violation_id"],)]

    body = {"uscc": parties.agency.uscc, "facts": "虚报服务", "order_ids": [order_ids[0]]}
    return UseCase(post(world, BUREAU, "/violations", body, key="breach"), check)


def payout_file(world: World, _clock: StoppedClock) -> UseCase:
    parties, payout_id, _ = running_payout(world)
    path = f"/rounds/{payout_id.partition('.')[0]}/payout-file"

    def check(_: Json) -> None:
        [reply] = tables.list_records(PayoutFile, "settlements", "PAYOUT_FILE#")
        assert reply.payout_ids == (payout_id,)
        stored = files.find_content(reply.object_key)
        assert stored is not None and hashlib.sha256(stored).hexdigest() == reply.sha256
        # delete the file, because the next fault must start without it
        files.client().delete_object(Bucket=files.bucket(), Key=reply.object_key)

    return UseCase(lambda: parties.world.call(OPERATOR, "GET", path), check)


def payout_failed(world: World, _clock: StoppedClock) -> UseCase:
    _parties, payout_id, _ = running_payout(world)

    def check(answer: Json) -> None:
        assert answer["state"] == "failed"
        assert tables.list_states(Payable, "settlements", "PAYABLE#") == ["invoiced"]
        assert list_entries().count("pay") == 0

    return UseCase(post(world, FINANCE, f"/payouts/{payout_id}/result", bank_answer_body("failed")), check)


def held_payout_withdrawn(world: World, _clock: StoppedClock) -> UseCase:
    parties, payout_id, order_ids = running_payout(world)
    accused = {"uscc": parties.agency.uscc, "facts": "虚报服务", "order_ids": [order_ids[0]]}
    steps.expect(parties.world.call(BUREAU, "POST", "/violations", accused, key="breach"), 201)

    def check(answer: Json) -> None:
        assert (answer["state"], answer["bank_reference"]) == ("withdrawn", None)
        assert tables.list_states(Payable, "settlements", "PAYABLE#") == ["invoiced"]
        assert tables.list_states(Order, "orders") == ["payable", "payable"]
        assert list_entries().count("pay") == 0

    return UseCase(post(world, FINANCE, f"/payouts/{payout_id}/withdraw", REASON), check)


def payout_returned(world: World, _clock: StoppedClock) -> UseCase:
    _parties, payout_id, _ = paid_payout(world)
    body = {"bank_reference": "BK-2", "returned_on": TODAY.isoformat(), **REASON}

    def check(answer: Json) -> None:
        assert answer["state"] == "returned"
        assert tables.list_states(Order, "orders") == ["payable", "payable"]
        assert (list_entries().count("pay"), list_entries().count("return")) == (1, 1)

    return UseCase(post(world, FINANCE, f"/payouts/{payout_id}/return", body), check)


def recovery(world: World, _clock: StoppedClock) -> UseCase:
    _parties, _, order_ids = paid_payout(world)

    def check(answer: Json) -> None:
        assert (answer["recovered_fen"], answer["left_fen"]) == (100_000, 200_000)
        assert list_entries().count("recover") == 1

    body = {"amount_fen": 100_000, "reason": "重复享受补助"}
    return UseCase(post(world, BUREAU, f"/orders/{order_ids[0]}/recoveries", body, key="one"), check)


def recovery_withdrawn(world: World, _clock: StoppedClock) -> UseCase:
    parties, _, order_ids = paid_payout(world)
    path, body = f"/orders/{order_ids[0]}/recoveries", {"amount_fen": 100_000, "reason": "重复享受补助"}
    claim = steps.expect(parties.world.call(BUREAU, "POST", path, body, key="one"), 201)

    def check(answer: Json) -> None:
        assert (answer["recovered_fen"], answer["withdrawal_reason"]) == (0, REASON["reason"])
        assert (list_entries().count("recover"), list_entries().count("unrecover")) == (1, 1)

    return UseCase(post(world, BUREAU_TWO, f"{path}/{claim['recovery_id']}/withdraw", REASON), check)


def recovery_received(world: World, _clock: StoppedClock) -> UseCase:
    parties, _, order_ids = paid_payout(world)
    path, body = f"/orders/{order_ids[0]}/recoveries", {"amount_fen": 100_000, "reason": "重复享受补助"}
    claim = steps.expect(parties.world.call(BUREAU, "POST", path, body, key="one"), 201)

    def check(answer: Json) -> None:
        assert (answer["received_fen"], answer["state"], len(answer["receipts"])) == (60_000, "part", 1)
        assert list_entries().count("receive") == 1

    receipt = {"amount_fen": 60_000, "bank_reference": "BK-9", "received_on": TODAY.isoformat()}
    return UseCase(post(world, FINANCE, f"{path}/{claim['recovery_id']}/receipts", receipt, key="in"), check)


PAYOUT_USE_CASES = {
    "§3.5.4": [
        invoice_submit,
        invoice_with_another_account,
        invoice_on_the_confirmed_account,
        account_propose,
        account_confirm,
        account_reject,
        payouts_make,
        payout_file,
        violation_of_what_is_on_its_way,
        payout_failed,
        payout_returned,
    ],
    "§5.2b": [held_payout_withdrawn, payable_line_withdraw, recovery, recovery_withdrawn, recovery_received],
}
