"""One complaint, answered and withdrawn by several at the same moment (§5.3)."""

from functools import partial

import pytest

from infra.client import steps
from infra.client.http import OPERATOR, Person
from tests.races import requests, tables
from tests.races.complaint_scenario import NOT_TRUE, PARTLY, accepted_complaint
from tests.races.interleaving import Interleaving
from tests.support.backend import World
from voucher.models.complaints import Complaint
from voucher.store import complaints

OTHER = Person("platform-other", "platform")


@pytest.mark.clause("§5.3")
def test_of_two_answers_at_once_one_counts_and_the_agency_is_counted_once(world: World, seed: int) -> None:
    parties, path = accepted_complaint(world)
    steps.expect(world.call(parties.agency.person, "POST", f"{path}/statement", {"text": "已整改"}), 200)
    sent = ((OPERATOR, NOT_TRUE), (OTHER, PARTLY))
    asks = [partial(requests.insist, world, person, f"{path}/reply", body) for person, body in sent]
    replies = Interleaving(seed).run(asks)
    assert sorted((each.status, each.code) for each in replies) == [(200, None), (409, "WRONG_STATE")]
    [kept] = tables.list_records(Complaint, "supervision", "RECORD")
    [won] = [body for reply, (_, body) in zip(replies, sent, strict=True) if reply.status == 200]
    assert (kept.outcome, kept.answer) == (won["outcome"], won["answer"])
    counts = complaints.find_counts(parties.agency.uscc)
    assert (counts.partly, counts.unsubstantiated) == (kept.outcome == "partly", kept.outcome == "unsubstantiated")


@pytest.mark.clause("§5.3")
def test_a_withdrawal_at_the_answer_comes_before_it_or_too_late(world: World, seed: int) -> None:
    code: list[str] = []
    parties, path = accepted_complaint(world, code)
    withdraw = partial(requests.insist, world, None, f"{path}/withdraw", {"code": code[0]})
    answering = partial(requests.insist, world, OPERATOR, f"{path}/reply", NOT_TRUE)
    withdrawn, answered = Interleaving(seed).run([withdraw, answering])
    [kept] = tables.list_records(Complaint, "supervision", "RECORD")
    counted = complaints.find_counts(parties.agency.uscc).unsubstantiated
    assert (withdrawn.status, answered.status, kept.state, counted) in {
        (200, 409, "withdrawn", 0),
        (409, 200, "answered", 1),
    }
