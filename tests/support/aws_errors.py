"""Error answers of AWS that its local engines never give: a conflict, a throttle, a failure inside the service."""

import json
from collections.abc import Iterator

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

TRANSACTIONS = {"dynamodb.TransactWriteItems", "dynamodb.TransactGetItems"}
THROTTLED = {
    "dynamodb": (400, "ProvisionedThroughputExceededException"),
    "kms": (400, "ThrottlingException"),
    "s3": (503, "SlowDown"),
    "sqs": (400, "RequestThrottled"),
}


class _Body:
    """The part of a urllib3 answer that botocore reads."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


def error(request: AWSPreparedRequest, service: str, status: int, code: str, **more: object) -> AWSResponse:
    """An error as the service words it."""
    headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "injected"}
    text = json.dumps({"__type": f"com.amazonaws.{service}#{code}", "message": "injected", **more})
    if service == "s3":
        headers["content-type"] = "application/xml"
        text = f"<Error><Code>{code}</Code><Message>injected</Message></Error>"
    return AWSResponse(request.url, status, headers, _Body(text.encode()))


def throttled(request: AWSPreparedRequest, service: str) -> AWSResponse:
    """Too many calls at once."""
    return error(request, service, *THROTTLED[service])


def cancelled(request: AWSPreparedRequest, reason: str) -> AWSResponse:
    """A transaction cancelled because of its first item: TransactionConflict or ThrottlingError."""
    items = len(json.loads(request.body)["TransactItems"])
    reasons = [{"Code": reason, "Message": "injected"}, *({"Code": "None"} for _ in range(items - 1))]
    return error(request, "dynamodb", 400, "TransactionCanceledException", CancellationReasons=reasons)


def conflict(call: str, request: AWSPreparedRequest) -> AWSResponse | None:
    """Another transaction writes the same items; None for a call that is no transaction and cannot conflict."""
    return cancelled(request, "TransactionConflict") if call in TRANSACTIONS else None
