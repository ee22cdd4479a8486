"""What happens to a payable on its way to the bank: its account, its payout and its payout file."""

from infra.client import steps
from infra.client.http import OPERATOR, Person, Reply
from tests.support.scenario import SELLER, Json
from tests.support.settlement_scenario import Settling

ACCOUNT = "6200000000000000018"  # of every summary invoice
OTHER_ACCOUNT = "6200000000000009999"


def propose_account(case: Settling, round_id: str, person: Person = SELLER, number: str = OTHER_ACCOUNT) -> Reply:
    """The agency proposes another account, whose holder's name begins like a formula."""
    body = {
        "agency_uscc": case.town.agency.uscc,
        "bank_name": "丽水另一银行",
        "bank_account": number,
        "account_name": "=HYPERLINK(机构)",
        "reason": "原账户已销户",
    }
    return case.call(person, "POST", f"/rounds/{round_id}/bank-account", body)


def decide_account(
    case: Settling, round_id: str, decision: str = "confirm", person: Person = OPERATOR, change_id: str | None = None
) -> Reply:
    """The operator decides, on the account that is proposed now unless `change_id` names another."""
    proposed: Json | None = case.town.shown(f"/rounds/{round_id}/payables/{case.town.agency.uscc}")["proposed_account"]
    change_id = change_id or (proposed["change_id"] if proposed else "ac_none")
    body = {"agency_uscc": case.town.agency.uscc, "change_id": change_id, "decision": decision}
    return case.call(person, "POST", f"/rounds/{round_id}/bank-account/review", body)


def new_payout_id(case: Settling, round_id: str) -> str:
    """Make the round's one payout; its id."""
    [payout] = steps.expect(case.payouts(round_id), 201)["items"]
    return str(payout["payout_id"])


def payout_file_of(case: Settling, round_id: str, query: str = "", person: Person = OPERATOR) -> Reply:
    """The payout file of a round."""
    return case.call(person, "GET", f"/rounds/{round_id}/payout-file{query}")
