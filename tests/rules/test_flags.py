"""What a reviewer should look at: dates outside an order's life, prices, amounts, files of other orders."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.rules.records import NOW, agency, enterprise
from tests.rules.settlement_records import invoice, line, order, transfers
from voucher.models.base import Mark
from voucher.models.settlements import Flag
from voucher.rules.flags import flags_of, flags_of_parties, holders_of, shown_line
from voucher.rules.retention import erased_organisation

PLACED = datetime(2026, 6, 10, 2, tzinfo=UTC)

TODAY = date(2026, 6, 15)


def codes(**facts: Any) -> list[str]:
    """The flags of a line whose figures fit, but for `facts`."""
    changed = {"created_at": PLACED, "contract_signed_on": date(2026, 6, 8), **facts.pop("order", {})}
    issued = invoice().model_copy(update={"issued_on": facts.get("issued_on", TODAY)})
    paid = [each.model_copy(update={"paid_on": day}) for day in facts.get("paid_on", [TODAY]) for each in transfers(1)]
    agreed = order(**changed)
    figures = facts.get("contract_fen", 1_000_000), facts.get("quantity", agreed.quantity)
    found = flags_of(agreed, *figures, issued, paid, TODAY)
    return [f"{flag.code} {flag.field}" for flag in found]


@pytest.mark.clause("§3.5.2")
@pytest.mark.parametrize(
    ("day", "fits"),
    [(date(2026, 6, 7), False), (date(2026, 6, 8), True), (date(2026, 6, 15), True), (date(2026, 6, 16), False)],
)
def test_invoice_and_transfers_belong_between_the_contract_and_today(day: date, fits: bool) -> None:
    assert codes(issued_on=day) == ([] if fits else ["INVOICE_DATE invoice.issued_on"])
    assert codes(paid_on=[TODAY, day]) == ([] if fits else ["TRANSFER_DATE transfers.1.paid_on"])


@pytest.mark.parametrize(("signed_on", "begins"), [(None, 10), (date(2026, 6, 12), 10), (date(2026, 6, 1), 1)])
def test_an_order_lives_from_the_earlier_of_its_placing_and_its_contract(signed_on: date | None, begins: int) -> None:
    facts = {"order": {"contract_signed_on": signed_on}}
    assert codes(issued_on=date(2026, 6, begins), **facts) == []
    day_before = date(2026, 6, begins - 1) if begins > 1 else date(2026, 5, 31)
    assert codes(issued_on=day_before, **facts) == ["INVOICE_DATE invoice.issued_on"]


def test_the_day_of_placing_is_the_day_in_shanghai() -> None:
    late = {"created_at": datetime(2026, 6, 9, 16, tzinfo=UTC), "contract_signed_on": None}
    assert codes(issued_on=date(2026, 6, 10), order=late) == []
    assert codes(issued_on=date(2026, 6, 9), order=late) != []


@pytest.mark.clause("§5.2a")
def test_a_contract_above_the_listed_price_and_one_unlike_the_orders_are_two_flags() -> None:
    assert codes() == []
    assert codes(contract_fen=999_999) == ["CONTRACT_DIFFERS contract_fen"]
    assert codes(contract_fen=1_000_001) == ["PRICE_ABOVE_LISTED contract_fen", "CONTRACT_DIFFERS contract_fen"]
    assert codes(order={"price_fen": 999_999}) == ["PRICE_ABOVE_LISTED contract_fen"]


@pytest.mark.clause("§1.4b")
def test_a_contract_from_before_the_voucher_is_flagged() -> None:
    flag = "CONTRACT_BEFORE_VOUCHER contract_document_id"
    assert codes(order={"voucher_granted_on": date(2026, 6, 9)}) == [flag]
    for granted_on in (date(2026, 6, 8), None):
        assert codes(order={"voucher_granted_on": granted_on}) == []


@pytest.mark.clause("§5.2b")
def test_an_invoice_of_no_kind_is_flagged_because_it_is_unique_only_among_those() -> None:
    old = invoice().model_copy(update={"kind": None, "code": None})
    found = flags_of(order(contract_signed_on=TODAY), 1_000_000, 1, old, transfers(1), TODAY)
    assert [(flag.code, flag.field) for flag in found] == [("INVOICE_KIND_OPEN", "invoice.kind")]


@pytest.mark.clause("§5.2a")
def test_the_price_standard_counts_for_each_unit_that_was_ordered() -> None:
    fifty_people = {"price_fen": 20_000, "price_unit": "人", "quantity": 50}
    assert codes(order=fifty_people) == []
    assert codes(order={**fifty_people, "quantity": 49}) == ["PRICE_ABOVE_LISTED contract_fen"]


def test_another_quantity_is_a_flag_and_the_delivered_one_counts_for_the_price() -> None:
    fifty_people = {"price_fen": 20_000, "price_unit": "人", "quantity": 50}
    assert codes(order=fifty_people, quantity=51) == ["QUANTITY_DIFFERS quantity"]
    assert codes(order=fifty_people, quantity=49) == ["PRICE_ABOVE_LISTED contract_fen", "QUANTITY_DIFFERS quantity"]


@pytest.mark.clause("§5.2b")
def test_a_file_of_another_order_is_flagged_once_for_each_document_that_has_it() -> None:
    own = line(file_hashes={"d1": "a", "d2": "b", "d3": "c"}, flags=(Flag(code="X", field="f", message="看。"),))
    uses = {"a": frozenset({"o1"}), "b": frozenset({"o1", "o9", "o8"})}
    flags = shown_line(own, uses, with_orders=True)["flags"]
    assert [(flag["code"], flag["field"], flag.get("order_ids")) for flag in flags] == [
        ("X", "f", None),
        ("SAME_FILE", "d2", ["o8", "o9"]),
    ]
    assert all("order_ids" not in flag for flag in shown_line(own, uses, with_orders=False)["flags"])
    assert "file_hashes" not in shown_line(own, uses, with_orders=True)


@pytest.mark.clause("§5.2b")
def test_a_person_or_a_phone_behind_several_parties_is_a_flag_beyond_the_pair() -> None:
    buyer, seller = enterprise(contact_phone="0578-1"), agency(legal_representative="李四")
    other = enterprise(uscc="91331100MA2E3X4Y5A", contact_phone="0578－1", legal_representative="李 四")
    flags = flags_of_parties(buyer, seller, [], holders_of([buyer, seller, other]))
    assert [(each["code"], each["message"], each["shared_with"]) for each in flags] == [
        (
            "SAME_REPRESENTATIVE",
            "与其他单位的法定代表人同名，请核实是否串通。",
            sorted([f"agency:{seller.uscc}", f"enterprise:{other.uscc}"]),
        ),
        (
            "SAME_PHONE",
            "与其他单位的联系电话相同，请核实是否串通。",
            sorted([f"enterprise:{buyer.uscc}", f"enterprise:{other.uscc}"]),
        ),
    ]
    assert flags_of_parties(buyer, seller, [], holders_of([buyer, seller])) == []
    both = agency(uscc=buyer.uscc, contact_phone="0578-1")  # one that is both is no other
    assert flags_of_parties(buyer, seller, [], holders_of([buyer, seller, both])) == []


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize(
    ("of_buyer", "of_seller", "is_flagged"),
    [
        ("丽水市莲都区瓯恒路1号A座", "丽水市莲都区 瓯恒路１号ａ座", True),
        ("丽水市莲都区瓯恒路1号（创业园）", "丽水市莲都区瓯恒路1号(创业园)", True),
        ("丽水市莲都区瓯恒路1号A座", "丽水市莲都区瓯恒路1号B座", False),
        ("丽水市莲都区瓯恒路1号", None, False),
        (None, None, False),
    ],
)
def test_an_address_of_both_parties_is_a_flag_however_it_is_written(
    of_buyer: str | None, of_seller: str | None, is_flagged: bool
) -> None:
    buyer, seller = enterprise(address=of_buyer), agency(address=of_seller)
    flags = flags_of_parties(buyer, seller, [], holders_of([buyer, seller]))
    names = [f"agency:{seller.uscc}", f"enterprise:{buyer.uscc}"]
    words = "企业与服务机构的住所相同，请核实是否串通。"
    flag = {"code": "SAME_ADDRESS", "field": "address", "message": words, "shared_with": names}
    assert flags == ([flag] if is_flagged else [])


@pytest.mark.clause("§5.2b")
def test_a_third_one_at_the_address_of_a_party_says_nothing_of_the_two() -> None:
    buyer, seller = enterprise(address="莲都区天峰路2号"), agency(address="莲都区瓯恒路1号")
    third = enterprise(
        uscc="91331100MA2E3X4Y5A", address=seller.address, legal_representative="李四", contact_phone="0578-2"
    )
    assert flags_of_parties(buyer, seller, [], holders_of([buyer, seller, third])) == []


@pytest.mark.clause("§5.2b")
def test_what_is_left_of_two_erased_parties_is_not_the_same_person() -> None:
    mark = Mark(by="system", at=NOW)
    buyer = erased_organisation(enterprise(state="disqualified", address="丽水"), mark)
    seller = erased_organisation(
        agency(state="removed", legal_representative="李四", contact_phone="1", address="龙泉"), mark
    )
    assert flags_of_parties(buyer, seller, [], holders_of([buyer, seller])) == []
