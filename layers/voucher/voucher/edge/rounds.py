"""A round as staff sees it: the answer of every step that staff takes on it."""

from typing import Any

from voucher.edge.holds import payable_with_holds
from voucher.edge.identity import Caller
from voucher.edge.settlements import public_lines
from voucher.models.rounds import Round
from voucher.rules.members import is_in
from voucher.store import organisations, payables, payouts, rounds


def public_round(round_: Round, staff: Caller) -> dict[str, Any]:
    """§3.5.2-§3.5.4: a round with its lines, the people of its earlier steps, and what is owed and paid."""
    payables_of_round = payables.list_of_round(round_.round_id)
    lines = rounds.list_lines(round_)
    own = {each.uscc for each in organisations.list_parties(lines) if is_in(each, staff.sub)}
    return {
        **round_.public(),
        "submitters": sorted(round_.submitters),
        "pre_reviewers": sorted(round_.pre_reviewers),
        "lines": public_lines(lines, staff),
        "payables": [payable_with_holds(each, for_staff=each.agency_uscc not in own) for each in payables_of_round],
        "payouts": [payout.public() for payout in payouts.list_of(payables_of_round)],
        "payout_files": [file.public() for file in payouts.list_files(round_.round_id)],
    }
