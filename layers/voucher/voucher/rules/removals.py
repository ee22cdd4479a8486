"""The removal of an agency: what the proposal, the decision, its way back and a new application make of it (§3.4.1)."""

from datetime import date
from typing import Any

from voucher.models.agencies import Agency
from voucher.models.base import Mark
from voucher.models.removals import Lead, RemovalNotice
from voucher.models.sanctions import SanctionDecision
from voucher.policy import Policy
from voucher.rules.lifecycle import check_step, stepped
from voucher.rules.sanctions import applying_anew, decided, new_sanction, restored

NO_REMOVAL = {"removal_from": None, "removal_reason": None, "removal_proposed_by": None}


def agency_proposed_for_removal(agency: Agency, reason: str, policy: Policy, mark: Mark) -> Agency:
    """§3.4.1: the agency after the operator's proposal. Raises WRONG_STATE, also for one that was never approved."""
    check_step(agency, "propose_removal")
    proposal = {"removal_from": agency.state, "removal_reason": reason, "removal_proposed_by": mark.by}
    sanction = new_sanction(agency, reason, policy, mark)
    return stepped(agency, "propose_removal", mark, sanction=sanction, **proposal)


def decided_agency(agency: Agency, decision: SanctionDecision, reason: str | None, mark: Mark) -> Agency:
    """§3.4.1: the agency after the bureau's decision: removed, or in the state in which the removal was proposed.
    Raises WRONG_STATE, or TOO_EARLY for a yes before it was heard."""
    check_step(agency, f"{decision}_removal")
    # a removal that was proposed before 2026-11-29 has no hearing
    sanction = agency.sanction and decided(agency, decision, reason, mark, "§3.4.1")
    changes: dict[str, Any] = {"sanction": sanction} | (NO_REMOVAL if decision == "reject" else {})
    return stepped(agency, f"{decision}_removal", mark, former=agency.removal_from, **changes)


def restored_agency(agency: Agency, reason: str, mark: Mark) -> Agency:
    """§3.4.1: the agency after the bureau took its removal back. Raises WRONG_STATE."""
    return restored(agency, reason, mark, **NO_REMOVAL)


def agency_applying_anew(agency: Agency, mark: Mark) -> Agency:
    """§3.4.1: the removed agency that applies anew, as if it had never been approved. Raises as `applying_anew`."""
    return applying_anew(agency, mark, "§3.4.1", valid_until=None, renewal=False, suspended=False)


def public_notice(agency: Agency, today: date, made: dict[str, Any]) -> RemovalNotice:
    """§3.4.1: the public notice of a removal, or of its end, on the day of the decision. An agency may be removed more
    than once, so its version tells the notices apart."""
    words = "被清退，不再承接服务券业务。" if agency.state == "removed" else "恢复入驻，此前的清退公告不再适用。"
    return RemovalNotice(
        notice_id=f"removal_{agency.uscc}.{agency.version}",
        state="published",
        agency_uscc=agency.uscc,
        agency_name=agency.name,
        text=f"{agency.name}自{today.year}年{today.month}月{today.day}日起{words}",
        published_on=today,
        **made,
    )


def lead_of(agency: Agency, made: dict[str, Any]) -> Lead:
    """§3.4.1: the facts of a removal, for the offices that follow them up."""
    return Lead(
        lead_id=f"lead_{agency.uscc}.{agency.version}",
        state="recorded",
        uscc=agency.uscc,
        name=agency.name,
        facts=agency.removal_reason or "",
        proposed_by=agency.removal_proposed_by,
        **made,
    )
