"""Vouchers: the one transaction of a grab, and how a balance ends or grows again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from voucher.models.accounts import Movement, Posting, order_account, surplus_account, voucher_account
from voucher.models.base import Instant, instant_text
from voucher.models.batches import Batch
from voucher.models.entitlements import Entitlement
from voucher.models.pools import Plan, batch_pool, surplus_pool, surplus_shard
from voucher.models.vouchers import Voucher
from voucher.refusals import not_found
from voucher.store import conditions, keys
from voucher.store.engine import pools
from voucher.store.engine.pages import Keep, Page, Selection, read_partitions
from voucher.store.engine.postings import voucher_posting_write
from voucher.store.engine.reading import find_item, load_item, read_many, read_part, read_partition, read_together
from voucher.store.engine.table import Item, Unmet, Write, add_write, commit_if_unchanged, update_write


@dataclass(frozen=True)
class Granted:
    """The voucher was made."""


@dataclass(frozen=True)
class AlreadyHeld:
    """The caller acts for the enterprise, and it holds its voucher of this batch already."""

    voucher: Voucher


@dataclass(frozen=True)
class NoEntitlement:
    """The enterprise has no entitlement of this year, or one of before an entitlement had groups."""


@dataclass(frozen=True)
class Differs:
    """The entitlement is not as it was guessed: another quota is left, something speaks against the enterprise, or the
    caller does not act for it."""

    entitlement: Entitlement


GrabOutcome = Granted | AlreadyHeld | NoEntitlement | Differs


def commit_grab(batch: Batch, voucher: Voucher, whole_quota: bool) -> GrabOutcome:
    """§4.1.4: draw on the batch's pool, use the quota, make the voucher: all or none.

    These facts are conditions of this one write: the caller acts for the enterprise, which is one of those to whom the
    batch is open; the quota is what was guessed (`whole_quota`) or suffices; and the batch holds as much. Raises
    `pools.Exhausted` if the batch as a whole holds less than the voucher's face, and the refusals FROZEN and BUSY.
    """
    face_fen = voucher.face_fen
    audience = batch.audience_at(voucher.granted_at)
    groups = audience.groups if audience else []
    use_quota = update_write(
        "entitlement",
        keys.entitlement(voucher.year, voucher.enterprise_uscc),
        _use_of_quota(batch),
        conditions.all_of(
            conditions.CALLER_IS_MEMBER,
            conditions.QUALIFIED,
            conditions.QUOTA_IS_AS_GUESSED if whole_quota else conditions.QUOTA_SUFFICES,
            *((conditions.NOT_LAPSED,) if batch.excludes_lapsed else ()),
            *((conditions.in_audience(groups),) if groups else ()),
        ),
        caller=voucher.granted_by,
        amount_fen=face_fen,
        quota_fen=max(0, face_fen - batch.extra_quota_fen),
        extra_fen=min(face_fen, batch.extra_quota_fen),
        nothing=0,
        these=[batch.batch_id],
        **{f"group_{number}": each for number, each in enumerate(chain(*groups))},
    )
    make = add_write("voucher", keys.voucher(batch.batch_id, voucher.enterprise_uscc), voucher)
    pool_id = batch_pool(batch.batch_id)

    def writes(plans: dict[str, Plan]) -> list[Write]:
        return [use_quota, make, *pools.draw_writes(pool_id, plans[pool_id], "drawn_fen")]

    drawn = pools.Draw(pool_id, batch.shards, face_fen, "drawn_fen", shrinks=True)
    try:
        pools.commit_draws([drawn], voucher.enterprise_uscc, writes)
    except Unmet as unmet:
        return _outcome_of(unmet.items, voucher.granted_by)
    return Granted()


def _use_of_quota(batch: Batch) -> str:
    """What a grab changes in an entitlement. §2.3.3: a batch's extra is used before what is left of the quota."""
    extra = " #extra_fen = if_not_exists(#extra_fen, :nothing) + :extra_fen," if batch.extra_quota_fen else ""
    return (
        f"SET #left_fen = #left_fen - :quota_fen, #granted_fen = #granted_fen + :amount_fen,{extra}"
        " #version = #version + :one, #batches = list_append(#batches, :these)"
    )


def _outcome_of(unmet: dict[str, Item | None], caller: str) -> GrabOutcome:
    existing = unmet.get("voucher")
    item = unmet.get("entitlement")
    entitlement = Entitlement.model_validate(item) if item else None
    # the caller is a member if the entitlement's condition was true, or if the item says so
    is_member = "entitlement" not in unmet or (entitlement is not None and caller in entitlement.members)
    if existing is not None and is_member:
        return AlreadyHeld(Voucher.model_validate(existing))
    return NoEntitlement() if entitlement is None or entitlement.is_outdated else Differs(entitlement)


def find(voucher_id: str) -> Voucher | None:
    """A voucher by its id, or None."""
    item = find_item(keys.voucher(*keys.split_voucher_id(voucher_id)))
    return Voucher.model_validate(item) if item else None


def find_at_rest(voucher_id: str) -> Voucher | None:
    """The same, before somebody is told that it is not there: not while a grab writes it, whose items change one after
    the other. Raises BUSY."""
    [item] = read_together(keys.voucher(*keys.split_voucher_id(voucher_id)))
    return Voucher.model_validate(item) if item else None


def get(voucher_id: str) -> Voucher:
    """A voucher by its id. Raises NOT_FOUND."""
    if (found := find(voucher_id)) is None:
        raise not_found("voucher")
    return found


def load(voucher_id: str) -> Voucher:
    """A voucher that must exist, because an order names it. Raises LookupError, a fault: the books are broken."""
    key = keys.voucher(*keys.split_voucher_id(voucher_id))
    return Voucher.model_validate(load_item(key, f"the voucher {voucher_id}"))


def find_entitlement(year: int, uscc: str) -> Entitlement | None:
    """An enterprise's entitlement of a year, None before its first approval or grab of that year. Not while a grab
    writes it: its voucher may be there already. Raises BUSY."""
    [item] = read_together(keys.entitlement(year, uscc))
    return Entitlement.model_validate(item) if item else None


def read_entitlements(held: Iterable[Voucher]) -> list[Entitlement]:
    """The entitlements of all enterprises that hold some vouchers, each as last written."""
    places = sorted({keys.entitlement(each.year, each.enterprise_uscc) for each in held})
    return [Entitlement.model_validate(item) for item in read_many(places) if item]


def list_of(entitlement: Entitlement) -> list[Voucher]:
    """Every voucher of an enterprise in one year, in the order of their grants."""
    if not entitlement.batches:
        return []
    items = read_together(*(keys.voucher(batch_id, entitlement.uscc) for batch_id in entitlement.batches))
    return [Voucher.model_validate(item) for item in items if item]


def list_in_bucket(batch_id: str, bucket: int) -> list[Voucher]:
    """The vouchers of a batch that stand in one of its partitions."""
    return [Voucher.model_validate(item) for item in read_partition(keys.bucket(batch_id, bucket), "VOUCHER#")]


@dataclass(frozen=True)
class BucketPart:
    """Some items of a bucket: its postings come before its vouchers. `last` says where the following part begins, None
    if the bucket ends here."""

    postings: list[Posting]
    vouchers: list[Voucher]
    last: str | None


def read_part_of_bucket(batch_id: str, bucket: int, limit: int, after: str | None, with_postings: bool) -> BucketPart:
    """At most `limit` items of a bucket: those that follow `after`, or the first ones."""
    page = read_part(keys.bucket(batch_id, bucket), after or ("POSTING#" if with_postings else "VOUCHER#"), limit)
    return BucketPart(
        [Posting.model_validate(item) for item in page.items if item["sk"].startswith("POSTING#")],
        [Voucher.model_validate(item) for item in page.items if item["sk"].startswith("VOUCHER#")],
        page.last,
    )


def list_page_of_batch(batch_id: str, selection: Selection, keep: Keep) -> Page:
    """A page of the vouchers of a batch that `keep` accepts, bucket by bucket: they are in no index, which each grab
    would have to write, too."""
    buckets = [keys.bucket(batch_id, number) for number in range(keys.BUCKETS)]
    return read_partitions(batch_id, buckets, "VOUCHER#", selection, keep)


def list_of_batch(batch_id: str) -> Iterator[Voucher]:
    """Every voucher of a batch."""
    for number in range(keys.BUCKETS):
        yield from list_in_bucket(batch_id, number)


def list_postings_in_bucket(batch_id: str, bucket: int) -> list[Posting]:
    """The postings of a bucket's vouchers, their grants left out."""
    return [Posting.model_validate(item) for item in read_partition(keys.bucket(batch_id, bucket), "POSTING#")]


def list_postings(voucher: Voucher) -> list[Posting]:
    """The postings of one voucher in order, its grant left out."""
    place = keys.bucket(voucher.batch_id, keys.bucket_of(voucher.enterprise_uscc))
    return [Posting.model_validate(item) for item in read_partition(place, f"POSTING#{voucher.enterprise_uscc}#")]


def commit_lapse(voucher: Voucher, state: str, at: Instant, by: str, *also: Write) -> bool:
    """§1.4b, §4.2.2: end a voucher at an instant; its balance becomes surplus. False if the voucher changed since it
    was read, or is not due, or a condition of `also` is false.

    `state` is expired (only at or after its end) or void (a qualification was withdrawn).
    """
    seq = voucher.seq + 1
    due = (conditions.ENDED,) if state == "expired" else ()
    end = update_write(
        "voucher",
        keys.voucher(voucher.batch_id, voucher.enterprise_uscc),
        "SET #state = :ended, #balance_fen = :nothing, #seq = :seq",
        conditions.all_of(conditions.VOUCHER_ACTIVE, conditions.NEXT_POSTING, *due),
        active="active",
        seen_seq=voucher.seq,
        seq=seq,
        nothing=0,
        ended=state,
        **({"now": instant_text(at)} if due else {}),
    )
    return commit_if_unchanged([end, *_surplus_writes(voucher, seq, voucher.balance_fen, at, by), *also])


def _surplus_writes(voucher: Voucher, seq: int, amount_fen: int, at: Instant, by: str) -> list[Write]:
    if not amount_fen:
        return []
    source, target = voucher_account(voucher.voucher_id), surplus_account(voucher.year)
    return [
        voucher_posting_write(voucher, seq, Movement("lapse", source, target, amount_fen, at, by)),
        pools.credit_write(surplus_pool(voucher.year), surplus_shard(voucher.enterprise_uscc), amount_fen),
        _lapsed_write(voucher),
    ]


def _lapsed_write(voucher: Voucher) -> Write:
    return update_write(
        "entitlement",
        keys.entitlement(voucher.year, voucher.enterprise_uscc),
        "SET #lapsed = :true, #version = #version + :one",
        conditions.EXISTS,
    )


def give_back_writes(voucher: Voucher, order_id: str, amount_fen: int, at: Instant, by: str) -> list[Write]:
    """§3.5.1(5): an order's money goes back to its voucher; if the voucher has ended, it lapses in the same write."""
    has_ended = voucher.state != "active" or at >= voucher.ends_at
    seq = voucher.seq + (2 if has_ended else 1)
    give_back = update_write(
        "voucher",
        keys.voucher(voucher.batch_id, voucher.enterprise_uscc),
        "SET #seq = :seq" if has_ended else "SET #seq = :seq, #balance_fen = #balance_fen + :amount_fen",
        conditions.all_of(
            conditions.NEXT_POSTING,
            conditions.VOUCHER_STATE_AS_SEEN,
            *(() if has_ended else (conditions.NOT_ENDED,)),
        ),
        seq=seq,
        seen_seq=voucher.seq,
        seen_state=voucher.state,
        now=instant_text(at),
        amount_fen=amount_fen,
    )
    source, target = order_account(order_id), voucher_account(voucher.voucher_id)
    release = voucher_posting_write(voucher, voucher.seq + 1, Movement("release", source, target, amount_fen, at, by))
    return [give_back, release, *(_surplus_writes(voucher, seq, amount_fen, at, by) if has_ended else [])]
