"""A claim on an enterprise, up to the bureau's decision."""

from infra.client import steps
from infra.client.http import OPERATOR, Person
from tests.races import seed_data
from tests.races.seed_data import Organisation
from tests.support.backend import World
from voucher.store import claims, keys

CLAIMANT = Person("claimant")
YES, NO = {"decision": "approve", "reason": "情况属实"}, {"decision": "reject", "reason": "成员均在职"}


def forwarded_claim(world: World, enterprise: Organisation, person: Person = CLAIMANT) -> str:
    """The path of a claim before the bureau; it has no papers, and the owner has answered it."""
    body = {"contact_name": "李", "contact_phone": "0578-2091234", "reason": "原经办人已离职"}
    opening = f"/organisations/{enterprise.uscc}/claims"
    claim = steps.expect(world.call(person, "POST", opening, body, key=person.name), 201)
    path, kept = f"/claims/{claim['claim_id']}", claims.get(claim["claim_id"])
    handed_in = kept.model_copy(update={"state": "submitted", "submitted_at": kept.created_at})
    seed_data.write_records((keys.claim(kept.claim_id), handed_in))
    steps.expect(world.call(enterprise.person, "POST", f"{path}/statement", {"text": "同意移交"}), 200)
    forward = {"decision": "forward", "reason": "材料属实"}
    steps.expect(world.call(OPERATOR, "POST", f"{path}/review", forward), 200)
    return path
