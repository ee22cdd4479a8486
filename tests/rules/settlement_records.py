"""Records from an order to its payout with everything right about them, and a posting."""

from datetime import date
from typing import Any

from tests.rules.records import AGENCY, FIRM, MADE, NOW, TODAY, YEAR
from voucher.models.accounts import ENTRIES, Movement, Posting, family_of
from voucher.models.notices import Notice, Objection
from voucher.models.orders import Order
from voucher.models.settlements import Invoice, Line, Settlement, Transfer
from voucher.policy import Category


def order(**changes: Any) -> Order:
    """A completed order: contract of 10,000 yuan, 7,000 of it by voucher."""
    facts: dict[str, Any] = {
        "state": "completed",
        "order_id": "o1",
        "year": YEAR,
        "product_id": f"{AGENCY}.p1",
        "agency_uscc": AGENCY,
        "enterprise_uscc": FIRM,
        "voucher_id": f"2026.b1.{FIRM}",
        "category": Category.TECH_INNOVATION,
        "price_fen": 1_000_000,
        "price_unit": "项",
        "contract_fen": 1_000_000,
        "voucher_fen": 700_000,
        "contract_number": "HT-1",
        "contract_signed_on": TODAY,
        "drawn": {},
        **MADE,
    }
    return Order(**facts | changes)


def invoice(amount_fen: int = 300_000) -> Invoice:
    """The agency's invoice for the enterprise's own share."""
    facts: dict[str, Any] = {"kind": "fiscal", "code": "330101", "number": "FP-1"}
    return Invoice(**facts, amount_fen=amount_fen, issued_on=TODAY, document_id="d1")


def transfers(*amounts_fen: int) -> tuple[Transfer, ...]:
    """Payments by the enterprise."""
    return tuple(
        Transfer(reference=f"T-{number}", amount_fen=fen, paid_on=TODAY, document_id="d2")
        for number, fen in enumerate(amounts_fen)
    )


def settlement(**changes: Any) -> Settlement:
    """An application for `order()`."""
    facts: dict[str, Any] = {"settlement_id": "s1", "year": YEAR, "agency_uscc": AGENCY, "order_ids": ("o1",)}
    return Settlement(**{**facts, "state": "submitted", **MADE, **changes})


def line(**changes: Any) -> Line:
    """The line of `order()`, with all its evidence."""
    facts: dict[str, Any] = {
        "state": "submitted",
        "settlement_id": "s1",
        "order_id": "o1",
        "agency_uscc": AGENCY,
        "enterprise_uscc": FIRM,
        "category": Category.TECH_INNOVATION,
        "year": YEAR,
        "contract_fen": 1_000_000,
        "voucher_fen": 700_000,
        "invoice": invoice(),
        "transfers": transfers(300_000),
        "contract_document_id": "d3",
        "evidence_document_ids": ("d4",),
        **MADE,
    }
    return Line(**facts | changes)


def notice(published_on: date, ends_on: date) -> Notice:
    """A running notice."""
    facts: dict[str, Any] = {"state": "running", "text": "公示", "ends_certain": True, "lines": (), **MADE}
    return Notice(notice_id="n1", round_id="r1", published_on=published_on, ends_on=ends_on, **facts)


def objection(order_id: str | None, agency_uscc: str | None, state: str = "standing") -> Objection:
    """Somebody objects to one line, to an agency, or to the whole notice."""
    words = {"name": "王五", "contact": "13900000000", "reason": "服务未实际发生"}
    facts: dict[str, Any] = {"objection_id": "n1.j1", "notice_id": "n1", "state": state, **words, **MADE}
    return Objection(order_id=order_id, agency_uscc=agency_uscc, **facts)


def posting(from_account: str, to_account: str, amount_fen: int) -> Posting:
    """One movement of money, by the entry that moves it between these two."""
    pair = (family_of(from_account), family_of(to_account))
    entry = next(entry for entry, pairs in ENTRIES.items() if pair in pairs)
    return Posting.of(Movement(entry, from_account, to_account, amount_fen, NOW, "someone"), "x", YEAR)
