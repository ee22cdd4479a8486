"""Invoices of each kind: what their code and number look like, and what an older client's number is taken for."""

import pytest

from voucher.models.invoices import InvoiceKind, InvoiceNumber
from voucher.refusals import Refusal, Refused
from voucher.rules.invoices import read_invoice_number
from voucher.store import keys

DIGITAL, VAT_CODE, VAT = "24332000000012345678", "033002400111", "12345678"


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("digital", None, DIGITAL), ("digital", None, DIGITAL)),
        (("digital", None, "２４332000-0000123456 78"), None),
        (("digital", None, "２４332000 0000 12345678"), ("digital", None, DIGITAL)),
        ((None, None, DIGITAL), ("digital", None, DIGITAL)),
        (("vat", VAT_CODE, VAT), ("vat", VAT_CODE, VAT)),
        (("vat", VAT_CODE[:10], VAT), ("vat", VAT_CODE[:10], VAT)),
        ((None, VAT_CODE, VAT), ("vat", VAT_CODE, VAT)),
        (("fiscal", "33010124", "00123456ab"), ("fiscal", "33010124", "00123456AB")),
        ((None, None, "FP-1"), (None, None, "FP-1")),
        ((None, None, VAT), (None, None, VAT)),
    ],
)
def test_an_invoice_is_known_by_its_kind_its_code_and_its_number(
    given: tuple[InvoiceKind | None, str | None, str], expected: tuple[InvoiceKind | None, str | None, str] | None
) -> None:
    if expected is None:
        with pytest.raises(Refused):
            read_invoice_number(*given)
    else:
        assert read_invoice_number(*given) == InvoiceNumber(*expected)


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize(
    ("given", "fields"),
    [
        (("digital", VAT_CODE, DIGITAL), ["code format"]),
        (("digital", None, DIGITAL[1:]), ["number format"]),
        (("vat", None, VAT), ["code missing"]),
        (("vat", VAT_CODE[:11], VAT[1:]), ["code format", "number format"]),
        (("fiscal", None, "0012"), ["code missing"]),
        (("fiscal", "33#1", "00/12"), ["code format", "number format"]),
        ((None, "33010124", "0012"), ["kind missing"]),
    ],
)
def test_what_is_missing_or_too_much_is_named_by_its_field(
    given: tuple[InvoiceKind | None, str | None, str], fields: list[str]
) -> None:
    with pytest.raises(Refused) as no:
        read_invoice_number(*given)
    assert no.value.refusal is Refusal.MALFORMED
    assert [f"{each.field} {each.code}" for each in no.value.errors] == [f"invoice.{each}" for each in fields]


@pytest.mark.clause("§5.2b")
def test_no_two_invoices_have_one_key_and_no_invoice_has_two() -> None:
    named = [
        (None, None, "FP-1"),
        (None, None, VAT),
        (None, None, f"vat#{VAT_CODE}#{VAT}"),
        ("vat", VAT_CODE, VAT),
        ("vat", VAT_CODE[:10], VAT),
        ("fiscal", VAT_CODE, VAT),
        ("fiscal", VAT, VAT_CODE),
        ("digital", None, DIGITAL),
    ]
    found = [InvoiceNumber(*each) for each in named]  # type: ignore[arg-type]
    assert len({keys.invoice(each) for each in found}) == len(found)
    assert keys.invoice(InvoiceNumber("fiscal", "a-1", "b-2")) == keys.invoice(InvoiceNumber("fiscal", "A—1", "Ｂ-2"))


def test_an_invoice_from_before_there_were_kinds_keeps_its_key() -> None:
    for number in ("FP-1", DIGITAL):
        assert keys.invoice(InvoiceNumber(None, None, number)).pk == f"INVOICE#{number}"
    assert keys.invoice(InvoiceNumber("digital", None, DIGITAL)).pk == f"INVOICE#{DIGITAL}"
