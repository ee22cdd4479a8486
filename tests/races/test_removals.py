"""Removals of agencies, their statements and their way back, all at once (§3.4.1)."""

from functools import partial

import pytest

from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, OPERATOR, Person
from tests.conftest import StoppedClock
from tests.races import requests, sanctions, tables
from tests.races.interleaving import Interleaving
from tests.races.order_parties import Parties, seed_parties
from tests.races.sanctions import APPROVE
from tests.support.backend import World
from voucher.store import organisations

WHY = {"reason": "复查有误"}
BUREAU_THREE = Person("bureau-third", "bureau")


def path_of(parties: Parties) -> str:
    """Where the agency is."""
    return f"/agencies/{parties.agency.uscc}"


def published() -> list[str]:
    """The kinds of the notices that the public reads; the end of a removal is of its kind, too."""
    found = tables.list_items("settlements", "RECORD")
    return sorted(each["kind"] for each in found if each["pk"].startswith("NOTICE#"))


@pytest.mark.clause("§3.4.1")
@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_statement_is_in_the_decision_or_comes_too_late(
    world: World, stopped_clock: StoppedClock, seed: int, decision: str
) -> None:
    parties = seed_parties(world)
    path = f"{path_of(parties)}/removal"
    steps.expect(world.call(OPERATOR, "POST", path, WHY), 200)
    statement = partial(requests.insist, world, parties.agency.person, f"{path}/statement", {"text": "有异议"})
    decide = partial(requests.insist, world, body={"decision": decision, "reason": "已核实"})
    said, *decided = Interleaving(seed).run(
        [statement, *(partial(decide, person, f"{path}/approve") for person in (BUREAU, BUREAU_TWO))]
    )
    agency = organisations.get_agency(parties.agency.uscc)
    assert agency.sanction is not None
    assert (said.status == 200) == (agency.sanction.statement == "有异议")
    codes = [reply.code or "" for reply in decided]
    assert codes.count("") <= 1
    removed = "" in codes and decision == "approve"
    assert agency.state == ("removed" if removed else "removal_proposed" if "" not in codes else "active")
    assert published() == ["removal"] * removed
    # nobody is removed unheard
    assert said.status == 200 or not removed


@pytest.mark.clause("§3.4.1")
def test_an_agency_is_restored_once_and_its_restoration_published_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    """Two of the bureau at once, while the products of the removal are withdrawn by its repetition."""
    parties = seed_parties(world)
    sanctions.propose_removal(parties)
    approval = partial(requests.insist, world, BUREAU, f"{path_of(parties)}/removal/approve", APPROVE)
    steps.expect(approval(), 200)
    restore = f"{path_of(parties)}/restore"
    restored = Interleaving(seed).run(
        [*(partial(requests.insist, world, person, restore, WHY) for person in (BUREAU_TWO, BUREAU_THREE)), approval]
    )
    assert sorted(reply.code or "" for reply in restored[:2]) == ["", "WRONG_STATE"]
    assert organisations.get_agency(parties.agency.uscc).state == "active"
    assert published() == ["removal"] * 2  # the removal, and its end
    tables.assert_books_hold()
