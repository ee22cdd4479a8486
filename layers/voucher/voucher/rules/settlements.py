"""What a settlement line must carry, what may be verified of it, and what follows when it ends (§3.5.1, §3.5.2)."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from voucher.models.base import Mark, plain_number, yuan
from voucher.models.orders import Order
from voucher.models.pools import remaining_drawn
from voucher.models.settlements import Invoice, Line, Settlement, Transfer
from voucher.policy import SETTLEMENT_DOCUMENTS, Policy
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.lifecycle import allows, remembered, stepped
from voucher.rules.orders import max_voucher_fen
from voucher.rules.working_days import calendar_due, shanghai_date

# §3.5.1: such a line has left its application; nothing more is decided on it
ENDED_LINES = frozenset({"rejected", "withdrawn"})


def check_completed(orders: Iterable[Order]) -> None:
    """§3.5.1: only completed orders are settled, each in one application at a time.

    Raises ORDER_NOT_COMPLETED or ORDER_IN_SETTLEMENT, with every order at fault.
    """
    found = []
    for order in orders:
        error = [FieldError("order_ids", order.order_id)]
        if order.settlement_id is not None:
            found.append(Refused(Refusal.ORDER_IN_SETTLEMENT, errors=error, of=order))
        elif order.state != "completed":
            found.append(Refused(Refusal.ORDER_NOT_COMPLETED, errors=error, of=order))
    if found:
        first = min(found, key=lambda refused: refused.refusal.value)
        raise Refused(first.refusal, errors=[error for refused in found for error in refused.errors], of=first.of)


def new_line(settlement: Settlement, order: Order, creation: Mapping[str, Any]) -> Line:
    """§3.5.1: the line of an order in a new application, nothing filled in."""
    return Line(
        settlement_id=settlement.settlement_id,
        order_id=order.order_id,
        agency_uscc=order.agency_uscc,
        enterprise_uscc=order.enterprise_uscc,
        category=order.category,
        year=order.year,
        contract_fen=order.contract_fen,
        voucher_fen=order.voucher_fen,
        hands=order.hands,
        state="draft",
        **creation,
    )


def claimable_fen(line: Line, contract_fen: int, policy: Policy) -> int:
    """§2.3.2: the voucher part of a line, in fen: what is held, or 70 % of a contract that turned out lower."""
    return min(line.voucher_fen, max_voucher_fen(contract_fen, policy))


def check_own_share(
    line: Line, contract_fen: int, invoice: Invoice, transfers: Iterable[Transfer], policy: Policy
) -> None:
    """§3.5.1(2)(3): invoice and transfers each equal contract less voucher part, to the fen. Raises OWN_SHARE_MISMATCH
    with the amount that they must have."""
    own_share_fen = contract_fen - claimable_fen(line, contract_fen, policy)
    if errors := _own_share_errors(own_share_fen, invoice, transfers):
        raise Refused(Refusal.OWN_SHARE_MISMATCH, errors=errors, own_share_fen=own_share_fen)


def _own_share_errors(own_share_fen: int, invoice: Invoice, transfers: Iterable[Transfer]) -> list[FieldError]:
    paid_fen = sum(transfer.amount_fen for transfer in transfers)
    found = {"invoice.amount_fen": ("应", invoice.amount_fen), "transfers": ("合计应", paid_fen)}
    return [
        FieldError(field, f"{words}为 {yuan(own_share_fen)} 元。")
        for field, (words, fen) in found.items()
        if fen != own_share_fen
    ]


def check_own_shares(lines: Iterable[Line], policy: Policy) -> None:
    """§3.5.1(2)(3): every line that is submitted adds up to the fen, also one whose voucher part was reduced before it
    was returned. Raises OWN_SHARE_MISMATCH with every line at fault."""
    errors, first_fen = list[FieldError](), 0
    for line in lines:
        own_share_fen = line.contract_fen - claimable_fen(line, line.contract_fen, policy)
        if line.invoice and (found := _own_share_errors(own_share_fen, line.invoice, line.transfers)):
            first_fen = first_fen if errors else own_share_fen
            errors += [FieldError(f"{line.order_id}.{each.field}", each.message) for each in found]
    if errors:
        raise Refused(Refusal.OWN_SHARE_MISMATCH, errors=errors, own_share_fen=first_fen)


def check_evidence(lines: Iterable[Line]) -> None:
    """§3.5.1: a line has contract, invoice, transfer and evidence. Raises EVIDENCE_MISSING with all that is missing."""
    errors = [
        FieldError(f"{line.order_id}.{kind}", f"缺少{SETTLEMENT_DOCUMENTS[kind]}。", "missing")
        for line in lines
        for kind, present in {
            "contract": line.contract_document_id,
            "invoice": line.invoice,
            "transfer": line.transfers,
            "evidence": line.evidence_document_ids,
        }.items()
        if not present
    ]
    if errors:
        raise Refused(Refusal.EVIDENCE_MISSING, errors=errors)


def check_transfers(transfers: Sequence[Transfer]) -> None:
    """§3.5.1(3): a transfer counts once toward the own share, so it may be entered only once, and a part of it is not
    more than the whole. Raises MALFORMED."""
    larger = [number for number, each in enumerate(transfers) if each.total_fen and each.amount_fen > each.total_fen]
    if larger:
        words = "本笔订单所占金额不得超过该笔转账的总额。"
        errors = [FieldError(f"transfers.{number}.total_fen", words, "too_small") for number in larger]
        raise Refused(Refusal.MALFORMED, errors=errors)
    seen = Counter(plain_number(transfer.reference) for transfer in transfers)
    if twice := [reference for reference, count in seen.items() if count > 1]:
        errors = [FieldError("transfers", f"转账流水号 {reference} 重复。", "twice") for reference in twice]
        raise Refused(Refusal.MALFORMED, errors=errors)


def check_named_once(order_ids: Iterable[str], known: Container[str]) -> None:
    """§3.5.2: a decision names only orders that it may decide on, each once, because a slip must not decide.
    Raises MALFORMED with every wrong name."""
    errors = [
        FieldError(
            "lines",
            f"{order_id} {'重复。' if order_id in known else '不在可以决定的订单之列。'}",
            "twice" if order_id in known else "unknown",
        )
        for order_id, count in Counter(order_ids).items()
        if count > 1 or order_id not in known
    ]
    if errors:
        raise Refused(Refusal.MALFORMED, errors=errors)


def check_withdrawable(line: Line) -> None:
    """§3.5.1(5): a line under review or on notice is first taken out of its round. Raises LINE_UNDER_REVIEW."""
    if not allows("line", line.state, "withdraw"):
        raise Refused(Refusal.LINE_UNDER_REVIEW, of=line)


def returned_line(old: Line, action: str, mark: Mark, policy: Policy, **changes: Any) -> Line:
    """§3.5.2, §3.5.3: a line that goes back to its agency, which may correct it until a day: not before the last one
    for settlement."""
    due = calendar_due(shanghai_date(mark.at), policy.correction_days)
    return stepped(old, action, mark, correct_by=max(policy.settlement_day(old.year), due), **changes)


def settlement_without_line(settlement: Settlement, other_lines: Iterable[Line], mark: Mark) -> Settlement:
    """§3.5.1: the application after a line was withdrawn.

    It is withdrawn with its last line; it is reviewed if no line waits for the pre-review any more; else its state
    stays. `other_lines` are all lines but the withdrawn one.
    """
    states = {line.state for line in other_lines} - ENDED_LINES
    if not states:
        return stepped(settlement, "withdraw", mark, remembered_as="withdraw_line")
    if settlement.state == "submitted" and "submitted" not in states:
        return stepped(settlement, "pre_review", mark, remembered_as="withdraw_line")
    return remembered(settlement, "withdraw_line", mark)


def order_without_settlement(order: Order, mark: Mark) -> Order:
    """§3.5.1: the order of a line that ended before money was owed for it: completed again, free for another settlement
    or for cancellation."""
    return stepped(order, "unsettle", mark, settlement_id=None)


def order_taken_back(order: Order, mark: Mark) -> Order:
    """§5.2b: the order of a line that was owed to its agency and is not paid: completed again, by one more posting."""
    return stepped(order, "take_back", mark, settlement_id=None, seq=order.seq + 1)


def reduced_order(order: Order, verified_fen: int, mark: Mark) -> Order:
    """§3.5.2: the order that holds only the voucher part that was verified, in fen."""
    drawn = remaining_drawn(order.drawn, order.voucher_fen - verified_fen)
    return stepped(order, "reduce", mark, voucher_fen=verified_fen, drawn=drawn)


def verified_part_fen(line: Line, contract_fen: int, verified_fen: int | None, policy: Policy) -> int:
    """§3.5.2, §2.3.2: the voucher part that a passed line keeps, in fen: the contract as verified (`contract_fen`) less
    the own share, which is invoiced and paid already.

    So a lower voucher part comes with a lower contract; otherwise a part of the contract would be paid by nobody, and
    the line needs another invoice and transfer. The voucher part is at most what the order holds, and at most 70 % of
    the contract as verified.

    Raises VERIFIED_TOO_HIGH or LINE_DOES_NOT_ADD_UP; MALFORMED for a line that would keep nothing.
    """
    most_fen = claimable_fen(line, contract_fen, policy)
    own_share_fen = line.invoice.amount_fen if line.invoice else line.contract_fen - line.voucher_fen
    adding_up_fen = contract_fen - own_share_fen
    if most_fen == 0 or adding_up_fen <= 0:
        raise Refused(
            Refusal.MALFORMED,
            errors=[FieldError("verified_contract_fen", "核定后抵用额为零，请改为不予通过。", "too_small")],
        )
    if verified_fen is not None and verified_fen > most_fen:
        raise Refused(Refusal.VERIFIED_TOO_HIGH, percent=policy.voucher_max_percent)
    if adding_up_fen > most_fen or verified_fen not in (None, adding_up_fen):
        raise Refused(Refusal.LINE_DOES_NOT_ADD_UP, own_share_fen=own_share_fen, adding_up_fen=adding_up_fen)
    return adding_up_fen


def owed_fen(line: Line) -> int:
    """What the programme owes for a line, in fen: the verified amount."""
    return line.voucher_fen if line.verified_fen is None else line.verified_fen
