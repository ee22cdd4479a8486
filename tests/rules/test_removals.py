"""The removal of an agency: the operator's proposal, and the way back if the bureau refuses (§3.4.1)."""

import pytest

from tests.rules.records import NOW, POLICY, agency, refusal_of
from voucher.models.base import Mark
from voucher.refusals import Refusal
from voucher.rules.removals import agency_proposed_for_removal, decided_agency

MARK = Mark(by="operator", at=NOW)


@pytest.mark.clause("§3.4.1")
@pytest.mark.parametrize("state", ["active", "submitted", "pre_reviewed", "returned", "rejected"])
def test_an_agency_whose_removal_is_refused_is_back_in_its_former_state(state: str) -> None:
    seller = agency(state=state)
    waiting = agency_proposed_for_removal(seller, "虚报", POLICY, MARK)
    assert (waiting.state, waiting.removal_from, waiting.removal_proposed_by) == ("removal_proposed", state, "operator")
    kept = decided_agency(waiting, "reject", None, MARK)
    assert (kept.state, kept.removal_from, kept.removal_reason, kept.removal_proposed_by) == (state, None, None, None)


@pytest.mark.clause("§3.4.1")
@pytest.mark.parametrize("state", ["draft", "submitted", "pre_reviewed", "returned", "rejected"])
def test_an_agency_that_was_never_approved_cannot_be_removed(state: str) -> None:
    never = agency(state=state, approved_at=None, valid_until=None)
    assert refusal_of(agency_proposed_for_removal, never, "虚报", POLICY, MARK) is Refusal.WRONG_STATE


@pytest.mark.clause("§3.4.1")
def test_a_removal_proposed_before_there_were_hearings_is_decided_without_one() -> None:
    waiting = agency_proposed_for_removal(agency(), "虚报", POLICY, MARK).model_copy(update={"sanction": None})
    assert decided_agency(waiting, "approve", None, MARK).state == "removed"
