"""The deployed stack with a client, today's plan, and enterprises and agencies that no other test has used yet."""

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
from tests.support.backend import routes
from tests.support.contract import check_answer

Json = dict[str, Any]
TOTAL_FEN = 100_000_000
# one session for all clients, because reading a service's model takes longer than a call
SESSION = boto3.Session()


class DocumentedClient(HttpClient):
    """The client of the journeys: each answer to a call of a route must be one that the API's document has."""

    def send(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> Reply:
        """One request; raises Undocumented for an answer that the document does not have."""
        reply = super().send(method, path, data, headers)
        # as in API Gateway, a path that is spelt out comes before an id
        found = [route.path for route in routes() if route.matches(route.method, path.partition("?")[0]) is not None]
        if found and any(route.method == method for route in routes() if route.path == found[0]):
            check_answer(method, found[0], reply)
        return reply


@dataclass(frozen=True)
class Deployment:
    """The deployed stack, used from outside: over HTTP, and with AWS clients."""

    stack: Stack
    client: HttpClient
    scheduled: ScheduledFunctions
    plan: Plan
    enterprises: Iterator[Enterprise]
    agencies: Iterator[Agency]
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def aws(self, service: str, key: dict[str, str] | None = None, **more: Any) -> Any:
        """An AWS client of the stack, with the root key if no other key is given."""
        address = {"region_name": self.stack.region, "endpoint_url": self.stack.aws_endpoint_url}
        credentials = {name.lower(): value for name, value in (key or ROOT_KEY).items()}
        return SESSION.client(service, **address, **credentials, **more)

    def resources(self) -> dict[str, str]:
        """Logical → physical name of every resource; where both stacks use a name, that of the stack `Data`."""
        cloudformation = self.aws("cloudformation")

        def named(stack: str) -> dict[str, str]:
            resources = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
            return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources}

        main = named(self.stack.stack_name)
        return main | named(main["Data"])

    def send(self, method: str, path: str, data: bytes | None = None, token: str | None = None) -> Reply:
        """One request with exactly this body and this bearer token."""
        return self.client.send(method, path, data, {"Authorization": f"Bearer {token}"} if token else {})

    def get(self, person: Person | None, path: str) -> Json:
        """The body of a GET, which must succeed."""
        return steps.expect(self.client.call(person, "GET", path), 200)

    def add_draft_enterprise(self) -> Enterprise:
        """Register an enterprise that is on no list; it is a draft without documents."""
        enterprise = next(self.enterprises)
        steps.expect(
            self.client.call(owner_of(enterprise.uscc), "POST", "/enterprises", enterprise.registration()), 201
        )
        return enterprise

    def add_approved_enterprise(self) -> Enterprise:
        """Register an enterprise that is on no list, with its six documents, and approve it."""
        enterprise = next(self.enterprises)
        documents = enterprise_documents(enterprise, self.plan.today)
        steps.register_enterprise(self.client, owner_of(enterprise.uscc), enterprise.registration(), documents)
        steps.expect(steps.review_enterprise(self.client, enterprise.uscc), 200)
        return enterprise

    def open_batch(self, amount_fen: int, short: bool = False) -> Json:
        """A published batch; its vouchers are valid for forty days, with `short` until tomorrow."""
        until = self.plan.short_valid_until if short else self.plan.long_valid_until
        name = f"第{next(self.numbers)}批"
        draft = steps.batch_draft(name, amount_fen, self.plan.opens_at, self.plan.closes_at, until)
        return steps.open_batch(self.client, self.plan.year, draft)

    def grab(self, batch: Json, enterprise: Enterprise) -> Json:
        """An enterprise grabs from a batch; the voucher."""
        path, body = f"/batches/{batch['batch_id']}/vouchers", {"enterprise_uscc": enterprise.uscc}
        return steps.expect(self.client.call(owner_of(enterprise.uscc), "POST", path, body), 201)

    def inbox(self, uscc: str) -> list[Json]:
        """The messages in the inbox of an organisation's owner."""
        items: list[Json] = self.get(owner_of(uscc), "/inbox?limit=100")["items"]
        return items


# a city of its own: the organisations of seed 7 are the examples in the API's document, and one test sends them all
SEED = 3


def deployment_of(stack: Stack, seed: int = SEED) -> Deployment:
    """A deployment with a new plan; nobody is registered and no year is open yet. Another seed gives others."""
    plan, more = (Plan(each, datetime.now(UTC)) for each in (seed, seed + 1000))
    usual = (*plan.enterprises, *more.enterprises)
    enterprises = (each for each in usual if each.expected_refusal is None and not each.on_lists)
    agencies = (each for each in plan.agencies if each.expected_refusal is None)
    return Deployment(stack, DocumentedClient(asdict(stack)), ScheduledFunctions(stack), plan, enterprises, agencies)
