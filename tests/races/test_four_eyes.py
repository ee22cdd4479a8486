"""One person takes two steps at the same moment, the second of which the first rules out (§1.3, §3.5.2)."""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person, Reply
from tests.conftest import StoppedClock
from tests.races import requests
from tests.races.interleaving import Interleaving
from tests.races.order_parties import Parties, seed_parties
from tests.support.backend import World
from voucher.store import keys, notices, orders, programmes, rounds
from voucher.store.engine.table import transact, update_write

TWICE = Person("twice", "bureau,finance,platform")
PROGRAMME = {"year": 2026, "total_fen": 100_000_000, "policy": {}}


def let_in(parties: Parties) -> None:
    """The person becomes a member of the enterprise, beside its owner."""
    members = [parties.enterprise.person.name, TWICE.name]
    key = keys.enterprise(parties.enterprise.uscc)
    transact([update_write("members", key, "SET #members = :members", None, members=members)])


def told_in_order(monkeypatch: pytest.MonkeyPatch, *commits: tuple[ModuleType, str]) -> list[str]:
    """The names of these writes of the store, in the order in which they will be committed."""
    order: list[str] = []

    def watch(module: ModuleType, name: str) -> None:
        commit = getattr(module, name)

        def watched(*facts: Any) -> Any:
            done = commit(*facts)
            order.append(name)  # nobody else has had a turn since
            return done

        monkeypatch.setattr(module, name, watched)

    for each in commits:
        watch(*each)
    return order


def gathered(parties: Parties) -> tuple[str, str]:
    """The path of a round that was gathered, and that of its one order."""
    order_id = parties.complete_order(100_000)
    body = {"settlement_ids": [parties.pass_application([order_id])]}
    round_id = steps.expect(parties.world.call(OPERATOR, "POST", "/rounds", body), 201)["round_id"]
    return f"/rounds/{round_id}", f"/orders/{order_id}"


def noticed(parties: Parties) -> tuple[str, str]:
    """The path of a notice, and that of its one order."""
    order_id = parties.complete_order(100_000)
    return f"/notices/{parties.open_notice([order_id])['notice_id']}", f"/orders/{order_id}"


@pytest.mark.clause("§3.5.2")
@pytest.mark.clause("§3.5.3")
@pytest.mark.parametrize(
    ("start", "step", "body", "commit"),
    [
        (gathered, "approve", {"decision": "approve"}, (rounds, "commit_decision")),
        (noticed, "close", None, (notices, "commit_close")),
    ],
)
def test_nobody_asks_for_a_cancellation_and_decides_on_the_line_at_the_same_moment(
    world: World,
    stopped_clock: StoppedClock,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    start: Callable[[Parties], tuple[str, str]],
    step: str,
    body: Any,
    commit: tuple[ModuleType, str],
) -> None:
    parties = seed_parties(world)
    path, order = start(parties)
    let_in(parties)
    order_of = told_in_order(monkeypatch, (orders, "commit_step"), commit)
    asked, decided = run_both(
        seed,
        partial(requests.insist, world, TWICE, f"{order}/cancellation", {"reason": "双方协商"}),
        partial(requests.insist, world, TWICE, f"{path}/{step}", body),
    )
    assert asked.status in (200, 409)  # 409 WRONG_STATE where the money was owed first
    if decided.status == 200:
        assert order_of[0] == commit[1]
    else:
        assert (decided.code, order_of) == ("FOUR_EYES", ["commit_step"])
        steps.expect(requests.insist(world, BUREAU, f"{path}/{step}", body), 200)


@pytest.mark.clause("§1.3")
def test_nobody_confirms_a_year_that_they_correct_at_the_same_moment(
    world: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    steps.expect(world.call(BUREAU, "POST", "/programmes", PROGRAMME), 201)
    order = told_in_order(monkeypatch, (programmes, "commit_step"), (programmes, "commit_confirmation"))
    body = {"version": 1, "total_fen": 100_000_000}
    corrected, confirmed = run_both(
        seed,
        partial(world.call, TWICE, "PATCH", "/programmes/2026", body),
        partial(requests.insist, world, TWICE, "/programmes/2026/confirm"),
    )
    assert (order, corrected.status, confirmed.code) in (
        (["commit_step"], 200, "FOUR_EYES"),
        (["commit_confirmation"], 409, None),
    )


def run_both(seed: int, first: Callable[[], Reply], second: Callable[[], Reply]) -> tuple[Reply, Reply]:
    """The answers of two calls that are made together."""
    one, other = Interleaving(seed).run([first, second])
    return one, other
