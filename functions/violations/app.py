"""Violations: the bureau records and lifts them; they reach the next grab at once (§2.1.3, §5.2b)."""

from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import Field

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import WithReason
from voucher.edge.codes import CreditCode
from voucher.edge.creation import key_write
from voucher.edge.fields import Identifier, Text
from voucher.edge.identity import require
from voucher.edge.pages import ListOf, Search, reply_list
from voucher.edge.replies import Answer, reply
from voucher.models.base import Request
from voucher.models.standing import Standing
from voucher.models.violations import Violation, ViolationState
from voucher.refusals import Refusal, Refused
from voucher.rules.entitlements import next_entitlements, years_in_step
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import stepped
from voucher.rules.standing import with_violation, without_violation
from voucher.store import organisations, standing, violations
from voucher.store.engine.table import Write, commit_if_unchanged

app = Api()
COMMIT_TRIES = 5


class Breach(Request):
    uscc: CreditCode
    facts: Text
    order_ids: Annotated[list[Identifier], Field(max_length=100)] = []


@app.post("/violations")
def record() -> Answer[Violation]:
    """§2.1.3: a breach counts by credit code until it is lifted, also if the enterprise registers only later."""
    require(app.caller, "bureau")
    violation_id = app.new_id("v")
    body = app.body(Breach)
    violation = Violation(**body.model_dump(), violation_id=violation_id, state="standing", **app.creation("record"))
    if (existing := violations.find(violation_id)) is not None:
        app.check_same(existing.request_sha256)
        return reply(existing, replay=True)
    writes = violations.new_write(violation), key_write(app)
    commit_in_step("record_violation", violation, writes, lambda old: with_violation(old, violation_id))
    return reply(violation, 201)


@app.post("/violations/<violation_id>/lift")
def lift(violation_id: str) -> Answer[Violation]:
    """§2.1.3: the bureau lifts a violation, on record."""
    require(app.caller, "bureau")
    body = app.body(WithReason)
    old = violations.get(violation_id)
    if app.is_repeat(old, "lift"):
        return reply(old, replay=True)
    new = stepped(old, "lift", app.mark, lift_reason=body.reason)
    writes = (violations.lift_write(old, new, app.caller.sub),)
    commit_in_step("lift_violation", old, writes, lambda before: without_violation(before, violation_id))
    return reply(new)


def commit_in_step(
    step: str, violation: Violation, writes: Sequence[Write], change: Callable[[Standing], Standing]
) -> None:
    """The violation, with what belongs to it, the standing and every entitlement that they touch, in one transaction.

    Raises FOUR_EYES for a member of what is registered under the code and for the lifting by who recorded it,
    CHANGED_MEANWHILE if others changed the same facts at each try.
    """
    today, sub = clock.today(), app.caller.sub
    for _ in range(COMMIT_TRIES):
        facts = standing.read_facts(violation.uscc, years_in_step(today))
        check_four_eyes(sub, step, violation, facts.enterprise, organisations.find_agency(violation.uscc))
        after = change(facts.standing)
        following = next_entitlements(facts.enterprise, after, facts.entitlements, facts.programmes, today)
        if commit_if_unchanged([*writes, *standing.decided_writes(facts, after, following, step, sub)]):
            return
    raise Refused(Refusal.CHANGED_MEANWHILE)


@app.get("/violations")
def list_violations(query: Search[ViolationState]) -> Answer[ListOf[Violation]]:
    """Violations, for staff; `q` looks into code and facts."""
    require(app.caller, "bureau", "finance", "platform", "discipline")
    page = violations.list_page(query.selection(), query.finds("uscc", "facts"))
    return reply_list(page, Violation.model_validate)


handler = app.handle
