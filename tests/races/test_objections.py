"""Objections at the same moment: at the bound of an hour, with one proof, and at the closing (§3.5.3)."""

from collections import Counter
from functools import partial

import pytest

from infra.client import steps
from infra.client.http import BUREAU, Person, Reply
from tests.conftest import StoppedClock
from tests.races import requests, tables
from tests.races.interleaving import Interleaving
from tests.races.order_parties import Json, seed_parties
from tests.support.backend import World
from voucher.models.notices import Objection
from voucher.policy import Policy
from voucher.store import programmes

WORDS = {"name": "某", "contact": "0578", "reason": "服务未实际发生"}


@pytest.fixture
def bounds() -> dict[str, int]:
    """An hour takes three objections as they come, the last of them from a new address, and one address brings two
    against a line."""
    return {
        "notice_objections_per_hour": 3,
        "source_objections_per_hour": 2,
        "new_source_objections_percent": 34,
        "objection_effort_bits": 4,
    }


@pytest.fixture
def notice(world: World, bounds: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> Json:
    """A running notice of one line."""
    parties = seed_parties(world)
    running = parties.open_notice([parties.complete_order(100_000)])
    get = programmes.get

    def bounded(year: int) -> object:
        programme = get(year)
        policy: Policy = programme.policy.model_copy(update=bounds)
        return programme.model_copy(update={"policy": policy})

    monkeypatch.setattr(programmes, "get", bounded)
    return running


def send(world: World, notice: Json, address: str, reason: str, **more: Json) -> Reply:
    """An objection from some address."""
    path = f"/notices/{notice['notice_id']}/objections"
    return requests.insist(world, Person(address), path, {**WORDS, "reason": reason, **more}, key="one")


def kept_reasons() -> list[str]:
    """The reasons of all objections; what counts them agrees with them."""
    kept = tables.list_records(Objection, "settlements", "OBJECTION#")
    counted = {item["sk"]: (item["count"], item.get("holding")) for item in tables.list_items("settlements", "HELD#")}
    counted |= {
        "OBJECTIONS": (sum(each.get("count", 0) for each in tables.list_items("settlements", "OBJECTIONS")), None)
    }
    targets = Counter(f"HELD#{each.target}" for each in kept)
    standing = Counter(f"HELD#{each.target}" for each in kept if each.state != "rejected")
    assert counted == {name: (count, standing[name]) for name, count in targets.items()} | {
        "OBJECTIONS": (len(kept), None)
    }
    return sorted(each.reason for each in kept)


@pytest.mark.clause("§3.5.3")
def test_one_of_two_gets_the_last_place_of_the_hour_and_the_other_an_offer(
    world: World, notice: Json, seed: int
) -> None:
    for address in ("a", "b"):
        assert send(world, notice, address, address).status == 201
    replies = Interleaving(seed).run([partial(send, world, notice, address, address) for address in "cd"])
    assert sorted(reply.status for reply in replies) == [201, 429]
    [refused] = [reply for reply in replies if reply.status == 429]
    assert refused.code == "TOO_MANY_OBJECTIONS" and refused.body["effort"]["bits"] == 4
    assert len(kept_reasons()) == 3


@pytest.mark.clause("§3.5.3")
def test_the_first_two_of_an_address_at_once_take_no_place_kept_for_others(
    world: World, notice: Json, seed: int
) -> None:
    assert send(world, notice, "a", "1").status == 201
    replies = Interleaving(seed).run([partial(send, world, notice, "b", reason) for reason in ("2", "3")])
    assert sorted(reply.status for reply in replies) == [201, 429]
    assert send(world, notice, "c", "4").status == 201
    assert len(kept_reasons()) == 3


@pytest.mark.clause("§3.5.3")
def test_an_address_at_its_bound_of_a_line_gets_one_of_two(
    world: World, notice: Json, bounds: dict[str, int], seed: int
) -> None:
    bounds["notice_objections_per_hour"] = 100
    assert send(world, notice, "a", "1").status == 201
    replies = Interleaving(seed).run([partial(send, world, notice, "a", reason) for reason in ("2", "3")])
    assert sorted(reply.status for reply in replies) == [201, 429]
    assert len(kept_reasons()) == 2


@pytest.mark.clause("§3.5.3")
def test_one_proof_sent_from_many_addresses_at_once_is_one_objection(world: World, notice: Json, seed: int) -> None:
    for address in "abc":
        send(world, notice, address, address)
    proof = steps.proof_of_effort(send(world, notice, "d", "d").body["effort"])
    senders = [partial(send, world, notice, address, "d", effort=proof) for address in "defgh"]
    replies = Interleaving(seed).run(senders)
    assert sorted(reply.status for reply in replies) == [200] * 4 + [201]
    assert kept_reasons() == ["a", "b", "c", "d"]


@pytest.mark.clause("§3.5.3")
def test_an_objection_at_the_closing_holds_its_line_or_comes_too_late(
    world: World, stopped_clock: StoppedClock, notice: Json, seed: int
) -> None:
    close = partial(requests.insist, world, BUREAU, f"/notices/{notice['notice_id']}/close")
    objecting, closing = Interleaving(seed).run([partial(send, world, notice, "a", "1"), close])
    line_state = tables.list_items("settlements", "LINE#")[0]["state"]
    assert closing.status == 200
    assert (objecting.status, objecting.code, line_state) in {
        (201, None, "noticed"),
        (409, "NOTICE_ENDED", "payable"),
    }
    assert len(kept_reasons()) == (objecting.status == 201)
    tables.assert_books_hold()


@pytest.mark.clause("§3.5.3")
def test_two_decisions_at_once_let_a_line_go_only_with_the_last_objection(
    world: World, stopped_clock: StoppedClock, notice: Json, seed: int
) -> None:
    ids = [send(world, notice, address, address).body["objection_id"] for address in "ab"]
    steps.expect(world.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    one = partial(requests.insist, world, BUREAU, f"/objections/{ids[0]}/resolve", {"decision": "reject"})
    several = {"objection_ids": ids, "decision": "reject"}
    path = f"/notices/{notice['notice_id']}/objections/resolve"
    Interleaving(seed).run([one, partial(requests.insist, world, BUREAU, path, several)])
    assert tables.list_states(Objection, "settlements", "OBJECTION#") == ["rejected"] * 2
    assert tables.list_items("settlements", "LINE#")[0]["state"] == "passed"
    assert kept_reasons() == ["a", "b"]
