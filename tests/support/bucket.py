"""The bucket of documents and lists, kept in memory: for rings whose engine has tables only."""

import hashlib
import io
from typing import Any

from botocore.exceptions import ClientError


class BucketInMemory:
    """The part of S3's client that the store uses, over a dictionary."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    def copy(self, other: "BucketInMemory") -> None:
        """Begin with what another one has."""
        self._objects = dict(other._objects)

    def put_object(self, **request: Any) -> None:
        """PutObject."""
        self._objects[request["Key"]] = request["Body"]

    def copy_object(self, **request: Any) -> dict[str, Any]:
        """CopyObject."""
        self._objects[request["Key"]] = self._objects[request["CopySource"]["Key"]]
        return {}

    def list_object_versions(self, **request: Any) -> dict[str, Any]:
        """ListObjectVersions, of which each object has one."""
        found = [key for key in self._objects if key.startswith(request["Prefix"])]
        return {"Versions": [{"Key": key, "VersionId": "null"} for key in found]}

    def delete_object(self, **request: Any) -> None:
        """DeleteObject."""
        self._objects.pop(request["Key"], None)

    def generate_presigned_post(self, _bucket: str, key: str, **_: Any) -> dict[str, Any]:
        """The form of an upload; a test puts the object itself."""
        return {"url": "", "fields": {"key": key}}

    def generate_presigned_url(self, _operation: str, **request: Any) -> str:
        """The address of a download."""
        return f"https://bucket/{request['Params']['Key']}"

    def get_object(self, **request: Any) -> dict[str, Any]:
        """GetObject. Raises ClientError NoSuchKey for an unknown key."""
        if request["Key"] not in self._objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        content = self._objects[request["Key"]]
        return {"Body": io.BytesIO(content), "ETag": hashlib.sha256(content).hexdigest()}
