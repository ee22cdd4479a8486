"""What each function asks of AWS while the tests run, beside what its policy in template.yaml allows: moto lets
everybody do everything, and the journeys try permissions, but go only some of the ways through a handler."""

from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import Any

from botocore.client import BaseClient

from tests.infra.templates import FUNCTIONS, Permission, permissions_by_policy
from tests.support.backend import RUNNING

USED: defaultdict[str, set[Permission]] = defaultdict(set)
MISSING: list[str] = []
KINDS = {
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
TABLE_CALLS = {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "BatchGetItem", "Query", "Scan"}
FILE_CALLS = {"GetObject", "PutObject", "DeleteObject", "CopyObject", "ListObjectVersions"}
# tests/conftest.py has one for all of them
KEYS = ("BankAccountsKey", "MailboxKey", "AccountMatchingKey")

Json = dict[str, Any]
Options = tuple[Permission, ...]


@cache
def allowed(folder: str) -> frozenset[Permission]:
    """What the policy of the function in a folder allows; also below a prefix of the bucket."""
    [function] = [each for each in FUNCTIONS.values() if each["CodeUri"] == f"functions/{folder}/"]
    return permissions_by_policy(function)


def listen(client: BaseClient) -> None:
    """Hear of each call of a client from now on, and of each link that it signs."""
    if client.meta.service_model.service_name == "s3":
        for name, operation in (("generate_presigned_post", "PutObject"), ("generate_presigned_url", "GetObject")):
            setattr(client, name, _heard(getattr(client, name), operation))
    ask = client._make_api_call

    def heard(operation: str, request: Json) -> Any:
        note(operation, request)
        return ask(operation, request)

    client.__dict__["_make_api_call"] = heard


def _heard(sign: Callable[..., Any], operation: str) -> Callable[..., Any]:
    def signed(*given: Any, **more: Any) -> Any:
        request = more.get("Params") or {"Key": more.get("Key") or given[1]}
        note(operation, request)
        return sign(*given, **more)

    return signed


def note(operation: str, request: Json) -> None:
    """A call by the function that runs; by a test itself it is nobody's."""
    if not RUNNING:
        return
    for options in needed(operation, request):
        found = [each for each in options if each in allowed(RUNNING[-1])]
        USED[RUNNING[-1]].update(found)
        if not found:
            MISSING.append(f"{RUNNING[-1]} may not {options}")


def needed(operation: str, request: Json) -> list[Options]:
    """The permissions that a call needs; of each tuple one."""
    if "Transact" in operation or operation in TABLE_CALLS:
        return _of_tables(operation, request)
    if operation in FILE_CALLS:
        return _of_files(operation, request)
    if operation == "SendMessageBatch":
        return [(("sqs:SendMessage", f"{request['QueueUrl'].rpartition('/')[2].title().replace('_', '')}Queue"),)]
    if operation == "GetSecretValue":
        return [(("secretsmanager:GetSecretValue", "WebhookKeys"),)]
    return [tuple((f"kms:{operation}", key) for key in KEYS)]


def _of_tables(operation: str, request: Json) -> list[Options]:
    parts = [next(iter(each.items())) for each in request.get("TransactItems", ())]
    if parts:
        return [_table(KINDS[kind], part["TableName"]) for kind, part in parts]
    if operation == "BatchGetItem":
        return [_table(operation, table) for table in request["RequestItems"]]
    return [_table(operation, request["TableName"], "/index" if "IndexName" in request else "")]


def _of_files(operation: str, request: Json) -> list[Options]:
    if operation == "ListObjectVersions":
        return [(("s3:ListBucketVersions", "Documents"),)]
    if operation == "CopyObject":
        return [*_of_files("GetObject", request["CopySource"]), *_of_files("PutObject", request)]
    folders = request["Key"].split("/")[:-1]
    # the bucket of this ring keeps no versions
    actions = (f"s3:{operation}", f"s3:{operation}Version")
    return [tuple((action, "/".join(folders[:depth])) for action in actions for depth in range(1, len(folders) + 1))]


def _table(action: str, table: str, below: str = "") -> Options:
    return ((f"dynamodb:{action}", f"{table.title()}{below}"),)
