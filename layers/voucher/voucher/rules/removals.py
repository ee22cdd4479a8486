"""Clearing out an agency: what the proposal and the bureau's no change (§3.4.1)."""

from typing import Any

from voucher.models.agencies import Agency
from voucher.rules.changes import check_once_approved
from voucher.rules.lifecycle import next_state


def removal_proposed(agency: Agency, reason: str, by: str) -> dict[str, Any]:
    """§3.4.1: what the operator's proposal changes. Raises WRONG_STATE for an agency that was never approved."""
    check_once_approved(agency)
    state = next_state("agency", agency.state, "propose_removal")
    return {"state": state, "removal_from": agency.state, "removal_reason": reason, "removal_proposed_by": by}


def removal_declined(agency: Agency) -> dict[str, Any]:
    """§3.4.1: what the bureau's no changes: the agency is where it was when its removal was proposed."""
    state = next_state("agency", agency.state, f"reject_removal.{agency.removal_from}")
    return {"state": state, "removal_from": None, "removal_reason": None, "removal_proposed_by": None}
