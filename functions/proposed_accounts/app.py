"""The account that waits for a second person, in full (§3.5.4). Beside the payout file only this unseals an account's
number, and it writes nothing."""

from voucher.edge.api import Api
from voucher.edge.disclosure import disclose
from voucher.edge.holds import account_flags
from voucher.edge.identity import require
from voucher.edge.replies import Answer, reply
from voucher.models.payables import FullAccount
from voucher.refusals import Refusal, Refused
from voucher.rules.four_eyes import check_four_eyes
from voucher.store import organisations, payables, rounds
from voucher.store.engine import sealing

app = Api()


@app.get("/rounds/<round_id>/payables/<agency_uscc>/proposed-account")
def show(round_id: str, agency_uscc: str) -> Answer[FullAccount]:
    """§3.5.4: the number of the account that waits, for whoever may decide on it, to be compared with the paper; each
    reading is on record."""
    require(app.caller, "platform")
    payable = payables.get(round_id, agency_uscc)
    if (change := payable.change) is None:
        raise Refused(Refusal.WRONG_STATE, of=payable)
    agency = organisations.find_agency(agency_uscc)
    check_four_eyes(app.caller.sub, "decide_account", payable, rounds.load(round_id), agency)
    disclose(app, f"round:{round_id}", agency_uscc=agency_uscc)
    number = sealing.unseal_account(change.account, round_id=round_id, agency_uscc=agency_uscc)
    return reply(
        {
            "change_id": change.change_id,
            "bank_name": change.account.bank_name,
            "account_name": change.account.account_name,
            "bank_account": number,
            "reason": change.reason,
            "flags": account_flags(payable),
        }
    )


handler = app.handle
