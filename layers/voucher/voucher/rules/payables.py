"""What an agency is owed once a line is taken back or another account decided on (§3.5.4, §5.2b)."""

from typing import Any

from voucher.models.base import Mark
from voucher.models.payables import AccountChange, Payable
from voucher.models.settlements import Line
from voucher.rules.lifecycle import stepped
from voucher.rules.settlements import owed_fen


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
