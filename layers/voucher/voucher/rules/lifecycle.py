"""Every state machine of the programme, once. What is not written here is forbidden and answers 409."""

from voucher.refusals import Refusal, Refused

Steps = dict[tuple[str, str], str]
LIFECYCLES: dict[str, Steps] = {
    "enterprise": {  # §4.1
        ("draft", "edit"): "draft",
        ("returned", "edit"): "returned",
        ("draft", "submit"): "submitted",
        ("returned", "submit"): "submitted",
        ("rejected", "edit"): "rejected",
        ("rejected", "submit"): "submitted",
        ("submitted", "approve"): "approved",
        ("submitted", "return"): "returned",
        ("submitted", "reject"): "rejected",
        ("approved", "report_change"): "approved",
        ("approved", "reopen"): "returned",
        ("approved", "disqualify"): "disqualified",
        # these only for one that was approved before, and reopened
        ("submitted", "report_change"): "submitted",
        ("returned", "report_change"): "returned",
        ("rejected", "report_change"): "rejected",
        ("submitted", "reopen"): "returned",
        ("returned", "reopen"): "returned",
        ("rejected", "reopen"): "returned",
        ("submitted", "disqualify"): "disqualified",
        ("returned", "disqualify"): "disqualified",
        ("rejected", "disqualify"): "disqualified",
    },
    "change": {  # §3.2.3, §4.1.3
        ("reported", "keep"): "kept",
        ("reported", "return"): "returned",
        ("reported", "disqualify"): "disqualified",
        ("reported", "remove"): "removal_proposed",
    },
    "agency": {  # §3.2, §3.4.1
        ("draft", "add_paper"): "draft",
        ("returned", "add_paper"): "returned",
        ("active", "add_paper"): "active",
        ("rejected", "add_paper"): "rejected",
        ("draft", "edit"): "draft",
        ("returned", "edit"): "returned",
        ("rejected", "edit"): "rejected",
        ("draft", "submit"): "submitted",
        ("returned", "submit"): "submitted",
        ("rejected", "submit"): "submitted",
        ("submitted", "pre_review.approve"): "pre_reviewed",
        ("submitted", "pre_review.return"): "returned",
        ("submitted", "pre_review.reject"): "rejected",
        ("pre_reviewed", "approve"): "active",
        ("pre_reviewed", "return"): "returned",
        ("pre_reviewed", "reject"): "rejected",
        ("active", "report_change"): "active",
        ("active", "reopen"): "returned",
        # these only for one that was approved before, on its way to the next approval
        ("submitted", "report_change"): "submitted",
        ("pre_reviewed", "report_change"): "pre_reviewed",
        ("returned", "report_change"): "returned",
        ("rejected", "report_change"): "rejected",
        ("submitted", "reopen"): "returned",
        ("pre_reviewed", "reopen"): "returned",
        ("returned", "reopen"): "returned",
        ("rejected", "reopen"): "returned",
        ("active", "renew"): "submitted",
        ("returned", "renew"): "submitted",
        ("rejected", "renew"): "submitted",
        # §3.4.1: of one that was approved before, wherever it is by now; declined, it is back where it was
        ("active", "propose_removal"): "removal_proposed",
        ("submitted", "propose_removal"): "removal_proposed",
        ("pre_reviewed", "propose_removal"): "removal_proposed",
        ("returned", "propose_removal"): "removal_proposed",
        ("rejected", "propose_removal"): "removal_proposed",
        ("removal_proposed", "reject_removal.active"): "active",
        ("removal_proposed", "reject_removal.submitted"): "submitted",
        ("removal_proposed", "reject_removal.pre_reviewed"): "pre_reviewed",
        ("removal_proposed", "reject_removal.returned"): "returned",
        ("removal_proposed", "reject_removal.rejected"): "rejected",
        ("removal_proposed", "approve_removal"): "removed",
    },
    "product": {  # §3.3
        ("draft", "edit"): "draft",
        ("draft", "publish"): "published",
        ("withdrawn", "publish"): "published",
        ("draft", "withdraw"): "withdrawn",
        ("published", "withdraw"): "withdrawn",
        ("withdrawn", "edit"): "withdrawn",
        ("published", "edit"): "published",
        ("published", "publish"): "published",
    },
    "programme": {  # §1.3, §1.4b
        ("draft", "edit"): "draft",
        ("draft", "confirm"): "open",
        ("open", "propose_total"): "open",
        ("open", "confirm_total"): "open",
        ("open", "close_year"): "closed",
    },
    "batch": {  # §1.4a
        ("draft", "publish"): "published",
        ("published", "close"): "closed",
    },
    "order": {  # §4.2.1, §3.5.1
        ("placed", "accept"): "accepted",
        ("placed", "refuse"): "refused",
        ("placed", "contract"): "placed",
        ("accepted", "contract"): "accepted",
        ("accepted", "deliver"): "delivered",
        ("delivered", "confirm"): "completed",
        ("placed", "request_cancel"): "placed",
        ("accepted", "request_cancel"): "accepted",
        ("delivered", "request_cancel"): "delivered",
        ("completed", "request_cancel"): "completed",
        ("settling", "request_cancel"): "settling",
        ("placed", "cancel"): "cancelled",
        ("accepted", "cancel"): "cancelled",
        ("delivered", "cancel"): "cancelled",
        ("completed", "cancel"): "cancelled",
        ("settling", "cancel"): "cancelled",
        ("placed", "expire"): "cancelled",
        ("accepted", "expire"): "cancelled",
        ("completed", "rate"): "completed",
        ("settling", "rate"): "settling",
        ("payable", "rate"): "payable",
        ("paid", "rate"): "paid",
        ("completed", "settle"): "settling",
        ("settling", "unsettle"): "completed",
        ("settling", "approve"): "payable",
        ("payable", "take_back"): "completed",
        ("payable", "pay"): "paid",
        ("paid", "send_back"): "payable",
        ("paid", "recover"): "paid",
        ("paid", "withdraw_recovery"): "paid",
    },
    "settlement": {  # §3.5.1, §3.5.2
        ("draft", "submit"): "submitted",
        ("submitted", "submit"): "submitted",
        ("reviewed", "submit"): "submitted",
        ("submitted", "pre_review"): "reviewed",
        ("draft", "withdraw"): "withdrawn",
        ("submitted", "withdraw"): "withdrawn",
        ("reviewed", "withdraw"): "withdrawn",
    },
    "line": {  # §3.5.2, §3.5.3; the agency withdraws, from a round on the operator takes out
        ("draft", "edit"): "draft",
        ("returned", "edit"): "returned",
        ("draft", "submit"): "submitted",
        ("returned", "submit"): "submitted",
        ("draft", "withdraw"): "withdrawn",
        ("returned", "withdraw"): "withdrawn",
        ("submitted", "withdraw"): "withdrawn",
        ("passed", "withdraw"): "withdrawn",
        ("gathered", "take_out"): "withdrawn",
        ("approved", "take_out"): "withdrawn",
        ("payable", "take_out"): "withdrawn",  # §5.2b, as long as it is not on its way to the bank
        ("noticed", "take_out"): "withdrawn",
        ("submitted", "pass"): "passed",
        ("submitted", "return"): "returned",
        ("submitted", "reject"): "rejected",
        ("passed", "gather"): "gathered",
        ("gathered", "approve"): "approved",
        ("gathered", "return"): "returned",
        ("gathered", "reject"): "rejected",
        ("approved", "publish"): "noticed",
        ("noticed", "close"): "payable",
        ("noticed", "uphold"): "returned",
        ("noticed", "release"): "passed",
    },
    "round": {  # §3.5.2, §3.5.3
        ("gathered", "approve"): "approved",
        ("gathered", "reject"): "rejected",
        ("gathered", "empty"): "rejected",  # its last line was taken out
        ("approved", "empty"): "rejected",
        ("approved", "notice"): "noticed",
        ("noticed", "close"): "closed",
    },
    "notice": {  # §3.5.3; while it is being closed nobody objects any more
        ("running", "announce_end"): "running",
        ("running", "begin_close"): "closing",
        ("closing", "close"): "closed",
    },
    "objection": {("standing", "uphold"): "upheld", ("standing", "reject"): "rejected"},  # §3.5.3
    "payable": {  # §3.5.4
        ("awaiting_invoice", "invoice"): "invoiced",
        ("awaiting_invoice", "reduce"): "awaiting_invoice",
        ("invoiced", "reduce"): "awaiting_invoice",
        ("awaiting_invoice", "drop"): "dropped",
        ("invoiced", "drop"): "dropped",
        ("invoiced", "propose_account"): "invoiced",
        ("invoiced", "decide_account"): "invoiced",
        ("invoiced", "make_payout"): "paying",
        ("paying", "paid"): "paid",
        ("paying", "failed"): "invoiced",
        ("paid", "send_back"): "invoiced",
    },
    "payout": {("made", "paid"): "paid", ("made", "failed"): "failed", ("paid", "send_back"): "returned"},  # §3.5.4
    "list_import": {  # §2.1.1, §2.3.1
        ("waiting", "parse"): "parsed",
        ("waiting", "fail"): "failed",
        ("parsed", "apply"): "applying",
        ("applying", "finish"): "applied",
    },
    "violation": {("standing", "lift"): "lifted"},  # §2.1.3
}
# §4.1.3: what runs on when a qualification is withdrawn, and of which the agency must hear
RUNNING_ORDERS = frozenset({"placed", "accepted", "delivered"})
# What decides a thing: a second decision is told apart from a step at the wrong time.
DECISIONS = {
    "enterprise": {"approve", "return", "reject"},
    "agency": {"pre_review.approve", "pre_review.return", "pre_review.reject", "approve", "return", "reject"},
    "change": {"keep", "return", "disqualify", "remove"},
    "settlement": {"pre_review"},
    "line": {"pass", "reduce", "return", "reject", "approve"},
    "round": {"approve", "reject"},
    "objection": {"uphold", "reject"},
}
UNDECIDED = {"draft", "returned", "submitted"}


def allows(thing: str, state: str, action: str) -> bool:
    """True if the state machine has such a step."""
    return (state, action) in LIFECYCLES[thing]


def next_state(thing: str, state: str, action: str) -> str:
    """The state that `action` leads to. Raises ALREADY_REVIEWED or WRONG_STATE (409) with the state it is in."""
    following = LIFECYCLES[thing].get((state, action))
    if following is None:
        reviewed = action in DECISIONS.get(thing, ()) and state not in UNDECIDED
        raise Refused(Refusal.ALREADY_REVIEWED if reviewed else Refusal.WRONG_STATE, state=state)
    return following
