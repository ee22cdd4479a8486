"""§1.3: every value of a year's policy that can be looser than the edition's is known as such."""

from datetime import date
from typing import Any

import pytest

from tests.rules.records import POLICY, YEAR, policy, refused_by
from voucher.policy import Category, Policy
from voucher.refusals import Refusal
from voucher.rules.deviations import FREE, LOOSER, deviations_of, documented

CAPS = {category.value: percent for category, percent in POLICY.cap_percent.items()}
# field → a value that is looser, and one that is stricter
VALUES: dict[str, tuple[Any, Any]] = {
    "edition": ("丽经信〔2030〕1号", POLICY.edition),
    "grants_from": (date(2024, 8, 8), date(2024, 8, 10)),
    "grants_until": (date(2027, 1, 1), date(2026, 12, 30)),
    "year_starts_on": (date(2025, 12, 31), date(2026, 1, 2)),
    "year_ends_on": (date(2027, 1, 1), date(2026, 12, 30)),
    "districts": (("city", "liandu", "development_zone", "other"), ("city",)),
    "sector_divisions": ((*POLICY.sector_divisions, "51"), ("06", "6510")),
    "enterprise_min_age_months": (11, 13),
    "quota_default_fen": (1_000_001, 999_999),
    "quota_newly_above_scale_fen": (2_000_001, 1_999_999),
    "quota_little_giant_nursery_fen": (1_000_001, 999_999),
    "cap_percent": (CAPS | {"legal": 31, "hr": 1}, CAPS | {"legal": 29}),
    "key_categories": ((*POLICY.key_categories, Category.HR), (Category.IP,)),
    "key_floor_percent": (39, 41),
    "voucher_max_percent": (71, 69),
    "agency_min_age_months": (23, 25),
    "agency_min_net_profit_fen": (-1, 1),
    "agency_min_premises_m2": (49, 51),
    "agency_min_insured_staff": (4, 6),
    "agency_waivable": (("legal_person", "premises", "staff"), ()),
    "agency_approval_months": (25, 23),
    "material_change_days": (16, 14),
}


def found(**changes: Any) -> list[str]:
    return [each.field for each in deviations_of(policy(**changes), POLICY, YEAR)]


def test_every_value_of_a_policy_is_either_of_the_text_or_free() -> None:
    assert LOOSER.keys() | FREE == Policy.model_fields.keys()
    assert not LOOSER.keys() & FREE
    assert VALUES.keys() == LOOSER.keys()


@pytest.mark.clause("§1.3")
@pytest.mark.parametrize("field", LOOSER)
def test_the_looser_value_deviates_and_the_stricter_one_does_not(field: str) -> None:
    looser, stricter = VALUES[field]
    assert found(**{field: looser}) == [field]
    assert found(**{field: stricter}) == []


@pytest.mark.clause("§1.3")
def test_the_edition_itself_deviates_from_nothing() -> None:
    assert found() == []
    assert found(year_starts_on=date(2026, 1, 1), year_ends_on=date(2026, 12, 31)) == []


@pytest.mark.clause("§1.3")
def test_looser_values_need_a_document_and_are_named_with_their_clauses() -> None:
    looser = policy(voucher_max_percent=100, key_floor_percent=0, quota_combination="sum")
    refused = refused_by(documented, looser, POLICY, YEAR, None)
    assert refused is not None
    assert (refused.refusal, refused.clause) == (Refusal.LOOSER_THAN_EDITION, "§2.2.floor")
    named = [(each.field, each.clause) for each in refused.errors]
    assert named == [("policy.key_floor_percent", "§2.2.floor"), ("policy.voucher_max_percent", "§2.3.2")]
    another = refused_by(documented, policy(edition="别的办法"), POLICY, YEAR, None)
    assert another is not None
    assert [(each.field, each.message) for each in another.errors] == [
        ("policy.edition", "与现行办法（丽经信〔2024〕44号）不同。")
    ]
    shown = [each.model_dump() for each in documented(looser, POLICY, YEAR, "丽经信〔2026〕9号")]
    assert shown == [
        {"field": "key_floor_percent", "clause": "§2.2.floor", "edition": 40, "here": 0},
        {"field": "voucher_max_percent", "clause": "§2.3.2", "edition": 70, "here": 100},
    ]
