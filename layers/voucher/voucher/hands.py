"""Four eyes: who may not take which step, because of an earlier step or of an organisation; each such rule, once.

`rules/four_eyes.py` refuses by it, and `store/conditions.py` makes the conditions of the writes of it: a rule that is
added here holds at both places. The page of the rules prints it (`make pages`).
"""

from collections.abc import Container, Iterator
from typing import Any, NamedTuple


class Step(NamedTuple):
    """A step that people take, by one of `calls`. It is for others than whoever took a step of `not_by` on the same
    matter, and than the members of the organisation concerned, if its kind is in `no_member`; `clause` asks for it."""

    calls: tuple[str, ...]
    clause: str | None = None
    not_by: tuple[str, ...] = ()
    no_member: tuple[str, ...] = ()


def _once(call: str) -> Step:
    """A step by which a matter begins, or goes on within the organisation whose matter it is: it excludes nobody."""
    return Step((call,))


# what the two parties do on an order until its delivery is looked at
PARTIES_OF_DELIVERY = (
    "place_order",
    "accept_order",
    "record_contract",
    "acknowledge_contract",
    "deliver_order",
    "ask_cancel",
    "dispute_order",
)
# what an order knows of them, which is asked when it is cancelled or claimed back
PARTIES_OF_ORDER = (*PARTIES_OF_DELIVERY, "confirm_order", "open_application")
# all that they do, the agency on its line, too, before anybody of the staff looks at it
PARTIES = (*PARTIES_OF_ORDER, "fill_in_line", "submit_application")
# whoever decided that an order is fulfilled judges no line of it; gathering and paying are left to them, so that two
# operators suffice
REVIEWS = ("decide_order", "pre_review_lines", "gather_round")
CLAIMS = ("send_invoice", "propose_account")
BOTH = ("enterprise", "agency")
# which party of an order somebody acted for, in the hands of the order or of its line
FOR_PARTY = {"enterprise": "for_enterprise", "agency": "for_agency"}
# a record of before 2026-12-01 tells it by the steps that one party alone takes
OF_PARTY = {
    "enterprise": ("place_order", "dispute_order", "confirm_order"),
    "agency": ("accept_order", "deliver_order", "open_application", "fill_in_line", "submit_application"),
}
ENTERPRISE_CHANGE = "POST /enterprises/{uscc}/changes/{change_id}/review"
AGENCY_CHANGE = "POST /agencies/{uscc}/changes/{change_id}/review"
RECEIPT = "POST /reports/{year}/yearly-files/{yearly_file_id}/receipt"
LINE_OUT = "POST /rounds/{round_id}/lines/{order_id}/withdraw"

# in the order of a year; of several calls the first is the usual one
STEPS: dict[str, Step] = {
    "draft_programme": Step(("POST /programmes", "PATCH /programmes/{year}", "PUT /programmes/{year}")),
    "confirm_programme": Step(("POST /programmes/{year}/confirm",), "§1.3", ("draft_programme",)),
    "propose_total": _once("POST /programmes/{year}/total"),
    "confirm_total": Step(("POST /programmes/{year}/total/confirm",), "§1.3", ("propose_total",)),
    "draft_batch": Step(("POST /programmes/{year}/batches", "PATCH /batches/{batch_id}", "PUT /batches/{batch_id}")),
    "publish_batch": Step(("POST /batches/{batch_id}/publish",), "§1.4a", ("draft_batch",)),
    "close_batch": _once("POST /batches/{batch_id}/close"),
    "import_list": _once("POST /lists/{kind}/{year}/imports"),
    # its clause is that of the kind of list
    "apply_list": Step(("POST /lists/{kind}/{year}/imports/{import_id}/apply",), None, ("import_list",)),
    "submit_enterprise": _once("POST /enterprises/{uscc}/submit"),
    "review_enterprise": Step(("POST /enterprises/{uscc}/review",), "§4.1.2", ("submit_enterprise",), ("enterprise",)),
    "revoke_enterprise": Step(("POST /enterprises/{uscc}/revoke",), "§4.1.1", ("submit_enterprise",), ("enterprise",)),
    "report_enterprise_change": _once("POST /enterprises/{uscc}/changes"),
    "review_enterprise_change": Step((ENTERPRISE_CHANGE,), "§4.1.3", ("report_enterprise_change",), ("enterprise",)),
    "propose_disqualification": Step(
        ("POST /enterprises/{uscc}/disqualify", ENTERPRISE_CHANGE), "§4.1.3", (), ("enterprise",)
    ),
    "decide_disqualification": Step(
        ("POST /enterprises/{uscc}/disqualify/approve",), "§4.1.3", ("propose_disqualification",), ("enterprise",)
    ),
    "restore_enterprise": Step(
        ("POST /enterprises/{uscc}/restore",), "§4.1.3", ("decide_disqualification",), ("enterprise",)
    ),
    "submit_agency": Step(("POST /agencies/{uscc}/submit", "POST /agencies/{uscc}/renew")),
    "revoke_agency": Step(("POST /agencies/{uscc}/revoke",), "§3.2.1", ("submit_agency",), ("agency",)),
    "pre_review_agency": Step(("POST /agencies/{uscc}/pre-review",), "§3.2.2", ("submit_agency",), ("agency",)),
    "approve_agency": Step(
        ("POST /agencies/{uscc}/approve",), "§3.2.2", ("submit_agency", "pre_review_agency"), ("agency",)
    ),
    "report_agency_change": _once("POST /agencies/{uscc}/changes"),
    "review_agency_change": Step((AGENCY_CHANGE,), "§3.2.3", ("report_agency_change",), ("agency",)),
    "propose_removal": Step(("POST /agencies/{uscc}/removal", AGENCY_CHANGE), "§3.4.1", (), ("agency",)),
    "decide_removal": Step(("POST /agencies/{uscc}/removal/approve",), "§3.4.1", ("propose_removal",), ("agency",)),
    "restore_agency": Step(("POST /agencies/{uscc}/restore",), "§3.4.1", ("decide_removal",), ("agency",)),
    "open_claim": _once("POST /organisations/{uscc}/claims"),
    # its clause is that of the kind of organisation
    "review_claim": Step(("POST /claims/{claim_id}/review",), None, ("open_claim",), BOTH),
    "decide_claim": Step(("POST /claims/{claim_id}/decision",), None, ("open_claim", "review_claim"), BOTH),
    "publish_product": Step(("POST /products/{product_id}/publish",), "§3.3", (), ("agency",)),
    "record_violation": Step(("POST /violations",), "§2.1.3", (), BOTH),
    "submit_activity": _once("POST /activities/{activity_id}/submit"),
    "review_activity": Step(("POST /activities/{activity_id}/review",), "§3.4.2", ("submit_activity",), ("agency",)),
    "report_check": Step(
        tuple(f"POST /checks/{{check_id}}/{what}" for what in ("report", "attempts", "drop")), "§5.1.1", (), BOTH
    ),
    "countersign_check": Step(("POST /checks/{check_id}/countersign",), "§5.1.1", ("report_check",), BOTH),
    "follow_up_check": Step(("POST /checks/{check_id}/follow-up",), "§5.1.1", (), BOTH),
    "decide_check": Step(("POST /checks/{check_id}/decision",), "§5.1", ("report_check", "countersign_check"), BOTH),
    "conclude_inspection": _once("POST /inspections/{inspection_id}/conclude"),
    "sign_inspection": Step(("POST /inspections/{inspection_id}/sign",), "§5.1.3", ("conclude_inspection",)),
    "make_yearly_file": _once("POST /reports/{year}/yearly-files"),
    # the bureau's receipt, and that of finance
    "receive_yearly_file": _once(RECEIPT),
    "countersign_yearly_file": Step((RECEIPT,), "§5.1", ("receive_yearly_file",)),
    "lift_violation": Step(("POST /violations/{violation_id}/lift",), "§2.1.3", ("record_violation",), BOTH),
    "handle_complaint": Step(
        tuple(f"POST /complaints/{{complaint_id}}/{what}" for what in ("review", "steps", "reply", "escalate")),
        "§5.3",
        (),
        BOTH,
    ),
    "decide_complaint": Step(("POST /complaints/{complaint_id}/decision",), "§5.3", ("handle_complaint",), BOTH),
    "place_order": _once("POST /orders"),
    # a party's steps are for people who took none for the other one, even if they have changed sides since
    "accept_order": Step(("POST /orders/{order_id}/accept",), "§5.2b", ("place_order",)),
    "record_contract": _once("POST /orders/{order_id}/contract"),
    "acknowledge_contract": _once("POST /orders/{order_id}/contract/acknowledge"),
    "deliver_order": Step(("POST /orders/{order_id}/deliver",), "§5.2b", ("place_order",)),
    "ask_cancel": _once("POST /orders/{order_id}/cancellation"),
    "dispute_order": Step(("POST /orders/{order_id}/dispute",), "§5.2b", ("accept_order", "deliver_order")),
    "decide_order": Step(("POST /orders/{order_id}/decision",), "§4.2.1", PARTIES_OF_DELIVERY, BOTH),
    "confirm_order": Step(("POST /orders/{order_id}/confirm",), "§5.2b", ("accept_order", "deliver_order")),
    "open_application": Step(("POST /settlements",), "§5.2b", OF_PARTY["enterprise"]),
    "fill_in_line": Step(("PUT /settlements/{settlement_id}/lines/{order_id}",), "§5.2b", OF_PARTY["enterprise"]),
    "submit_application": Step(("POST /settlements/{settlement_id}/submit",), "§5.2b", OF_PARTY["enterprise"]),
    "review_cancel": Step(("POST /orders/{order_id}/cancellation/review",), "§3.5.1(5)", PARTIES_OF_ORDER, BOTH),
    "pre_review_lines": Step(
        ("POST /settlements/{settlement_id}/pre-review",), "§3.5.2", (*PARTIES, "decide_order"), BOTH
    ),
    "decide_subsidy": Step(
        ("POST /settlements/{settlement_id}/lines/{order_id}/subsidy",), "§5.2b", (*PARTIES, "decide_order"), BOTH
    ),
    "gather_round": Step(("POST /rounds",), "§3.5.2", PARTIES, BOTH),
    "approve_round": Step(("POST /rounds/{round_id}/approve",), "§3.5.2", (*PARTIES, *REVIEWS), BOTH),
    "publish_notice": Step(("POST /rounds/{round_id}/notice",), "§3.5.3", PARTIES, BOTH),
    "resolve_objection": Step(
        ("POST /objections/{objection_id}/resolve", "POST /notices/{notice_id}/objections/resolve"),
        "§3.5.3",
        (*PARTIES, *REVIEWS),
        BOTH,
    ),
    "close_notice": Step(("POST /notices/{notice_id}/close",), "§3.5.3", (*PARTIES, *REVIEWS), BOTH),
    "take_out_line": Step((LINE_OUT,), "§3.5.1(5)", PARTIES, BOTH),
    "take_back_line": Step((LINE_OUT,), "§5.2b", PARTIES, BOTH),
    "send_invoice": _once("POST /rounds/{round_id}/invoices"),
    "propose_account": _once("POST /rounds/{round_id}/bank-account"),
    "decide_account": Step(
        ("POST /rounds/{round_id}/bank-account/review",), "§3.5.4", (*PARTIES, *CLAIMS), ("agency",)
    ),
    # whoever gathered the round may: that is the operator's work, too, and two operators suffice
    "make_payouts": Step(
        ("POST /rounds/{round_id}/payouts",),
        "§3.5.4",
        (*PARTIES, "pre_review_lines", "approve_round", *CLAIMS, "decide_account"),
        ("agency",),
    ),
    "record_payment": Step(
        ("POST /payouts/{payout_id}/result", "POST /payouts/{payout_id}/return", "POST /payouts/{payout_id}/withdraw"),
        "§3.5.4",
        (*PARTIES, *REVIEWS, "approve_round", *CLAIMS, "decide_account", "make_payouts"),
        ("agency",),
    ),
    "claim_back": Step(("POST /orders/{order_id}/recoveries",), "§5.2b", PARTIES_OF_ORDER, BOTH),
    "withdraw_claim": Step(
        ("POST /orders/{order_id}/recoveries/{recovery_id}/withdraw",),
        "§5.2b",
        (*PARTIES_OF_ORDER, "claim_back"),
        BOTH,
    ),
    "receive_claim": Step(
        ("POST /orders/{order_id}/recoveries/{recovery_id}/receipts",),
        "§5.2b",
        (*PARTIES_OF_ORDER, "claim_back"),
        BOTH,
    ),
    "release_order": Step(
        ("POST /violations/{violation_id}/orders/{order_id}/release",),
        "§5.2b",
        (*PARTIES_OF_ORDER, "record_violation"),
        BOTH,
    ),
}

# Calls that are nobody's step of a matter which others decide on: an organisation prepares its own papers or takes its
# own back, a claim first come first served, an offer taken off sale, what is only read or worked out.
FREE = frozenset(
    {
        *(
            f"{method} /{kind}/{{uscc}}{what}"
            for kind in ("enterprises", "agencies")
            for method in ("PATCH", "PUT")
            for what in ("", "/contact")
        ),
        *(f"POST /{kind}{path}" for kind in ("enterprises", "agencies") for path in ("", "/{uscc}/withdraw")),
        *(
            f"POST /{owner}/documents"
            for owner in ("enterprises/{uscc}", "agencies/{uscc}", "settlements/{settlement_id}")
        ),
        *(
            f"DELETE /{owner}/documents/{{document_id}}"
            for owner in ("enterprises/{uscc}", "agencies/{uscc}", "settlements/{settlement_id}")
        ),
        "POST /enterprises/{uscc}/disqualify/statement",
        "POST /enterprises/{uscc}/reapply",
        "POST /agencies/{uscc}/removal/statement",
        "POST /agencies/{uscc}/reapply",
        "POST /organisations/{uscc}/invitations",
        "POST /organisations/{uscc}/invitations/{invitation_id}/withdraw",
        "POST /invitations/accept",
        "POST /claims/{claim_id}/documents",
        "POST /claims/{claim_id}/submit",
        "POST /claims/{claim_id}/withdraw",
        "POST /claims/{claim_id}/statement",
        "POST /organisations/{uscc}/members/{member_id}/remove",
        "POST /organisations/{uscc}/leave",
        "POST /products",
        "PATCH /products/{product_id}",
        "PUT /products/{product_id}",
        "POST /products/{product_id}/withdraw",
        "POST /batches/{batch_id}/withdraw",
        "POST /batches/{batch_id}/vouchers",
        "POST /orders/quote",
        "POST /orders/{order_id}/refuse",
        "POST /orders/{order_id}/withdraw",
        "POST /orders/{order_id}/cancellation/withdraw",
        "POST /orders/{order_id}/rating",
        "POST /settlements/{settlement_id}/withdraw",
        "POST /activities",
        "POST /activities/{activity_id}/documents",
        "POST /activities/{activity_id}/cancel",
        "POST /inspections",
        "POST /inspections/{inspection_id}/documents",
        "POST /checks/{check_id}/statement",
        "POST /settlements/{settlement_id}/lines/{order_id}/withdraw",
        "POST /notices/{notice_id}/objections",
        "POST /objections/{objection_id}/answer",
        "POST /complaints",
        "POST /staff/complaints",
        "POST /mailbox/answer",
        "POST /letters/{letter_id}/answer",
        "POST /letters/{letter_id}/hand-over",
        *(f"POST /complaints/{{complaint_id}}/{what}" for what in ("answer", "documents", "statement", "withdraw")),
        "POST /inbox/{message_id}/read",
    }
)


def _in_hands(*steps: str) -> dict[str, tuple[str, ...]]:
    return {step: (f"hands.{step}[]",) for step in steps}


# Thing → earlier step → the attributes that say who took it; `[]` after the name of one that holds several people. A
# record of before 2026-11-29 has no `hands`, and is held by what else it has.
KEPT: dict[str, dict[str, tuple[str, ...]]] = {
    "programme": {
        "draft_programme": ("created_by", "drafters[]"),
        "propose_total": ("pending.by", "pending.drafters[]"),
    },
    "batch": {"draft_batch": ("created_by", "drafters[]")},
    "list_import": {"import_list": ("created_by",)},
    "enterprise": {
        "submit_enterprise": ("submitted_by",),
        "propose_disqualification": ("sanction.proposed_by",),
        "decide_disqualification": ("sanction.decided_by",),
    },
    "agency": {
        "submit_agency": ("submitted_by",),
        "pre_review_agency": ("pre_reviewed_by",),
        "propose_removal": ("removal_proposed_by",),
        "decide_removal": ("sanction.decided_by",),
    },
    "claim": {"open_claim": ("created_by",), "review_claim": ("reviewed_by",)},
    "change": {"report_enterprise_change": ("created_by",), "report_agency_change": ("created_by",)},
    "complaint": {"handle_complaint": ("handlers[]",)},
    "violation": {"record_violation": ("created_by",)},
    "activity": {"submit_activity": ("submitted_by",)},
    "inspection": {"conclude_inspection": ("concluded_by",)},
    "yearly_file": {"receive_yearly_file": ("bureau_received_by",)},
    "check": {"report_check": ("reported_by",), "countersign_check": ("countersigned_by",)},
    "order": {
        **_in_hands(*PARTIES_OF_ORDER, "decide_order"),
        "place_order": ("created_by", "hands.place_order[]"),
        "ask_cancel": ("enterprise_cancel.by", "agency_cancel.by", "hands.ask_cancel[]"),
    },
    "recovery": {"claim_back": ("by",)},
    "line": {
        **_in_hands(*PARTIES, "decide_order"),
        "open_application": ("created_by", "hands.open_application[]"),
        "submit_application": ("submitted_by", "hands.submit_application[]"),
    },
    "round": {
        **_in_hands(*PARTIES, "decide_order"),
        "submit_application": ("submitters[]", "hands.submit_application[]"),
        "pre_review_lines": ("pre_reviewers[]",),
        "gather_round": ("created_by",),
        "approve_round": ("approved_by",),
    },
    "payable": {
        "send_invoice": ("invoiced_by",),
        "propose_account": ("account_by", "change.by"),
        "decide_account": ("account_confirmed_by",),
    },
    "payout": {"make_payouts": ("created_by",)},
}


def _kept(thing: str, earlier: str) -> tuple[str, ...]:
    return KEPT.get(thing, {}).get(earlier, ())


def excluding(step: str, thing: str, but: Container[str] = ()) -> list[str]:
    """The attributes of a thing that say who may not take a step, `but` for some earlier ones; `members[]` for all of
    its members."""
    kept = [name for earlier in STEPS[step].not_by if earlier not in but for name in _kept(thing, earlier)]
    return [*kept, "members[]"] if thing in STEPS[step].no_member else kept


def people_in(record: Any, attribute: str) -> Iterator[str]:
    """The people whom an attribute of a record names, such as `created_by`, `pending.by` or `hands.place_order[]`."""
    found = record
    for name in attribute.removesuffix("[]").split("."):
        found = found.get(name) if isinstance(found, dict) else getattr(found, name, None)
    if found is not None:
        yield from found if attribute.endswith("[]") else (found,)


def acted_for(party: str, record: Any) -> frozenset[str]:
    """Everybody who acted for one party of an order, as far as the order, or its line, tells for which one."""
    kept = [name for step in OF_PARTY[party] for name in _kept(record.thing, step)]
    names = (*kept, f"hands.{FOR_PARTY[party]}[]", f"{party}_cancel.by")
    people = [person for name in names for person in people_in(record, name)]
    said = getattr(record, "proposed_contract", None)
    return frozenset([*people, said.by] if said and said.party == party else people)


def excluded(step: str, *records: Any, but: Container[str] = ()) -> frozenset[str]:
    """Everybody who may not take a step, as far as some records tell, `but` for what they did in some earlier ones."""
    return frozenset(
        person for each in records for name in excluding(step, each.thing, but) for person in people_in(each, name)
    )
