"""The chart of accounts: whose money stands where, and which entries move it between which families of accounts.

An account's name is its family and its owner, such as `voucher:2026.1a2b.91…`. A posting moves money between exactly
two accounts, and only as an entry of `ENTRIES` says. The drawing of the money in the pages is made from here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from voucher.models.base import Instant, Record
from voucher.models.vouchers import Voucher

FAMILIES = ("treasury", "programme", "batch", "voucher", "order", "payable", "paid", "receivable", "surplus")
TREASURY = "treasury"

Entry = Literal[
    "appropriate",
    "withdraw",
    "release",
    "re-release",
    "close",
    "expire",
    "grant",
    "lapse",
    "hold",
    "approve",
    "take_back",
    "pay",
    "return",
    "recover",
    "unrecover",
    "receive",
]
# entry → the families it moves money from and to
ENTRIES: dict[Entry, tuple[tuple[str, str], ...]] = {
    "appropriate": (("treasury", "programme"),),  # §1.3
    "withdraw": (("programme", "treasury"),),  # §1.3: a lower total
    # §1.4a: a batch is released; §3.5.1(5), §3.5.2: an order gives back to its voucher what it held
    "release": (("programme", "batch"), ("order", "voucher")),
    "re-release": (("surplus", "batch"),),  # §2.3.3
    "close": (("batch", "surplus"),),  # what nobody claimed
    "expire": (("programme", "surplus"),),  # §1.4b: what no batch has taken by the year's end
    "grant": (("batch", "voucher"),),  # §4.1.4: the voucher's creation is this posting
    "lapse": (("voucher", "surplus"),),  # §4.2.2
    "hold": (("voucher", "order"),),  # §4.2.1
    "approve": (("order", "payable"),),  # §3.5.3
    "take_back": (("payable", "order"),),  # §5.2b, before it is paid
    "pay": (("payable", "paid"),),  # §3.5.4
    "return": (("paid", "payable"),),  # §3.5.4, by the bank
    "recover": (("paid", "receivable"),),  # §5.2b
    "unrecover": (("receivable", "paid"),),  # §5.2b: the claim is withdrawn
    "receive": (("receivable", "treasury"),),  # §5.2b: what was claimed back came in
}


def programme_account(year: int) -> str:
    """What a year has that no batch has taken."""
    return f"programme:{year}"


def batch_account(batch_id: str) -> str:
    """What a batch has that nobody has claimed."""
    return f"batch:{batch_id}"


def voucher_account(voucher_id: str) -> str:
    """The balance of a voucher."""
    return f"voucher:{voucher_id}"


def order_account(order_id: str) -> str:
    """What an order holds of its voucher."""
    return f"order:{order_id}"


def payable_account(round_id: str, agency_uscc: str) -> str:
    """What an agency is owed in a round."""
    return f"payable:{round_id}.{agency_uscc}"


def paid_account(year: int) -> str:
    """What a year has paid out, and not claimed back."""
    return f"paid:{year}"


def receivable_account(order_id: str) -> str:
    """What is claimed back of an order after it was paid, and has not come in."""
    return f"receivable:{order_id}"


def surplus_account(year: int) -> str:
    """What a year got back, and may release again."""
    return f"surplus:{year}"


def family_of(account: str) -> str:
    """The word in front of the colon."""
    return account.partition(":")[0]


def owner_of(account: str) -> str:
    """Whose account it is: what follows the colon."""
    return account.partition(":")[2]


@dataclass(frozen=True)
class Movement:
    """What a posting says beside its id. `amount_fen` is above zero; `by` is a person or a schedule."""

    entry: Entry
    source: str
    target: str
    amount_fen: int
    at: Instant
    by: str
    reason: str | None = None
    about: str | None = None


class Posting(Record):
    """One movement of money between exactly two accounts. Never edited; a correction is another posting."""

    posting_id: str
    year: int
    entry: Entry
    from_account: str
    to_account: str
    amount_fen: Annotated[int, Field(gt=0)]
    at: Instant
    by: Annotated[str, Field(min_length=1)]
    about: str | None = None
    reason: str | None = None

    @model_validator(mode="after")
    def _fits_the_chart(self) -> Self:
        if (family_of(self.from_account), family_of(self.to_account)) not in ENTRIES[self.entry]:
            raise ValueError(f"{self.entry} moves nothing from {self.from_account} to {self.to_account}")
        return self

    @classmethod
    def of(cls, movement: Movement, posting_id: str, year: int) -> Self:
        """A movement, as the posting with this id. Raises ValidationError, a fault, for one that the chart forbids."""
        return cls(
            posting_id=posting_id,
            year=year,
            entry=movement.entry,
            from_account=movement.source,
            to_account=movement.target,
            amount_fen=movement.amount_fen,
            at=movement.at,
            by=movement.by,
            about=movement.about,
            reason=movement.reason,
        )


def order_ids_held(postings: Iterable[Posting]) -> list[str]:
    """The orders for which some postings hold money, or held it once."""
    return sorted({owner_of(each.to_account) for each in postings if each.entry == "hold"})


def grant_posting(voucher: Voucher) -> Posting:
    """§4.1.4: a voucher's creation as a posting; it is not kept as an item of its own."""
    source, target = batch_account(voucher.batch_id), voucher_account(voucher.voucher_id)
    grant = Movement("grant", source, target, voucher.face_fen, voucher.granted_at, voucher.granted_by)
    return Posting.of(grant, f"{voucher.voucher_id}.0", voucher.year)
