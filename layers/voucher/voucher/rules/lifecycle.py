"""Every state machine of the programme, once: thing → action → the states it starts from, and the state it leads to.

    "order": {"accept": ("placed", "accepted"), …}     an order that is placed may be accepted, and then is accepted

What is not written here is forbidden and answers 409. Handlers take a step with `stepped`, and never name a state.
"""

from typing import Any

from voucher.models.base import Mark, Stateful
from voucher.refusals import Refusal, Refused

# the state stays what it is
SAME = "="
# back to the state that the record itself remembers: the caller gives it
FORMER = "<"
Steps = dict[str, tuple[str, str]]

LIFECYCLES: dict[str, Steps] = {
    "enterprise": {  # §4.1
        "edit": ("draft returned rejected", SAME),
        "submit": ("draft returned rejected", "submitted"),
        "approve": ("submitted", "approved"),
        "return": ("submitted", "returned"),
        "reject": ("submitted", "rejected"),
        # beside approved, these are for one that was approved before, and reopened
        "report_change": ("approved submitted returned rejected", SAME),
        "reopen": ("approved submitted returned rejected", "returned"),
        "disqualify": ("approved submitted returned rejected", "disqualified"),
    },
    "change": {  # §3.2.3, §4.1.3
        "keep": ("reported", "kept"),
        "return": ("reported", "returned"),
        "disqualify": ("reported", "disqualified"),
        "remove": ("reported", "removal_proposed"),
    },
    "agency": {  # §3.2, §3.4.1
        "add_document": ("draft returned active rejected", SAME),
        "edit": ("draft returned rejected", SAME),
        "submit": ("draft returned rejected", "submitted"),
        "pre_review.approve": ("submitted", "pre_reviewed"),
        "pre_review.return": ("submitted", "returned"),
        "pre_review.reject": ("submitted", "rejected"),
        "approve": ("pre_reviewed", "active"),
        "return": ("pre_reviewed", "returned"),
        "reject": ("pre_reviewed", "rejected"),
        # beside active, these are for one that was approved before, on its way to the next approval
        "report_change": ("active submitted pre_reviewed returned rejected", SAME),
        "reopen": ("active submitted pre_reviewed returned rejected", "returned"),
        "renew": ("active returned rejected", "submitted"),
        "propose_removal": ("active submitted pre_reviewed returned rejected", "removal_proposed"),
        "approve_removal": ("removal_proposed", "removed"),
        "reject_removal": ("removal_proposed", FORMER),
    },
    "product": {  # §3.3
        "edit": ("draft published withdrawn", SAME),
        "publish": ("draft published withdrawn", "published"),
        "withdraw": ("draft published", "withdrawn"),
    },
    "programme": {  # §1.3, §1.4b
        "edit": ("draft", SAME),
        "confirm": ("draft", "open"),
        "propose_total": ("open", SAME),
        "confirm_total": ("open", SAME),
        "close_year": ("open", "closed"),
    },
    "batch": {  # §1.4a
        "publish": ("draft", "published"),
        "close": ("published", "closed"),
    },
    "order": {  # §4.2.1, §3.5.1
        "accept": ("placed", "accepted"),
        "refuse": ("placed", "refused"),
        "contract": ("placed accepted", SAME),
        "deliver": ("accepted", "delivered"),
        "confirm": ("delivered", "completed"),
        "request_cancel": ("placed accepted delivered completed settling", SAME),
        "cancel": ("placed accepted delivered completed settling", "cancelled"),
        "expire": ("placed accepted", "cancelled"),
        "rate": ("completed settling payable paid", SAME),
        "settle": ("completed", "settling"),
        "reduce": ("settling", SAME),
        "unsettle": ("settling", "completed"),
        "approve": ("settling", "payable"),
        "take_back": ("payable", "completed"),
        "pay": ("payable", "paid"),
        "send_back": ("paid", "payable"),
        "recover": ("paid", SAME),
        "withdraw_recovery": ("paid", SAME),
    },
    "settlement": {  # §3.5.1, §3.5.2
        "submit": ("draft submitted reviewed", "submitted"),
        "pre_review": ("submitted", "reviewed"),
        "withdraw": ("draft submitted reviewed", "withdrawn"),
    },
    "line": {  # §3.5.2, §3.5.3; the agency withdraws, from a round on the operator takes out
        "edit": ("draft returned", SAME),
        "submit": ("draft returned", "submitted"),
        "withdraw": ("draft returned submitted passed", "withdrawn"),
        # §5.2b: what is payable, as long as it is not on its way to the bank
        "take_out": ("gathered approved noticed payable", "withdrawn"),
        "pass": ("submitted", "passed"),
        "return": ("submitted gathered", "returned"),
        "reject": ("submitted gathered", "rejected"),
        "gather": ("passed", "gathered"),
        "approve": ("gathered", "approved"),
        "publish": ("approved", "noticed"),
        "close": ("noticed", "payable"),
        "uphold": ("noticed", "returned"),
        "release": ("noticed", "passed"),
    },
    "round": {  # §3.5.2, §3.5.3
        "approve": ("gathered", "approved"),
        "reject": ("gathered", "rejected"),
        "empty": ("gathered approved", "rejected"),  # its last line was taken out
        "notice": ("approved", "noticed"),
        "close": ("noticed", "closed"),
    },
    "notice": {  # §3.5.3; while it is being closed nobody objects any more
        "announce_end": ("running", SAME),
        "begin_close": ("running", "closing"),
        "close": ("closing", "closed"),
    },
    "objection": {  # §3.5.3
        "uphold": ("standing", "upheld"),
        "reject": ("standing", "rejected"),
    },
    "payable": {  # §3.5.4
        "invoice": ("awaiting_invoice", "invoiced"),
        "reduce": ("awaiting_invoice invoiced", "awaiting_invoice"),
        "drop": ("awaiting_invoice invoiced", "dropped"),
        "propose_account": ("invoiced", SAME),
        "decide_account": ("invoiced", SAME),
        "make_payout": ("invoiced", "paying"),
        "paid": ("paying", "paid"),
        "failed": ("paying", "invoiced"),
        "send_back": ("paid", "invoiced"),
    },
    "payout": {  # §3.5.4
        "paid": ("made", "paid"),
        "failed": ("made", "failed"),
        "send_back": ("paid", "returned"),
    },
    "list_import": {  # §2.1.1, §2.3.1
        "parse": ("waiting", "parsed"),
        "fail": ("waiting", "failed"),
        "apply": ("parsed", "applying"),
        "finish": ("applying", "applied"),
    },
    "violation": {  # §2.1.3
        "lift": ("standing", "lifted"),
    },
}

# What decides a thing: a second decision is told apart from a step at the wrong time.
DECISIONS = {
    "enterprise": {"approve", "return", "reject"},
    "agency": {"pre_review.approve", "pre_review.return", "pre_review.reject", "approve", "return", "reject"},
    "change": {"keep", "return", "disqualify", "remove"},
    "settlement": {"pre_review"},
    "line": {"pass", "return", "reject", "approve"},
    "round": {"approve", "reject"},
    "objection": {"uphold", "reject"},
}
UNDECIDED = {"draft", "returned", "submitted"}


def allows(thing: str, state: str, action: str) -> bool:
    """True if the state machine has such a step."""
    before, _ = LIFECYCLES[thing][action]
    return state in before.split()


def check_step(record: Stateful, action: str) -> None:
    """Raise ALREADY_REVIEWED or WRONG_STATE (409) with the state it is in, unless `action` may happen to it now."""
    if not allows(record.thing, record.state, action):
        reviewed = action in DECISIONS.get(record.thing, ()) and record.state not in UNDECIDED
        raise Refused(Refusal.ALREADY_REVIEWED if reviewed else Refusal.WRONG_STATE, of=record)


def stepped[R: Stateful](
    record: R, action: str, mark: Mark, *, remembered_as: str | None = None, former: str | None = None, **changes: Any
) -> R:
    """The record after `action`, with `changes`. Raises ALREADY_REVIEWED or WRONG_STATE (409).

    `remembered_as` names the step for its repetition where a request says another word than the state machine;
    `former` is the state that a FORMER step leads back to.
    """
    check_step(record, action)
    _, after = LIFECYCLES[record.thing][action]
    state = {SAME: record.state, FORMER: former}.get(after, after)
    return remembered(record, remembered_as or action, mark, state=state, **changes)


def remembered[R: Stateful](record: R, action: str, mark: Mark, **changes: Any) -> R:
    """The record with `changes`, and with the step that made them, so that its repetition is known again."""
    step = {"last_action": action, "last_by": mark.by, "last_sha256": mark.sha256, "updated_at": mark.at}
    return record.next_version(**step, **changes)
