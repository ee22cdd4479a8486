"""One of each record with everything right about it, so that a test of a rule names only what it changes."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from voucher.models.agencies import Agency
from voucher.models.batches import Batch
from voucher.models.enterprises import Enterprise
from voucher.models.entitlements import Entitlement
from voucher.models.products import Product
from voucher.models.programmes import Programme
from voucher.models.standing import Standing
from voucher.models.vouchers import Voucher
from voucher.policy import EDITIONS, Category, Policy
from voucher.refusals import Refusal, Refused

POLICY = EDITIONS[0]

YEAR = 2026
NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)  # 10:00 in Lishui

TODAY = date(2026, 6, 15)
FIRM = "91331100MA2E000001"
AGENCY = "91331100MA2E000002"
YEAR_END = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)  # 24:00 of the year's last day in Lishui

MADE = {"created_at": NOW, "created_by": "someone"}


def refused_by(rule: Callable[..., object], *facts: Any) -> Refused | None:
    """The rule's refusal with all it says, None when it lets the facts pass."""
    try:
        rule(*facts)
    except Refused as no:
        return no
    return None


def refusal_of(rule: Callable[..., object], *facts: Any) -> Refusal | None:
    """Which refusal the rule answers with, None when it lets the facts pass."""
    no = refused_by(rule, *facts)
    return no.refusal if no else None


def fields_at_fault(refusal: Refusal, rule: Callable[..., object], *facts: Any) -> list[str]:
    """The fields the rule names in this very refusal; none when it lets the facts pass."""
    no = refused_by(rule, *facts)
    assert no is None or (no.refusal is refusal and no.errors)
    return [each.field for each in no.errors] if no else []


def policy(**overrides: Any) -> Policy:
    """The edition with a programme's overrides."""
    return Policy.model_validate({**POLICY.model_dump(), **overrides})


def enterprise(**changes: Any) -> Enterprise:
    """An approved small factory in 莲都区 that applied today, two years old."""
    facts: dict[str, Any] = {
        "state": "approved",
        "uscc": FIRM,
        "name": "丽水市试验机械有限公司",
        "district": "liandu",
        "established_on": date(2024, 6, 15),
        "industry_code": "3411",
        "employees": 50,
        "revenue_fen": 500_000_000,
        "assets_fen": 300_000_000,
        "is_legal_person": True,
        "legal_representative": "张三",
        "contact_name": "李四",
        "contact_phone": "13800000000",
        "members": frozenset({"member"}),
        "applied_on": TODAY,
        "approved_at": NOW,
        **MADE,
    }
    return Enterprise(**facts | changes)


def standing(**changes: Any) -> Standing:
    """On no list, no violation."""
    return Standing(**{"uscc": FIRM} | changes)


def entitlement(**changes: Any) -> Entitlement:
    """The default quota, nothing granted yet."""
    facts: dict[str, Any] = {
        "year": YEAR,
        "uscc": FIRM,
        "qualified": True,
        "members": frozenset({"member"}),
        "quota_fen": 1_000_000,
        "left_fen": 1_000_000,
    }
    return Entitlement(**facts | changes)


def agency(**changes: Any) -> Agency:
    """An active agency that met every condition of §3.1 exactly when it applied."""
    facts: dict[str, Any] = {
        "state": "active",
        "uscc": AGENCY,
        "name": "丽水市试验技术服务有限公司",
        "established_on": date(2024, 6, 15),
        "is_legal_person": True,
        "net_profit_last_year_fen": 0,
        "premises_m2": 50,
        "insured_staff": 5,
        "has_management_system": True,
        "categories": (Category.TECH_INNOVATION,),
        "members": frozenset({"agent"}),
        "applied_on": TODAY,
        "approved_at": NOW,
        "valid_until": TODAY,
        **MADE,
    }
    return Agency(**facts | changes)


def product(**changes: Any) -> Product:
    """A published listing."""
    facts: dict[str, Any] = {
        "state": "published",
        "product_id": f"{AGENCY}.p1",
        "agency_uscc": AGENCY,
        "category": Category.TECH_INNOVATION,
        "name": "工艺改进",
        "area": "丽水市区",
        "content": "按合同约定提供服务",
        "term": "三个月",
        "price_fen": 1_000_000,
        "price_unit": "项",
        **MADE,
    }
    return Product(**facts | changes)


def programme(**changes: Any) -> Programme:
    """An open year of ten million yuan, half of it not yet released."""
    facts: dict[str, Any] = {
        "state": "open",
        "year": YEAR,
        "total_fen": 1_000_000_000,
        "unreleased_fen": 500_000_000,
        "policy": POLICY,
        **MADE,
    }
    return Programme(**facts | changes)


def batch(**changes: Any) -> Batch:
    """A published batch, open in June and July."""
    facts: dict[str, Any] = {
        "state": "published",
        "batch_id": "2026.b1",
        "year": YEAR,
        "name": "第一批",
        "amount_fen": 50_000_000,
        "opens_at": datetime(2026, 6, 1, tzinfo=UTC),
        "closes_at": datetime(2026, 8, 1, tzinfo=UTC),
        "valid_until": date(2026, 11, 30),
        "ends_at": datetime(2026, 11, 30, 16, 0, tzinfo=UTC),
        "shards": 4,
        "grants_from": POLICY.grants_from,
        "grants_until": POLICY.grants_until,
        "guess_fen": 1_000_000,
        **MADE,
    }
    return Batch(**facts | changes)


def voucher(**changes: Any) -> Voucher:
    """An unspent voucher of 10,000 yuan that ends with the year."""
    facts: dict[str, Any] = {
        "voucher_id": f"2026.b1.{FIRM}",
        "batch_id": "2026.b1",
        "year": YEAR,
        "enterprise_uscc": FIRM,
        "face_fen": 1_000_000,
        "balance_fen": 1_000_000,
        "granted_at": NOW,
        "granted_by": "member",
        "ends_at": YEAR_END,
        "valid_until": date(2026, 12, 31),
    }
    return Voucher(**facts | changes)
