"""Letters to the mailbox (§5.3): who reads which, and what follows on one."""

import hmac
from datetime import datetime
from typing import Any

from voucher.models.base import instant_text
from voucher.models.letters import HandOver, Letter, LetterProgress, ListedLetter
from voucher.refusals import Refusal, Refused, not_found
from voucher.rules.objections import answer_code, code_sha256
from voucher.rules.working_days import shanghai_date

READERS = {"others": "discipline", "discipline": "oversight"}


def code_of(letter_id: str, words: str, key: str) -> str:
    """The code of a letter follows from its words and the Idempotency-Key of its call, neither of which is kept: so an
    equal call gets the same code, and a reader of the table gets none."""
    return answer_code(f"{letter_id}\n{words}", key)


def check_reader(letter: Letter, roles: frozenset[str]) -> None:
    """§5.3: 市纪委监委 reads the letters, and the office above it those about its own staff. Raises NOT_FOUND."""
    if READERS[letter.accused] not in roles:
        raise not_found("letter")


def _moved(letter: Letter, **changes: Any) -> Letter:
    return letter.model_copy(update={**changes, "version": letter.version + 1})


def handed_over(letter: Letter, number: str, to: str, by: str, at: datetime) -> Letter:
    """§5.3: the record of a hand-over, once. Raises ALREADY_EXISTS for another one."""
    if letter.handed_over is not None:
        raise Refused(Refusal.ALREADY_EXISTS)
    return _moved(letter, handed_over=HandOver(number=number, to=to, by=by, at=at))


def answered(letter: Letter, sealed: tuple[str, str], request: str, at: datetime) -> Letter:
    """§5.3: the letter with its answer, which is sealed to the code, once; `request` tells its repetition. Raises
    ALREADY_EXISTS for another one."""
    if letter.answered_at is not None:
        raise Refused(Refusal.ALREADY_EXISTS)
    return _moved(letter, sealed_answer=sealed[0], sealed_answer_key=sealed[1], answered_at=at, answer_request=request)


def listed(letter: Letter) -> ListedLetter:
    """A letter in a list."""
    return {
        "letter_id": letter.letter_id,
        "state": letter.state,
        "version": letter.version,
        "received_at": instant_text(letter.created_at),  # type: ignore[typeddict-item]
        "handed_over": letter.handed_over,
    }


def opened_by(letter: Letter | None, code: str) -> Letter:
    """The letter that a code opens. Raises NOT_FOUND for an unknown one and for a wrong code alike."""
    if letter is None or not hmac.compare_digest(letter.code_sha256, code_sha256(code)):
        raise not_found("letter")
    return letter


def progress(letter: Letter, answer: str | None) -> LetterProgress:
    """§5.3: what whoever has the code reads."""
    return LetterProgress(
        letter_id=letter.letter_id,
        state=letter.state,
        received_on=shanghai_date(letter.created_at),
        answer=answer,
        answered_on=shanghai_date(letter.answered_at) if letter.answered_at else None,
    )
