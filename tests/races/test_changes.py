"""New facts adopted while others decide on the same report or on the same enterprise (§4.1.3)."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, OPERATOR_TWO
from tests.conftest import StoppedClock
from tests.races import requests, sanctions, tables
from tests.races.interleaving import Interleaving
from tests.races.order_parties import Parties, seed_parties
from tests.races.sanctions import APPROVE, path_of
from tests.support.backend import World
from tests.support.bucket import BucketInMemory
from voucher.models.changes import Change
from voucher.models.documents import Document
from voucher.models.entitlements import Entitlement
from voucher.store import organisations

NEW_NAME = "丽水新名有限公司"


def report(parties: Parties, **facts: Any) -> str:
    """A reported change; the path of its review."""
    body = {"happened_on": "2026-06-10", "description": "更名迁址", "facts": facts}
    person = parties.enterprise.person
    change = steps.expect(parties.world.call(person, "POST", f"{path_of(parties)}/changes", body), 201)
    return f"{path_of(parties)}/changes/{change['change_id']}/review"


@pytest.mark.clause("§4.1.3")
@pytest.mark.parametrize("other", ["adopt", "return"])
def test_of_two_decisions_on_one_report_one_counts(
    world: World, stopped_clock: StoppedClock, seed: int, other: str
) -> None:
    parties = seed_parties(world)
    path = report(parties, name=NEW_NAME)
    decisions = ({"decision": "adopt"}, {"decision": other, "reason": "请补充"})
    replies = Interleaving(seed).run(
        [
            partial(requests.insist, world, person, path, body)
            for person, body in zip((OPERATOR, OPERATOR_TWO), decisions, strict=True)
        ]
    )
    assert sorted(reply.code or "" for reply in replies) in (["", "ALREADY_REVIEWED"], ["", "WRONG_STATE"])
    [change] = tables.list_records(Change, "registry", "CHANGE#")
    enterprise = organisations.get_enterprise(parties.enterprise.uscc)
    assert (change.state, enterprise.name == NEW_NAME, enterprise.state) in {
        ("adopted", True, "approved"),
        ("returned", False, "returned"),
    }


@pytest.mark.clause("§4.1.3")
def test_of_two_reports_adopted_at_once_the_newer_one_counts(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    older = report(parties, name="丽水旧名有限公司")
    stopped_clock.instant += timedelta(minutes=1)
    newer, adopt = report(parties, name=NEW_NAME), {"decision": "adopt"}
    tried = [
        partial(requests.insist, world, person, path, adopt)
        for person, path in ((OPERATOR, older), (OPERATOR_TWO, newer))
    ]
    first, second = Interleaving(seed).run(tried)
    assert (first.code, second.code) in {(None, None), ("NEWER_REPORT_ADOPTED", None)}
    assert organisations.get_enterprise(parties.enterprise.uscc).name == NEW_NAME


@pytest.mark.clause("§4.1.3")
def test_an_adoption_and_a_disqualification_leave_what_both_of_them_imply(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    path = report(parties, name=NEW_NAME, district="liandu", employees=9)
    sanctions.propose(parties)
    adopted, away = Interleaving(seed).run(
        [
            partial(requests.insist, world, OPERATOR, path, {"decision": "adopt"}),
            partial(requests.insist, world, BUREAU, f"{path_of(parties)}/disqualify/approve", APPROVE),
        ]
    )
    assert (adopted.code, away.status) in {(None, 200), ("WRONG_STATE", 200)}
    enterprise = organisations.get_enterprise(parties.enterprise.uscc)
    [change] = tables.list_records(Change, "registry", "CHANGE#")
    [entitlement] = tables.list_records(Entitlement, "vouchers", "ENTITLEMENT")
    assert (enterprise.state, entitlement.qualified) == ("disqualified", False)
    assert (change.state == "adopted") == (enterprise.name == NEW_NAME) == (adopted.status == 200)
    assert f"district.{enterprise.district}" in entitlement.groups


@pytest.mark.clause("§4.1.3")
def test_a_paper_is_handed_in_with_one_report_or_taken_back(
    world: World, bucket: BucketInMemory, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    person, path = parties.enterprise.person, path_of(parties)
    announced = {"kind": "change_evidence", "filename": "a.pdf", "content_type": "application/pdf", "size_bytes": 5}
    paper = steps.expect(world.call(person, "POST", f"{path}/documents", announced), 201)
    bucket.put_object(Key=paper["upload"]["fields"]["key"], Body=b"%PDF-")
    body = {"happened_on": "2026-06-10", "description": "更名", "document_ids": [paper["document_id"]]}
    hand_in = [
        partial(requests.insist, world, person, f"{path}/changes", body | {"description": words}, words)
        for words in ("one", "two")
    ]
    take_back = partial(world.call, person, "DELETE", f"{path}/documents/{paper['document_id']}")
    *reported, taken = Interleaving(seed).run([*hand_in, take_back])
    [document] = tables.list_records(Document, "registry", "DOCUMENT#")
    made = tables.list_records(Change, "registry", "CHANGE#")
    assert sorted([document.checked, document.taken_back]) == [False, True]
    assert len(made) == len([each for each in reported if each.status == 201]) == int(document.checked)
    assert document.taken_back == (taken.status == 200)
