"""The backend on moto as whoever operates it sees it: a deployed stack, with tables that can be restored."""

from pathlib import Path
from typing import Any

import boto3

from infra.operate import __main__ as command
from infra.operate.deployed import FUNCTION, KMS_KEY, QUEUE, SECRET, TABLE, Deployed
from tests.support.backend import QUEUES, table_definitions

RESTORABLE = {"PointInTimeRecoveryEnabled": True}


def operated() -> Deployed:
    """The stack of this test."""
    tables, queues, keys = boto3.client("dynamodb"), boto3.client("sqs"), boto3.client("kms")
    for word in table_definitions():
        tables.update_continuous_backups(TableName=word, PointInTimeRecoverySpecification=RESTORABLE)
    urls = {}
    for word in QUEUES:
        name = "".join(part.capitalize() for part in word.split("_"))
        urls[f"{name}Queue"] = queues.get_queue_url(QueueName=word)["QueueUrl"]
        urls[f"{name}DeadLetters"] = queues.create_queue(QueueName=f"{name}DeadLetters")["QueueUrl"]
    urls["NightsDeadLetters"] = queues.create_queue(QueueName="NightsDeadLetters")["QueueUrl"]
    on = Deployed("voucher", boto3.Session())
    on.__dict__["resources"] = {
        TABLE: {f"{word.capitalize()}Table": word for word in table_definitions()},
        QUEUE: urls,
        FUNCTION: {"Sweep": "voucher-Sweep"},
        SECRET: {"WebhookKeys": "keys"},
        KMS_KEY: {name: keys.create_key()["KeyMetadata"]["KeyId"] for name in ("BankAccountsKey", "MailboxKey")},
    }
    return on


def operate(on: Deployed, folder: Path, *words: str) -> Any:
    """Run one command on this stack. Raises NotPossible."""
    given = command.arguments(["--state", str(folder / "closed.json"), *words])
    return command.ANSWERS[given.command][0](on, given)
