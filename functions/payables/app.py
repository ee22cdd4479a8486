"""Payables: an agency's summary invoice and bank account, and a second person's decision on a new account (§3.5.4).

This function may seal account numbers and may not unseal one.
"""

from uuid import uuid4

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.holds import payable_with_holds
from voucher.edge.identity import as_party, as_party_or_staff, require
from voucher.edge.payables import AccountDecision, BankAccount, OtherAccount, SummaryInvoice
from voucher.edge.replies import Answer, reply
from voucher.models.base import Mark
from voucher.models.payables import Account, AccountChange, Payable, PublicPayable
from voucher.refusals import Refusal, Refused
from voucher.rules.documents import document_refusal
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.invoices import read_invoice_number
from voucher.rules.lifecycle import check_step, stepped
from voucher.rules.members import check_finance
from voucher.rules.payables import OTHER_THAN_BEFORE, payable_decided, why_unconfirmed
from voucher.store import documents, keys, organisations, payables, rounds
from voucher.store.engine import sealing

app = Api()


@app.get("/rounds/<round_id>/payables/<agency_uscc>")
def show(round_id: str, agency_uscc: str) -> Answer[PublicPayable]:
    """What the agency is owed in a round, for its members and staff; staff sees who else has its account (§5.2b)."""
    as_party_or_staff(app.caller, organisations.find_agency(agency_uscc), "payable")
    return reply(payable_with_holds(payables.get(round_id, agency_uscc), for_staff=app.caller.role != "agency"))


@app.post("/rounds/<round_id>/invoices")
def submit_invoice(round_id: str) -> Answer[PublicPayable]:
    """§3.5.4: the agency's one summary invoice for the round, with its bank account. Its first account, and each other
    one than before, counts once a second person has confirmed it."""
    body = app.body(SummaryInvoice)
    agency = as_party(app.caller, organisations.find_agency(body.agency_uscc), "payable")
    check_finance(agency, app.caller.sub)
    old = payables.get(round_id, body.agency_uscc)
    mark = _slow_mark(round_id)
    if _is_repeat(old, "invoice", mark):
        return reply(old.public(), replay=True)
    invoice = read_invoice_number(body.invoice_kind, body.invoice_code, body.invoice_number, "invoice_")
    named = {f"invoice_{name}": value for name, value in invoice._asdict().items()} | {
        "invoice_fen": body.amount_fen,
        "invoiced_by": app.caller.sub,
    }
    invoiced = stepped(old, "invoice", mark, agency_name=agency.name, document_id=body.document_id, **named)
    if body.amount_fen != old.amount_fen:
        raise Refused(Refusal.SUMMARY_INVOICE_MISMATCH, amount_fen=old.amount_fen)
    _check_document(old, body.document_id)
    account, known = _sealed_account(round_id, body), payables.find_known_account(body.agency_uscc)
    by = {"account_by": app.caller.sub, "account_confirmed_by": known.confirmed_by if known else None}
    new = invoiced.model_copy(update={"account": account, **by})
    reason = why_unconfirmed(account, known, agency.name)
    if reason or not payables.commit_invoice(old, new, agency, invoice, account):
        change = _account_change(account, reason or OTHER_THAN_BEFORE)
        new = invoiced.model_copy(update={"change": change})
        payables.commit_invoice(old, new, agency, invoice)
    return reply(new.public())


def _slow_mark(round_id: str) -> Mark:
    """The mark of a request that names an account: a fast hash of it would give the account away."""
    return app.mark.model_copy(update={"sha256": sealing.slow_hash(app.request_sha256, round_id)})


def _is_repeat(payable: Payable, action: str, mark: Mark) -> bool:
    return (payable.last_action, payable.last_by, payable.last_sha256) == (action, mark.by, mark.sha256)


def _sealed_account(round_id: str, body: BankAccount) -> Account:
    return sealing.seal_account(
        body.bank_account, body.bank_name, body.account_name, round_id=round_id, agency_uscc=body.agency_uscc
    )


def _account_change(account: Account, reason: str) -> AccountChange:
    change_id = f"ac_{uuid4().hex[:24]}"
    return AccountChange(change_id=change_id, account=account, reason=reason, by=app.caller.sub, at=clock.now())


def _check_document(payable: Payable, document_id: str) -> None:
    """§3.5.4: the invoice's document lies with one of the settlement applications that the invoice is for."""
    unreadable = []
    for owner in map(keys.settlement, payable.settlement_ids):
        named = [each for each in documents.list_of(owner, None) if each.document_id == document_id]
        found = documents.inspect([each for each in named if each.kind == "summary_invoice"])
        unreadable += found.unreadable
        if found.fit:
            return documents.commit_examined(owner, found)
    raise document_refusal([("document_id", document_id)], unreadable)


@app.post("/rounds/<round_id>/bank-account")
def propose_account(round_id: str) -> Answer[PublicPayable]:
    """§3.5.4: the agency proposes another account. Until the operator has decided, its payable is not paid."""
    body = app.body(OtherAccount)
    agency = as_party(app.caller, organisations.find_agency(body.agency_uscc), "payable")
    check_finance(agency, app.caller.sub)
    old = payables.get(round_id, body.agency_uscc)
    mark = _slow_mark(round_id)
    if _is_repeat(old, "propose_account", mark):
        return reply(old.public(), replay=True)
    check_step(old, "propose_account")
    account, known = _sealed_account(round_id, body), payables.find_known_account(body.agency_uscc)
    # whoever decides reads why the account is looked at, not only what the agency says of it
    change = _account_change(account, f"{why_unconfirmed(account, known, agency.name) or ''}{body.reason}")
    new = stepped(old, "propose_account", mark, change=change)
    payables.commit_proposed_account(old, new, agency)
    return reply(new.public())


@app.post("/rounds/<round_id>/bank-account/review")
def decide_account(round_id: str) -> Answer[PublicPayable]:
    """§3.5.4: the operator decides on the account it looked at: nobody who asked for the money, or will pay to it."""
    require(app.caller, "platform")
    body = app.body(AccountDecision)
    old = payables.get(round_id, body.agency_uscc)
    if app.is_repeat(old, body.decision):
        return reply(old.public(), replay=True)
    check_step(old, "decide_account")
    if old.change is None:
        raise Refused(Refusal.WRONG_STATE, of=old)
    if old.change.change_id != body.change_id:
        raise Refused(Refusal.CHANGED_MEANWHILE)
    round_, agency = rounds.load(round_id), organisations.find_agency(old.agency_uscc)
    check_four_eyes(app.caller.sub, "decide_account", old, round_, agency)
    new = payable_decided(old, old.change, body.decision, app.mark)
    payables.commit_decided_account(old, new, round_, app.caller.sub)
    return reply(new.public())


handler = app.handle
