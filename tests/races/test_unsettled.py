"""The last instant for settlement (§4.2.1): an application just in time, and the sweep that ends what is not handed
in."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.client.http import Reply
from tests.conftest import StoppedClock
from tests.faults.settlement_starts import application_to_submit
from tests.races import requests, tables
from tests.races.interleaving import Interleaving
from tests.races.order_parties import seed_parties
from tests.races.seed_data import QUOTA_FEN
from tests.support.backend import World, function
from voucher.models.orders import Order
from voucher.models.settlements import Line, Settlement
from voucher.refusals import Refused

OVER = datetime(2027, 6, 30, 16, tzinfo=UTC)
IN_TIME = OVER - timedelta(milliseconds=1)


def end(**what: str) -> None:
    """The worker ends what was not handed in, as often as its message comes."""
    for _ in range(40):
        try:
            function("end_orders").work({"instant": OVER.isoformat(), **what})
        except Refused as refused:
            if refused.refusal.name not in requests.RETRYABLE_CODES:
                raise
        else:
            return
    raise AssertionError("the message never got through")


@pytest.mark.clause("§3.5.1")
def test_an_application_handed_in_in_the_last_millisecond_counts_or_ends_whole(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties, settlement_id, _ = application_to_submit(world)
    stopped_clock.instant = IN_TIME
    agency, path = parties.agency.person, f"/settlements/{settlement_id}/submit"

    def sweep() -> Reply | None:
        return end(task="end_application", settlement_id=settlement_id)

    def submit() -> Reply | None:
        return requests.insist(world, agency, path)

    replies = [each for each in Interleaving(seed).run([sweep, submit, sweep, submit]) if each]
    lines = tables.list_records(Line, "settlements", "LINE#")
    held = {each.order_id: each for each in tables.list_records(Order, "orders", "RECORD")}
    # the sweep may have ended one order when the other one was handed in
    for line in lines:
        order = held[line.order_id]
        assert (line.state, order.state) in {("submitted", "settling"), ("withdrawn", "cancelled")}
    handed_in = [line.state for line in lines].count("submitted")
    [settlement] = tables.list_records(Settlement, "settlements", "RECORD")
    assert settlement.state == ("submitted" if handed_in else "withdrawn")
    assert {reply.status for reply in replies} == ({200} if handed_in else {409})
    tables.assert_books_hold()


@pytest.mark.clause("§3.5.1")
def test_an_order_applied_for_in_the_last_millisecond_is_settled_or_ended(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    order_id = parties.complete_order(QUOTA_FEN // 2)
    stopped_clock.instant = IN_TIME
    body = {"agency_uscc": parties.agency.uscc, "order_ids": [order_id]}

    def sweep() -> Reply | None:
        return end(task="end_order", order_id=order_id)

    def opening() -> Reply | None:
        return requests.insist(world, parties.agency.person, "/settlements", body, key="late")

    opened = next(each for each in Interleaving(seed).run([sweep, opening, sweep]) if each)
    [order] = tables.list_records(Order, "orders", "RECORD")
    assert (opened.status, order.state) in {(201, "settling"), (409, "cancelled")}
    assert opened.code in (None, "ORDER_NOT_COMPLETED")
    assert tables.list_states(Line, "settlements", "LINE#") == (["draft"] if order.state == "settling" else [])
    tables.assert_books_hold()
