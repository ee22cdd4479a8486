"""The field types of request bodies: what a client may send, and how long or large it may be."""

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError, PydanticKnownError

from voucher.edge import texts
from voucher.models.base import read_day
from voucher.service_items import SERVICE_ITEM_WORDS

MOST_FEN = 10**13
RFC_3339 = r"[0-9]{4}(?:-[0-9]{2}){2}[Tt](?:[0-9]{2}:){2}[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+\-][0-9]{2}:[0-9]{2})"


def _read_instant(instant: Any) -> Any:
    # pydantic takes days, counts of seconds and instants without a zone, too
    if not isinstance(instant, str):
        return instant
    try:
        if re.fullmatch(RFC_3339, instant):
            return datetime.fromisoformat(instant.upper())
    except ValueError:
        pass
    raise PydanticCustomError("instant", "instant")


def _with_zone(instant: datetime) -> datetime:
    if instant.tzinfo is None or not 1900 <= instant.year <= 2100:
        raise ValueError("no time zone, or a year out of range")
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _check_service_item(item: str) -> str:
    if item not in SERVICE_ITEM_WORDS:
        raise PydanticKnownError("literal_error", {"expected": ", ".join(map(repr, SERVICE_ITEM_WORDS))})
    return item


# Constraints stand before what tidies: they are the text's own then, and pydantic tells them by their own names.
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=120),
    BeforeValidator(texts.tidy_lines),
    AfterValidator(texts.check_name),
]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000),
    BeforeValidator(texts.tidy_text),
    AfterValidator(texts.check_text),
]
# what anybody may write without signing in: staff reads and decides it, however many send it
ShortText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1000),
    BeforeValidator(texts.tidy_text),
    AfterValidator(texts.check_text),
]
# where an organisation has its seat, as its business licence says
Address = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    BeforeValidator(texts.tidy_text),
    AfterValidator(texts.check_text),
    Field(
        description="the address on the business licence; two spellings that differ in blanks, width and case are one",
        examples=["丽水市莲都区瓯恒路1号"],
    ),
]
# the number of a contract, an invoice or a transfer: only visible characters, so that two equal numbers look equal
Number = Annotated[
    str,
    BeforeValidator(texts.tidy_number),
    Field(
        description="1 to 64 digits, letters, hanzi and - _ / . # ( ) [ ]; blanks are left out",
        examples=["2026-HT-001"],
    ),
]
AccountNumber = Annotated[
    str,
    BeforeValidator(texts.tidy_account),
    Field(description="8 to 32 digits; blanks and dashes are left out", examples=["6222021202001234567"]),
]


def _check_inside(value: Any) -> Any:
    if isinstance(value, str):
        texts.check_name(value)
    elif isinstance(value, dict):
        for inner in (*value, *value.values()):
            _check_inside(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_inside(inner)
    return value


# what another model reads; here it is only made sure that its texts are texts
Values = Annotated[dict[str, Any], AfterValidator(_check_inside)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-]{1,80}$"), Field(examples=["o_3f9a"])]
Uscc = Annotated[
    str,
    StringConstraints(min_length=1, max_length=40),
    BeforeValidator(texts.tidy_code),
    AfterValidator(texts.check_name),
    Field(examples=["91331100MA2E00003J"]),
]
Phone = Annotated[
    str,
    BeforeValidator(texts.tidy_phone),
    Field(description="5 to 30 digits, + - ( ) and blanks, an extension behind 转", examples=["0578-2091234"]),
]
Industry = Annotated[str, StringConstraints(pattern=r"^[0-9]{2,4}$"), Field(examples=["6510"])]
Fen = Annotated[int, Field(ge=0, le=MOST_FEN)]
PositiveFen = Annotated[int, Field(gt=0, le=MOST_FEN)]
SignedFen = Annotated[int, Field(ge=-MOST_FEN, le=MOST_FEN)]
ServiceItem = Annotated[
    str, AfterValidator(_check_service_item), Field(json_schema_extra={"enum": [*SERVICE_ITEM_WORDS]})
]
# of units of a price; with the largest price it still fits the largest number that DynamoDB keeps
Quantity = Annotated[int, Field(ge=1, le=10**6)]
Count = Annotated[int, Field(ge=0, le=10**7)]
Version = Annotated[int, Field(ge=1, le=10**9)]
Year = Annotated[int, Field(ge=2024, le=2100)]
Day = Annotated[
    date,
    Field(ge=date(1900, 1, 1), le=date(2100, 12, 31), examples=["2026-03-01"]),
    BeforeValidator(read_day),
]
Moment = Annotated[
    datetime, BeforeValidator(_read_instant), AfterValidator(_with_zone), Field(examples=["2026-03-01T01:00:00Z"])
]
