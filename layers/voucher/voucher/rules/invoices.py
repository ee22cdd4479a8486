"""How the code and the number of an invoice of each kind look (§3.5.1(2), §3.5.4)."""

import re

from voucher.models.base import plain_number
from voucher.models.invoices import InvoiceKind, InvoiceNumber
from voucher.refusals import FieldError, Refusal, Refused

DIGITAL_NUMBER = "[0-9]{20}"
# kind → what its code and its number look like, in plain form; None: it has no code
FORMS: dict[InvoiceKind, tuple[str | None, str]] = {
    "digital": (None, DIGITAL_NUMBER),
    "vat": ("[0-9]{10}|[0-9]{12}", "[0-9]{8}"),
    "fiscal": ("[0-9A-Z-]{1,20}", "[0-9A-Z-]{1,20}"),
}
FORM_WORDS: dict[InvoiceKind, tuple[str, str]] = {
    "digital": ("数电票没有发票代码，请留空。", "数电票的发票号码为 20 位数字。"),
    "vat": ("增值税发票的发票代码为 10 位或 12 位数字。", "增值税发票的发票号码为 8 位数字。"),
    "fiscal": ("财政票据须填写票据代码（字母、数字）。", "财政票据的票据号码由字母、数字组成。"),
}
EXAMPLES: dict[InvoiceKind, tuple[str | None, str]] = {
    "digital": (None, "24332000000012345678"),
    "vat": ("033002400111", "12345678"),
    "fiscal": ("33010124", "0012345678"),
}


def read_invoice_number(
    kind: InvoiceKind | None, code: str | None, number: str, field: str = "invoice."
) -> InvoiceNumber:
    """§5.2b: an invoice by what it is known by, of which nothing is missing and nothing is too much.

    Without a kind, as older clients send it, 20 digits are a digital invoice, and a code with the digits of a VAT
    invoice makes one; any other number without a code stays of no kind. Raises MALFORMED; `field` is what stands in
    front of the names of the three fields.
    """
    kind = kind or _kind_of(code, number)
    if kind is None:
        if code is not None:
            error = FieldError(f"{field}kind", "请选择发票种类。", "missing", allowed=tuple(FORMS))
            raise Refused(Refusal.MALFORMED, errors=[error])
        return InvoiceNumber(None, None, number)
    given = (code, number)
    errors = [
        FieldError(f"{field}{name}", words, "format" if text else "missing", example=example)
        for name, text, form, words, example in zip(
            ("code", "number"), given, FORMS[kind], FORM_WORDS[kind], EXAMPLES[kind], strict=True
        )
        if not _fits(text, form)
    ]
    if errors:
        raise Refused(Refusal.MALFORMED, errors=errors)
    return InvoiceNumber(kind, plain_number(code) if code else None, plain_number(number))


def _kind_of(code: str | None, number: str) -> InvoiceKind | None:
    if code is None:
        return "digital" if _fits(number, DIGITAL_NUMBER) else None
    code_form, number_form = FORMS["vat"]
    return "vat" if _fits(code, code_form) and _fits(number, number_form) else None


def _fits(text: str | None, form: str | None) -> bool:
    if text is None or form is None:
        return text is None and form is None
    return re.fullmatch(form, plain_number(text)) is not None
