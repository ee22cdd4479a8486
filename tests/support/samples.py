"""Samples for tests: enterprises and agencies of the seeded city, and bodies of products, batches and lists."""

from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from infra.city.agencies import Agency, make_agencies
from infra.city.enterprises import Enterprise, make_enterprises
from infra.client.steps import batch_draft

TODAY = date(2026, 6, 15)


@cache
def enterprises() -> tuple[Enterprise, ...]:
    """Every enterprise of the seeded city that must be approved and is on no list."""
    all_enterprises = make_enterprises(7, TODAY, 2026)
    return tuple(each for each in all_enterprises if each.expected_refusal is None and not each.on_lists)


def enterprise(number: int = 0) -> Enterprise:
    """One enterprise that must be approved."""
    return enterprises()[number]


@cache
def agencies() -> tuple[Agency, ...]:
    """Every agency that must be approved."""
    return tuple(each for each in make_agencies(7, TODAY) if each.expected_refusal is None)


def agency(number: int = 0) -> Agency:
    """One agency that must be approved."""
    return agencies()[number]


def product(seller: Agency, **changes: Any) -> dict[str, Any]:
    """The body of a product in the agency's first category."""
    return {
        "agency_uscc": seller.uscc,
        "category": seller.application()["categories"][0],
        "name": "企业服务",
        "area": "丽水市区",
        "content": "按合同约定提供服务",
        "term": "三个月",
        "price_fen": 1_000_000,
        "price_unit": "项",
        **changes,
    }


def batch(**changes: Any) -> dict[str, Any]:
    """A batch of 500,000 yuan that is open on the test day."""
    opens, closes = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
    return batch_draft("第一批", 50_000_000, opens, closes, date(2026, 11, 30)) | changes


def list_file(usccs: list[str]) -> bytes:
    """A list of enterprises as another office sends it, in .csv."""
    return "\n".join(["统一社会信用代码,企业名称", *(f"{uscc},企业" for uscc in usccs)]).encode()
