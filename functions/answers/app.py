"""Answers to objections (§3.5.3) and complaints (§5.3): whoever made one reads what became of it, with the code of the
receipt.

Anybody may call this function, so it reads one thing and writes nothing. The code stands in the body, because a path is
logged: here, by the gateway and by whatever lies before it.
"""

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import AnswerCode
from voucher.edge.replies import Answer, reply
from voucher.models.complaints import ComplaintProgress
from voucher.models.notices import ObjectionAnswer
from voucher.rules.complaints import opened_by, progress
from voucher.rules.objections import objection_answer
from voucher.store import complaints, objections

app = Api()


@app.post("/objections/<objection_id>/answer")
def read_answer(objection_id: str) -> Answer[ObjectionAnswer]:
    """§3.5.3: whoever objected reads whether it is decided, how, and why, by the `answer_code` of the receipt."""
    code = app.body(AnswerCode).code
    return reply(objection_answer(objections.find(objection_id), code, clock.today()))


@app.post("/complaints/<complaint_id>/answer")
def read_progress(complaint_id: str) -> Answer[ComplaintProgress]:
    """§5.3: whoever complained reads how far it is, the answer, and where to turn next, by the receipt's `code`."""
    complaint = opened_by(complaints.find(complaint_id), app.body(AnswerCode).code)
    return reply(progress(complaint, complaints.find_answered(complaint)))


handler = app.handle
