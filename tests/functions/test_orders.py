"""POST /orders and its quote: what may be held against a voucher, and what is refused by which clause."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import OPERATOR, Reply
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support import scenario as towns
from tests.support.backend import World
from tests.support.samples import TODAY
from tests.support.scenario import NEIGHBOUR, OWNER, SELLER, Json, Town
from tests.support.settlement_scenario import books, list_enterprise
from tests.support.snapshots import everything_kept, staged
from voucher.policy import Category
from voucher.service_items import SERVICE_ITEMS

Scene = tuple[Town, Json]
SMALL_YEAR_FEN = 4_000_000


def quote(town: Town, **changes: Any) -> Reply:
    """What one order could have now."""
    body = {"product_id": town.product_id, "voucher_id": town.voucher_id, "contract_fen": 1_000_000}
    return town.world.call(OWNER, "POST", "/orders/quote", {**body, **changes})


def small_year(world: World, agency_number: int) -> Town:
    """A year of 40,000 yuan: 4,000 for tax and audit, 12,000 for personnel, 24,000 outside the key categories."""
    towns.open_year(world, SMALL_YEAR_FEN)
    draft = samples.batch(amount_fen=4_000_000)
    batch = steps.open_batch(world, 2026, draft)
    firm, neighbour, agency = samples.enterprise(0), samples.enterprise(1), samples.agency(agency_number)
    towns.approve(world, firm, OWNER)
    towns.admit(world, agency, SELLER)
    product = steps.list_product(world, SELLER, samples.product(agency))
    town = Town(world, batch["batch_id"], firm, neighbour, agency, product["product_id"])
    town.grab()
    return town


@pytest.mark.clause("§2.3.2")
def test_a_quote_says_the_most_one_order_could_have_and_which_limit_binds(voucher: Scene) -> None:
    town, _ = voucher
    before = everything_kept()
    by_ratio = quote(town, contract_fen=142_857).body
    assert (by_ratio["max_voucher_fen"], by_ratio["binding"]) == (99_999, "ratio")
    assert by_ratio["limits"] == {"ratio": 99_999, "balance": 1_000_000, "category_cap": 30_000_000}
    by_balance = quote(town, contract_fen=9_000_000).body
    assert (by_balance["max_voucher_fen"], by_balance["binding"]) == (1_000_000, "balance")
    assert everything_kept() == before


def agency_expires(town: Town, clock: StoppedClock) -> Json:
    clock.instant = datetime(2028, 6, 20, tzinfo=UTC)
    return {}


def product_is_withdrawn(town: Town, clock: StoppedClock) -> Json:
    steps.expect(town.world.call(SELLER, "POST", f"/products/{town.product_id}/withdraw"), 200)
    return {}


def firm_is_disqualified(town: Town, clock: StoppedClock) -> Json:
    towns.disqualify(town.world, town.enterprise.uscc)
    return {}


def voucher_ends(town: Town, clock: StoppedClock) -> Json:
    clock.instant = datetime(2026, 11, 30, 16, tzinfo=UTC)
    return {}


def voucher_is_for_something_else(town: Town, clock: StoppedClock) -> Json:
    batch = steps.open_batch(town.world, 2026, samples.batch(amount_fen=1_000_000, categories=["skills"]))
    claim = {"enterprise_uscc": town.neighbour.uscc}
    path = f"/batches/{batch['batch_id']}/vouchers"
    return {"voucher_id": steps.expect(town.world.call(NEIGHBOUR, "POST", path, claim), 201)["voucher_id"]}


@pytest.mark.clause("§2.3.2")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (agency_expires, "AGENCY_NOT_ACTIVE"),
        (product_is_withdrawn, "PRODUCT_NOT_LISTED"),
        (firm_is_disqualified, "DISQUALIFIED"),
        (voucher_ends, "VOUCHER_ENDED"),
        (voucher_is_for_something_else, "CATEGORY_NOT_ALLOWED"),
    ],
)
def test_a_quote_offers_nothing_that_the_order_will_refuse(
    voucher: Scene, stopped_clock: StoppedClock, change: Callable[[Town, StoppedClock], Json], code: str
) -> None:
    town, _ = voucher
    used = change(town, stopped_clock)
    before = everything_kept()
    person = NEIGHBOUR if used else OWNER
    asked = {"product_id": town.product_id, "voucher_id": town.voucher_id, "contract_fen": 1_000_000, **used}
    quoted = town.world.call(person, "POST", "/orders/quote", asked)
    body = town.placement(voucher_fen=100_000, **used)
    placed = town.world.call(person, "POST", "/orders", body, key="like-the-quote")
    assert (quoted.status, quoted.code) == (placed.status, placed.code) == (422, code)
    assert quoted.body["errors"] == placed.body["errors"]
    assert everything_kept() == before


@pytest.mark.clause("§2.3.2")
@pytest.mark.clause("§5.2b")
def test_of_several_failing_clauses_the_first_stands_in_front_and_all_are_named(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    voucher_ends(town, stopped_clock)
    refused = town.place(
        voucher_fen=1_000_001, contract_number="HT-1", contract_signed_on="2025-12-31", no_other_subsidy=False
    )
    named = ["VOUCHER_ENDED", "OVER_RATIO", "OVER_BALANCE", "CONTRACT_YEAR"]
    named += ["CONTRACT_BEFORE_APPROVAL", "OTHER_SUBSIDY"]
    assert (refused.status, refused.code) == (422, named[0])
    assert [error["code"] for error in refused.body["errors"]] == named
    clauses = ["§4.2.2", "§2.3.2", "§2.3.2", "§4.2.1", "§1.4b", "§5.2b"]
    assert [error["clause"] for error in refused.body["errors"]] == clauses


def test_an_order_keeps_what_reports_count_by_as_it_was_on_its_day(town: Town) -> None:
    listing = samples.product(town.agency)
    item = next(iter(SERVICE_ITEMS[Category(listing["category"])]))
    product = steps.list_product(town.world, SELLER, {**listing, "service_item": item})
    town.grab()
    order = town.order(product_id=product["product_id"], quantity=3)
    firm = town.world.call(OWNER, "GET", f"/enterprises/{town.enterprise.uscc}").body
    size = town.world.call(OWNER, "GET", f"/enterprises/{town.enterprise.uscc}/eligibility").body["size_class"]
    assert [order["district"], order["industry_code"]] == [firm["district"], firm["industry_code"]]
    assert (order["size_class"], order["service_item"], order["quantity"]) == (size, item, 3)


@pytest.mark.clause("§2.3.2")
def test_seventy_per_cent_to_the_fen_and_not_one_more(voucher: Scene) -> None:
    town, _ = voucher
    before = everything_kept()
    refused = town.place(contract_fen=142_857, voucher_fen=100_000)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "OVER_RATIO", "§2.3.2")
    assert "999.99 元" in refused.body["detail"]
    assert everything_kept() == before
    order = town.order(contract_fen=142_857, voucher_fen=99_999)
    assert (order["state"], order["voucher_fen"]) == ("placed", 99_999)
    assert town.balance_fen() == 900_001
    assert town.movements() == [("grant", 1_000_000), ("hold", 99_999)]
    books()


@pytest.mark.clause("§2.3.2")
def test_several_orders_draw_on_one_voucher_until_it_is_used_up(voucher: Scene) -> None:
    town, _ = voucher
    town.order()
    refused = town.place(voucher_fen=300_001)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "OVER_BALANCE", "§2.3.2")
    assert "3000.00 元" in refused.body["detail"]
    town.order(voucher_fen=300_000)
    assert town.shown(f"/vouchers/{town.voucher_id}", OWNER)["state"] == "used_up"


@pytest.mark.clause("§4.2.2")
def test_a_voucher_ends_by_the_clock_with_nothing_swept(voucher: Scene, stopped_clock: StoppedClock) -> None:
    town, held = voucher
    ends = datetime.fromisoformat(held["ends_at"])
    stopped_clock.instant = ends
    before = everything_kept()
    refused = town.place()
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "VOUCHER_ENDED", "§4.2.2")
    assert town.shown(f"/vouchers/{town.voucher_id}", OWNER)["state"] == "expired"
    assert everything_kept() == before
    stopped_clock.instant = ends - timedelta(milliseconds=1)
    assert town.place().status == 201


@pytest.mark.clause("§5.2b")
def test_an_order_that_shares_another_subsidy_is_refused(voucher: Scene) -> None:
    town, _ = voucher
    refused = town.place(no_other_subsidy=False)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "OTHER_SUBSIDY", "§5.2b")
    assert [error["field"] for error in refused.body["errors"]] == ["no_other_subsidy"]


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize(("year", "codes"), [(2026, ["OTHER_SUBSIDY"]), (2025, [])])
def test_who_is_on_the_list_of_other_subsidies_hears_it_when_ordering(
    voucher: Scene, year: int, codes: list[str]
) -> None:
    """Of the year of the voucher; the same request hears it again, and so does whoever looks at the order."""
    town, _ = voucher
    list_enterprise(town.enterprise.uscc, "other_subsidy", year)
    quoted = quote(town).body
    order = steps.expect(town.place("twice"), 201)
    assert [each["code"] for each in order["warnings"]] == codes
    assert quoted["warnings"] == order["warnings"]
    assert steps.expect(town.place("twice"), 200)["warnings"] == order["warnings"]
    assert town.shown(f"/orders/{order['order_id']}", SELLER)["warnings"] == order["warnings"]


@pytest.mark.clause("§2.2.cap")
def test_a_category_is_full_at_its_cap_to_the_fen(world: World) -> None:
    town = staged("small tax year", lambda: small_year(world, 2))
    bound = quote(town).body
    assert (bound["binding"], bound["max_voucher_fen"]) == ("category_cap", 400_000)
    assert (bound["limits"]["category_cap"], bound["limits"]["key_floor"]) == (400_000, 2_400_000)
    before = everything_kept()
    refused = town.place(voucher_fen=400_001)
    assert (refused.status, refused.code, refused.body["clause"]) == (409, "CATEGORY_CAP", "§2.2.cap")
    assert "4000.00 元" in refused.body["detail"]
    assert everything_kept() == before
    order = town.order(voucher_fen=400_000)
    assert town.place(voucher_fen=100).code == "CATEGORY_CAP"
    steps.expect(town.act(SELLER, order, "refuse", {"reason": "档期已满"}), 200)
    assert town.room_fen("tax_audit") == 400_000
    assert town.place(voucher_fen=400_000).status == 201
    books()


@pytest.mark.clause("§2.2.floor")
def test_outside_the_key_categories_no_more_than_their_room_whatever_the_caps_say(world: World) -> None:
    def build() -> Town:
        caps = dict.fromkeys(
            ("hr", "tech_innovation", "tax_audit", "legal", "management", "testing", "ip", "digital", "skills"), 30
        )
        towns.open_year(world, 2_000_000, key_floor_percent=80, cap_percent=caps)
        batch = steps.open_batch(world, 2026, samples.batch(amount_fen=2_000_000))
        firm, agency = samples.enterprise(0), samples.agency(0)
        towns.approve(world, firm, OWNER)
        towns.admit(world, agency, SELLER)
        product = steps.list_product(world, SELLER, samples.product(agency))
        town = Town(world, batch["batch_id"], firm, samples.enterprise(1), agency, product["product_id"])
        town.grab()
        return town

    town = staged("key floor year", build)
    bound = quote(town).body
    assert (bound["binding"], bound["max_voucher_fen"], bound["limits"]["category_cap"]) == (
        "key_floor",
        400_000,
        600_000,
    )
    refused = town.place(voucher_fen=400_001)
    assert (refused.status, refused.code, refused.body["clause"]) == (409, "KEY_FLOOR", "§2.2.floor")
    both = town.place(voucher_fen=600_001)
    assert both.code == "CATEGORY_CAP", "of two full pools the cap is named first, every time"
    order = town.order(voucher_fen=400_000)
    assert town.place(voucher_fen=100).code == "KEY_FLOOR"
    steps.expect(town.act(SELLER, order, "refuse", {"reason": "档期已满"}), 200)
    assert town.place(voucher_fen=400_000).status == 201
    books()


@pytest.mark.clause("§2.2")
def test_a_batch_for_some_categories_gives_vouchers_for_those_only(town: Town) -> None:
    only = steps.open_batch(town.world, 2026, samples.batch(amount_fen=1_000_000, categories=["legal"]))
    voucher = town.grab(only["batch_id"])
    refused = town.place(voucher_id=voucher["voucher_id"])
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "CATEGORY_NOT_ALLOWED", "§2.2")


@pytest.mark.clause("§5.2b")
def test_an_enterprise_does_not_buy_from_itself(world: World) -> None:
    firm = samples.enterprise(0)
    agency = next(each for each in (samples.agency(number) for number in range(10)) if each.uscc.startswith("91"))
    town = towns.settle(towns.open_year(world))
    steps.expect(town.world.call(OWNER, "POST", "/agencies", {**agency_of(firm.uscc), "name": firm.name}), 201)
    for paper in towns.agency_documents(agency, TODAY):
        steps.announce_and_upload(world, OWNER, f"/agencies/{firm.uscc}", paper)
    steps.expect(world.call(OWNER, "POST", f"/agencies/{firm.uscc}/submit"), 200)
    steps.expect(steps.admit_agency(world, firm.uscc), 200)
    listing = {**samples.product(town.agency), "agency_uscc": firm.uscc}
    product = steps.list_product(world, OWNER, listing)
    town.grab()
    refused = town.place(product_id=product["product_id"])
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "SELF_DEALING", "§5.2b")
    assert town.balance_fen() == 1_000_000


def agency_of(uscc: str) -> Json:
    """An application under an enterprise's code."""
    return {**samples.agency(1).application(), "uscc": uscc}


def test_the_same_order_again_under_its_key_is_one_order_and_another_body_is_refused(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    first = steps.expect(town.place("k"), 201)
    before = everything_kept()
    again = town.place("k")
    assert (again.status, again.body, again.headers["idempotent-replay"]) == (200, first, "true")
    other = town.place("k", voucher_fen=1)
    assert (other.status, other.code) == (422, "IDEMPOTENCY_KEY_REUSED")
    stopped_clock.instant = datetime(2026, 12, 30, tzinfo=UTC)
    assert town.place("k").status == 200, "the answer stays the answer after the voucher has ended"
    assert everything_kept() == before


def test_the_same_key_of_another_person_is_another_order(voucher: Scene) -> None:
    town, _ = voucher
    town.order(key="k")
    refused = town.world.call(NEIGHBOUR, "POST", "/orders", town.placement(), key="k")
    assert refused.code == "NOT_FOUND"


@pytest.mark.clause("§4.1.3")
def test_a_disqualified_enterprise_orders_nothing_more_and_its_running_order_runs_on(voucher: Scene) -> None:
    town, _ = voucher
    running = town.advance(town.order(), "accept", "contract")
    towns.disqualify(town.world, town.enterprise.uscc)
    refused = town.place(voucher_fen=100_000)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "DISQUALIFIED", "§4.1.3")
    assert town.advance(running, "deliver", "confirm")["state"] == "completed"


@pytest.mark.clause("§3.2.3")
def test_an_agency_whose_approval_has_ended_takes_no_new_order(world: World, stopped_clock: StoppedClock) -> None:
    town = towns.settle(towns.open_year(world, agency_approval_months=24))
    town.grab()
    agency_ends = town.shown(f"/agencies/{town.agency.uscc}")["valid_until"]
    assert agency_ends == "2028-06-15"
    product = town.product_id
    removed = town.world.call(OPERATOR, "POST", f"/agencies/{town.agency.uscc}/removal", {"reason": "拒收服务券"})
    assert removed.status == 200
    refused = town.place(product_id=product)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "AGENCY_NOT_ACTIVE", "§3.2.2")


@pytest.mark.clause("§4.2.1")
def test_a_day_of_signature_without_a_number_is_no_contract(voucher: Scene) -> None:
    town, _ = voucher
    before = everything_kept()
    no = town.place(contract_signed_on=TODAY.isoformat())
    assert (no.status, no.code) == (422, "MALFORMED")
    assert [each["field"] for each in no.body["errors"]] == ["contract_number"]
    assert everything_kept() == before
    assert town.order(contract_number="HT-1")["contract_signed_on"] is None
