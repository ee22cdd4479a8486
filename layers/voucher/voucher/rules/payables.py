"""What an agency is owed once a line is taken back (§3.5.4, §5.2b)."""

from voucher.models.payables import Payable
from voucher.models.settlements import Line
from voucher.rules.lifecycle import next_state
from voucher.rules.settlements import owed_fen


def payable_without_line(owed: Payable, line: Line) -> Payable:
    """§3.5.4: what an agency is owed without one line, its invoice and account to be handed in anew; dropped when
    nothing is left. Raises WRONG_STATE once it is on its way to the bank."""
    left = tuple(order_id for order_id in owed.order_ids if order_id != line.order_id)
    nothing = {"invoice_number": None, "invoice_fen": None, "invoiced_by": None, "document_id": None}
    no_account = {"account": None, "account_by": None, "change": None}
    return owed.model_copy(
        update={
            "state": next_state("payable", owed.state, "reduce" if left else "drop"),
            "amount_fen": owed.amount_fen - owed_fen(line),
            "order_ids": left,
            **nothing,
            **no_account,
        }
    )
