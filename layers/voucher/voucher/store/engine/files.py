"""Files in S3: where a client may upload one, what an upload really holds, and the files that we make ourselves."""

import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from voucher.models.contents import MOST_BEGINNING, Looks, looks_like
from voucher.models.documents import FileName
from voucher.store.engine import patience

MOST_UPLOAD_BYTES = 20 * 1024 * 1024
UPLOAD_SECONDS = 900
DOWNLOAD_SECONDS = 300

# What S3 answers for an object that is not there; AccessDenied, too, because our roles may not list the bucket.
MISSING = {"NoSuchKey", "AccessDenied", "404", "403"}


@cache
def client() -> Any:
    """The S3 client of this process. Path style against a local endpoint, which has no host name per bucket."""
    local = bool(os.environ.get("AWS_ENDPOINT_URL"))
    style = {"addressing_style": "path" if local else "virtual"}
    return patience.make_client("s3", signature_version="s3v4", s3=style)


def bucket() -> str:
    """The deployed name of the documents' bucket."""
    return os.environ["DOCUMENTS_BUCKET"]


def presign_upload(object_key: str, content_type: str) -> dict[str, Any]:
    """A presigned POST for exactly this key and type, 1 byte to 20 MB, valid for 15 minutes: {url, fields}."""
    return dict(
        client().generate_presigned_post(
            bucket(),
            object_key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, MOST_UPLOAD_BYTES]],
            ExpiresIn=UPLOAD_SECONDS,
        )
    )


def presign_sealed_upload(object_key: str, content_type: str, key_id: str) -> dict[str, Any]:
    """The same for a file that S3 encrypts under a key of ours, so that only who may use that key reads it."""
    sealed = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": key_id}
    fields = {"Content-Type": content_type, **sealed}
    return dict(
        client().generate_presigned_post(
            bucket(),
            object_key,
            Fields=fields,
            Conditions=[
                *({name: value} for name, value in fields.items()),
                ["content-length-range", 1, MOST_UPLOAD_BYTES],
            ],
            ExpiresIn=UPLOAD_SECONDS,
        )
    )


def presign_download(object_key: str, version: str | None, content_type: str, name: FileName) -> str:
    """A link to read one version of a file for five minutes. A browser saves the file under the name that we made, and
    does not show it: neither a page nor a program of a stranger must run at its reader's."""
    request = {
        "Bucket": bucket(),
        "Key": object_key,
        "ResponseContentType": content_type,
        "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
    }
    if version:
        request["VersionId"] = version
    return str(client().generate_presigned_url("get_object", Params=request, ExpiresIn=DOWNLOAD_SECONDS))


def find_content(object_key: str) -> bytes | None:
    """The object's content; None when there is no object, or none that we may read."""
    found = find_version(object_key)
    return found[0] if found else None


def find_version(object_key: str) -> tuple[bytes, str | None] | None:
    """The content and which version of the object it is (None where the bucket keeps none)."""
    try:
        answer = client().get_object(Bucket=bucket(), Key=object_key)
        return bytes(answer["Body"].read()), answer.get("VersionId")
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            return None
        raise


@dataclass(frozen=True)
class Content:
    """What an upload holds: the version of the object that was read (None where the bucket keeps none), its SHA-256 in
    hex, what it looks like, and how many bytes it has."""

    version: str | None
    sha256: str
    looks: Looks
    size: int


@dataclass(frozen=True)
class Beginning:
    """How an upload begins: the version of the object that was looked at, and what it looks like."""

    version: str | None
    looks: Looks


def look(object_key: str) -> Beginning | None:
    """Read the first bytes of an upload; None when it is not there."""
    try:
        answer = client().get_object(Bucket=bucket(), Key=object_key, Range=f"bytes=0-{MOST_BEGINNING - 1}")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in MISSING:
            return None
        if code == "InvalidRange":
            return Beginning(None, "empty")
        raise
    with answer["Body"] as body:
        return Beginning(answer.get("VersionId"), looks_like(body.read()))


def examine(object_key: str) -> Content | None:
    """Read an upload once, in pieces; None when it is not there."""
    try:
        answer = client().get_object(Bucket=bucket(), Key=object_key)
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            return None
        raise
    with answer["Body"] as body:
        begins = body.read(MOST_BEGINNING)
        digest, size = hashlib.sha256(begins), len(begins)
        while piece := body.read(1024 * 1024):
            digest.update(piece)
            size += len(piece)
    return Content(answer.get("VersionId"), digest.hexdigest(), looks_like(begins), size)


def commit_copy(object_key: str, version: str | None, kept_key: str) -> str | None:
    """Copy one version of an object to another place within the bucket; the version of the copy (None where the bucket
    keeps none)."""
    source = {"Bucket": bucket(), "Key": object_key} | ({"VersionId": version} if version else {})
    answer = client().copy_object(Bucket=bucket(), Key=kept_key, CopySource=source)
    return str(answer["VersionId"]) if answer.get("VersionId") else None


def commit_deleted(place: str, until: datetime | None = None) -> None:
    """Delete a file in all its versions, markers of earlier deletions included, so that nothing of it is left; with `/`
    or `.` at the end, every file whose key begins so; only what was written by `until`, if given. What is gone already
    does no harm."""
    while True:
        answer = client().list_object_versions(Bucket=bucket(), Prefix=place)
        listed = [each for part in ("Versions", "DeleteMarkers") for each in answer.get(part, ())]
        due = [each for each in listed if place.endswith(("/", ".")) or each["Key"] == place]
        due = [each for each in due if until is None or each["LastModified"] <= until]
        for each in due:
            client().delete_object(Bucket=bucket(), Key=each["Key"], VersionId=each["VersionId"])
        if not (due and answer.get("IsTruncated")):
            return


def commit_content(object_key: str, content: bytes, content_type: str, key_id: str | None = None) -> None:
    """Write a file of our own, encrypted under a key of KMS, or as the bucket encrypts when no key is given."""
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}
    client().put_object(Bucket=bucket(), Key=object_key, Body=content, ContentType=content_type, **encryption)
