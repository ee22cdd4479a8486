"""Sanctions against the parties of an order, up to what the worker of the void queue makes of them."""

from typing import Any

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR
from tests.races import requests
from tests.races.order_parties import Parties
from tests.support.backend import function

APPROVE = {"decision": "approve", "reason": "情况属实"}


def path_of(parties: Parties) -> str:
    """Where the enterprise is."""
    return f"/enterprises/{parties.enterprise.uscc}"


def propose(parties: Parties) -> None:
    """The operator proposes, and the enterprise makes its statement."""
    path = f"{path_of(parties)}/disqualify"
    steps.expect(parties.world.call(OPERATOR, "POST", path, {"reason": "未按期报告变更"}), 200)
    person = parties.enterprise.person
    steps.expect(parties.world.call(person, "POST", f"{path}/statement", {"text": "有异议"}), 200)


def propose_removal(parties: Parties) -> None:
    """The operator proposes that the agency goes, and it makes its statement."""
    path = f"/agencies/{parties.agency.uscc}/removal"
    steps.expect(parties.world.call(OPERATOR, "POST", path, {"reason": "虚报服务成效"}), 200)
    steps.expect(parties.world.call(parties.agency.person, "POST", f"{path}/statement", {"text": "有异议"}), 200)


def disqualify(parties: Parties) -> None:
    """Both hands; nothing is void yet."""
    propose(parties)
    steps.expect(parties.world.call(BUREAU, "POST", f"{path_of(parties)}/disqualify/approve", APPROVE), 200)


def void(parties: Parties) -> Any:
    """Deliver the message that follows to its worker."""
    message = {"task": "void_enterprise", "uscc": parties.enterprise.uscc, "message_id": "m-1"}
    return function("void_vouchers").handler(requests.queue_event(message), None)
