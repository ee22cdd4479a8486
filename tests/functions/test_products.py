"""Products: drafted within an approval, published, corrected while on sale, withdrawn, and their prices (§3.3)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from infra.client import steps
from infra.client.http import OPERATOR, Person
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support.scenario import NEIGHBOUR, OWNER, SELLER, Json, Town, remove_agency
from tests.support.snapshots import everything_kept
from voucher.policy import Category
from voucher.service_items import SERVICE_ITEMS
from voucher.store import organisations, products

FACTS = ("category", "name", "area", "content", "term", "price_fen", "price_unit")


def path_of(town: Town) -> str:
    return f"/products/{town.product_id}"


def product_on_sale(town: Town) -> Json:
    """The town's product as everybody sees it."""
    return steps.expect(town.world.call(None, "GET", path_of(town)), 200)


def found_ids(town: Town, search: str = "") -> list[str]:
    """The ids of the products that the public finds."""
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


@pytest.mark.clause("§2.2")
def test_a_service_item_is_one_of_its_category_also_in_a_correction(town: Town) -> None:
    before = everything_kept()
    own = samples.product(town.agency)["category"]
    item, foreign = next(iter(SERVICE_ITEMS[Category(own)])), "arbitration"
    elsewhere = town.world.call(SELLER, "POST", "/products", samples.product(town.agency, service_item=foreign))
    assert (elsewhere.status, elsewhere.code, elsewhere.body["clause"]) == (422, "SERVICE_ITEM_ELSEWHERE", "§2.2")
    unknown = town.world.call(SELLER, "POST", "/products", samples.product(town.agency, service_item="catering"))
    assert (unknown.code, unknown.body["errors"][0]["field"]) == ("MALFORMED", "service_item")
    assert everything_kept() == before
    corrected = town.world.call(SELLER, "PATCH", path_of(town), {"service_item": foreign})
    assert corrected.code == "SERVICE_ITEM_ELSEWHERE"
    steps.expect(town.world.call(SELLER, "PATCH", path_of(town), {"service_item": item}), 200)
    steps.expect(town.world.call(OPERATOR, "POST", f"{path_of(town)}/publish"), 200)
    assert product_on_sale(town)["service_item"] == item


@pytest.mark.clause("§3.3")
def test_nobody_sees_a_product_before_the_operator_published_it(town: Town) -> None:
    draft = steps.expect(town.world.call(SELLER, "POST", "/products", samples.product(town.agency)), 201)
    path = f"/products/{draft['product_id']}"
    assert draft["state"] == "draft"
    assert town.world.call(None, "GET", path).code == "NOT_FOUND"
    assert draft["product_id"] not in found_ids(town)
    assert town.world.call(SELLER, "POST", f"{path}/publish").code == "ROLE_REQUIRED"
    assert steps.expect(town.world.call(OPERATOR, "POST", f"{path}/publish"), 200)["state"] == "published"
    assert town.world.call(None, "GET", path).body["price_fen"] == 1_000_000
    again = town.world.call(OPERATOR, "POST", f"{path}/publish")
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")


def test_a_draft_is_corrected_at_once_within_the_categories_of_its_own_agency(town: Town) -> None:
    draft = steps.expect(town.world.call(SELLER, "POST", "/products", samples.product(town.agency)), 201)
    path = f"/products/{draft['product_id']}"
    assert town.world.call(SELLER, "PATCH", path, {"price_fen": 5}).body["price_fen"] == 5
    assert town.world.call(SELLER, "PATCH", path, {"category": "legal"}).code == "OUTSIDE_AGENCY_SCOPE"
    assert town.world.call(NEIGHBOUR, "PATCH", path, {"price_fen": 6}).code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("person", "role"),
    [(SELLER, "agency"), (Person(SELLER.name, "platform"), "agency"), (OPERATOR, "platform")],
)
def test_a_product_is_withdrawn_by_its_member_or_else_by_the_operator(town: Town, person: Person, role: str) -> None:
    steps.expect(town.world.call(person, "POST", f"{path_of(town)}/withdraw"), 200)
    assert products.get(town.product_id).last_role == role


def test_a_withdrawn_product_is_not_found_nor_ordered_until_it_is_published_again(
    voucher: tuple[Town, dict[str, object]],
) -> None:
    town, _ = voucher
    path = f"/products/{town.product_id}"
    assert town.world.call(NEIGHBOUR, "POST", f"{path}/withdraw").code == "NOT_FOUND"
    assert steps.expect(town.world.call(SELLER, "POST", f"{path}/withdraw"), 200)["state"] == "withdrawn"
    assert town.world.call(None, "GET", path).code == "NOT_FOUND"
    refused = town.place()
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "PRODUCT_NOT_LISTED", "§3.3")
    steps.expect(town.world.call(OPERATOR, "POST", f"{path}/publish"), 200)
    assert town.place().status == 201


@pytest.mark.clause("§3.3")
@pytest.mark.parametrize("fact", FACTS)
def test_a_product_without_one_of_its_seven_facts_is_malformed(town: Town, fact: str) -> None:
    listing = samples.product(town.agency)
    del listing[fact]
    reply = town.world.call(SELLER, "POST", "/products", listing)
    assert (reply.status, reply.code, reply.body["errors"][0]["field"]) == (422, "MALFORMED", fact)


@pytest.mark.clause("§3.3")
def test_a_correction_waits_for_the_operator_while_the_old_facts_stay_on_sale(town: Town) -> None:
    changed = steps.expect(town.world.call(SELLER, "PATCH", path_of(town), {"price_fen": 1_200_000}), 200)
    assert (changed["price_fen"], changed["revision"]) == (1_000_000, {"price_fen": 1_200_000})
    assert product_on_sale(town)["price_fen"] == 1_000_000
    assert "revision" not in product_on_sale(town)
    steps.expect(town.world.call(OPERATOR, "POST", f"{path_of(town)}/publish"), 200)
    assert product_on_sale(town)["price_fen"] == 1_200_000


@pytest.mark.clause("§3.3")
def test_two_corrections_add_up_and_without_a_correction_nothing_is_published(town: Town) -> None:
    for changes in ({"price_fen": 1_200_000, "term": "半年"}, {"price_fen": 1_300_000}):
        steps.expect(town.world.call(SELLER, "PATCH", path_of(town), changes), 200)
    steps.expect(town.world.call(OPERATOR, "POST", f"{path_of(town)}/publish"), 200)
    assert (product_on_sale(town)["price_fen"], product_on_sale(town)["term"]) == (1_300_000, "半年")
    steps.expect(town.world.call(SELLER, "PATCH", path_of(town), {"term": "一年"}), 200)
    steps.expect(town.world.call(OPERATOR, "POST", f"{path_of(town)}/publish"), 200)
    again = town.world.call(OPERATOR, "POST", f"{path_of(town)}/publish")
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    second = town.world.call(OPERATOR, "POST", f"{path_of(town)}/publish", {})
    assert (second.status, second.code) == (409, "WRONG_STATE")


@pytest.mark.clause("§3.3")
def test_the_operator_publishes_what_it_looked_at_and_not_what_was_changed_meanwhile(town: Town) -> None:
    draft = steps.expect(town.world.call(SELLER, "POST", "/products", samples.product(town.agency)), 201)
    path, seen = f"/products/{draft['product_id']}", {"version": draft["version"]}
    changed = steps.expect(town.world.call(SELLER, "PATCH", path, {"price_fen": 99_900_000}), 200)
    refused = town.world.call(OPERATOR, "POST", f"{path}/publish", seen)
    assert (refused.status, refused.code) == (409, "CHANGED_MEANWHILE")
    assert town.world.call(None, "GET", path).code == "NOT_FOUND"
    seen = {"version": changed["version"]}
    once, twice = (town.world.call(OPERATOR, "POST", f"{path}/publish", seen) for _ in range(2))
    assert (once.status, once.body["price_fen"], twice.status, twice.body) == (200, 99_900_000, 200, once.body)


@pytest.mark.clause("§3.3")
def test_every_price_it_was_sold_at_is_kept_and_an_order_keeps_that_of_its_day(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    began = stopped_clock.instant
    order = town.order()
    stopped_clock.instant = began.replace(day=20)
    steps.expect(town.world.call(SELLER, "PATCH", path_of(town), {"price_fen": 1_200_000, "price_unit": "次"}), 200)
    steps.expect(town.world.call(OPERATOR, "POST", f"{path_of(town)}/publish"), 200)
    assert product_on_sale(town)["prices"] == [
        {"price_fen": 1_000_000, "price_unit": "项", "since": "2026-06-15T02:00:00.000Z"},
        {"price_fen": 1_200_000, "price_unit": "次", "since": "2026-06-20T02:00:00.000Z"},
    ]
    kept = town.shown(f"/orders/{order['order_id']}", OWNER)
    assert (kept["price_fen"], kept["price_unit"]) == (1_000_000, "项")


@pytest.mark.clause("§3.3")
def test_a_correction_stays_within_what_the_agency_was_approved_for(town: Town) -> None:
    approved = set(town.agency.application()["categories"])
    outside = next(each for each in ("hr", "legal", "skills", "testing") if each not in approved)
    reply = town.world.call(SELLER, "PATCH", path_of(town), {"category": outside})
    assert (reply.code, reply.body["clause"]) == ("OUTSIDE_AGENCY_SCOPE", "§3.3")


@pytest.mark.clause("§3.3")
def test_a_correction_of_a_withdrawn_product_comes_after_those_that_waited(town: Town) -> None:
    waiting = {"price_fen": 1_200_000, "term": "半年"}
    steps.expect(town.world.call(SELLER, "PATCH", path_of(town), waiting), 200)
    steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/withdraw"), 200)
    newer = steps.expect(town.world.call(SELLER, "PATCH", path_of(town), {"price_fen": 1_300_000}), 200)
    assert (newer["price_fen"], newer["term"], newer["revision"]) == (1_300_000, "半年", {})
    steps.expect(town.world.call(OPERATOR, "POST", f"{path_of(town)}/publish"), 200)
    assert product_on_sale(town)["price_fen"] == 1_300_000


@pytest.mark.clause("§3.3")
def test_nobody_publishes_the_product_of_their_own_agency(town: Town) -> None:
    draft = steps.expect(town.world.call(SELLER, "POST", "/products", samples.product(town.agency)), 201)
    path = f"/products/{draft['product_id']}/publish"
    reply = town.world.call(Person(SELLER.name, "platform"), "POST", path)
    assert (reply.status, reply.code, reply.body["clause"]) == (403, "FOUR_EYES", "§3.3")


@pytest.mark.clause("§3.2.3")
def test_once_the_approval_ended_nothing_is_ordered_and_what_runs_is_finished(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    running = town.advance(town.order(contract_fen=500_000, voucher_fen=300_000), "accept", "contract")
    with_end = organisations.find_agency(town.agency.uscc)
    assert with_end is not None
    last_day = date(2026, 8, 31)
    organisations.commit_step(with_end, with_end.next_version(valid_until=last_day))
    stopped_clock.instant = datetime(2026, 8, 31, 15, 59, tzinfo=UTC)  # 23:59 in the city
    steps.expect(town.place(contract_fen=100_000, voucher_fen=70_000), 201)
    stopped_clock.instant += timedelta(minutes=1)
    late = town.place(contract_fen=100_000, voucher_fen=70_000)
    assert (late.status, late.code, late.body["clause"]) == (422, "AGENCY_NOT_ACTIVE", "§3.2.3")
    assert town.advance(running, "deliver", "confirm")["state"] == "completed"


@pytest.mark.clause("§3.4.1", "§2.2")
def test_an_order_finishes_after_its_agency_was_removed_in_the_category_of_its_day(voucher: tuple[Town, Json]) -> None:
    town, _ = voucher
    order = town.advance(town.order(), "accept", "contract")
    remove_agency(town)
    assert town.place().code == "AGENCY_NOT_ACTIVE"
    done = town.advance(order, "deliver", "confirm")
    assert (done["state"], done["category"]) == ("completed", order["category"])


@pytest.mark.clause("§2.2")
def test_an_order_keeps_the_category_of_its_day(voucher: tuple[Town, Json]) -> None:
    town, _ = voucher
    order = town.order(contract_fen=100_000, voucher_fen=70_000)
    other = next(each for each in town.agency.application()["categories"] if each != order["category"])
    steps.expect(town.world.call(SELLER, "PATCH", path_of(town), {"category": other}), 200)
    steps.expect(town.world.call(OPERATOR, "POST", f"{path_of(town)}/publish"), 200)
    assert town.order(contract_fen=100_000, voucher_fen=70_000)["category"] == other
    assert town.shown(f"/orders/{order['order_id']}")["category"] == order["category"]


def test_a_withdrawn_product_may_be_corrected_and_published_again(town: Town) -> None:
    steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/withdraw"), 200)
    assert town.world.call(None, "GET", path_of(town)).status == 404
    assert steps.expect(town.world.call(SELLER, "PATCH", path_of(town), {"name": "新名"}), 200)["name"] == "新名"
    steps.expect(town.world.call(OPERATOR, "POST", f"{path_of(town)}/publish"), 200)
    assert product_on_sale(town)["name"] == "新名"


def test_an_agencys_members_and_staff_see_its_drafts_and_nobody_else_does(town: Town) -> None:
    draft = steps.expect(town.world.call(SELLER, "POST", "/products", samples.product(town.agency)), 201)
    path = f"/agencies/{town.agency.uscc}/products?state=draft"
    for person in (SELLER, OPERATOR):
        assert [each["product_id"] for each in town.shown(path, person)["items"]] == [draft["product_id"]]
    assert town.world.call(OWNER, "GET", path).code == "NOT_FOUND"
    assert town.world.call(None, "GET", f"/products/{draft['product_id']}").status == 404


@pytest.mark.clause("§3.3")
def test_a_draft_whose_answer_was_lost_is_answered_though_its_agency_lapsed_since(
    town: Town, stopped_clock: StoppedClock
) -> None:
    listing = samples.product(town.agency, name="第二项服务")
    first = steps.expect(town.world.call(SELLER, "POST", "/products", listing, key="draft"), 201)
    stopped_clock.instant = stopped_clock.now() + timedelta(days=3 * 366)
    again = town.world.call(SELLER, "POST", "/products", listing, key="draft")
    assert (again.status, again.body, again.headers["idempotent-replay"]) == (200, first, "true")
    assert town.world.call(SELLER, "POST", "/products", listing, key="another").code == "AGENCY_NOT_ACTIVE"
    assert town.world.call(SELLER, "POST", "/products", listing | {"name": "他"}, key="draft").code == (
        "IDEMPOTENCY_KEY_REUSED"
    )
