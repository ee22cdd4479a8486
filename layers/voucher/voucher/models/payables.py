"""What an agency is owed in a round, and the account it is paid on (§3.5.4)."""

from typing import Any, ClassVar, Literal, NamedTuple, TypedDict

from voucher.models.base import Instant, Record, Stateful
from voucher.models.invoices import InvoiceKind, InvoiceNumber
from voucher.models.settlements import PublicFlag


class MaskedAccount(Record):
    """What is shown of a bank account, and what stays of it once its number is erased."""

    bank_name: str
    account_name: str
    last_digits: str

    def public(self) -> dict[str, Any]:
        """Its holder, its bank, and the masked number."""
        return {
            "bank_name": self.bank_name,
            "account_name": self.account_name,
            "bank_account_masked": f"****{self.last_digits}",
        }


class Account(MaskedAccount):
    """A bank account (§3.5.4). Its number is kept encrypted; only its last four digits are shown. Two accounts of an
    agency with the same fingerprint are the same account; equal numbers of any agencies have the same `match`, which is
    None in accounts of before 2026-11-30."""

    sealed_number: str
    fingerprint: str
    match: str | None = None


class KnownAccount(NamedTuple):
    """The account that an agency is paid on, over all rounds. Nobody confirmed one that is known since before
    2026-11-30 and bears the agency's name."""

    fingerprint: str
    confirmed_by: str | None


class AccountChange(Record):
    """The first account that the agency names, or another one than before (§3.5.4). It counts once a second person has
    confirmed it by its `change_id`, because the agency may name yet another one while the operator looks at this one.
    """

    change_id: str
    account: Account
    reason: str
    by: str
    at: Instant

    def public(self) -> dict[str, Any]:
        """The proposed account with the id by which the operator decides on it."""
        return self.account.public() | {"reason": self.reason, "change_id": self.change_id}


class FullAccount(TypedDict):
    """An account that waits, with its whole number, for the person who decides on it by `change_id` (§3.5.4), and what
    that person should look at (§5.2b)."""

    change_id: str
    bank_name: str
    account_name: str
    bank_account: str
    reason: str
    flags: list[PublicFlag]


PayableState = Literal["awaiting_invoice", "invoiced", "paying", "paid", "dropped"]


class Payable(Stateful):
    """What one agency is owed in one round (§3.5.4). `account_confirmed_by` is the operator who confirmed its account,
    perhaps in an earlier round. `account_before` is what stays of an erased
    account: should the bank send its money back then, the agency gives its account anew."""

    thing: ClassVar[str] = "payable"
    state: PayableState

    private: ClassVar[frozenset[str]] = Stateful.private | {
        "account",
        "account_before",
        "change",
        "invoiced_by",
        "account_by",
        "account_confirmed_by",
    }

    round_id: str
    year: int
    agency_uscc: str
    agency_name: str | None = None
    amount_fen: int
    order_ids: tuple[str, ...]
    settlement_ids: tuple[str, ...] = ()
    invoice_kind: InvoiceKind | None = None
    invoice_code: str | None = None
    invoice_number: str | None = None
    invoice_fen: int | None = None
    invoiced_by: str | None = None
    account: Account | None = None
    account_by: str | None = None
    account_before: MaskedAccount | None = None
    account_confirmed_by: str | None = None
    change: AccountChange | None = None
    document_id: str | None = None
    attempts: int = 0
    erased_at: Instant | None = None

    @property
    def invoice_known_by(self) -> InvoiceNumber | None:
        """What makes its summary invoice one of its own, None before there is one."""
        number = self.invoice_number
        return InvoiceNumber(self.invoice_kind, self.invoice_code, number) if number else None

    def public(self) -> dict[str, Any]:
        """The payable as its agency and staff see it: of an account only the last four digits."""
        no_account = {"bank_name": None, "account_name": None, "bank_account_masked": None}
        known = self.account or self.account_before
        account = known.public() if known else no_account
        return super().public() | account | {"proposed_account": self.change.public() if self.change else None}


class ProposedAccount(TypedDict):
    """A new account that waits for the operator, and the id by which it is decided on."""

    bank_name: str
    account_name: str
    bank_account_masked: str
    reason: str
    change_id: str


class PublicPayable(Payable, view=True):
    """What an agency is owed, with its bank account: of the number only the last four digits. `held_order_ids` are
    those of its orders that a violation on record, a finding, or the bureau's word on another subsidy holds: as long as
    there is one, no payout is made (§5.2b); `flags` is what staff should look at."""

    sometimes: ClassVar[frozenset[str]] = frozenset({"held_order_ids", "flags"})

    bank_name: str | None
    account_name: str | None
    bank_account_masked: str | None
    proposed_account: ProposedAccount | None
    held_order_ids: list[str]
    flags: list[PublicFlag]
