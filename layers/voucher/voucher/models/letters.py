"""Letters to the mailbox of 市纪委监委 (§5.3). What they say is kept sealed; in clear is only that there is one."""

from datetime import date
from typing import Literal, TypedDict

from voucher.models.base import Instant, Record

LetterState = Literal["received", "handed_over", "answered"]
# whom a letter is about: one about the discipline office is not for those who read all others
Accused = Literal["discipline", "others"]


class HandOver(Record):
    """That a letter was handed over: under which number of the office, to whom, by whom and when."""

    number: str
    to: str
    by: str
    at: Instant


class Letter(Record):
    """A letter as it is kept. `sealed_text` and `sealed_key` open what it says; `answer_public` is what is kept of the
    code, to which the answer is sealed. Nothing is kept of where it came from."""

    letter_id: str
    version: int = 1
    created_at: Instant
    accused: Accused = "others"
    sealed_text: str
    sealed_key: str
    code_sha256: str
    answer_public: str
    handed_over: HandOver | None = None
    sealed_answer: str | None = None
    sealed_answer_key: str | None = None
    answered_at: Instant | None = None
    answer_request: str | None = None

    @property
    def state(self) -> LetterState:
        """How far it is."""
        if self.answered_at is not None:
            return "answered"
        return "handed_over" if self.handed_over else "received"


class LetterContent(Record):
    """What a letter says; sealed as one text."""

    text: str
    about_uscc: str | None = None
    order_id: str | None = None
    name: str | None = None
    contact: str | None = None
    attachments: tuple[str, ...] = ()


class ListedLetter(TypedDict):
    """A letter in the list of whoever reads it."""

    letter_id: str
    state: LetterState
    version: int
    received_at: Instant
    handed_over: HandOver | None


class OpenedLetter(ListedLetter):
    """A letter, opened; `attachments` are links to those that have come, each for five minutes."""

    content: LetterContent
    attachments: list[str]


class LetterProgress(Record):
    """What whoever has the code reads of a letter."""

    letter_id: str
    state: LetterState
    received_on: date
    answer: str | None
    answered_on: date | None
