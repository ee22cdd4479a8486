"""What an agency hands in to be paid: its summary invoice and its bank account (§3.5.4).

This function may encrypt account numbers and never decrypt one.
"""

import hashlib
from typing import Annotated, Any, Literal
from uuid import uuid4

from aws_lambda_powertools.event_handler import Response
from pydantic import Field

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.fields import Identifier, Name, Number, PositiveFen, Text, Uscc
from voucher.edge.identity import as_member, as_member_or_staff, require
from voucher.edge.replies import reply
from voucher.models.base import Request
from voucher.models.payables import Account, AccountChange, Payable
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules import lifecycle
from voucher.rules.four_eyes import check_four_eyes
from voucher.store import documents, keys, organisations, payables
from voucher.store.engine import sealing

app = Api()
OTHER_THAN_BEFORE = "与此前使用的收款账户不同。"


class AccountGiven(Request):
    agency_uscc: Uscc
    bank_name: Name
    bank_account: Annotated[str, Field(pattern=r"^[0-9]{8,32}$")]
    account_name: Name


class SummaryInvoice(AccountGiven):
    invoice_number: Number
    amount_fen: PositiveFen
    document_id: Identifier


class OtherAccount(AccountGiven):
    reason: Text


class AccountDecision(Request):
    """`change_id` names the account that was looked at."""

    agency_uscc: Uscc
    change_id: Identifier
    decision: Literal["confirm", "reject"]


def _owed(round_id: str, agency_uscc: str) -> Payable:
    if (payable := payables.find(round_id, agency_uscc)) is None:
        raise Refused(Refusal.NOT_FOUND)
    return payable


@app.get("/rounds/<round_id>/payables/<agency_uscc>")
def show(round_id: str, agency_uscc: str) -> Response[str]:
    """What the agency is owed in a round, for its members and staff."""
    as_member_or_staff(app.caller, organisations.find_agency(agency_uscc))
    return reply(_owed(round_id, agency_uscc))


@app.post("/rounds/<round_id>/invoices")
def hand_in(round_id: str) -> Response[str]:
    """§3.5.4: the agency's one summary invoice to the bureau, and its bank account: the one it was paid on before, or
    another, which the operator confirms first."""
    body = app.body(SummaryInvoice)
    as_member(app.caller, organisations.find_agency(body.agency_uscc))
    old, step = _owed(round_id, body.agency_uscc), _step("invoice", round_id)
    if _is_repeat(old, step):
        return reply(old, replay=True)
    state = lifecycle.next_state("payable", old.state, "invoice")
    if body.amount_fen != old.amount_fen:
        raise Refused(Refusal.SUMMARY_INVOICE_MISMATCH, amount_fen=old.amount_fen)
    _check_document(old, body.document_id)
    invoiced = old.next_version(
        state=state,
        invoice_number=body.invoice_number,
        invoice_fen=body.amount_fen,
        document_id=body.document_id,
        invoiced_by=app.caller.sub,
        **step,
    )
    account = _sealed(round_id, body)
    new = invoiced.model_copy(update={"account": account, "account_by": app.caller.sub})
    if not payables.commit_invoice(old, new, body.invoice_number, account):
        new = invoiced.model_copy(update={"change": _asked(account, OTHER_THAN_BEFORE)})
        payables.commit_invoice(old, new, body.invoice_number)
    return reply(new)


def _asked(account: Account, reason: str) -> AccountChange:
    change_id = f"ac_{uuid4().hex[:24]}"
    return AccountChange(change_id=change_id, account=account, reason=reason, by=app.caller.sub, at=clock.now())


def _sealed(round_id: str, given: AccountGiven) -> Account:
    number = sealing.seal(given.bank_account, round=round_id, agency=given.agency_uscc)
    return Account(
        bank_name=given.bank_name,
        account_name=given.account_name,
        sealed_number=number,
        last_digits=given.bank_account[-4:],
        fingerprint=_slow(f"{given.bank_account}\n{given.bank_name}\n{given.account_name}", given.agency_uscc),
    )


def _slow(text: str, salt: str) -> str:
    """A hash that is slow to guess: a plain one of so few digits is not."""
    return hashlib.scrypt(text.encode(), salt=salt.encode(), n=2**14, r=8, p=1).hex()


def _step(action: str, round_id: str) -> dict[str, Any]:
    step = app.step(action)
    return step | {"last_sha256": _slow(step["last_sha256"], round_id)}


def _is_repeat(payable: Payable, step: dict[str, Any]) -> bool:
    return all(getattr(payable, name) == step[name] for name in ("last_action", "last_by", "last_sha256"))


def _check_document(owed: Payable, document_id: str) -> None:
    """The invoice lies with one of the applications it is for."""
    for settlement_id in owed.settlement_ids:
        owner = keys.settlement(settlement_id)
        named = [each for each in documents.list_of(owner) if each.document_id == document_id]
        if documents.examine(owner, [each for each in named if each.kind == "summary_invoice"]):
            return
    error = FieldError("document_id", Refusal.DOCUMENT_NOT_UPLOADED.sentence)
    raise Refused(Refusal.DOCUMENT_NOT_UPLOADED, errors=[error])


@app.post("/rounds/<round_id>/bank-account")
def propose_account(round_id: str) -> Response[str]:
    """§3.5.4: the agency asks to be paid on another account; nothing is paid until the operator decided."""
    body = app.body(OtherAccount)
    as_member(app.caller, organisations.find_agency(body.agency_uscc))
    old, step = _owed(round_id, body.agency_uscc), _step("propose_account", round_id)
    if _is_repeat(old, step):
        return reply(old, replay=True)
    state = lifecycle.next_state("payable", old.state, "propose_account")
    new = old.next_version(state=state, change=_asked(_sealed(round_id, body), body.reason), **step)
    payables.commit_proposed_account(old, new)
    return reply(new)


@app.post("/rounds/<round_id>/bank-account/review")
def decide_account(round_id: str) -> Response[str]:
    """§3.5.4: the operator confirms another account with the agency, or rejects it; never who asked for it, and never
    one that was asked for since."""
    require(app.caller, "platform")
    body = app.body(AccountDecision)
    old = _owed(round_id, body.agency_uscc)
    if app.is_repeat(old, body.decision):
        return reply(old, replay=True)
    state = lifecycle.next_state("payable", old.state, "decide_account")
    if old.change is None:
        raise Refused(Refusal.WRONG_STATE, of=old)
    if old.change.change_id != body.change_id:
        raise Refused(Refusal.CHANGED_MEANWHILE)
    check_four_eyes(app.caller.sub, "§3.5.4", old.change.by, old.invoiced_by)
    counts = {"account": old.change.account, "account_by": old.change.by} if body.decision == "confirm" else {}
    new = old.next_version(state=state, change=None, **counts, **app.step(body.decision))
    payables.commit_decided_account(old, new, app.caller.sub)
    return reply(new)


handler = app.handle
