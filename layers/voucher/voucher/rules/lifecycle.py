"""Whether a step may be taken, and the record after it: `lifecycles.py` says which steps there are.

Handlers take a step with `stepped`, and never name a state.
"""

from typing import Any

from voucher.lifecycles import FORMER, LIFECYCLES, SAME
from voucher.models.base import Mark, Remembering, Stateful
from voucher.models.letters import Letter
from voucher.refusals import FieldError, Refusal, Refused

# What decides a thing: a second decision is told apart from a step at the wrong time.
DECISIONS = {
    "enterprise": {"approve", "return", "reject"},
    "agency": {"pre_review.approve", "pre_review.return", "pre_review.reject", "approve", "return", "reject"},
    "change": {"keep", "adopt", "return", "disqualify", "remove"},
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


def check_version(record: Stateful | Letter, seen: int | None) -> None:
    """Raise CHANGED_MEANWHILE with the version as it is now, unless it is the one that the caller looked at; None says
    that the caller does not mind."""
    if seen not in (None, record.version):
        words = f"您看到的是第 {seen} 版，现在是第 {record.version} 版，请刷新后核对。"
        error = FieldError("version", words, "changed", allowed=(str(record.version),))
        raise Refused(Refusal.CHANGED_MEANWHILE, errors=[error])


def forgetting[R: Remembering](record: R, *actions: str) -> R:
    """The record as if these steps were never taken: whoever takes one again in the same words repeats nothing."""
    steps = {name: step for name, step in record.steps.items() if name not in actions}
    return record.model_copy(update={"steps": steps})


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
    step = {"last_action": action, "last_by": mark.by, "last_role": mark.role, "last_sha256": mark.sha256}
    return record.next_version(**step, updated_at=mark.at, **changes)
