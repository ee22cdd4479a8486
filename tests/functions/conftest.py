"""Fixtures of the functions' ring."""

from tests.support.fixtures import completed, everything, open_year, quick, quiet, submitted, town, two_lines, voucher

__all__ = ["completed", "everything", "open_year", "quick", "quiet", "submitted", "town", "two_lines", "voucher"]
