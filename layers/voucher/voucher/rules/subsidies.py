"""Other subsidies (§5.2b): which rows of their list concern an order, what waits for the bureau's word on it, and what
stops as long as it waits.

The text forbids the same item twice, not the same enterprise. A row that names a contract or an invoice concerns that
one alone, and stops it; a row that names only the enterprise concerns each order of its year, and stops none before the
bureau's approval.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from voucher.models.base import Mark, plain_number, yuan
from voucher.models.lists import ListRow
from voucher.models.orders import Order
from voucher.models.settlements import Flag, Invoice, Line
from voucher.models.standing import OrderWarning, Standing
from voucher.models.subsidies import Subsidy, SubsidyDecision
from voucher.policy import SUBSIDY_LIST
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.four_eyes import with_hand_of
from voucher.rules.lifecycle import allows, stepped


def subsidies_in(rows: Iterable[ListRow], year: int, import_id: str) -> tuple[Subsidy, ...]:
    """The items that some rows of a version name."""
    return tuple(Subsidy.model_validate({**row, "year": year, "import_id": import_id}) for row in rows)


def with_subsidies(standing: Standing, year: int, named: Sequence[Subsidy]) -> tuple[Subsidy, ...]:
    """The items of a standing after the list of a year was applied. An item that the version before had, too, stays
    what it was, with the decisions on it."""
    kept = [next((old for old in standing.subsidies if old.says_same(each)), each) for each in named]
    return (*(each for each in standing.subsidies if each.year != year), *kept)


def subsidies_of(standing: Standing, year: int) -> tuple[Subsidy, ...]:
    """The items of a year. A standing of before rows were kept says of a year only that there are some."""
    found = tuple(each for each in standing.subsidies if each.year == year)
    return found or ((Subsidy(year=year),) if year in standing.listed.get(SUBSIDY_LIST, ()) else ())


def concerning(order: Order, invoice: Invoice | None, standing: Standing) -> tuple[Subsidy, ...]:
    """The items that may be that of an order: those with its contract or the invoice of its line, and those of which
    only the enterprise is known."""
    return tuple(
        each
        for each in subsidies_of(standing, order.year)
        if not each.is_exact or _is_contract(each, order.contract_number) or (invoice and _is_invoice(each, invoice))
    )


def _is_contract(subsidy: Subsidy, number: str | None) -> bool:
    return bool(subsidy.contract_number and number and plain_number(subsidy.contract_number) == plain_number(number))


def _is_invoice(subsidy: Subsidy, invoice: Invoice) -> bool:
    """Equal numbers, unless both have codes and these differ: what one office left out makes no other invoice."""
    if not subsidy.invoice_number or plain_number(subsidy.invoice_number) != plain_number(invoice.number):
        return False
    codes = {plain_number(code) for code in (subsidy.invoice_code, invoice.code) if code}
    return len(codes) < 2


def is_same_item(order: Order) -> bool:
    """The bureau's last word on an order is that the item was subsidised before."""
    return bool(order.subsidy_decisions) and order.subsidy_decisions[-1].decision == "same"


def waiting(order: Order, invoice: Invoice | None, standing: Standing) -> tuple[Subsidy, ...]:
    """The items on which the bureau has yet to decide: those that its last decision on the order has not seen."""
    seen = order.subsidy_decisions[-1].subsidy_ids if order.subsidy_decisions else ()
    return tuple(each for each in concerning(order, invoice, standing) if each.subsidy_id not in seen)


def is_open(line: Line, order: Order, standing: Standing) -> bool:
    """The bureau's word is wanted on a line: of one that is not submitted only for its own contract or invoice."""
    items = waiting(order, line.invoice, standing)
    return any(each.is_exact for each in items) or (bool(items) and line.state not in ("draft", "returned"))


def submitted_line(old: Line, order: Order, standing: Standing, mark: Mark) -> Line:
    """§3.5.1, §5.2b: a line that the agency submits."""
    hands = with_hand_of(old.hands, "submit_application", "agency", mark.by)
    new = stepped(old, "submit", mark, submitted_by=mark.by, correct_by=None, hands=hands)
    return new.model_copy(update={"subsidy_open": is_open(new, order, standing)})


def relisted_line(old: Line, order: Order, standing: Standing, mark: Mark) -> Line | None:
    """§5.2b: a line whose enterprise another list names, or no longer; None if this changes nothing for the bureau."""
    if not allows("line", old.state, "relist") or old.subsidy_open == is_open(old, order, standing):
        return None
    return stepped(old, "relist", mark, subsidy_open=not old.subsidy_open)


def refusals_of(
    lines: Iterable[Line], orders: Iterable[Order], standings: Mapping[str, Standing], decided: bool
) -> dict[str, Refusal]:
    """By order id, what stops a line: OTHER_SUBSIDY where its contract or invoice was subsidised, as long as the bureau
    has not said that this is another item, and where it said that it is the same; where something must be `decided`,
    SUBSIDY_UNDECIDED, too, if it has not decided on what is known of the enterprise alone."""
    return {order_id: refusal for order_id, (refusal, _) in _stopped(lines, orders, standings, decided).items()}


def _stopped(
    lines: Iterable[Line], orders: Iterable[Order], standings: Mapping[str, Standing], decided: bool
) -> dict[str, tuple[Refusal, str]]:
    """By order id, what stops a line, and in words: which rows, and what to do next."""
    known = {order.order_id: order for order in orders}
    found = {}
    for line in lines:
        order, standing = known[line.order_id], standings[line.enterprise_uscc]
        items = waiting(order, line.invoice, standing)
        if is_same_item(order):
            words = "市经信局已认定该笔订单与企业享受的其他政策资金为同一事项，请撤出该订单。"
            found[line.order_id] = Refusal.OTHER_SUBSIDY, words
        elif exact := [each for each in items if each.is_exact]:
            words = f"{_rows_of(exact)}列有该合同或发票，请撤出该订单；确为不同事项的，请市经信局认定后再办理。"
            found[line.order_id] = Refusal.OTHER_SUBSIDY, words
        elif items and decided:
            words = f"{_rows_of(items)}列有该企业，请市经信局先就该笔订单作出认定。"
            found[line.order_id] = Refusal.SUBSIDY_UNDECIDED, words
    return found


def _rows_of(items: Sequence[Subsidy]) -> str:
    """Where some items of one year stand, without what another office paid for."""
    versions = dict.fromkeys(each.import_id for each in items if each.row is not None)
    rows = "，".join(
        f"版本 {version} 第 {'、'.join(str(each.row) for each in items if each.import_id == version)} 行"
        for version in versions
    )
    return f"{items[0].year}年度其他涉企政策资金享受名单{f'（{rows}）' if rows else ''}"


def check_subsidies(
    lines: Iterable[Line], orders: Iterable[Order], standings: Mapping[str, Standing], decided: bool = True
) -> None:
    """§5.2b: raise the first of the refusals of some lines, with every order that one stops."""
    if found := _stopped(lines, orders, standings, decided):
        first = min((refusal for refusal, _ in found.values()), key=lambda refusal: refusal.value)
        errors = [FieldError(order_id, words, refusal.name) for order_id, (refusal, words) in found.items()]
        raise Refused(first, errors=errors)


def decided_order(
    order: Order, line: Line, standing: Standing, decision: Literal["same", "other"], reason: str, mark: Mark
) -> Order:
    """§5.2b: the order after the bureau's word on all that is known now of its other subsidies. Raises
    NO_OTHER_SUBSIDY if nothing is, and nothing was decided before."""
    items = concerning(order, line.invoice, standing)
    if not items and not order.subsidy_decisions:
        raise Refused(Refusal.NO_OTHER_SUBSIDY, of=line)
    found = SubsidyDecision(
        decision=decision,
        reason=reason,
        subsidy_ids=tuple(each.subsidy_id for each in items),
        by=mark.by,
        at=mark.at,
    )
    return stepped(order, "decide_subsidy", mark, subsidy_decisions=(*order.subsidy_decisions, found))


def flags_of_subsidies(line: Line, order: Order, standing: Standing, for_staff: bool) -> list[dict[str, Any]]:
    """§5.2b: the flags of a line that the bureau is to decide on, or that it found to be the same item. What the other
    office paid for is only for staff."""
    if is_same_item(order):
        words = "市经信局认定该笔订单与企业已享受的其他政策资金为同一事项。"
        return [Flag(code="OTHER_SUBSIDY_OF_ITEM", field="order_id", message=words).public()]
    found = {}
    for each in waiting(order, line.invoice, standing):
        code = "OTHER_SUBSIDY_OF_ITEM" if each.is_exact else "OTHER_SUBSIDY_OF_FIRM"
        words = (
            "其他政策资金名单列有该合同或发票，待市经信局认定是否为同一事项"
            if each.is_exact
            else "企业在其他政策资金名单中，待市经信局认定是否为同一事项"
        )
        details = f"（{details_of(each)}）" if for_staff else ""
        flag = Flag(code=code, field="order_id" if each.is_exact else "enterprise_uscc", message=f"{words}{details}。")
        found[flag] = flag.public()
    return list(found.values())


def details_of(subsidy: Subsidy) -> str:
    """An item in words, as the other office named it."""
    amount = yuan(subsidy.amount_fen) if subsidy.amount_fen is not None else None
    named = {
        "名单版本": subsidy.import_id,
        "行": subsidy.row,
        "合同": subsidy.contract_number,
        "发票": subsidy.invoice_number,
        "项目": subsidy.project,
        "金额（元）": amount,
    }
    return "，".join(f"{word} {value}" for word, value in named.items() if value is not None) or f"{subsidy.year}年度"


def warnings_of(
    enterprise_uscc: str, year: int, standings: Iterable[Standing], contract_number: str | None = None
) -> tuple[OrderWarning, ...]:
    """§5.2b: an enterprise on the list of other subsidies hears it when it orders, and in which rows, so that nobody
    works in vain: those that name the order's contract, or else all of the year."""
    listed = [item for each in standings if each.uscc == enterprise_uscc for item in subsidies_of(each, year)]
    if same := [each for each in listed if _is_contract(each, contract_number)]:
        words = f"{_rows_of(same)}列有该合同，同一事项不能兑付：请改用其他合同，或请市经信局认定为不同事项后再履行。"
    elif listed:
        words = f"{_rows_of(listed)}列有该企业，同一事项不能兑付，市经信局将逐笔认定，请先与平台核实。"
    else:
        return ()
    return (OrderWarning(code=Refusal.OTHER_SUBSIDY.name, message=words),)
