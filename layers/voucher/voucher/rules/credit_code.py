"""The unified social credit code: which 18 characters are a code, and whose may take part (§2.1, §3.1.1).

Two standards check one code. GB 32100 checks all 18 characters. Positions 9-17 are the old organisation code, whose
last character is its own check digit under GB 11714. A citizen's id number can pass the first check, hardly ever both.
This module knows the form only: the digits do not tell whether a code was ever issued, nor to whom.
"""

import re

from stdnum.cn import uscc

ENTERPRISE_PREFIXES = ("91",)
# Besides companies: 12 public institutions, 31 law firms, 32 notaries and forensic bodies, 35 arbitration
# bodies, 51 social groups, 52 private non-enterprise units, 53 foundations.
AGENCY_PREFIXES = ("91", "12", "31", "32", "35", "51", "52", "53")

# stdnum accepts spaces, hyphens, lower case and full-width characters, too; but a key has only one spelling
EXACT_FORM = re.compile(r"[0-9]{8}[0-9A-HJ-NPQRTUWXY]{10}")
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def is_credit_code(code: str) -> bool:
    """Whether `code` is a credit code in its exact form with both check digits right (GB 32100, GB 11714)."""
    return EXACT_FORM.fullmatch(code) is not None and uscc.is_valid(code) and code[16] == organisation_check(code[8:16])


def is_enterprise_code(code: str) -> bool:
    """Whether `code` can be that of an enterprise taking part (§2.1)."""
    return code.startswith(ENTERPRISE_PREFIXES) and is_credit_code(code)


def is_agency_code(code: str) -> bool:
    """Whether `code` can be that of a service agency (§3.1.1)."""
    return code.startswith(AGENCY_PREFIXES) and is_credit_code(code)


def organisation_check(body: str) -> str:
    """The GB 11714 check character of the eight before it; letters count A=10 … Z=35."""
    values = [int(character, 36) for character in body]
    total = sum(value * weight for value, weight in zip(values, ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]
