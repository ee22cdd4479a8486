"""An agency cleared out: the agency, its public notice and the lead, in one write over three tables (§3.4.1)."""

from voucher.models import Agency, Lead, RemovalNotice
from voucher.refusals import Refusal, Refused
from voucher.store import conditions, keys, organisations
from voucher.store.reading import Page, load, page
from voucher.store.table import Unmet, add, commit


def remove(old: Agency, new: Agency, notice: RemovalNotice, lead: Lead, caller: str) -> None:
    """The bureau's approval, by somebody else than who proposed. Raises CHANGED_MEANWHILE."""
    four_eyes = conditions.NOT_BY_CALLER.format(attribute="removal_proposed_by")
    listed = keys.listed("NOTICE", notice.created_at, notice.notice_id)
    try:
        commit(
            [
                organisations.step(old, new, four_eyes, caller=caller),
                add("notice", keys.notice(notice.notice_id), notice, listed),
                add("lead", keys.lead(lead.lead_id), lead, keys.listed("LEAD", lead.created_at, lead.lead_id)),
            ]
        )
    except Unmet:
        raise Refused(Refusal.CHANGED_MEANWHILE) from None


def find_notice(notice_id: str) -> RemovalNotice | None:
    """The notice of a removal, None for any other."""
    item = load(keys.notice(notice_id))
    return RemovalNotice.model_validate(item) if item and item.get("kind") == "removal" else None


def leads(limit: int, cursor: str | None) -> Page:
    """A page of leads, the newest first."""
    return page("supervision", "listing", "LEAD", limit, cursor)
