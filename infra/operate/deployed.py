"""Knows a deployed stack: its tables, queues, functions, API and schedules, by their names in the templates."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3

from infra.local import stack as local

TABLE, QUEUE, FUNCTION = "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::Lambda::Function"
SECRET, KMS_KEY = "AWS::SecretsManager::Secret", "AWS::KMS::Key"
SCHEDULE, REST_API, NESTED = "AWS::Scheduler::Schedule", "AWS::ApiGateway::RestApi", "AWS::CloudFormation::Stack"
DEAD_LETTERS = "DeadLetters"


class NotPossible(Exception):
    """What was asked for cannot be done now; the message says why, and nothing was changed."""


@dataclass(frozen=True)
class Deployed:
    """A stack, and how AWS is reached. `endpoint` is None on AWS itself."""

    name: str
    session: Any
    endpoint: str | None = None

    def client(self, service: str) -> Any:
        """A client of one AWS service."""
        return self.session.client(service, endpoint_url=self.endpoint)

    @cached_property
    def resources(self) -> dict[str, dict[str, str]]:
        """Type → logical name → physical name, of the stack and the stacks in it."""
        found: dict[str, dict[str, str]] = {}
        for kind, logical, physical in self._resources_of(self.name):
            found.setdefault(kind, {})[logical] = physical
        return found

    def _resources_of(self, stack: str) -> Iterator[tuple[str, str, str]]:
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        for each in (each for page in pages for each in page["StackResourceSummaries"]):
            physical = each.get("PhysicalResourceId", "")
            yield each["ResourceType"], each["LogicalResourceId"], physical
            if each["ResourceType"] == NESTED:
                yield from self._resources_of(physical)

    def of(self, kind: str) -> Mapping[str, str]:
        """Logical → physical name of all resources of one type."""
        return self.resources.get(kind, {})

    @cached_property
    def tables(self) -> dict[str, str]:
        """Word of a table (`registry`, …) → its name."""
        return {logical.removesuffix("Table").lower(): name for logical, name in self.of(TABLE).items()}

    def function(self, logical: str) -> str:
        """The name of a function. Raises NotPossible if the stack has none such."""
        if logical not in self.of(FUNCTION):
            raise NotPossible(f"{self.name} has no function {logical}")
        return self.of(FUNCTION)[logical]

    def queue(self, logical: str) -> str:
        """The URL of a queue. Raises NotPossible if the stack has none such."""
        if logical not in self.of(QUEUE):
            known = sorted(name for name in self.of(QUEUE) if name.endswith(DEAD_LETTERS))
            raise NotPossible(f"{self.name} has no queue {logical}; it has {', '.join(known)}")
        return self.of(QUEUE)[logical]

    def name_tables_for_the_store(self) -> None:
        """Let `voucher.store` of this process read this stack's tables."""
        os.environ.update({f"{word.upper()}_TABLE": name for word, name in self.tables.items()})
        if self.endpoint:
            os.environ["AWS_ENDPOINT_URL"] = self.endpoint
        credentials = self.session.get_credentials().get_frozen_credentials()
        os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"] = credentials[:2]
        if credentials.token:
            os.environ["AWS_SESSION_TOKEN"] = credentials.token
        os.environ["AWS_DEFAULT_REGION"] = self.session.region_name


def on_aws(name: str) -> Deployed:
    """A stack in the account and region of the caller's own settings."""
    return Deployed(name, boto3.Session())


def on_this_machine(running: local.Stack) -> Deployed:
    """The local stack."""
    return Deployed(running.stack_name, local.session(), running.aws_endpoint_url)
