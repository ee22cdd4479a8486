"""What has had its time is erased while somebody still needs it: one of both happens, and never half of each."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from infra.client.http import BUREAU, OPERATOR, Person, Reply
from tests.conftest import NOW, StoppedClock
from tests.races import seed_data, tables
from tests.races.interleaving import Interleaving
from tests.races.order_parties import seed_parties
from tests.support import samples
from tests.support.backend import World, function
from tests.support.bucket import BucketInMemory
from voucher.models.agencies import Agency
from voucher.models.base import instant_text
from voucher.models.documents import Document
from voucher.models.enterprises import Enterprise
from voucher.models.lists import ListImport
from voucher.models.orders import CancelRequest, Order
from voucher.policy import AGENCY_DOCUMENTS, ENTERPRISE_DOCUMENTS, RETENTION
from voucher.store import documents, keys, lists

OWNER = Person("owner")
USCC = samples.enterprise().uscc
PATH = f"/enterprises/{USCC}"
DRAFT = "D1"


def forget(task: str, *record_id: str | int | None) -> Reply:
    """The worker looks at one record, by the stopped clock."""
    instant = instant_text(datetime.max.replace(tzinfo=NOW.tzinfo))
    function("retention").work({"task": task, "id": list(record_id), "instant": instant})
    return Reply(200, {})


def seed_enterprise(bucket: BucketInMemory, **changes: Any) -> None:
    """A registration with its six papers, uploaded and never examined."""
    facts = {"state": "draft", "created_at": NOW, "created_by": OWNER.name, "members": frozenset({OWNER.name})}
    enterprise = Enterprise(**samples.enterprise().registration() | facts | {"draft_id": DRAFT} | changes)
    for paper in seed_data.add_registration(enterprise, *ENTERPRISE_DOCUMENTS):
        bucket.put_object(Key=paper.object_key, Body=b"%PDF-")


def seed_papers(bucket: BucketInMemory, owner: keys.Key, kinds: list[str], folder: str) -> None:
    """Papers of some kinds, uploaded and never examined; each is named by its kind."""
    facts = {"filename": "f", "content_type": "application/pdf", "size_bytes": 5, "uploaded_by": OWNER.name}
    for kind in kinds:
        whose = f"{folder}/{owner.pk.partition('#')[2]}"
        place = documents.upload_place(kind, whose)
        paper = Document(document_id=kind, owner=whose, kind=kind, object_key=place, created_at=NOW, **facts)
        seed_data.write_records((owner._replace(sk=f"DOCUMENT#{kind}"), paper))
        bucket.put_object(Key=place, Body=b"%PDF-")


def enterprises() -> list[Enterprise]:
    """Every enterprise that is registered."""
    return tables.list_records(Enterprise, "registry", "RECORD")


def papers() -> list[Document]:
    """Every paper that is on record."""
    return tables.list_records(Document, "registry", "DOCUMENT#")


def files_of(bucket: BucketInMemory) -> set[str]:
    """The last part of the key of every file."""
    return {each["Key"].rpartition("/")[2] for each in bucket.list_object_versions(Prefix="")["Versions"]}


@pytest.mark.clause("§4.1.1")
def test_a_draft_is_submitted_with_all_its_papers_or_erased_with_all_of_them(
    world: World, bucket: BucketInMemory, stopped_clock: StoppedClock, seed: int
) -> None:
    seed_enterprise(bucket)
    stopped_clock.instant = NOW + timedelta(days=RETENTION.draft_days)
    submit = partial(world.call, OWNER, "POST", f"{PATH}/submit")
    submitted, _ = Interleaving(seed).run([submit, partial(forget, "enterprise", USCC, DRAFT)])
    [enterprise] = enterprises()
    if submitted.status == 200:
        assert (enterprise.state, enterprise.erased_at) == ("submitted", None)
        assert {each.document_id for each in papers()} == files_of(bucket) == set(ENTERPRISE_DOCUMENTS)
        assert all(each.checked for each in papers())
    else:
        assert submitted.code in {"NOT_FOUND", "CHANGED_MEANWHILE"}
        assert (enterprise.members, enterprise.erased_at) == (frozenset(), stopped_clock.instant)
        forget("enterprise", USCC, DRAFT)
        assert papers() == []
        assert files_of(bucket) == set()


def test_a_draft_is_corrected_or_erased_and_a_correction_keeps_its_people(
    world: World, bucket: BucketInMemory, stopped_clock: StoppedClock, seed: int
) -> None:
    seed_enterprise(bucket)
    stopped_clock.instant = NOW + timedelta(days=RETENTION.draft_days)
    edit = partial(world.call, OWNER, "PATCH", PATH, {"contact_name": "新联系人"})
    edited, _ = Interleaving(seed).run([edit, partial(forget, "enterprise", USCC, DRAFT)])
    [enterprise] = enterprises()
    assert (enterprise.erased_at is None) is (edited.status == 200)
    assert (enterprise.contact_name == "新联系人") is (edited.status == 200)
    assert bool(files_of(bucket)) is (edited.status == 200)


def test_who_registers_anew_while_the_erased_draft_goes_stays_registered(
    world: World, bucket: BucketInMemory, stopped_clock: StoppedClock, seed: int
) -> None:
    seed_enterprise(bucket)
    stopped_clock.instant = NOW + timedelta(days=RETENTION.draft_days)
    forget("enterprise", USCC, DRAFT)
    stopped_clock.instant += timedelta(days=1)
    body = samples.enterprise().registration()
    register = partial(world.call, Person("second"), "POST", "/enterprises", body)
    registered, _ = Interleaving(seed).run([register, partial(forget, "enterprise", USCC, DRAFT)])
    assert registered.status == 201
    [enterprise] = enterprises()
    assert (enterprise.members, enterprise.contact_name) == ({"second"}, body["contact_name"])
    assert [item["sub"] for item in tables.list_items("registry", "MEMBER#")] == ["second"]


@pytest.mark.clause("§3.2.3")
def test_a_paper_is_taken_up_by_a_renewal_or_deleted_and_never_both(
    world: World, bucket: BucketInMemory, stopped_clock: StoppedClock, seed: int
) -> None:
    agency = seed_data.add_agency()
    owner = keys.agency(agency.uscc)
    [record] = tables.list_records(Agency, "registry", "RECORD")
    approved_at = NOW - timedelta(days=1)
    stopped_clock.instant = NOW + timedelta(days=RETENTION.unused_paper_days)
    until = stopped_clock.instant.date() + timedelta(days=9)
    renewable = record.model_copy(update={"approved_at": approved_at, "valid_until": until})
    seed_data.write_records((owner, renewable))
    seed_papers(bucket, owner, list(AGENCY_DOCUMENTS), "agencies")
    renew = partial(world.call, agency.person, "POST", f"/agencies/{agency.uscc}/renew", {})
    renewed, _ = Interleaving(seed).run([renew, partial(forget, "agency", agency.uscc, None)])
    [after] = tables.list_records(Agency, "registry", "RECORD")
    kept = {each.document_id for each in papers()}
    assert kept == files_of(bucket)
    if renewed.status == 200:
        named = {kind for kind in AGENCY_DOCUMENTS if after.submission.get(kind)}
        assert named == set(AGENCY_DOCUMENTS) == kept
    else:
        assert renewed.code in {"DOCUMENTS_MISSING", "CHANGED_MEANWHILE"}
        assert after.state == "active"


@pytest.mark.clause("§4.2.3")
def test_a_rating_that_comes_while_the_words_of_its_order_go_is_not_lost(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    order_id = parties.complete_order(700_000)
    [order] = tables.list_records(Order, "orders", "RECORD")
    asked = CancelRequest(by="someone", at=NOW, reason="甲植一")
    paid = order.model_copy(update={"state": "paid", "agency_cancel": asked, "updated_at": NOW})
    seed_data.write_records((keys.order(order_id), paid))
    stopped_clock.instant = NOW + timedelta(days=RETENTION.order_text_days)
    body = {"score": 5, "comment": "很好"}
    rate = partial(world.call, parties.enterprise.person, "POST", f"/orders/{order_id}/rating", body)
    rated, _ = Interleaving(seed).run([rate, partial(forget, "order", order_id)])
    assert rated.status == 200
    [after] = tables.list_records(Order, "orders", "RECORD")
    assert after.rating is not None and after.rating.comment == "很好"
    assert after.agency_cancel is not None
    assert after.agency_cancel.reason == ("甲植一" if after.erased_at is None else "已删除")


@pytest.mark.clause("§2.1.1")
def test_a_list_comes_into_force_or_is_erased_and_never_both(
    world: World, bucket: BucketInMemory, stopped_clock: StoppedClock, seed: int
) -> None:
    place = keys.name_list("rated_d", 2025, "IMPORT#i_1")
    key = lists.upload_key("rated_d", 2025, "i_1")
    made = {"created_at": NOW, "created_by": OPERATOR.name, "parsed_at": NOW, "updated_at": NOW, "sha256": "f00d"}
    facts = {"import_id": "i_1", "kind": "rated_d", "year": 2025, "filename": "d.csv", "object_key": key}
    record = ListImport(**facts, **made, state="parsed", row_count=1)
    seed_data.write_records((place, record))
    bucket.put_object(Key=key, Body=b"list")
    lists.commit_rows(record, [{"row": 2, "uscc": USCC, "name": "甲"}])
    lists.commit_errors(record, [])
    stopped_clock.instant = NOW + timedelta(days=RETENTION.list_days)
    apply = partial(world.call, BUREAU, "POST", "/lists/rated_d/2025/imports/i_1/apply", {"touched": 1})
    applied, _ = Interleaving(seed).run([apply, partial(forget, "list_import", "rated_d", 2025, "i_1")])
    after = lists.load("rated_d", 2025, "i_1")
    if applied.status == 200:
        assert after.state == "applying"
        assert len(lists.load_rows(after)) == 1
    else:
        assert (applied.code in {"WRONG_STATE", "ERASED"}, after.state) == (True, "erased")
        assert files_of(bucket) == set()
