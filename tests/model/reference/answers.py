"""The answer that the model expects of a call: a status, or the refusal codes that would be correct."""

from dataclasses import dataclass

STATUS = {
    "ROLE_REQUIRED": 403,
    "FOUR_EYES": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "CHANGED_MEANWHILE": 409,
    "WRONG_STATE": 409,
    "LIST_IN_TURN": 409,
    "TOTAL_BELOW_COMMITTED": 409,
    "OVER_PROGRAMME_TOTAL": 409,
    "BATCH_NOT_OPEN": 409,
    "BATCH_CLOSED": 409,
    "SOLD_OUT": 409,
    "CONTRACT_USED": 409,
    "CATEGORY_CAP": 409,
    "KEY_FLOOR": 409,
    "TOO_MANY_ORDERS": 409,
    "ALREADY_REVIEWED": 409,
    "ORDER_NOT_COMPLETED": 409,
    "SETTLEMENT_ENDED": 409,
    "ORDER_IN_SETTLEMENT": 409,
    "LINE_UNDER_REVIEW": 409,
    "INVOICE_USED": 409,
    "ACCOUNT_UNDECIDED": 409,
    "NOTHING_PASSED": 409,
    "NOTICE_ENDED": 409,
    "NOTHING_PAYABLE": 409,
    "PAYOUT_GOES_ON": 409,
    "ALREADY_RECOVERED": 409,
    "TOO_MANY_OBJECTIONS": 429,
    "NO_TOTAL_PENDING": 409,
    "CANCEL_NOT_ASKED": 409,
    "HELD": 409,
    "NO_CANCEL_REQUEST": 409,
    "NO_CONTRACT_PROPOSED": 409,
    "TOO_EARLY": 409,
    "SUBSIDY_UNDECIDED": 409,
    "NO_OTHER_SUBSIDY": 409,
}


@dataclass(frozen=True)
class ExpectedAnswer:
    """Success (`codes` is empty) or a refusal with one of `codes`."""

    status: int
    codes: frozenset[str] = frozenset()
    replay: bool = False

    @property
    def took_effect(self) -> bool:
        """True if this call changes something: it is neither refused nor a repetition."""
        return not self.codes and not self.replay

    def fits(self, status: int, code: str | None, replay: bool) -> bool:
        """True if the backend's answer is the expected one."""
        if self.codes:
            return code in self.codes and status == STATUS.get(code, 422)
        return (status, code, replay) == (self.status, None, self.replay)


CREATED = ExpectedAnswer(201)
OK = ExpectedAnswer(200)
REPLAY = ExpectedAnswer(200, replay=True)


def refusal(*codes: str) -> ExpectedAnswer:
    """A refusal; several codes where the backend may give any of them."""
    return ExpectedAnswer(0, frozenset(codes))
