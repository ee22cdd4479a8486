"""Who may serve (§3.1), how long an approval holds, and how it is renewed (§3.2.3)."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from voucher.models.agencies import Agency
from voucher.policy import AGENCY_CONDITIONS, CATEGORY_WORDS, AgencyCondition, Category, District, Policy
from voucher.refusals import FieldError, Refusal, Refused, refuse_first
from voucher.rules.lifecycle import check_step
from voucher.rules.search import mentions_all
from voucher.rules.working_days import add_months, shanghai_date

# the states of a renewal: from its submission to the bureau's decision, and back to the agency
RENEWAL_STATES = frozenset({"submitted", "pre_reviewed", "returned", "rejected"})


def conditions_not_met(agency: Agency, policy: Policy) -> dict[AgencyCondition, Refused]:
    """§3.1.1, §3.1.2, §3.1.3, §3.1.4: the refusal for every condition that the agency does not meet, in their order;
    equality passes. Its age is reckoned on the day of its application."""
    months = policy.agency_min_age_months
    metres = policy.agency_min_premises_m2
    persons = policy.agency_min_insured_staff
    old_enough = add_months(agency.established_on, months) <= (agency.applied_on or date.max)
    no_loss = agency.net_profit_last_year_fen >= policy.agency_min_net_profit_fen
    conditions: list[tuple[AgencyCondition, bool, Refused]] = [
        ("legal_person", agency.is_legal_person, Refused(Refusal.AGENCY_NOT_LEGAL_PERSON)),
        ("age", old_enough, Refused(Refusal.AGENCY_TOO_YOUNG, months=months)),
        ("profit", no_loss, Refused(Refusal.AGENCY_AT_LOSS)),
        ("premises", agency.premises_m2 >= metres, Refused(Refusal.AGENCY_PREMISES, square_metres=metres)),
        ("management", agency.has_management_system, Refused(Refusal.AGENCY_MANAGEMENT)),
        ("staff", agency.insured_staff >= persons, Refused(Refusal.AGENCY_STAFF, persons=persons)),
    ]
    return {condition: refused for condition, met, refused in conditions if not met}


def waived_conditions(
    agency: Agency, policy: Policy, override: str | None, named: Sequence[AgencyCondition] | None
) -> tuple[AgencyCondition, ...]:
    """§3.1: the conditions that the agency does not meet and an `override`, with its reason, waives: all of those that
    may be waived, or only the `named` ones.

    Raises the first condition that fails and is asked for; MALFORMED for a name outside the waivable ones, or names
    without an override.
    """
    check_waivers(policy, override, named)
    found = conditions_not_met(agency, policy)
    waivable = frozenset(policy.agency_waivable if named is None else named) if override else frozenset()
    refuse_first(refused for condition, refused in found.items() if condition not in waivable)
    return tuple(found)


def check_waivers(policy: Policy, override: str | None, named: Sequence[AgencyCondition] | None) -> None:
    """§3.1: only what the policy allows is waived, and with a reason. Raises MALFORMED."""
    if named and override is None:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("override", "须写明破例的理由。", "missing")])
    if wrong := [condition for condition in named or () if condition not in policy.agency_waivable]:
        errors = [
            FieldError(
                "waives",
                f"{AGENCY_CONDITIONS[condition]} 的该项条件（{condition}）不能破例。",
                "not_allowed",
                AGENCY_CONDITIONS[condition],
                allowed=policy.agency_waivable,
            )
            for condition in wrong
        ]
        raise Refused(Refusal.MALFORMED, errors=errors)


def approval_ends_on(agency: Agency, policy: Policy, today: date) -> date:
    """§3.2.3: the last day of an approval given today.

    An agency that was only reopened keeps the end that it had, because new years need a renewal with new documents.
    Raises RENEWAL_REQUIRED once that end has passed.
    """
    if agency.valid_until is None or agency.renewal:
        return add_months(today, policy.agency_approval_months)
    if _has_lapsed(agency, today):
        raise Refused(Refusal.RENEWAL_REQUIRED, valid_until=agency.valid_until)
    return agency.valid_until


def first_approved_on(agency: Agency) -> date | None:
    """§1.4b: the day of an agency's first approval, None before it. Of one that was approved before that day was kept
    it is only certain that it came after the application began."""
    if agency.first_approved_on or agency.approved_at is None:
        return agency.first_approved_on
    return shanghai_date(agency.created_at)


def check_signed_after_approval(signed_on: date, agency: Agency) -> None:
    """§1.4b: a voucher pays only toward contracts with an agency that was approved when it signed. Raises
    CONTRACT_BEFORE_APPROVAL."""
    approved_on = first_approved_on(agency)
    if approved_on is not None and signed_on < approved_on:
        raise Refused(Refusal.CONTRACT_BEFORE_APPROVAL, approved_on=approved_on)


def is_active(agency: Agency | None, today: date) -> bool:
    """§3.2.3: the agency's approval counts today; while it is being renewed, up to its own last day."""
    return agency is not None and _is_approved(agency) and not _has_lapsed(agency, today)


def _is_approved(agency: Agency) -> bool:
    if agency.valid_until is None:
        return False
    return agency.state == "active" or (_renews_as_active(agency) and agency.state in RENEWAL_STATES)


def _has_lapsed(agency: Agency, today: date) -> bool:
    return agency.valid_until is not None and agency.valid_until < today


def _renews_as_active(agency: Agency) -> bool:
    return agency.renewal and not agency.suspended


def check_active(agency: Agency | None, today: date) -> Agency:
    """§3.2.2, §3.2.3: the agency, which may list products and take orders: it is approved, and the approval has not
    ended. Raises AGENCY_NOT_ACTIVE."""
    if agency is None or not _is_approved(agency):
        raise Refused(Refusal.AGENCY_NOT_ACTIVE)
    if _has_lapsed(agency, today):
        raise Refused(Refusal.AGENCY_NOT_ACTIVE, clause="§3.2.3")
    return agency


def renewing_agency(agency: Agency, policy: Policy, today: date) -> Agency:
    """§3.2.3: the agency as it submits its renewal today; the step itself follows.

    A renewal opens some days before the approval's end and stays open after it. It brings no approval back: an agency
    that was reopened is active again only after the next approval.

    Raises RENEWAL_TOO_EARLY, or WRONG_STATE for an agency that was never approved.
    """
    check_step(agency, "renew")
    if agency.valid_until is None:
        raise Refused(Refusal.WRONG_STATE, of=agency)
    opens_on = agency.valid_until - timedelta(days=policy.agency_renewal_days)
    if today < opens_on:
        raise Refused(Refusal.RENEWAL_TOO_EARLY, days=policy.agency_renewal_days, opens_on=opens_on)
    suspended = agency.state != "active" and not _renews_as_active(agency)
    return agency.model_copy(update={"renewal": True, "suspended": suspended, "applied_on": today})


def proposed_agency(agency: Agency) -> Agency:
    """The agency as it will be if what it proposes for its renewal is approved."""
    return Agency.model_validate({**agency.model_dump(), **agency.proposed, "proposed": {}})


def needs_reminder(agency: Agency, policy: Policy, today: date) -> bool:
    """§3.2.3: the approval ends within some days, and the agency has not submitted its renewal."""
    if agency.state != "active" or agency.valid_until is None:
        return False
    return today <= agency.valid_until <= today + timedelta(days=policy.agency_reminder_days)


def categories_on_sale(agency: Agency | None, today: date) -> frozenset[Category]:
    """§3.2.3, §3.3: the categories that may be ordered from the agency today; none unless it is active."""
    return frozenset(agency.categories) if agency is not None and is_active(agency, today) else frozenset()


def is_found(agency: Agency, category: Category | None, district: District | None, words: Iterable[str]) -> bool:
    """True if a search of the register finds the agency: every word stands in its name or in one of its categories."""
    texts = (agency.name, *(CATEGORY_WORDS[each] for each in agency.categories))
    is_there = category in (None, *agency.categories) and district in (None, agency.district)
    return is_there and mentions_all(texts, words)


def check_scope(agency: Agency, category: Category) -> None:
    """§3.3: the product's category is among those the agency was approved for."""
    if category not in agency.categories:
        raise Refused(Refusal.OUTSIDE_AGENCY_SCOPE)
