"""Violations: the bureau records and lifts them; they reach the next grab and the orders they name at once (§2.1.3,
§5.2b)."""

from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import Field

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import WithReason
from voucher.edge.codes import CreditCode
from voucher.edge.creation import key_write
from voucher.edge.fields import Identifier, Text
from voucher.edge.holds import payout_writes
from voucher.edge.identity import require
from voucher.edge.pages import ListOf, Search, reply_list
from voucher.edge.replies import Answer, reply
from voucher.models.base import Request
from voucher.models.standing import Standing
from voucher.models.violations import Violation, ViolationState
from voucher.refusals import Refusal, Refused, not_found
from voucher.rules.entitlements import next_entitlements, years_in_step
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.holds import check_orders_of, held_order, released_order, with_release
from voucher.rules.lifecycle import allows, stepped
from voucher.rules.standing import with_violation, without_violation
from voucher.store import orders, organisations, standing, violations
from voucher.store.engine.table import Write, commit_if_unchanged

app = Api()
COMMIT_TRIES = 5


class Breach(Request):
    uscc: CreditCode
    facts: Text
    order_ids: Annotated[list[Identifier], Field(max_length=100)] = []


@app.post("/violations")
def record() -> Answer[Violation]:
    """§2.1.3, §5.2b: a breach counts by credit code until it is lifted, also if the enterprise registers only later.
    The orders that it names are held, with their payouts under way, until it is lifted or the order released."""
    require(app.caller, "bureau")
    violation_id = app.new_id("v")
    body = app.body(Breach)
    named = tuple(dict.fromkeys(body.order_ids))
    violation = Violation(
        uscc=body.uscc,
        facts=body.facts,
        order_ids=named,
        violation_id=violation_id,
        state="standing",
        **app.creation("record"),
    )
    if (existing := violations.find(violation_id)) is not None:
        app.check_same(existing.request_sha256)
        return reply(existing, replay=True)
    made, mark = (violations.new_write(violation), key_write(app)), app.mark

    def writes() -> list[Write]:
        found = orders.find_many(named)
        check_orders_of(body.uscc, named, found)
        running = [each for each in found if allows("order", each.state, "hold")]
        held = [held_order(each, violation_id, mark) for each in running]
        return [*made, *map(orders.step_write, running, held), *payout_writes(held, mark)]

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
    lifted, mark = violations.lift_write(old, new, app.caller.sub), app.mark

    def writes() -> list[Write]:
        named = [each for each in orders.find_many(old.held_order_ids) if violation_id in each.held_by_violation]
        held = [each for each in named if allows("order", each.state, "release")]
        released = [released_order(each, violation_id, mark) for each in held]
        return [lifted, *map(orders.step_write, held, released), *payout_writes(released, mark)]

    commit_in_step("lift_violation", old, writes, lambda before: without_violation(before, violation_id))
    return reply(new)


@app.post("/violations/<violation_id>/orders/<order_id>/release")
def release(violation_id: str, order_id: str) -> Answer[Violation]:
    """§5.2b: the bureau lets one order go on although the violation that named it stands, by somebody else than who
    recorded it."""
    require(app.caller, "bureau")
    body = app.body(WithReason)
    old, order = violations.get(violation_id), orders.find(order_id)
    if order is None or order_id not in old.order_ids:
        raise not_found("order")
    if app.is_repeat(old, "release"):
        return reply(old, replay=True)
    new = with_release(old, order_id, body.reason, app.mark)
    check_four_eyes(app.caller.sub, "release_order", old, order, *organisations.list_parties([order]))
    released = released_order(order, violation_id, app.mark)
    violations.commit_release(old, new, order, released, app.caller.sub, *payout_writes([released], app.mark))
    return reply(new)


def commit_in_step(
    step: str, violation: Violation, writes: Callable[[], Sequence[Write]], change: Callable[[Standing], Standing]
) -> None:
    """The violation, with what belongs to it, the standing and every entitlement that they touch, in one transaction.
    `writes` are made anew at each try, because the orders among them may have moved.

    Raises FOUR_EYES for a member of what is registered under the code and for the lifting by who recorded it,
    CHANGED_MEANWHILE if others changed the same facts at each try.
    """
    today, sub = clock.today(), app.caller.sub
    for _ in range(COMMIT_TRIES):
        facts = standing.read_facts(violation.uscc, years_in_step(today))
        check_four_eyes(sub, step, violation, facts.enterprise, organisations.find_agency(violation.uscc))
        after = change(facts.standing)
        following = next_entitlements(facts.enterprise, after, facts.entitlements, facts.programmes, today)
        if commit_if_unchanged([*writes(), *standing.decided_writes(facts, after, following, step, sub)]):
            return
    raise Refused(Refusal.CHANGED_MEANWHILE)


@app.get("/violations")
def list_violations(query: Search[ViolationState]) -> Answer[ListOf[Violation]]:
    """Violations, for staff; `q` looks into code and facts."""
    require(app.caller, "bureau", "finance", "platform", "discipline")
    page = violations.list_page(query.selection(), query.finds("uscc", "facts"))
    return reply_list(page, Violation.model_validate)


handler = app.handle
