"""The yearly total changes by two hands, and every cap follows at once (§1.3, §2.2.cap)."""

from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, Person, Reply
from tests.support.backend import World, function
from tests.support.scenario import Town
from voucher.models.pools import yearly_pool
from voucher.store.engine import pools
from voucher.store.engine.table import transact


def change(world: World, total_fen: int, hand: Person = FINANCE) -> Reply:
    """Propose another total and confirm it; the refusal of whichever refused."""
    proposed = world.call(BUREAU, "POST", "/programmes/2026/total", {"total_fen": total_fen, "reason": "预算调整"})
    return proposed if proposed.status != 200 else world.call(hand, "POST", "/programmes/2026/total/confirm")


def caps(world: World) -> dict[str, Any]:
    """Each category's cap as everybody sees it, in fen."""
    shown = world.call(None, "GET", "/programmes/2026").body
    return {category: each["cap_fen"] for category, each in shown["categories"].items()}


@pytest.mark.clause("§1.3", "§2.2.cap")
def test_a_raised_total_raises_every_cap_and_is_booked(open_year: World) -> None:
    changed = change(open_year, 123_456_789)
    assert (changed.status, changed.body["total_fen"], changed.body["unreleased_fen"]) == (
        200,
        123_456_789,
        123_456_789,
    )
    assert caps(open_year)["tax_audit"] == 12_345_678
    assert caps(open_year)["ip"] == 37_037_036
    report = function("reconcile").handler({"time": "2026-06-16T00:00:00Z"}, None)["reports"][0]
    assert (report["balanced"], report["accounts"]["treasury"]) == (True, -123_456_789)


@pytest.mark.clause("§1.3")
def test_a_cut_is_refused_below_what_batches_took_and_allowed_down_to_it(town: Town) -> None:
    refused = change(town.world, 49_999_999)
    assert (refused.status, refused.code) == (409, "TOTAL_BELOW_COMMITTED")
    assert change(town.world, 50_000_000).status == 200
    assert caps(town.world)["management"] == 5_000_000
    report = function("reconcile").handler({"time": "2026-06-16T00:00:00Z"}, None)["reports"][0]
    assert (report["balanced"], report["accounts"]["treasury"]) == (True, -50_000_000)


@pytest.mark.clause("§2.2.cap")
@pytest.mark.clause("§2.2.floor")
@pytest.mark.parametrize(("category", "percent", "clause"), [("hr", 30, "§2.2.cap"), (None, 60, "§2.2.floor")])
def test_a_cut_is_refused_below_what_a_limit_has_in_use_and_allowed_down_to_it(
    open_year: World, category: str | None, percent: int, clause: str
) -> None:
    pool_id = yearly_pool(2026, category)
    used = {each.shard: each.remaining_fen for each in pools.read_shards(pool_id, pools.read_shard_count(pool_id))}
    used[0] -= 100_000 * percent - 1  # a tenth of the limit is what the cut takes; a fen less is left
    transact(pools.draw_writes(pool_id, used, "held_fen"))
    refused = change(open_year, 90_000_000)
    assert (refused.status, refused.code, refused.body["clause"]) == (409, "TOTAL_BELOW_COMMITTED", clause)
    transact(pools.move_writes(pool_id, {0: 1}, "held_fen", "remaining_fen"))
    assert change(open_year, 90_000_000).status == 200


@pytest.mark.clause("§1.3")
def test_whoever_proposed_a_total_does_not_confirm_it(open_year: World) -> None:
    both = Person("both", "bureau,finance")
    assert open_year.call(both, "POST", "/programmes/2026/total", {"total_fen": 1, "reason": "x"}).status == 200
    refused = open_year.call(both, "POST", "/programmes/2026/total/confirm")
    assert (refused.status, refused.code) == (403, "FOUR_EYES")
    assert open_year.call(None, "GET", "/programmes/2026").body["total_fen"] == 100_000_000


@pytest.mark.clause("§1.3")
def test_nobody_who_proposed_a_total_confirms_what_a_colleague_repeated(open_year: World) -> None:
    both, path, body = Person("both", "bureau,finance"), "/programmes/2026/total", {"total_fen": 1, "reason": "x"}
    for person in (both, BUREAU):
        steps.expect(open_year.call(person, "POST", path, body), 200)
    assert open_year.call(both, "POST", f"{path}/confirm").code == "FOUR_EYES"
    steps.expect(open_year.call(FINANCE, "POST", f"{path}/confirm"), 200)
    steps.expect(open_year.call(BUREAU, "POST", path, body | {"total_fen": 2}), 200)
    steps.expect(open_year.call(both, "POST", f"{path}/confirm"), 200)


@pytest.mark.clause("§1.3")
def test_the_public_does_not_see_that_another_total_waits(open_year: World) -> None:
    before = open_year.call(None, "GET", "/programmes/2026").body
    assert open_year.call(BUREAU, "POST", "/programmes/2026/total", {"total_fen": 1, "reason": "x"}).status == 200
    after = open_year.call(None, "GET", "/programmes/2026").body
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed <= {"version", "updated_at"} and after.keys() == before.keys()


def test_a_total_that_nobody_proposed_cannot_be_confirmed(open_year: World) -> None:
    assert open_year.call(FINANCE, "POST", "/programmes/2026/total/confirm").code == "NO_TOTAL_PENDING"


def propose(world: World, total_fen: int, reason: str = "预算调整") -> None:
    """The bureau's proposal."""
    body = {"total_fen": total_fen, "reason": reason}
    assert world.call(BUREAU, "POST", "/programmes/2026/total", body).status == 200


def confirm(world: World, **named: int) -> Reply:
    """Finance's confirmation, perhaps of a total by name."""
    return world.call(FINANCE, "POST", "/programmes/2026/total/confirm", named or None)


@pytest.mark.clause("§1.3")
def test_a_retried_confirmation_of_a_total_never_confirms_a_newer_proposal(open_year: World) -> None:
    propose(open_year, 110_000_000)
    assert confirm(open_year, total_fen=110_000_000).body["total_fen"] == 110_000_000  # and the answer is lost
    propose(open_year, 900_000_000)
    again = confirm(open_year, total_fen=110_000_000)
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    assert (again.body["total_fen"], again.body["pending"]["total_fen"]) == (110_000_000, 900_000_000)
    assert confirm(open_year, total_fen=900_000_000).body["total_fen"] == 900_000_000


@pytest.mark.clause("§1.3")
def test_a_confirmation_that_names_the_total_confirms_no_other_one(open_year: World) -> None:
    propose(open_year, 110_000_000)
    propose(open_year, 120_000_000)
    refused = confirm(open_year, total_fen=110_000_000)
    assert (refused.status, refused.code) == (409, "CHANGED_MEANWHILE")
    assert open_year.call(None, "GET", "/programmes/2026").body["total_fen"] == 100_000_000
    assert confirm(open_year, total_fen=0).code == "MALFORMED"
    assert confirm(open_year, total_fen=120_000_000).body["total_fen"] == 120_000_000


@pytest.mark.clause("§1.3")
def test_the_same_total_may_be_proposed_and_confirmed_again_after_another_one(open_year: World) -> None:
    for total_fen in (110_000_000, 120_000_000, 110_000_000):
        propose(open_year, total_fen)
        assert confirm(open_year, total_fen=total_fen).body["total_fen"] == total_fen


@pytest.mark.clause("§1.3")
def test_the_same_person_confirms_two_changes_in_turn_without_naming_the_total(open_year: World) -> None:
    for total_fen in (110_000_000, 120_000_000):
        propose(open_year, total_fen)
        assert confirm(open_year).body["total_fen"] == total_fen
        assert confirm(open_year).headers["idempotent-replay"] == "true"


@pytest.mark.clause("§1.3")
def test_repeated_steps_of_a_year_are_answered_as_done_after_later_steps(world: World) -> None:
    draft = {"year": 2026, "total_fen": 100_000_000}
    assert world.call(BUREAU, "POST", "/programmes", draft).status == 201
    assert world.call(FINANCE, "POST", "/programmes/2026/confirm").status == 200
    propose(world, 110_000_000)
    repeats = [
        world.call(BUREAU, "POST", "/programmes", draft),
        world.call(FINANCE, "POST", "/programmes/2026/confirm"),
    ]
    assert confirm(world, total_fen=110_000_000).status == 200
    body = {"total_fen": 110_000_000, "reason": "预算调整"}
    repeats.append(world.call(BUREAU, "POST", "/programmes/2026/total", body))
    assert [(each.status, each.headers.get("idempotent-replay")) for each in repeats] == [(200, "true")] * 3
    assert repeats[-1].body["pending"] is None
    assert "steps" not in repeats[-1].body


def test_a_confirmation_repeated_after_a_lost_answer_is_answered_as_done(open_year: World) -> None:
    first = change(open_year, 200_000_000)
    again = open_year.call(FINANCE, "POST", "/programmes/2026/total/confirm")
    assert (again.status, again.body) == (200, first.body)
    assert again.headers["idempotent-replay"] == "true"
