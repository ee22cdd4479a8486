"""The removal of an agency: the agency, its public notice and the lead, in one write over three tables (§3.4.1)."""

from voucher.models.agencies import Agency
from voucher.models.removals import Lead, RemovalNotice
from voucher.store import conditions, keys, organisations
from voucher.store.engine.pages import Keep, Page, Selection, read_page, read_whole
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import Item, Write, add_write, advance_write, commit, commit_if_unchanged


def commit_removal(old: Agency, new: Agency, notice: RemovalNotice, lead: Lead, caller: str) -> None:
    """The bureau's approval, by somebody else than who proposed, and by no member. Raises CHANGED_MEANWHILE."""
    four_eyes = conditions.by_other_hands("decide_removal", "agency")
    commit(
        [
            organisations.step_write(old, new, four_eyes, caller=caller),
            _notice_write(notice),
            lead_write(lead),
        ]
    )


def commit_restoration(old: Agency, new: Agency, notice: RemovalNotice, caller: str) -> None:
    """The bureau takes a removal back, by somebody else than who decided it, and by no member. Raises
    CHANGED_MEANWHILE."""
    organisations.commit_decision(old, new, "restore_agency", caller, _notice_write(notice))


def _notice_write(notice: RemovalNotice) -> Write:
    listed = keys.index_entry("NOTICE", notice.created_at, notice.notice_id, state=notice.state)
    return add_write("notice", keys.notice(notice.notice_id), notice, index=listed)


def list_between(since: str, until: str) -> list[RemovalNotice]:
    """Every notice of a removal, or of its end, from the one instant on and before the other one, the newest first."""
    found = read_whole("settlements", "NOTICE", keep=_is_removal, since=since, until=until)
    return [RemovalNotice.model_validate(item) for item in found]


def _is_removal(item: Item) -> bool:
    return item.get("kind") == "removal"


def lead_write(lead: Lead) -> Write:
    """The write that records a lead."""
    return add_write("lead", keys.lead(lead.lead_id), lead, index=_lead_entry(lead))


def _lead_entry(lead: Lead) -> dict[str, str]:
    return keys.index_entry("LEAD", lead.created_at, lead.lead_id, state=lead.state)


def find_lead(lead_id: str) -> Lead | None:
    """A lead by its id, or None."""
    item = find_item(keys.lead(lead_id))
    return Lead.model_validate(item) if item else None


def commit_lead_erased(old: Lead, new: Lead) -> bool:
    """Erase the words of a lead. False if somebody changed it meanwhile."""
    write = advance_write("lead", keys.lead(new.lead_id), old, new, index=_lead_entry(new))
    return commit_if_unchanged([write])


def list_leads(selection: Selection, keep: Keep | None) -> Page:
    """A page of the leads that `keep` accepts."""
    return read_page("supervision", "LEAD", selection, keep)
