"""Ratings of agencies and products, from 1 to 5 (§4.2.3)."""

from typing import TypedDict

from voucher.models.base import Record


class Rated(TypedDict):
    """How many ratings there are, and their average, rounded down to hundredths; null before the first one."""

    rating_average: float | None
    rating_count: int


class Ratings(Record):
    """How many ratings there are, and their sum."""

    rating_count: int = 0
    rating_sum: int = 0

    def shown(self) -> Rated:
        """As anybody may see it."""
        count = self.rating_count
        return {"rating_average": 100 * self.rating_sum // count / 100 if count else None, "rating_count": count}
