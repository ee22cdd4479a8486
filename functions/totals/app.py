"""Another yearly total: proposed by the bureau, confirmed by finance; each cap follows at once (§1.3, §2.2)."""

from voucher.edge.api import Api
from voucher.edge.fields import PositiveFen, Text
from voucher.edge.identity import require
from voucher.edge.replies import Answer, reply
from voucher.models.base import Request
from voucher.models.pools import yearly_pool
from voucher.models.programmes import PendingTotal, Programme
from voucher.refusals import Refusal, Refused
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_step, stepped
from voucher.rules.programmes import check_cut, limit_changes_fen, limit_cut, limit_raise
from voucher.store import programmes
from voucher.store.engine import pools

app = Api()


class NewTotal(Request):
    total_fen: PositiveFen
    reason: Text


class ConfirmedTotal(Request):
    """A call that names the total confirms no other one; a call that names none confirms what is proposed."""

    total_fen: PositiveFen | None = None


@app.post("/programmes/<year>/total")
def propose_total(year: str) -> Answer[Programme]:
    """§1.3: the bureau proposes another total; a cut below what is committed is refused."""
    require(app.caller, "bureau")
    body = app.body(NewTotal)
    old = programmes.get(app.year(year))
    if app.is_repeat(old, "propose_total"):
        return reply(old, replay=True)
    sub = app.caller.sub
    drafters = (old.pending.drafters | {old.pending.by, sub}) if old.pending else frozenset({sub})
    pending = PendingTotal(total_fen=body.total_fen, reason=body.reason, by=sub, drafters=drafters)
    new = stepped(old, "propose_total", app.mark, pending=pending)
    # only its refusals matter here: what it finds may change until finance confirms
    shard_changes_fen(old, body.total_fen)
    programmes.commit_step(old, new)
    return reply(new)


@app.get("/programmes/<year>/total")
def show_total(year: str) -> Answer[Programme]:
    """§1.3: a year as staff see it: also its draft, and another total that waits for finance, each with its drafter."""
    require(app.caller, "platform", "bureau", "finance", "discipline", "admin")
    return reply(programmes.get(app.year(year)))


@app.post("/programmes/<year>/total/confirm")
def confirm_total(year: str) -> Answer[Programme]:
    """§1.3: finance confirms the new total; each cap follows at once. Nobody who proposed one since the last
    confirmation may confirm it."""
    require(app.caller, "finance")
    body = app.body(ConfirmedTotal)
    old = programmes.get(app.year(year))
    if app.is_repeat(old, "confirm_total") and not confirms_pending(body, old):
        return reply(old, replay=True)
    check_step(old, "confirm_total")
    if old.pending is None:
        raise Refused(Refusal.NO_TOTAL_PENDING)
    check_four_eyes(app.caller.sub, "confirm_total", old)
    if not confirms_pending(body, old):
        raise Refused(Refusal.CHANGED_MEANWHILE)
    total_fen = old.pending.total_fen
    changes_fen = shard_changes_unless_repeated(old, total_fen)
    unreleased_fen = old.unreleased_fen + total_fen - old.total_fen
    new = stepped(old, "confirm_total", app.mark, total_fen=total_fen, unreleased_fen=unreleased_fen, pending=None)
    programmes.commit_total(old, new, changes_fen, app.mark)
    return reply(new)


def confirms_pending(body: ConfirmedTotal, programme: Programme) -> bool:
    """True if a total is proposed, and the call names it or names none. Such a call is no repetition, although the same
    call may have confirmed an earlier proposal."""
    return programme.pending is not None and body.total_fen in (None, programme.pending.total_fen)


def shard_changes_unless_repeated(programme: Programme, total_fen: int) -> dict[str, dict[int, int]]:
    """`shard_changes_fen`, but CHANGED_MEANWHILE if the refusal comes from this very call having cut the caps already:
    the programme was read before the pools."""
    try:
        return shard_changes_fen(programme, total_fen)
    except Refused:
        if programmes.get(programme.year).version != programme.version:
            raise Refused(Refusal.CHANGED_MEANWHILE) from None
        raise


def shard_changes_fen(programme: Programme, total_fen: int) -> dict[str, dict[int, int]]:
    """By how much each shard of each yearly pool changes with the total, in fen. Raises TOTAL_BELOW_COMMITTED."""
    check_cut(programme, total_fen)
    shards, changes_fen = programme.policy.yearly_shards, {}
    for category, change_fen in limit_changes_fen(programme, total_fen).items():
        pool_id = yearly_pool(programme.year, category)
        if change_fen > 0:
            changes_fen[pool_id] = limit_raise(change_fen, shards)
        else:
            changes_fen[pool_id] = limit_cut(category, change_fen, pools.read_shards(pool_id, shards))
    return changes_fen


handler = app.handle
