"""The mailbox of 市纪委监委 (§5.3), for whoever wrote a letter: how far it is, and the answer.

Anybody may call this function, so it reads one letter and writes nothing. It has no key: the code itself opens the
answer.
"""

from voucher.edge.api import Api
from voucher.edge.bodies import AnswerCode
from voucher.edge.fields import Identifier
from voucher.edge.replies import Answer, reply
from voucher.models.letters import LetterProgress
from voucher.rules.letters import opened_by, progress
from voucher.store import letters
from voucher.store.engine.envelopes import Envelope, open_with

app = Api()


class OfLetter(AnswerCode):
    """The id stands in the body, too: no log tells who follows which letter."""

    letter_id: Identifier


@app.post("/mailbox/answer")
def read_answer() -> Answer[LetterProgress]:
    """§5.3: whoever wrote a letter reads how far it is, and the answer, by the id and the `code` of the receipt."""
    body = app.body(OfLetter)
    letter, code = opened_by(letters.find(body.letter_id), body.code), body.code
    if letter.sealed_answer is None or letter.sealed_answer_key is None:
        return reply(progress(letter, None))
    sealed = Envelope(letter.sealed_answer, letter.sealed_answer_key)
    return reply(progress(letter, open_with(code, sealed, letter.letter_id)))


handler = app.handle
