"""Programme years: how each step is written, with its posting, and what the yearly pools hold."""

from typing import Any

from voucher.models.accounts import TREASURY, Movement, Posting, programme_account, surplus_account
from voucher.models.base import Mark
from voucher.models.pools import SURPLUS_SHARDS, Shard, category_pool, surplus_pool, surplus_shard
from voucher.models.programmes import Programme
from voucher.policy import Category
from voucher.refusals import Refusal, not_found
from voucher.store import conditions, keys
from voucher.store.engine import pools
from voucher.store.engine.pages import read_whole
from voucher.store.engine.postings import programme_posting_write
from voucher.store.engine.reading import find_item, load_item, read_partition
from voucher.store.engine.table import Write, add_write, advance_write, commit


def find(year: int) -> Programme | None:
    """The programme of a year, or None."""
    item = find_item(keys.programme(year))
    return Programme.model_validate(item) if item else None


def get(year: int) -> Programme:
    """The programme of a year. Raises NOT_FOUND."""
    if (found := find(year)) is None:
        raise not_found("programme")
    return found


def load(year: int) -> Programme:
    """The programme that a record names. Raises LookupError, a fault."""
    return Programme.model_validate(load_item(keys.programme(year), f"the programme of {year}"))


def commit_draft(programme: Programme) -> None:
    """Add a year's programme. Raises ALREADY_EXISTS if the year has one."""
    draft = add_write("programme", keys.programme(programme.year), programme, index=index_entry(programme))
    commit([draft], programme=Refusal.ALREADY_EXISTS)


def commit_step(old: Programme, new: Programme) -> None:
    """§1.3: a step that moves no money: a draft is corrected, another total is proposed. Raises CHANGED_MEANWHILE."""
    commit([step_write(old, new)])


def commit_confirmation(old: Programme, new: Programme, shares_fen: dict[str, list[int]], mark: Mark) -> None:
    """§1.3: open a year: the appropriation is posted and each yearly pool is made, with its shares in fen. By
    nobody who drafted it. Raises CHANGED_MEANWHILE."""
    movement = Movement("appropriate", TREASURY, programme_account(new.year), new.total_fen, mark.at, mark.by)
    new_pools = [write for pool_id, shares in shares_fen.items() for write in pools.create_writes(pool_id, shares)]
    step = step_write(old, new, conditions.by_other_hands("confirm_programme", "programme"), caller=mark.by)
    commit([step, programme_posting_write(new, movement), *new_pools])


def step_write(old: Programme, new: Programme, *more: str, **values: Any) -> Write:
    """The next version of a programme, if nobody changed it since `old` was read, and if `more` conditions hold."""
    return advance_write("programme", keys.programme(new.year), old, new, *more, index=index_entry(new), **values)


def index_entry(programme: Programme) -> dict[str, str]:
    """Where the list of all programme years finds it."""
    return keys.index_entry("PROGRAMME", str(programme.year))


def list_all() -> list[Programme]:
    """Every programme year, the latest first."""
    return [Programme.model_validate(item) for item in read_whole("vouchers", "PROGRAMME")]


def commit_total(old: Programme, new: Programme, changes_fen: dict[str, dict[int, int]], mark: Mark) -> None:
    """§1.3: the new total, its posting and each cap that follows it, in one write. `changes_fen`: pool → shard → change
    of its limit. Not by the proposer. Raises CHANGED_MEANWHILE."""
    writes = [
        step_write(old, new, conditions.by_other_hands("confirm_total", "programme"), caller=mark.by),
        *(programme_posting_write(new, movement) for movement in _total_movements(old, new, mark)),
        *(write for pool_id, changes in changes_fen.items() for write in pools.resize_writes(pool_id, changes)),
    ]
    commit(writes)


def _total_movements(old: Programme, new: Programme, mark: Mark) -> list[Movement]:
    """§1.3: what a changed total moves; no money if the new total equals the old one."""
    change_fen = new.total_fen - old.total_fen
    account = programme_account(new.year)
    if change_fen > 0:
        return [Movement("appropriate", TREASURY, account, change_fen, mark.at, mark.by)]
    return [Movement("withdraw", account, TREASURY, -change_fen, mark.at, mark.by)] if change_fen else []


def commit_close(old: Programme, new: Programme, mark: Mark) -> None:
    """§1.4b: close a year that ended; what was never released becomes its surplus. Raises CHANGED_MEANWHILE."""
    writes = [step_write(old, new)]
    if old.unreleased_fen:
        source, target = programme_account(new.year), surplus_account(new.year)
        movement = Movement("expire", source, target, old.unreleased_fen, mark.at, mark.by)
        writes.append(programme_posting_write(new, movement))
        shard = surplus_shard(str(new.year))
        writes.append(pools.credit_write(surplus_pool(new.year), shard, old.unreleased_fen))
    commit(writes)


def read_category_totals(programme: Programme) -> dict[Category, Shard]:
    """§2.2.cap: each category's cap and what is used of it, for a page: each shard as last written."""
    year, shards = programme.year, programme.policy.yearly_shards
    return {each: pools.read_approximate_total(category_pool(year, each), shards) for each in Category}


def read_surplus_total(year: int) -> Shard:
    """§2.3.3: a year's surplus, for a page: each shard as last written."""
    return pools.read_approximate_total(surplus_pool(year), SURPLUS_SHARDS)


def read_used_fen(programme: Programme) -> dict[Category, int]:
    """§2.2.cap: what each category has used of its cap, in fen, at one moment for each. Raises BUSY while many draw."""
    year, shards = programme.year, programme.policy.yearly_shards
    return {each: pools.read_total(category_pool(year, each), shards).used_fen for each in Category}


def list_postings(year: int) -> list[Posting]:
    """The postings of a programme's own account, in order."""
    return [Posting.model_validate(item) for item in read_partition(keys.programme(year), "POSTING#")]
