"""Drafts of batches: the operator corrects them, or takes them back, as long as they are not released (§1.4a)."""

from typing import Any

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.batches import BatchDraft, batch_now, open_year
from voucher.edge.bodies import Versioned, partial
from voucher.edge.identity import require
from voucher.edge.replies import Answer, reply
from voucher.models.batches import BatchNow
from voucher.rules.batches import check_draft, corrected_batch
from voucher.rules.lifecycle import check_version, stepped
from voucher.store import batches, programmes

app = Api()


BatchCorrection = partial(BatchDraft)


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
    programme = open_year(programmes.load(old.year))
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
