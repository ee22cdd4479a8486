"""From completed orders to payout (§3.5): what a line must carry, what may be verified, and when a notice is over."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from datetime import date, datetime

from voucher.models import Invoice, Line, Notice, Objection, Order, Payable, Standing, Transfer, plain_number
from voucher.policy import Category, Policy
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.lifecycle import next_state
from voucher.rules.ordering import max_voucher_fen
from voucher.rules.working_days import DueDay, add_working_days, end_of_day

# §3.5.1: a line with nothing more to be decided
ENDED_LINES = frozenset({"rejected", "withdrawn"})
# Lines of one agency in one round: its payout is one write of 100 items at most, of which some are the records it
# moves, and one for each shard of each category
MOST_LINES_OF_AGENCY = 40
RECORDS_OF_PAYOUT = 5
# A round's notice is one item, of 400 KB at most; what it owes to each agency is one write at its end
MOST_LINES_OF_ROUND = 300
MOST_AGENCIES_OF_ROUND = 90


def check_completed(orders: Iterable[Order]) -> None:
    """§3.5.1: only completed orders are settled, each in one live application. Names every order at fault."""
    found = []
    for order in orders:
        error = [FieldError("order_ids", order.order_id)]
        if order.settlement_id is not None:
            found.append(Refused(Refusal.ORDER_IN_SETTLEMENT, errors=error, state=order.state))
        elif order.state != "completed":
            found.append(Refused(Refusal.ORDER_NOT_COMPLETED, errors=error, state=order.state))
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
        FieldError(field, f"{words}为 {own_share_fen} 分。")
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


def subsidised(due: Iterable[Line | Order], standings: Mapping[str, Standing]) -> list[str]:
    """§5.2b: the orders, of lines or by themselves, whose enterprise had another subsidy of that year."""
    return [
        each.order_id
        for each in due
        if (standing := standings.get(each.enterprise_uscc)) and each.year in standing.listed.get("other_subsidy", ())
    ]


def check_subsidies(due: Iterable[Line | Order], standings: Mapping[str, Standing]) -> None:
    """§5.2b: no settlement for an enterprise that had another subsidy of that year; names every order it concerns."""
    if hit := subsidised(due, standings):
        words = Refusal.OTHER_SUBSIDY.sentence
        raise Refused(Refusal.OTHER_SUBSIDY, errors=[FieldError(order_id, words) for order_id in hit])


def check_round_size(lines: Iterable[Line], policy: Policy) -> None:
    """§3.5.2: what is written at once is bounded. Raises ROUND_TOO_LARGE."""
    counted = Counter(line.agency_uscc for line in lines)
    most = min(MOST_LINES_OF_AGENCY, 100 - RECORDS_OF_PAYOUT - len(Category) * policy.yearly_shards)
    bounds = {
        f"中每家机构最多 {most} 笔订单": max(counted.values()) <= most,
        f"最多 {MOST_AGENCIES_OF_ROUND} 家机构": len(counted) <= MOST_AGENCIES_OF_ROUND,
        f"最多 {MOST_LINES_OF_ROUND} 笔订单": counted.total() <= MOST_LINES_OF_ROUND,
    }
    for bound, kept in bounds.items():
        if not kept:
            raise Refused(Refusal.ROUND_TOO_LARGE, bound=bound)


def check_named_once(order_ids: Iterable[str], known: Container[str]) -> None:
    """A decision names orders it is about, each once: else a slip of the pen would decide what nobody decided."""
    errors = [
        FieldError("lines", f"{order_id} {'重复。' if order_id in known else '不在其中。'}")
        for order_id, count in Counter(order_ids).items()
        if count > 1 or order_id not in known
    ]
    if errors:
        raise Refused(Refusal.MALFORMED, errors=errors)


def check_opinions(decisions: Mapping[str, tuple[str, str | None]]) -> None:
    """§3.5.2: what does not go on needs an opinion that the agency can act on; order id → (decision, opinion)."""
    errors = [
        FieldError(f"{order_id}.opinion", "退回或不予通过时须写明意见。")
        for order_id, (decision, opinion) in decisions.items()
        if decision != "approve" and opinion is None
    ]
    if errors:
        raise Refused(Refusal.MALFORMED, errors=errors)


def check_transfers(transfers: Iterable[Transfer]) -> None:
    """§3.5.1(3): a transfer counts once toward the own share, however often it is entered."""
    seen = Counter(plain_number(transfer.reference) for transfer in transfers)
    if twice := [reference for reference, count in seen.items() if count > 1]:
        errors = [FieldError("transfers", f"转账流水号 {reference} 重复。") for reference in twice]
        raise Refused(Refusal.MALFORMED, errors=errors)


def check_bank_day(field: str, day: date, earliest: date, today: date) -> None:
    """§3.5.4: a bank moves money after it was told to, and not in the future."""
    if not earliest <= day <= today:
        raise Refused(Refusal.MALFORMED, errors=[FieldError(field, f"须在 {earliest} 至 {today} 之间。")])


def check_recovery(order: Order, amount_fen: int) -> None:
    """§5.2b: no more is claimed back than was paid and not claimed back yet."""
    left_fen = order.voucher_fen - order.recovered_fen
    if amount_fen > left_fen:
        raise Refused(Refusal.OVER_PAID, left_fen=left_fen)


def check_not_recovered(orders: Iterable[Order]) -> None:
    """§3.5.4: money claimed back is not sent back by the bank as well: the bureau withdraws those claims first."""
    claimed = [order for order in orders if order.recovered_fen]
    if claimed:
        errors = [FieldError(order.order_id, f"已追回 {order.recovered_fen} 分。") for order in claimed]
        raise Refused(Refusal.ALREADY_RECOVERED, errors=errors, state=claimed[0].state)


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


def without_line(owed: Payable, line: Line) -> Payable:
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


def due_day(notice: Notice) -> DueDay:
    """§3.5.3: the last day of a notice. One set over days nobody knew yet is counted again by what is known now, and
    never ends earlier than was published."""
    if notice.ends_certain:
        return DueDay(notice.ends_on, True)
    due = add_working_days(notice.published_on, notice.working_days)
    return DueDay(max(due.date, notice.ends_on), due.certain)


def is_over(notice: Notice, now: datetime) -> bool:
    """§3.5.3: a notice of n working days is over when its last day is; one of none is over at once."""
    ends_on = due_day(notice).date
    return ends_on == notice.published_on or now >= end_of_day(ends_on)


def ends_by_schedule(notice: Notice, now: datetime) -> bool:
    """§3.5.3: the schedule may announce the end of a notice whose every day is known; a human closes it."""
    return notice.ended_at is None and due_day(notice).certain and is_over(notice, now)


def check_notice_over(notice: Notice, now: datetime) -> None:
    """§3.5.3: nobody closes a notice before its last day is over."""
    if not is_over(notice, now):
        raise Refused(Refusal.NOTICE_RUNNING, ends_on=due_day(notice).date)


def is_objected(order_id: str, agency_uscc: str, objections: Iterable[Objection]) -> bool:
    """§3.5.3: a standing or upheld objection holds its own line; one naming only an agency holds all of its lines."""
    return any(
        objection.state != "rejected"
        and objection.order_id in (None, order_id)
        and objection.agency_uscc in (None, agency_uscc)
        for objection in objections
    )
