"""Where the journeys go: the deployed stack, today's plan, and firms that no other test has used yet."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import boto3

from infra.city.agencies import Agency
from infra.city.document_files import enterprise_documents
from infra.city.enterprises import Enterprise
from infra.client import steps
from infra.client.http import HttpClient, Person, Reply
from infra.demo.plan import Plan, owner_of
from infra.demo.scheduled import ScheduledFunctions
from infra.local.emulator import ROOT_KEY
from infra.local.stack import Stack

Json = dict[str, Any]
TOTAL_FEN = 100_000_000
# One for all: reading a service's model takes longer than a call.
SESSION = boto3.Session()


@dataclass(frozen=True)
class Place:
    """The deployed stack, seen from outside."""

    stack: Stack
    client: HttpClient
    night: ScheduledFunctions
    plan: Plan
    firms: Iterator[Enterprise]
    agencies: Iterator[Agency]
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def aws(self, service: str, key: dict[str, str] | None = None, **more: Any) -> Any:
        """An AWS client of the stack, with the root key unless another is given."""
        where = {"region_name": self.stack.region, "endpoint_url": self.stack.aws_endpoint_url}
        credentials = {name.lower(): value for name, value in (key or ROOT_KEY).items()}
        return SESSION.client(service, **where, **credentials, **more)

    def resources(self) -> dict[str, str]:
        """Logical → physical name of everything; where both stacks use a name, that of what keeps state."""
        cloudformation = self.aws("cloudformation")

        def named(stack: str) -> dict[str, str]:
            listed = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
            return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}

        main = named(self.stack.stack_name)
        return main | named(main["Data"])

    def send(self, method: str, path: str, data: bytes | None = None, token: str | None = None) -> Reply:
        """One request with exactly this body, and this value after the word Bearer."""
        return self.client.send(method, path, data, {"Authorization": f"Bearer {token}"} if token else {})

    def shown(self, person: Person | None, path: str) -> Json:
        """What a GET shows."""
        return steps.expect(self.client.call(person, "GET", path), 200)

    def drafted_firm(self) -> Enterprise:
        """An enterprise on no list, registered, without documents."""
        firm = next(self.firms)
        steps.expect(self.client.call(owner_of(firm.uscc), "POST", "/enterprises", firm.registration()), 201)
        return firm

    def approved_firm(self) -> Enterprise:
        """An enterprise on no list, registered with its six documents and approved."""
        firm = next(self.firms)
        documents = enterprise_documents(firm, self.plan.today)
        steps.register_enterprise(self.client, owner_of(firm.uscc), firm.registration(), documents)
        steps.expect(steps.review_enterprise(self.client, firm.uscc), 200)
        return firm

    def open_batch(self, amount_fen: int, short: bool = False) -> Json:
        """A published batch whose vouchers end in forty days, or tomorrow if it is a short one."""
        until = self.plan.short_valid_until if short else self.plan.long_valid_until
        name = f"第{next(self.numbers)}批"
        draft = steps.batch_draft(name, amount_fen, self.plan.opens_at, self.plan.closes_at, until)
        return steps.open_batch(self.client, self.plan.year, draft)

    def grab(self, batch: Json, firm: Enterprise) -> Json:
        """A firm's voucher of a batch."""
        path, claim = f"/batches/{batch['batch_id']}/vouchers", {"enterprise_uscc": firm.uscc}
        return steps.expect(self.client.call(owner_of(firm.uscc), "POST", path, claim), 201)

    def inbox(self, uscc: str) -> list[Json]:
        """The messages that the owner of an organisation finds."""
        items: list[Json] = self.shown(owner_of(uscc), "/inbox?limit=100")["items"]
        return items


def found(stack: Stack) -> Place:
    """The place as it is after a deployment: nobody is registered, no year is open."""
    plan = Plan(7, datetime.now(UTC))
    firms = (each for each in plan.enterprises if each.expected_refusal is None and not each.on_lists)
    agencies = (each for each in plan.agencies if each.expected_refusal is None)
    return Place(stack, HttpClient(asdict(stack)), ScheduledFunctions(stack), plan, firms, agencies)
