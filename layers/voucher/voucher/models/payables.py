"""What an agency is owed in a round, and the account it is paid on (§3.5.4)."""

from typing import Any, ClassVar, Literal

from voucher.models.base import Instant, Record, Stateful


class Account(Record):
    """A bank account; its number is kept encrypted, and shows its last four digits (§3.5.4). The fingerprint tells
    whether an agency gave the same one again."""

    bank_name: str
    account_name: str
    sealed_number: str
    last_digits: str
    fingerprint: str

    def public(self) -> dict[str, Any]:
        """Who holds it where, and the masked number."""
        shown = {"bank_name": self.bank_name, "account_name": self.account_name}
        return shown | {"bank_account_masked": f"****{self.last_digits}"}


class AccountChange(Record):
    """Another account the agency asks to be paid on; it counts once the operator confirmed it, by its id: one asked for
    meanwhile is another."""

    change_id: str
    account: Account
    reason: str
    by: str
    at: Instant


class Payable(Stateful):
    """What one agency is owed in one round (§3.5.4)."""

    thing: ClassVar[str] = "payable"
    state: Literal["awaiting_invoice", "invoiced", "paying", "paid", "dropped"]

    private: ClassVar[frozenset[str]] = Stateful.private | {"account", "change", "invoiced_by", "account_by"}

    round_id: str
    year: int
    agency_uscc: str
    amount_fen: int
    order_ids: tuple[str, ...]
    settlement_ids: tuple[str, ...] = ()
    invoice_number: str | None = None
    invoice_fen: int | None = None
    invoiced_by: str | None = None
    account: Account | None = None
    account_by: str | None = None
    change: AccountChange | None = None
    document_id: str | None = None
    attempts: int = 0

    def public(self) -> dict[str, Any]:
        """The account shows only its last four digits, everywhere."""
        nothing = {"bank_name": None, "account_name": None, "bank_account_masked": None}
        account = self.account.public() if self.account else nothing
        asked = self.change
        change = asked and asked.account.public() | {"reason": asked.reason, "change_id": asked.change_id}
        return super().public() | account | {"proposed_account": change}
