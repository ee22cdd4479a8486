"""Which products can be ordered, and what a correction and a publication make of one (§3.3)."""

import pytest

from tests.rules.records import product, refusal_of
from voucher.refusals import Refusal
from voucher.rules.products import check_listed


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
