"""Answers to objections (§3.5.3): whoever objected reads what became of it, with the code of the receipt.

Anybody may call this function, so it reads one item and writes nothing. The code stands in the body, because a path is
logged: here, by the gateway and by whatever lies before it.
"""

from typing import Annotated

from pydantic import Field

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.fields import Number
from voucher.edge.replies import Answer, reply
from voucher.models.base import Request
from voucher.models.notices import ObjectionAnswer
from voucher.rules.objections import objection_answer
from voucher.store import objections

app = Api()


class AnswerCode(Request):
    code: Annotated[Number, Field(examples=["K7Q2M9XW4TRB5HAZ2CVN6DJE"])]


@app.post("/objections/<objection_id>/answer")
def read_answer(objection_id: str) -> Answer[ObjectionAnswer]:
    """§3.5.3: whoever objected reads whether it is decided, how, and why, by the `answer_code` of the receipt."""
    code = app.body(AnswerCode).code
    return reply(objection_answer(objections.find(objection_id), code, clock.today()))


handler = app.handle
