"""Who may call what, generated from the API's document: every operation, by every kind of caller, on a thing that they
may act on, on somebody else's, and on one that nothing has.

Nothing of it may write. Who has no token is refused by the gateway, before anything is looked for. That a caller may
take a step is shown by what they are told of an unknown thing: that it does not exist, and not that they may not.
"""

import json
from typing import Any

import pytest

from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO, Person
from tests.support.calls.call import STAFF, Call
from tests.support.calls.everything import Everything
from tests.support.calls.unknown import unknown_body, unknown_path
from tests.support.contract import document
from tests.support.scenario import NEIGHBOUR, OWNER, RIVAL, SELLER, STRANGER
from tests.support.snapshots import everything_kept, upload_again

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OPERATIONS = {
    f"{method} {path}": operations[method.lower()]
    for path, operations in document()["paths"].items()
    for method in METHODS
    if method.lower() in operations
}
PEOPLE = {
    "nobody": None,
    "stranger": STRANGER,
    "enterprise": OWNER,
    "another enterprise": NEIGHBOUR,
    "agency": SELLER,
    "another agency": RIVAL,
    **{role: Person(f"{role}-other", role) for role in STAFF},
}
EVERYBODY, SIGNED_IN = "everybody, without a token", "anybody signed in"
BOTH_PARTIES = {"members of the agency", "members of the enterprise"}
# the first call numbers the file and fixes what is in it
WRITES = "GET /rounds/{round_id}/payout-file"
NOT_IN = {"UNAUTHENTICATED", "ROLE_REQUIRED", "NOT_FOUND"}


def expected(operation: dict[str, Any], call: Call, person: Person | None) -> set[str]:
    """The codes one of which tells a person that they may not; empty if they may."""
    callers = set(operation["x-roles"])
    roles, members = callers & set(STAFF), {each for each in callers if each.startswith("members")}
    if EVERYBODY in callers:
        return set()
    if person is None:
        return {"UNAUTHENTICATED"}
    parties = (OWNER,) if call.path.startswith(("/organisations/", "/claims/")) else (OWNER, SELLER)
    parties = (SELLER,) if call.path.startswith("/complaints/") else parties
    is_party = person == call.person or (members == BOTH_PARTIES and "?" not in call.path and person in parties)
    is_staff = person.role in roles or (bool(person.role) and "staff" in callers)
    if is_staff or (members and is_party) or any(each.startswith(SIGNED_IN) for each in callers):
        return set()
    return {code for code, asked in (("NOT_FOUND", members), ("ROLE_REQUIRED", roles)) if asked}


@pytest.mark.parametrize("name", PEOPLE)
def test_a_caller_is_let_in_exactly_where_the_document_says_so(
    everything: Everything, name: str, subtests: pytest.Subtests
) -> None:
    upload_again("everything")
    before, world, person = everything_kept(), everything.town.world, PEOPLE[name]
    for route, operation in OPERATIONS.items():
        method, call = route.partition(" ")[0], everything.calls[route]
        refusals = expected(operation, call, person)
        with subtests.test(route):
            if refusals or (method == "GET" and route != WRITES):
                code = world.call(person, method, call.path, call.body, call.key).code
                assert code in refusals if refusals else code not in NOT_IN
    assert everything_kept() == before


@pytest.mark.parametrize("name", [name for name, person in PEOPLE.items() if person])
def test_an_unknown_thing_is_not_found_by_whoever_would_be_let_in(
    everything: Everything, name: str, subtests: pytest.Subtests
) -> None:
    before, world, person = everything_kept(), everything.town.world, PEOPLE[name]
    for route, operation in OPERATIONS.items():
        method, call = route.partition(" ")[0], everything.calls[route]
        path, body = unknown_path(path_of(route), call.path), unknown_body(call.body)
        if (path, body) == (call.path, call.body):
            continue
        with subtests.test(route):
            reply = world.call(person, method, path, body, call.key)
            assert reply.code in (expected(operation, call, person) or {"NOT_FOUND"}), reply.body
            if reply.code == "ROLE_REQUIRED":
                assert set(operation["x-roles"]) & {*STAFF, "oversight"} == set(reply.body["roles"])
    assert everything_kept() == before


def path_of(route: str) -> str:
    """The path pattern of a route."""
    return route.partition(" ")[2]


# what everybody reads of, and the fields in it that are for staff, for the parties, or for the store alone
DATA = {"programmes", "batches", "products", "register", "notices"}
ONLY_INSIDE = {
    *("created_by", "confirmed_by", "published_by", "pending", "members", "steps", "shards", "guess_fen"),
    *("batch_shards", "yearly_shards", "seq", "drawn", "request_sha256", "last_by", "revision", "submitters"),
}


def names_in(tree: Any) -> set[str]:
    """The names of all fields of an answer, however deep."""
    if isinstance(tree, dict):
        return {*tree, *(name for each in tree.values() for name in names_in(each))}
    return {name for each in tree for name in names_in(each)} if isinstance(tree, list) else set()


def test_no_public_answer_names_a_person_or_what_is_not_for_the_public(
    everything: Everything, subtests: pytest.Subtests
) -> None:
    people = {each.name for each in (OWNER, SELLER, BUREAU, OPERATOR, OPERATOR_TWO, FINANCE)}
    public = [name for name, each in OPERATIONS.items() if each.get("security") == [] and name.startswith("GET ")]
    read = [name for name in public if path_of(name).partition("/")[2].partition("/")[0] in DATA]
    assert len(read) >= 11
    for route in read:
        with subtests.test(route):
            body = everything.town.world.call(None, "GET", everything.calls[route].path).body
            assert not [name for name in people if f'"{name}"' in json.dumps(body)]
            assert names_in(body) & ONLY_INSIDE == set()


def test_every_operation_has_a_row_and_no_row_is_of_none(everything: Everything) -> None:
    assert set(everything.calls) == set(OPERATIONS)
