"""Uploads go from the client straight to the bucket: what the presigned POST lets through, and what counts."""

from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.city.document_files import DocumentFile, enterprise_documents
from infra.city.enterprises import Enterprise
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person
from infra.demo.plan import owner_of
from tests.journeys.place import Json, Place

MEGABYTE = 1024 * 1024
PDF = b"%PDF-1.7\n"


@pytest.fixture
def firm(place: Place) -> Enterprise:
    """A firm that has registered and handed in nothing."""
    return place.drafted_firm()


def announced(place: Place, firm: Enterprise, **changes: Any) -> Json:
    """The answer to announcing a PDF: where to upload it."""
    body = {"kind": "tax_certificate", "filename": "a.pdf", "content_type": "application/pdf", "size_bytes": 9}
    path = f"/enterprises/{firm.uscc}/documents"
    return steps.expect(place.client.call(owner_of(firm.uscc), "POST", path, body | changes), 201)


def kept(place: Place, firm: Enterprise) -> list[str]:
    """The keys of everything the bucket holds of a firm, read with the root key."""
    listing = place.aws("s3").list_objects_v2(
        Bucket=place.resources()["Documents"], Prefix=f"documents/enterprises/{firm.uscc}"
    )
    return [each["Key"] for each in listing.get("Contents", [])]


def refused(place: Place, post: Json, content: bytes) -> int:
    """The status with which the bucket refuses an upload."""
    with pytest.raises(HTTPError) as error:
        place.client.upload(post, content)
    error.value.close()
    return error.value.code


def test_a_file_as_announced_is_taken_under_its_own_key_and_no_other(place: Place, firm: Enterprise) -> None:
    answer = announced(place, firm)
    place.client.upload(answer["upload"], PDF)
    assert kept(place, firm) == [f"documents/enterprises/{firm.uscc}/{answer['document_id']}"]


@pytest.mark.parametrize("content", [b"", PDF + bytes(20 * MEGABYTE)], ids=["nothing", "over 20 MB"])
def test_a_file_outside_the_range_is_refused_by_the_bucket(place: Place, firm: Enterprise, content: bytes) -> None:
    assert refused(place, announced(place, firm)["upload"], content) == 400
    assert kept(place, firm) == []


@pytest.mark.parametrize("field", ["key", "Content-Type"])
def test_an_upload_under_another_key_or_type_is_refused_by_the_bucket(
    place: Place, firm: Enterprise, field: str
) -> None:
    post = announced(place, firm)["upload"]
    other = {"key": post["fields"]["key"] + "0", "Content-Type": "image/png"}
    assert refused(place, post | {"fields": post["fields"] | {field: other[field]}}, PDF) == 403
    assert kept(place, firm) == []


def test_a_policy_stretched_after_signing_is_refused_by_the_bucket(place: Place, firm: Enterprise) -> None:
    mine, longer = announced(place, firm)["upload"], announced(place, firm)["upload"]
    stretched = mine | {"fields": mine["fields"] | {"policy": longer["fields"]["policy"]}}
    assert refused(place, stretched, PDF) == 403
    assert kept(place, firm) == []


def test_an_uploaded_file_is_not_readable_by_its_address_alone(place: Place, firm: Enterprise) -> None:
    answer = announced(place, firm)
    place.client.upload(answer["upload"], PDF)
    anonymous = place.aws("s3", config=Config(signature_version=UNSIGNED))
    with pytest.raises(ClientError, match="AccessDenied"):
        anonymous.get_object(Bucket=place.resources()["Documents"], Key=kept(place, firm)[0])


@pytest.mark.clause("§4.1.1")
def test_a_file_whose_first_bytes_are_not_of_its_type_does_not_count_as_handed_in(
    place: Place, firm: Enterprise
) -> None:
    owner, path = owner_of(firm.uscc), f"/enterprises/{firm.uscc}"
    for document in enterprise_documents(firm, place.plan.today):
        content = b"MZ" + document.content if document.kind == "tax_certificate" else document.content
        faked = DocumentFile(document.kind, document.filename, document.content_type, content)
        steps.announce_and_upload(place.client, owner, path, faked)
    reply = place.client.call(owner, "POST", f"{path}/submit")
    assert (reply.status, reply.code) == (422, "DOCUMENTS_MISSING")
    assert [each["field"] for each in reply.body["errors"]] == ["tax_certificate"]
    assert place.shown(owner, path)["state"] == "draft"


@pytest.mark.clause("§3.4.3")
def test_members_and_staff_read_a_paper_by_a_link_and_nobody_else_gets_one(place: Place) -> None:
    firm = place.approved_firm()
    path = f"/enterprises/{firm.uscc}/documents"
    uploaded = {document.kind: document for document in enterprise_documents(firm, place.plan.today)}
    for person in (owner_of(firm.uscc), OPERATOR, BUREAU):
        for document in place.shown(person, path)["items"]:
            with urlopen(document["url"]) as answer:
                assert answer.read() == uploaded[document["kind"]].content
    shown = place.shown(BUREAU, path)["items"]
    assert {each["kind"]: each["filename"] for each in shown} == {k: each.filename for k, each in uploaded.items()}
    assert place.client.call(Person("u-somebody-else"), "GET", path).code == "NOT_FOUND"
    without_signature = shown[0]["url"].partition("?")[0]
    with pytest.raises(HTTPError) as error:
        urlopen(without_signature)
    error.value.close()
    assert error.value.code == 403


@pytest.mark.clause("§4.1.1")
def test_a_paper_uploaded_anew_under_its_old_link_is_not_what_the_reviewer_reads(
    place: Place, firm: Enterprise
) -> None:
    owner, path = owner_of(firm.uscc), f"/enterprises/{firm.uscc}"
    documents = enterprise_documents(firm, place.plan.today)
    for document in documents[1:]:
        steps.announce_and_upload(place.client, owner, path, document)
    told = announced(place, firm, kind=documents[0].kind, content_type=documents[0].content_type)
    place.client.upload(told["upload"], documents[0].content)
    steps.expect(place.client.call(owner, "POST", f"{path}/submit"), 200)
    place.client.upload(told["upload"], documents[0].content + b"changed")
    [link] = [each for each in place.shown(OPERATOR, f"{path}/documents")["items"] if each["kind"] == documents[0].kind]
    with urlopen(link["url"]) as answer:
        assert answer.read() == documents[0].content
