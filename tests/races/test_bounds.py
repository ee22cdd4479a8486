"""How much one may have open, while many calls arrive at once: exactly as much as the policy says, and counted."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import Person, Reply
from tests.conftest import StoppedClock
from tests.races import requests, seed_data, tables
from tests.races.interleaving import Interleaving
from tests.races.seed_data import QUOTA_FEN, TODAY, YEAR
from tests.support import samples
from tests.support.backend import World
from tests.support.bucket import BucketInMemory
from voucher.policy import Category

MOST = 3
SENT = 7
OWNER = Person("owner")
Call = Callable[[int], Reply]


def registrations(world: World) -> Call:
    """One person registers an enterprise after the other."""
    bodies = [samples.enterprise(number).registration() for number in range(SENT)]
    return lambda number: requests.insist(world, OWNER, "/enterprises", bodies[number])


def documents(world: World) -> Call:
    """One document after the other, all of one kind."""
    registration = samples.enterprise().registration()
    steps.expect(world.call(OWNER, "POST", "/enterprises", registration), 201)
    body = {"kind": "tax_certificate", "filename": "a.pdf", "content_type": "application/pdf", "size_bytes": 9}
    path = f"/enterprises/{registration['uscc']}/documents"
    return lambda number: requests.insist(world, OWNER, path, body, key=f"document-{number}")


def changes(world: World) -> Call:
    """One report after the other."""
    [enterprise] = seed_data.add_enterprises(1)
    path = f"/enterprises/{enterprise.uscc}/changes"
    return lambda number: requests.insist(
        world, enterprise.person, path, {"happened_on": TODAY.isoformat(), "description": f"变更{number}"}
    )


def products(world: World) -> Call:
    """One product after the other."""
    agency = seed_data.add_agency()
    body = {**samples.product(samples.agency()), "agency_uscc": agency.uscc}
    return lambda number: requests.insist(world, agency.person, "/products", {**body, "name": f"服务{number}"})


def orders(world: World) -> Call:
    """One order after the other, at one agency."""
    batch_id = seed_data.open_batch(world, QUOTA_FEN)
    [enterprise], agency = seed_data.add_enterprises(1), seed_data.add_agency()
    product_id = seed_data.add_product(agency, Category.IP)
    body = requests.order_body(product_id, requests.grab_voucher(world, batch_id, enterprise), 10_000)
    return lambda number: requests.insist(world, enterprise.person, "/orders", body, key=f"order-{number}")


@pytest.mark.parametrize(
    ("policy", "prepare", "code"),
    [
        ("drafts_per_person", registrations, "TOO_MANY_DRAFTS"),
        ("documents_per_kind", documents, "TOO_MANY_DOCUMENTS"),
        ("documents_per_day", documents, "TOO_MANY_DOCUMENTS_TODAY"),
        ("open_changes_per_organisation", changes, "TOO_MANY_CHANGES"),
        ("products_per_agency", products, "TOO_MANY_PRODUCTS"),
        ("open_orders_per_pair", orders, "TOO_MANY_ORDERS"),
    ],
)
def test_of_many_calls_at_once_exactly_as_many_succeed_as_may_be_open(
    world: World,
    bucket: BucketInMemory,
    stopped_clock: StoppedClock,
    seed: int,
    policy: str,
    prepare: Callable[[World], Call],
    code: str,
) -> None:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {policy: MOST})
    call = prepare(world)
    replies = Interleaving(seed).run([partial(call, number) for number in range(SENT)])
    assert sorted((reply.status, reply.code or "") for reply in replies)[:MOST] == [(201, "")] * MOST
    assert [reply.code for reply in replies if reply.status != 201] == [code] * (SENT - MOST)
    assert _counted(policy) == MOST
    tables.assert_books_hold()


def _counted(policy: str) -> int:
    """How many are counted, in a set or as a number of today."""
    of_today = [*tables.list_items("registry", f"DOCUMENTS#{TODAY.isoformat()}")]
    opened: list[dict[str, Any]] = [
        *tables.list_items("registry", "OPEN#"),
        *tables.list_items("orders", "OPEN#"),
    ]
    if policy == "documents_per_day":
        return int(of_today[0]["count"])
    return max(len(item["open"]) for item in opened)


def test_orders_that_are_answered_and_placed_at_once_are_counted_as_they_end(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {"open_orders_per_pair": MOST})
    place = orders(world)
    first = [steps.expect(place(number), 201) for number in range(MOST)]
    agency = Person("seller")
    answers = [
        partial(requests.insist, world, agency, f"/orders/{first[0]['order_id']}/accept"),
        partial(requests.insist, world, agency, f"/orders/{first[1]['order_id']}/refuse", {"reason": "排期已满"}),
    ]
    placed = Interleaving(seed).run([*answers, *(partial(place, MOST + number) for number in range(4))])[2:]
    assert {reply.status for reply in placed} <= {201, 409}
    assert {reply.code for reply in placed if reply.status == 409} <= {"TOO_MANY_ORDERS"}
    [pair] = tables.list_items("orders", "OPEN#")
    assert pair["open"] == {first[2]["order_id"], *(each.body["order_id"] for each in placed if each.status == 201)}
    assert len(pair["open"]) <= MOST
    tables.assert_books_hold()
