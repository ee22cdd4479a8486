"""Orders that a violation on record or a finding of an inspection names are held: nobody decides in favour of their
money (§5.1, §5.2b). A payout on its way is held by these, and by the bureau's word that an item was paid for before."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from voucher.models.base import Mark
from voucher.models.orders import Order
from voucher.models.payouts import Payout
from voucher.models.settlements import Line
from voucher.models.standing import Standing
from voucher.models.violations import Release, Violation
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.lifecycle import stepped
from voucher.rules.subsidies import check_subsidies, is_same_item

# they are held in one transaction, together with the violation, each entitlement that it touches, and what is owed or
# on its way to the bank for each of them
MOST_ORDERS = 40


# how the others go on without it: before anything is owed, and after
OPERATOR_SETS_ASIDE = "由平台将该订单退回或撤出"
BUREAU_SETS_ASIDE = "由市经信局从汇总批次中撤出该订单"
UNSENT_IS_WITHDRAWN_FIRST = "尚未列入拨付单的拨付先由财政局撤销，再由市经信局从汇总批次中撤出该订单"


def check_not_held(orders: Iterable[Order], way_words: str = OPERATOR_SETS_ASIDE) -> None:
    """§5.2b: no violation on record and no finding holds one of some orders. Raises HELD with each order that one
    holds, and which, and in which way the others go on."""
    errors = [
        FieldError(order.order_id, f"{words} {'、'.join(holding)} {end}。")
        for order in orders
        for holding, words, end in (
            (order.held_by_violation, "违规记录", "尚未解除"),
            (order.held_by_finding, "检查", "发现的问题尚未处理完毕"),
        )
        if holding
    ]
    if errors:
        raise Refused(Refusal.HELD, errors=errors, way_words=way_words)


def check_unstopped(
    lines: Iterable[Line],
    orders: Collection[Order],
    standings: Mapping[str, Standing],
    decided: bool = True,
    way_words: str = OPERATOR_SETS_ASIDE,
) -> None:
    """§5.2b: some lines are free of what stops them: violations on record and other subsidies. Raises as
    `check_not_held` or `check_subsidies`."""
    check_not_held(orders, way_words)
    check_subsidies(lines, orders, standings, decided)


def held_ids(orders: Iterable[Order]) -> frozenset[str]:
    """§5.2b: the ids of those of some orders that a violation on record or a finding holds."""
    return frozenset(order.order_id for order in orders if order.is_held)


def unpayable_ids(orders: Iterable[Order]) -> frozenset[str]:
    """§5.2b: the ids of those of some orders that are held, or of which the bureau says that another office paid for
    the same item."""
    return frozenset(order.order_id for order in orders if order.is_held or is_same_item(order))


def payout_with_holds(payout: Payout, named: Iterable[Order], mark: Mark) -> Payout | None:
    """§5.2b: a payout on its way to the bank, which says which of its orders are held, now that this changed for some
    of them; None if it said so before."""
    known, before = list(named), set(payout.held_order_ids)
    held = before - {each.order_id for each in known} | unpayable_ids(known)
    if held == before:
        return None
    return stepped(payout, "hold" if held > before else "release", mark, held_order_ids=tuple(sorted(held)))


def check_payouts_unheld(payouts: Iterable[Payout]) -> None:
    """§5.2b: none of some payouts that the bank is to be told of is held. Raises HELD with each that is, and with its
    orders."""
    errors = [
        FieldError(each.payout_id, f"订单 {'、'.join(each.held_order_ids)} 暂停办理。")
        for each in payouts
        if each.held_order_ids
    ]
    if errors:
        raise Refused(Refusal.HELD, errors=errors, way_words=UNSENT_IS_WITHDRAWN_FIRST)


def check_bank_was_told(payout: Payout, orders: Iterable[Order]) -> None:
    """§5.2b: a payout with a held order is only paid if it stands in a file: else the bank knows nothing of it. Raises
    HELD."""
    if payout.file_number is None:
        check_not_held(orders, UNSENT_IS_WITHDRAWN_FIRST)
        check_payouts_unheld([payout])


def withdrawn_payout(payout: Payout, reason: str, mark: Mark) -> Payout:
    """§5.2b: a held payout of which no bank was told ends without a bank's answer, so that what is held can be taken
    out, and the rest be paid. Raises WRONG_STATE, or PAYOUT_GOES_ON for any other payout."""
    new = stepped(payout, "withdraw", mark, withdrawal_reason=reason)
    if not payout.is_held_and_unsent:
        raise Refused(Refusal.PAYOUT_GOES_ON, of=payout)
    return new


def check_orders_of(uscc: str, order_ids: Sequence[str], found: Iterable[Order], field: str = "order_ids") -> None:
    """§5.2b: a violation, or a finding, names orders of whoever committed it, because a slip must not stop another's
    money. Raises MALFORMED with each wrong name in `field`."""
    known = {order.order_id: order for order in found}
    errors = list[FieldError]()
    if len(order_ids) > MOST_ORDERS:
        words = f"一份违规记录最多涉及 {MOST_ORDERS} 笔订单，其余请另行记录。"
        errors.append(FieldError(field, words, "not_allowed"))
    for order_id in order_ids:
        if (order := known.get(order_id)) is None:
            errors.append(FieldError(field, f"没有找到订单 {order_id}，请核对编号。", "unknown"))
        elif uscc not in (order.enterprise_uscc, order.agency_uscc):
            errors.append(FieldError(field, f"{order_id} 不是该单位的订单，请核对。", "not_allowed"))
    if errors:
        raise Refused(Refusal.MALFORMED, errors=errors)


def held_order(order: Order, violation_id: str, mark: Mark) -> Order:
    """§5.2b: the order that one more violation holds."""
    return stepped(order, "hold", mark, held_by_violation=(*order.held_by_violation, violation_id))


def released_order(order: Order, violation_id: str, mark: Mark) -> Order:
    """§5.2b: the order without this hold, also where the violation was lifted."""
    holding = tuple(each for each in order.held_by_violation if each != violation_id)
    return stepped(order, "release", mark, held_by_violation=holding)


def order_held_by_finding(order: Order, check_id: str, mark: Mark) -> Order:
    """§5.1, §5.2b: the order that a finding holds until it is settled."""
    return stepped(order, "hold", mark, held_by_finding=(*order.held_by_finding, check_id))


def order_after_finding(order: Order, check_id: str, mark: Mark) -> Order:
    """§5.1, §5.2b: the order once the finding is settled."""
    holding = tuple(each for each in order.held_by_finding if each != check_id)
    return stepped(order, "release", mark, held_by_finding=holding)


def with_release(violation: Violation, order_id: str, reason: str, mark: Mark) -> Violation:
    """§5.2b: the violation after the bureau let one of its orders go on. Raises WRONG_STATE if it holds none such."""
    if order_id not in violation.held_order_ids:
        raise Refused(Refusal.WRONG_STATE, of=violation)
    release = Release(order_id=order_id, reason=reason, by=mark.by, at=mark.at)
    return stepped(violation, "release", mark, releases=(*violation.releases, release))
