"""What lists and violations say of a credit code (§2.1.1, §2.1.3, §2.3.1, §5.2b)."""

from voucher.models.base import Record


class Standing(Record):
    """What others say of a credit code, whether registered or not: lists (§2.1.1, §2.3.1) and violations (§2.1.3).
    Its version is a condition of every approval, so nothing said meanwhile is overlooked."""

    uscc: str
    version: int = 0
    listed: dict[str, tuple[int, ...]] = {}
    violations: tuple[str, ...] = ()
