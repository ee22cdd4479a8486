"""Batches: how each step is written, with its posting, and what their pools hold."""

from voucher.models.accounts import Entry, Movement, batch_account, programme_account, surplus_account
from voucher.models.base import Mark
from voucher.models.batches import Batch
from voucher.models.pools import SURPLUS_SHARDS, Plan, Shard, batch_pool, surplus_pool, surplus_shard
from voucher.models.programmes import Programme
from voucher.refusals import Refusal, Refused, not_found
from voucher.store import conditions, keys, programmes
from voucher.store.engine import pools
from voucher.store.engine.pages import Keep, Page, Selection, read_page
from voucher.store.engine.postings import programme_posting_write
from voucher.store.engine.reading import find_item, load_item, read_partition
from voucher.store.engine.table import Contended, Unmet, Write, add_write, advance_write, commit, commit_new, refused


def find(batch_id: str) -> Batch | None:
    """A batch by its id, or None."""
    item = find_item(keys.batch(batch_id))
    return Batch.model_validate(item) if item else None


def get(batch_id: str) -> Batch:
    """A batch by its id. Raises NOT_FOUND."""
    if (found := find(batch_id)) is None:
        raise not_found("batch")
    return found


def load(batch_id: str) -> Batch:
    """A batch that must exist, because a record names it. Raises LookupError, a fault."""
    return Batch.model_validate(load_item(keys.batch(batch_id), f"the batch {batch_id}"))


def _index_entry(batch: Batch) -> dict[str, str]:
    return keys.index_entry("BATCH", batch.opens_at, batch.batch_id, state=batch.state)


def commit_draft(batch: Batch, *also: Write) -> bool:
    """Add a batch, and its id to the list of its year. False if the id is taken: the caller then looks whether the call
    is a repetition."""
    draft = add_write("batch", keys.batch(batch.batch_id), batch, index=_index_entry(batch))
    pointer = add_write("batch of year", keys.programme(batch.year, f"BATCH#{batch.batch_id}"), batch)
    return commit_new("batch", [draft, pointer, *also])


def commit_step(old: Batch, new: Batch) -> None:
    """§1.4a: correct a draft, or take it back. Raises CHANGED_MEANWHILE."""
    commit([advance_write("batch", keys.batch(new.batch_id), old, new, index=_index_entry(new))])


def list_of_year(year: int) -> list[Batch]:
    """Every batch of a year as last written, drafts included."""
    ids = [item["batch_id"] for item in read_partition(keys.programme(year), "BATCH#")]
    return [load(batch_id) for batch_id in ids]


def read_totals(released: list[Batch]) -> list[Shard]:
    """What the pool of each of some batches holds, for a page: each shard as last written."""
    return [pools.read_approximate_total(batch_pool(each.batch_id), each.shards) for each in released]


def commit_publication(old: Batch, new: Batch, programme: Programme, shares_fen: list[int], mark: Mark) -> None:
    """§1.4a: release a batch's money, in shares in fen, out of what the programme has left: never more than that. Not
    by the drafter. Raises CHANGED_MEANWHILE."""
    next_programme = programme.next_version(unreleased_fen=programme.unreleased_fen - new.amount_fen)
    step = programmes.step_write(programme, next_programme, conditions.PROGRAMME_HAS_ROOM, amount_fen=new.amount_fen)
    source = programme_account(new.year)
    commit([step, *_release_writes(old, new, next_programme, "release", source, shares_fen, mark)])


def commit_rerelease(old: Batch, new: Batch, programme: Programme, shares_fen: list[int], mark: Mark) -> None:
    """§2.3.3: release lapsed money again, out of the year's surplus. Not by the drafter. Raises `pools.Exhausted` if
    the surplus holds less, CHANGED_MEANWHILE, FROZEN and BUSY."""
    next_programme = programme.next_version()
    step = programmes.step_write(programme, next_programme)
    source = surplus_account(new.year)
    release = _release_writes(old, new, next_programme, "re-release", source, shares_fen, mark)
    pool_id = surplus_pool(new.year)

    def writes(plans: dict[str, Plan]) -> list[Write]:
        return [step, *release, *pools.draw_writes(pool_id, plans[pool_id], "drawn_fen")]

    try:
        pools.commit_draws([pools.Draw(pool_id, SURPLUS_SHARDS, new.amount_fen, "drawn_fen")], new.batch_id, writes)
    except Unmet as unmet:
        raise refused(unmet) from None


def _release_writes(
    old: Batch, new: Batch, programme: Programme, entry: Entry, source: str, shares_fen: list[int], mark: Mark
) -> list[Write]:
    key, four_eyes = keys.batch(new.batch_id), conditions.by_other_hands("publish_batch", "batch")
    movement = Movement(entry, source, batch_account(new.batch_id), new.amount_fen, mark.at, mark.by)
    return [
        advance_write("batch", key, old, new, four_eyes, index=_index_entry(new), caller=mark.by),
        programme_posting_write(programme, movement),
        *pools.create_writes(batch_pool(new.batch_id), shares_fen),
    ]


def commit_stop(batch: Batch) -> list[Shard]:
    """§4.2.2: the first step of closing, which works during a rush, too: from now on the batch grants nothing. What
    each shard holds stays as it is until `commit_close` counts it. Raises BUSY, and FROZEN if a reconciliation doubts
    the pool: it must be repaired before it is counted."""
    try:
        return pools.commit_stop(batch_pool(batch.batch_id), batch.shards)
    except Contended:
        raise Refused(Refusal.BUSY) from None
    except Unmet:
        raise Refused(Refusal.FROZEN) from None


def commit_close(old: Batch, new: Batch, shards: list[Shard], programme: Programme, mark: Mark) -> None:
    """§1.4a: the second step of closing: what nobody claimed becomes surplus, in the same write. Raises
    CHANGED_MEANWHILE.

    `shards` is what `commit_stop` returned; `new.surplus_fen` is their sum.
    """
    next_programme = programme.next_version()
    pool_id = batch_pool(new.batch_id)
    writes: list[Write] = [
        advance_write("batch", keys.batch(new.batch_id), old, new, index=_index_entry(new)),
        *pools.shut_writes(pool_id, shards),
    ]
    if new.surplus_fen:
        source, target = batch_account(new.batch_id), surplus_account(new.year)
        movement = Movement("close", source, target, new.surplus_fen, mark.at, mark.by)
        writes += [
            programmes.step_write(programme, next_programme),
            programme_posting_write(next_programme, movement),
            pools.credit_write(surplus_pool(new.year), surplus_shard(new.batch_id), new.surplus_fen),
        ]
    commit(writes)


def list_page(selection: Selection, keep: Keep) -> Page:
    """A page of the batches that `keep` accepts, by the instant of their opening; in one kept state if given."""
    return read_page("vouchers", "BATCH", selection, keep)
