"""Objections to public notices (§3.5.3): each stands with its notice, in the settlements table."""

from collections.abc import Iterable

from voucher.models.notices import Notice, Objection
from voucher.models.rounds import Round
from voucher.policy import Policy
from voucher.refusals import Refusal, not_found
from voucher.store import conditions, keys, notices, rounds
from voucher.store.engine.large import commit_in_parts
from voucher.store.engine.pages import Keep, Page, Selection, read_page
from voucher.store.engine.reading import find_item, read_partition
from voucher.store.engine.table import Write, add_write, advance_write, commit, update_write


def list_of_notice(notice_id: str) -> list[Objection]:
    """Every objection to a notice."""
    return [Objection.model_validate(item) for item in read_partition(keys.notice(notice_id), "OBJECTION#")]


def list_page(selection: Selection, keep: Keep | None) -> Page:
    """A page of the objections that `keep` accepts, to all notices."""
    return read_page("settlements", "OBJECTION", selection, keep)


def _index_entry(objection: Objection) -> dict[str, str]:
    return keys.index_entry("OBJECTION", objection.created_at, objection.objection_id, state=objection.state)


def find(objection_id: str) -> Objection | None:
    """An objection by its id, or None."""
    item = find_item(keys.objection(objection_id))
    return Objection.model_validate(item) if item else None


def get(objection_id: str) -> Objection:
    """An objection that a request names. Raises NOT_FOUND."""
    if (objection := find(objection_id)) is None:
        raise not_found("objection")
    return objection


def commit_objection(notice: Notice, objection: Objection, source: str, policy: Policy) -> None:
    """§3.5.3: record an objection from `source`, the hash of an address.

    The notice moves on with it, because a closing at the same moment must look at the objections again. Raises
    CHANGED_MEANWHILE, and TOO_MANY_OBJECTIONS when the notice or the source has reached its number for this hour.
    """
    hour = f"{objection.created_at:%Y-%m-%dT%H}"
    most_of = {
        f"RATE#{hour}": policy.notice_objections_per_hour,
        f"RATE#{hour}#{source}": policy.source_objections_per_hour,
    }
    change = "SET #count = if_not_exists(#count, :nothing) + :one"
    rate_writes = [
        update_write("rate", keys.notice(notice.notice_id, sk), change, conditions.UNDER_LIMIT, nothing=0, most=most)
        for sk, most in most_of.items()
    ]
    key = keys.objection(objection.objection_id)
    objection_write = add_write("objection", key, objection, index=_index_entry(objection))
    writes = [notices.step_write(notice, notice.next_version()), objection_write, *rate_writes]
    commit(writes, notice=Refusal.CHANGED_MEANWHILE, rate=Refusal.TOO_MANY_OBJECTIONS)


def commit_resolution(
    old: Objection, new: Objection, notice: Notice, round_: Round, line_writes: Iterable[Write], caller: str
) -> None:
    """§3.5.3: the bureau's decision on an objection, with what it means for the lines that the objection held.

    The notice moves on with it, because a closing at the same moment must ask again which lines are held. Raises
    CHANGED_MEANWHILE, also for a caller who took an earlier step of its round.
    """
    hands = rounds.unchanged_check(round_, conditions.by_other_hands("resolve_objection", "round"), caller=caller)
    last = [
        advance_write("objection", keys.objection(new.objection_id), old, new, index=_index_entry(new)),
        notices.step_write(notice, notice.next_version()),
        hands,
    ]
    commit_in_parts(([each] for each in line_writes), last, [notices.unchanged_check(notice), hands])
