"""Use cases for the faults: the steps of an order, their messages, and unusual grabs."""

from datetime import UTC, datetime
from typing import Any

from infra.client import steps
from infra.client.http import OPERATOR, Person, Reply
from tests.conftest import StoppedClock
from tests.faults.services import receive_all
from tests.faults.use_case import Json, UseCase, deliver_to_worker, list_entries, voucher_balances
from tests.races import requests, seed_data, tables
from tests.races.order_parties import Parties, seed_parties
from tests.races.seed_data import QUOTA_FEN, TODAY, YEAR
from tests.support.backend import World, function
from voucher.models.audit import GENESIS, AuditEntry, Trace
from voucher.models.orders import Order
from voucher.models.pools import batch_pool
from voucher.models.reports import KeptReport
from voucher.rules.audit import breaks_in
from voucher.rules.reports import account_differences, figures_of
from voucher.store import audit, keys, reports
from voucher.store.engine import pools
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import delete_write, encode, transact

CONTRACT = {"contract_number": "HT-9", "contract_signed_on": TODAY.isoformat(), "contract_fen": QUOTA_FEN}


def place_uncontracted_order(parties: Parties) -> str:
    """Place an order without a contract; its id."""
    body = requests.order_body(parties.product_id, parties.voucher_id, 200_000)
    reply = parties.world.call(parties.enterprise.person, "POST", "/orders", body, key="uncontracted")
    order_id: str = steps.expect(reply, 201)["order_id"]
    return order_id


def step_of_order(parties: Parties, person: Person, order_id: str, word: str, state: str, body: Any = None) -> UseCase:
    """A use case that is one step of an order and moves no money."""
    [before] = tables.list_records(Order, "orders", "RECORD")

    def check(answer: Json) -> None:
        assert (answer["order_id"], answer["state"]) == (order_id, state)
        [order] = tables.list_records(Order, "orders", "RECORD")
        assert (order.state, order.version) == (state, before.version + 1)
        assert list_entries() == ["appropriate", "hold", "release"]

    return UseCase(lambda: parties.world.call(person, "POST", f"/orders/{order_id}/{word}", body), check)


def contract(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    order_id = place_uncontracted_order(parties)
    step = step_of_order(parties, parties.enterprise.person, order_id, "contract", "placed", CONTRACT)

    def check(answer: Json) -> None:
        step.check(answer)
        assert answer["contract_number"] == "HT-9"
        assert [(each["pk"], each["order_id"]) for each in tables.list_items("orders", "CONTRACT")] == [
            (f"CONTRACT#{parties.agency.uscc}#HT-9", order_id)
        ]

    return UseCase(step.ask, check)


def propose_contract(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    order_id = parties.accept_order(700_000)
    step = step_of_order(parties, parties.agency.person, order_id, "contract", "accepted", CONTRACT)

    def check(answer: Json) -> None:
        step.check(answer)
        assert (answer["contract_number"], answer["proposed_contract"]["contract_number"]) == ("HT-1", "HT-9")
        assert [each["pk"] for each in tables.list_items("orders", "CONTRACT")] == [
            f"CONTRACT#{parties.agency.uscc}#HT-1"
        ]

    return UseCase(step.ask, check)


def acknowledge_contract(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    order_id = parties.accept_order(700_000)
    path, owner = f"/orders/{order_id}/contract", parties.enterprise.person
    steps.expect(world.call(parties.agency.person, "POST", path, CONTRACT), 200)
    step = step_of_order(parties, owner, order_id, "contract/acknowledge", "accepted")

    def check(answer: Json) -> None:
        step.check(answer)
        assert (answer["contract_number"], answer["proposed_contract"]) == ("HT-9", None)
        numbers = {each["pk"]: each["order_id"] for each in tables.list_items("orders", "CONTRACT")}
        assert numbers == {f"CONTRACT#{parties.agency.uscc}#HT-{n}": of for n, of in ((1, None), (9, order_id))}

    return UseCase(step.ask, check)


def deliver(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    order_id, person = parties.place_order(700_000), parties.agency.person
    steps.expect(world.call(person, "POST", f"/orders/{order_id}/accept"), 200)
    return step_of_order(parties, person, order_id, "deliver", "delivered")


def confirm(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    order_id = parties.place_order(700_000)
    for word in ("accept", "deliver"):
        steps.expect(world.call(parties.agency.person, "POST", f"/orders/{order_id}/{word}"), 200)
    return step_of_order(parties, parties.enterprise.person, order_id, "confirm", "completed")


def request_cancel(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    order_id = parties.place_order(700_000)
    return step_of_order(parties, parties.enterprise.person, order_id, "cancellation", "placed", {"reason": "改期"})


def withdraw_cancel(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    order_id, person = parties.place_order(700_000), parties.enterprise.person
    steps.expect(world.call(person, "POST", f"/orders/{order_id}/cancellation", {"reason": "改期"}), 200)
    return step_of_order(parties, person, order_id, "cancellation/withdraw", "placed")


def dispute(world: World, _clock: StoppedClock) -> UseCase:
    parties, order_id = delivered_order(world)
    return step_of_order(parties, parties.enterprise.person, order_id, "dispute", "delivered", {"reason": "缺报告"})


def delivered_order(world: World) -> tuple[Parties, str]:
    """An order that the agency delivered; its parties and its id."""
    parties = seed_parties(world)
    order_id = parties.place_order(700_000)
    for word in ("accept", "deliver"):
        steps.expect(world.call(parties.agency.person, "POST", f"/orders/{order_id}/{word}"), 200)
    return parties, order_id


def decide_return(world: World, clock: StoppedClock) -> UseCase:
    parties, order_id = delivered_order(world)
    clock.instant = datetime(2026, 7, 1, tzinfo=UTC)
    body = {"decision": "return", "reason": "请补齐报告"}
    return step_of_order(parties, OPERATOR, order_id, "decision", "accepted", body)


def decide_cancel(world: World, clock: StoppedClock) -> UseCase:
    _, order_id = delivered_order(world)
    clock.instant = datetime(2026, 7, 1, tzinfo=UTC)
    body = {"decision": "cancel", "reason": "服务没有实际发生"}

    def check(answer: Json) -> None:
        assert answer["state"] == "cancelled"
        assert voucher_balances() == [QUOTA_FEN]
        assert list_entries() == ["appropriate", "hold", "release", "release"]

    return UseCase(lambda: world.call(OPERATOR, "POST", f"/orders/{order_id}/decision", body), check)


def end_unanswered(world: World, clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    order_id = parties.place_order(700_000)
    clock.instant = datetime(2026, 6, 23, 16, 5, tzinfo=UTC)
    message = {"task": "end_order", "order_id": order_id, "instant": clock.instant.isoformat(), "message_id": "m-1"}

    def check(_: Json) -> None:
        assert tables.list_states(Order, "orders") == ["cancelled"]
        assert voucher_balances() == [QUOTA_FEN]
        assert list_entries() == ["appropriate", "hold", "release", "release"]

    return UseCase(deliver_to_worker(message, "end_orders"), check)


def quote(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    body = {"product_id": parties.product_id, "voucher_id": parties.voucher_id, "contract_fen": QUOTA_FEN}

    def check(answer: Json) -> None:
        assert (answer["max_voucher_fen"], answer["binding"]) == (700_000, "ratio")
        assert (voucher_balances(), list_entries()) == ([QUOTA_FEN], ["appropriate", "release"])

    return UseCase(lambda: world.call(parties.enterprise.person, "POST", "/orders/quote", body), check)


def first_grab_of_a_year(world: World, _clock: StoppedClock) -> UseCase:
    batch_id = seed_data.open_batch(world, QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    [enterprise] = seed_data.add_enterprises(1)
    transact([delete_write("approved last year", keys.entitlement(YEAR, enterprise.uscc))])

    def check(answer: Json) -> None:
        assert (answer["face_fen"], voucher_balances()) == (QUOTA_FEN, [QUOTA_FEN])
        [entitlement] = tables.list_items("vouchers", "ENTITLEMENT")
        assert (entitlement["granted_fen"], entitlement["left_fen"]) == (QUOTA_FEN, 0)

    return UseCase(lambda: requests.grab(world, batch_id, enterprise), check)


def grab_that_gathers(world: World, _clock: StoppedClock) -> UseCase:
    batch_id = seed_data.open_batch(world, QUOTA_FEN + 400_000, total_fen=100 * QUOTA_FEN, partial_allowed=True)
    first, enterprise = seed_data.add_enterprises(2)
    steps.expect(requests.grab(world, batch_id, first, amount_fen=600_000), 201)

    def check(answer: Json) -> None:
        assert (answer["face_fen"], voucher_balances()) == (700_000, [600_000, 700_000])
        assert pools.read_total(batch_pool(batch_id), seed_data.SHARDS).remaining_fen == 100_000

    return UseCase(lambda: requests.grab(world, batch_id, enterprise, amount_fen=700_000), check)


def relay(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    order_id = parties.place_order(300_000)
    item = find_item(keys.order(order_id))
    assert item is not None
    event = {
        "Records": [{"eventName": "INSERT", "dynamodb": {"NewImage": encode(item), "ApproximateCreationDateTime": 0}}]
    }

    def ask() -> Reply:
        function("relay").handler(event, None)
        return Reply(200, {})

    def check(_: Json) -> None:
        messages = {(each["message_id"], each["kind"]): each for each in receive_all("notify")}
        assert sorted(each["recipient"] for each in messages.values()) == sorted(
            [parties.enterprise.uscc, parties.agency.uscc]
        )
        assert {each["about"] for each in messages.values()} == {f"order:{order_id}"}

    return UseCase(ask, check, queue="notify")


def keep_audit(world: World, _clock: StoppedClock) -> UseCase:
    seed_parties(world)
    trace = Trace(
        trace_id="t1", at="2026-06-15T02:00:00.000Z", by="ada", role="bureau", action="read", about="order:o1"
    )

    def check(_: Json) -> None:
        entries = [each for each in audit.read_entries(0, 9) if isinstance(each, AuditEntry)]
        assert [entry.trace_id for entry in entries] == ["t1"]
        assert list(breaks_in(entries, GENESIS, {})) == []
        assert audit.find_head().seq == 1

    return UseCase(deliver_to_worker(trace.model_dump(exclude_none=True), "keep_audit"), check)


def keep_reports(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    parties.place_order(300_000)
    message = {"message_id": "m1", "year": YEAR, "uscc": parties.enterprise.uscc}

    def check(_: Json) -> None:
        kept = reports.read(YEAR)
        assert account_differences(kept.rows, tables.assert_books_hold()) == {}
        assert counted_figures(kept) == {"firms": 1, "vouchers": 1, "orders": 1, "held_fen": 300_000}

    return UseCase(deliver_to_worker(message, "keep_reports"), check)


def counted_figures(kept: KeptReport) -> Json:
    """Some figures of a year."""
    figures = figures_of(kept.rows["total.all"].items())
    return {name: figures[name] for name in ("firms", "vouchers", "orders", "held_fen")}  # type: ignore[literal-required]


ORDER_USE_CASES = {
    "§4.2.1": [
        contract,
        propose_contract,
        acknowledge_contract,
        deliver,
        confirm,
        relay,
        end_unanswered,
        dispute,
        decide_return,
        decide_cancel,
    ],
    "§3.4.3": [keep_audit],
    "§5.1": [keep_reports],
    "§3.5.1(5)": [request_cancel, withdraw_cancel],
    "§2.3.2": [quote],
    "§4.1.3": [first_grab_of_a_year],
    "§4.2.2": [grab_that_gathers],
}
