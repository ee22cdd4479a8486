"""Settlement applications and their lines (§3.5.1, §3.5.2), in the settlements table."""

from collections.abc import Iterable
from typing import Any

from voucher.models.base import Mark
from voucher.models.invoices import InvoiceNumber
from voucher.models.orders import Order
from voucher.models.settlements import Line, Settlement, Transfer
from voucher.models.standing import Standing
from voucher.models.vouchers import Voucher
from voucher.refusals import FieldError, Refusal, Refused, not_found
from voucher.store import conditions, keys, orders, organisations, standing
from voucher.store.engine.pages import Keep, Page, Party, Selection, read_page
from voucher.store.engine.reading import find_item, load_item, read_many, read_partition
from voucher.store.engine.table import (
    MOST_ITEMS,
    Write,
    add_write,
    advance_write,
    commit,
    commit_if_unchanged,
    commit_new,
    item_check,
    update_write,
)

MOST_LINES = 40


def find(settlement_id: str) -> Settlement | None:
    """A settlement by its id, or None."""
    item = find_item(keys.settlement(settlement_id))
    return Settlement.model_validate(item) if item else None


def get(settlement_id: str) -> Settlement:
    """The settlement that a request names. Raises NOT_FOUND."""
    if (settlement := find(settlement_id)) is None:
        raise not_found("settlement")
    return settlement


def load(settlement_id: str) -> Settlement:
    """A settlement that must exist, because a record names it. Raises LookupError: the books are broken."""
    return Settlement.model_validate(load_item(keys.settlement(settlement_id), f"the settlement {settlement_id}"))


def get_line(settlement_id: str, order_id: str) -> Line:
    """The line that a request names. Raises NOT_FOUND when the settlement has none for that order."""
    item = find_item(keys.line(settlement_id, order_id))
    if item is None:
        raise not_found("line")
    return Line.model_validate(item)


def load_lines_of(found: Iterable[Order]) -> list[Line]:
    """The lines of some orders that are being settled. Raises LookupError: the books are broken."""
    places = [(order.settlement_id or "", order.order_id) for order in found]
    items = read_many(keys.line(*place) for place in places)
    if None in items:
        raise LookupError("a line of an order is lost")
    return [Line.model_validate(item) for item in items]


def list_lines_of(order: Order) -> list[Line]:
    """The line that an order has in settlement, if it has one."""
    return load_lines_of([order]) if order.settlement_id else []


def list_lines(settlement_id: str) -> list[Line]:
    """The lines of a settlement, by order id."""
    return [Line.model_validate(item) for item in read_partition(keys.settlement(settlement_id), "LINE#")]


def _line_key(line: Line) -> keys.Key:
    return keys.line(line.settlement_id, line.order_id)


def _line_entry(line: Line) -> dict[str, str]:
    return keys.index_entry("LINE", line.created_at, line.order_id)


def _index_entry(settlement: Settlement) -> dict[str, str]:
    return keys.index_entry("SETTLEMENT", settlement.created_at, settlement.settlement_id, state=settlement.state)


def commit_application(
    settlement: Settlement, lines: list[Line], old: list[Order], new: list[Order], *also: Write
) -> bool:
    """§3.5.1: add the application and its lines, and bind its orders to it, in one transaction. False when its id is
    taken. Raises CHANGED_MEANWHILE when somebody else moved an order."""
    key = keys.settlement(settlement.settlement_id)
    writes = [
        add_write("settlement", key, settlement, index=_index_entry(settlement)),
        *(add_write("line", _line_key(line), line, index=_line_entry(line)) for line in lines),
        *(orders.step_write(before, after) for before, after in zip(old, new, strict=True)),
        *also,
    ]
    return commit_new("settlement", writes)


def step_write(old: Settlement, new: Settlement, *more: str, **values: Any) -> Write:
    """The write that moves a settlement on, if nobody else moved it first."""
    key = keys.settlement(new.settlement_id)
    return advance_write("settlement", key, old, new, *more, index=_index_entry(new), **values)


def commit_erased(old: Settlement, new: Settlement) -> bool:
    """Mark a withdrawn application whose papers go now. False if somebody changed it meanwhile."""
    return commit_if_unchanged([step_write(old, new)])


def unchanged_check(settlement: Settlement) -> Write:
    """Insist that an application is still the one that was read."""
    key = keys.settlement(settlement.settlement_id)
    return item_check("settlement", key, conditions.UNCHANGED, seen_version=settlement.version)


def line_write(old: Line, new: Line, *more: str, **values: Any) -> Write:
    """The write that moves a line on, if nobody else moved it first."""
    name, index = f"line {new.order_id}", _line_entry(new)
    return advance_write(name, _line_key(new), old, new, *more, index=index, **values)


def reviewed_line_writes(old: Line, new: Line, caller: str) -> list[Write]:
    """§3.5.2: the writes of a pre-review's decision, on condition that the caller acted for no party of the line."""
    hands = conditions.by_other_hands("pre_review_lines", "line")
    return [line_write(old, new, hands, caller=caller), *strangers_to_line_checks(old, "pre_review_lines", caller)]


def approved_line_writes(old: Line, new: Line, order: Order, listed: Standing) -> list[Write]:
    """§3.5.2, §5.2b: the writes of a line that the bureau approves, on condition that nothing has stopped its order and
    no list has named its enterprise since they were read."""
    return [line_write(old, new), orders.unstopped_check(order), standing.unchanged_check(listed)]


def commit_relisted(old: Line, new: Line) -> bool:
    """§5.2b: note whether a line waits for the bureau, now that another list counts. False if it changed meanwhile."""
    return commit_if_unchanged([line_write(old, new)])


def commit_subsidy_decision(
    old: Line, new: Line, order: Order, decided: Order, listed: Write, caller: str, *payouts: Write
) -> None:
    """§5.2b: the bureau's word on a line's other subsidies, if they are still those that were read, with what follows
    for `payouts`. Raises CHANGED_MEANWHILE, also for a caller who acted for a party of the line, or is a member of
    one."""
    step = "decide_subsidy"
    hands = conditions.by_other_hands(step, "line")
    parties = strangers_to_line_checks(old, step, caller)
    commit([line_write(old, new, hands, caller=caller), orders.step_write(order, decided), listed, *parties, *payouts])


def gathered_line_writes(old: Line, new: Line, caller: str) -> list[Write]:
    """§3.5.2: the writes of a line that is gathered, on condition that the caller acted for no party of it."""
    hands = conditions.by_other_hands("gather_round", "line")
    return [line_write(old, new, hands, caller=caller), *strangers_to_line_checks(old, "gather_round", caller)]


def strangers_to_line_checks(line: Line, step: str, caller: str) -> list[Write]:
    """§1.3, §3.5.2: check in the transaction that the caller of a step is a member of neither party of a line."""
    return organisations.parties_checks(line.enterprise_uscc, line.agency_uscc, step, caller)


def taken_out_line_writes(old: Line, new: Line, order: Order, freed: Order, step: str, caller: str) -> list[Write]:
    """§3.5.1(5), §5.2b: the writes of a line that staff takes out of its round, or takes back, on condition that the
    caller acted for no party of it."""
    hands = conditions.by_other_hands(step, "line")
    parties = strangers_to_line_checks(old, step, caller)
    return [*ended_line_writes(old, new, order, freed, hands, caller=caller), *parties]


def commit_line(old: Line, new: Line) -> None:
    """§3.5.1, §5.2b: fill a line in; its invoice is used once over all agencies and years, and the parts of a transfer
    never exceed it.

    Raises INVOICE_USED, TRANSFER_OVERUSED or CHANGED_MEANWHILE.
    """
    writes = [line_write(old, new), *_file_use_writes(old, new), *_transfer_writes(old, new)]
    if new.invoice:
        writes.append(invoice_write(new.order_id, new.invoice.known_by))
    if old.invoice and new.invoice and keys.invoice(old.invoice.known_by) != keys.invoice(new.invoice.known_by):
        writes += free_invoice_writes(old)
    if len(writes) > MOST_ITEMS:
        words = "一次更换的材料和转账过多，请分两次保存。"
        raise Refused(Refusal.MALFORMED, errors=[FieldError("transfers", words, "too_long")])
    commit(writes, invoice=Refusal.INVOICE_USED, transfer=Refusal.TRANSFER_OVERUSED)


def _parts(line: Line) -> dict[keys.Key, Transfer]:
    return {
        keys.transfer(each.payer_name, each.reference, each.paid_on): each
        for each in line.transfers
        if each.payer_name is not None  # a line from before payers were kept counts no parts
    }


def transfer_keys(line: Line) -> list[keys.Key]:
    """Where the parts of each transfer of a line are counted, in the sequence of its transfers."""
    return list(_parts(line))


def _transfer_writes(old: Line, new: Line) -> list[Write]:
    """§3.5.1(3): count the parts of each transfer that a line takes now, and no more those that it had."""
    before, after = _parts(old), _parts(new)
    writes = []
    for key, part in after.items():
        own_fen = before[key].amount_fen if key in before else 0
        more_fen, whole_fen = part.amount_fen - own_fen, part.total_fen
        amounts: dict[str, Any] = {"own_fen": own_fen, "more_fen": more_fen, "order_ids": {new.order_id}}
        change, condition = "ADD #used_fen :more_fen, #order_ids :order_ids", conditions.TRANSFER_IS_OPEN
        if whole_fen is not None:
            change, condition = f"SET #total_fen = :total_fen {change}", conditions.TRANSFER_HAS_ROOM
            amounts |= {"total_fen": whole_fen, "room_fen": whole_fen - more_fen}
        writes.append(update_write("transfer", key, change, condition, **amounts))
    return writes + [_free_transfer_write(new.order_id, key, before[key]) for key in before if key not in after]


def _free_transfer_write(order_id: str, key: keys.Key, part: Transfer) -> Write:
    change = "ADD #used_fen :less_fen DELETE #order_ids :order_ids"
    return update_write("freed transfer", key, change, None, less_fen=-part.amount_fen, order_ids={order_id})


def read_transfer_uses(lines: Iterable[Line]) -> dict[keys.Key, frozenset[str]]:
    """The orders that have a part of each transfer of some lines."""
    wanted = sorted({key for line in lines for key in _parts(line)})
    found = zip(wanted, read_many(wanted), strict=True)
    return {key: frozenset((item or {}).get("order_ids", ())) for key, item in found}


def free_proof_writes(line: Line) -> list[Write]:
    """Free the invoice and the transfers of a line, because the line ends."""
    parts = _parts(line).items()
    return [*free_invoice_writes(line), *(_free_transfer_write(line.order_id, key, part) for key, part in parts)]


def invoice_write(owner: str, known_by: InvoiceNumber) -> Write:
    """The write that takes an invoice for an order or a payable, or finds that another has it."""
    free = conditions.NUMBER_IS_FREE_OR_OURS
    return update_write("invoice", keys.invoice(known_by), "SET #order_id = :order_id", free, order_id=owner)


def free_invoice_writes(line: Line) -> list[Write]:
    """Free the invoice number of a line, because the line ends or takes another number."""
    return free_number_writes(line.order_id, line.invoice.known_by) if line.invoice else []


def free_number_writes(owner: str, known_by: InvoiceNumber) -> list[Write]:
    """The write that frees an invoice number of an order or a payable."""
    ours = conditions.NUMBER_IS_FREE_OR_OURS
    return [update_write("freed invoice", keys.invoice(known_by), "SET #order_id = :null", ours, order_id=owner)]


def _file_use_writes(old: Line, new: Line) -> list[Write]:
    """§5.2b: remember for each file the orders that it was submitted for, because a reviewer must see a file that two
    orders have."""
    before, after = set(old.file_hashes.values()), set(new.file_hashes.values())
    changes = [("ADD", sha256) for sha256 in sorted(after - before)]
    changes += [("DELETE", sha256) for sha256 in sorted(before - after)]
    return [
        update_write("file", keys.file_uses(sha256), f"{word} #order_ids :order_ids", None, order_ids={new.order_id})
        for word, sha256 in changes
    ]


def read_file_uses(lines: Iterable[Line]) -> dict[str, frozenset[str]]:
    """SHA-256 → the orders that the file was submitted for, for every file of some lines."""
    wanted = sorted({sha256 for line in lines for sha256 in line.file_hashes.values()})
    items = read_many(keys.file_uses(sha256) for sha256 in wanted)
    return {sha256: frozenset((item or {}).get("order_ids", ())) for sha256, item in zip(wanted, items, strict=True)}


def ended_line_writes(old: Line, new: Line, order: Order, freed: Order, *more: str, **values: Any) -> list[Write]:
    """§3.5.1: the writes that end a line, if `more` holds: its order may be settled again, its invoice and its
    transfers are free."""
    return [line_write(old, new, *more, **values), orders.step_write(order, freed), *free_proof_writes(old)]


def commit_lapse(
    order: Order, lapsed: Order, voucher: Voucher, mark: Mark, line: tuple[Line, Line, Settlement, Settlement] | None
) -> None:
    """§4.2.1: end an order that was not handed in for settlement in time; its whole hold goes back. If a line has it,
    the line and its application move on in the same write, so a submission of the same moment comes first or in
    vain. Raises CHANGED_MEANWHILE."""
    writes = orders.release_writes(order, lapsed, order.voucher_fen, voucher, mark)
    if line:
        old, withdrawn, settlement, without_line = line
        writes += [step_write(settlement, without_line), line_write(old, withdrawn), *free_proof_writes(old)]
    commit(writes)


def list_page(selection: Selection, keep: Keep | None, agency_uscc: str | None) -> Page:
    """A page of the settlements that `keep` accepts: of all agencies, or of one."""
    party = Party("by_agency", agency_uscc) if agency_uscc else None
    return read_page("settlements", "SETTLEMENT", selection, keep, party)
