"""The whole backend in a simulated AWS, life after life, each from a seed (§4.1.4, §4.2.1, §5.1)."""

import os
from collections import Counter
from collections.abc import Callable
from random import Random
from time import perf_counter

import pytest

from infra.client.http import BUREAU, Reply
from tests.races import seed_data
from tests.simulation import crowd, life
from tests.simulation.chance import MOST_SECONDS
from tests.simulation.checks import check_at_rest
from tests.simulation.cloud import simulated
from tests.simulation.run import run
from tests.simulation.witness import Witness
from voucher.store import keys
from voucher.store.engine import pools
from voucher.store.engine.table import transact, update_write

SEEDS = int(os.environ.get("VOUCHER_SIMULATION_SEEDS", "150"))
FIRST = int(os.environ.get("VOUCHER_SIMULATION_FIRST", "0"))
# what must have come about in so many lives together; if it did not, they prove less than they say
MUST_MEET_IN = 100
MUST_MEET = {
    "conflict", "read cancelled", "half-seen transaction", "throttled", "throttled by capacity", "keys unprocessed",
    "request lost", "answer lost", "500", "500 though done", "token seen again", "client lost answer",
    "killed before", "killed after", "process ended", "timed out", "redelivered", "message again", "changes again",
    "deployment",
    "released again",
    "message lost",
}  # fmt: skip


# of some 170 routes; their turn comes in another year, or after steps that seldom come in a row
MOST_MISSING = 20


@pytest.mark.clause("§4.1.4")
@pytest.mark.clause("§4.2.1")
@pytest.mark.clause("§5.1")
def test_whatever_aws_may_do_the_books_hold_and_nobody_is_told_a_wrong_no(capsys: pytest.CaptureFixture[str]) -> None:
    met, calls, taken, begun = Counter[str](), 0, set[str](), perf_counter()
    for seed in range(FIRST, FIRST + SEEDS):
        outcome = run(seed)
        assert not outcome.broken, f"seed {seed}: {outcome.broken}"
        met += outcome.met
        calls += outcome.calls
        taken |= outcome.taken
    with capsys.disabled():
        rate = SEEDS / (perf_counter() - begun) * 60
        counts = ", ".join(f"{count} {name}" for name, count in met.most_common())
        print(f" {SEEDS} lives, {rate:.0f} a minute, {calls} calls answered; met: {counts}", end="")
        missing = {route for route, _ in crowd.calls()} - taken
        print(f"; no call accepted: {', '.join(sorted(missing))}", end="")
    if SEEDS >= MUST_MEET_IN:
        assert MUST_MEET - met.keys() == set()
        assert len(missing) <= MOST_MISSING


def test_a_seed_lives_the_same_life_again() -> None:
    for seed in (3, 7):
        first, again = run(seed), run(seed)
        assert first == again
        assert first.trace and first.met


class Quick(Random):
    """Nothing takes longer than it must."""

    def uniform(self, a: float, _b: float) -> float:
        return a

    def expovariate(self, _lambd: float = 1.0) -> float:
        return 0.001


@pytest.mark.clause("§5.1")
@pytest.mark.parametrize("late", range(24))
def test_whichever_item_of_an_order_changes_last_the_report_counts_it(late: int) -> None:
    """Each item of its transactions in turn changes two seconds after the others; streams and queues are quick."""
    with simulated(late) as cloud:
        witness = Witness(cloud)
        cloud.tables.on_commit = witness.see
        city = life.found(cloud)
        cloud.chance.delays_of_items = lambda count: [MOST_SECONDS * (each == late) for each in range(count)]  # type: ignore[method-assign]
        cloud.chance.random = Quick(late)
        cloud.scheduler.spawn(lambda: life.buyer(city, city.enterprises[0]).place_order(300_000))
        cloud.scheduler.run(600)
        assert [call.path for call in city.people.calls] == [f"/batches/{city.batch_id}/vouchers", "/orders"]
        check_at_rest(city, witness)


def at_once(pool_id: str, shards: int, change: str, condition: str) -> None:
    """All shards in one transaction, as it was done until 2026-11-30."""
    transact([update_write(f"{pool_id}#{each}", keys.pool(pool_id, each), change, condition) for each in range(shards)])


@pytest.mark.clause("§1.4a")
@pytest.mark.parametrize(("commit", "told"), [(None, 200), (at_once, 429)])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_batch_is_closed_in_the_middle_of_a_rush(
    seed: int, commit: Callable[..., None] | None, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """300 claimants within a second, 32 shards, and one call; stopped as before, the batch stays open in this rush."""
    monkeypatch.setattr(seed_data, "SHARDS", 32)
    if commit:
        monkeypatch.setattr(pools, "_commit_each_shard", commit)
    with simulated(seed) as cloud:
        city, replies = life.settle(cloud, 321, 300), list[Reply]()
        cloud.chance.item_seconds = 0.01
        for enterprise in city.enterprises:
            life.begin(city, "grab", lambda each=enterprise: life.grab(city, each), 1.0)
        path = f"/batches/{city.batch_id}/close"
        cloud.scheduler.spawn(lambda: replies.append(city.people.send(BUREAU, "POST", path, None, "close")), 0.3)
        cloud.scheduler.run(600)
        assert [each.status for each in replies] == [told]
