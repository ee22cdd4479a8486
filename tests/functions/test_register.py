"""The public register: agencies that may be ordered from, with contact and ratings (§3.2.2, §3.2.3, §4.2.3)."""

from datetime import UTC, datetime

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support.scenario import OWNER, RIVAL, SELLER, Json, Town, admit, answer_removal

SHOWN = {
    *("uscc", "name", "categories", "district", "valid_until"),
    *("contact_name", "contact_phone", "rating_average", "rating_count"),
}


def found_names(town: Town, search: str = "") -> list[str]:
    """The names of the agencies that the public finds."""
    return [each["name"] for each in steps.expect(town.world.call(None, "GET", f"/register{search}"), 200)["items"]]


@pytest.mark.clause("§3.2.2")
def test_the_public_sees_how_to_reach_an_approved_agency_and_nothing_else_of_it(town: Town) -> None:
    path = f"/register/{town.agency.uscc}"
    shown = steps.expect(town.world.call(None, "GET", path), 200)
    assert set(shown) == SHOWN
    assert (shown["name"], shown["contact_phone"]) == (town.agency.name, town.agency.contact_phone)
    assert (shown["valid_until"], shown["rating_count"], shown["rating_average"]) == ("2028-06-15", 0, None)
    assert steps.expect(town.world.call(None, "GET", "/register"), 200)["items"] == [shown]
    assert town.agency.legal_representative not in str(shown)


def test_agencies_are_found_by_category_district_and_words_page_by_page(town: Town) -> None:
    other = samples.agency(9)
    admit(town.world, other, RIVAL)
    both, one = {town.agency.name, other.name}, town.agency.categories[0]
    assert one not in other.categories
    assert set(found_names(town)) == both
    assert found_names(town, f"?category={one}") == [town.agency.name]
    assert found_names(town, f"?q={other.name[2:6]}") == [other.name]
    assert found_names(town, "?q=没有") == []
    assert found_names(town, "?district=liandu") == []
    assert town.world.call(None, "GET", "/register?category=catering").code == "MALFORMED"
    assert town.world.call(None, "GET", "/register?district=moon").code == "MALFORMED"
    page = town.world.call(None, "GET", "/register?limit=1").body
    rest = town.world.call(None, "GET", f"/register?limit=1&cursor={page['next_cursor']}").body
    assert ({each["name"] for each in page["items"] + rest["items"]}, rest["next_cursor"]) == (both, None)


def test_an_agency_that_says_its_district_is_found_by_it(town: Town) -> None:
    documents = samples.agency(9).application() | {"district": "liandu"}
    steps.expect(town.world.call(RIVAL, "POST", "/agencies", documents), 201)
    assert found_names(town, "?district=liandu") == [], "it has only applied"


@pytest.mark.clause("§3.2.3")
def test_an_agency_whose_approval_ended_is_not_in_the_register(town: Town, stopped_clock: StoppedClock) -> None:
    stopped_clock.instant = datetime(2028, 6, 15, 15, 59, 59, tzinfo=UTC)
    assert found_names(town) == [town.agency.name]
    stopped_clock.instant = datetime(2028, 6, 15, 16, tzinfo=UTC)
    assert found_names(town) == []
    gone = town.world.call(None, "GET", f"/register/{town.agency.uscc}")
    assert (gone.status, gone.body["thing"]) == (404, "agency")


@pytest.mark.clause("§3.4.1")
def test_an_agency_that_is_to_be_removed_is_not_in_the_register(town: Town) -> None:
    path = f"/agencies/{town.agency.uscc}/removal"
    steps.expect(town.world.call(OPERATOR, "POST", path, {"reason": "不配合监督检查"}), 200, 201)
    assert found_names(town) == []
    answer_removal(town.world, town.agency.uscc)
    steps.expect(town.world.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
    assert town.world.call(None, "GET", f"/register/{town.agency.uscc}").status == 404


@pytest.mark.clause("§4.2.3")
def test_ratings_are_counted_once_each_and_averaged(completed: tuple[Town, Json]) -> None:
    town, order = completed
    for _ in range(2):  # the second time is a repetition
        steps.expect(town.act(OWNER, order, "rating", {"score": 4}), 200)
    second = town.complete(town.order(contract_fen=100_000, voucher_fen=50_000))
    steps.expect(town.act(OWNER, second, "rating", {"score": 5, "comment": "好"}), 200)
    [shown] = steps.expect(town.world.call(None, "GET", "/register"), 200)["items"]
    assert (shown["rating_count"], shown["rating_average"]) == (2, 4.5)
    assert steps.expect(town.world.call(None, "GET", f"/register/{town.agency.uscc}"), 200) == shown
    for_staff = town.shown(f"/agencies/{town.agency.uscc}")
    assert (for_staff["rating_count"], for_staff["rating_average"]) == (2, 4.5)


@pytest.mark.clause("§4.2.3")
def test_a_product_has_the_ratings_of_its_own_orders(completed: tuple[Town, Json]) -> None:
    town, order = completed
    other = steps.list_product(town.world, SELLER, {**samples.product(town.agency), "name": "另一服务"})
    steps.expect(town.act(OWNER, order, "rating", {"score": 3}), 200)
    items = steps.expect(town.world.call(None, "GET", "/products"), 200)["items"]
    rated = {each["product_id"]: (each["rating_count"], each["rating_average"]) for each in items}
    assert rated == {order["product_id"]: (1, 3.0), other["product_id"]: (0, None)}
    alone = steps.expect(town.world.call(None, "GET", f"/products/{order['product_id']}"), 200)
    assert (alone["rating_count"], alone["rating_average"]) == (1, 3.0)
