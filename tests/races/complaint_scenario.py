"""A complaint about an agency, up to the operator's answer (§5.3)."""

from infra.client import steps
from infra.client.http import OPERATOR
from tests.races.order_parties import Parties, seed_parties
from tests.support.backend import World

ACCEPT = {"decision": "accept", "reason": "属受理范围", "told": "请说明情况"}
NOT_TRUE = {"outcome": "unsubstantiated", "answer": "经核实不属实。"}
PARTLY = {"outcome": "partly", "answer": "经核实部分属实。"}


def accepted_complaint(world: World, code: list[str] | None = None) -> tuple[Parties, str]:
    """Both parties of an order, and the path of a complaint about the agency; its code goes into `code`."""
    parties = seed_parties(world)
    said = {"text": "服务与约定不符", "about_uscc": parties.agency.uscc}
    receipt = steps.expect(world.call(None, "POST", "/complaints", said, key="first"), 201)
    path = f"/complaints/{receipt['complaint_id']}"
    steps.expect(world.call(OPERATOR, "POST", f"{path}/review", ACCEPT), 200)
    if code is not None:
        code.append(receipt["code"])
    return parties, path
