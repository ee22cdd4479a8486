"""Programme years: drafted, confirmed and changed by two hands, and shown to everybody (§1.3, §2.2)."""

import json
from datetime import datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response
from pydantic import ValidationError

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import malformed
from voucher.edge.fields import PositiveFen, Text, Year
from voucher.edge.identity import require
from voucher.edge.replies import reply
from voucher.models.base import Request
from voucher.models.pools import (
    SURPLUS_SHARDS,
    batch_pool,
    category_pool,
    even_shares,
    gather,
    surplus_pool,
    yearly_pool,
)
from voucher.models.programmes import PendingTotal, Programme
from voucher.policy import Category, Count, Policy, policy_on
from voucher.refusals import Refusal, Refused
from voucher.rules import lifecycle
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.programmes import check_cut, key_share_basis_points, yearly_limits_fen
from voucher.rules.working_days import shanghai_date
from voucher.store import batches, programmes
from voucher.store.engine import pools

app = Api()


class ProgrammeDraft(Request):
    year: Year
    total_fen: PositiveFen
    policy: dict[str, Any] = {}


class Correction(Request):
    """What replaces the draft; `version` is that of the draft it replaces. Without a policy that stays as it is."""

    version: Count
    total_fen: PositiveFen
    policy: dict[str, Any] | None = None


class Confirmation(Request):
    """Whoever names the `version` of the draft that was seen confirms no other."""

    version: Count | None = None


class ConfirmedTotal(Request):
    total_fen: PositiveFen | None = None


class NewTotal(Request):
    total_fen: PositiveFen
    reason: Text


@app.post("/programmes")
def draft_programme() -> Response[str]:
    """§1.3: the bureau drafts a year's total, with the policy values that differ from the edition's."""
    require(app.caller, "bureau")
    body = app.body(ProgrammeDraft)
    now = clock.now()
    programme = Programme(
        year=body.year,
        total_fen=body.total_fen,
        policy=_policy(body.policy, now),
        state="draft",
        created_at=now,
        created_by=app.caller.sub,
        **app.step("draft"),
    )
    try:
        programmes.commit_draft(programme)
    except Refused as no:
        existing = programmes.find(body.year)
        if no.refusal is not Refusal.ALREADY_EXISTS or existing is None or not app.is_repeat(existing, "draft"):
            raise
        return reply(existing, 200, replay=True)
    return reply(programme, 201)


def _policy(values: dict[str, Any], now: datetime) -> Policy:
    """Today's edition with some values of its own. Raises MALFORMED."""
    edition = policy_on(shanghai_date(now))
    try:
        # as JSON: only there is strict without guessing, a date being a text and never a number
        text = json.dumps({**edition.model_dump(mode="json"), **values})
        return Policy.model_validate_json(text, strict=True, extra="forbid")
    except ValidationError as error:
        raise malformed(error, prefix="policy.") from None


@app.patch("/programmes/<year>")
def correct_programme(year: str) -> Response[str]:
    """§1.3: the bureau corrects a draft before finance confirms it; who corrects it is its drafter from then on."""
    require(app.caller, "bureau")
    body, old = app.body(Correction), programmes.get(app.year(year))
    if app.is_repeat(old, "edit"):
        return reply(old, replay=True)
    state = lifecycle.next_state("programme", old.state, "edit")
    if body.version != old.version:
        raise Refused(Refusal.CHANGED_MEANWHILE)
    policy = old.policy if body.policy is None else _policy(body.policy, clock.now())
    drafted = {"total_fen": body.total_fen, "policy": policy, "created_by": app.caller.sub}
    new = old.next_version(state=state, **drafted, **app.step("edit"))
    programmes.commit_step(old, new)
    return reply(new)


@app.post("/programmes/<year>/confirm")
def confirm_programme(year: str) -> Response[str]:
    """§1.3: finance confirms the total; the drafter may not."""
    require(app.caller, "finance")
    body = app.body(Confirmation)
    old = programmes.get(app.year(year))
    if app.is_repeat(old, "confirm"):
        return reply(old, replay=True)
    check_four_eyes(app.caller.sub, "§1.3", old.created_by)
    state = lifecycle.next_state("programme", old.state, "confirm")
    if body.version not in (None, old.version):
        raise Refused(Refusal.CHANGED_MEANWHILE)
    new = old.next_version(
        state=state, unreleased_fen=old.total_fen, confirmed_by=app.caller.sub, **app.step("confirm")
    )
    programmes.commit_confirmation(old, new, _yearly_shares(new), app.mark)
    return reply(new)


def _yearly_shares(programme: Programme) -> dict[str, list[int]]:
    policy, year = programme.policy, programme.year
    shares = {
        yearly_pool(year, category): even_shares(limit_fen, policy.yearly_shards, policy.quota_default_fen)
        for category, limit_fen in yearly_limits_fen(programme.total_fen, policy).items()
    }
    return shares | {surplus_pool(year): [0] * SURPLUS_SHARDS}


@app.post("/programmes/<year>/total")
def propose_total(year: str) -> Response[str]:
    """§1.3: the bureau proposes another total; a cut below what is committed is refused."""
    require(app.caller, "bureau")
    body, old = app.body(NewTotal), programmes.get(app.year(year))
    if app.is_repeat(old, "propose_total"):
        return reply(old, replay=True)
    state = lifecycle.next_state("programme", old.state, "propose_total")
    _changes(old, body.total_fen)
    pending = PendingTotal(total_fen=body.total_fen, reason=body.reason, by=app.caller.sub)
    new = old.next_version(state=state, pending=pending, **app.step("propose_total"))
    programmes.commit_step(old, new)
    return reply(new)


@app.post("/programmes/<year>/total/confirm")
def confirm_total(year: str) -> Response[str]:
    """§1.3: finance confirms the new total; every cap follows at once. The proposer may not.

    Whoever names the total confirms no other, however often the call is repeated; whoever names none confirms what is
    proposed.
    """
    require(app.caller, "finance")
    body = app.body(ConfirmedTotal)
    old = programmes.get(app.year(year))
    asked_for = (None, old.pending.total_fen) if old.pending else ()
    if app.is_repeat(old, "confirm_total") and body.total_fen not in asked_for:
        return reply(old, replay=True)
    state = lifecycle.next_state("programme", old.state, "confirm_total")
    if old.pending is None:
        raise Refused(Refusal.NO_TOTAL_PENDING)
    check_four_eyes(app.caller.sub, "§1.3", old.pending.by)
    if body.total_fen not in (None, old.pending.total_fen):
        raise Refused(Refusal.CHANGED_MEANWHILE)
    total_fen = old.pending.total_fen
    changes_fen = _changes_unless_overtaken(old, total_fen)
    new = old.next_version(
        state=state,
        total_fen=total_fen,
        unreleased_fen=old.unreleased_fen + total_fen - old.total_fen,
        pending=None,
        **app.step("confirm_total"),
    )
    programmes.commit_total(old, new, changes_fen, app.mark)
    return reply(new)


def _changes_unless_overtaken(programme: Programme, total_fen: int) -> dict[str, dict[int, int]]:
    try:
        return _changes(programme, total_fen)
    except Refused:
        if programmes.get(programme.year).version != programme.version:  # a twin of this very call made the cut
            raise Refused(Refusal.CHANGED_MEANWHILE) from None
        raise


def _changes(programme: Programme, total_fen: int) -> dict[str, dict[int, int]]:
    """By how much each shard of each yearly pool changes with the total. Raises TOTAL_BELOW_COMMITTED."""
    check_cut(programme, total_fen)
    policy = programme.policy
    before, after = (yearly_limits_fen(each, policy) for each in (programme.total_fen, total_fen))
    changes = {}
    for category, limit_fen in after.items():
        pool_id, change_fen = yearly_pool(programme.year, category), limit_fen - before[category]
        if change_fen < 0:
            plan = gather(pools.read_shards(pool_id, policy.yearly_shards), -change_fen)
            if plan is None:
                raise Refused(Refusal.TOTAL_BELOW_COMMITTED, clause="§2.2.cap" if category else "§2.2.floor")
            changes[pool_id] = {shard: -fen for shard, fen in plan.items()}
        elif change_fen:
            changes[pool_id] = dict(enumerate(even_shares(change_fen, policy.yearly_shards, 1)))
    return changes


@app.get("/programmes/<year>")
def show_programme(year: str) -> Response[str]:
    """The year's money for everybody: what was released, granted, held, spent, lapsed; caps and the key share."""
    programme = programmes.get(app.year(year))
    return reply(programme.public() | _figures(programme))


def _figures(programme: Programme) -> dict[str, Any]:
    if programme.state == "draft":
        return {}
    year, policy = programme.year, programme.policy
    categories, spent = {}, {}
    for category in Category:
        total = pools.read_approximate_total(category_pool(year, category), policy.yearly_shards)
        spent[category] = total.held_fen + total.payable_fen + total.paid_fen
        categories[category.value] = {
            "cap_fen": total.limit_fen,
            "used_fen": spent[category],
            "room_fen": total.remaining_fen,
            "held_fen": total.held_fen,
            "payable_fen": total.payable_fen,
            "paid_fen": total.paid_fen,
        }
    released = [
        pools.read_approximate_total(batch_pool(batch.batch_id), batch.shards)
        for batch in batches.list_of_year(year)
        if batch.state != "draft"
    ]
    surplus = pools.read_approximate_total(surplus_pool(year), SURPLUS_SHARDS)
    closed_fen = sum(each.closed_fen for each in released)
    key_fen = sum(spent[category] for category in policy.key_categories)
    share = key_share_basis_points(key_fen, sum(spent.values()))
    return {
        "released_fen": sum(each.limit_fen for each in released),
        "granted_fen": sum(each.drawn_fen for each in released),
        "held_fen": sum(each["held_fen"] for each in categories.values()),
        "spent_fen": sum(each["payable_fen"] + each["paid_fen"] for each in categories.values()),
        "lapsed_fen": surplus.limit_fen - closed_fen,
        "surplus_fen": surplus.remaining_fen,
        "categories": categories,
        "key_share_percent": None if share is None else share / 100,
        "key_floor_percent": policy.key_floor_percent,
    }


@app.get("/programmes")
def list_programmes() -> Response[str]:
    """Every programme year, the latest first."""
    return reply({"items": [each.public() for each in programmes.list_all()], "next_cursor": None})


handler = app.handle
