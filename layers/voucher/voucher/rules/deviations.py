"""Where a year's policy is looser than its edition (§1.3): it needs a document that decides so, and everybody sees it.

Looser is what gives more money, to more, for longer, or asks for less; another edition's name is told, too. What the
text leaves to the authority, such as the days of a notice, and what is no matter of the regulation, such as a bound
against floods, deviates from nothing.
"""

from collections.abc import Callable
from typing import Any

from voucher.models.programmes import Deviation
from voucher.policy import Policy
from voucher.refusals import FieldError, Refusal, Refused

IsLooser = Callable[[Any, Any], bool]


def _more(here: Any, edition: Any) -> bool:
    return bool(here > edition)


def _less(here: Any, edition: Any) -> bool:
    return bool(here < edition)


def _another(here: Any, edition: Any) -> bool:
    return bool(here != edition)


def _others(here: Any, edition: Any) -> bool:
    return not set(here) <= set(edition)


def _wider_codes(here: Any, edition: Any) -> bool:
    """Some code that begins with none of the edition's."""
    return any(not code.startswith(tuple(edition)) for code in here)


def _some_more(here: Any, edition: Any) -> bool:
    return any(here[name] > edition[name] for name in edition)


# field → its clause, and when a year's value is looser than the edition's
LOOSER: dict[str, tuple[str, IsLooser]] = {
    "edition": ("§6", _another),
    "grants_from": ("§6", _less),
    "grants_until": ("§6", _more),
    "year_starts_on": ("§1.4b", _less),
    "year_ends_on": ("§1.4b", _more),
    "districts": ("§2.1", _others),
    "sector_divisions": ("§2.1", _wider_codes),
    "enterprise_min_age_months": ("§2.1.2", _less),
    "quota_default_fen": ("§2.3.1", _more),
    "quota_newly_above_scale_fen": ("§2.3.1", _more),
    "quota_little_giant_nursery_fen": ("§2.3.1", _more),
    "cap_percent": ("§2.2.cap", _some_more),
    "key_categories": ("§2.2.floor", _others),
    "key_floor_percent": ("§2.2.floor", _less),
    "voucher_max_percent": ("§2.3.2", _more),
    "agency_min_age_months": ("§3.1.1", _less),
    "agency_min_net_profit_fen": ("§3.1.1", _less),
    "agency_min_premises_m2": ("§3.1.2", _less),
    "agency_min_insured_staff": ("§3.1.4", _less),
    "agency_waivable": ("§3.1", _others),
    "agency_approval_months": ("§3.2.3", _more),
    "material_change_days": ("§3.2.3", _more),
}
# what the text leaves open (the combination of two lists, who takes part in a re-release, the length of a notice), and
# what no clause asks for
FREE = frozenset(
    {
        "quota_combination",
        "rerelease_excludes_lapsed",
        "settlement_ends_on",
        "settlement_reminder_days",
        "correction_days",
        "complaint_acceptance_working_days",
        "complaint_answer_working_days",
        "agency_renewal_days",
        "agency_reminder_days",
        "voucher_reminder_days",
        "confirmation_days",
        "confirmation_reminder_days",
        "cancellation_days",
        "hearing_days",
        "notice_working_days",
        "notice_objections_per_hour",
        "source_objections_per_hour",
        "new_source_objections_percent",
        "objection_effort_bits",
        "objection_effort_step",
        "objection_effort_most_bits",
        "excluded_industries",
        "acceptance_working_days",
        "review_working_days",
        "task_reminder_days",
        "recovery_days",
        "joint_inspection_ends_on",
        "low_score",
        "inspection_days",
        "rectification_days",
        "least_voucher_fen",
        "open_orders_per_pair",
        "members_per_organisation",
        "invitations_per_organisation",
        "invitation_days",
        "claims_per_person",
        "claims_per_organisation",
        "drafts_per_person",
        "open_changes_per_organisation",
        "products_per_agency",
        "documents_per_kind",
        "settlement_documents_per_kind",
        "documents_per_day",
        "batch_shards",
        "yearly_shards",
    }
)


def deviations_of(policy: Policy, edition: Policy, year: int) -> tuple[Deviation, ...]:
    """§1.3: every value of a year's policy that is looser than its edition, in the order of the text."""
    here, there = _values(policy, year), _values(edition, year)
    shown, shown_there = policy.model_dump(mode="json"), edition.model_dump(mode="json")
    return tuple(
        Deviation(field=name, clause=clause, edition=shown_there[name], here=shown[name])
        for name, (clause, is_looser) in LOOSER.items()
        if is_looser(here[name], there[name])
    )


def _values(policy: Policy, year: int) -> dict[str, Any]:
    """The values to compare: where the edition names no days of a year, they are those of the calendar."""
    return {
        **{name: getattr(policy, name) for name in LOOSER},
        "year_starts_on": policy.first_day(year),
        "year_ends_on": policy.last_day(year),
    }


def documented(policy: Policy, edition: Policy, year: int, document_number: str | None) -> tuple[Deviation, ...]:
    """§1.3: where a year's policy is looser than its edition, which a document decides. Raises LOOSER_THAN_EDITION with
    every such value if there is none."""
    found = deviations_of(policy, edition, year)
    if found and document_number is None:
        errors = [FieldError(f"policy.{each.field}", *_told(each), each.clause) for each in found]
        raise Refused(Refusal.LOOSER_THAN_EDITION, clause=found[0].clause, errors=errors)
    return found


def _told(deviation: Deviation) -> tuple[str, str]:
    """What is wrong with a value, and its kind of mistake: another edition's name is not looser by itself."""
    if deviation.field == "edition":
        return f"与现行办法（{deviation.edition}）不同。", "not_allowed"
    return "比现行办法宽松。", "looser"
