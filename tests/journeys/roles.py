"""The real permissions of a deployed function's role, found by trying each action with the role's own key.

Every try is harmless: a write has the condition that an unknown item exists, a message is delayed for longer than the
stack lives. An action that fails by its condition was allowed.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from infra.local.emulator import REGION
from tests.infra.templates import Permission
from tests.journeys.deployment import Deployment

TABLES = ("Registry", "Vouchers", "Orders", "Settlements", "Supervision", "Audit")
# …and those without an index
PLAIN_TABLES = ("Requests", "Reports")
# …and that of the mailbox, which has an index and hardly a reader
MAILBOX = "Mailbox"
PREFIXES = (
    "documents/claims",
    "documents/complaints",
    "documents/enterprises",
    "documents/agencies",
    "documents/settlements",
    "documents/inspections",
    "documents/activities",
    "uploads/claims",
    "uploads/complaints",
    "uploads/enterprises",
    "uploads/agencies",
    "uploads/settlements",
    "uploads/inspections",
    "uploads/activities",
    "inspections",
    "payout-files",
    "yearly-files",
    "mailbox",
    "lists",
    "rows",
    "elsewhere",
)
QUEUES = (
    "NotifyQueue",
    "VoidVouchersQueue",
    "CloseYearQueue",
    "EndOrdersQueue",
    "ImportListQueue",
    "KeepAuditQueue",
    "KeepReportsQueue",
    "RetentionQueue",
    "WebhookQueue",
)
DEAD_LETTERS = (
    "NotifyDeadLetters",
    "VoidVouchersDeadLetters",
    "CloseYearDeadLetters",
    "EndOrdersDeadLetters",
    "ImportListDeadLetters",
    "KeepAuditDeadLetters",
    "KeepReportsDeadLetters",
    "RetentionDeadLetters",
    "WebhookDeadLetters",
    "RelayDeadLetters",
)
DENIED = {"AccessDenied", "AccessDeniedException"}
ALLOWED = {
    "ConditionalCheckFailedException",
    "TransactionCanceledException",
    "NoSuchKey",
    "NoSuchVersion",
    "InvalidCiphertextException",
}
KEY = {"pk": {"S": "NOTHING"}, "sk": {"S": "NOTHING"}}
IF_THERE = "attribute_exists(pk)"
ONE_KEY = {"KeyConditionExpression": "pk = :k", "ExpressionAttributeValues": {":k": {"S": "NOTHING"}}}
ONE_LIST = {"KeyConditionExpression": "index_key = :k", "ExpressionAttributeValues": {":k": {"S": "NOTHING"}}}

Try = Callable[[], Any]


def key_of(deployment: Deployment, role: str) -> dict[str, str]:
    """Credentials of a role; the emulator's root may take any."""
    arn = full_name("iam", f"role/{role}", region="")
    credentials = deployment.aws("sts").assume_role(RoleArn=arn, RoleSessionName="journeys")["Credentials"]
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


def permissions(deployment: Deployment, resources: dict[str, str], function: str) -> frozenset[Permission]:
    """Every (action, resource) of those tried that the role of `function` is allowed."""
    key = key_of(deployment, resources[f"{function}Role"])
    tries = [
        *table_tries(deployment.aws("dynamodb", key), resources),
        *file_tries(deployment.aws("s3", key), resources["Documents"]),
        *queue_tries(deployment.aws("sqs", key), resources),
        *secret_tries(deployment.aws("kms", key), resources),
        *webhook_tries(deployment.aws("secretsmanager", key), resources["WebhookKeys"]),
    ]
    return frozenset(permission for permission, attempt in tries if is_allowed(attempt))


def is_allowed(attempt: Try) -> bool:
    """True if IAM allowed the call. Raises errors that have nothing to do with permissions."""
    try:
        attempt()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in DENIED:
            return False
        if code not in ALLOWED:
            raise
    return True


def table_tries(client: Any, resources: dict[str, str]) -> Iterator[tuple[Permission, Try]]:
    """Each action on each table, and queries of its index."""
    for word in (*TABLES, *PLAIN_TABLES, MAILBOX):
        name = resources[f"{word}Table"]
        key, item = {"TableName": name, "Key": KEY}, {"TableName": name, "Item": KEY}
        check = {"TransactItems": [{"ConditionCheck": {**key, "ConditionExpression": IF_THERE}}]}
        calls = {
            "GetItem": partial(client.get_item, **key),
            "BatchGetItem": partial(client.batch_get_item, RequestItems={name: {"Keys": [KEY]}}),
            "Query": partial(client.query, TableName=name, **ONE_KEY),
            "Scan": partial(client.scan, TableName=name, Limit=1),
            "PutItem": partial(client.put_item, **item, ConditionExpression=IF_THERE),
            "UpdateItem": partial(client.update_item, **key, ConditionExpression=IF_THERE),
            "DeleteItem": partial(client.delete_item, **key, ConditionExpression=IF_THERE),
            "ConditionCheckItem": partial(client.transact_write_items, **check),
        }
        yield from (((f"dynamodb:{action}", word), call) for action, call in calls.items())
        if word not in PLAIN_TABLES:
            by_list = partial(client.query, TableName=name, IndexName="by_newest", **ONE_LIST)
            yield ("dynamodb:Query", f"{word}/index"), by_list


def file_tries(client: Any, bucket: str) -> Iterator[tuple[Permission, Try]]:
    """Reading, writing and deleting under each prefix of the bucket, and listing it."""
    for prefix in PREFIXES:
        object_args = {"Bucket": bucket, "Key": f"{prefix}/nothing"}
        yield ("s3:GetObject", prefix), partial(client.get_object, **object_args)
        yield ("s3:GetObjectVersion", prefix), partial(client.get_object, **object_args, VersionId="nothing")
        yield ("s3:PutObject", prefix), partial(client.put_object, **object_args, Body=b"")
        yield ("s3:DeleteObject", prefix), partial(client.delete_object, **object_args)
        yield ("s3:DeleteObjectVersion", prefix), partial(client.delete_object, **object_args, VersionId="nothing")
    yield ("s3:ListBucketVersions", "Documents"), partial(client.list_object_versions, Bucket=bucket, Prefix="nothing")
    yield ("s3:ListBucket", "Documents"), partial(client.list_objects_v2, Bucket=bucket)


def queue_tries(client: Any, resources: dict[str, str]) -> Iterator[tuple[Permission, Try]]:
    """Sending to each queue."""
    for word in (*QUEUES, *DEAD_LETTERS):
        request = {"QueueUrl": resources[word], "MessageBody": "{}", "DelaySeconds": 900}
        yield ("sqs:SendMessage", word), partial(client.send_message, **request)


def secret_tries(client: Any, resources: dict[str, str]) -> Iterator[tuple[Permission, Try]]:
    """Using the keys that seal bank accounts and letters, and that by which equal accounts are found."""
    for word in ("BankAccountsKey", "MailboxKey"):
        key_id = resources[word]
        yield ("kms:Encrypt", word), partial(client.encrypt, KeyId=key_id, Plaintext=b"0")
        yield ("kms:Decrypt", word), partial(client.decrypt, KeyId=key_id, CiphertextBlob=b"0")
        request = {"KeyId": key_id, "KeySpec": "AES_256"}
        yield ("kms:GenerateDataKey", word), partial(client.generate_data_key, **request)
    request = {"KeyId": resources["AccountMatchingKey"], "MacAlgorithm": "HMAC_SHA_256", "Message": b"0"}
    yield ("kms:GenerateMac", "AccountMatchingKey"), partial(client.generate_mac, **request)


def webhook_tries(client: Any, secret: str) -> Iterator[tuple[Permission, Try]]:
    """Reading what signs messages to the webhook, and changing it."""
    yield ("secretsmanager:GetSecretValue", "WebhookKeys"), partial(client.get_secret_value, SecretId=secret)


def decisions_of(client: Any, role: str, actions: list[str], resource: str) -> dict[str, str]:
    """IAM's decision on each action of a role on one resource; the action itself is not done."""
    arn = full_name("iam", f"role/{role}", region="")
    answer = client.simulate_principal_policy(PolicySourceArn=arn, ActionNames=actions, ResourceArns=[resource])
    return {each["EvalActionName"]: each["EvalDecision"] for each in answer["EvaluationResults"]}


def full_name(service: str, name: str, region: str = REGION) -> str:
    """The ARN of one thing in the emulator's account."""
    return f"arn:aws:{service}:{region}:000000000000:{name}"


def full_names(resources: dict[str, str], function: str) -> dict[str, list[str]]:
    """Service → full names of what the stack has of it; of functions and roles the function's own."""
    role_arn = full_name("iam", f"role/{resources[f'{function}Role']}", region="")
    bucket = f"arn:aws:s3:::{resources['Documents']}"
    queues = [resources[word].rpartition("/")[2] for word in (*QUEUES, *DEAD_LETTERS)]
    return {
        "dynamodb": [
            full_name("dynamodb", f"table/{resources[f'{word}Table']}") for word in (*TABLES, *PLAIN_TABLES, MAILBOX)
        ],
        "iam": [role_arn],
        "kms": [
            full_name("kms", f"key/{resources[word]}")
            for word in ("BankAccountsKey", "AccountMatchingKey", "MailboxKey")
        ],
        "lambda": [full_name("lambda", f"function:{resources[function]}")],
        "s3": [bucket, *(f"{bucket}/{prefix}/nothing" for prefix in PREFIXES)],
        "sqs": [full_name("sqs", name) for name in queues],
        "sts": [role_arn],
    }
