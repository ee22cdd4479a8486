"""When papers for a report may be added, and which new facts may be adopted (§3.2.3, §4.1.3)."""

import pytest

from tests.rules.records import NOW, POLICY, TODAY, agency, enterprise, refusal_of
from voucher.refusals import Refusal
from voucher.rules.changes import check_may_add, check_still_eligible


@pytest.mark.clause("§4.1.3")
@pytest.mark.parametrize(
    ("state", "approved", "kind", "refusal"),
    [
        ("approved", True, "change_evidence", None),
        ("returned", True, "change_evidence", None),
        ("returned", False, "change_evidence", Refusal.WRONG_STATE),
        ("disqualified", True, "change_evidence", Refusal.WRONG_STATE),
        ("approved", True, "business_license", Refusal.WRONG_STATE),
        ("returned", False, "business_license", None),
    ],
)
def test_papers_for_a_report_are_added_by_whoever_was_approved(
    state: str, approved: bool, kind: str, refusal: Refusal | None
) -> None:
    organisation = enterprise(state=state, approved_at=NOW if approved else None)
    assert refusal_of(check_may_add, organisation, kind) is refusal


@pytest.mark.clause("§3.2.3")
def test_what_the_bureau_waived_stays_waived_for_new_facts() -> None:
    small = agency(premises_m2=10)
    assert refusal_of(check_still_eligible, small, POLICY, TODAY) is Refusal.AGENCY_PREMISES
    assert refusal_of(check_still_eligible, agency(premises_m2=10, waives=("premises",)), POLICY, TODAY) is None
