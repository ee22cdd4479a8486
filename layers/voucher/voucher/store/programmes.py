"""Programme years: drafted, confirmed, changed and closed, each step with its posting."""

from voucher.models.accounts import Posting
from voucher.models.base import Instant
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


def commit_confirmation(old: Programme, new: Programme, shares_fen: dict[str, list[int]], at: Instant) -> None:
    """§1.3: open a year: the appropriation is posted and every yearly pool made. Not by the drafter."""
    posting = programme_posting_write(
        new, "appropriate", "treasury", f"programme:{new.year}", new.total_fen, at, new.confirmed_by or ""
    )
    made = [write for pool_id, shares in shares_fen.items() for write in pools.create_writes(pool_id, shares)]
    four_eyes = conditions.not_by_caller("created_by")
    key = keys.programme(new.year)
    step = advance_write("programme", key, old, new, four_eyes, index=_index_entry(new), caller=new.confirmed_by)
    commit([step, posting, *made])


def _index_entry(programme: Programme) -> dict[str, str]:
    return keys.index_entry("PROGRAMME", str(programme.year))


def list_all() -> list[Programme]:
    """Every programme year, the latest first."""
    return [Programme.model_validate(item) for item in read_page("vouchers", "by_newest", "PROGRAMME", 100, None).items]


def commit_total(old: Programme, new: Programme, changes_fen: dict[str, dict[int, int]], at: Instant, by: str) -> None:
    """§1.3: the new total, its posting and every cap that follows it, in one write; not by the proposer."""
    change_fen = new.total_fen - old.total_fen
    entry, source, target = ("appropriate", "treasury", f"programme:{new.year}")
    if change_fen < 0:
        entry, source, target = "withdraw", target, source
    other = conditions.not_by_caller("pending.#by")
    key = keys.programme(new.year)
    writes = [
        advance_write("programme", key, old, new, other, index=_index_entry(new), caller=by),
        programme_posting_write(new, entry, source, target, abs(change_fen), at, by),
        *(write for pool_id, changes in changes_fen.items() for write in pools.resize_writes(pool_id, changes)),
    ]
    commit(writes)


def commit_close(old: Programme, new: Programme, at: Instant, by: str) -> None:
    """§1.4b: what was never released becomes surplus of the year that ended, and the year is closed."""
    key = keys.programme(new.year)
    writes = [advance_write("programme", key, old, new, index=_index_entry(new))]
    if old.unreleased_fen:
        source, target = f"programme:{new.year}", f"surplus:{new.year}"
        writes.append(programme_posting_write(new, "expire", source, target, old.unreleased_fen, at, by))
        writes.append(pools.credit_write(new.year, str(new.year), old.unreleased_fen))
    commit(writes)


def list_postings(year: int) -> list[Posting]:
    """The postings of a programme's own account, in order."""
    return [Posting.model_validate(item) for item in read_partition(keys.programme(year), "POSTING#")]
