"""The size class of an enterprise by the national table (§2.1): large may not take part, the rest may."""

import re

from voucher.policy import SizeClass
from voucher.size_classes import SIZE_CLASSES_2011, Bounds, Row, SizeClasses

INDUSTRY_CODE = re.compile(r"[0-9]{2,4}")


def classify(
    industry_code: str,
    employees: int,
    revenue_fen: int,
    assets_fen: int,
    edition: SizeClasses = SIZE_CLASSES_2011,
) -> SizeClass | None:
    """§2.1: the class of an enterprise; None if the table has no row for its industry. Amounts in fen.

    `industry_code` is GB/T 4754, two to four digits without the letter. Lower bounds are inclusive. An enterprise is in
    the largest class of which it meets all bounds.
    """
    row = find_row(industry_code, edition)
    if row is None:
        return None
    for size_class, bounds in (
        (SizeClass.LARGE, row.large),
        (SizeClass.MEDIUM, row.medium),
        (SizeClass.SMALL, row.small),
    ):
        if _meets(bounds, employees, revenue_fen, assets_fen):
            return size_class
    return SizeClass.MICRO


def find_row(industry_code: str, edition: SizeClasses = SIZE_CLASSES_2011) -> Row | None:
    """The row of an industry code, by its longest known prefix; None if there is no row, or no such code."""
    if INDUSTRY_CODE.fullmatch(industry_code) is None:
        return None
    for length in range(len(industry_code), 1, -1):
        if industry_code[:length] in edition.prefixes:
            return edition.prefixes[industry_code[:length]]
    return None


def _meets(bounds: Bounds, employees: int, revenue_fen: int, assets_fen: int) -> bool:
    return (
        (bounds.employees is None or employees >= bounds.employees)
        and (bounds.revenue_fen is None or revenue_fen >= bounds.revenue_fen)
        and (bounds.assets_fen is None or assets_fen >= bounds.assets_fen)
    )
