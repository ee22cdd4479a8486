"""Programme years and their batches: drafting, confirming, releasing and closing, each with its posting."""

from datetime import date

from voucher.models import Batch, Instant, Posting, Programme
from voucher.policy import Policy, policy_on
from voucher.refusals import Refusal, Refused
from voucher.store import conditions, keys, pools
from voucher.store.postings import programme_posting
from voucher.store.reading import load, page, query
from voucher.store.table import Contended, Unmet, Write, add, advance, commit


def find(year: int) -> Programme | None:
    """The programme of a year, None when none was drafted."""
    item = load(keys.programme(year))
    return Programme.model_validate(item) if item else None


def policy_of(today: date) -> Policy:
    """What applies today outside any programme's own business."""
    return policy_under(find(today.year), today)


def policy_under(programme: Programme | None, today: date) -> Policy:
    """§1.3: the year's programme's policy once finance confirmed it; the edition's while there is none, or a draft."""
    return programme.policy if programme and programme.is_confirmed else policy_on(today)


def load_programme(year: int) -> Programme:
    """The programme of a year. Raises NOT_FOUND."""
    if (found := find(year)) is None:
        raise Refused(Refusal.NOT_FOUND)
    return found


def draft(programme: Programme) -> None:
    """Add a year's programme. Raises ALREADY_EXISTS when the year has one."""
    try:
        commit([add("programme is new", keys.programme(programme.year), programme, _listed_programme(programme))])
    except Unmet:
        raise Refused(Refusal.ALREADY_EXISTS) from None


def commit_step(old: Programme, new: Programme) -> None:
    """§1.3: a step that moves no money: a draft corrected, another total proposed. Raises CHANGED_MEANWHILE."""
    _commit([advance("programme unchanged", keys.programme(new.year), old, new, _listed_programme(new))])


def confirm(old: Programme, new: Programme, shares_fen: dict[str, list[int]], at: Instant) -> None:
    """§1.3: open a year: the appropriation is posted and every yearly pool made. Not by the drafter."""
    posting = programme_posting(
        new, "appropriate", "treasury", f"programme:{new.year}", new.total_fen, at, new.confirmed_by or ""
    )
    made = [write for pool_id, shares in shares_fen.items() for write in pools.create(pool_id, shares)]
    four_eyes = conditions.NOT_BY_CALLER.format(attribute="created_by")
    key = keys.programme(new.year)
    step = advance("programme unchanged", key, old, new, _listed_programme(new), four_eyes, caller=new.confirmed_by)
    _commit([step, posting, *made])


def _listed_programme(programme: Programme) -> dict[str, str]:
    return keys.listed("PROGRAMME", str(programme.year))


def list_programmes() -> list[Programme]:
    """Every programme year, the latest first."""
    return [Programme.model_validate(item) for item in page("vouchers", "listing", "PROGRAMME", 100, None).items]


def find_batch(batch_id: str) -> Batch | None:
    """A batch by its id, None when there is none."""
    item = load(keys.batch(batch_id))
    return Batch.model_validate(item) if item else None


def load_batch(batch_id: str) -> Batch:
    """A batch by its id. Raises NOT_FOUND."""
    if (found := find_batch(batch_id)) is None:
        raise Refused(Refusal.NOT_FOUND)
    return found


def _listed_batch(batch: Batch) -> dict[str, str]:
    return keys.listed("BATCH", batch.opens_at, batch.batch_id)


def draft_batch(batch: Batch) -> None:
    """Add a batch, and its name to the year's own list. Raises `Unmet` when the id is taken."""
    pointer = keys.programme(batch.year, f"BATCH#{batch.batch_id}")
    commit(
        [
            add("batch is new", keys.batch(batch.batch_id), batch, _listed_batch(batch)),
            add("batch is new in its year", pointer, batch),
        ]
    )


def batches_of(year: int) -> list[Batch]:
    """Every batch of a year as it now stands, drafts included."""
    ids = [item["batch_id"] for item in query(keys.programme(year), "BATCH#")]
    return [load_batch(batch_id) for batch_id in ids]


def publish(old: Batch, new: Batch, programme: Programme, shares_fen: list[int], at: Instant) -> None:
    """§1.4a: release a batch's money out of what the programme has left, never past it."""
    funded = programme.moved(unreleased_fen=programme.unreleased_fen - new.amount_fen)
    step = advance(
        "programme has room",
        keys.programme(new.year),
        programme,
        funded,
        _listed_programme(funded),
        conditions.PROGRAMME_HAS_ROOM,
        amount_fen=new.amount_fen,
    )
    _commit([step, *_released(old, new, funded, "release", f"programme:{new.year}", shares_fen, at)])


def publish_again(old: Batch, new: Batch, programme: Programme, shares_fen: list[int], at: Instant) -> None:
    """§2.3.3: release lapsed money again, out of the year's surplus. Raises `pools.Exhausted` when it holds less."""
    counted = programme.moved()
    step = advance("programme unchanged", keys.programme(new.year), programme, counted, _listed_programme(counted))
    released = _released(old, new, counted, "re-release", f"surplus:{new.year}", shares_fen, at)
    pool_id = pools.surplus_pool(new.year)

    def writes(plans: dict[str, pools.Plan]) -> list[Write]:
        return [step, *released, *pools.draw(pool_id, plans[pool_id], "drawn_fen")]

    try:
        pools.draw_all([pools.Draw(pool_id, pools.SURPLUS_SHARDS, new.amount_fen, "drawn_fen")], new.batch_id, writes)
    except Unmet:
        raise Refused(Refusal.CHANGED_MEANWHILE) from None


def _released(
    old: Batch, new: Batch, counted: Programme, entry: str, source: str, shares_fen: list[int], at: Instant
) -> list[Write]:
    by, four_eyes = new.published_by or "", conditions.NOT_BY_CALLER.format(attribute="created_by")
    key = keys.batch(new.batch_id)
    return [
        advance("batch unchanged", key, old, new, _listed_batch(new), four_eyes, caller=by),
        programme_posting(counted, entry, source, f"batch:{new.batch_id}", new.amount_fen, at, by),
        *pools.create(pools.batch_pool(new.batch_id), shares_fen),
    ]


def confirm_total(old: Programme, new: Programme, changes_fen: dict[str, dict[int, int]], at: Instant, by: str) -> None:
    """§1.3: the new total, its posting and every cap that follows it, in one write; not by the proposer."""
    change_fen = new.total_fen - old.total_fen
    entry, source, target = ("appropriate", "treasury", f"programme:{new.year}")
    if change_fen < 0:
        entry, source, target = "withdraw", target, source
    other = conditions.NOT_BY_CALLER.format(attribute="pending.#by")
    key = keys.programme(new.year)
    writes = [
        advance("programme unchanged", key, old, new, _listed_programme(new), other, caller=by),
        programme_posting(new, entry, source, target, abs(change_fen), at, by),
        *(write for pool_id, changes in changes_fen.items() for write in pools.resize(pool_id, changes)),
    ]
    _commit(writes)


def close_year(old: Programme, new: Programme, at: Instant, by: str) -> None:
    """§1.4b: what was never released becomes surplus of the year that ended, and the year is closed."""
    key = keys.programme(new.year)
    writes = [advance("programme unchanged", key, old, new, _listed_programme(new))]
    if old.unreleased_fen:
        source, target = f"programme:{new.year}", f"surplus:{new.year}"
        writes.append(programme_posting(new, "expire", source, target, old.unreleased_fen, at, by))
        writes.append(pools.credit_surplus(new.year, str(new.year), old.unreleased_fen))
    _commit(writes)


def stop(batch: Batch) -> list[pools.Shard]:
    """§4.2.2: the first step of closing, which no rush can hold up: nothing is granted any more. What each shard has
    left then stays, until `close` counts it. Raises BUSY, and FROZEN for what a reconciliation doubts: it cannot be
    counted before somebody has repaired it."""
    try:
        return pools.stop(pools.batch_pool(batch.batch_id), batch.shards)
    except Contended:
        raise Refused(Refusal.BUSY) from None
    except Unmet:
        raise Refused(Refusal.FROZEN) from None


def close(old: Batch, new: Batch, shards: list[pools.Shard], programme: Programme, at: Instant, by: str) -> None:
    """§1.4a: end a batch. What nobody claimed becomes surplus, shard by shard, in the same write.

    `shards` is what `stop` left, of which `new.surplus_fen` was added up.
    """
    counted = programme.moved()
    pool_id = pools.batch_pool(new.batch_id)
    writes: list[Write] = [
        advance("batch unchanged", keys.batch(new.batch_id), old, new, _listed_batch(new)),
        *pools.shut(pool_id, shards),
    ]
    if new.surplus_fen:
        source, target = f"batch:{new.batch_id}", f"surplus:{new.year}"
        key = keys.programme(new.year)
        writes += [
            advance("programme unchanged", key, programme, counted, _listed_programme(counted)),
            programme_posting(counted, "close", source, target, new.surplus_fen, at, by),
            pools.credit_surplus(new.year, new.batch_id, new.surplus_fen),
        ]
    _commit(writes)


def list_batches(limit: int, cursor: str | None) -> tuple[list[Batch], str | None]:
    """A page of published and closed batches, the latest opening first."""
    found = page("vouchers", "listing", "BATCH", limit, cursor, keep=lambda item: item["state"] != "draft")
    return [Batch.model_validate(item) for item in found.items], found.next_cursor


def _commit(writes: list[Write]) -> None:
    try:
        commit(writes)
    except Unmet as unmet:
        raise Refused(Refusal.CHANGED_MEANWHILE) from unmet


def postings_of(year: int) -> list[Posting]:
    """The postings of a programme's own account, in order."""
    return [Posting.model_validate(item) for item in query(keys.programme(year), "POSTING#")]
