"""Which products can be ordered (§3.3), and with what a price is compared (§5.2a)."""

import pytest

from tests.rules.records import product, refusal_of
from voucher.refusals import Refusal
from voucher.rules.products import check_listed, median_prices, price_kind


@pytest.mark.clause("§3.3")
@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        ("published", None),
        ("draft", Refusal.PRODUCT_NOT_LISTED),
        ("withdrawn", Refusal.PRODUCT_NOT_LISTED),
    ],
)
def test_only_a_published_product_can_be_ordered(state: str, refusal: Refusal | None) -> None:
    assert refusal_of(check_listed, product(state=state)) is refusal


@pytest.mark.clause("§5.2a")
def test_prices_are_compared_within_one_category_service_item_and_unit() -> None:
    alike = [product(product_id=f"p{fen}", price_fen=fen, price_unit="次") for fen in (301, 100, 304, 900)]
    item = [each.model_copy(update={"service_item": "专利代理", "price_unit": "次 "}) for each in alike[:2]]
    per_month = product(price_fen=1, price_unit="月")
    first = alike[0]
    assert median_prices([*alike[:2], per_month]) == {}
    found = median_prices([*alike, per_month])
    assert found == {
        price_kind(first): {"median_fen": 302, "price_unit": "次", "service_item": None, "product_count": 4}
    }
    # those of a service item count for their category, too, and have no median of their own below three
    assert median_prices([*alike[2:], *item]) == found
    third = item[0].model_copy(update={"price_fen": 200})
    assert median_prices([*item, third])[price_kind(third)]["median_fen"] == 200
