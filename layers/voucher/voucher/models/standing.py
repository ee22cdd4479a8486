"""The standing of a credit code: its lists and violations (§2.1.1, §2.1.3, §2.3.1, §5.2b)."""

from voucher.models.base import Record
from voucher.models.subsidies import Subsidy


class Standing(Record):
    """The lists (§2.1.1, §2.3.1) and violations (§2.1.3) that name a credit code, registered or not.

    `listed` maps the kind of a list to the years whose list names the code, `dropped` to those whose list names it no
    more (only of a list that counts until a later one replaces it). `subsidies` are the rows of the lists of other
    subsidies that name it. Every approval is written on condition of the version, so that it cannot overlook a list or
    a violation of the same moment. Version 0: nothing is known yet.
    """

    uscc: str
    version: int = 0
    listed: dict[str, tuple[int, ...]] = {}
    dropped: dict[str, tuple[int, ...]] = {}
    subsidies: tuple[Subsidy, ...] = ()
    violations: tuple[str, ...] = ()


class OrderWarning(Record):
    """What the enterprise was told when it ordered: it stops nothing yet, but may stop the payout (§5.2b)."""

    code: str
    message: str
