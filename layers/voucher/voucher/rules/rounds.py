"""How large a round may be, and which decisions on it need an opinion (§3.5.2)."""

from collections import Counter
from collections.abc import Iterable, Mapping

from voucher.models.settlements import Line
from voucher.policy import Category, Policy
from voucher.refusals import FieldError, Refusal, Refused

# Lines of one agency in one round: its payout is one write of 100 items at most, of which some are the records it
# moves, and one for each shard of each category
MOST_LINES_OF_AGENCY = 40
RECORDS_OF_PAYOUT = 5
# A round's notice is one item, of 400 KB at most; what it owes to each agency is one write at its end
MOST_LINES_OF_ROUND = 300
MOST_AGENCIES_OF_ROUND = 90


def check_round_size(lines: Iterable[Line], policy: Policy) -> None:
    """§3.5.2: what is written at once is bounded. Raises ROUND_TOO_LARGE."""
    counted = Counter(line.agency_uscc for line in lines)
    most = min(MOST_LINES_OF_AGENCY, 100 - RECORDS_OF_PAYOUT - len(Category) * policy.yearly_shards)
    bounds = {
        f"中每家机构最多 {most} 笔订单": max(counted.values()) <= most,
        f"最多 {MOST_AGENCIES_OF_ROUND} 家机构": len(counted) <= MOST_AGENCIES_OF_ROUND,
        f"最多 {MOST_LINES_OF_ROUND} 笔订单": counted.total() <= MOST_LINES_OF_ROUND,
    }
    for bound, kept in bounds.items():
        if not kept:
            raise Refused(Refusal.ROUND_TOO_LARGE, bound=bound)


def check_opinions(decisions: Mapping[str, tuple[str, str | None]]) -> None:
    """§3.5.2: what does not go on needs an opinion that the agency can act on; order id → (decision, opinion)."""
    errors = [
        FieldError(f"{order_id}.opinion", "退回或不予通过时须写明意见。")
        for order_id, (decision, opinion) in decisions.items()
        if decision != "approve" and opinion is None
    ]
    if errors:
        raise Refused(Refusal.MALFORMED, errors=errors)
