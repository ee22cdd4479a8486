"""The rush: an enterprise grabs its voucher of a batch (§4.1.4) by one conditional transaction, and no read before it.
memory.py remembers the batch's unchanging facts; whatever can change is a condition of the write."""

from dataclasses import dataclass

import memory
from voucher.edge import clock, metrics
from voucher.edge.api import Api
from voucher.edge.fields import PositiveFen, Uscc
from voucher.edge.identity import Caller, as_member
from voucher.edge.replies import Answer, reply
from voucher.models.base import Instant, Request
from voucher.models.batches import Batch
from voucher.models.entitlements import Entitlement
from voucher.models.vouchers import PublicVoucher, voucher_id_of
from voucher.refusals import Refusal, Refused
from voucher.rules import eligibility, entitlements
from voucher.rules.vouchers import amount_to_claim, check_open, check_takes_part, new_voucher, public_voucher
from voucher.store import organisations, programmes, standing, vouchers
from voucher.store.engine import pools
from voucher.store.engine.table import commit_if_unchanged

app = Api()
MOST_AMOUNTS = 6  # so many are tried, each read off the entitlement as it stood when the one before did not fit


class Claim(Request):
    enterprise_uscc: Uscc
    amount_fen: PositiveFen | None = None


@dataclass(frozen=True)
class Attempt:
    """Who wants a voucher of which batch for which enterprise, when, of what amount (None: the whole quota left)."""

    batch: Batch
    uscc: str
    asked_fen: int | None
    caller: Caller
    now: Instant


@app.post("/batches/<batch_id>/vouchers")
def grab(batch_id: str) -> Answer[PublicVoucher]:
    """§4.1.4: grab the enterprise's whole remaining quota, or what it asks for where the batch allows a part."""
    caller, claim, now = app.caller, app.body(Claim), clock.now()
    batch = memory.published(batch_id, now)
    attempt = Attempt(batch, claim.enterprise_uscc, claim.amount_fen, caller, now)
    if memory.room_left(batch_id, now) == 0:
        return held_or_sold_out(attempt)
    try:
        check_open(batch, now)
    except Refused as no:
        return held_or_refuse(attempt, no)
    whole_quota = not batch.partial_allowed or claim.amount_fen is None
    amount_fen = first_amount(attempt)
    for _ in range(MOST_AMOUNTS):
        voucher = new_voucher(batch, attempt.uscc, amount_fen, caller.sub, now)
        try:
            outcome = vouchers.commit_grab(batch, voucher, whole_quota)
        except (pools.Exhausted, Refused) as no:
            return held_or_refuse(attempt, no)  # the pool gave nothing; the voucher may be there all the same
        match outcome:
            case vouchers.Granted():
                metrics.count("Granted", 1)
                return reply(public_voucher(voucher, now), 201)
            case vouchers.AlreadyHeld(existing):
                # one voucher for each batch and enterprise: a second claim, or a repeated call, gets the same one
                return reply(public_voucher(existing, now), replay=True)
            case vouchers.NoEntitlement():
                make_entitlement(attempt)  # or refuse
                amount_fen = first_amount(attempt)  # some batches need a look at the entitlement that was just made
            case vouchers.Differs(entitlement):
                amount_fen = amount_or_refusal(entitlement, attempt)  # the amount was a guess, and this is the truth
    raise Refused(Refusal.BUSY)  # the entitlement changed between all tries


def first_amount(attempt: Attempt) -> int:
    """The amount to try first, in fen: in the rush a guess, otherwise what one look at the entitlement allows. Before
    SOLD_OUT the look is needed: a holder is shown its voucher whatever it asks for, and a quota may have shrunk."""
    batch, asked_fen, room_fen = attempt.batch, attempt.asked_fen, memory.room_left(attempt.batch.batch_id, attempt.now)
    guess_fen = asked_fen or batch.guess_fen
    may_fit = room_fen is None or (asked_fen is not None and asked_fen <= room_fen)
    if may_fit and not batch.looks_at_vouchers:
        return guess_fen
    entitlement = vouchers.find_entitlement(batch.year, attempt.uscc)
    if entitlement is not None and entitlement.is_outdated:
        make_entitlement(attempt)
        entitlement = vouchers.find_entitlement(batch.year, attempt.uscc)
    if entitlement is None or batch.batch_id in entitlement.batches:
        return guess_fen  # the write finds that there is no entitlement, or that the voucher is there
    amount_fen = amount_or_refusal(entitlement, attempt)
    if room_fen is not None and amount_fen > room_fen:
        raise Refused(Refusal.SOLD_OUT)
    return amount_fen


def amount_or_refusal(entitlement: Entitlement, attempt: Attempt) -> int:
    """What an entitlement says to a claim: a refusal, or the amount to try, in fen."""
    batch = attempt.batch
    as_member(attempt.caller, entitlement, "enterprise")
    if not entitlement.qualified:
        months = programmes.load(batch.year).policy.enterprise_min_age_months
        raise eligibility.not_eligible([Refused(Refusal[name], months=months) for name in entitlement.refusals])
    held = vouchers.list_of(entitlement) if batch.looks_at_vouchers else []
    check_takes_part(entitlement, held, batch, attempt.now)
    return amount_to_claim(entitlement, batch, attempt.asked_fen)


def make_entitlement(attempt: Attempt) -> None:
    """§4.1.3: who was approved in an earlier year gets this year's entitlement on the first grab."""
    facts = standing.read_facts(attempt.uscc, [attempt.batch.year])
    found_enterprise = facts.enterprise or organisations.find_enterprise(attempt.uscc, attempt.caller.sub)
    enterprise = as_member(attempt.caller, found_enterprise, "enterprise")
    if failed := eligibility.refusals([eligibility.approval_finding(enterprise)]):
        raise eligibility.not_eligible(failed)
    following = entitlements.next_entitlements(
        enterprise, facts.standing, facts.entitlements, facts.programmes, clock.today(), wanted=attempt.batch.year
    )
    checks = [standing.unchanged_check(facts.standing), standing.enterprise_check(facts)]
    # False if another call made it meanwhile: the next try finds it
    commit_if_unchanged([*checks, *standing.entitlement_writes(facts, following)])


def held_or_sold_out(attempt: Attempt) -> Answer[PublicVoucher]:
    """After the last voucher: a holder is shown its own. All others get one answer, whichever enterprise they
    name, so that nobody learns whether another one holds a voucher; and it costs one read."""
    existing = vouchers.find_at_rest(voucher_id_of(attempt.batch.batch_id, attempt.uscc))
    enterprise = organisations.find_enterprise(attempt.uscc) if existing else None
    if existing and enterprise and attempt.caller.sub in enterprise.members and enterprise.approved_at is not None:
        return reply(public_voucher(existing, attempt.now), replay=True)
    check_open(attempt.batch, attempt.now)  # its refusals come before SOLD_OUT
    raise Refused(Refusal.SOLD_OUT)


def held_or_refuse(attempt: Attempt, no: pools.Exhausted | Refused) -> Answer[PublicVoucher]:
    """Before a refusal: an enterprise that holds its voucher already is shown it, also after a lost answer."""
    batch_id = attempt.batch.batch_id
    if isinstance(no, Refused) and no.refusal is Refusal.BATCH_NOT_OPEN:
        raise no  # nobody holds a voucher of it yet
    if isinstance(no, pools.Exhausted):
        memory.learn(batch_id, no, attempt.now)
    existing, caller = vouchers.find_at_rest(voucher_id_of(batch_id, attempt.uscc)), attempt.caller
    enterprise = as_member(caller, organisations.find_enterprise(attempt.uscc, caller.sub), "enterprise")
    if existing and enterprise.approved_at is not None:
        return reply(public_voucher(existing, attempt.now), replay=True)
    raise no if isinstance(no, Refused) else Refused(Refusal.SOLD_OUT if no.is_open else Refusal.BATCH_CLOSED)


handler = app.handle
