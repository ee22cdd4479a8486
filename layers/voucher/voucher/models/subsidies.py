"""Other subsidies of an enterprise, and the bureau's word on whether an order has the same item as one of them
(§5.2b)."""

from typing import Literal

from voucher.models.base import Instant, Record


class Subsidy(Record):
    """A row of the list of other subsidies: an item of an enterprise in a year, with its contract and its invoice as
    far as the other office named them; a row without either says only that the enterprise was subsidised. `import_id`
    and `row` are those of the version that first had it; None for one of before rows were kept."""

    year: int
    import_id: str | None = None
    row: int | None = None
    contract_number: str | None = None
    invoice_code: str | None = None
    invoice_number: str | None = None
    project: str | None = None
    amount_fen: int | None = None

    @property
    def subsidy_id(self) -> str:
        """The list version and the row in it; another version that says the same has the same id."""
        return f"{self.import_id}.{self.row}" if self.import_id else f"{self.year}"

    @property
    def is_exact(self) -> bool:
        """It names one contract or invoice, so it concerns no other one."""
        return bool(self.contract_number or self.invoice_number)

    def says_same(self, other: "Subsidy") -> bool:
        """Another version's row of the same item."""
        return self.model_copy(update={"import_id": other.import_id, "row": other.row}) == other


class SubsidyDecision(Record):
    """The bureau's word on an order whose enterprise has other subsidies: the `same` item, or an `other` one. It was
    given on the rows `subsidy_ids`, so a row that comes later asks again."""

    decision: Literal["same", "other"]
    reason: str
    subsidy_ids: tuple[str, ...]
    by: str
    at: Instant
