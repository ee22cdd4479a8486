"""Answers of DynamoDB that its local engine never gives: a conflict, a throttle, a failure inside AWS."""

import json
from collections.abc import Iterator

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

TRANSACTIONS = {"TransactWriteItems", "TransactGetItems"}


class _Body:
    """The part of a urllib3 answer that botocore reads."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


def operation(request: AWSPreparedRequest) -> str:
    """The operation of a request, such as TransactWriteItems."""
    target = request.headers["X-Amz-Target"]
    return (target.decode() if isinstance(target, bytes) else str(target)).rpartition(".")[2]


def answer(request: AWSPreparedRequest, status: int, code: str, **more: object) -> AWSResponse:
    """An error as DynamoDB words it."""
    content = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "injected", **more}
    headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "injected"}
    return AWSResponse(request.url, status, headers, _Body(json.dumps(content).encode()))


def cancelled(request: AWSPreparedRequest, reason: str) -> AWSResponse:
    """A transaction cancelled because of its first item: TransactionConflict or ThrottlingError."""
    items = len(json.loads(request.body)["TransactItems"])
    reasons = [{"Code": reason, "Message": "injected"}, *({"Code": "None"} for _ in range(items - 1))]
    return answer(request, 400, "TransactionCanceledException", CancellationReasons=reasons)


def conflict(request: AWSPreparedRequest) -> AWSResponse | None:
    """Somebody else is writing the same items; None for a plain read, which never conflicts."""
    return cancelled(request, "TransactionConflict") if operation(request) in TRANSACTIONS else None
