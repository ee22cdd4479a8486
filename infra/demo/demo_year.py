"""What the demo knows of its year so far: every part reads it and adds to it."""

from dataclasses import dataclass, field

from infra.city.agencies import Agency
from infra.city.enterprises import Enterprise
from infra.client.http import HttpClient, Reply
from infra.client.steps import Deal, Json, UnexpectedAnswer
from infra.demo.plan import Plan
from infra.demo.printing import print_line
from infra.demo.scheduled import ScheduledFunctions


@dataclass
class DemoYear:
    """The client and the plan, and the answers of earlier parts that later parts need."""

    client: HttpClient
    scheduled: ScheduledFunctions
    plan: Plan
    approved_enterprises: list[Enterprise] = field(default_factory=list)
    admitted_agencies: list[Agency] = field(default_factory=list)
    products: list[Json] = field(default_factory=list)
    batches: list[Json] = field(default_factory=list)
    vouchers: dict[str, Json] = field(default_factory=dict)  # by the enterprise's credit code
    orders: list[tuple[Json, Deal]] = field(default_factory=list)
    rounds: list[Json] = field(default_factory=list)

    def name_of(self, uscc: str) -> str:
        """An organisation's name by its credit code."""
        names = {each.uscc: each.name for each in self.plan.enterprises}
        names |= {each.uscc: each.name for each in self.plan.agencies}
        return names[uscc]


def print_refusal(attempt: str, reply: Reply, code: str) -> None:
    """Print a refusal with its clause and words. Raises UnexpectedAnswer if the reply is anything else."""
    if reply.code != code:
        raise UnexpectedAnswer(f"{attempt}: expected {code}, got {reply.status} {reply.body}")
    print_line(f"{attempt} → {reply.status} {code} {reply.body.get('clause', '')} {reply.body['detail']}")
