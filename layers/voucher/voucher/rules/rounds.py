"""How large a round may be, and which decisions on it need an opinion (§3.5.2)."""

from collections import Counter
from collections.abc import Iterable, Mapping

from voucher.models.settlements import Line, Settlement
from voucher.policy import Category, Policy
from voucher.refusals import FieldError, Refusal, Refused

# Lines of one agency in one round, because its payout is one write: some items are the records it moves, the others are
# its orders and every shard of every category.
MOST_LINES_OF_AGENCY = 40
RECORDS_OF_PAYOUT = 5
# Lines of one round, because they all stand in its notice, which is one item of at most 400 KB.
MOST_LINES_OF_ROUND = 300
# Agencies of one round, because all that is owed to them is written at once when the notice is closed.
MOST_AGENCIES_OF_ROUND = 90


def check_one_year(applications: Iterable[Settlement]) -> None:
    """§3.5.2: a round is of one year. Raises MALFORMED."""
    if len({each.year for each in applications}) > 1:
        words = "兑付申请须属于同一年度，请按年度分别汇总。"
        raise Refused(Refusal.MALFORMED, errors=[FieldError("settlement_ids", words, "not_allowed")])


def check_round_size(lines: Iterable[Line], policy: Policy, most_items: int) -> None:
    """§3.5.2: a round is as small as its later steps need. `most_items` is how many items the store writes at once.

    Raises ROUND_TOO_LARGE with the bound that is exceeded.
    """
    lines_of_agencies = Counter(line.agency_uscc for line in lines)
    most_of_agency = min(MOST_LINES_OF_AGENCY, most_items - RECORDS_OF_PAYOUT - len(Category) * policy.yearly_shards)
    bounds = {
        f"中每家机构最多 {most_of_agency} 笔订单": max(lines_of_agencies.values()) <= most_of_agency,
        f"最多 {MOST_AGENCIES_OF_ROUND} 家机构": len(lines_of_agencies) <= MOST_AGENCIES_OF_ROUND,
        f"最多 {MOST_LINES_OF_ROUND} 笔订单": lines_of_agencies.total() <= MOST_LINES_OF_ROUND,
    }
    for bound, is_kept in bounds.items():
        if not is_kept:
            raise Refused(Refusal.ROUND_TOO_LARGE, bound=bound)


def check_opinions(decisions: Mapping[str, tuple[str, str | None]]) -> None:
    """§3.5.2: a line that is returned or rejected needs an opinion, because the agency must know what to do.

    `decisions` maps an order id to (decision, opinion). Raises MALFORMED with every opinion that is missing.
    """
    errors = [
        FieldError(f"{order_id}.opinion", "退回或不予通过时须写明意见。", "missing")
        for order_id, (decision, opinion) in decisions.items()
        if decision != "approve" and opinion is None
    ]
    if errors:
        raise Refused(Refusal.MALFORMED, errors=errors)
