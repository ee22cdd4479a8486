"""Who must act next on a record, and by when: thing → in which states, and when else, whose work it is.

A record says it in each write (`task_key` of the index by_task), so a list of work is never behind what it is about. A
record is at most one task at a time. What nobody must do, only may, is no task. `actions.py` has the steps themselves.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

TaskKind = Literal[
    "review_enterprise",
    "correct_enterprise",
    "pre_review_agency",
    "approve_agency",
    "correct_agency",
    "decide_disqualification",
    "decide_removal",
    "state_position",
    "review_claim",
    "decide_claim",
    "review_change",
    "review_complaint",
    "answer_complaint",
    "decide_complaint",
    "publish_product",
    "apply_list",
    "confirm_programme",
    "confirm_total",
    "publish_batch",
    "review_cancellation",
    "answer_cancellation",
    "answer_order",
    "enter_contract",
    "acknowledge_contract",
    "deliver",
    "confirm_delivery",
    "decide_order",
    "apply_for_settlement",
    "complete_settlement",
    "pre_review_settlement",
    "decide_subsidy",
    "correct_line",
    "gather_line",
    "approve_round",
    "publish_notice",
    "close_notice",
    "resolve_objection",
    "hand_in_invoice",
    "decide_account",
    "name_account",
    "make_payout",
    "record_payment",
    "claim_back",
    "pay_back",
    "review_activity",
    "correct_activity",
    "carry_out_check",
    "countersign_check",
    "rectify",
    "follow_up_check",
    "decide_check",
    "sign_inspection",
    "receive_yearly_file",
    "inspect_jointly",
]
Facts = Mapping[str, Any]

# the text names no term for what staff decides; a policy value does
REVIEW_TERM = "review_working_days"
LISHUI = timedelta(hours=8)


@dataclass(frozen=True)
class Task:
    """Work on a record in one of `states`, while `when` holds for it. `audience` is a staff role, or the party of the
    record: `enterprise` or `agency`. Its last day is the one that the record tells in `told`, else by `term`, the name
    of the policy's value in working days; None if nothing hastens."""

    kind: TaskKind
    states: str
    audience: str
    term: str | None = REVIEW_TERM
    told: str = ""
    when: Callable[[Facts], object] = bool

    def is_of(self, facts: Facts) -> bool:
        """True if a record with these facts is this task."""
        return facts.get("state") in self.states.split() and bool(self.when(facts))

    def told_day(self, facts: Facts) -> str | None:
        """The last day that the record itself tells."""
        told: Any = facts
        for name in self.told.split("."):
            told = (told or {}).get(name)
        return told or None

    def party(self, facts: Facts) -> str:
        """Whose list it stands on: a role, or a party with its credit code."""
        if self.audience not in ("enterprise", "agency"):
            return self.audience
        return party_key(self.audience, facts.get(f"{self.audience}_uscc") or facts["uscc"])


# a place in the index by_due: tasks whose record tells their last day, and those of a term since a day
BY_TOLD_DAY, BY_FIRST_DAY = "TOLD", "SINCE"


def party_key(kind: str, uscc: str) -> str:
    """The name of an organisation's list of work."""
    return f"{kind}:{uscc}"


def _has(name: str) -> Callable[[Facts], object]:
    return lambda facts: facts.get(name)


def _lacks(name: str) -> Callable[[Facts], object]:
    return lambda facts: not facts.get(name)


def _proposed_by(party: str) -> Callable[[Facts], object]:
    return lambda order: (order.get("proposed_contract") or {}).get("party") == party


def _may_be_cancelled(order: Facts) -> object:
    return order.get("enterprise_cancel") and (order.get("agency_cancel") or order["state"] == "placed")


def _is_held_and_unclaimed(order: Facts) -> object:
    # §5.2b: paid although a violation names it, or its item was paid for before; what is claimed back is the bureau's
    # own decision
    is_same_item = [each["decision"] for each in order.get("subsidy_decisions") or ()][-1:] == ["same"]
    return (order.get("held_by_violation") or is_same_item) and not order.get("recovered_fen")


def _is_joint(inspected: Facts) -> object:
    return inspected["kind"] == "joint"


def _is_not_joint(inspected: Facts) -> object:
    return not _is_joint(inspected)


# §5.1.3: the joint inspection is not the operator's
_INSPECTORS: tuple[tuple[str, Callable[[Facts], object]], ...] = (("platform", _is_not_joint), ("bureau", _is_joint))

_CANCELLABLE = "placed accepted delivered completed settling"


def _is_sanction_pending(organisation: Facts) -> object:
    sanction = organisation.get("sanction") or {}
    return sanction and not sanction.get("decision")


def _may_state_its_position(organisation: Facts) -> object:
    return _is_sanction_pending(organisation) and not organisation["sanction"].get("statement")


_SANCTIONABLE = "approved submitted returned rejected"

# What an organisation may answer while its record is somebody else's work; read from the record, not from the index.
ASIDE = {
    "enterprise": Task(
        "state_position", _SANCTIONABLE, "enterprise", None, "sanction.answer_by", _may_state_its_position
    ),
    "agency": Task("state_position", "removal_proposed", "agency", None, "sanction.answer_by", _may_state_its_position),
}

# §5.1.3: what bureau and finance owe a year as long as no joint inspection of it is signed; read from the years
OF_A_YEAR = {role: Task("inspect_jointly", "open closed", role, term=None) for role in ("bureau", "finance")}

# of several that fit, the first one counts
TASKS: dict[str, tuple[Task, ...]] = {
    "enterprise": (
        # before its review, which would be in vain
        Task("decide_disqualification", _SANCTIONABLE, "bureau", None, "sanction.decide_by", _is_sanction_pending),
        Task("review_enterprise", "submitted", "platform"),
        Task("correct_enterprise", "returned", "enterprise", term=None),
    ),
    "agency": (
        Task("pre_review_agency", "submitted", "platform"),
        Task("approve_agency", "pre_reviewed", "bureau"),
        Task("correct_agency", "returned", "agency", term=None),
        Task("decide_removal", "removal_proposed", "bureau", told="sanction.decide_by"),
    ),
    "claim": (
        Task("review_claim", "submitted", "platform"),
        Task("decide_claim", "forwarded", "bureau", None, "decide_by"),
    ),
    "change": (Task("review_change", "reported", "platform"),),
    "complaint": (
        Task("review_complaint", "received", "platform", None, "accept_by"),
        Task("answer_complaint", "accepted", "platform", None, "answer_by"),
        Task("decide_complaint", "escalated", "bureau", None, "decide_by"),
    ),
    "product": (
        Task("publish_product", "draft", "platform"),
        Task("publish_product", "published", "platform", when=_has("revision")),
    ),
    "list_import": (Task("apply_list", "parsed", "bureau", term=None),),
    "programme": (
        Task("confirm_programme", "draft", "finance"),
        Task("confirm_total", "open", "finance", when=_has("pending")),
    ),
    "batch": (Task("publish_batch", "draft", "bureau"),),
    "order": (
        Task("review_cancellation", _CANCELLABLE, "platform", when=_may_be_cancelled),
        Task(
            "answer_cancellation",
            _CANCELLABLE,
            "agency",
            None,
            "enterprise_cancel.answer_by",
            _has("enterprise_cancel"),
        ),
        Task("answer_cancellation", _CANCELLABLE, "enterprise", None, "agency_cancel.answer_by", _has("agency_cancel")),
        Task("answer_order", "placed", "agency", None, "answer_by"),
        *(
            Task("acknowledge_contract", "accepted", other, term=None, when=_proposed_by(party))
            for party, other in (("enterprise", "agency"), ("agency", "enterprise"))
        ),
        Task("enter_contract", "accepted", "agency", term=None, when=_lacks("contract_agreed_at")),
        Task("deliver", "accepted", "agency", term=None),
        Task("decide_order", "delivered", "platform", when=_has("dispute")),
        Task("confirm_delivery", "delivered", "enterprise", None, "confirm_by"),
        Task("apply_for_settlement", "completed", "agency", None, "settle_by"),
        Task("claim_back", "paid", "bureau", when=_is_held_and_unclaimed),
    ),
    "settlement": (
        Task("complete_settlement", "draft", "agency", None, "submit_by"),
        Task("pre_review_settlement", "submitted", "platform"),
    ),
    "line": (
        Task(
            "decide_subsidy",
            "draft returned submitted passed gathered approved noticed payable",
            "bureau",
            when=_has("subsidy_open"),
        ),
        Task("correct_line", "returned", "agency", None, "correct_by"),
        Task("gather_line", "passed", "platform", term=None),
    ),
    "round": (
        Task("approve_round", "gathered", "bureau"),
        Task("publish_notice", "approved", "platform"),
    ),
    "notice": (Task("close_notice", "running closing", "bureau", when=_has("ended_at")),),
    "objection": (Task("resolve_objection", "standing", "bureau"),),
    "payable": (
        Task("hand_in_invoice", "awaiting_invoice", "agency", term=None),
        Task("decide_account", "invoiced", "platform", when=_has("change")),
        Task("name_account", "invoiced", "agency", term=None, when=_lacks("account")),
        Task("make_payout", "invoiced", "platform"),
    ),
    "payout": (Task("record_payment", "made", "finance"),),
    "activity": (
        Task("review_activity", "submitted", "platform"),
        Task("correct_activity", "returned", "agency", term=None),
    ),
    "inspection": (Task("sign_inspection", "concluded", "finance", when=_is_joint),),
    "yearly_file": (
        Task("receive_yearly_file", "made", "bureau"),
        Task("receive_yearly_file", "confirmed", "finance"),
    ),
    "check": (
        *(Task("carry_out_check", "drawn", whose, None, "carry_out_by", when) for whose, when in _INSPECTORS),
        *(Task("countersign_check", "reported", whose, when=when) for whose, when in _INSPECTORS),
        Task("rectify", "rectifying", "agency", None, "rectify_by"),
        *(Task("follow_up_check", "answered", whose, when=when) for whose, when in _INSPECTORS),
        Task("decide_check", "referred", "bureau"),
    ),
    "recovery": (Task("pay_back", "demanded part", "agency", None, "due_on"),),
}


def task_of(thing: str, facts: Facts) -> Task | None:
    """The task that a record is, by its thing and fields; None if nobody must act."""
    return next((task for task in TASKS.get(thing, ()) if task.is_of(facts)), None)


def task_key(thing: str, facts: Facts) -> str | None:
    """On whose list of work a record stands."""
    task = task_of(thing, facts)
    return task.party(facts) if task else None


def due_place(thing: str, facts: Facts) -> tuple[str, str] | None:
    """Where a record is found by its day, so that nobody need read all of them to remind of it: the last day that it
    tells, or else the day in Lishui from which its term counts. None where nothing hastens."""
    task = task_of(thing, facts)
    if task is None:
        return None
    if told := task.told_day(facts):
        return BY_TOLD_DAY, told
    since = datetime.fromisoformat(facts.get("updated_at") or facts["created_at"])
    return (BY_FIRST_DAY, (since + LISHUI).date().isoformat()) if task.term else None
