"""A submission while its applicant takes documents back, or the submission itself, and the operator reviews it."""

from collections import Counter
from functools import partial

import pytest

from infra.client.http import OPERATOR, Person, Reply
from tests.conftest import StoppedClock
from tests.races import seed_data, tables
from tests.races.interleaving import Interleaving
from tests.support import samples
from tests.support.backend import World
from tests.support.bucket import BucketInMemory
from voucher.models.documents import Document
from voucher.models.enterprises import Enterprise
from voucher.policy import ENTERPRISE_DOCUMENTS

OWNER = Person("owner")
REGISTRATION = samples.enterprise().registration()
USCC = str(REGISTRATION["uscc"])
PATH = f"/enterprises/{USCC}"
RIVALS = Person("first"), Person("second")


def seed_enterprise(state: str, bucket: BucketInMemory, person: Person = OWNER) -> None:
    """An enterprise with its six documents, each uploaded and not yet examined."""
    made = {"state": state, "created_at": seed_data.CREATED_AT, "created_by": person.name, "draft_id": person.name}
    enterprise = Enterprise(**REGISTRATION, **made, members=frozenset({person.name}))
    for paper in seed_data.add_registration(enterprise, *ENTERPRISE_DOCUMENTS):
        bucket.put_object(Key=paper.object_key, Body=b"%PDF-")


def registrations() -> dict[str, Enterprise]:
    """Every registration of the code, by who made it."""
    return {each.created_by: each for each in tables.list_records(Enterprise, "registry", "RECORD")}


@pytest.mark.clause("§4.1.1")
def test_of_two_drafts_of_one_code_that_are_submitted_at_once_exactly_one_has_it(
    world: World, bucket: BucketInMemory, stopped_clock: StoppedClock, seed: int
) -> None:
    for person in RIVALS:
        seed_enterprise("draft", bucket, person)
    submits = [partial(world.call, person, "POST", f"{PATH}/submit") for person in RIVALS]
    replies = Interleaving(seed).run(submits)
    assert sorted((reply.status, reply.code or "") for reply in replies) == [(200, ""), (409, "ALREADY_REGISTERED")]
    known = zip(RIVALS, replies, strict=True)
    states = {person.name: "submitted" if reply.status == 200 else "draft" for person, reply in known}
    assert {name: each.state for name, each in registrations().items()} == states
    papers = tables.list_records(Document, "registry", "DOCUMENT#")
    assert Counter(each.uploaded_by for each in papers) == {person.name: len(ENTERPRISE_DOCUMENTS) for person in RIVALS}


@pytest.mark.clause("§4.1.1")
def test_a_code_that_is_given_back_while_another_one_submits_is_had_by_one_at_most(
    world: World, bucket: BucketInMemory, stopped_clock: StoppedClock, seed: int
) -> None:
    first, second = RIVALS
    seed_enterprise("submitted", bucket, first)
    seed_enterprise("draft", bucket, second)
    withdraw = partial(world.call, first, "POST", f"{PATH}/withdraw")
    submit = partial(world.call, second, "POST", f"{PATH}/submit")
    withdrawn, submitted = Interleaving(seed).run([withdraw, submit])
    assert withdrawn.status == 200
    assert (submitted.status, submitted.code) in {(200, None), (409, "ALREADY_REGISTERED")}
    found = {name: each.state for name, each in registrations().items()}
    assert found == {first.name: "draft", second.name: "submitted" if submitted.status == 200 else "draft"}


def take_back(world: World, kind: str) -> Reply:
    """The applicant takes a document back."""
    return world.call(OWNER, "DELETE", f"{PATH}/documents/{kind}")


@pytest.mark.clause("§4.1.1")
def test_a_document_is_submitted_or_taken_back_and_never_both(
    world: World, bucket: BucketInMemory, stopped_clock: StoppedClock, seed: int
) -> None:
    seed_enterprise("draft", bucket)
    kinds = list(ENTERPRISE_DOCUMENTS)[:2]
    submit = partial(world.call, OWNER, "POST", f"{PATH}/submit")
    submitted, *taken = Interleaving(seed).run([submit, *(partial(take_back, world, kind) for kind in kinds)])
    gone = {each.document_id for each in tables.list_records(Document, "registry", "DOCUMENT#") if each.taken_back}
    assert gone == {kind for kind, reply in zip(kinds, taken, strict=True) if reply.status == 200}
    [enterprise] = [each for each in tables.list_records(Enterprise, "registry", "RECORD") if each.uscc == USCC]
    if submitted.status == 200:
        assert not gone
        assert enterprise.submission.keys() >= set(ENTERPRISE_DOCUMENTS)
        assert {reply.code for reply in taken} == {"WRONG_STATE"}
    else:
        assert (submitted.code, enterprise.state) == ("DOCUMENTS_MISSING", "draft")
        assert {error["field"] for error in submitted.body["errors"]} <= gone


@pytest.mark.clause("§4.1.2")
def test_a_submission_is_reviewed_or_withdrawn_and_never_both(
    world: World, bucket: BucketInMemory, stopped_clock: StoppedClock, seed: int
) -> None:
    seed_enterprise("submitted", bucket)
    withdraw = partial(world.call, OWNER, "POST", f"{PATH}/withdraw")
    decision = {"decision": "reject", "reasons": ["材料有误"]}
    review = partial(world.call, OPERATOR, "POST", f"{PATH}/review", decision)
    withdrawn, reviewed = Interleaving(seed).run([withdraw, review])
    [enterprise] = [each for each in tables.list_records(Enterprise, "registry", "RECORD") if each.uscc == USCC]
    outcomes = {(200, 404, "draft"), (409, 200, "rejected")}
    assert (withdrawn.status, reviewed.status, enterprise.state) in outcomes
