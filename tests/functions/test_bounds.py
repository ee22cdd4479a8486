"""How much one may have open (no clause): each bound is refused with its number and the way on, and opens again."""

from collections.abc import Callable
from typing import Any

import pytest

from infra.city.document_files import enterprise_documents
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person, Reply
from tests.support import samples
from tests.support import scenario as towns
from tests.support.backend import World, function
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, Json, Town, answer_removal
from tests.support.settlement_scenario import opened
from tests.support.snapshots import everything_kept, staged
from voucher.models.accounts import order_account
from voucher.models.products import Product
from voucher.store import keys, products, vouchers
from voucher.store.engine import table
from voucher.store.engine.table import put_write, transact

BOUNDS = {
    "open_orders_per_pair": 2,
    "drafts_per_person": 2,
    "open_changes_per_organisation": 2,
    "products_per_agency": 2,
    "documents_per_kind": 2,
    "settlement_documents_per_kind": 2,
}
PDF = {"filename": "a.pdf", "content_type": "application/pdf", "size_bytes": 9}


@pytest.fixture
def narrow(world: World) -> Town:
    """A town of a year whose bounds are two each; the owner has its voucher."""

    def build() -> Town:
        town = towns.settle(towns.open_year(world, **BOUNDS))
        town.grab()
        return town

    return staged("narrow town", build)


def refused(reply: Reply, code: str, status: int = 409) -> None:
    """The call met its bound, and the words name it."""
    assert (reply.status, reply.code) == (status, code), reply.body
    assert " 2 " in reply.body["detail"] and "请" in reply.body["detail"]


def refused_and_nothing_kept(call: Callable[[], Reply], code: str) -> None:
    """The same, and the tables are as before."""
    before = everything_kept()
    refused(call(), code)
    assert everything_kept() == before


def cancel(town: Town, order: Json) -> None:
    """Both parties ask, and the operator approves."""
    for person in (OWNER, SELLER):
        steps.expect(town.act(person, order, "cancellation", {"reason": "双方协商"}), 200)
    steps.expect(town.act(OPERATOR, order, "cancellation/review", {"decision": "approve"}), 200)


def expire(town: Town, order: Json) -> None:
    """The enterprise loses its qualification, and the worker cancels what has no contract."""
    found = vouchers.find(town.voucher_id)
    assert found is not None
    held = [each for each in vouchers.list_postings(found) if each.to_account == order_account(order["order_id"])]
    worker = function("void_vouchers")
    worker.cancel_uncontracted(held, worker.clock.now())


ANSWERS: dict[str, Callable[[Town, Json], object]] = {
    "accepted": lambda town, order: steps.expect(town.act(SELLER, order, "accept"), 200),
    "refused": lambda town, order: steps.expect(town.act(SELLER, order, "refuse", {"reason": "排期已满"}), 200),
    "cancelled": cancel,
    "expired": expire,
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_enterprise_waits_for_so_many_answers_of_one_agency(narrow: Town, answer: str) -> None:
    first, _ = (narrow.order(voucher_fen=100_000) for _ in range(2))
    refused_and_nothing_kept(lambda: narrow.place(voucher_fen=100_000), "TOO_MANY_ORDERS")
    ANSWERS[answer](narrow, first)
    narrow.order(voucher_fen=100_000)
    refused(narrow.place(voucher_fen=100_000), "TOO_MANY_ORDERS")


def test_an_order_repeated_at_the_bound_is_answered_as_placed(narrow: Town) -> None:
    first = steps.expect(narrow.place("k", voucher_fen=100_000), 201)
    narrow.order(voucher_fen=100_000)
    again = narrow.place("k", voucher_fen=100_000)
    assert (again.status, again.body) == (200, first)


def test_an_order_of_a_few_fen_is_refused_unless_they_are_the_last_ones(narrow: Town) -> None:
    no = narrow.place(voucher_fen=99)
    assert (no.status, no.code, no.body["errors"][0]["field"]) == (422, "ORDER_TOO_SMALL", "voucher_fen")
    assert "1.00 元" in no.body["detail"]
    assert narrow.place(voucher_fen=100).status == 201
    narrow.order(contract_fen=2_000_000, voucher_fen=narrow.balance_fen() - 99)
    refused(narrow.place(voucher_fen=99), "TOO_MANY_ORDERS")
    assert narrow.place(voucher_fen=98).code == "ORDER_TOO_SMALL"


def test_a_person_has_so_many_registrations_that_wait_to_be_submitted(narrow: Town) -> None:
    person, world = Person("agent"), narrow.world
    firm, agency, third = samples.enterprise(2), samples.agency(2), samples.enterprise(3)
    steps.expect(world.call(person, "POST", "/enterprises", firm.registration()), 201)
    steps.expect(world.call(person, "POST", "/agencies", agency.application()), 201)
    refused_and_nothing_kept(
        lambda: world.call(person, "POST", "/enterprises", third.registration()), "TOO_MANY_DRAFTS"
    )
    assert world.call(person, "POST", "/enterprises", firm.registration()).headers["idempotent-replay"] == "true"
    assert world.call(OWNER, "POST", "/enterprises", third.registration()).status == 201
    for file in enterprise_documents(firm, TODAY):
        steps.announce_and_upload(world, person, f"/enterprises/{firm.uscc}", file)
    steps.expect(world.call(person, "POST", f"/enterprises/{firm.uscc}/submit"), 200)
    steps.expect(world.call(person, "POST", "/enterprises", samples.enterprise(4).registration()), 201)
    # a submission comes back even where there is no room for another draft
    steps.expect(world.call(person, "POST", f"/enterprises/{firm.uscc}/withdraw"), 200)
    refused(world.call(person, "POST", "/enterprises", samples.enterprise(5).registration()), "TOO_MANY_DRAFTS")


@pytest.mark.parametrize("decision", ["keep", "return"])
def test_an_organisation_has_so_many_reports_undecided(narrow: Town, decision: str) -> None:
    path = f"/enterprises/{narrow.enterprise.uscc}/changes"

    def report(words: str) -> Reply:
        return narrow.world.call(OWNER, "POST", path, {"happened_on": TODAY.isoformat(), "description": words})

    change, _ = (steps.expect(report(words), 201) for words in "甲乙")
    refused_and_nothing_kept(lambda: report("丙"), "TOO_MANY_CHANGES")
    body = {"decision": decision, "reason": "已核对"}
    steps.expect(narrow.world.call(OPERATOR, "POST", f"{path}/{change['change_id']}/review", body), 200)
    steps.expect(report("丁"), 201)


def test_an_agency_has_so_many_products_that_are_not_withdrawn(narrow: Town) -> None:
    def draft(name: str) -> Reply:
        return narrow.world.call(SELLER, "POST", "/products", samples.product(narrow.agency, name=name))

    def take(product_id: str, step: str, person: Person) -> Reply:
        return narrow.world.call(person, "POST", f"/products/{product_id}/{step}")

    steps.expect(draft("二"), 201)
    refused_and_nothing_kept(lambda: draft("三"), "TOO_MANY_PRODUCTS")
    steps.expect(take(narrow.product_id, "withdraw", SELLER), 200)
    steps.expect(draft("四"), 201)
    refused_and_nothing_kept(lambda: take(narrow.product_id, "publish", OPERATOR), "TOO_MANY_PRODUCTS")


def announce(world: World, person: Person, path: str, kind: str, key: str = "") -> Reply:
    """Announce a document."""
    return world.call(person, "POST", f"{path}/documents", {"kind": kind, **PDF}, key=key or None)


def test_an_organisation_has_so_many_documents_of_a_kind_unsubmitted(narrow: Town) -> None:
    world, firm = narrow.world, samples.enterprise(2)
    path = f"/enterprises/{firm.uscc}"
    steps.expect(world.call(OWNER, "POST", "/enterprises", firm.registration()), 201)
    files = enterprise_documents(firm, TODAY)
    kind = files[0].kind
    spare, _ = (steps.expect(announce(world, OWNER, path, kind, key), 201) for key in "ab")
    refused_and_nothing_kept(lambda: announce(world, OWNER, path, kind), "TOO_MANY_DOCUMENTS")
    assert announce(world, OWNER, path, kind, "a").body["document_id"] == spare["document_id"]
    steps.expect(world.call(OWNER, "DELETE", f"{path}/documents/{spare['document_id']}"), 200)
    for file in files:
        steps.announce_and_upload(world, OWNER, path, file)
    refused(announce(world, OWNER, path, kind), "TOO_MANY_DOCUMENTS")
    steps.expect(world.call(OWNER, "POST", f"{path}/submit"), 200)
    steps.expect(world.call(OWNER, "POST", f"{path}/withdraw"), 200)
    steps.expect(announce(world, OWNER, path, kind), 201)


@pytest.mark.clause("§3.5.1")
def test_a_settlement_has_so_many_documents_of_a_kind_that_no_line_names(narrow: Town) -> None:
    order = narrow.complete(narrow.order())
    case, settlement = opened(narrow, order)
    path = f"/settlements/{case.settlement_id}"
    steps.expect(announce(narrow.world, SELLER, path, "contract"), 201)
    narrow.fill_in(settlement)
    steps.expect(announce(narrow.world, SELLER, path, "contract"), 201)
    refused(announce(narrow.world, SELLER, path, "contract"), "TOO_MANY_DOCUMENTS")


def test_a_person_announces_so_many_documents_in_a_day(world: World, stopped_clock: Any) -> None:
    towns.open_year(world, documents_per_day=2)
    firm = samples.enterprise(0)
    path = f"/enterprises/{firm.uscc}"
    steps.expect(world.call(OWNER, "POST", "/enterprises", firm.registration()), 201)
    for kind in ("business_license", "tax_certificate"):
        document = steps.expect(announce(world, OWNER, path, kind), 201)
        steps.expect(world.call(OWNER, "DELETE", f"{path}/documents/{document['document_id']}"), 200)
    no = announce(world, OWNER, path, "business_license")
    refused(no, "TOO_MANY_DOCUMENTS_TODAY", 429)
    assert no.headers["retry-after"]
    stopped_clock.instant = stopped_clock.instant.replace(day=16)
    steps.expect(announce(world, OWNER, path, "business_license"), 201)


def test_a_wait_that_is_counted_wrongly_is_found_at_night(narrow: Town) -> None:
    order = narrow.order(voucher_fen=100_000)
    reconcile = function("reconcile")

    def wrong() -> list[str]:
        book = reconcile.books.read_book(2026)
        return [name for each in reconcile.invariants(book) if not each.holds for name in each.wrong]

    assert wrong() == []
    place = keys.pair(narrow.enterprise.uscc, narrow.agency.uscc)
    transact([put_write("pair", place, {"open": {"o_other"}}, None)])
    assert wrong() == [order["order_id"]]
    steps.expect(narrow.act(SELLER, order, "accept"), 200)
    transact([put_write("pair", place, {"open": {order["order_id"]}}, None)])
    assert wrong() == [order["order_id"]]


# more than one page reads of all agencies together
OTHERS_DRAFTS = 1_200


def test_the_drafts_of_one_agency_cost_another_nothing(narrow: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    rival, world = samples.agency(2), narrow.world
    shown = products.get(narrow.product_id)
    for start in range(0, OTHERS_DRAFTS, 100):
        writes = [
            put_write("product", keys.product(each.product_id), each, None, index=products._index_entry(each))
            for each in _drafts(shown, rival.uscc, start)
        ]
        transact(writes)
    read = list[int]()
    query = table.client().query

    def counting(**request: Any) -> Any:
        answer = query(**request)
        read.append(answer["ScannedCount"])
        return answer

    monkeypatch.setattr(table.client(), "query", counting)
    for person, path in (
        (SELLER, f"/agencies/{narrow.agency.uscc}/products"),
        (OPERATOR, f"/agencies/{narrow.agency.uscc}/products?counts=true"),
        (None, "/products"),
        (None, f"/products?agency={narrow.agency.uscc}"),
    ):
        steps.expect(world.call(person, "GET", path), 200)
    path, reason = f"/agencies/{narrow.agency.uscc}/removal", {"reason": "违规"}
    steps.expect(world.call(OPERATOR, "POST", path, reason), 200)
    answer_removal(world, narrow.agency.uscc)
    steps.expect(world.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
    assert products.get(narrow.product_id).state == "withdrawn"
    assert len(read) >= 5 and sum(read) < 20


def _drafts(like: Product, uscc: str, start: int) -> list[Product]:
    return [
        like.model_copy(update={"product_id": f"{uscc}.{number}", "agency_uscc": uscc, "state": "draft"})
        for number in range(start, start + 100)
    ]
