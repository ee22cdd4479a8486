"""Use cases for the faults: grabs, orders, batches, programmes, and one of each later step."""

from collections.abc import Callable
from itertools import combinations

from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, OPERATOR, Person
from tests.conftest import StoppedClock
from tests.faults.use_case import VOUCHER_END, Json, UseCase, deliver_to_worker, list_entries, post, voucher_balances
from tests.races import requests, seed_data, tables
from tests.races.order_parties import Parties, seed_parties
from tests.races.seed_data import QUOTA_FEN, YEAR, Organisation
from tests.support import samples
from tests.support.backend import World
from voucher.models.enterprises import Enterprise
from voucher.models.orders import Order
from voucher.models.payables import Payable
from voucher.models.pools import SURPLUS_SHARDS, surplus_pool
from voucher.models.settlements import Settlement
from voucher.models.violations import Violation
from voucher.models.vouchers import Voucher
from voucher.policy import ENTERPRISE_DOCUMENTS
from voucher.store import keys
from voucher.store.engine import pools


def grab(world: World, _clock: StoppedClock) -> UseCase:
    batch_id = seed_data.open_batch(world, QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    [enterprise] = seed_data.add_enterprises(1)

    def check(answer: Json) -> None:
        assert (answer["voucher_id"], answer["balance_fen"]) == (f"{batch_id}.{enterprise.uscc}", QUOTA_FEN)
        assert voucher_balances() == [QUOTA_FEN]

    return UseCase(lambda: requests.grab(world, batch_id, enterprise), check)


def grab_of_a_larger_quota(world: World, _clock: StoppedClock) -> UseCase:
    batch_id = seed_data.open_batch(world, 3 * QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    [enterprise] = seed_data.add_enterprises(1, double_quota=[0])

    def check(answer: Json) -> None:
        assert answer["face_fen"] == 2 * QUOTA_FEN
        assert voucher_balances() == [2 * QUOTA_FEN]

    return UseCase(lambda: requests.grab(world, batch_id, enterprise), check)


def order(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    body = requests.order_body(parties.product_id, parties.voucher_id, 700_000, contract_number="HT-1")

    def check(answer: Json) -> None:
        assert (answer["state"], answer["voucher_fen"]) == ("placed", 700_000)
        assert [each.order_id for each in tables.list_records(Order, "orders", "RECORD")] == [answer["order_id"]]
        assert voucher_balances() == [QUOTA_FEN - 700_000]
        assert list_entries() == ["appropriate", "hold", "release"]

    return UseCase(post(world, parties.enterprise.person, "/orders", body, key="one"), check)


def accept(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    order_id = parties.place_order(700_000)

    def check(answer: Json) -> None:
        assert answer["state"] == "accepted"
        assert [each.version for each in tables.list_records(Order, "orders", "RECORD")] == [2]

    return UseCase(post(world, parties.agency.person, f"/orders/{order_id}/accept"), check)


def _check_of_returned_hold(state: str) -> Callable[[Json], None]:
    def check(answer: Json) -> None:
        assert answer["state"] == state
        assert voucher_balances() == [QUOTA_FEN]
        assert list_entries() == ["appropriate", "hold", "release", "release"]

    return check


def refuse(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    path = f"/orders/{parties.place_order(700_000)}/refuse"
    return UseCase(post(world, parties.agency.person, path, {"reason": "人手不足"}), _check_of_returned_hold("refused"))


def withdraw(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    path = f"/orders/{parties.place_order(700_000)}/withdraw"
    ask = post(world, parties.enterprise.person, path, {"reason": "选错了"})
    return UseCase(ask, _check_of_returned_hold("withdrawn"))


def cancellation_review(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    order_id = parties.place_order(700_000)
    requests.both_ask_to_cancel(world, order_id, parties.enterprise.person, parties.agency.person)
    path = f"/orders/{order_id}/cancellation/review"
    return UseCase(post(world, OPERATOR, path, {"decision": "approve"}), _check_of_returned_hold("cancelled"))


def batch_publish(world: World, _clock: StoppedClock) -> UseCase:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {})
    batch_id = seed_data.draft_batch(world, 10 * QUOTA_FEN)

    def check(answer: Json) -> None:
        assert (answer["state"], answer["remaining_fen"]) == ("open", 10 * QUOTA_FEN)
        assert list_entries() == ["appropriate", "release"]

    return UseCase(post(world, BUREAU, f"/batches/{batch_id}/publish"), check)


def batch_publish_again(world: World, _clock: StoppedClock) -> UseCase:
    first = seed_data.open_batch(world, 10 * QUOTA_FEN, total_fen=10 * QUOTA_FEN)
    steps.expect(world.call(BUREAU, "POST", f"/batches/{first}/close"), 200)
    batch_id = seed_data.draft_batch(world, 10 * QUOTA_FEN, kind="rerelease")

    def check(answer: Json) -> None:
        assert (answer["state"], answer["remaining_fen"]) == ("open", 10 * QUOTA_FEN)
        assert list_entries() == ["appropriate", "close", "re-release", "release"]

    return UseCase(post(world, BUREAU, f"/batches/{batch_id}/publish"), check)


def batch_close(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)

    def check(answer: Json) -> None:
        assert (answer["state"], answer["surplus_fen"]) == ("closed", 19 * QUOTA_FEN)
        assert list_entries() == ["appropriate", "close", "release"]

    return UseCase(post(world, BUREAU, f"/batches/{parties.batch_id}/close"), check)


def programme_confirm(world: World, _clock: StoppedClock) -> UseCase:
    steps.expect(world.call(BUREAU, "POST", "/programmes", {"year": YEAR, "total_fen": QUOTA_FEN, "policy": {}}), 201)

    def check(answer: Json) -> None:
        assert answer["state"] == "open"
        assert list_entries() == ["appropriate"]

    return UseCase(post(world, FINANCE, f"/programmes/{YEAR}/confirm"), check)


def total_confirm(world: World, _clock: StoppedClock) -> UseCase:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {})
    cut = {"total_fen": 4 * QUOTA_FEN, "reason": "预算调整"}
    steps.expect(world.call(BUREAU, "POST", f"/programmes/{YEAR}/total", cut), 200)

    def check(answer: Json) -> None:
        assert (answer["total_fen"], answer["unreleased_fen"]) == (4 * QUOTA_FEN, 4 * QUOTA_FEN)
        assert list_entries() == ["appropriate", "withdraw"]

    return UseCase(post(world, FINANCE, f"/programmes/{YEAR}/total/confirm"), check)


def _complete_two_orders(world: World) -> tuple[Parties, list[str]]:
    parties = seed_parties(world)
    return parties, [parties.complete_order(300_000), parties.complete_order(400_000)]


def settlement_open(world: World, _clock: StoppedClock) -> UseCase:
    parties, order_ids = _complete_two_orders(world)

    def check(answer: Json) -> None:
        assert [each.settlement_id for each in tables.list_records(Settlement, "settlements", "RECORD")] == [
            answer["settlement_id"]
        ]
        assert sorted(line["order_id"] for line in answer["lines"]) == sorted(order_ids)
        assert tables.list_states(Order, "orders") == ["settling", "settling"]

    body = {"agency_uscc": parties.agency.uscc, "order_ids": order_ids}
    return UseCase(post(world, parties.agency.person, "/settlements", body, key="one"), check)


def notice_close(world: World, _clock: StoppedClock) -> UseCase:
    parties, order_ids = _complete_two_orders(world)
    notice = parties.open_notice(order_ids)

    def check(answer: Json) -> None:
        assert answer["state"] == "closed"
        assert tables.list_states(Order, "orders") == ["payable", "payable"]
        assert [each.amount_fen for each in tables.list_records(Payable, "settlements", "PAYABLE#")] == [700_000]
        assert list_entries().count("approve") == 2

    return UseCase(post(world, BUREAU, f"/notices/{notice['notice_id']}/close"), check)


def payout_result(world: World, _clock: StoppedClock) -> UseCase:
    parties, order_ids = _complete_two_orders(world)
    path = f"/payouts/{parties.make_payout(order_ids)}/result"
    result = {"state": "paid", "bank_reference": "BK-1", "paid_on": seed_data.TODAY.isoformat()}

    def check(answer: Json) -> None:
        assert (answer["state"], answer["amount_fen"]) == ("paid", 700_000)
        assert tables.list_states(Order, "orders") == ["paid", "paid"]
        assert list_entries().count("pay") == 1

    return UseCase(post(world, FINANCE, path, result), check)


def violation(world: World, _clock: StoppedClock) -> UseCase:
    seed_data.open_batch(world, QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    [enterprise] = seed_data.add_enterprises(1)

    def check(answer: Json) -> None:
        assert answer["state"] == "standing"
        assert len(tables.list_records(Violation, "supervision", "RECORD")) == 1
        [entitlement] = tables.list_items("vouchers", "ENTITLEMENT")
        assert not entitlement["qualified"]

    body = {"uscc": enterprise.uscc, "facts": "转让服务券"}
    return UseCase(post(world, BUREAU, "/violations", body, key="one"), check)


def violation_of_an_order(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    order_id = parties.place_order(100_000)

    def check(answer: Json) -> None:
        assert answer["order_ids"] == [order_id]
        [order] = tables.list_records(Order, "orders", "RECORD")
        assert (order.held_by_violation, order.version) == ((answer["violation_id"],), 2)

    body = {"uscc": parties.agency.uscc, "facts": "虚报服务", "order_ids": [order_id]}
    return UseCase(post(world, BUREAU, "/violations", body, key="one"), check)


def release_of_an_order(world: World, clock: StoppedClock) -> UseCase:
    violation_id = violation_of_an_order(world, clock).ask().body["violation_id"]
    [order] = tables.list_records(Order, "orders", "RECORD")

    def check(answer: Json) -> None:
        assert [each["order_id"] for each in answer["releases"]] == [order.order_id]
        [released] = tables.list_records(Order, "orders", "RECORD")
        assert (released.held_by_violation, released.version) == ((), 3)

    path = f"/violations/{violation_id}/orders/{order.order_id}/release"
    return UseCase(post(world, BUREAU_TWO, path, {"reason": "核实无误"}), check)


def lift_with_orders(world: World, clock: StoppedClock) -> UseCase:
    violation_id = violation_of_an_order(world, clock).ask().body["violation_id"]

    def check(answer: Json) -> None:
        assert answer["state"] == "lifted"
        [released] = tables.list_records(Order, "orders", "RECORD")
        assert (released.held_by_violation, released.version) == ((), 3)

    return UseCase(post(world, BUREAU_TWO, f"/violations/{violation_id}/lift", {"reason": "复查"}), check)


def registration(world: World, _clock: StoppedClock) -> UseCase:
    steps.open_programme(world, YEAR, QUOTA_FEN, {})
    owner = Person("owner")

    def check(answer: Json) -> None:
        assert answer["state"] == "draft"
        assert [item["sub"] for item in tables.list_items("registry", "MEMBER#")] == [owner.name]

    return UseCase(post(world, owner, "/enterprises", samples.enterprise().registration()), check)


def submission_withdraw(world: World, _clock: StoppedClock) -> UseCase:
    steps.open_programme(world, YEAR, QUOTA_FEN, {})
    owner, record = _registered("submitted")

    def check(answer: Json) -> None:
        assert answer["state"] == "draft"
        _check_one_registration(record, "draft", keys.draft("enterprise", record.uscc, "D1"))

    return UseCase(post(world, owner, f"/enterprises/{record.uscc}/withdraw"), check)


def draft_submit(world: World, _clock: StoppedClock) -> UseCase:
    steps.open_programme(world, YEAR, QUOTA_FEN, {})
    owner, record = _registered("draft")

    def check(answer: Json) -> None:
        assert answer["state"] == "submitted"
        _check_one_registration(record, "submitted", keys.enterprise(record.uscc))

    return UseCase(post(world, owner, f"/enterprises/{record.uscc}/submit"), check)


def _registered(state: str) -> tuple[Person, Enterprise]:
    """A registration with its six papers, and who made it."""
    owner, made = Person("owner"), {"state": state, "created_at": seed_data.CREATED_AT, "draft_id": "D1"}
    facts = samples.enterprise().registration()
    record = Enterprise(**facts, **made, created_by=owner.name, members=frozenset({owner.name}))
    seed_data.add_registration(record, *ENTERPRISE_DOCUMENTS, checked=True)
    return owner, record


def _check_one_registration(before: Enterprise, state: str, place: keys.Key) -> None:
    """There is one, in its second version, where it is to be; who acts for it may find it."""
    [item] = tables.list_items("registry", "RECORD")
    assert (item["pk"], item["state"], item["version"]) == (place.pk, state, 2)
    [member] = tables.list_items("registry", "MEMBER#")
    assert (member["sub"], member["draft_id"]) == (before.created_by, before.draft_id)


def _two_in_one_bucket(enterprises: list[Organisation]) -> list[Organisation]:
    """Two enterprises in one bucket, so that one message ends both vouchers."""
    return next(
        list(pair) for pair in combinations(enterprises, 2) if len({keys.bucket_of(each.uscc) for each in pair}) == 1
    )


def lapse(world: World, clock: StoppedClock) -> UseCase:
    batch_id = seed_data.open_batch(world, 2 * QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    ids = [
        requests.grab_voucher(world, batch_id, enterprise)
        for enterprise in _two_in_one_bucket(seed_data.add_enterprises(16))
    ]
    clock.instant = VOUCHER_END
    message = requests.lapse_message(batch_id, ids[0], "2026-11-30T16:00:00.000Z")

    def check(_: Json) -> None:
        vouchers = tables.list_records(Voucher, "vouchers", "VOUCHER#")
        assert [(each.state, each.balance_fen) for each in vouchers] == [("expired", 0)] * 2
        assert list_entries() == ["appropriate", "lapse", "lapse", "release"]
        assert pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS).remaining_fen == 2 * QUOTA_FEN

    return UseCase(deliver_to_worker(message), check)


def year_end(world: World, clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    body = requests.order_body(parties.product_id, parties.voucher_id, 700_000)
    steps.expect(world.call(parties.enterprise.person, "POST", "/orders", body, key="uncontracted"), 201)
    clock.instant = VOUCHER_END
    message = requests.lapse_message(parties.batch_id, parties.voucher_id, "2026-11-30T16:00:00.000Z")

    def check(_: Json) -> None:
        assert tables.list_states(Order, "orders") == ["cancelled"]
        assert list_entries() == ["appropriate", "hold", "lapse", "lapse", "release", "release"]
        assert pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS).remaining_fen == QUOTA_FEN

    return UseCase(deliver_to_worker(message | {"year_over": True}), check)


USE_CASES = {
    "§4.1.4": [grab, grab_of_a_larger_quota],
    "§4.2.1": [order, accept, withdraw],
    "§5.2a": [refuse],
    "§3.5.1(5)": [cancellation_review],
    "§1.4a": [batch_publish, batch_close],
    "§2.3.3": [batch_publish_again],
    "§1.3": [programme_confirm, total_confirm],
    "§3.5.1": [settlement_open],
    "§3.5.3": [notice_close],
    "§3.5.4": [payout_result],
    "§2.1.3": [violation],
    "§5.2b": [violation_of_an_order, release_of_an_order, lift_with_orders],
    "§4.1.1": [registration, draft_submit, submission_withdraw],
    "§4.2.2": [lapse],
    "§1.4b": [year_end],
}
