"""Requests that races and faults send, and the queue messages they deliver."""

import json
from typing import Any

from infra.client import steps
from infra.client.http import BUREAU, Person, Reply, key_of_call
from tests.races.seed_data import Organisation
from tests.support.backend import World
from voucher.store import keys

RETRYABLE_CODES = {"BUSY", "CHANGED_MEANWHILE"}


def grab(world: World, batch_id: str, enterprise: Organisation, **more: Any) -> Reply:
    """One grab."""
    return world.call(enterprise.person, "POST", f"/batches/{batch_id}/vouchers", enterprise.grab_body(**more))


def grab_voucher(world: World, batch_id: str, enterprise: Organisation) -> str:
    """A grab that must succeed; the voucher's id."""
    voucher_id: str = steps.expect(grab(world, batch_id, enterprise), 201)["voucher_id"]
    return voucher_id


def order_body(product_id: str, voucher_id: str, voucher_fen: int, **more: Any) -> dict[str, Any]:
    """The body of an order; its contract is the smallest that the voucher's part allows (70 %)."""
    return {
        "product_id": product_id,
        "voucher_id": voucher_id,
        "contract_fen": -(-voucher_fen * 10 // 7),
        "voucher_fen": voucher_fen,
        "no_other_subsidy": True,
        **more,
    }


def both_ask_to_cancel(world: World, order_id: str, owner: Person, agency_member: Person) -> None:
    """§3.5.1(5): both parties ask to cancel an order."""
    for person in (owner, agency_member):
        steps.expect(world.call(person, "POST", f"/orders/{order_id}/cancellation", {"reason": "双方协商"}), 200)


def insist(
    world: World, person: Person | None, path: str, body: Any = None, key: str | None = None, method: str = "POST"
) -> Reply:
    """A call as a patient client sends it: again, while the answer is only that another request came first."""
    key = key_of_call(method, key)
    for _ in range(40):
        reply = world.call(person, method, path, body, key=key)
        if reply.code not in RETRYABLE_CODES:
            return reply
    raise AssertionError(f"no definite answer: {reply.code}")


def publish_batch(world: World, batch_id: str) -> Reply:
    """§1.4a: the bureau publishes a batch."""
    return insist(world, BUREAU, f"/batches/{batch_id}/publish")


def lapse_message(batch_id: str, voucher_id: str, instant: str) -> dict[str, Any]:
    """The sweep's message for the bucket that a voucher is in."""
    bucket = keys.bucket_of(keys.split_voucher_id(voucher_id)[1])
    return {"task": "lapse", "batch_id": batch_id, "bucket": bucket, "instant": instant}


def queue_event(body: dict[str, Any]) -> dict[str, Any]:
    """A queue's delivery of one message to its worker."""
    record = {"messageId": "m-1", "receiptHandle": "r-1", "body": json.dumps(body), "eventSource": "aws:sqs"}
    return {"Records": [record | {"attributes": {}, "messageAttributes": {}}]}
