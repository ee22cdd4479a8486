"""Batches: drafted by the operator, released and closed by the bureau, shown to everybody (§1.4a, §2.3.3)."""

from datetime import datetime
from typing import Any, Literal

from aws_lambda_powertools.event_handler import Response

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing
from voucher.edge.fields import Day, Moment, Name, PositiveFen
from voucher.edge.identity import require
from voucher.edge.replies import reply
from voucher.models.base import Request
from voucher.models.batches import Batch
from voucher.models.pools import batch_pool, even_shares
from voucher.models.programmes import Programme
from voucher.policy import Category
from voucher.refusals import Refusal, Refused
from voucher.rules import lifecycle
from voucher.rules.batches import (
    check_batch_dates,
    check_publishing,
    check_release,
    shards_for,
    shown_state,
    voucher_end,
)
from voucher.rules.four_eyes import check_four_eyes
from voucher.store import batches, keys, programmes
from voucher.store.engine import pools

app = Api()


class BatchDraft(Request):
    name: Name
    amount_fen: PositiveFen
    opens_at: Moment
    closes_at: Moment
    valid_until: Day
    categories: list[Category] = []
    partial_allowed: bool = False
    kind: Literal["regular", "rerelease"] = "regular"


@app.post("/programmes/<year>/batches")
def draft_batch(year: str) -> Response[str]:
    """§1.4a: the operator drafts a release of vouchers within what the year has left."""
    require(app.caller, "platform")
    body = app.body(BatchDraft)
    batch_id = f"{app.year(year)}.{app.new_id('b').removeprefix('b_')[:12]}"
    if existing := batches.find(batch_id):  # before the rules: what was drafted once may not fit any more
        return _replayed(existing)
    programme = programmes.get(app.year(year))
    if programme.state != "open":
        raise Refused(Refusal.WRONG_STATE, of=programme)
    policy = programme.policy
    check_batch_dates(body.opens_at, body.closes_at, body.valid_until, policy, programme.year)
    if body.kind == "regular":
        check_release(programme, body.amount_fen)
    batch = Batch(
        **body.model_dump(),
        batch_id=batch_id,
        year=programme.year,
        ends_at=voucher_end(body.valid_until, policy, programme.year),
        shards=shards_for(body.amount_fen, policy),
        grants_from=policy.grants_from,
        grants_until=policy.grants_until,
        guess_fen=policy.quota_default_fen,
        rerelease_excludes_lapsed=policy.rerelease_excludes_lapsed,
        state="draft",
        created_at=clock.now(),
        created_by=app.caller.sub,
        request_sha256=app.request_sha256,
        **app.step("draft"),
    )
    if not batches.commit_draft(batch):
        return _replayed(batches.get(batch_id))
    return reply(_shown(batch, batch.created_at), 201)


def _replayed(existing: Batch) -> Response[str]:
    app.check_same(existing.request_sha256)
    return reply(_shown(existing, clock.now()), 200, replay=True)


@app.post("/batches/<batch_id>/publish")
def publish_batch(batch_id: str) -> Response[str]:
    """§1.4a: the bureau releases the money; never past the total, by the condition of the write."""
    require(app.caller, "bureau")
    app.body(Nothing)
    # before the batch: else a twin of this very call, coming between, would look like a year without money
    programme = programmes.get(keys.batch_year(batch_id))
    old, now = batches.get(batch_id), clock.now()
    if app.is_repeat(old, "publish"):
        return reply(_shown(old, now), replay=True)
    state = lifecycle.next_state("batch", old.state, "publish")
    check_four_eyes(app.caller.sub, "§1.4a", old.created_by)
    check_publishing(programme, old, now)
    new = old.next_version(state=state, published_by=app.caller.sub, **app.step("publish"))
    shares_fen = even_shares(old.amount_fen, old.shards, old.guess_fen)
    if old.kind == "rerelease":
        _publish_again(old, new, programme, shares_fen)
    else:
        check_release(programme, old.amount_fen)
        batches.commit_publication(old, new, programme, shares_fen, app.mark)
    return reply(_shown(new, now))


def _publish_again(old: Batch, new: Batch, programme: Programme, shares_fen: list[int]) -> None:
    """§2.3.3: only what lapsed this year can be released again."""
    try:
        batches.commit_rerelease(old, new, programme, shares_fen, app.mark)
    except pools.Exhausted as no:
        if batches.get(old.batch_id).version != old.version:  # a twin of this very call took it
            raise Refused(Refusal.CHANGED_MEANWHILE) from None
        raise Refused(Refusal.OVER_PROGRAMME_TOTAL, clause="§2.3.3", left_fen=no.room_fen) from None


@app.post("/batches/<batch_id>/close")
def close_batch(batch_id: str) -> Response[str]:
    """§1.4a: the bureau ends a batch; what nobody claimed becomes surplus.

    In two steps, so that no rush holds it up: first nothing is granted any more, then what is left is counted. A call
    that broke off between them is simply repeated.
    """
    require(app.caller, "bureau")
    app.body(Nothing)
    old, now = batches.get(batch_id), clock.now()
    if app.is_repeat(old, "close"):
        return reply(_shown(old, now), replay=True)
    state = lifecycle.next_state("batch", old.state, "close")
    shards = batches.commit_stop(old)
    left_fen = sum(shard.remaining_fen for shard in shards)
    new = old.next_version(state=state, surplus_fen=left_fen, **app.step("close"))
    batches.commit_close(old, new, shards, programmes.get(old.year), app.mark)
    return reply(_shown(new, now))


@app.get("/batches")
def list_batches() -> Response[str]:
    """Published batches, the latest opening first."""
    found, next_cursor = batches.list_page(app.limit, app.query("cursor"))
    now = clock.now()
    return reply({"items": [_shown(batch, now) for batch in found], "next_cursor": next_cursor})


@app.get("/batches/<batch_id>")
def show_batch(batch_id: str) -> Response[str]:
    """One batch, with what it has left."""
    return reply(_shown(batches.get(batch_id), clock.now()))


def _shown(batch: Batch, now: datetime) -> dict[str, Any]:
    left_fen, stopped = batch.amount_fen, False
    if batch.state != "draft":
        pool = pools.read_approximate_total(batch_pool(batch.batch_id), batch.shards)
        left_fen, stopped = pool.remaining_fen, not pool.open
    state = shown_state(batch, now, left_fen, stopped)
    return batch.public() | {"state": state, "remaining_fen": left_fen, "remaining_is_approximate": True}


handler = app.handle
