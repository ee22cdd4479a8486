"""Batches drafted by the operator: corrected, and taken back, as long as the bureau has not released them (§1.4a)."""

from typing import Annotated, Any, Literal

from pydantic import Field

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.batches import batch_now
from voucher.edge.bodies import Versioned, partial
from voucher.edge.creation import key_write
from voucher.edge.fields import Day, Fen, Moment, Name, PositiveFen
from voucher.edge.identity import require
from voucher.edge.replies import Answer, reply
from voucher.models.base import Request
from voucher.models.batches import Batch, BatchNow, QuotaList
from voucher.models.programmes import Programme
from voucher.policy import Category, District, SizeClass
from voucher.refusals import Refusal, Refused
from voucher.rules.batches import check_draft, corrected_batch, new_batch
from voucher.rules.lifecycle import check_version, stepped
from voucher.store import batches, programmes

app = Api()


class WantedAudience(Request):
    """Whom the batch is open to, until an instant if there is one, and then to all. What is not named asks for
    nothing."""

    lists: list[QuotaList] = []
    districts: list[District] = []
    size_classes: list[SizeClass] = []
    used_percent: Annotated[int, Field(ge=1, le=100)] | None = None
    until: Moment | None = None


class BatchDraft(Request):
    name: Name
    amount_fen: PositiveFen
    opens_at: Moment
    closes_at: Moment
    valid_until: Day
    categories: list[Category] = []
    partial_allowed: bool = False
    kind: Literal["regular", "rerelease"] = "regular"
    audience: WantedAudience | None = None
    extra_quota_fen: Fen = 0


BatchCorrection = partial(BatchDraft)


@app.post("/programmes/<year>/batches")
def draft_batch(year: str) -> Answer[BatchNow]:
    """§1.4a: the operator drafts a release of vouchers within what the year has left."""
    require(app.caller, "platform")
    body = app.body(BatchDraft)
    batch_id = f"{app.year(year)}.{app.new_id('b').removeprefix('b_')[:12]}"
    if existing := batches.find(batch_id):  # before the rules, because what was drafted once may not fit any more
        return _replayed(existing)
    programme = _open_year(programmes.get(app.year(year)))
    batch = new_batch(batch_id, programme, body.model_dump(), app.creation("draft"))
    check_draft(batch, programme)
    if not batches.commit_draft(batch, key_write(app)):
        return _replayed(batches.get(batch_id))
    return reply(batch_now(batch, batch.created_at), 201)


def _open_year(programme: Programme) -> Programme:
    """§1.3: batches are of a year that finance confirmed, and that is not over. Raises WRONG_STATE."""
    if programme.state != "open":
        raise Refused(Refusal.WRONG_STATE, of=programme)
    return programme


def _replayed(existing: Batch) -> Answer[BatchNow]:
    app.check_same(existing.request_sha256)
    return reply(batch_now(existing, clock.now()), 200, replay=True)


@app.patch("/batches/<batch_id>")
@app.put("/batches/<batch_id>")
def correct_batch(batch_id: str) -> Answer[BatchNow]:
    """§1.4a: the operator corrects a draft that is not released. Whoever corrects it is one of its drafters."""
    require(app.caller, "platform")
    body = app.body(BatchCorrection)
    old, now = batches.get(batch_id), clock.now()
    if app.is_repeat(old, "edit"):
        return reply(batch_now(old, now), replay=True)
    check_version(old, body.version)
    programme = _open_year(programmes.load(old.year))
    changes: dict[str, Any] = body.model_dump(exclude={"version"}, exclude_none=True)
    drafters = old.drafters | {old.created_by, app.caller.sub}
    new = stepped(corrected_batch(old, programme, changes), "edit", app.mark, drafters=drafters)
    check_draft(new, programme)
    batches.commit_step(old, new)
    return reply(batch_now(new, now))


@app.post("/batches/<batch_id>/withdraw")
def withdraw_batch(batch_id: str) -> Answer[BatchNow]:
    """§1.4a: the operator takes back a draft that is not to be released."""
    require(app.caller, "platform")
    body = app.body(Versioned)
    old, now = batches.get(batch_id), clock.now()
    if app.is_repeat(old, "withdraw"):
        return reply(batch_now(old, now), replay=True)
    new = stepped(old, "withdraw", app.mark)
    check_version(old, body.version)
    batches.commit_step(old, new)
    return reply(batch_now(new, now))


handler = app.handle
