"""The lists that people work through: by state, by days, by words, in both orders, with counts; and what staff must do
today can be found in one of them."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from infra.city.credit_codes import ENTERPRISES, CreditCodes
from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, Person
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support import scenario as towns
from tests.support.backend import World
from tests.support.calls.everything import Everything
from tests.support.scenario import OWNER, SELLER, STRANGER, Json, Town, remove_agency
from tests.support.workers import deliver
from voucher.store.engine import pages

DISCIPLINE = Person("discipline-xu", "discipline")
STATES = {
    "/agencies": "draft submitted pre_reviewed returned rejected revoked active removal_proposed removed",
    "/batches": "published open sold_out closed",
    "/changes": "reported kept adopted returned disqualified disqualification_proposed removal_proposed",
    "/enterprises": "draft submitted returned rejected revoked approved disqualified",
    "/leads": "recorded",
    "/notices": "running closing closed published",
    "/objections": "standing upheld rejected",
    "/orders": "placed accepted refused withdrawn delivered completed settling payable paid cancelled",
    "/payables": "awaiting_invoice invoiced paying paid dropped",
    "/payouts": "made paid failed withdrawn returned",
    "/recoveries": "demanded part received withdrawn",
    "/rounds": "gathered approved rejected noticed closed",
    "/settlements": "draft submitted reviewed withdrawn",
    "/staff/batches": "draft withdrawn published open sold_out closed",
    "/staff/products": "draft published withdrawn",
    "/claims": "draft submitted forwarded withdrawn rejected approved",
    "/activities": "draft submitted returned confirmed cancelled",
    "/checks": "drawn reported rectifying answered referred closed dropped",
    "/inspections": "open concluded signed",
    "/complaints": "received accepted paused escalated answered redirected linked withdrawn",
    "/violations": "standing lifted",
}
UNCOUNTED = {"/batches", "/staff/batches"}
READERS = {"/leads": BUREAU, "/recoveries": BUREAU}


def reader_of(path: str) -> Person:
    return READERS.get(path.partition("?")[0], OPERATOR)


def every_page(world: World, path: str, person: Person | None = None) -> list[Json]:
    """The items of all pages of a list."""
    found, cursor = [], ""
    for _ in range(200):
        more = f"{'&' if '?' in path else '?'}cursor={cursor}" if cursor else ""
        page = steps.expect(world.call(person or reader_of(path), "GET", path + more), 200)
        found += page["items"]
        if not (cursor := page["next_cursor"] or ""):
            return found
    raise AssertionError("a list without an end")


def ids(town: Town, path: str, name: str, person: Person | None = None) -> list[str]:
    return [each[name] for each in every_page(town.world, path, person)]


@pytest.mark.parametrize("path", STATES)
def test_a_list_by_state_has_exactly_the_records_in_it(everything: Everything, path: str) -> None:
    world = everything.town.world
    whole = every_page(world, f"{path}?limit=1")
    for state in STATES[path].split():
        of_state = [each for each in whole if each["state"] == state]
        assert every_page(world, f"{path}?limit=1&state={state}") == of_state
        oldest_first = every_page(world, f"{path}?limit=2&state={state}&sort=oldest")
        assert oldest_first == of_state[::-1]
    assert {each["state"] for each in whole} <= set(STATES[path].split())
    assert whole or path == "/leads"


@pytest.mark.parametrize("path", sorted(set(STATES) - UNCOUNTED))
def test_counts_are_those_of_the_whole_list(everything: Everything, path: str) -> None:
    world = everything.town.world
    known = Counter(each["state"] for each in every_page(world, path))
    reply = world.call(reader_of(path), "GET", f"{path}?counts=true&limit=1&state={STATES[path].split()[0]}")
    counts = steps.expect(reply, 200)["counts"]
    assert counts == {state: {"value": known[state], "at_least": False} for state in STATES[path].split()}
    assert "counts" not in steps.expect(world.call(reader_of(path), "GET", path), 200)


@pytest.mark.parametrize("path", STATES)
def test_a_state_that_the_list_does_not_know_is_422_and_names_those_it_knows(everything: Everything, path: str) -> None:
    reply = everything.town.world.call(reader_of(path), "GET", f"{path}?state=nonsense")
    [error] = reply.body["errors"]
    assert (reply.status, error["field"], error["code"]) == (422, "state", "not_allowed")
    assert sorted(error["allowed"]) == sorted(STATES[path].split())


WRONG = {
    "from=2026-06-16&to=2026-06-15": {"field": "to", "code": "too_small", "min": "2026-06-16"},
    "from=yesterday": {"field": "from", "code": "format", "example": "2026-03-01"},
    "from=1780000000": {"field": "from", "code": "format", "example": "2026-03-01"},
    "to=2026-06-31": {"field": "to", "code": "format", "example": "2026-03-01"},
    "to=2026-06-15T00:00:00": {"field": "to", "code": "format", "example": "2026-03-01"},
    "sort=name": {"field": "sort", "code": "not_allowed", "allowed": ["newest", "oldest"]},
    "from_=2026-06-15": {"field": "from_", "code": "unknown"},
}


@pytest.mark.parametrize("search", WRONG)
def test_days_and_orders_that_cannot_be_are_422_in_every_list(everything: Everything, search: str) -> None:
    for path in [*STATES, "/products", "/inbox", f"/vouchers?enterprise_uscc={everything.town.enterprise.uscc}"]:
        reply = everything.town.world.call(reader_of(path), "GET", f"{path}{'&' if '?' in path else '?'}{search}")
        assert reply.status == 422, path
        [error] = reply.body["errors"]
        assert WRONG[search].items() <= error.items()
        if error["code"] == "unknown":
            assert {"from", "to", "sort", "limit", "cursor"} <= set(error["allowed"])


def test_a_day_begins_and_ends_at_midnight_in_lishui(town: Town, stopped_clock: StoppedClock) -> None:
    """From 2026-06-19T16:00Z on it is the 20th there."""
    instants = [datetime(2026, 6, 19, 15, 59, 59, 999_000, UTC), datetime(2026, 6, 19, 16, 0, tzinfo=UTC)]
    instants += [datetime(2026, 6, 20, 15, 59, 59, 999_000, UTC), datetime(2026, 6, 20, 16, 0, tzinfo=UTC)]
    for number, stopped_clock.instant in enumerate(instants):
        breach = {"uscc": samples.enterprise(number + 5).uscc, "facts": f"第{number}次"}
        steps.expect(town.world.call(BUREAU, "POST", "/violations", breach), 201)

    def facts(search: str) -> list[str]:
        return ids(town, f"/violations?sort=oldest&{search}", "facts")

    assert facts("from=2026-06-20&to=2026-06-20") == ["第1次", "第2次"]
    assert facts("to=2026-06-19") == ["第0次"]
    assert facts("from=2026-06-21") == ["第3次"]
    assert facts("from=&to=2026-06-19") == ["第0次"]
    assert facts("from=2026-06-20&to=2026-06-21&limit=1") == ["第1次", "第2次", "第3次"]
    reply = town.world.call(BUREAU, "GET", "/violations?counts=true&from=2026-06-20&to=2026-06-20")
    assert reply.body["counts"]["standing"] == {"value": 2, "at_least": False}


def test_a_cursor_goes_on_only_with_the_filters_and_the_order_it_came_with(everything: Everything) -> None:
    world = everything.town.world
    cursor = world.call(OPERATOR, "GET", "/enterprises?limit=1").body["next_cursor"]
    assert world.call(OPERATOR, "GET", f"/enterprises?limit=2&counts=true&cursor={cursor}").status == 200
    for search in ("state=approved", "sort=oldest", "from=2026-01-01", "to=2026-12-31", "q=9133"):
        reply = world.call(OPERATOR, "GET", f"/enterprises?{search}&cursor={cursor}")
        assert (reply.status, reply.body["errors"][0]["field"]) == (422, "cursor"), search
    assert world.call(OPERATOR, "GET", f"/agencies?cursor={cursor}").status == 422


def test_enterprises_and_agencies_are_found_by_name_and_code_in_any_width(everything: Everything) -> None:
    town = everything.town
    for path, one in (("/enterprises", town.enterprise), ("/agencies", town.agency)):
        assert ids(town, f"{path}?q={one.uscc.lower()}", "uscc") == [one.uscc]
        assert one.uscc in ids(town, f"{path}?q={one.name[:4]}", "uscc")
        assert ids(town, f"{path}?q={one.name} {one.uscc[-4:]}", "uscc") == [one.uscc]
        assert ids(town, f"{path}?q={one.name} 没有", "uscc") == []
        wide = "".join(chr(ord(each) + 0xFEE0) for each in one.uscc)
        assert ids(town, f"{path}?q={wide}&limit=1", "uscc") == [one.uscc]


@pytest.mark.parametrize("field", ["contact_phone", "contact_name", "legal_representative", "address"])
def test_what_a_list_masks_cannot_be_searched_for(everything: Everything, field: str) -> None:
    town = everything.town
    secret = str(town.enterprise.registration()[field])
    assert ids(town, f"/enterprises?q={secret}", "uscc") == []
    assert ids(town, f"/agencies?q={town.agency.application().get(field) or secret}", "uscc") == []


def test_orders_are_found_by_contract_number_and_by_party(completed: tuple[Town, Json]) -> None:
    town, order = completed
    other = town.order(contract_fen=100_000, voucher_fen=70_000)
    assert ids(town, f"/orders?q={order['contract_number']}", "order_id") == [order["order_id"]]
    both = f"/orders?enterprise_uscc={town.enterprise.uscc}&agency_uscc={town.agency.uscc}"
    assert set(ids(town, both, "order_id", OWNER)) == {order["order_id"], other["order_id"]}
    assert ids(town, f"{both}&state=placed", "order_id", OWNER) == [other["order_id"]]
    assert ids(town, both.replace(town.agency.uscc, samples.agency(9).uscc), "order_id") == []
    counts = town.shown(f"{both}&counts=true&limit=1", OWNER)["counts"]
    assert {state: each["value"] for state, each in counts.items() if each["value"]} == {"completed": 1, "placed": 1}


@pytest.mark.parametrize("path", ["/orders", "/settlements"])
def test_a_member_who_names_no_organisation_learns_what_to_name(town: Town, path: str) -> None:
    reply = town.world.call(OWNER, "GET", path)
    fields = {error["field"]: error["code"] for error in reply.body["errors"]}
    expected = {"agency_uscc": "missing"} | ({"enterprise_uscc": "missing"} if path == "/orders" else {})
    assert (reply.status, fields) == (422, expected)
    assert "GET /me" in reply.body["errors"][0]["message"]


@pytest.mark.parametrize("path", ["/orders", "/enterprises", "/staff/batches", "/staff/products"])
def test_discipline_reads_what_is_for_all_staff(everything: Everything, path: str) -> None:
    assert everything.town.world.call(DISCIPLINE, "GET", path).status == 200


@pytest.mark.parametrize("path", ["/agencies", "/settlements", "/rounds", "/payouts", "/payables", "/objections"])
def test_discipline_reads_no_more_lists_than_before(town: Town, path: str) -> None:
    reply = town.world.call(DISCIPLINE, "GET", path)
    assert (reply.status, reply.code) == (403, "ROLE_REQUIRED")


def test_the_bureau_finds_the_drafts_it_may_publish_and_the_public_sees_none(everything: Everything) -> None:
    town = everything.town
    drafts = every_page(town.world, "/staff/batches?state=draft", BUREAU)
    assert len(drafts) == 2
    assert all((each["state"], each["remaining_fen"]) == ("draft", each["amount_fen"]) for each in drafts)
    in_public = {each["batch_id"] for each in town.shown("/batches")["items"]}
    assert not in_public & {each["batch_id"] for each in drafts}
    assert town.world.call(None, "GET", "/batches?state=draft").status == 422
    assert town.world.call(SELLER, "GET", "/staff/batches").status == 403
    for each in drafts:
        steps.expect(town.world.call(BUREAU, "POST", f"/batches/{each['batch_id']}/publish"), 200)
    assert every_page(town.world, "/staff/batches?state=draft", BUREAU) == []


def test_batches_are_listed_by_the_state_that_a_client_sees_now(town: Town, stopped_clock: StoppedClock) -> None:
    def found(search: str) -> list[str]:
        return [each["batch_id"] for each in town.shown(f"/batches?{search}")["items"]]

    assert (found("state=open"), found("state=sold_out")) == ([town.batch_id], [])
    opens_on = town.shown(f"/batches/{town.batch_id}")["opens_at"][:10]
    assert found(f"from={opens_on}&to={opens_on}") == [town.batch_id]
    stopped_clock.instant = datetime(2027, 3, 1, tzinfo=UTC)
    assert (found("state=open"), found("state=closed")) == ([], [town.batch_id])


def test_the_operator_finds_what_waits_to_be_published_over_all_agencies(everything: Everything) -> None:
    town = everything.town
    drafts = ids(town, "/staff/products?state=draft", "product_id")
    assert len(drafts) == 2
    assert sorted(ids(town, "/staff/products?to_publish=true&limit=1", "product_id")) == sorted(drafts)
    changes = {"name": "代理记账（新）"}
    steps.expect(town.world.call(SELLER, "PATCH", f"/products/{town.product_id}", changes), 200)
    assert sorted(ids(town, "/staff/products?to_publish=true", "product_id")) == sorted([*drafts, town.product_id])
    assert ids(town, "/staff/products?to_publish=true&state=published", "product_id") == [town.product_id]


def test_cancellations_to_decide_are_listed_until_they_are_decided(voucher: tuple[Town, Json]) -> None:
    town = voucher[0]
    kept, leaving, calm = (town.order(contract_fen=60_000, voucher_fen=40_000) for _ in range(3))
    for order in (kept, leaving):
        for person in (OWNER, SELLER):
            steps.expect(town.act(person, order, "cancellation", {"reason": "双方协商一致"}), 200)
    waiting = "/orders?cancel_asked=true&limit=1"
    assert sorted(ids(town, waiting, "order_id")) == sorted([kept["order_id"], leaving["order_id"]])
    mine = f"{waiting}&enterprise_uscc={town.enterprise.uscc}"
    assert sorted(ids(town, mine, "order_id", OWNER)) == sorted([kept["order_id"], leaving["order_id"]])
    assert ids(town, f"{waiting}&state=accepted", "order_id") == []
    for order, decision in ((kept, "reject"), (leaving, "approve")):
        steps.expect(town.act(OPERATOR, order, "cancellation/review", {"decision": decision}), 200)
    assert ids(town, waiting, "order_id") == []
    assert ids(town, "/orders?state=cancelled", "order_id") == [leaving["order_id"]]
    assert sorted(ids(town, "/orders?state=placed", "order_id")) == sorted([kept["order_id"], calm["order_id"]])


def test_applications_to_review_and_rounds_to_approve_are_found_with_figures(
    submitted: tuple[Town, Json],
) -> None:
    town, application = submitted
    [waiting] = every_page(town.world, "/settlements?state=submitted&sort=oldest")
    assert waiting["settlement_id"] == application["settlement_id"]
    [line] = application["lines"]
    passed = {"order_id": line["order_id"], "decision": "pass", "opinion": "齐全"}
    path = f"/settlements/{application['settlement_id']}/pre-review"
    steps.expect(town.world.call(OPERATOR, "POST", path, {"lines": [passed]}), 200)
    gathering = {"settlement_ids": [application["settlement_id"]]}
    steps.expect(town.world.call(OPERATOR, "POST", "/rounds", gathering), 201)
    [round_] = every_page(town.world, "/rounds?state=gathered", BUREAU)
    assert (round_["gathered_lines"], round_["gathered_fen"]) == (1, line["voucher_fen"])
    assert every_page(town.world, "/settlements?state=submitted") == []


def test_payouts_to_record_are_found_until_the_bank_has_answered(everything: Everything) -> None:
    world = everything.town.world
    made, held = sorted(every_page(world, "/payouts?state=made", FINANCE), key=lambda each: len(each["held_order_ids"]))
    result = everything.calls["POST /payouts/{payout_id}/result"]
    steps.expect(world.call(FINANCE, "POST", f"/payouts/{made['payout_id']}/result", result.body), 200)
    assert every_page(world, "/payouts?state=made", FINANCE) == [held]
    paid = every_page(world, f"/payouts?state=paid&q={result.body['bank_reference']}", FINANCE)
    assert made["payout_id"] in [each["payout_id"] for each in paid]


def test_accounts_to_confirm_are_found_masked(everything: Everything) -> None:
    world = everything.town.world
    [waiting] = every_page(world, "/payables?account_proposed=true&limit=1")
    review = everything.calls["POST /rounds/{round_id}/bank-account/review"]
    assert waiting["proposed_account"]["change_id"] == review.body["change_id"]
    assert waiting["proposed_account"]["bank_account_masked"].startswith("****")
    assert "fingerprint" not in str(waiting) and "sealed" not in str(waiting)
    steps.expect(world.call(OPERATOR, "POST", review.path, review.body), 200)
    assert every_page(world, "/payables?account_proposed=true") == []


def test_removals_to_approve_and_objections_over_all_notices_are_found(everything: Everything) -> None:
    world = everything.town.world
    assert every_page(world, "/agencies?state=removal_proposed") == []
    removal = everything.calls["POST /agencies/{uscc}/removal"]
    steps.expect(world.call(OPERATOR, "POST", removal.path, removal.body), 200)
    waiting = every_page(world, "/agencies?state=removal_proposed")
    assert [each["uscc"] for each in waiting] == [removal.path.split("/")[2]]
    objection, other = every_page(world, "/objections?state=standing&sort=oldest", BUREAU)
    resolve = everything.calls["POST /objections/{objection_id}/resolve"]
    if objection["objection_id"] not in resolve.path:  # both were made in the same instant
        objection, other = other, objection
    steps.expect(world.call(BUREAU, "POST", resolve.path, resolve.body), 200)
    assert every_page(world, "/objections?state=standing", BUREAU) == [other]
    [rejected] = every_page(world, f"/objections?state=rejected&q={objection['notice_id']}", BUREAU)
    of_notice = f"/notices/{objection['notice_id']}/objections"
    assert every_page(world, f"{of_notice}?state=rejected", BUREAU) == [rejected]
    assert every_page(world, f"{of_notice}?state=standing", BUREAU) == [other]


def test_the_settlements_of_a_removed_agency_are_still_listed(submitted: tuple[Town, Json]) -> None:
    """The notice of its removal stands in the same partition of the index."""
    town, application = submitted
    path = f"/settlements?agency_uscc={town.agency.uscc}"
    remove_agency(town)
    for search in ("", "&limit=1", "&state=submitted"):
        assert ids(town, path + search, "settlement_id") == [application["settlement_id"]]
    assert town.shown(f"{path}&counts=true")["counts"]["submitted"]["value"] == 1


def holders(town: Town, batch_id: str) -> Iterator[tuple[str, Json]]:
    for person, firm in ((OWNER, town.enterprise), (Person("neighbour"), town.neighbour)):
        claim = {"enterprise_uscc": firm.uscc, "amount_fen": 1_000_000}
        yield firm.uscc, steps.expect(town.world.call(person, "POST", f"/batches/{batch_id}/vouchers", claim), 201)


def test_staff_sees_who_got_a_voucher_of_a_batch(town: Town) -> None:
    granted = dict(holders(town, town.batch_id))
    path = f"/vouchers?batch_id={town.batch_id}"
    for search in ("", "&limit=1", "&state=active", "&from=2026-06-15&to=2026-06-15"):
        assert sorted(ids(town, path + search, "enterprise_uscc", DISCIPLINE)) == sorted(granted)
    for search in ("&state=expired", "&to=2026-06-14", "&from=2026-06-16"):
        assert every_page(town.world, path + search) == []
    one = f"{path}&enterprise_uscc={town.enterprise.uscc}"
    assert ids(town, one, "enterprise_uscc", OWNER) == [town.enterprise.uscc]
    assert town.world.call(OWNER, "GET", path).status == 422
    assert town.world.call(STRANGER, "GET", one).status == 404
    unknown = town.world.call(OPERATOR, "GET", f"/vouchers?batch_id={town.batch_id[:-4]}0000")
    assert (unknown.code, unknown.body["thing"]) == ("NOT_FOUND", "batch")
    reply = town.world.call(OPERATOR, "GET", f"{path}&sort=newest")
    assert [(each["field"], each["code"]) for each in reply.body["errors"]] == [("sort", "not_allowed")]
    assert [each["field"] for each in town.world.call(OPERATOR, "GET", "/vouchers").body["errors"]] == [
        "enterprise_uscc",
        "batch_id",
    ]


def test_an_enterprises_vouchers_come_by_state_and_in_both_orders(town: Town, stopped_clock: StoppedClock) -> None:
    granted = []
    for hour in (3, 4, 5):
        batch = steps.open_batch(town.world, 2026, samples.batch(amount_fen=1_000_000, partial_allowed=True))
        stopped_clock.instant = stopped_clock.instant.replace(hour=hour)
        claim = {"enterprise_uscc": town.enterprise.uscc, "amount_fen": 100_000}
        reply = town.world.call(OWNER, "POST", f"/batches/{batch['batch_id']}/vouchers", claim)
        granted.append(steps.expect(reply, 201)["voucher_id"])
    path = f"/vouchers?enterprise_uscc={town.enterprise.uscc}"
    assert ids(town, path, "voucher_id", OWNER) == granted
    assert ids(town, f"{path}&limit=1", "voucher_id", OWNER) == granted
    assert ids(town, f"{path}&sort=newest&limit=1", "voucher_id", OWNER) == granted[::-1]
    assert ids(town, f"{path}&state=void", "voucher_id", OWNER) == []
    second = granted[1].rpartition(".")[0]
    assert ids(town, f"{path}&batch_id={second}", "voucher_id", OWNER) == [granted[1]]


def test_an_inbox_shows_the_unread_and_counts_them(town: Town) -> None:
    for number in range(3):
        told: dict[str, Any] = {"message_id": f"m{number}", "kind": "enterprise", "recipient": town.enterprise.uscc}
        deliver("notify", told | {"subject": "通知", "about": "x"})
    messages = ids(town, "/inbox?state=unread&limit=1", "message_id", OWNER)
    assert len(messages) == 3
    steps.expect(town.world.call(OWNER, "POST", f"/inbox/{messages[0]}/read"), 200)
    assert sorted(ids(town, "/inbox?state=unread", "message_id", OWNER)) == sorted(messages[1:])
    assert ids(town, "/inbox?state=read", "message_id", OWNER) == [messages[0]]
    counts = town.shown("/inbox?counts=true&limit=1", OWNER)["counts"]
    assert {state: each["value"] for state, each in counts.items()} == {"unread": 2, "read": 1}


def test_versions_of_a_list_come_by_state(everything: Everything) -> None:
    world = everything.town.world
    path = "/lists/little_giant_nursery/2026/imports"
    [parsed] = every_page(world, f"{path}?state=parsed")
    assert (parsed["state"], every_page(world, f"{path}?state=applied")) == ("parsed", [])
    reply = steps.expect(world.call(OPERATOR, "GET", f"{path}?counts=true"), 200)
    assert reply["counts"]["parsed"] == {"value": 1, "at_least": False}


def test_a_search_that_finds_little_gives_short_pages_and_ends_only_at_the_end(
    town: Town, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_READ", 2)
    monkeypatch.setattr(pages, "READ_AT_ONCE", 2)
    for number in range(7):
        stopped_clock.instant = stopped_clock.instant.replace(minute=number + 1)
        steps.list_product(town.world, SELLER, samples.product(town.agency, name=f"服务{number}"))
    first = town.shown("/products?q=服务0&limit=1")
    assert (first["items"], first["next_cursor"] is None) == ([], False)
    assert [each["name"] for each in every_page(town.world, "/products?q=服务0&limit=1")] == ["服务0"]


def test_all_that_a_person_acts_for_is_shown_however_much_it_is(world: World) -> None:
    towns.open_year(world, drafts_per_person=200)
    codes, firm = CreditCodes(Random(5), ENTERPRISES), samples.enterprise(0).registration()
    uscc_list = [codes.next("91", "331100") for _ in range(101)]
    for uscc in uscc_list:
        steps.expect(world.call(OWNER, "POST", "/enterprises", {**firm, "uscc": uscc}), 201)
    shown = steps.expect(world.call(OWNER, "GET", "/me"), 200)["organisations"]
    assert sorted(each["uscc"] for each in shown) == sorted(uscc_list)


@pytest.mark.clause("§3.4.3")
@pytest.mark.parametrize("year", [2026, 2028, 2036])
def test_a_voucher_is_listed_for_ever(voucher: tuple[Town, Json], stopped_clock: StoppedClock, year: int) -> None:
    town, held = voucher
    stopped_clock.instant = datetime(year, 12, 1, tzinfo=UTC)
    for person in (OWNER, BUREAU):
        path = f"/vouchers?enterprise_uscc={town.enterprise.uscc}"
        assert ids(town, path, "voucher_id", person) == [held["voucher_id"]]
