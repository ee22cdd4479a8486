"""Credit codes in request bodies. A module of its own, because the check of their digits slows a cold start."""

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator

from voucher.edge.fields import Uscc
from voucher.edge.mistakes import WrongCode
from voucher.rules.credit_code import is_agency_code, is_credit_code, is_enterprise_code


def _code_that(is_right: Callable[[str], bool], clause: str) -> Callable[[str], str]:
    def checked(code: str) -> str:
        if not is_right(code):
            raise WrongCode(clause)
        return code

    return checked


CreditCode = Annotated[Uscc, AfterValidator(_code_that(is_credit_code, "§2.1"))]
EnterpriseCode = Annotated[Uscc, AfterValidator(_code_that(is_enterprise_code, "§2.1"))]
AgencyCode = Annotated[Uscc, AfterValidator(_code_that(is_agency_code, "§3.1.1"))]
