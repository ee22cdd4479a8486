"""The removal of an agency: the agency, its public notice and the lead, in one write over three tables (§3.4.1)."""

from voucher.models.agencies import Agency
from voucher.models.removals import Lead, RemovalNotice
from voucher.store import conditions, keys, organisations
from voucher.store.engine.reading import Page, read_page
from voucher.store.engine.table import add_write, commit


def commit_removal(old: Agency, new: Agency, notice: RemovalNotice, lead: Lead, caller: str) -> None:
    """The bureau's approval, by somebody else than who proposed. Raises CHANGED_MEANWHILE."""
    four_eyes = conditions.not_by_caller("removal_proposed_by")
    listed = keys.index_entry("NOTICE", notice.created_at, notice.notice_id)
    commit(
        [
            organisations.step_write(old, new, four_eyes, caller=caller),
            add_write("notice", keys.notice(notice.notice_id), notice, index=listed),
            add_write(
                "lead", keys.lead(lead.lead_id), lead, index=keys.index_entry("LEAD", lead.created_at, lead.lead_id)
            ),
        ]
    )


def list_leads(limit: int, cursor: str | None) -> Page:
    """A page of leads, the newest first."""
    return read_page("supervision", "by_newest", "LEAD", limit, cursor)
