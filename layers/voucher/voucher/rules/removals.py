"""The removal of an agency: what the operator's proposal and the bureau's refusal make of it (§3.4.1)."""

from voucher.models.agencies import Agency
from voucher.models.base import Mark
from voucher.rules.changes import check_once_approved
from voucher.rules.lifecycle import stepped


def agency_proposed_for_removal(agency: Agency, reason: str, mark: Mark) -> Agency:
    """§3.4.1: the agency after the operator's proposal. Raises WRONG_STATE for one that was never approved."""
    check_once_approved(agency)
    proposal = {"removal_from": agency.state, "removal_reason": reason, "removal_proposed_by": mark.by}
    return stepped(agency, "propose_removal", mark, **proposal)


def agency_kept(agency: Agency, mark: Mark) -> Agency:
    """§3.4.1: the agency after the bureau refused its removal: in the state in which the removal was proposed."""
    no_removal = {"removal_from": None, "removal_reason": None, "removal_proposed_by": None}
    return stepped(agency, "reject_removal", mark, former=agency.removal_from, **no_removal)
