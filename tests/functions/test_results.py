"""Results of a batch: public once nothing more is granted, in the order of the grants, page by page (§1.4a)."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.client import steps
from infra.client.http import BUREAU
from tests.conftest import NOW, StoppedClock
from tests.support import samples
from tests.support.backend import function
from tests.support.scenario import NEIGHBOUR, Town
from voucher.models.vouchers import Voucher


def results_path(town: Town, search: str = "") -> str:
    """The results of the town's batch."""
    return f"/batches/{town.batch_id}/results{search}"


def grab_as_neighbour(town: Town, batch_id: str) -> None:
    """A second voucher of the batch."""
    body = {"enterprise_uscc": town.neighbour.uscc}
    steps.expect(town.world.call(NEIGHBOUR, "POST", f"/batches/{batch_id}/vouchers", body), 201)


@pytest.mark.clause("§1.4a")
def test_results_show_names_and_amounts_in_the_order_of_the_grants(town: Town, stopped_clock: StoppedClock) -> None:
    grab_as_neighbour(town, town.batch_id)
    stopped_clock.instant = NOW + timedelta(seconds=1)
    town.grab()
    running = town.world.call(None, "GET", results_path(town))
    assert (running.status, running.code, running.body["clause"]) == (409, "BATCH_RUNNING", "§1.4a")
    steps.expect(town.world.call(BUREAU, "POST", f"/batches/{town.batch_id}/close"), 200)
    found = steps.expect(town.world.call(None, "GET", results_path(town)), 200)
    assert (found["count"], found["granted_fen"], found["next_cursor"]) == (2, 2_000_000, None)
    assert [list(each) for each in found["items"]] == [["number", "enterprise_name", "amount_fen", "granted_at"]] * 2
    names = [(each["number"], each["enterprise_name"], each["amount_fen"]) for each in found["items"]]
    assert names == [(1, town.neighbour.name, 1_000_000), (2, town.enterprise.name, 1_000_000)]
    first = town.world.call(None, "GET", results_path(town, "?limit=1")).body
    second = town.world.call(None, "GET", results_path(town, f"?limit=1&cursor={first['next_cursor']}")).body
    assert (first["items"] + second["items"], second["next_cursor"]) == (found["items"], None)


@pytest.mark.parametrize("cursor", ["0", "1", "-1", "x", "１", "999999999999"])
def test_a_cursor_that_is_none_of_these_results_is_malformed(town: Town, cursor: str) -> None:
    town.grab()
    steps.expect(town.world.call(BUREAU, "POST", f"/batches/{town.batch_id}/close"), 200)
    refused = town.world.call(None, "GET", results_path(town, f"?cursor={cursor}"))
    assert (refused.code, refused.body["errors"][0]["field"]) == ("MALFORMED", "cursor")


@pytest.mark.clause("§4.2.2")
def test_the_results_of_a_batch_that_is_used_up_are_public_at_once(town: Town) -> None:
    small = steps.open_batch(town.world, 2026, samples.batch(amount_fen=1_000_000))
    grab_as_neighbour(town, small["batch_id"])
    found = steps.expect(town.world.call(None, "GET", f"/batches/{small['batch_id']}/results"), 200)
    assert [each["enterprise_name"] for each in found["items"]] == [town.neighbour.name]


def test_a_batch_from_which_nothing_was_granted_has_empty_results(town: Town) -> None:
    steps.expect(town.world.call(BUREAU, "POST", f"/batches/{town.batch_id}/close"), 200)
    found = steps.expect(town.world.call(None, "GET", results_path(town)), 200)
    assert found == {"items": [], "next_cursor": None, "count": 0, "granted_fen": 0}


def test_results_are_remembered_once_no_grab_can_be_under_way_any_more(
    town: Town, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.grab()
    reads: list[str] = []
    read = function("results").read_grants

    def counted(batch_id: str) -> tuple[Voucher, ...]:
        reads.append(batch_id)
        return tuple(read(batch_id))

    monkeypatch.setattr(function("results"), "read_grants", counted)
    end = datetime(2026, 7, 1, tzinfo=UTC)
    for after, times in ((0, 1), (59, 2), (60, 3), (61, 3)):
        stopped_clock.instant = end + timedelta(seconds=after)
        steps.expect(town.world.call(None, "GET", results_path(town)), 200)
        assert len(reads) == times, after
