"""Supervision: violations recorded and lifted by the bureau; they reach the next grab at once (§2.1.3, §5.2b)."""

from collections.abc import Callable
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from pydantic import Field

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.fields import Identifier, Text, Uscc
from voucher.edge.identity import require
from voucher.edge.replies import reply
from voucher.models.base import Request
from voucher.models.standing import Standing
from voucher.models.violations import Violation
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules import entitlements, lifecycle
from voucher.rules.credit_code import is_credit_code
from voucher.rules.standing import with_violation, without_violation
from voucher.store import standing, violations
from voucher.store.engine.table import Write, commit_if_unchanged

app = Api()
TRIES = 5


class Breach(Request):
    uscc: Uscc
    facts: Text
    order_ids: Annotated[list[Identifier], Field(max_length=100)] = []


class Why(Request):
    reason: Text


@app.post("/violations")
def record() -> Response[str]:
    """§2.1.3: a breach counts for ever, by credit code, whether or not anybody registered it yet."""
    require(app.caller, "bureau")
    violation_id, body = app.new_id("v"), app.body(Breach)
    if not is_credit_code(body.uscc):
        raise Refused(Refusal.INVALID_USCC, errors=[FieldError("uscc", Refusal.INVALID_USCC.sentence)])
    violation = Violation(
        **body.model_dump(),
        violation_id=violation_id,
        state="standing",
        created_at=clock.now(),
        created_by=app.caller.sub,
        request_sha256=app.request_sha256,
        **app.step("record"),
    )
    if (existing := violations.find(violation_id)) is not None:
        app.check_same(existing.request_sha256)
        return reply(existing, replay=True)
    bring_in_step(body.uscc, violations.new_write(violation), lambda old: with_violation(old, violation_id))
    return reply(violation, 201)


@app.post("/violations/<violation_id>/lift")
def lift(violation_id: str) -> Response[str]:
    """§2.1.3: the bureau lifts a violation, on record."""
    require(app.caller, "bureau")
    body, old = app.body(Why), violations.find(violation_id)
    if old is None:
        raise Refused(Refusal.NOT_FOUND)
    if app.is_repeat(old, "lift"):
        return reply(old, replay=True)
    state = lifecycle.next_state("violation", old.state, "lift")
    new = old.next_version(state=state, lift_reason=body.reason, **app.step("lift"))
    write = violations.step_write(old, new)
    bring_in_step(old.uscc, write, lambda standing_: without_violation(standing_, violation_id))
    return reply(new)


def bring_in_step(uscc: str, write: Write, change: Callable[[Standing], Standing]) -> None:
    """The violation, the standing and every entitlement it touches, in one transaction."""
    today = clock.today()
    for _ in range(TRIES):
        facts = standing.read_facts(uscc, entitlements.years_in_step(today))
        after = change(facts.standing)
        following = entitlements.next_entitlements(facts.enterprise, after, facts.entitlements, facts.programmes, today)
        writes = [
            write,
            standing.standing_write(facts, after),
            standing.enterprise_check(facts),
            *standing.entitlement_writes(facts, following),
        ]
        if commit_if_unchanged(writes):
            return
    raise Refused(Refusal.CHANGED_MEANWHILE)


@app.get("/violations")
def list_violations() -> Response[str]:
    """Violations, the newest first, for staff."""
    require(app.caller, "bureau", "finance", "platform", "discipline")
    page = violations.list_page(app.limit, app.query("cursor"))
    items = [Violation.model_validate(item).public() for item in page.items]
    return reply({"items": items, "next_cursor": page.next_cursor})


handler = app.handle
