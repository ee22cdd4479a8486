"""The calls of settlement that faults are tried on: from handing an application in to money that comes back."""

import hashlib
from collections.abc import Callable
from typing import Any

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO, Person, Reply
from tests.conftest import StoppedClock
from tests.faults.use_cases import Json, Ready, balances, posted
from tests.races import stage
from tests.races.stage import QUOTA_FEN, TODAY
from tests.races.trade import Trade, open_trade
from tests.support.backend import World, function
from voucher.models.base import instant_text
from voucher.models.documents import Document
from voucher.models.notices import Notice, Objection
from voucher.models.orders import Order
from voucher.models.payables import Payable
from voucher.models.payouts import PayoutFile
from voucher.models.settlements import Invoice, Line, Transfer
from voucher.refusals import Refused
from voucher.store import keys, settlements
from voucher.store.engine import files
from voucher.store.engine.table import transact, update_write

HELD_FEN = 300_000 + 400_000
WHY = {"reason": "材料有误"}


def asked(
    trade: Trade, person: Person, path: str, body: Any, check: Callable[[Json], None], key: str | None = None
) -> Ready:
    """One POST of the use case."""
    return Ready(lambda: trade.world.call(person, "POST", path, body, key=key), check)


def filled_in(world: World) -> tuple[Trade, str, list[str]]:
    """An application of two orders whose lines have all they need, not handed in."""
    trade = open_trade(world)
    order_ids = [trade.completed_order(300_000), trade.completed_order(400_000)]
    body = {"agency_uscc": trade.seller.uscc, "order_ids": order_ids}
    opened = trade.world.call(trade.seller.person, "POST", "/settlements", body, key="settle")
    settlement_id: str = steps.expect(opened, 201)["settlement_id"]
    lines = settlements.list_lines(settlement_id)
    stage.keep(*((keys.line(settlement_id, line.order_id), proven(line)) for line in lines))
    return trade, settlement_id, order_ids


def proven(line: Line) -> Line:
    """A line with its papers taken as given."""
    own_fen = line.contract_fen - line.voucher_fen
    transfer = Transfer(reference="TR-1", amount_fen=own_fen, paid_on=TODAY, document_id="d_2")
    return line.next_version(
        invoice=Invoice(number=f"INV-{line.order_id}", amount_fen=own_fen, issued_on=TODAY, document_id="d_1"),
        transfers=(transfer,),
        contract_document_id="d_3",
        evidence_document_ids=("d_4",),
    )


def lines() -> list[str]:
    """The states of every line."""
    return stage.states(Line, "settlements", "LINE#")


def submitted(world: World) -> tuple[Trade, str, list[str]]:
    """The same, handed in."""
    trade, settlement_id, order_ids = filled_in(world)
    steps.expect(trade.world.call(trade.seller.person, "POST", f"/settlements/{settlement_id}/submit"), 200)
    return trade, settlement_id, order_ids


def decided(order_ids: list[str], **more: Any) -> Json:
    """A body that passes every line."""
    said = {"decision": "pass", "opinion": "材料完整", **more}
    return {"lines": [{"order_id": order_id, **said} for order_id in order_ids]}


def passed(world: World) -> tuple[Trade, str, list[str]]:
    """Both lines passed."""
    trade, settlement_id, order_ids = submitted(world)
    path = f"/settlements/{settlement_id}/pre-review"
    steps.expect(trade.world.call(OPERATOR, "POST", path, decided(order_ids)), 200)
    return trade, settlement_id, order_ids


def gathered(world: World) -> tuple[Trade, str, list[str]]:
    """A round of both lines: its path."""
    trade, settlement_id, order_ids = passed(world)
    made = trade.world.call(OPERATOR, "POST", "/rounds", {"settlement_ids": [settlement_id]})
    return trade, f"/rounds/{steps.expect(made, 201)['round_id']}", order_ids


def approved(world: World) -> tuple[Trade, str, list[str]]:
    """The round approved."""
    trade, path, order_ids = gathered(world)
    steps.expect(trade.world.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
    return trade, path, order_ids


def noticed(world: World) -> tuple[Trade, Json, list[str]]:
    """The round on notice."""
    trade, path, order_ids = approved(world)
    return trade, steps.expect(trade.world.call(OPERATOR, "POST", f"{path}/notice", {}), 201), order_ids


def owed(world: World) -> tuple[Trade, str, list[str]]:
    """The notice closed, and the summary invoice's paper uploaded."""
    trade, notice, order_ids = noticed(world)
    steps.expect(trade.world.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    settlement_id = stage.stored(Line, "settlements", "LINE#")[0].settlement_id
    facts = {"kind": "summary_invoice", "filename": "f", "content_type": "application/pdf", "size_bytes": 1}
    made = {"object_key": "k", "uploaded_by": "seller", "created_at": stage.BEGAN}
    paper = Document(document_id="d_sum", owner="x", **facts, **made)
    stage.keep((keys.settlement(settlement_id, "DOCUMENT#d_sum"), paper))
    return trade, f"/rounds/{notice['round_id']}", order_ids


def account(trade: Trade, number: str = "6200000000000000018") -> Json:
    """A bank account in a body."""
    return {"agency_uscc": trade.seller.uscc, "bank_name": "某行", "bank_account": number, "account_name": "机构"}


def summary(trade: Trade) -> Json:
    """The body of the summary invoice."""
    return {**account(trade), "invoice_number": "SUM-1", "amount_fen": HELD_FEN, "document_id": "d_sum"}


def invoiced(world: World) -> tuple[Trade, str, list[str]]:
    """The invoice handed in."""
    trade, path, order_ids = owed(world)
    steps.expect(trade.world.call(trade.seller.person, "POST", f"{path}/invoices", summary(trade)), 200)
    return trade, path, order_ids


def paying(world: World) -> tuple[Trade, str, list[str]]:
    """A payout on its way: its id."""
    trade, path, order_ids = invoiced(world)
    [payout] = steps.expect(trade.world.call(OPERATOR_TWO, "POST", f"{path}/payouts"), 201)["items"]
    return trade, payout["payout_id"], order_ids


def result(state: str) -> Json:
    """The bank's answer."""
    return {"state": state, "bank_reference": "BK-1", "paid_on": TODAY.isoformat()}


def paid(world: World) -> tuple[Trade, str, list[str]]:
    """The payout paid: its id."""
    trade, payout_id, order_ids = paying(world)
    steps.expect(trade.world.call(FINANCE, "POST", f"/payouts/{payout_id}/result", result("paid")), 200)
    return trade, payout_id, order_ids


def opened(world: World) -> tuple[Trade, str, str]:
    """An application of one order, its four papers announced, nothing filled in: its path."""
    trade = open_trade(world)
    order_id = trade.completed_order(300_000)
    body = {"agency_uscc": trade.seller.uscc, "order_ids": [order_id]}
    made = trade.world.call(trade.seller.person, "POST", "/settlements", body, key="settle")
    settlement_id = steps.expect(made, 201)["settlement_id"]
    facts = {"filename": "f", "content_type": "application/pdf", "size_bytes": 1, "uploaded_by": "seller"}
    for kind in ("contract", "invoice", "transfer", "evidence"):
        paper = Document(document_id=kind, owner="x", kind=kind, object_key=kind, created_at=stage.BEGAN, **facts)
        stage.keep((keys.settlement(settlement_id, f"DOCUMENT#{kind}"), paper))
    return trade, f"/settlements/{settlement_id}", order_id


def line_fill_in(world: World, _clock: StoppedClock) -> Ready:
    trade, path, order_id = opened(world)
    [line] = stage.stored(Line, "settlements", "LINE#")
    own_fen = line.contract_fen - line.voucher_fen
    day = TODAY.isoformat()
    body = {
        "contract_fen": line.contract_fen,
        "invoice": {"number": "INV-1", "amount_fen": own_fen, "issued_on": day, "document_id": "invoice"},
        "transfers": [{"reference": "TR-1", "amount_fen": own_fen, "paid_on": day, "document_id": "transfer"}],
        "contract_document_id": "contract",
        "evidence_document_ids": ["evidence"],
    }

    def check(shown: Json) -> None:
        assert shown["invoice"]["number"] == "INV-1"
        assert [each.checked for each in stage.stored(Document, "settlements", "DOCUMENT#")] == [True] * 4
        assert [each["order_id"] for each in stage.items("settlements", "INVOICE")] == [order_id]
        assert [each["order_ids"] for each in stage.items("settlements", "USES")] == [{order_id}] * 4

    return Ready(lambda: world.call(trade.seller.person, "PUT", f"{path}/lines/{order_id}", body), check)


def document_announce(world: World, _clock: StoppedClock) -> Ready:
    trade, path, _ = opened(world)
    body = {"kind": "evidence", "filename": "照.jpg", "content_type": "image/jpeg", "size_bytes": 9}

    def check(shown: Json) -> None:
        names = {each.document_id for each in stage.stored(Document, "settlements", "DOCUMENT#")}
        assert names - {"contract", "invoice", "transfer", "evidence"} == {shown["document_id"]}

    return asked(trade, trade.seller.person, f"{path}/documents", body, check, key="one")


def submit(world: World, _clock: StoppedClock) -> Ready:
    trade, settlement_id, _ = filled_in(world)

    def check(shown: Json) -> None:
        assert (shown["state"], lines()) == ("submitted", ["submitted"] * 2)

    return asked(trade, trade.seller.person, f"/settlements/{settlement_id}/submit", None, check)


def withdraw(world: World, _clock: StoppedClock) -> Ready:
    trade, settlement_id, _ = submitted(world)

    def check(shown: Json) -> None:
        assert (shown["state"], lines()) == ("withdrawn", ["withdrawn"] * 2)
        assert stage.states(Order, "orders") == ["completed", "completed"]

    return asked(trade, trade.seller.person, f"/settlements/{settlement_id}/withdraw", WHY, check)


def line_withdraw(world: World, _clock: StoppedClock) -> Ready:
    trade, settlement_id, order_ids = submitted(world)

    def check(shown: Json) -> None:
        assert (shown["state"], sorted(lines())) == ("submitted", ["submitted", "withdrawn"])
        assert sorted(stage.states(Order, "orders")) == ["completed", "settling"]

    path = f"/settlements/{settlement_id}/lines/{order_ids[0]}/withdraw"
    return asked(trade, trade.seller.person, path, WHY, check)


def cancel_in_settlement(world: World, _clock: StoppedClock) -> Ready:
    trade, _, order_ids = submitted(world)
    stage.both_ask_to_cancel(world, order_ids[0], trade.buyer.person, trade.seller.person)

    def check(shown: Json) -> None:
        assert (shown["state"], sorted(lines())) == ("cancelled", ["submitted", "withdrawn"])
        assert balances() == [QUOTA_FEN - 400_000]
        assert posted().count("release") == 2

    return asked(trade, OPERATOR, f"/orders/{order_ids[0]}/cancellation/review", {"decision": "approve"}, check)


def pre_review_return_and_reject(world: World, _clock: StoppedClock) -> Ready:
    trade, settlement_id, order_ids = submitted(world)
    said = [{"order_id": order_ids[0], "decision": "return"}, {"order_id": order_ids[1], "decision": "reject"}]

    def check(shown: Json) -> None:
        states = {line["order_id"]: line["state"] for line in shown["lines"]}
        assert (shown["state"], states) == ("reviewed", {order_ids[0]: "returned", order_ids[1]: "rejected"})
        assert sorted(stage.states(Order, "orders")) == ["completed", "settling"]

    body = {"lines": [each | {"opinion": "材料不符"} for each in said]}
    return asked(trade, OPERATOR, f"/settlements/{settlement_id}/pre-review", body, check)


def pre_review_with_reduction(world: World, _clock: StoppedClock) -> Ready:
    trade, settlement_id, order_ids = submitted(world)

    def check(shown: Json) -> None:
        assert (shown["state"], lines()) == ("reviewed", ["passed"] * 2)
        assert [each.voucher_fen for each in stage.stored(Order, "orders", "RECORD")] == [250_000] * 2
        assert balances() == [QUOTA_FEN - 500_000]
        assert posted().count("release") == 3

    body = decided(order_ids, verified_fen=250_000)
    return asked(trade, OPERATOR, f"/settlements/{settlement_id}/pre-review", body, check)


def round_gather(world: World, _clock: StoppedClock) -> Ready:
    trade, settlement_id, _ = passed(world)

    def check(shown: Json) -> None:
        assert (len(shown["lines"]), lines()) == (2, ["gathered"] * 2)

    return asked(trade, OPERATOR, "/rounds", {"settlement_ids": [settlement_id]}, check, key="one")


def round_approve(world: World, _clock: StoppedClock) -> Ready:
    trade, path, order_ids = gathered(world)

    def check(shown: Json) -> None:
        assert (shown["state"], lines()) == ("approved", ["approved", "rejected"])
        assert stage.states(Order, "orders") == ["completed", "settling"]

    own = [{"order_id": order_ids[0], "decision": "reject", "opinion": "不予通过"}]
    return asked(trade, BUREAU, f"{path}/approve", {"decision": "approve", "lines": own}, check)


def line_taken_out(world: World, _clock: StoppedClock) -> Ready:
    trade, notice, order_ids = noticed(world)

    def check(shown: Json) -> None:
        assert [line["order_id"] for line in shown["lines"]] == [order_ids[1]]
        [kept] = [each for each in stage.items("settlements", "RECORD") if each["pk"].startswith("NOTICE#")]
        assert Notice.model_validate(kept).withdrawn == (order_ids[0],)

    path = f"/rounds/{notice['round_id']}/lines/{order_ids[0]}/withdraw"
    return asked(trade, OPERATOR, path, WHY, check)


def round_return(world: World, _clock: StoppedClock) -> Ready:
    trade, path, _ = gathered(world)

    def check(shown: Json) -> None:
        assert (shown["state"], lines()) == ("rejected", ["returned"] * 2)
        assert stage.states(Order, "orders") == ["settling"] * 2

    return asked(trade, BUREAU, f"{path}/approve", {"decision": "return", "opinion": "请补充合同"}, check)


def notice_publish(world: World, _clock: StoppedClock) -> Ready:
    trade, path, _ = approved(world)

    def check(shown: Json) -> None:
        assert (shown["state"], len(shown["lines"]), lines()) == ("running", 2, ["noticed"] * 2)

    return asked(trade, OPERATOR, f"{path}/notice", {}, check)


def objection_raise(world: World, _clock: StoppedClock) -> Ready:
    trade, notice, _ = noticed(world)
    said = {"name": "某", "contact": "0578", "reason": "不实"}

    def check(shown: Json) -> None:
        [kept] = stage.stored(Objection, "settlements", "OBJECTION#")
        assert (shown["objection_id"], kept.state) == (kept.objection_id, "standing")
        assert {each["count"] for each in stage.items("settlements", "RATE#")} == {1}

    path = f"/notices/{notice['notice_id']}/objections"
    return Ready(lambda: trade.world.call(None, "POST", path, said, key="one"), check)


def objection_rejected(world: World, _clock: StoppedClock) -> Ready:
    trade, notice, _ = noticed(world)
    path, said = f"/notices/{notice['notice_id']}", {"name": "某", "contact": "0578", "reason": "不实"}
    raised = steps.expect(trade.world.call(None, "POST", f"{path}/objections", said), 201)

    def check(shown: Json) -> None:
        assert (shown["state"], lines()) == ("rejected", ["noticed"] * 2)

    return asked(trade, BUREAU, f"/objections/{raised['objection_id']}/resolve", {"decision": "reject"}, check)


def objection_rejected_after_the_closing(world: World, _clock: StoppedClock) -> Ready:
    trade, notice, _ = noticed(world)
    path = f"/notices/{notice['notice_id']}"
    said = {"name": "某", "contact": "0578", "reason": "不实"}
    raised = steps.expect(trade.world.call(None, "POST", f"{path}/objections", said), 201)
    steps.expect(trade.world.call(BUREAU, "POST", f"{path}/close"), 200)

    def check(shown: Json) -> None:
        assert (shown["state"], lines()) == ("rejected", ["passed"] * 2)

    return asked(trade, BUREAU, f"/objections/{raised['objection_id']}/resolve", {"decision": "reject"}, check)


def notice_end(world: World, clock: StoppedClock) -> Ready:
    noticed(world)

    def ask() -> Reply:
        try:
            return Reply(200, function("sweep").handler({"time": clock.now().isoformat()}, None))
        except Refused:  # contended to the last attempt: the schedule runs it again
            return Reply(429, {})

    def check(_: Json) -> None:
        [kept] = [each for each in stage.items("settlements", "RECORD") if each["pk"].startswith("NOTICE#")]
        assert (kept["state"], kept["ended_at"], kept["version"]) == ("running", instant_text(clock.now()), 2)

    return Ready(ask, check)


def objection_upheld(world: World, _clock: StoppedClock) -> Ready:
    trade, notice, _ = noticed(world)
    said = {"name": "某", "contact": "0578", "reason": "不实"}
    raised = trade.world.call(None, "POST", f"/notices/{notice['notice_id']}/objections", said)
    path = f"/objections/{steps.expect(raised, 201)['objection_id']}/resolve"

    def check(shown: Json) -> None:
        assert (shown["state"], lines()) == ("upheld", ["returned"] * 2)
        assert stage.states(Objection, "settlements", "OBJECTION#") == ["upheld"]

    return asked(trade, BUREAU, path, {"decision": "uphold"}, check)


def invoice_hand_in(world: World, _clock: StoppedClock) -> Ready:
    trade, path, _ = owed(world)

    def check(shown: Json) -> None:
        assert (shown["state"], shown["bank_account_masked"]) == ("invoiced", "****0018")
        assert stage.states(Payable, "settlements", "PAYABLE#") == ["invoiced"]

    return asked(trade, trade.seller.person, f"{path}/invoices", summary(trade), check)


def invoice_with_another_account(world: World, _clock: StoppedClock) -> Ready:
    trade, path, _ = owed(world)
    known = update_write(
        "account", keys.account(trade.seller.uscc), "SET #fingerprint = :before", None, before="another"
    )
    transact([known])

    def check(shown: Json) -> None:
        assert (shown["state"], shown["bank_account_masked"]) == ("invoiced", None)
        assert shown["proposed_account"]["bank_account_masked"] == "****0018"
        assert [each["fingerprint"] for each in stage.items("settlements", "ACCOUNT")] == ["another"]

    return asked(trade, trade.seller.person, f"{path}/invoices", summary(trade), check)


def account_propose(world: World, _clock: StoppedClock) -> Ready:
    trade, path, _ = invoiced(world)

    def check(shown: Json) -> None:
        assert shown["proposed_account"]["bank_account_masked"] == "****9999"
        assert [each.version for each in stage.stored(Payable, "settlements", "PAYABLE#")] == [3]

    other = {**account(trade, "6200000000000009999"), **WHY}
    return asked(trade, trade.seller.person, f"{path}/bank-account", other, check)


def named(trade: Trade, owed: Json) -> Json:
    """What a decision on another account names."""
    return {"agency_uscc": trade.seller.uscc, "change_id": owed["proposed_account"]["change_id"]}


def account_reject(world: World, _clock: StoppedClock) -> Ready:
    trade, path, _ = invoiced(world)
    other = {**account(trade, "6200000000000009999"), **WHY}
    asked_for = steps.expect(trade.world.call(trade.seller.person, "POST", f"{path}/bank-account", other), 200)

    def check(shown: Json) -> None:
        assert (shown["bank_account_masked"], shown["proposed_account"]) == ("****0018", None)

    body = {**named(trade, asked_for), "decision": "reject"}
    return asked(trade, OPERATOR, f"{path}/bank-account/review", body, check)


def account_confirm(world: World, _clock: StoppedClock) -> Ready:
    trade, path, _ = invoiced(world)
    other = {**account(trade, "6200000000000009999"), **WHY}
    asked_for = steps.expect(trade.world.call(trade.seller.person, "POST", f"{path}/bank-account", other), 200)

    def check(shown: Json) -> None:
        assert (shown["bank_account_masked"], shown["proposed_account"]) == ("****9999", None)

    body = {**named(trade, asked_for), "decision": "confirm"}
    return asked(trade, OPERATOR, f"{path}/bank-account/review", body, check)


def owed_line_taken_back(world: World, _clock: StoppedClock) -> Ready:
    trade, path, order_ids = invoiced(world)

    def check(shown: Json) -> None:
        assert [(each["state"], each["amount_fen"]) for each in shown["payables"]] == [("awaiting_invoice", 400_000)]
        assert sorted(stage.states(Order, "orders")) == ["completed", "payable"]
        assert posted().count("take_back") == 1

    return asked(trade, BUREAU, f"{path}/lines/{order_ids[0]}/withdraw", WHY, check)


def payouts_make(world: World, _clock: StoppedClock) -> Ready:
    trade, path, _ = invoiced(world)

    def check(shown: Json) -> None:
        assert [(each["amount_fen"], each["state"]) for each in shown["items"]] == [(HELD_FEN, "made")]
        assert [each.attempts for each in stage.stored(Payable, "settlements", "PAYABLE#")] == [1]

    return asked(trade, OPERATOR_TWO, f"{path}/payouts", None, check)


def payout_file(world: World, _clock: StoppedClock) -> Ready:
    trade, payout_id, _ = paying(world)
    path = f"/rounds/{payout_id.partition('.')[0]}/payout-file"

    def check(_: Json) -> None:
        [made] = stage.stored(PayoutFile, "settlements", "PAYOUT_FILE#")
        assert made.payout_ids == (payout_id,)
        kept = files.find_content(made.object_key)
        assert kept is not None and hashlib.sha256(kept).hexdigest() == made.sha256
        # else the next fault would find the file that this one left
        files.client().delete_object(Bucket=files.bucket(), Key=made.object_key)

    return Ready(lambda: trade.world.call(OPERATOR, "GET", path), check)


def payout_failed(world: World, _clock: StoppedClock) -> Ready:
    trade, payout_id, _ = paying(world)

    def check(shown: Json) -> None:
        assert shown["state"] == "failed"
        assert stage.states(Payable, "settlements", "PAYABLE#") == ["invoiced"]
        assert posted().count("pay") == 0

    return asked(trade, FINANCE, f"/payouts/{payout_id}/result", result("failed"), check)


def payout_returned(world: World, _clock: StoppedClock) -> Ready:
    trade, payout_id, _ = paid(world)
    body = {"bank_reference": "BK-2", "returned_on": TODAY.isoformat(), **WHY}

    def check(shown: Json) -> None:
        assert shown["state"] == "returned"
        assert stage.states(Order, "orders") == ["payable", "payable"]
        assert (posted().count("pay"), posted().count("return")) == (1, 1)

    return asked(trade, FINANCE, f"/payouts/{payout_id}/return", body, check)


def recovery(world: World, _clock: StoppedClock) -> Ready:
    trade, _, order_ids = paid(world)

    def check(shown: Json) -> None:
        assert (shown["recovered_fen"], shown["left_fen"]) == (100_000, 200_000)
        assert posted().count("recover") == 1

    body = {"amount_fen": 100_000, "reason": "重复享受补助"}
    return asked(trade, BUREAU, f"/orders/{order_ids[0]}/recoveries", body, check, key="one")


def recovery_withdrawn(world: World, _clock: StoppedClock) -> Ready:
    trade, _, order_ids = paid(world)
    path, body = f"/orders/{order_ids[0]}/recoveries", {"amount_fen": 100_000, "reason": "重复享受补助"}
    claim = steps.expect(trade.world.call(BUREAU, "POST", path, body, key="one"), 201)

    def check(shown: Json) -> None:
        assert (shown["recovered_fen"], shown["withdrawal_reason"]) == (0, WHY["reason"])
        assert (posted().count("recover"), posted().count("unrecover")) == (1, 1)

    return asked(trade, BUREAU, f"{path}/{claim['recovery_id']}/withdraw", WHY, check)


SETTLEMENT_USE_CASES = {
    "§3.5.1": [document_announce, line_fill_in, submit, line_withdraw, withdraw],
    "§3.5.2": [pre_review_with_reduction, pre_review_return_and_reject, round_gather, round_approve, round_return],
    "§3.5.1(5)": [line_taken_out, cancel_in_settlement],
    "§3.5.3": [
        notice_publish,
        notice_end,
        objection_raise,
        objection_upheld,
        objection_rejected,
        objection_rejected_after_the_closing,
    ],
    "§3.5.4": [
        invoice_hand_in,
        invoice_with_another_account,
        account_propose,
        account_confirm,
        account_reject,
        payouts_make,
        payout_file,
        payout_failed,
        payout_returned,
    ],
    "§5.2b": [owed_line_taken_back, recovery, recovery_withdrawn],
}
