"""The table of actions says who takes each step, and with which call, as the handlers and the machines have it."""

import pytest
from pydantic import BaseModel

from infra.pages.handlers import ANYBODY, STAFF, handlers
from tests.support.actions import FOLLOWING
from tests.support.backend import ROOT, routes
from voucher.actions import ACTIONS
from voucher.hands import FREE, STEPS
from voucher.lifecycles import LIFECYCLES
from voucher.models.base import allowed_actions_schema
from voucher.models.batches import PublicBatch
from voucher.models.enterprises import EnterpriseWithDocuments
from voucher.models.orders import Order
from voucher.models.payables import PublicPayable
from voucher.models.products import ProductOnSale
from voucher.models.settlements import PublicLine

EVERY = {
    f"{each.method} {each.path}": each
    for folder in sorted((ROOT / "functions").iterdir())
    if (folder / "app.py").exists()
    for each in handlers(folder)
}
PUBLIC = {f"{route.method} {route.path}" for route in routes() if route.public}
PARTIES = {
    "members of the enterprise": {"enterprise"},
    "members of the agency": {"agency"},
    "members of either party": {"enterprise", "agency"},
    ANYBODY: {"user"},
}
# what begins a thing, and what writes nothing of a record with a state
BEGINNING = {
    "POST /enterprises",
    "POST /agencies",
    "POST /products",
    "POST /programmes",
    "POST /reports/{year}/yearly-files",
    "POST /programmes/{year}/batches",
    "POST /lists/{kind}/{year}/imports",
    "POST /batches/{batch_id}/vouchers",
    "POST /orders",
    "POST /orders/quote",
    "POST /inbox/{message_id}/read",
    "POST /objections/{objection_id}/answer",
    "POST /complaints",
    "POST /complaints/{complaint_id}/answer",
    "POST /staff/complaints",
    "POST /mailbox/answer",
    "POST /letters/{letter_id}/answer",
    "POST /letters/{letter_id}/hand-over",
    # who is in an organisation is a matter of its owners, and moves it into no other state
    "POST /organisations/{uscc}/invitations",
    "POST /organisations/{uscc}/invitations/{invitation_id}/withdraw",
    "POST /invitations/accept",
    "POST /organisations/{uscc}/members/{member_id}/remove",
    "POST /organisations/{uscc}/leave",
    "POST /organisations/{uscc}/claims",
    "POST /activities",
    "POST /inspections",
    "POST /inspections/{inspection_id}/documents",
}


def who(route: str) -> set[str]:
    """Whom the handler of a route lets in, by the words of the table."""
    callers = EVERY[route].callers or (() if route in PUBLIC else (ANYBODY,))
    named = {word for caller in callers for word in PARTIES.get(caller, {caller.strip("`")})}
    return named or {"public"}


def calls() -> dict[str, set[str]]:
    """Call → by whom, over the whole table."""
    found: dict[str, set[str]] = {}
    for actions in ACTIONS.values():
        for steps in actions.values():
            for step in steps:
                found.setdefault(step.call, set()).add(step.by)
    return found


def test_every_step_of_a_machine_is_a_callers_action_or_follows_from_another() -> None:
    assert ACTIONS.keys() == LIFECYCLES.keys()
    for thing, actions in ACTIONS.items():
        assert not actions.keys() & FOLLOWING[thing]
        assert actions.keys() | FOLLOWING[thing] == LIFECYCLES[thing].keys(), thing


@pytest.mark.parametrize("call", sorted(calls()))
def test_a_call_is_open_to_exactly_those_who_the_table_says_take_steps_by_it(call: str) -> None:
    assert who(call) - {STAFF} == calls()[call]


def test_every_route_that_writes_takes_a_step_of_the_table_or_begins_a_thing() -> None:
    writing = {name for name in EVERY if not name.startswith("GET ")}
    assert writing == calls().keys() | BEGINNING


def test_every_route_that_writes_is_a_step_about_whose_hands_somebody_has_decided() -> None:
    """A new one fails here until it stands in the table of the four eyes, or is free by decision."""
    writing = {name for name in EVERY if not name.startswith("GET ")}
    assert writing == FREE | {call for step in STEPS.values() for call in step.calls}


@pytest.mark.parametrize("thing", ACTIONS)
def test_the_schema_of_a_thing_names_its_actions_callers_and_calls(thing: str) -> None:
    schema = allowed_actions_schema(thing)
    assert schema is not None
    properties = schema["items"]["properties"]
    steps = [step for ways in ACTIONS[thing].values() for step in ways]
    assert properties["action"]["enum"] == list(ACTIONS[thing])
    assert set(properties["by"]["enum"]) == {step.by for step in steps}
    assert set(properties["call"]["enum"]) == {step.call for step in steps}


@pytest.mark.parametrize("kind", [Order, PublicLine, PublicBatch, PublicPayable, EnterpriseWithDocuments])
def test_the_schema_of_a_record_and_of_its_views_has_them(kind: type[BaseModel]) -> None:
    schema = kind.model_json_schema(mode="serialization")
    assert "allowed_actions" in schema["required"]
    assert schema["properties"]["allowed_actions"]["items"]["required"] == ["action", "by", "call"]


def test_what_the_public_sees_of_a_product_has_none() -> None:
    assert "allowed_actions" not in ProductOnSale.model_json_schema(mode="serialization")["properties"]
