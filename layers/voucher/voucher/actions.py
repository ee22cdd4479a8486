"""Who may take which step of a record, and with which call: thing → action → its callers.

`lifecycles.py` says in which states; `when`, what else the record itself must show. An action that is missing here is
taken by no caller: it follows from the step of another record, or from a schedule.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from voucher.lifecycles import LIFECYCLES
from voucher.models.base import AllowedAction


class Step(NamedTuple):
    """One way to take a step. `by` is the party or the staff role, `public` for anybody, `user` for somebody signed in
    who is neither; `when` looks at the record."""

    by: str
    call: str
    when: Callable[[Any], object] | None = None


def _once_approved(organisation: Any) -> bool:
    return organisation.approved_at is not None


def _never_approved(organisation: Any) -> bool:
    return organisation.approved_at is None


def _may_be_sanctioned(organisation: Any) -> bool:
    return organisation.approved_at is not None and not _is_sanction_pending(organisation)


def _is_sanction_pending(organisation: Any) -> bool:
    return organisation.sanction is not None and organisation.sanction.decision is None


def _may_state_its_position(organisation: Any) -> bool:
    return _is_sanction_pending(organisation) and organisation.sanction.statement is None


def _of_enterprise(change: Any) -> bool:
    return str(change.kind) == "enterprise"


def _of_agency(change: Any) -> bool:
    return str(change.kind) == "agency"


def _of_enterprise_with_facts(change: Any) -> bool:
    return _of_enterprise(change) and bool(change.facts)


def _of_agency_with_facts(change: Any) -> bool:
    return _of_agency(change) and bool(change.facts)


def _is_told(kind: str) -> Callable[[Any], object]:
    return lambda complaint: kind in complaint.respondents


def _is_accepted(order: Any) -> bool:
    return str(order.state) == "accepted"


def _proposed_by(party: str) -> Callable[[Any], object]:
    return lambda order: order.proposed_contract and order.proposed_contract.party == party


def _is_asked_to_cancel(order: Any) -> bool:
    # one party suffices if the other is silent or gone, which the order does not know
    return bool(order.enterprise_cancel or order.agency_cancel)


def _is_submitted(line: Any) -> bool:
    return str(line.state) == "submitted"


def _is_gathered(line: Any) -> bool:
    return str(line.state) == "gathered"


def _is_owed(line: Any) -> bool:
    return str(line.state) == "payable"


def _is_joint(inspected: Any) -> bool:
    return str(inspected.kind) == "joint"


def _is_not_joint(inspected: Any) -> bool:
    return not _is_joint(inspected)


def _is_of_satisfaction(check: Any) -> bool:
    return str(check.kind) == "satisfaction"


def _is_unanswered(check: Any) -> bool:
    return check.statement is None


# what a check becomes by the other inspector's word → the findings that lead there
_ENDS = {"close": ("none",), "rectify": ("rectify",), "refer": ("violation", "lead")}


def _finds(*findings: str) -> Callable[[Any], object]:
    return lambda check: check.report is not None and check.report.finding in findings


def _by_inspectors(call: str, when: Callable[[Any], object] = bool) -> tuple[Step, ...]:
    """By the operator, but for a joint inspection; by the bureau or finance for each kind."""
    own = Step("platform", call, lambda inspected: _is_not_joint(inspected) and when(inspected))
    return own, Step("bureau", call, when), Step("finance", call, when)


def _edits(by: str, path: str) -> tuple[Step, ...]:
    """A correction, by whichever of the two methods a client can send."""
    return Step(by, f"PATCH {path}"), Step(by, f"PUT {path}")


_RECEIPT = "POST /reports/{year}/yearly-files/{yearly_file_id}/receipt"
_REVIEW = Step("platform", "POST /enterprises/{uscc}/review")
_PRE_REVIEW = Step("platform", "POST /agencies/{uscc}/pre-review")
_APPROVAL = Step("bureau", "POST /agencies/{uscc}/approve")
_DISQUALIFICATION = Step("bureau", "POST /enterprises/{uscc}/disqualify/approve", _is_sanction_pending)
_REMOVAL = Step("bureau", "POST /agencies/{uscc}/removal/approve")
_ENTERPRISE_CHANGE = Step("platform", "POST /enterprises/{uscc}/changes/{change_id}/review", _of_enterprise)
_AGENCY_CHANGE = Step("platform", "POST /agencies/{uscc}/changes/{change_id}/review", _of_agency)
_CONTRACT = "POST /orders/{order_id}/contract"
_DECISION = Step("platform", "POST /orders/{order_id}/decision")
_CANCELLATION = "POST /orders/{order_id}/cancellation"
_LINE_REVIEW = Step("platform", "POST /settlements/{settlement_id}/pre-review", _is_submitted)
_ROUND_DECISION = Step("bureau", "POST /rounds/{round_id}/approve")
_LINE_DECISION = _ROUND_DECISION._replace(when=_is_gathered)
_LINE_OUT = "POST /rounds/{round_id}/lines/{order_id}/withdraw"
_NOTICE = Step("platform", "POST /rounds/{round_id}/notice")
_CLOSING = Step("bureau", "POST /notices/{notice_id}/close")
_RESOLUTIONS = (
    Step("bureau", "POST /objections/{objection_id}/resolve"),
    Step("bureau", "POST /notices/{notice_id}/objections/resolve"),
)
_COUNTERSIGNATURE = "POST /checks/{check_id}/countersign"
_FOLLOW_UP = "POST /checks/{check_id}/follow-up"
_BANK_RESULT = Step("finance", "POST /payouts/{payout_id}/result")

ACTIONS: dict[str, dict[str, tuple[Step, ...]]] = {
    "enterprise": {
        "edit": _edits("enterprise", "/enterprises/{uscc}"),
        "edit_contact": _edits("enterprise", "/enterprises/{uscc}/contact"),
        "add_document": (
            Step("enterprise", "POST /enterprises/{uscc}/documents"),
            Step("enterprise", "DELETE /enterprises/{uscc}/documents/{document_id}"),
        ),
        "submit": (Step("enterprise", "POST /enterprises/{uscc}/submit"),),
        "withdraw": (Step("enterprise", "POST /enterprises/{uscc}/withdraw", _never_approved),),
        "approve": (_REVIEW,),
        "return": (_REVIEW,),
        "reject": (_REVIEW,),
        "report_change": (Step("enterprise", "POST /enterprises/{uscc}/changes", _once_approved),),
        "add_change_paper": (
            Step("enterprise", "POST /enterprises/{uscc}/documents", _once_approved),
            Step("enterprise", "DELETE /enterprises/{uscc}/documents/{document_id}", _once_approved),
        ),
        "propose_disqualification": (Step("platform", "POST /enterprises/{uscc}/disqualify", _may_be_sanctioned),),
        "state_position": (
            Step("enterprise", "POST /enterprises/{uscc}/disqualify/statement", _may_state_its_position),
        ),
        "approve_disqualification": (_DISQUALIFICATION,),
        "reject_disqualification": (_DISQUALIFICATION,),
        "restore": (Step("bureau", "POST /enterprises/{uscc}/restore"),),
        "reapply": (Step("enterprise", "POST /enterprises/{uscc}/reapply"),),
        "revoke": (Step("platform", "POST /enterprises/{uscc}/revoke", _never_approved),),
    },
    "claim": {
        "add_document": (Step("user", "POST /claims/{claim_id}/documents"),),
        "submit": (Step("user", "POST /claims/{claim_id}/submit"),),
        "withdraw": (Step("user", "POST /claims/{claim_id}/withdraw"),),
        "state_position": (
            Step("enterprise", "POST /claims/{claim_id}/statement", _of_enterprise),
            Step("agency", "POST /claims/{claim_id}/statement", _of_agency),
        ),
        "forward": (Step("platform", "POST /claims/{claim_id}/review"),),
        "decline": (Step("platform", "POST /claims/{claim_id}/review"),),
        "approve": (Step("bureau", "POST /claims/{claim_id}/decision"),),
        "reject": (Step("bureau", "POST /claims/{claim_id}/decision"),),
    },
    "change": {
        "keep": (_ENTERPRISE_CHANGE, _AGENCY_CHANGE),
        "adopt": (
            _ENTERPRISE_CHANGE._replace(when=_of_enterprise_with_facts),
            _AGENCY_CHANGE._replace(when=_of_agency_with_facts),
        ),
        "return": (_ENTERPRISE_CHANGE, _AGENCY_CHANGE),
        "disqualify": (_ENTERPRISE_CHANGE,),
        "remove": (_AGENCY_CHANGE,),
    },
    "agency": {
        "add_document": (
            Step("agency", "POST /agencies/{uscc}/documents"),
            Step("agency", "DELETE /agencies/{uscc}/documents/{document_id}"),
        ),
        "edit": _edits("agency", "/agencies/{uscc}"),
        "edit_contact": _edits("agency", "/agencies/{uscc}/contact"),
        "submit": (Step("agency", "POST /agencies/{uscc}/submit"),),
        "withdraw": (Step("agency", "POST /agencies/{uscc}/withdraw", _never_approved),),
        "pre_review.approve": (_PRE_REVIEW,),
        "pre_review.return": (_PRE_REVIEW,),
        "pre_review.reject": (_PRE_REVIEW,),
        "approve": (_APPROVAL,),
        "return": (_APPROVAL,),
        "reject": (_APPROVAL,),
        "report_change": (Step("agency", "POST /agencies/{uscc}/changes", _once_approved),),
        "add_change_paper": (
            Step("agency", "POST /agencies/{uscc}/documents", _once_approved),
            Step("agency", "DELETE /agencies/{uscc}/documents/{document_id}", _once_approved),
        ),
        "renew": (Step("agency", "POST /agencies/{uscc}/renew", _once_approved),),
        "propose_removal": (Step("platform", "POST /agencies/{uscc}/removal", _once_approved),),
        "approve_removal": (_REMOVAL,),
        "reject_removal": (_REMOVAL,),
        "state_position": (Step("agency", "POST /agencies/{uscc}/removal/statement", _may_state_its_position),),
        "restore": (Step("bureau", "POST /agencies/{uscc}/restore"),),
        "reapply": (Step("agency", "POST /agencies/{uscc}/reapply"),),
        "revoke": (Step("platform", "POST /agencies/{uscc}/revoke", _never_approved),),
    },
    "product": {
        "edit": _edits("agency", "/products/{product_id}"),
        "publish": (
            Step(
                "platform",
                "POST /products/{product_id}/publish",
                lambda product: product.state != "published" or product.revision,
            ),
        ),
        "withdraw": tuple(Step(by, "POST /products/{product_id}/withdraw") for by in ("agency", "platform")),
    },
    "programme": {
        "edit": _edits("bureau", "/programmes/{year}"),
        "confirm": (Step("finance", "POST /programmes/{year}/confirm"),),
        "propose_total": (Step("bureau", "POST /programmes/{year}/total"),),
        "confirm_total": (
            Step("finance", "POST /programmes/{year}/total/confirm", lambda programme: programme.pending),
        ),
    },
    "batch": {
        "edit": _edits("platform", "/batches/{batch_id}"),
        "withdraw": (Step("platform", "POST /batches/{batch_id}/withdraw"),),
        "publish": (Step("bureau", "POST /batches/{batch_id}/publish"),),
        "close": (Step("bureau", "POST /batches/{batch_id}/close"),),
    },
    "order": {
        "accept": (Step("agency", "POST /orders/{order_id}/accept"),),
        "refuse": (Step("agency", "POST /orders/{order_id}/refuse"),),
        "withdraw": (Step("enterprise", "POST /orders/{order_id}/withdraw"),),
        # before the acceptance the enterprise alone says what the contract is
        "contract": (Step("enterprise", _CONTRACT), Step("agency", _CONTRACT, _is_accepted)),
        "acknowledge": (
            Step("enterprise", f"{_CONTRACT}/acknowledge", _proposed_by("agency")),
            Step("agency", f"{_CONTRACT}/acknowledge", _proposed_by("enterprise")),
        ),
        "deliver": (Step("agency", "POST /orders/{order_id}/deliver", lambda order: order.has_contract),),
        "confirm": (Step("enterprise", "POST /orders/{order_id}/confirm"),),
        # the operator's "no" takes the requests back, so that both parties have to ask anew
        "request_cancel": (
            Step("enterprise", _CANCELLATION),
            Step("agency", _CANCELLATION),
            Step("platform", f"{_CANCELLATION}/review", _is_asked_to_cancel),
        ),
        "dispute": (Step("enterprise", "POST /orders/{order_id}/dispute", lambda order: order.dispute is None),),
        # once the enterprise disputes, is silent for too long, or a party is gone
        "decide.confirm": (_DECISION,),
        "decide.return": (_DECISION,),
        "decide.cancel": (_DECISION,),
        "withdraw_cancel": (
            Step("enterprise", f"{_CANCELLATION}/withdraw", lambda order: order.enterprise_cancel),
            Step("agency", f"{_CANCELLATION}/withdraw", lambda order: order.agency_cancel),
        ),
        "cancel": (Step("platform", f"{_CANCELLATION}/review", _is_asked_to_cancel),),
        "rate": (Step("enterprise", "POST /orders/{order_id}/rating", lambda order: order.rating is None),),
        "settle": (Step("agency", "POST /settlements"),),
        "hold": (Step("bureau", "POST /violations"),),
        "recover": (
            Step(
                "bureau",
                "POST /orders/{order_id}/recoveries",
                lambda order: order.recovered_fen < order.voucher_fen,
            ),
        ),
        "withdraw_recovery": (
            Step(
                "bureau",
                "POST /orders/{order_id}/recoveries/{recovery_id}/withdraw",
                lambda order: any(claim.state == "demanded" for claim in order.recoveries),
            ),
        ),
        "receive": (
            Step(
                "finance",
                "POST /orders/{order_id}/recoveries/{recovery_id}/receipts",
                lambda order: order.received_fen < order.recovered_fen,
            ),
        ),
    },
    "settlement": {
        "add_document": (
            Step("agency", "POST /settlements/{settlement_id}/documents"),
            Step("agency", "DELETE /settlements/{settlement_id}/documents/{document_id}"),
        ),
        "submit": (Step("agency", "POST /settlements/{settlement_id}/submit"),),
        "pre_review": (Step("platform", "POST /settlements/{settlement_id}/pre-review"),),
        "withdraw": (Step("agency", "POST /settlements/{settlement_id}/withdraw"),),
    },
    "line": {
        "edit": (Step("agency", "PUT /settlements/{settlement_id}/lines/{order_id}"),),
        "submit": (Step("agency", "POST /settlements/{settlement_id}/submit"),),
        "withdraw": (Step("agency", "POST /settlements/{settlement_id}/lines/{order_id}/withdraw"),),
        "take_out": (
            Step("platform", _LINE_OUT, lambda line: not _is_owed(line)),
            Step("bureau", _LINE_OUT, _is_owed),
        ),
        "pass": (_LINE_REVIEW,),
        "return": (_LINE_REVIEW, _LINE_DECISION),
        "reject": (_LINE_REVIEW, _LINE_DECISION),
        "gather": (Step("platform", "POST /rounds"),),
        "approve": (_LINE_DECISION,),
        "publish": (_NOTICE,),
        "close": (_CLOSING,),
        "uphold": _RESOLUTIONS,
        "release": (*_RESOLUTIONS, _CLOSING),
        "decide_subsidy": (Step("bureau", "POST /settlements/{settlement_id}/lines/{order_id}/subsidy"),),
    },
    "round": {
        "approve": (_ROUND_DECISION,),
        "reject": (_ROUND_DECISION,),
        "notice": (_NOTICE,),
        "close": (_CLOSING,),
    },
    "notice": {
        "object": (Step("public", "POST /notices/{notice_id}/objections"),),
        "begin_close": (_CLOSING,),
        "close": (_CLOSING,),
    },
    "objection": {"uphold": _RESOLUTIONS, "reject": _RESOLUTIONS},
    "payable": {
        "invoice": (Step("agency", "POST /rounds/{round_id}/invoices"),),
        "propose_account": (Step("agency", "POST /rounds/{round_id}/bank-account"),),
        "decide_account": (
            Step("platform", "POST /rounds/{round_id}/bank-account/review", lambda payable: payable.change),
        ),
        "make_payout": (
            Step(
                "platform",
                "POST /rounds/{round_id}/payouts",
                lambda payable: payable.account and payable.change is None,
            ),
        ),
    },
    "payout": {
        "paid": (_BANK_RESULT,),
        "failed": (_BANK_RESULT,),
        "withdraw": (Step("finance", "POST /payouts/{payout_id}/withdraw", lambda payout: payout.is_held_and_unsent),),
        "send_back": (Step("finance", "POST /payouts/{payout_id}/return"),),
    },
    "list_import": {"apply": (Step("bureau", "POST /lists/{kind}/{year}/imports/{import_id}/apply"),)},
    "activity": {
        "add_document": (Step("agency", "POST /activities/{activity_id}/documents"),),
        "submit": (Step("agency", "POST /activities/{activity_id}/submit"),),
        "confirm": (Step("platform", "POST /activities/{activity_id}/review"),),
        "return": (Step("platform", "POST /activities/{activity_id}/review"),),
        "cancel": (Step("agency", "POST /activities/{activity_id}/cancel"),),
    },
    "inspection": {
        "conclude": tuple(
            Step(role, "POST /inspections/{inspection_id}/conclude", None if role == "bureau" else _is_not_joint)
            for role in ("platform", "bureau", "finance")
        ),
        "sign": (Step("finance", "POST /inspections/{inspection_id}/sign", _is_joint),),
    },
    "yearly_file": {
        "confirm_receipt": (Step("bureau", _RECEIPT),),
        "confirm_receipt.last": (Step("finance", _RECEIPT),),
    },
    "check": {
        "attempt": _by_inspectors("POST /checks/{check_id}/attempts"),
        "report": _by_inspectors("POST /checks/{check_id}/report"),
        "report.alone": _by_inspectors("POST /checks/{check_id}/report", _is_of_satisfaction),
        "drop": _by_inspectors("POST /checks/{check_id}/drop"),
        "return": _by_inspectors(_COUNTERSIGNATURE),
        **{f"countersign.{end}": _by_inspectors(_COUNTERSIGNATURE, _finds(*found)) for end, found in _ENDS.items()},
        "answer": (Step("agency", "POST /checks/{check_id}/statement", _is_unanswered),),
        "state_position": (Step("agency", "POST /checks/{check_id}/statement", _is_unanswered),),
        "follow_up.close": _by_inspectors(_FOLLOW_UP),
        "follow_up.refer": _by_inspectors(_FOLLOW_UP),
        "decide": (Step("bureau", "POST /checks/{check_id}/decision"),),
    },
    "complaint": {
        "add_document": (Step("public", "POST /complaints/{complaint_id}/documents"),),
        **{
            each: (Step("platform", "POST /complaints/{complaint_id}/review"),)
            for each in ("take_up", "redirect", "link")
        },
        **{
            each: (Step("platform", "POST /complaints/{complaint_id}/steps"),)
            for each in ("examine", "pause", "resume")
        },
        "state_position": tuple(
            Step(kind, "POST /complaints/{complaint_id}/statement", _is_told(kind)) for kind in ("enterprise", "agency")
        ),
        "reply": (Step("platform", "POST /complaints/{complaint_id}/reply"),),
        "escalate": (Step("platform", "POST /complaints/{complaint_id}/escalate"),),
        "decide": (Step("bureau", "POST /complaints/{complaint_id}/decision"),),
        "withdraw": (Step("public", "POST /complaints/{complaint_id}/withdraw"),),
    },
    "violation": {
        "release": (
            Step(
                "bureau",
                "POST /violations/{violation_id}/orders/{order_id}/release",
                lambda violation: violation.held_order_ids,
            ),
        ),
        "lift": (Step("bureau", "POST /violations/{violation_id}/lift"),),
    },
}


def allowed_actions(record: Any) -> list[AllowedAction]:
    """What may happen next to a record, by whom and with which call, as far as the record itself can tell.

    Nothing that is missing here would be accepted, but that the operator may reject a cancellation before both parties
    have asked. What is here may still be refused for a fact that the record does not hold: four eyes, a day, the state
    of another record, money.
    """
    return [
        AllowedAction(action=action, by=step.by, call=step.call)
        for action, steps in ACTIONS[record.thing].items()
        if record.state in LIFECYCLES[record.thing][action][0].split()
        for step in steps
        if step.when is None or step.when(record)
    ]
