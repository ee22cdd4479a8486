"""An inspection step by step: who draws, who reports, who stands for it, and what the agency says."""

from typing import Any

from infra.client import steps
from infra.client.http import OPERATOR, OPERATOR_TWO, Person, Reply
from tests.conftest import NOW
from tests.support.backend import World
from tests.support.scenario import Json

YES = {"answer": "yes"}
CHECKLIST = dict.fromkeys(("premises", "ability", "records", "fulfilment"), YES)
ANSWERS = {"as_agreed": 4, "useful": 5, "fair_price": 3, "helpful": 5, "again": 4}
VISIT = {"way": "visit", "place": "服务场所", "happened_at": NOW.isoformat(), "checklist": CHECKLIST}
CALL = {"way": "phone", "happened_at": NOW.isoformat(), "satisfaction": ANSWERS}


def draw(world: World, kind: str = "daily", person: Person = OPERATOR, key: str | None = None, **more: Any) -> Reply:
    """An attempt at a draw."""
    body = {"kind": kind, "year": 2026, "sample_size": 5, "seed": "种子", **more}
    return world.call(person, "POST", "/inspections", body, key=key)


def drawn(world: World, kind: str = "daily", person: Person = OPERATOR, **more: Any) -> Json:
    """An inspection."""
    return steps.expect(draw(world, kind, person, **more), 201)


def act(world: World, person: Person, check: Json, step: str, body: Any = None) -> Reply:
    """One step on a check."""
    return world.call(person, "POST", f"/checks/{check['check_id']}/{step}", body)


def report(world: World, check: Json, finding: str = "none", person: Person = OPERATOR, **more: Any) -> Reply:
    """What an inspector found, by a visit or by a call as the check has it."""
    words = {} if finding == "none" else {"finding_text": "台账不全"}
    found = VISIT if check["party"] == "agency" else CALL
    return act(world, person, check, "report", {**found, "finding": finding, **words, **more})


def countersign(world: World, check: Json, person: Person = OPERATOR_TWO, decision: str = "agree") -> Reply:
    """The other inspector's word."""
    return act(world, person, check, "countersign", {"decision": decision, "reason": "已现场核对"})


def found(world: World, check: Json, finding: str, **more: Any) -> Json:
    """A check on which both inspectors agree."""
    steps.expect(report(world, check, finding, **more), 200)
    return steps.expect(countersign(world, check), 200)
