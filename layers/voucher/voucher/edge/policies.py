"""The policy of a programme year, as the bureau sends it: the values that differ from the edition's, by name."""

import json
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from voucher.edge import clock
from voucher.edge.mistakes import malformed
from voucher.policy import Policy, policy_on
from voucher.rules.programmes import policy_for
from voucher.rules.working_days import shanghai_date
from voucher.store import programmes


def policy_today() -> Policy:
    """The policy of this year's programme, or of the edition in force."""
    today = clock.today()
    return policy_for(programmes.find(today.year), today)


def read_policy(values: dict[str, Any], now: datetime) -> Policy:
    """The edition in force now, with some values of its own. Raises MALFORMED."""
    edition = policy_on(shanghai_date(now))
    try:
        # parsed as JSON, because there a strict model takes a text as a date, and never a number
        text = json.dumps({**edition.model_dump(mode="json"), **values})
        return Policy.model_validate_json(text, strict=True, extra="forbid")
    except ValidationError as error:
        raise malformed(error, Policy, prefix="policy.") from None
