"""Valid unified social credit codes (统一社会信用代码) of organisations that do not exist (GB 32100-2015, GB 11714).

A code has 2 characters for the registering body and the kind, 6 for the region, 9 for the organisation (8 and their
own check digit) and a last check digit. The organisation codes are from number blocks outside the usual ones (MAW…,
9…), so that an invented organisation does not get a real code.
"""

from random import Random
from typing import Literal

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

Series = Literal["W", "X", "Y"]
"""Each series has its own number block, so that two series never give out the same code."""

ENTERPRISES: Series = "W"
AGENCIES: Series = "X"
OUTSIDERS: Series = "Y"

_OLD_BLOCK = {"W": "91", "X": "92", "Y": "93"}
_NEW_BLOCK = {"91": "MA", "12": "MB", "31": "MD", "51": "MJ", "52": "MJ"}


def organisation_check_digit(body: str) -> str:
    """The ninth character of an organisation code (GB 11714); letters count from A = 10, gaps included."""
    total = sum(int(char, 36) * weight for char, weight in zip(body, ORGANISATION_WEIGHTS, strict=True))
    return {10: "X", 11: "0"}.get(11 - total % 11, str(11 - total % 11))


def credit_check_digit(first_17: str) -> str:
    """The eighteenth character (GB 32100): weights 3^i mod 31 over the alphabet without I O S V Z."""
    total = sum(ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(first_17))
    return ALPHABET[-total % 31]


class CreditCodes:
    """Gives out the codes of one series, each only once."""

    def __init__(self, random: Random, series: Series) -> None:
        self._random = random
        self._series = series
        self._codes_given: set[str] = set()

    def next(self, prefix: str, region: str, *, all_digits: bool = False) -> str:
        """A new code: `prefix` 91, 12, 31, 51 or 52, `region` six digits.

        With `all_digits` the organisation code looks as before the reform of October 2015.
        """
        while True:
            body = self._old_body() if all_digits else self._new_body(prefix)
            first_17 = prefix + region + body + organisation_check_digit(body)
            code = first_17 + credit_check_digit(first_17)
            if code not in self._codes_given:
                self._codes_given.add(code)
                return code

    def _old_body(self) -> str:
        return _OLD_BLOCK[self._series] + f"{self._random.randrange(10**6):06d}"

    def _new_body(self, prefix: str) -> str:
        tail = "".join(self._random.choices(ALPHABET, k=5))
        return _NEW_BLOCK[prefix] + self._series + tail
