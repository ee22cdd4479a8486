"""What a reviewer of a settlement line should look at: dates, prices and files that do not fit (§3.5.2, §5.2a, §5.2b).

A flag does not stop a line; only a refusal does.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from voucher.models.agencies import Agency
from voucher.models.base import is_same_name, plain_number, yuan
from voucher.models.enterprises import Enterprise
from voucher.models.orders import Order
from voucher.models.settlements import Flag, Invoice, Line, Transfer
from voucher.models.standing import Standing
from voucher.policy import AGENCY_DOCUMENTS, ENTERPRISE_DOCUMENTS
from voucher.rules.working_days import shanghai_date

DOCUMENT_WORDS = ENTERPRISE_DOCUMENTS | AGENCY_DOCUMENTS


def flags_of(
    order: Order,
    contract_fen: int,
    quantity: int,
    invoice: Invoice,
    transfers: Iterable[Transfer],
    today: date,
) -> tuple[Flag, ...]:
    """§3.5.2, §5.2a: the flags of one line's dates and amounts, when it is filled in on `today`. Amounts are fen,
    `quantity` the units that the agency delivered."""
    found = []
    if not _in_life(order, invoice.issued_on, today):
        found.append(Flag(code="INVOICE_DATE", field="invoice.issued_on", message="发票日期不在订单存续期间内。"))
    if invoice.kind is None:
        # an invoice of no kind is only unique among those of no kind
        words = "未注明发票种类和代码，请核对是否与其他发票重复。"
        found.append(Flag(code="INVOICE_KIND_OPEN", field="invoice.kind", message=words))
    for number, transfer in enumerate(transfers):
        if not _in_life(order, transfer.paid_on, today):
            field = f"transfers.{number}.paid_on"
            found.append(Flag(code="TRANSFER_DATE", field=field, message="转账日期不在订单存续期间内。"))
        buyer = order.enterprise_name or order.enterprise_uscc
        if transfer.payer_name and not is_same_name(transfer.payer_name, buyer):
            field, words = f"transfers.{number}.payer_name", "付款人不是用券企业，请核实款项是否由企业自行支付。"
            found.append(Flag(code="PAYER_DIFFERS", field=field, message=words))
    if order.contract_signed_on and order.voucher_granted_on and order.contract_signed_on < order.voucher_granted_on:
        words = f"合同签订日期早于服务券领取日期（{order.voucher_granted_on}），请核对是否事后补办。"
        found.append(Flag(code="CONTRACT_BEFORE_VOUCHER", field="contract_document_id", message=words))
    if contract_fen > order.price_fen * quantity:
        price = f"{yuan(order.price_fen)} 元/{order.price_unit}×{quantity}"
        words = f"合同金额高于机构公布的价格标准与数量之积（{price}）。"
        found.append(Flag(code="PRICE_ABOVE_LISTED", field="contract_fen", message=words))
    if contract_fen != order.contract_fen:
        words = f"合同金额与订单登记的金额（{yuan(order.contract_fen)} 元）不一致。"
        found.append(Flag(code="CONTRACT_DIFFERS", field="contract_fen", message=words))
    if quantity != order.quantity:
        words = f"数量与订单登记的数量（{order.quantity}）不一致。"
        found.append(Flag(code="QUANTITY_DIFFERS", field="quantity", message=words))
    return tuple(found)


def _in_life(order: Order, day: date, today: date) -> bool:
    """True from the order's first day to `today`. The first day is that of its placing, or of its contract if that is
    earlier."""
    placed = shanghai_date(order.created_at)
    return min(placed, order.contract_signed_on or placed) <= day <= today


def flags_of_parties(
    enterprise: Enterprise | None,
    agency: Agency | None,
    standings: Iterable[Standing],
    holders: Mapping[str, frozenset[str]],
) -> list[dict[str, Any]]:
    """§5.2b: what speaks against the two parties of an order: the same person, phone or address stands behind them or
    behind another organisation, one of them submitted a paper that another organisation submitted, too, or a violation
    is on record that names other orders. `standings` are those of the two, `holders` as `holders_of` has them, of all
    parties that are looked at together."""
    found = []
    for each in standings:
        if each.violations:
            field = "enterprise_uscc" if enterprise and each.uscc == enterprise.uscc else "agency_uscc"
            words = f"该单位有尚未解除的违规记录：{'、'.join(each.violations)}。"
            found.append(Flag(code="HAS_VIOLATION", field=field, message=words))
    parties = [party for party in (enterprise, agency) if party]
    return [
        *_flags_of_people(parties, holders),
        *(flag.public() for flag in found),
        *_flags_of_papers(parties, holders),
    ]


# what tells who stands behind an organisation: field → code and words of its flag
PEOPLE = {
    "legal_representative": ("SAME_REPRESENTATIVE", "法定代表人同名"),
    "contact_phone": ("SAME_PHONE", "联系电话相同"),
    "address": ("SAME_ADDRESS", "住所相同"),
}
# a building has many tenants: only those of both parties of an order say something
OF_BOTH_PARTIES = frozenset({"address"})


def _flags_of_people(
    parties: Sequence[Enterprise | Agency], holders: Mapping[str, frozenset[str]]
) -> Iterable[dict[str, Any]]:
    own = {f"{party.thing}:{party.uscc}" for party in parties}
    for field, (code, words) in PEOPLE.items():
        for value in dict.fromkeys(plain(getattr(party, field)) for party in parties):
            sharing = holders.get(f"{field}:{value}", frozenset())
            are_both = own <= sharing and len(own) > 1
            if field in OF_BOTH_PARTIES and not are_both:
                continue
            if value is not None and len({each.partition(":")[2] for each in sharing}) > 1:
                who = "企业与服务机构" if are_both else "与其他单位"
                flag = Flag(code=code, field=field, message=f"{who}的{words}，请核实是否串通。")
                yield flag.public() | {"shared_with": sorted(sharing)}


def _flags_of_papers(
    parties: Iterable[Enterprise | Agency], holders: Mapping[str, frozenset[str]]
) -> Iterable[dict[str, Any]]:
    shown = set[str]()
    for party in parties:
        for sha256, kind in _papers(party).items():
            others = [each for each in sorted(holders[sha256]) if not each.endswith(f":{party.uscc}")]
            # a paper that both parties have is one flag
            if others and sha256 not in shown:
                words = f"{DOCUMENT_WORDS[kind]}与其他单位提交的是同一文件，请核实是否串通。"
                flag = Flag(code="SAME_PAPER", field=f"{party.thing}.{kind}", message=words)
                yield flag.public() | {"shared_with": others}
            shown.add(sha256)


def flags_of_account(sharers: Sequence[str], field: str) -> list[dict[str, Any]]:
    """§5.2b: what speaks against an agency's account: it was confirmed for other agencies, too, the `sharers`."""
    if not sharers:
        return []
    flag = Flag(code="SAME_ACCOUNT", field=field, message="该收款账户也是其他服务机构的收款账户，请核实是否串通。")
    return [flag.public() | {"shared_with": [f"agency:{uscc}" for uscc in sharers]}]


def holders_of(parties: Iterable[Enterprise | Agency]) -> dict[str, frozenset[str]]:
    """§5.2b: who has what, as `enterprise:…` or `agency:…`: those of some organisations who submitted a paper last, by
    its SHA-256, and those behind whom a person, a phone or an address stands, by field and value."""
    found = defaultdict[str, set[str]](set)
    for party in parties:
        behind = [f"{field}:{value}" for field in PEOPLE if (value := plain(getattr(party, field)))]
        behind = [] if party.erased_at else behind  # what is left of two of these is the same word
        for each in [*_papers(party), *behind]:
            found[each].add(f"{party.thing}:{party.uscc}")
    return {name: frozenset(names) for name, names in found.items()}


def _papers(party: Enterprise | Agency) -> dict[str, str]:
    """SHA-256 → kind, for each paper of an organisation's last submission."""
    kinds = [kind for kind in DOCUMENT_WORDS if kind in party.submission]
    return {file.rpartition(".")[2]: kind for kind in kinds for file in party.submission[kind]}


def plain(text: str | None) -> str | None:
    """A name, a phone or an address in half width and capitals, without blanks and marks; None for none, so that two
    that are missing are not the same."""
    return plain_number(text) or None if text else None


def shown_line(
    line: Line,
    uses: Mapping[str, frozenset[str]],
    with_orders: bool,
    transfer_uses: Sequence[frozenset[str]] = (),
) -> dict[str, Any]:
    """§5.2b: a line as a client sees it; a file or a transfer that another order has, too, is flagged on both.

    `uses` maps a file's SHA-256 to the orders that it was submitted for, `transfer_uses` are those of each transfer.
    `with_orders` names those orders: only for staff, because they may be another agency's.
    """
    flags: list[dict[str, Any]] = [flag.public() for flag in line.flags]
    for document_id, sha256 in sorted(line.file_hashes.items()):
        others = sorted(uses.get(sha256, frozenset()) - {line.order_id})
        if others:
            flag = Flag(code="SAME_FILE", field=document_id, message="同一文件已用于另一笔订单。")
            flags.append(flag.public() | ({"order_ids": others} if with_orders else {}))
    for number, order_ids in enumerate(transfer_uses):
        if others := sorted(order_ids - {line.order_id}):
            words = "同一笔转账已用于另一笔订单，请核对各部分金额。"
            flag = Flag(code="SAME_TRANSFER", field=f"transfers.{number}", message=words)
            flags.append(flag.public() | ({"order_ids": others} if with_orders else {}))
    return line.public() | {"flags": flags}
