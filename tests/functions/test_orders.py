"""Using a voucher over HTTP: what may be held against it, who takes an order on, and how its money comes back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Reply
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support import scenario as towns
from tests.support.backend import World, function
from tests.support.samples import TODAY
from tests.support.scenario import NEIGHBOUR, OWNER, SELLER, Json, Town
from tests.support.snapshots import everything_kept, staged
from tests.support.workers import drain
from voucher.store import organisations
from voucher.store.engine.table import transact

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


def room_fen(town: Town, category: str) -> int:
    """What a category has left of its cap."""
    room: int = town.shown("/programmes/2026")["categories"][category]["room_fen"]
    return room


def entries(town: Town) -> list[tuple[str, int]]:
    """Every movement on the owner's voucher."""
    items = town.shown(f"/vouchers/{town.voucher_id}/postings", OWNER)["items"]
    return [(each["entry"], each["amount_fen"]) for each in items]


def books_balance() -> bool:
    """Every invariant holds."""
    report = function("reconcile").handler({"time": "2027-12-31T00:00:00Z"}, None)["reports"][0]
    return bool(report["balanced"]) and report["residual_fen"] == 0


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
    path = f"/enterprises/{town.enterprise.uscc}/disqualify"
    steps.expect(town.world.call(OPERATOR, "POST", path, {"reason": "未报告变更"}), 200)
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
    named = ["VOUCHER_ENDED", "OVER_RATIO", "OVER_BALANCE", "CONTRACT_YEAR", "OTHER_SUBSIDY"]
    assert (refused.status, refused.code) == (422, named[0])
    assert [error["code"] for error in refused.body["errors"]] == named
    assert [error["clause"] for error in refused.body["errors"]] == ["§4.2.2", "§2.3.2", "§2.3.2", "§4.2.1", "§5.2b"]


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
    assert entries(town) == [("grant", 1_000_000), ("hold", 99_999)]
    assert books_balance()


@pytest.mark.clause("§4.2.1")
def test_a_step_whose_answer_was_lost_is_answered_as_done_though_others_have_gone_on(voucher: Scene) -> None:
    town, _ = voucher
    order = town.order()
    steps.expect(town.act(SELLER, order, "accept"), 200)
    steps.expect(town.act(OWNER, order, "contract", town.contract(order)), 200)
    delivered = town.advance(order, "deliver")
    before = everything_kept()
    for person, step, body in ((SELLER, "accept", None), (OWNER, "contract", town.contract(order))):
        again = town.act(person, order, step, body)
        assert (again.status, again.body, again.headers["idempotent-replay"]) == (200, delivered, "true")
    assert town.act(SELLER, order, "contract", town.contract(order)).code == "WRONG_STATE", "by somebody else"
    assert town.act(OWNER, order, "contract", town.contract(order, contract_number="HT-2")).code == "WRONG_STATE"
    assert everything_kept() == before
    assert "steps" not in delivered


@pytest.mark.clause("§4.2.1")
def test_a_step_that_others_undid_is_answered_with_the_order_as_it_is_now(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    order = town.advance(town.order(), "accept")
    stopped_clock.instant = datetime(2026, 12, 31, 16, 5, tzinfo=UTC)
    function("sweep").handler({"time": stopped_clock.instant.isoformat()}, None)
    drain("void_vouchers")
    again = town.act(SELLER, order, "accept")
    assert (again.status, again.body["state"], again.headers["idempotent-replay"]) == (200, "cancelled", "true")
    assert town.act(SELLER, order, "refuse", {"reason": "档期已满"}).code == "WRONG_STATE"


@pytest.mark.clause("§3.5.1(5)")
def test_what_was_asked_for_and_turned_down_may_be_asked_for_again_in_the_same_words(voucher: Scene) -> None:
    town, _ = voucher
    order, why = town.order(), {"reason": "双方协商"}
    for _ in range(2):
        asked = steps.expect(town.act(OWNER, order, "cancellation", why), 200)
        assert asked["enterprise_cancel"]["reason"] == "双方协商"
        rejected = town.act(OPERATOR, order, "cancellation/review", {"decision": "reject"})
        assert (rejected.status, rejected.body["enterprise_cancel"]) == (200, None)


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


@pytest.mark.clause("§4.2.1")
@pytest.mark.parametrize("signed_on", ["2025-12-31", "2026-06-16", "2027-01-01"])
def test_a_contract_of_another_year_or_of_tomorrow_is_refused(voucher: Scene, signed_on: str) -> None:
    town, _ = voucher
    refused = town.place(contract_number="HT-1", contract_signed_on=signed_on)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "CONTRACT_YEAR", "§4.2.1")
    order = town.advance(town.order(), "accept")
    later = town.act(SELLER, order, "contract", town.contract(order, contract_signed_on=signed_on))
    assert (later.status, later.code) == (422, "CONTRACT_YEAR")
    assert town.place(contract_number="HT-1", contract_signed_on="2026-01-01", voucher_fen=100_000).status == 201


@pytest.mark.clause("§2.3.2")
def test_a_contract_that_turns_out_smaller_must_still_carry_the_voucher_part(voucher: Scene) -> None:
    town, _ = voucher
    order = town.advance(town.order(), "accept")
    refused = town.act(OWNER, order, "contract", town.contract(order, contract_fen=999_999))
    assert (refused.status, refused.code) == (422, "OVER_RATIO")
    larger = town.act(OWNER, order, "contract", town.contract(order, contract_fen=2_000_000))
    assert (larger.status, larger.body["contract_fen"], larger.body["voucher_fen"]) == (200, 2_000_000, 700_000)


@pytest.mark.clause("§4.2.1")
def test_nothing_is_delivered_without_a_contract(voucher: Scene) -> None:
    town, _ = voucher
    order = town.advance(town.order(), "accept")
    refused = town.act(SELLER, order, "deliver")
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "CONTRACT_MISSING", "§4.2.1")


@pytest.mark.clause("§5.2b")
def test_a_contract_number_serves_one_order_until_that_order_is_gone(voucher: Scene) -> None:
    town, _ = voucher
    signed = {"contract_number": "HT-7", "contract_signed_on": TODAY.isoformat(), "voucher_fen": 100_000}
    first = town.order(**signed)
    refused = town.place(**signed)
    assert (refused.status, refused.code, refused.body["clause"]) == (409, "CONTRACT_USED", "§5.2b")
    other = town.advance(town.order(voucher_fen=100_000), "accept")
    assert town.act(OWNER, other, "contract", town.contract(other, contract_number="HT-7")).code == "CONTRACT_USED"
    steps.expect(town.act(SELLER, first, "refuse", {"reason": "档期已满"}), 200)
    assert town.place(**signed).status == 201


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("number", ["ht-7", "ＨＴ-７"])
def test_a_contract_number_is_used_once_however_it_is_written(voucher: Scene, number: str) -> None:
    town, _ = voucher
    signed = {"contract_number": "HT-7", "contract_signed_on": TODAY.isoformat(), "voucher_fen": 100_000}
    first = town.order(**signed)
    assert town.place(**{**signed, "contract_number": number}).code == "CONTRACT_USED"
    # the same order may write it so, and still gives it free when it ends
    again = town.contract(first, contract_number=number)
    steps.expect(town.act(OWNER, first, "contract", again), 200)
    assert town.place(**signed).code == "CONTRACT_USED"
    steps.expect(town.act(SELLER, first, "refuse", {"reason": "档期已满"}), 200)
    assert town.place(**signed).status == 201


@pytest.mark.clause("§5.2b")
def test_an_order_that_shares_another_subsidy_is_refused(voucher: Scene) -> None:
    town, _ = voucher
    refused = town.place(no_other_subsidy=False)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "OTHER_SUBSIDY", "§5.2b")
    assert [error["field"] for error in refused.body["errors"]] == ["no_other_subsidy"]


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
    assert town.place(voucher_fen=1).code == "CATEGORY_CAP"
    steps.expect(town.act(SELLER, order, "refuse", {"reason": "档期已满"}), 200)
    assert room_fen(town, "tax_audit") == 400_000
    assert town.place(voucher_fen=400_000).status == 201
    assert books_balance()


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
    assert town.place(voucher_fen=1).code == "KEY_FLOOR"
    steps.expect(town.act(SELLER, order, "refuse", {"reason": "档期已满"}), 200)
    assert town.place(voucher_fen=400_000).status == 201
    assert books_balance()


@pytest.mark.clause("§2.2")
def test_a_batch_for_some_categories_gives_vouchers_for_those_only(town: Town) -> None:
    only = steps.open_batch(town.world, 2026, samples.batch(amount_fen=1_000_000, categories=["legal"]))
    voucher = town.grab(only["batch_id"])
    refused = town.place(voucher_id=voucher["voucher_id"])
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "CATEGORY_NOT_ALLOWED", "§2.2")


@pytest.mark.clause("§5.2b")
def test_nobody_buys_from_themselves(world: World) -> None:
    firm = samples.enterprise(0)
    agency = next(each for each in (samples.agency(number) for number in range(10)) if each.uscc.startswith("91"))
    town = towns.settle(towns.open_year(world))
    steps.expect(town.world.call(OWNER, "POST", "/agencies", {**agency_of(firm.uscc), "name": firm.name}), 201)
    for paper in towns.agency_papers(agency, TODAY):
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


@pytest.mark.clause("§5.2a")
def test_a_refusal_needs_a_reason_releases_the_money_and_is_seen_by_the_operator(voucher: Scene) -> None:
    town, _ = voucher
    order = town.order()
    silent = town.act(SELLER, order, "refuse", {"reason": " "})
    assert (silent.status, [error["field"] for error in silent.body["errors"]]) == (422, ["reason"])
    assert town.balance_fen() == 300_000
    refused = steps.expect(town.act(SELLER, order, "refuse", {"reason": "档期已满"}), 200)
    assert (refused["state"], refused["refusal_reason"]) == ("refused", "档期已满")
    assert town.shown(f"/orders/{order['order_id']}", OPERATOR)["refusal_reason"] == "档期已满"
    assert town.balance_fen() == 1_000_000
    assert entries(town)[1:] == [("hold", 700_000), ("release", 700_000)]
    again = town.act(SELLER, order, "refuse", {"reason": "档期已满"})
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    assert town.act(SELLER, order, "refuse", {"reason": "别的"}).code == "WRONG_STATE"
    assert town.balance_fen() == 1_000_000
    assert books_balance()


@pytest.mark.clause("§3.5.1(5)")
@pytest.mark.parametrize("steps_taken", [(), ("accept", "contract"), ("accept", "contract", "deliver", "confirm")])
def test_both_ask_the_operator_agrees_and_the_money_goes_back_the_way_it_came(
    voucher: Scene, steps_taken: tuple[str, ...]
) -> None:
    town, _ = voucher
    order = town.advance(town.order(), *steps_taken)
    why, approve = {"reason": "双方协商一致"}, {"decision": "approve"}
    assert town.act(OPERATOR, order, "cancellation/review", approve).code == "CANCEL_NOT_ASKED"
    steps.expect(town.act(OWNER, order, "cancellation", why), 200)
    before = everything_kept()
    alone = town.act(OPERATOR, order, "cancellation/review", approve)
    assert (alone.status, alone.code, alone.body["clause"]) == (409, "CANCEL_NOT_ASKED", "§3.5.1(5)")
    assert everything_kept() == before
    steps.expect(town.act(SELLER, order, "cancellation", why), 200)
    cancelled = steps.expect(town.act(OPERATOR, order, "cancellation/review", approve), 200)
    assert cancelled["state"] == "cancelled"
    assert town.balance_fen() == 1_000_000
    assert room_fen(town, order["category"]) == 30_000_000
    again = town.act(OPERATOR, order, "cancellation/review", approve)
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    assert entries(town)[1:] == [("hold", 700_000), ("release", 700_000)]
    assert books_balance()


@pytest.mark.clause("§3.5.1(5)")
def test_a_cancellation_the_operator_rejects_must_be_asked_for_anew(voucher: Scene) -> None:
    town, _ = voucher
    order = town.advance(town.order(), "accept")
    for person in (OWNER, SELLER):
        steps.expect(town.act(person, order, "cancellation", {"reason": "x"}), 200)
    kept = steps.expect(town.act(OPERATOR, order, "cancellation/review", {"decision": "reject"}), 200)
    assert (kept["state"], kept["enterprise_cancel"], kept["agency_cancel"]) == ("accepted", None, None)
    assert town.act(OPERATOR, order, "cancellation/review", {"decision": "approve"}).code == "CANCEL_NOT_ASKED"
    assert town.balance_fen() == 300_000


@pytest.mark.clause("§3.5.1(5)", "§4.2.2")
def test_what_goes_back_to_a_voucher_that_has_ended_lapses_in_the_same_step(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    town, held = voucher
    order = town.advance(town.order(), "accept")
    for person in (OWNER, SELLER):
        steps.expect(town.act(person, order, "cancellation", {"reason": "x"}), 200)
    stopped_clock.instant = datetime.fromisoformat(held["ends_at"])
    steps.expect(town.act(OPERATOR, order, "cancellation/review", {"decision": "approve"}), 200)
    assert entries(town)[1:] == [("hold", 700_000), ("release", 700_000), ("lapse", 700_000)]
    assert town.balance_fen() == 300_000, "what was never held lapses with the sweep"
    year = town.shown("/programmes/2026")
    assert (year["surplus_fen"], year["lapsed_fen"], year["held_fen"]) == (700_000, 700_000, 0)
    assert books_balance()


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


@pytest.mark.clause("§4.2.3")
def test_the_enterprise_rates_once_after_the_service(completed: Scene) -> None:
    town, order = completed
    early = town.order(voucher_fen=100_000)
    assert town.act(OWNER, early, "rating", {"score": 5}).code == "WRONG_STATE"
    assert town.act(SELLER, order, "rating", {"score": 5}).code == "NOT_FOUND"
    for score in (0, 6, 4.0, True, "5"):
        assert town.act(OWNER, order, "rating", {"score": score}).code == "MALFORMED", score
    rated = steps.expect(town.act(OWNER, order, "rating", {"score": 4, "comment": "满意"}), 200)
    assert (rated["rating"]["score"], rated["rating"]["comment"], rated["state"]) == (4, "满意", "completed")
    assert town.act(OWNER, order, "rating", {"score": 4, "comment": "满意"}).headers["idempotent-replay"] == "true"
    second = town.act(OWNER, order, "rating", {"score": 1})
    assert (second.status, second.code) == (409, "ALREADY_EXISTS")
    assert town.shown(f"/orders/{order['order_id']}")["rating"]["score"] == 4


def test_each_party_takes_its_own_steps_only_and_in_order(voucher: Scene) -> None:
    town, _ = voucher
    order = town.order()
    for person, step in [(OWNER, "accept"), (NEIGHBOUR, "accept"), (OWNER, "deliver"), (SELLER, "confirm")]:
        assert town.act(person, order, step).code == "NOT_FOUND"
    assert town.act(OWNER, order, "confirm").code == "WRONG_STATE"
    town.complete(order)
    assert town.act(SELLER, order, "refuse", {"reason": "档期已满"}).code == "WRONG_STATE"
    again = town.act(OWNER, order, "confirm")
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")


@pytest.mark.clause("§4.1.3")
def test_a_disqualified_enterprise_orders_nothing_more_and_its_running_order_runs_on(voucher: Scene) -> None:
    town, _ = voucher
    running = town.advance(town.order(), "accept", "contract")
    path = f"/enterprises/{town.enterprise.uscc}/disqualify"
    steps.expect(town.world.call(OPERATOR, "POST", path, {"reason": "未按期报告变更"}), 200)
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


def clear_out(town: Town) -> None:
    """Both hands remove the agency."""
    path = f"/agencies/{town.agency.uscc}/removal"
    steps.expect(town.world.call(OPERATOR, "POST", path, {"reason": "不配合监督检查"}), 200)
    steps.expect(town.world.call(BUREAU, "POST", f"{path}/approve"), 200)


@pytest.mark.clause("§1.4b")
@pytest.mark.clause("§3.4.1")
@pytest.mark.parametrize(("steps_taken", "refused"), [((), "accept"), (("accept",), "contract"), ((), "contract")])
def test_an_agency_that_was_cleared_out_signs_no_more_and_what_it_signed_runs_on(
    voucher: Scene, steps_taken: tuple[str, ...], refused: str
) -> None:
    town, _ = voucher
    order = town.advance(town.order(voucher_fen=300_000), *steps_taken)
    signed = town.advance(town.order(voucher_fen=300_000), "accept", "contract")
    clear_out(town)
    before = everything_kept()
    no = town.act(SELLER, order, refused, town.contract(order) if refused == "contract" else None)
    assert (no.status, no.code, no.body["clause"]) == (422, "AGENCY_NOT_ACTIVE", "§3.2.2")
    assert everything_kept() == before
    for step in steps_taken:  # what was done is still told
        assert town.act(SELLER, order, step).headers["idempotent-replay"] == "true"
    assert town.advance(signed, "deliver", "confirm")["state"] == "completed"


@pytest.mark.clause("§3.2.3")
def test_an_agency_whose_two_years_are_over_signs_no_more_until_it_is_approved_again(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    order = town.order()
    agency = organisations.find_agency(town.agency.uscc)
    assert agency is not None
    ended = agency.next_version(valid_until=TODAY - timedelta(days=1))
    transact([organisations.step_write(agency, ended)])
    no = town.act(SELLER, order, "contract", town.contract(order))
    assert (no.status, no.code, no.body["clause"]) == (422, "AGENCY_NOT_ACTIVE", "§3.2.3")


@pytest.mark.clause("§3.5.1(5)")
def test_what_an_agency_that_was_cleared_out_holds_without_a_contract_comes_back_on_the_enterprises_word(
    voucher: Scene,
) -> None:
    town, _ = voucher
    open_, signed = town.order(voucher_fen=300_000), town.advance(town.order(voucher_fen=200_000), "accept", "contract")
    approve = {"decision": "approve"}
    for order in (open_, signed):
        steps.expect(town.act(OWNER, order, "cancellation", {"reason": "服务机构已被清退"}), 200)
    assert town.act(OPERATOR, open_, "cancellation/review", approve).code == "CANCEL_NOT_ASKED"
    clear_out(town)
    assert town.act(OPERATOR, signed, "cancellation/review", approve).code == "CANCEL_NOT_ASKED"
    assert steps.expect(town.act(OPERATOR, open_, "cancellation/review", approve), 200)["state"] == "cancelled"
    assert town.balance_fen() == 800_000
    assert books_balance()


@pytest.mark.clause("§4.2.1")
def test_a_day_of_signature_without_a_number_is_no_contract(voucher: Scene) -> None:
    town, _ = voucher
    before = everything_kept()
    no = town.place(contract_signed_on=TODAY.isoformat())
    assert (no.status, no.code) == (422, "MALFORMED")
    assert [each["field"] for each in no.body["errors"]] == ["contract_number"]
    assert everything_kept() == before
    assert town.order(contract_number="HT-1")["contract_signed_on"] is None


@pytest.mark.clause("§4.2.1")
def test_once_the_year_is_over_no_contract_is_recorded_whether_or_not_a_sweep_was_there(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    late, early = (town.order(voucher_fen=300_000) for _ in range(2))
    last_day = {"contract_signed_on": "2026-12-31"}
    stopped_clock.instant = datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)
    steps.expect(town.act(SELLER, early, "contract", town.contract(early, **last_day)), 200)
    stopped_clock.instant = datetime(2026, 12, 31, 16, tzinfo=UTC)
    no = town.act(SELLER, late, "contract", town.contract(late, **last_day))
    assert (no.status, no.code, no.body["clause"]) == (422, "CONTRACT_YEAR", "§4.2.1")
    corrected = town.contract(early, contract_number="HT-9", **last_day)
    assert town.act(SELLER, early, "contract", corrected).status == 200
