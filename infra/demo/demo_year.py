"""What the demo knows of its year so far: every part reads it and adds to it."""

from dataclasses import dataclass, field

from infra.city.agencies import Agency
from infra.city.enterprises import Enterprise
from infra.client.http import Reply
from infra.client.steps import Deal, Json, UnexpectedAnswer
from infra.demo.plan import Plan
from infra.demo.printing import print_line
from infra.demo.recorder import Recorder
from infra.demo.scheduled import ScheduledFunctions


@dataclass(frozen=True)
class Press:
    """One press on a batch's button in the rush: whose, when it was answered, and how; `after_ms` counts from the
    instant at which all pressed."""

    enterprise: Enterprise
    after_ms: float
    reply: Reply

    @property
    def granted_fen(self) -> int:
        """What it got; 0 for a refusal."""
        return int(self.reply.body["face_fen"]) if self.reply.status == 201 else 0


@dataclass
class DemoYear:
    """The client and the plan, and the answers of earlier parts that later parts need."""

    client: Recorder
    scheduled: ScheduledFunctions
    plan: Plan
    approved_enterprises: list[Enterprise] = field(default_factory=list)
    admitted_agencies: list[Agency] = field(default_factory=list)
    products: list[Json] = field(default_factory=list)
    batches: list[Json] = field(default_factory=list)
    third_batch: Json = field(default_factory=dict)  # drafted at the start, released at the end
    rush: list[Press] = field(default_factory=list)  # on the first batch, in the order of the answers
    vouchers: dict[str, Json] = field(default_factory=dict)  # by the enterprise's credit code
    orders: list[tuple[Json, Deal]] = field(default_factory=list)
    held_back: list[tuple[Json, Deal]] = field(default_factory=list)  # completed, applied for at the very end
    rounds: list[Json] = field(default_factory=list)
    reports: dict[int, Json] = field(default_factory=dict)  # programme year → its reconciliation
    open_things: dict[str, str] = field(default_factory=dict)  # what is left to do → its id

    def name_of(self, uscc: str) -> str:
        """An organisation's name by its credit code."""
        names = {each.uscc: each.name for each in self.plan.enterprises}
        names |= {each.uscc: each.name for each in [*self.plan.agencies, self.plan.late_agency]}
        names |= {each.uscc: each.name for each in self.plan.late_enterprises}
        return names[uscc]


def print_refusal(attempt: str, reply: Reply, code: str) -> None:
    """Print a refusal with its clause and words. Raises UnexpectedAnswer if the reply is anything else."""
    if reply.code != code:
        raise UnexpectedAnswer(f"{attempt}: expected {code}, got {reply.status} {reply.body}")
    print_line(f"{attempt} → {reply.status} {code} {reply.body.get('clause', '')} {reply.body['detail']}")
