"""What a settlement line must carry, and what may be verified of it (§3.5.1, §3.5.2)."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping

from voucher.models.base import plain_number, yuan
from voucher.models.orders import Order
from voucher.models.settlements import Invoice, Line, Transfer
from voucher.models.standing import Standing
from voucher.policy import Policy
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.orders import max_voucher_fen

# §3.5.1: a line with nothing more to be decided
ENDED_LINES = frozenset({"rejected", "withdrawn"})


def check_completed(orders: Iterable[Order]) -> None:
    """§3.5.1: only completed orders are settled, each in one live application. Names every order at fault."""
    found = []
    for order in orders:
        error = [FieldError("order_ids", order.order_id)]
        if order.settlement_id is not None:
            found.append(Refused(Refusal.ORDER_IN_SETTLEMENT, errors=error, of=order))
        elif order.state != "completed":
            found.append(Refused(Refusal.ORDER_NOT_COMPLETED, errors=error, of=order))
    if found:
        first = min(found, key=lambda refused: refused.refusal.value)
        raise Refused(first.refusal, errors=[error for refused in found for error in refused.errors], **first.facts)


def claimable_fen(line: Line, contract_fen: int, policy: Policy) -> int:
    """§2.3.2: the voucher part of a line, in fen: what is held, or 70 % of a contract that turned out lower."""
    return min(line.voucher_fen, max_voucher_fen(contract_fen, policy))


def check_own_share(
    line: Line, contract_fen: int, invoice: Invoice, transfers: Iterable[Transfer], policy: Policy
) -> None:
    """§3.5.1(2)(3): invoice and transfers each equal contract less voucher part, to the fen."""
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
    """§3.5.1(2)(3): every line handed in still adds up to the fen, also one whose voucher part was reduced before it
    came back; all that does not in one answer."""
    errors, first_fen = list[FieldError](), 0
    for line in lines:
        own_share_fen = line.contract_fen - claimable_fen(line, line.contract_fen, policy)
        if line.invoice and (found := _own_share_errors(own_share_fen, line.invoice, line.transfers)):
            first_fen = first_fen if errors else own_share_fen
            errors += [FieldError(f"{line.order_id}.{each.field}", each.message) for each in found]
    if errors:
        raise Refused(Refusal.OWN_SHARE_MISMATCH, errors=errors, own_share_fen=first_fen)


def check_evidence(lines: Iterable[Line]) -> None:
    """§3.5.1: every line has contract, invoice, transfer and evidence; all that is missing in one answer."""
    errors = [
        FieldError(f"{line.order_id}.{kind}", "缺少。")
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


def check_transfers(transfers: Iterable[Transfer]) -> None:
    """§3.5.1(3): a transfer counts once toward the own share, however often it is entered."""
    seen = Counter(plain_number(transfer.reference) for transfer in transfers)
    if twice := [reference for reference, count in seen.items() if count > 1]:
        errors = [FieldError("transfers", f"转账流水号 {reference} 重复。") for reference in twice]
        raise Refused(Refusal.MALFORMED, errors=errors)


def subsidised_orders(due: Iterable[Line | Order], standings: Mapping[str, Standing]) -> list[str]:
    """§5.2b: the orders, of lines or by themselves, whose enterprise had another subsidy of that year."""
    return [
        each.order_id
        for each in due
        if (standing := standings.get(each.enterprise_uscc)) and each.year in standing.listed.get("other_subsidy", ())
    ]


def check_subsidies(due: Iterable[Line | Order], standings: Mapping[str, Standing]) -> None:
    """§5.2b: no settlement for an enterprise that had another subsidy of that year; names every order it concerns."""
    if hit := subsidised_orders(due, standings):
        words = Refusal.OTHER_SUBSIDY.sentence
        raise Refused(Refusal.OTHER_SUBSIDY, errors=[FieldError(order_id, words) for order_id in hit])


def check_named_once(order_ids: Iterable[str], known: Container[str]) -> None:
    """A decision names orders it is about, each once: else a slip of the pen would decide what nobody decided."""
    errors = [
        FieldError("lines", f"{order_id} {'重复。' if order_id in known else '不在其中。'}")
        for order_id, count in Counter(order_ids).items()
        if count > 1 or order_id not in known
    ]
    if errors:
        raise Refused(Refusal.MALFORMED, errors=errors)


def step_after_withdrawal(state: str, lines: Iterable[Line]) -> str | None:
    """§3.5.1: what becomes of an application some of whose lines were withdrawn: the step to take, None for none."""
    left = [line.state for line in lines if line.state not in ENDED_LINES]
    if not left:
        return "withdraw"
    return "pre_review" if state == "submitted" and "submitted" not in left else None


def verified_part_fen(line: Line, contract_fen: int, said_fen: int | None, policy: Policy) -> int:
    """§3.5.2, §2.3.2: the voucher part that a passed line keeps, in fen: what the reviewer says, at most what was held
    and 70 % of the contract as verified. Raises VERIFIED_TOO_HIGH; a line of which nothing is left is MALFORMED."""
    most_fen = claimable_fen(line, contract_fen, policy)
    if most_fen == 0:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("verified_contract_fen", "核定后抵用额为零，应不予通过。")])
    if said_fen is not None and said_fen > most_fen:
        raise Refused(Refusal.VERIFIED_TOO_HIGH, percent=policy.voucher_max_percent)
    return most_fen if said_fen is None else said_fen


def owed_fen(line: Line) -> int:
    """What the programme owes for a line, in fen: the verified amount."""
    return line.voucher_fen if line.verified_fen is None else line.verified_fen
