"""Claims on organisations, in the registry table, with their papers (§3.2.1, §4.1.1)."""

from voucher.models.claims import OrganisationClaim
from voucher.refusals import Refusal, Refused, not_found
from voucher.store import bounds, conditions, keys, organisations
from voucher.store.engine.pages import Keep, Page, Selection, read_page
from voucher.store.engine.reading import find_item, read_many, read_partition
from voucher.store.engine.table import (
    Write,
    add_write,
    advance_write,
    commit,
    commit_if_unchanged,
    delete_write,
    update_write,
)


def _index_entry(claim: OrganisationClaim) -> dict[str, str]:
    return keys.index_entry("CLAIM", claim.created_at, claim.claim_id, state=claim.state)


def _places(claim: OrganisationClaim) -> tuple[keys.Key, keys.Key]:
    """Where the undecided claims of its person, and those on its organisation, are counted."""
    owners = keys.user("registry", claim.created_by), keys.organisation(claim.kind, claim.uscc)
    return keys.open_things(owners[0], "claims"), keys.open_things(owners[1], "claims")


def commit_new(claim: OrganisationClaim, most: int, *also: Write) -> None:
    """Record a claim. Raises TOO_MANY_CLAIMS for a person with `most` that are undecided."""
    new = add_write("claim", keys.claim(claim.claim_id), claim, index=_index_entry(claim))
    own = update_write("own claim", _own_key(claim), "SET #claim_id = :claim_id", None, claim_id=claim.claim_id)
    opened = bounds.opened_write(_places(claim)[0], claim.claim_id, most)
    refusal = Refused(Refusal.TOO_MANY_CLAIMS, most=most)
    commit([new, own, opened, *also], claim=Refusal.CHANGED_MEANWHILE, bound=refusal)


def _own_key(claim: OrganisationClaim) -> keys.Key:
    """Where a person's claims are known, whatever became of them."""
    return keys.user("registry", claim.created_by)._replace(sk=f"CLAIM#{claim.claim_id}")


def list_own(sub: str) -> list[OrganisationClaim]:
    """Every claim of a person."""
    ids = [item["claim_id"] for item in read_partition(keys.user("registry", sub), "CLAIM#")]
    return [OrganisationClaim.model_validate(item) for item in read_many(map(keys.claim, ids)) if item]


def find(claim_id: str) -> OrganisationClaim | None:
    """A claim by its id, or None."""
    item = find_item(keys.claim(claim_id))
    return OrganisationClaim.model_validate(item) if item else None


def get(claim_id: str) -> OrganisationClaim:
    """A claim by its id. Raises NOT_FOUND."""
    if (claim := find(claim_id)) is None:
        raise not_found("claim")
    return claim


def _step_write(old: OrganisationClaim, new: OrganisationClaim, *more: str, **values: str) -> Write:
    return advance_write("claim", keys.claim(old.claim_id), old, new, *more, index=_index_entry(new), **values)


def commit_submission(old: OrganisationClaim, new: OrganisationClaim, most: int, *also: Write) -> None:
    """Commit that a claim is complete. Only now it counts on its organisation, because staff can reject it from now on:
    whoever hands nothing in keeps nobody else out. Raises TOO_MANY_CLAIMS_ON_IT with `most` that are undecided."""
    opened = bounds.opened_write(_places(old)[1], old.claim_id, most)
    commit([_step_write(old, new), opened, *also], bound=Refused(Refusal.TOO_MANY_CLAIMS_ON_IT, most=most))


def commit_step(old: OrganisationClaim, new: OrganisationClaim, *also: Write) -> None:
    """Commit the next version of a claim. Raises CHANGED_MEANWHILE."""
    commit([_step_write(old, new), *_closed_writes(old, new), *also])


def _closed_writes(old: OrganisationClaim, new: OrganisationClaim) -> list[Write]:
    if new.state not in ("withdrawn", "rejected", "approved"):
        return []
    return [bounds.closed_write(place, old.claim_id) for place in _places(old)]


def commit_decision(
    old: OrganisationClaim, new: OrganisationClaim, step: str, caller: str, *of_organisation: Write
) -> None:
    """Commit what staff decided on a claim, by other hands than the earlier ones and by no member of its organisation:
    `of_organisation` changes that, if anything does. Raises CHANGED_MEANWHILE."""
    decided = _step_write(old, new, conditions.by_other_hands(step, "claim"), caller=caller)
    known = of_organisation or (organisations.stranger_check(old.kind, old.uscc, step, caller),)
    commit([decided, *_closed_writes(old, new), *known])


def commit_erased(old: OrganisationClaim, new: OrganisationClaim) -> bool:
    """Erase the words of a claim. False if somebody changed it meanwhile."""
    person, organisation = _places(old)
    counted = [bounds.closed_write(place, old.claim_id) for place in (person, organisation)]
    return commit_if_unchanged([_step_write(old, new), delete_write("own claim", _own_key(old)), *counted])


def list_page(selection: Selection, keep: Keep | None) -> Page:
    """A page of the claims that `keep` accepts."""
    return read_page("registry", "CLAIM", selection, keep)
