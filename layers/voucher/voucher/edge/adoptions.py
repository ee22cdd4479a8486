"""New facts of a reported change, which the operator adopts: what is written together (§3.2.3, §4.1.3)."""

from collections.abc import Mapping

from voucher.edge import clock
from voucher.edge.policies import policy_today
from voucher.edge.qualifications import following_writes, read_enterprise
from voucher.models.agencies import Agency
from voucher.models.base import Mark
from voucher.models.changes import Change
from voucher.rules.changes import beside_what_counts, check_not_overtaken, check_still_eligible, with_facts_of
from voucher.store import changes, organisations


def adopt_in_enterprise(old: Change, new: Change, found: Mapping[str, bool], step: str, mark: Mark) -> Change:
    """§4.1.3: the facts count from now on; the entitlements follow in the same transaction, so that a later grab has
    the new audience. `found` is what the reviewer finds of a new industry code. Raises
    NEWER_REPORT_ADOPTED, or the clause that speaks against the new facts."""
    enterprise, known = read_enterprise(old.uscc)
    # read after the organisation, which is written if it is as it was read: no adoption in between is overlooked
    check_not_overtaken(old, changes.list_of("enterprise", old.uscc))
    has_new_industry = any(each.field == "industry_code" for each in old.facts)
    changed = with_facts_of(enterprise, old, mark, found if has_new_industry else {})
    check_still_eligible(changed, policy_today(), clock.today())
    decided = beside_what_counts(new, enterprise)
    also = *following_writes(changed, known), *changes.decided_writes(old, decided, step, mark.by)
    organisations.commit_decision(enterprise, changed, step, mark.by, *also)
    return decided


def adopt_in_agency(old: Change, new: Change, agency: Agency, step: str, mark: Mark) -> Change:
    """§3.2.3: the facts count from now on. Raises NEWER_REPORT_ADOPTED, or the clause that speaks against the new
    facts."""
    check_not_overtaken(old, changes.list_of("agency", old.uscc))
    changed = with_facts_of(agency, old, mark)
    check_still_eligible(changed, policy_today(), clock.today())
    decided = beside_what_counts(new, agency)
    organisations.commit_decision(agency, changed, step, mark.by, *changes.decided_writes(old, decided, step, mark.by))
    return decided
