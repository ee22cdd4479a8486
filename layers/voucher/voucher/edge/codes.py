"""Credit codes in request bodies. A module of its own, because the check of their digits slows a cold start."""

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator

from voucher.edge.fields import Uscc
from voucher.edge.mistakes import WrongCode
from voucher.rules.credit_code import is_agency_code, is_credit_code, is_enterprise_code

NO_CODE = re.compile(r"[^0-9A-HJ-NPQRTUWXY]")


def _code_that(is_right: Callable[[str], bool], clause: str) -> Callable[[str], str]:
    def checked(code: str) -> str:
        if not is_right(code):
            raise WrongCode(clause, _wrong_character(code))
        return code

    return checked


def _wrong_character(code: str) -> dict[str, str | int]:
    """The first character that no code has: often an O for a 0, or an I for a 1."""
    found = NO_CODE.search(code)
    return {"character": f"“{found[0]}”", "position": found.start() + 1} if found else {}


CreditCode = Annotated[Uscc, AfterValidator(_code_that(is_credit_code, "§2.1"))]
EnterpriseCode = Annotated[Uscc, AfterValidator(_code_that(is_enterprise_code, "§2.1"))]
AgencyCode = Annotated[Uscc, AfterValidator(_code_that(is_agency_code, "§3.1.1"))]
