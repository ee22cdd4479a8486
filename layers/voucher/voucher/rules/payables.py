"""What an agency is owed once a line is taken back or another account decided on (§3.5.4, §5.2b)."""

from typing import Any

from voucher.models.base import Mark, is_same_name
from voucher.models.payables import Account, AccountChange, KnownAccount, Payable
from voucher.models.settlements import Line
from voucher.rules.lifecycle import stepped
from voucher.rules.settlements import owed_fen

FIRST_ACCOUNT = "首次使用的收款账户。"
OTHER_HOLDER = "账户户名与服务机构名称不同。"
OTHER_THAN_BEFORE = "与此前使用的收款账户不同。"


def why_unconfirmed(account: Account, known: KnownAccount | None, agency_name: str) -> str | None:
    """§3.5.4: why a second person looks at an account before it is paid to; None if it is the one confirmed before."""
    bears_its_name = is_same_name(account.account_name, agency_name)
    if known is not None and account.fingerprint == known.fingerprint:
        return None if known.confirmed_by is not None or bears_its_name else OTHER_HOLDER
    if not bears_its_name:
        return OTHER_HOLDER
    return FIRST_ACCOUNT if known is None else OTHER_THAN_BEFORE


def payable_without_line(payable: Payable, line: Line, mark: Mark) -> Payable:
    """§3.5.4, §5.2b: what an agency is owed without one line; dropped with its last line.

    The agency submits its invoice and account anew, because the amount has changed. Raises WRONG_STATE once the payable
    is on its way to the bank.
    """
    order_ids = tuple(order_id for order_id in payable.order_ids if order_id != line.order_id)
    return stepped(
        payable,
        "reduce" if order_ids else "drop",
        mark,
        amount_fen=payable.amount_fen - owed_fen(line),
        order_ids=order_ids,
        invoice_kind=None,
        invoice_code=None,
        invoice_number=None,
        invoice_fen=None,
        invoiced_by=None,
        document_id=None,
        account=None,
        account_by=None,
        account_confirmed_by=None,
        change=None,
    )


def payable_decided(payable: Payable, change: AccountChange, decision: str, mark: Mark) -> Payable:
    """§3.5.4: the payable after the operator's `decision`, confirm or reject, on the account of a change. It remembers
    who confirmed the account, because that person does not pay to it."""
    confirmed = {"account": change.account, "account_by": change.by, "account_confirmed_by": mark.by}
    account: dict[str, Any] = confirmed if decision == "confirm" else {}
    return stepped(payable, "decide_account", mark, remembered_as=decision, change=None, **account)
