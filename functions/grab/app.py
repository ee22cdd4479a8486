"""The rush: one enterprise grabs its voucher from one batch (§4.1.4). One conditional transaction, no read on the way.

The batch's unchanging facts are remembered by the warm process; whatever can change is a condition of the write.
"""

from aws_lambda_powertools.event_handler import Response

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.fields import PositiveFen, Uscc
from voucher.edge.identity import Caller
from voucher.edge.replies import reply
from voucher.models.base import Instant, Request
from voucher.models.batches import Batch
from voucher.models.entitlements import Entitlement
from voucher.models.vouchers import Voucher
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules import eligibility, entitlements
from voucher.rules.vouchers import amount_to_claim, check_open, check_rerelease, shown_state
from voucher.store import batches, organisations, programmes, standing, vouchers
from voucher.store.engine import pools
from voucher.store.engine.table import commit_if_unchanged

app = Api()
# batches by id, from their publication on: amount, instants and shards never change; that one is closed is noticed
# when it grants nothing any more
PUBLISHED: dict[str, Batch] = {}
# who holds a voucher of a batch that has nothing left: a published batch only shrinks, so both are final
SOLD_OUT: dict[str, frozenset[str]] = {}
# what a batch had left, in fen, when a claim did not fit: it has no more now, so what is larger need not be tried
ROOM_LEFT: dict[str, int] = {}
TRIES = 6


class Claim(Request):
    enterprise_uscc: Uscc
    amount_fen: PositiveFen | None = None


@app.post("/batches/<batch_id>/vouchers")
def grab(batch_id: str) -> Response[str]:
    """§4.1.4: grab the enterprise's whole remaining quota, or what it asks for where the batch allows less."""
    caller, claim, now = app.caller, app.body(Claim), clock.now()
    batch = published(batch_id)
    holders = SOLD_OUT.get(batch_id)
    if holders is not None and claim.enterprise_uscc not in holders:
        check_open(batch, now)
        raise Refused(Refusal.SOLD_OUT)
    try:
        check_open(batch, now)
    except Refused as no:
        return held_or_refuse(batch, claim.enterprise_uscc, caller, now, no)
    amount_fen = first_amount(batch, claim, caller, now)
    for _ in range(TRIES):
        voucher = wanted(batch, claim.enterprise_uscc, amount_fen, caller, now)
        try:
            missed = vouchers.commit_grab(
                batch, voucher, whole_quota=not batch.partial_allowed or claim.amount_fen is None
            )
        except (pools.Exhausted, Refused) as no:
            return held_or_refuse(batch, claim.enterprise_uscc, caller, now, no)
        if missed is None:
            return reply(shown(voucher, now), 201)
        entitlement = missed.entitlement if missed.entitlement_failed else None
        if missed.existing and (not missed.entitlement_failed or may_act(entitlement, caller)):
            return reply(shown(missed.existing, now), 200, replay=True)
        if missed.entitlement_failed and entitlement is None:
            make_entitlement(batch, claim.enterprise_uscc, caller)
            continue
        amount_fen = amount_or_refusal(entitlement, batch, claim, caller, now)
    raise Refused(Refusal.BUSY)


def published(batch_id: str) -> Batch:
    """The batch, remembered once it is published, or closed. Raises NOT_FOUND."""
    batch = PUBLISHED.get(batch_id) or batches.get(batch_id)
    if batch.state != "draft":
        PUBLISHED[batch_id] = batch
    return batch


def first_amount(batch: Batch, claim: Claim, caller: Caller, now: Instant) -> int:
    """The amount to try first, in fen: in the rush a guess, else what one look at the entitlement says.

    Refuses what is known not to fit, and whoever is kept out of a re-release (§2.3.3). The look is needed, because a
    firm that holds a voucher of the batch is shown it whatever it asks for, and a quota may have shrunk since.
    """
    guess_fen, room_fen = claim.amount_fen or batch.guess_fen, ROOM_LEFT.get(batch.batch_id)
    may_fit = room_fen is None or (claim.amount_fen is not None and claim.amount_fen <= room_fen)
    if may_fit and not batch.excludes_lapsed:
        return guess_fen
    entitlement = vouchers.find_entitlement(batch.year, claim.enterprise_uscc)
    if entitlement is None or batch.batch_id in entitlement.batches:
        return guess_fen  # the write makes the entitlement, or finds the voucher
    amount_fen = amount_or_refusal(entitlement, batch, claim, caller, now)
    if room_fen is not None and amount_fen > room_fen:
        raise Refused(Refusal.SOLD_OUT)
    return amount_fen


def wanted(batch: Batch, uscc: str, face_fen: int, caller: Caller, now: Instant) -> Voucher:
    """The voucher as it will be, if everything about it holds."""
    return Voucher(
        voucher_id=f"{batch.batch_id}.{uscc}",
        batch_id=batch.batch_id,
        year=batch.year,
        enterprise_uscc=uscc,
        face_fen=face_fen,
        balance_fen=face_fen,
        granted_at=now,
        granted_by=caller.sub,
        ends_at=batch.ends_at,
        valid_until=batch.valid_until,
        categories=batch.categories,
    )


def may_act(entitlement: Entitlement | None, caller: Caller) -> bool:
    """True if the caller is a member of the enterprise whose entitlement this is."""
    return entitlement is not None and caller.sub in entitlement.members


def amount_or_refusal(entitlement: Entitlement | None, batch: Batch, claim: Claim, caller: Caller, now: Instant) -> int:
    """What an entitlement has to say: a refusal, or the amount to claim, in fen."""
    if entitlement is None or caller.sub not in entitlement.members:
        raise Refused(Refusal.NOT_FOUND)
    if not entitlement.qualified:
        months = programmes.get(batch.year).policy.enterprise_min_age_months
        raise not_eligible([Refused(Refusal[name], months=months) for name in entitlement.refusals])
    held = vouchers.list_of(entitlement) if batch.excludes_lapsed else []
    check_rerelease(entitlement, held, batch, now)
    return amount_to_claim(entitlement, batch, claim.amount_fen)


def not_eligible(failed: list[Refused]) -> Refused:
    """The refusal for what speaks against the enterprise: the first reason in front, all of them as errors."""
    errors = [FieldError(each.refusal.name.lower(), each.detail, each.refusal.name, each.clause) for each in failed]
    return Refused(Refusal.NOT_ELIGIBLE, clause=failed[0].clause, errors=errors, reason=failed[0].detail)


def make_entitlement(batch: Batch, uscc: str, caller: Caller) -> None:
    """§4.1.3: approved in an earlier year and nothing changed: the entitlement of this year is made on first use."""
    today = clock.today()
    facts = standing.read_facts(uscc, [batch.year])
    enterprise = facts.enterprise
    if enterprise is None or caller.sub not in enterprise.members:
        raise Refused(Refusal.NOT_FOUND)
    if failed := eligibility.refusals([eligibility.approval_finding(enterprise)]):
        raise not_eligible(failed)
    following = entitlements.next_entitlements(
        enterprise, facts.standing, facts.entitlements, facts.programmes, today, wanted=batch.year
    )
    commit_if_unchanged(
        [
            standing.unchanged_check(facts.standing),
            standing.enterprise_check(facts),
            *standing.entitlement_writes(facts, following),
        ]
    )


def held_or_refuse(
    batch: Batch, uscc: str, caller: Caller, now: Instant, no: pools.Exhausted | Refused
) -> Response[str]:
    """Before saying no: an enterprise that holds its voucher already is shown it, after a lost answer, too."""
    if isinstance(no, Refused) and no.refusal is Refusal.BATCH_NOT_OPEN:
        raise no
    if isinstance(no, pools.Exhausted) and no.open:
        remember_room(batch.batch_id, no.room_fen)
    elif isinstance(no, pools.Exhausted):
        PUBLISHED.pop(batch.batch_id, None)
    existing = vouchers.find(f"{batch.batch_id}.{uscc}")
    enterprise = organisations.find_enterprise(uscc)
    if enterprise is None or caller.sub not in enterprise.members:
        raise Refused(Refusal.NOT_FOUND)
    if existing is not None:
        return reply(shown(existing, now), 200, replay=True)
    if isinstance(no, Refused):
        raise no
    raise Refused(Refusal.SOLD_OUT if no.open else Refusal.BATCH_CLOSED)


def remember_room(batch_id: str, room_fen: int) -> None:
    """A published batch only shrinks: what it had left when a claim did not fit is the most it has from now on."""
    ROOM_LEFT[batch_id] = min(room_fen, ROOM_LEFT.get(batch_id, room_fen))
    if room_fen == 0 and batch_id not in SOLD_OUT:
        SOLD_OUT[batch_id] = vouchers.list_holders(batch_id)


def shown(voucher: Voucher, now: Instant) -> dict[str, object]:
    """A voucher as its owner sees it now."""
    return voucher.public() | {"state": shown_state(voucher, now)}


handler = app.handle
