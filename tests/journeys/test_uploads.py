"""Uploads go from the client straight to the bucket: what the presigned POST allows, and which uploads count."""

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
from tests.journeys.deployment import Deployment, Json

MEGABYTE = 1024 * 1024
PDF = b"%PDF-1.7\n"


@pytest.fixture
def enterprise(deployment: Deployment) -> Enterprise:
    """A registered enterprise without documents."""
    return deployment.add_draft_enterprise()


def announce(deployment: Deployment, enterprise: Enterprise, **changes: Any) -> Json:
    """Announce a PDF; the answer says where to upload it."""
    body = {"kind": "tax_certificate", "filename": "a.pdf", "content_type": "application/pdf", "size_bytes": 9}
    path = f"/enterprises/{enterprise.uscc}/documents"
    return steps.expect(deployment.client.call(owner_of(enterprise.uscc), "POST", path, body | changes), 201)


def list_keys(deployment: Deployment, enterprise: Enterprise) -> list[str]:
    """The keys of an enterprise's files in the bucket, read with the root key."""
    listing = deployment.aws("s3").list_objects_v2(
        Bucket=deployment.resources()["Documents"], Prefix=f"uploads/enterprises/{enterprise.uscc}."
    )
    return [each["Key"] for each in listing.get("Contents", [])]


def refused_status(deployment: Deployment, post: Json, content: bytes) -> int:
    """The status of an upload that the bucket refuses."""
    with pytest.raises(HTTPError) as error:
        deployment.client.upload(post, content)
    error.value.close()
    return error.value.code


def test_a_file_as_announced_is_taken_under_its_own_key_and_no_other(
    deployment: Deployment, enterprise: Enterprise
) -> None:
    answer = announce(deployment, enterprise)
    deployment.client.upload(answer["upload"], PDF)
    draft_id = deployment.get(owner_of(enterprise.uscc), f"/enterprises/{enterprise.uscc}")["draft_id"]
    folder = f"uploads/enterprises/{enterprise.uscc}.{draft_id}"
    assert list_keys(deployment, enterprise) == [f"{folder}/{answer['document_id']}"]


@pytest.mark.parametrize("content", [b"", PDF + bytes(20 * MEGABYTE)], ids=["nothing", "over 20 MB"])
def test_a_file_outside_the_range_is_refused_by_the_bucket(
    deployment: Deployment, enterprise: Enterprise, content: bytes
) -> None:
    assert refused_status(deployment, announce(deployment, enterprise)["upload"], content) == 400
    assert list_keys(deployment, enterprise) == []


@pytest.mark.parametrize("field", ["key", "Content-Type"])
def test_an_upload_under_another_key_or_type_is_refused_by_the_bucket(
    deployment: Deployment, enterprise: Enterprise, field: str
) -> None:
    post = announce(deployment, enterprise)["upload"]
    other = {"key": post["fields"]["key"] + "0", "Content-Type": "image/png"}
    assert refused_status(deployment, post | {"fields": post["fields"] | {field: other[field]}}, PDF) == 403
    assert list_keys(deployment, enterprise) == []


def test_a_policy_stretched_after_signing_is_refused_by_the_bucket(
    deployment: Deployment, enterprise: Enterprise
) -> None:
    own_post, longer_post = announce(deployment, enterprise)["upload"], announce(deployment, enterprise)["upload"]
    combined_post = own_post | {"fields": own_post["fields"] | {"policy": longer_post["fields"]["policy"]}}
    assert refused_status(deployment, combined_post, PDF) == 403
    assert list_keys(deployment, enterprise) == []


def test_an_uploaded_file_is_not_readable_by_its_address_alone(deployment: Deployment, enterprise: Enterprise) -> None:
    answer = announce(deployment, enterprise)
    deployment.client.upload(answer["upload"], PDF)
    anonymous = deployment.aws("s3", config=Config(signature_version=UNSIGNED))
    with pytest.raises(ClientError, match="AccessDenied"):
        anonymous.get_object(Bucket=deployment.resources()["Documents"], Key=list_keys(deployment, enterprise)[0])


@pytest.mark.clause("§4.1.1")
def test_a_file_whose_first_bytes_are_not_of_its_type_does_not_count(
    deployment: Deployment, enterprise: Enterprise
) -> None:
    owner, path = owner_of(enterprise.uscc), f"/enterprises/{enterprise.uscc}"
    for document in enterprise_documents(enterprise, deployment.plan.today):
        content = b"MZ" + document.content if document.kind == "tax_certificate" else document.content
        false_file = DocumentFile(document.kind, document.filename, document.content_type, content)
        steps.announce_and_upload(deployment.client, owner, path, false_file)
    reply = deployment.client.call(owner, "POST", f"{path}/submit")
    assert (reply.status, reply.code) == (422, "DOCUMENTS_MISSING")
    assert [each["field"] for each in reply.body["errors"]] == ["tax_certificate"]
    assert deployment.get(owner, path)["state"] == "draft"


@pytest.mark.clause("§3.4.3")
def test_members_and_staff_read_a_document_by_a_link_and_others_get_no_link(deployment: Deployment) -> None:
    enterprise = deployment.add_approved_enterprise()
    path = f"/enterprises/{enterprise.uscc}/documents"
    uploaded = {document.kind: document for document in enterprise_documents(enterprise, deployment.plan.today)}
    for person in (owner_of(enterprise.uscc), OPERATOR, BUREAU):
        for document in deployment.get(person, path)["items"]:
            with urlopen(document["url"]) as answer:
                assert answer.read() == uploaded[document["kind"]].content
    documents_shown = deployment.get(BUREAU, path)["items"]
    assert {each["kind"]: each["filename"] for each in documents_shown} == {
        k: each.filename for k, each in uploaded.items()
    }
    assert deployment.client.call(Person("u-somebody-else"), "GET", path).code == "NOT_FOUND"
    without_signature = documents_shown[0]["url"].partition("?")[0]
    with pytest.raises(HTTPError) as error:
        urlopen(without_signature)
    error.value.close()
    assert error.value.code == 403


@pytest.mark.clause("§4.1.1")
def test_a_reviewer_does_not_read_a_later_upload_under_the_same_link(
    deployment: Deployment, enterprise: Enterprise
) -> None:
    owner, path = owner_of(enterprise.uscc), f"/enterprises/{enterprise.uscc}"
    documents = enterprise_documents(enterprise, deployment.plan.today)
    for document in documents[1:]:
        steps.announce_and_upload(deployment.client, owner, path, document)
    announcement = announce(deployment, enterprise, kind=documents[0].kind, content_type=documents[0].content_type)
    deployment.client.upload(announcement["upload"], documents[0].content)
    steps.expect(deployment.client.call(owner, "POST", f"{path}/submit"), 200)
    deployment.client.upload(announcement["upload"], documents[0].content + b"changed")
    [link] = [
        each for each in deployment.get(OPERATOR, f"{path}/documents")["items"] if each["kind"] == documents[0].kind
    ]
    with urlopen(link["url"]) as answer:
        assert answer.read() == documents[0].content
