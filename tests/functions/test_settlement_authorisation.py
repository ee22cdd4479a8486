"""Who may make which call of settlement, on their own things and on others': the whole matrix.

`everything` holds one of each thing in the state its call starts from; a refusal changes nothing, so every pair of
person and call is tried on the same scene. What is allowed is tried once, by a person who may.
"""

import pytest

from infra.client.http import Person
from tests.support.backend import routes
from tests.support.calls.everything import Everything
from tests.support.calls.settlement import FOLDERS
from tests.support.scenario import NEIGHBOUR, OWNER, RIVAL, SELLER, STRANGER
from tests.support.snapshots import everything_kept, upload_again

STAFF = {role: Person(f"{role}-nobody", role) for role in ("platform", "bureau", "finance", "discipline", "admin")}
PEOPLE: dict[str, Person | None] = {
    "public": None,
    "user": STRANGER,
    "own agency": SELLER,
    "other agency": RIVAL,
    "own enterprise": OWNER,
    "other enterprise": NEIGHBOUR,
    **STAFF,
}
EVERYONE = frozenset(PEOPLE)
ALL_STAFF = frozenset(STAFF)
READERS = frozenset({"platform", "bureau", "finance"})
# call → who may
MATRIX: dict[str, frozenset[str]] = {
    "POST /settlements": frozenset({"own agency"}),
    "GET /settlements/{settlement_id}": frozenset({"own agency"}) | ALL_STAFF,
    "POST /settlements/{settlement_id}/documents": frozenset({"own agency"}),
    "GET /settlements/{settlement_id}/documents": frozenset({"own agency"}) | ALL_STAFF,
    "PUT /settlements/{settlement_id}/lines/{order_id}": frozenset({"own agency"}),
    "POST /settlements/{settlement_id}/submit": frozenset({"own agency"}),
    "POST /settlements/{settlement_id}/withdraw": frozenset({"own agency"}),
    "POST /settlements/{settlement_id}/lines/{order_id}/withdraw": frozenset({"own agency"}),
    "POST /settlements/{settlement_id}/pre-review": frozenset({"platform"}),
    "POST /rounds": frozenset({"platform"}),
    "GET /rounds": READERS,
    "GET /rounds/{round_id}": READERS,
    "POST /rounds/{round_id}/approve": frozenset({"bureau"}),
    "POST /rounds/{round_id}/lines/{order_id}/withdraw": frozenset({"platform"}),
    "POST /rounds/{round_id}/notice": frozenset({"platform"}),
    "GET /notices": EVERYONE,
    "GET /notices/{notice_id}": EVERYONE,
    "GET /notices/{notice_id}/objections": READERS,
    "POST /notices/{notice_id}/objections": EVERYONE,
    "POST /notices/{notice_id}/close": frozenset({"bureau"}),
    "POST /objections/{objection_id}/resolve": frozenset({"bureau"}),
    "GET /rounds/{round_id}/payables/{agency_uscc}": frozenset({"own agency"}) | ALL_STAFF,
    "POST /rounds/{round_id}/invoices": frozenset({"own agency"}),
    "POST /rounds/{round_id}/bank-account": frozenset({"own agency"}),
    "POST /rounds/{round_id}/bank-account/review": frozenset({"platform"}),
    "POST /rounds/{round_id}/payouts": frozenset({"platform"}),
    "GET /rounds/{round_id}/payout-file": frozenset({"platform", "finance"}),
    "GET /payouts/{payout_id}": READERS,
    "POST /payouts/{payout_id}/result": frozenset({"finance"}),
    "POST /payouts/{payout_id}/return": frozenset({"finance"}),
    "POST /orders/{order_id}/recoveries": frozenset({"bureau"}),
    "POST /orders/{order_id}/recoveries/{recovery_id}/withdraw": frozenset({"bureau"}),
}
# a list of one agency's applications asks for membership, all of them for a role; both are in test_bad_input
ELSEWHERE = {"GET /settlements"}


def test_the_matrix_has_every_call_of_settlement() -> None:
    named = {f"{route.method} {route.path}" for route in routes() if route.folder in FOLDERS}
    assert set(MATRIX) == named - ELSEWHERE


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize("name", MATRIX)
def test_whoever_may_not_is_told_so_and_changes_nothing(everything: Everything, name: str) -> None:
    call, world = everything.calls[name], everything.town.world
    before, wrong = everything_kept(), []
    for who in sorted(EVERYONE - MATRIX[name]):
        reply = world.call(
            PEOPLE[who],
            name.split(maxsplit=1)[0],
            call.path,
            call.body,
            key=call.key and f"{call.key}-{who.replace(' ', '-')}",
        )
        if reply.code not in expected(name, who):
            wrong.append((who, reply.status, reply.code))
    assert wrong == []
    assert everything_kept() == before


def expected(name: str, who: str) -> set[str]:
    """Nobody signed in: 401. A call of a role: 403. A thing of an agency: 404, as if there were none."""
    if who == "public":
        return {"UNAUTHENTICATED"}
    return {"NOT_FOUND"} if "own agency" in MATRIX[name] else {"ROLE_REQUIRED"}


@pytest.mark.parametrize(("name", "who"), [(name, who) for name in MATRIX for who in sorted(MATRIX[name])])
def test_whoever_may_is_not_turned_away(everything: Everything, name: str, who: str) -> None:
    upload_again("everything")
    call, world = everything.calls[name], everything.town.world
    reply = world.call(PEOPLE[who], name.split(maxsplit=1)[0], call.path, call.body, key=call.key)
    assert reply.status in (200, 201), reply.body


@pytest.mark.parametrize("name", sorted(name for name, may in MATRIX.items() if may != EVERYONE and "{" in name))
def test_a_thing_that_does_not_exist_is_404_for_those_who_may(everything: Everything, name: str) -> None:
    call, world = everything.calls[name], everything.town.world
    first, last = call.path.split("/")[1], call.path.split("/")[2]
    who = "own agency" if "own agency" in MATRIX[name] else min(MATRIX[name])
    path = call.path.replace(f"/{first}/{last}", f"/{first}/x_unknown", 1)
    reply = world.call(PEOPLE[who], name.split(maxsplit=1)[0], path, call.body, key=call.key)
    assert (reply.status, reply.code) == (404, "NOT_FOUND")
