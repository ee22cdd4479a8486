"""Batches: drafted by the operator, released and closed by the bureau, shown to everybody (§1.4a, §2.3.3)."""

from typing import get_args

from voucher.edge import clock, metrics
from voucher.edge.api import Api
from voucher.edge.batches import BatchDraft, batch_now, get_published, in_public, open_year, reply_batches
from voucher.edge.bodies import Nothing, Versioned
from voucher.edge.creation import key_write
from voucher.edge.identity import require
from voucher.edge.pages import ListOf, OfDays
from voucher.edge.replies import Answer, reply
from voucher.models.batches import Batch, BatchNow, PublicBatch, PublicState
from voucher.models.pools import even_shares
from voucher.models.programmes import Programme
from voucher.refusals import Refusal, Refused
from voucher.rules.batches import check_draft, check_publishing, check_release, closed_batch, new_batch
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_step, check_version, stepped
from voucher.store import batches, keys, programmes
from voucher.store.engine import pools

app = Api()


class Batches(OfDays):
    state: PublicState | None = None


@app.post("/programmes/<year>/batches")
def draft_batch(year: str) -> Answer[BatchNow]:
    """§1.4a: the operator drafts a release of vouchers within what the year has left."""
    require(app.caller, "platform")
    body = app.body(BatchDraft)
    batch_id = f"{app.year(year)}.{app.new_id('b').removeprefix('b_')[:12]}"
    if existing := batches.find(batch_id):  # before the rules, because what was drafted once may not fit any more
        return _replayed(existing)
    programme = open_year(programmes.get(app.year(year)))
    batch = new_batch(batch_id, programme, body.model_dump(), app.creation("draft"))
    check_draft(batch, programme)
    if not batches.commit_draft(batch, key_write(app)):
        return _replayed(batches.get(batch_id))
    return reply(batch_now(batch, batch.created_at), 201)


def _replayed(existing: Batch) -> Answer[BatchNow]:
    app.check_same(existing.request_sha256)
    return reply(batch_now(existing, clock.now()), 200, replay=True)


@app.post("/batches/<batch_id>/publish")
def publish_batch(batch_id: str) -> Answer[BatchNow]:
    """§1.4a: the bureau releases the money, and decides so on its audience and extra quota. The condition of the write
    keeps it within the year's total."""
    require(app.caller, "bureau")
    body = app.body(Versioned)
    programme = programmes.get(keys.batch_year(batch_id))
    old = batches.get(batch_id)  # read last: see Api.handle
    now = clock.now()
    if app.is_repeat(old, "publish"):
        return reply(batch_now(old, now), replay=True)
    new = stepped(old, "publish", app.mark, published_by=app.caller.sub)
    check_version(old, body.version)
    check_four_eyes(app.caller.sub, "publish_batch", old)
    check_publishing(programme, old, now)
    shares_fen = even_shares(old.amount_fen, old.shards, old.guess_fen)
    if old.kind == "rerelease":
        _publish_again(old, new, programme, shares_fen)
    else:
        check_release(programme, old.amount_fen)
        batches.commit_publication(old, new, programme, shares_fen, app.mark)
    return reply(batch_now(new, now))


def _publish_again(old: Batch, new: Batch, programme: Programme, shares_fen: list[int]) -> None:
    """§2.3.3: only what lapsed this year can be released again. Raises OVER_PROGRAMME_TOTAL."""
    try:
        batches.commit_rerelease(old, new, programme, shares_fen, app.mark)
    except pools.Exhausted as no:
        if batches.load(old.batch_id).version != old.version:  # the same call, sent twice, took the surplus
            raise Refused(Refusal.CHANGED_MEANWHILE) from None
        raise Refused(Refusal.OVER_PROGRAMME_TOTAL, clause="§2.3.3", left_fen=no.room_fen) from None


@app.post("/batches/<batch_id>/close")
def close_batch(batch_id: str) -> Answer[BatchNow]:
    """§1.4a: the bureau ends a batch; what nobody claimed becomes surplus.

    In two steps, so that it works during a rush, too: first the batch grants nothing any more, then what is left is
    counted. A call that broke off between them is simply repeated.
    """
    require(app.caller, "bureau")
    app.body(Nothing)
    old, now = batches.get(batch_id), clock.now()
    if app.is_repeat(old, "close"):
        return reply(batch_now(old, now), replay=True)
    check_step(old, "close")
    shards = batches.commit_stop(old)
    new = closed_batch(old, shards, app.mark)
    batches.commit_close(old, new, shards, programmes.load(old.year), app.mark)
    return reply(batch_now(new, now))


@app.get("/batches")
def list_batches(query: Batches) -> Answer[ListOf[PublicBatch]]:
    """Batches that are no drafts any more, by the day on which they open."""
    states = {query.state} if query.state else set(get_args(PublicState))
    return reply_batches(query.selection(), clock.now(), states, in_public)


@app.get("/batches/<batch_id>")
def show_batch(batch_id: str) -> Answer[PublicBatch]:
    """One published batch, with what it has left."""
    shown = in_public(get_published(batch_id), clock.now())
    if shown["state"] == "open":
        metrics.count("RoomLeftFen", shown["remaining_fen"], batch=batch_id)
    return reply(shown)


handler = app.handle
