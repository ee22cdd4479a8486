"""A submission while its applicant takes documents back, or the submission itself, and the operator reviews it."""

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
from voucher.store import keys

OWNER = Person("owner")
REGISTRATION = samples.enterprise().registration()
USCC = str(REGISTRATION["uscc"])
PATH = f"/enterprises/{USCC}"


def seed_enterprise(state: str, bucket: BucketInMemory) -> None:
    """An enterprise with its six documents, each uploaded and not yet examined."""
    creation = {"state": state, "created_at": seed_data.CREATED_AT, "created_by": OWNER.name}
    enterprise = Enterprise(**REGISTRATION, **creation, members=frozenset({OWNER.name}))
    facts = {"filename": "f", "content_type": "application/pdf", "size_bytes": 5, "uploaded_by": OWNER.name}
    seed_data.write_records((keys.enterprise(USCC), enterprise))
    for kind in ENTERPRISE_DOCUMENTS:
        document = Document(
            document_id=kind, owner="x", kind=kind, object_key=kind, created_at=seed_data.CREATED_AT, **facts
        )
        seed_data.write_records((keys.enterprise(USCC, f"DOCUMENT#{kind}"), document))
        bucket.put_object(Key=kind, Body=b"%PDF-")


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
    outcomes = {(200, 409, "draft"), (409, 200, "rejected")}
    assert (withdrawn.status, reviewed.status, enterprise.state) in outcomes
