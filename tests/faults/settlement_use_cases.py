"""Use cases of settlement for the faults: documents, lines, the application and its pre-review."""

from datetime import UTC, datetime

from infra.client.http import BUREAU, OPERATOR
from tests.conftest import StoppedClock
from tests.faults.settlement_starts import (
    REASON,
    application_to_fill_in,
    application_to_submit,
    line_states,
    pass_body,
    submitted_application,
)
from tests.faults.use_case import Json, UseCase, deliver_to_worker, list_entries, post, voucher_balances
from tests.races import requests, tables
from tests.races.seed_data import QUOTA_FEN, TODAY
from tests.support.backend import World
from tests.support.settlement_scenario import list_subsidies
from voucher.models.documents import Document
from voucher.models.orders import Order
from voucher.models.settlements import Line, Settlement
from voucher.store import orders


def line_fill_in(world: World, _clock: StoppedClock) -> UseCase:
    parties, path, order_id = application_to_fill_in(world)
    [line] = tables.list_records(Line, "settlements", "LINE#")
    own_fen = line.contract_fen - line.voucher_fen
    day = TODAY.isoformat()
    body = {
        "contract_fen": line.contract_fen,
        "invoice": {"number": "INV-1", "amount_fen": own_fen, "issued_on": day, "document_id": "invoice"},
        "transfers": [{"reference": "TR-1", "amount_fen": own_fen, "paid_on": day, "document_id": "transfer"}],
        "contract_document_id": "contract",
        "evidence_document_ids": ["evidence"],
    }

    def check(answer: Json) -> None:
        assert answer["invoice"]["number"] == "INV-1"
        assert [each.checked for each in tables.list_records(Document, "settlements", "DOCUMENT#")] == [True] * 4
        assert [each["order_id"] for each in tables.list_items("settlements", "INVOICE")] == [order_id]
        uses = tables.list_items("settlements", "USES")  # of four files and one transfer
        assert [each["order_ids"] for each in uses] == [{order_id}] * 5
        assert [each["used_fen"] for each in uses if "used_fen" in each] == [own_fen]

    return UseCase(lambda: world.call(parties.agency.person, "PUT", f"{path}/lines/{order_id}", body), check)


def document_announce(world: World, _clock: StoppedClock) -> UseCase:
    parties, path, _ = application_to_fill_in(world)
    body = {"kind": "evidence", "filename": "照.jpg", "content_type": "image/jpeg", "size_bytes": 9}

    def check(answer: Json) -> None:
        names = {each.document_id for each in tables.list_records(Document, "settlements", "DOCUMENT#")}
        assert names - {"contract", "invoice", "transfer", "evidence"} == {answer["document_id"]}

    return UseCase(post(world, parties.agency.person, f"{path}/documents", body, key="one"), check)


def document_take_back(world: World, _clock: StoppedClock) -> UseCase:
    parties, path, _ = application_to_fill_in(world)

    def check(answer: Json) -> None:
        assert answer["state"] == "taken_back"
        gone = [
            each.document_id for each in tables.list_records(Document, "settlements", "DOCUMENT#") if each.taken_back
        ]
        assert gone == ["evidence"]

    return UseCase(lambda: world.call(parties.agency.person, "DELETE", f"{path}/documents/evidence"), check)


def submit(world: World, _clock: StoppedClock) -> UseCase:
    parties, settlement_id, _ = application_to_submit(world)

    def check(answer: Json) -> None:
        assert (answer["state"], line_states()) == ("submitted", ["submitted"] * 2)

    return UseCase(post(world, parties.agency.person, f"/settlements/{settlement_id}/submit"), check)


def withdraw(world: World, _clock: StoppedClock) -> UseCase:
    parties, settlement_id, _ = submitted_application(world)

    def check(answer: Json) -> None:
        assert (answer["state"], line_states()) == ("withdrawn", ["withdrawn"] * 2)
        assert tables.list_states(Order, "orders") == ["completed", "completed"]

    return UseCase(post(world, parties.agency.person, f"/settlements/{settlement_id}/withdraw", REASON), check)


def line_withdraw(world: World, _clock: StoppedClock) -> UseCase:
    parties, settlement_id, order_ids = submitted_application(world)

    def check(answer: Json) -> None:
        assert (answer["state"], sorted(line_states())) == ("submitted", ["submitted", "withdrawn"])
        assert sorted(tables.list_states(Order, "orders")) == ["completed", "settling"]

    path = f"/settlements/{settlement_id}/lines/{order_ids[0]}/withdraw"
    return UseCase(post(world, parties.agency.person, path, REASON), check)


def end_unsettled(world: World, clock: StoppedClock) -> UseCase:
    _, settlement_id, _ = application_to_submit(world)
    clock.instant = datetime(2027, 6, 30, 16, 5, tzinfo=UTC)
    message = {"task": "end_application", "settlement_id": settlement_id, "instant": clock.instant.isoformat()}

    def check(_: Json) -> None:
        assert (line_states(), tables.list_states(Settlement, "settlements")) == (["withdrawn"] * 2, ["withdrawn"])
        assert tables.list_states(Order, "orders") == ["cancelled"] * 2
        assert (list_entries().count("release"), list_entries().count("lapse")) == (3, 2)

    return UseCase(deliver_to_worker(message | {"message_id": "m-1"}, "end_orders"), check)


def cancel_in_settlement(world: World, _clock: StoppedClock) -> UseCase:
    parties, _, order_ids = submitted_application(world)
    requests.both_ask_to_cancel(world, order_ids[0], parties.enterprise.person, parties.agency.person)

    def check(answer: Json) -> None:
        assert (answer["state"], sorted(line_states())) == ("cancelled", ["submitted", "withdrawn"])
        assert voucher_balances() == [QUOTA_FEN - 400_000]
        assert list_entries().count("release") == 2

    return UseCase(post(world, OPERATOR, f"/orders/{order_ids[0]}/cancellation/review", {"decision": "approve"}), check)


def pre_review_return_and_reject(world: World, _clock: StoppedClock) -> UseCase:
    _parties, settlement_id, order_ids = submitted_application(world)
    opinion = [{"order_id": order_ids[0], "decision": "return"}, {"order_id": order_ids[1], "decision": "reject"}]

    def check(answer: Json) -> None:
        states = {line["order_id"]: line["state"] for line in answer["lines"]}
        assert (answer["state"], states) == ("reviewed", {order_ids[0]: "returned", order_ids[1]: "rejected"})
        assert sorted(tables.list_states(Order, "orders")) == ["completed", "settling"]

    body = {"lines": [each | {"opinion": "材料不符"} for each in opinion]}
    return UseCase(post(world, OPERATOR, f"/settlements/{settlement_id}/pre-review", body), check)


def pre_review_with_reduction(world: World, _clock: StoppedClock) -> UseCase:
    _parties, settlement_id, order_ids = submitted_application(world)

    def check(answer: Json) -> None:
        assert (answer["state"], line_states()) == ("reviewed", ["passed"] * 2)
        assert [each.voucher_fen for each in tables.list_records(Order, "orders", "RECORD")] == [250_000] * 2
        assert voucher_balances() == [QUOTA_FEN - 500_000]
        assert list_entries().count("release") == 3

    body = pass_body(order_ids)
    for line, order_id in zip(body["lines"], order_ids, strict=True):
        order = orders.load(order_id)
        line["verified_contract_fen"] = order.contract_fen - order.voucher_fen + 250_000
    return UseCase(post(world, OPERATOR, f"/settlements/{settlement_id}/pre-review", body), check)


def subsidy_decision(world: World, _clock: StoppedClock) -> UseCase:
    parties, settlement_id, order_ids = submitted_application(world)
    list_subsidies(parties.enterprise.uscc, {"project": "技改补助"})

    def check(answer: Json) -> None:
        assert (answer["order_id"], answer["flags"]) == (order_ids[0], [])
        decided = {each.order_id: each.subsidy_decisions for each in tables.list_records(Order, "orders", "RECORD")}
        assert [each.subsidy_ids for each in decided[order_ids[0]]] == [("i_list.2",)]
        assert decided[order_ids[1]] == ()

    path = f"/settlements/{settlement_id}/lines/{order_ids[0]}/subsidy"
    return UseCase(post(world, BUREAU, path, {"decision": "other", **REASON}), check)


SETTLEMENT_USE_CASES = {
    "§3.5.1": [document_announce, document_take_back, line_fill_in, submit, line_withdraw, withdraw],
    "§4.2.1": [end_unsettled],
    "§3.5.2": [pre_review_with_reduction, pre_review_return_and_reject],
    "§3.5.1(5)": [cancel_in_settlement],
    "§5.2b": [subsidy_decision],
}
