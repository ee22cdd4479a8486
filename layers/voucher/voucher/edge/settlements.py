"""What clients see of settlement applications and their lines (§3.5.1, §3.5.2)."""

from collections.abc import Sequence
from typing import Any

from voucher.models.settlements import Line, Settlement
from voucher.rules.flags import shown_line
from voucher.store import settlements


def public_lines(lines: Sequence[Line], for_staff: bool) -> list[dict[str, Any]]:
    """Lines with their flags; of a file that another order has, too, staff see which order."""
    uses = settlements.read_file_uses(lines)
    return [shown_line(line, uses, with_orders=for_staff) for line in lines]


def public_settlement(settlement: Settlement, lines: Sequence[Line], for_staff: bool) -> dict[str, Any]:
    """An application with its lines."""
    return settlement.public() | {"lines": public_lines(lines, for_staff)}
