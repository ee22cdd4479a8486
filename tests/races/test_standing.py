"""Who may take part, decided during grabs: registration (§4.1.1) and violations (§2.1.3)."""

from functools import partial

import pytest

from infra.client.http import BUREAU, Person, Reply
from tests.conftest import StoppedClock
from tests.races import requests, seed_data, tables
from tests.races.interleaving import Interleaving
from tests.races.seed_data import QUOTA_FEN
from tests.support import samples
from tests.support.backend import World
from voucher.models.enterprises import Enterprise
from voucher.models.vouchers import Voucher


@pytest.mark.clause("§4.1.1")
def test_two_people_who_register_one_company_at_once_have_a_draft_each(world: World, seed: int) -> None:
    body = samples.enterprise().registration()
    people = [Person("first"), Person("second")]
    actions = [partial(requests.insist, world, person, "/enterprises", body) for person in people]
    replies = Interleaving(seed).run(actions)
    assert [reply.status for reply in replies] == [201, 201]
    drafts = tables.list_records(Enterprise, "registry", "RECORD")
    assert sorted(sorted(each.members) for each in drafts) == [["first"], ["second"]]
    assert sorted(item["sub"] for item in tables.list_items("registry", "MEMBER#")) == ["first", "second"]


@pytest.mark.clause("§4.1.1")
def test_who_registers_one_company_twice_at_once_has_one_draft(world: World, seed: int) -> None:
    person, body = Person("first"), samples.enterprise().registration()
    others = body | {"name": "另一名称"}
    actions = [partial(requests.insist, world, person, "/enterprises", each) for each in (body, others)]
    replies = Interleaving(seed).run(actions)
    assert sorted((reply.status, reply.code or "") for reply in replies) == [(201, ""), (409, "ALREADY_DRAFTED")]
    [draft] = tables.list_records(Enterprise, "registry", "RECORD")
    assert draft.name == next(reply.body["name"] for reply in replies if reply.status == 201)


@pytest.mark.clause("§2.1.3")
def test_after_the_answer_that_a_violation_is_recorded_no_voucher_is_granted(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    batches = [seed_data.open_batch(world, 20 * QUOTA_FEN, total_fen=100 * QUOTA_FEN, partial_allowed=True)]
    batches += [seed_data.open_batch(world, 20 * QUOTA_FEN, partial_allowed=True) for _ in range(3)]
    enterprises, threads = seed_data.add_enterprises(4), Interleaving(seed)
    vouchers_then: dict[str, set[str]] = {}

    def vouchers_of(uscc: str) -> set[str]:
        vouchers = tables.list_records(Voucher, "vouchers", "VOUCHER#")
        return {each.voucher_id for each in vouchers if each.enterprise_uscc == uscc}

    def record_violation(uscc: str) -> Reply:
        body = {"uscc": uscc, "facts": "转让服务券"}
        reply = requests.insist(world, BUREAU, "/violations", body, key=uscc)
        with threads.without_turns():
            vouchers_then[uscc] = vouchers_of(uscc)
        return reply

    actions = [
        partial(requests.grab, world, batch_id, enterprise, amount_fen=200_000)
        for enterprise in enterprises
        for batch_id in batches
    ]
    actions += [partial(record_violation, enterprise.uscc) for enterprise in enterprises]
    replies = threads.run(actions)
    assert {(reply.status, reply.code) for reply in replies} <= {(201, None), (422, "NOT_ELIGIBLE")}
    assert {enterprise.uscc: vouchers_of(enterprise.uscc) for enterprise in enterprises} == vouchers_then
    for enterprise in enterprises:
        late_reply = requests.grab(world, batches[0], enterprise, amount_fen=100_000)
        assert late_reply.status in (200, 422)
        assert late_reply.status == 200 or late_reply.body["clause"] == "§2.1.3"
    tables.assert_books_hold()
