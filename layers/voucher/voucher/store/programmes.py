"""Programme years: drafted, confirmed, changed and closed, each step with its posting."""

from voucher.models.accounts import TREASURY, Movement, Posting, programme_account, surplus_account
from voucher.models.base import Mark
from voucher.models.programmes import Programme
from voucher.refusals import Refusal, Refused
from voucher.store import conditions, keys
from voucher.store.engine import pools
from voucher.store.engine.postings import programme_posting_write
from voucher.store.engine.reading import find_item, read_page, read_partition
from voucher.store.engine.table import add_write, advance_write, commit


def find(year: int) -> Programme | None:
    """The programme of a year, None when none was drafted."""
    item = find_item(keys.programme(year))
    return Programme.model_validate(item) if item else None


def get(year: int) -> Programme:
    """The programme of a year. Raises NOT_FOUND."""
    if (found := find(year)) is None:
        raise Refused(Refusal.NOT_FOUND)
    return found


def commit_draft(programme: Programme) -> None:
    """Add a year's programme. Raises ALREADY_EXISTS when the year has one."""
    new = add_write("programme", keys.programme(programme.year), programme, index=_index_entry(programme))
    commit([new], programme=Refusal.ALREADY_EXISTS)


def commit_step(old: Programme, new: Programme) -> None:
    """§1.3: a step that moves no money: a draft corrected, another total proposed. Raises CHANGED_MEANWHILE."""
    commit([advance_write("programme", keys.programme(new.year), old, new, index=_index_entry(new))])


def commit_confirmation(old: Programme, new: Programme, shares_fen: dict[str, list[int]], mark: Mark) -> None:
    """§1.3: open a year: the appropriation is posted and every yearly pool made. Not by the drafter."""
    movement = Movement("appropriate", TREASURY, programme_account(new.year), new.total_fen, mark.at, mark.by)
    made = [write for pool_id, shares in shares_fen.items() for write in pools.create_writes(pool_id, shares)]
    four_eyes = conditions.not_by_caller("created_by")
    key = keys.programme(new.year)
    step = advance_write("programme", key, old, new, four_eyes, index=_index_entry(new), caller=mark.by)
    commit([step, programme_posting_write(new, movement), *made])


def _index_entry(programme: Programme) -> dict[str, str]:
    return keys.index_entry("PROGRAMME", str(programme.year))


def list_all() -> list[Programme]:
    """Every programme year, the latest first."""
    return [Programme.model_validate(item) for item in read_page("vouchers", "by_newest", "PROGRAMME", 100, None).items]


def commit_total(old: Programme, new: Programme, changes_fen: dict[str, dict[int, int]], mark: Mark) -> None:
    """§1.3: the new total, its posting and every cap that follows it, in one write; not by the proposer."""
    other = conditions.not_by_caller("pending.#by")
    key = keys.programme(new.year)
    writes = [
        advance_write("programme", key, old, new, other, index=_index_entry(new), caller=mark.by),
        *(programme_posting_write(new, movement) for movement in _total_movements(old, new, mark)),
        *(write for pool_id, changes in changes_fen.items() for write in pools.resize_writes(pool_id, changes)),
    ]
    commit(writes)


def _total_movements(old: Programme, new: Programme, mark: Mark) -> list[Movement]:
    """§1.3: what a changed total moves; nothing where the total that was confirmed is the one there was."""
    change_fen, account = new.total_fen - old.total_fen, programme_account(new.year)
    if change_fen > 0:
        return [Movement("appropriate", TREASURY, account, change_fen, mark.at, mark.by)]
    return [Movement("withdraw", account, TREASURY, -change_fen, mark.at, mark.by)] if change_fen else []


def commit_close(old: Programme, new: Programme, mark: Mark) -> None:
    """§1.4b: what was never released becomes surplus of the year that ended, and the year is closed."""
    key = keys.programme(new.year)
    writes = [advance_write("programme", key, old, new, index=_index_entry(new))]
    if old.unreleased_fen:
        source, target = programme_account(new.year), surplus_account(new.year)
        movement = Movement("expire", source, target, old.unreleased_fen, mark.at, mark.by)
        writes.append(programme_posting_write(new, movement))
        writes.append(pools.credit_write(new.year, str(new.year), old.unreleased_fen))
    commit(writes)


def list_postings(year: int) -> list[Posting]:
    """The postings of a programme's own account, in order."""
    return [Posting.model_validate(item) for item in read_partition(keys.programme(year), "POSTING#")]
