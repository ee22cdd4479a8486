"""The field types of request bodies: what a client may send, and how long or large it may be."""

from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

MOST_FEN = 10**13


def _no_control_characters(text: str) -> str:
    if any(ord(character) < 32 and character not in "\n\t" for character in text):
        raise ValueError("control character")
    return text


def _with_zone(instant: datetime) -> datetime:
    if instant.tzinfo is None or not 1900 <= instant.year <= 2100:
        raise ValueError("no time zone, or a year out of range")
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), AfterValidator(_no_control_characters)
]
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), AfterValidator(_no_control_characters)
]
# what anybody may write without signing in: staff reads and decides it, however many send it
ShortText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), AfterValidator(_no_control_characters)
]
# the number of a contract, an invoice or a transfer: only visible characters, so that two equal numbers look equal
Number = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-Za-z０-９Ａ-Ｚａ-ｚ〇\u4e00-\u9fff_\-/.#()（）\[\]【】〔〕]{1,64}$"),
    Field(examples=["2026-HT-001"]),
]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-]{1,80}$"), Field(examples=["o_3f9a"])]
Uscc = Annotated[str, StringConstraints(min_length=1, max_length=40), Field(examples=["91331100MA2E00003J"])]
Phone = Annotated[str, StringConstraints(pattern=r"^[0-9+\- ]{5,20}$"), Field(examples=["0578-2091234"])]
Industry = Annotated[str, StringConstraints(pattern=r"^[0-9]{2,4}$"), Field(examples=["6510"])]
Fen = Annotated[int, Field(ge=0, le=MOST_FEN)]
PositiveFen = Annotated[int, Field(gt=0, le=MOST_FEN)]
SignedFen = Annotated[int, Field(ge=-MOST_FEN, le=MOST_FEN)]
Count = Annotated[int, Field(ge=0, le=10**7)]
Version = Annotated[int, Field(ge=1, le=10**9)]
Year = Annotated[int, Field(ge=2024, le=2100)]
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2100, 12, 31), examples=["2026-03-01"])]
Moment = Annotated[datetime, AfterValidator(_with_zone), Field(examples=["2026-03-01T01:00:00Z"])]
