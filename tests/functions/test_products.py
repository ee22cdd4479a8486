"""What an agency lists: drafted within its approval, put up by the operator, found by everybody, taken down."""

import pytest

from infra.client import steps
from infra.client.http import OPERATOR
from tests.support import samples
from tests.support.scenario import NEIGHBOUR, OWNER, SELLER, Town
from tests.support.snapshots import everything_kept


def found(town: Town, search: str = "") -> list[str]:
    """The ids of what the public finds."""
    items = steps.expect(town.world.call(None, "GET", f"/products{search}"), 200)["items"]
    return [each["product_id"] for each in items]


@pytest.mark.clause("§3.3")
def test_only_an_active_agency_lists_and_only_in_its_categories(town: Town) -> None:
    waiting = samples.agency(2)
    steps.expect(town.world.call(SELLER, "POST", "/agencies", waiting.application()), 201)
    before = everything_kept()
    refused = town.world.call(SELLER, "POST", "/products", samples.product(waiting))
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "AGENCY_NOT_ACTIVE", "§3.2.2")
    outside = town.world.call(SELLER, "POST", "/products", samples.product(town.agency, category="legal"))
    assert (outside.status, outside.code, outside.body["clause"]) == (422, "OUTSIDE_AGENCY_SCOPE", "§3.3")
    assert town.world.call(OWNER, "POST", "/products", samples.product(town.agency)).code == "NOT_FOUND"
    unknown = town.world.call(SELLER, "POST", "/products", samples.product(town.agency, category="catering"))
    assert [error["field"] for error in unknown.body["errors"]] == ["category"]
    assert everything_kept() == before


@pytest.mark.clause("§3.3")
def test_nobody_sees_a_product_before_the_operator_put_it_up(town: Town) -> None:
    draft = steps.expect(town.world.call(SELLER, "POST", "/products", samples.product(town.agency)), 201)
    path = f"/products/{draft['product_id']}"
    assert draft["state"] == "draft"
    assert town.world.call(None, "GET", path).code == "NOT_FOUND"
    assert draft["product_id"] not in found(town)
    assert town.world.call(SELLER, "POST", f"{path}/publish").code == "ROLE_REQUIRED"
    assert steps.expect(town.world.call(OPERATOR, "POST", f"{path}/publish"), 200)["state"] == "published"
    assert town.world.call(None, "GET", path).body["price_fen"] == 1_000_000
    again = town.world.call(OPERATOR, "POST", f"{path}/publish")
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")


def test_a_draft_is_corrected_within_the_agencys_categories_and_what_is_on_sale_stays_until_put_up_again(
    town: Town,
) -> None:
    draft = steps.expect(town.world.call(SELLER, "POST", "/products", samples.product(town.agency)), 201)
    path = f"/products/{draft['product_id']}"
    assert town.world.call(SELLER, "PATCH", path, {"price_fen": 5}).body["price_fen"] == 5
    assert town.world.call(SELLER, "PATCH", path, {"category": "legal"}).code == "OUTSIDE_AGENCY_SCOPE"
    assert town.world.call(NEIGHBOUR, "PATCH", path, {"price_fen": 6}).code == "NOT_FOUND"
    steps.expect(town.world.call(OPERATOR, "POST", f"{path}/publish"), 200)
    steps.expect(town.world.call(SELLER, "PATCH", path, {"price_fen": 7}), 200)
    assert town.world.call(None, "GET", path).body["price_fen"] == 5
    steps.expect(town.world.call(OPERATOR, "POST", f"{path}/publish"), 200)
    assert town.world.call(None, "GET", path).body["price_fen"] == 7


def test_what_is_taken_down_is_not_found_nor_ordered(voucher: tuple[Town, dict[str, object]]) -> None:
    town, _ = voucher
    path = f"/products/{town.product_id}"
    assert town.world.call(NEIGHBOUR, "POST", f"{path}/withdraw").code == "NOT_FOUND"
    assert steps.expect(town.world.call(SELLER, "POST", f"{path}/withdraw"), 200)["state"] == "withdrawn"
    assert town.world.call(None, "GET", path).code == "NOT_FOUND"
    refused = town.place()
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "PRODUCT_NOT_LISTED", "§3.3")
    steps.expect(town.world.call(OPERATOR, "POST", f"{path}/publish"), 200)
    assert town.place().status == 201


def test_products_are_found_by_category_agency_and_words_page_by_page(town: Town) -> None:
    first = samples.product(town.agency)["category"]
    second = next(each for each in town.agency.categories if each != first)
    listing = samples.product(town.agency, category=second, name="专利检索 Patent")
    other = steps.list_product(town.world, SELLER, listing)["product_id"]
    assert found(town, f"?category={second}") == [other]
    assert found(town, f"?category={first}") == [town.product_id]
    assert found(town, "?q=patent") == [other]
    assert found(town, "?q=检索") == [other]
    assert found(town, "?q=没有") == []
    assert set(found(town, f"?agency={town.agency.uscc}")) == {other, town.product_id}
    assert found(town, f"?agency={town.enterprise.uscc}") == []
    page = town.world.call(None, "GET", "/products?limit=1").body
    rest = town.world.call(None, "GET", f"/products?limit=1&cursor={page['next_cursor']}").body
    ids = {each["product_id"] for each in page["items"] + rest["items"]}
    assert (ids, rest["next_cursor"]) == ({other, town.product_id}, None)
    assert town.world.call(None, "GET", "/products?category=catering").code == "MALFORMED"


def test_the_same_draft_again_under_its_key_is_one_product(town: Town) -> None:
    listing = samples.product(town.agency)
    first = steps.expect(town.world.call(SELLER, "POST", "/products", listing, key="p"), 201)
    again = town.world.call(SELLER, "POST", "/products", listing, key="p")
    assert (again.status, again.body) == (200, first)
    other = town.world.call(SELLER, "POST", "/products", {**listing, "price_fen": 1}, key="p")
    assert (other.status, other.code) == (422, "IDEMPOTENCY_KEY_REUSED")
