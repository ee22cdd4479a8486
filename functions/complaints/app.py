"""Complaints as anybody hands them in (§5.3), with a name or without: to the operator, or to the mailbox.

Anybody may call this function, so it only records: complaint_reviews and respondents go on with what came. A code
stands in a body, because a path is logged.
"""

from datetime import datetime
from secrets import token_hex
from typing import Annotated, Literal

from pydantic import Field

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import AnswerCode
from voucher.edge.complaints import ComplaintText
from voucher.edge.crowds import Effort, admit, source_of
from voucher.edge.documents import ContentType, announce, announcement, bounds_today
from voucher.edge.policies import policy_today
from voucher.edge.replies import Answer, reply
from voucher.models.base import Mark
from voucher.models.complaints import ComplaintProgress, ComplaintReceipt
from voucher.models.documents import AnnouncedUpload
from voucher.models.letters import Accused, Letter, LetterContent
from voucher.models.notices import Origin
from voucher.policy import COMPLAINT_DOCUMENTS, LETTER_ATTACHMENTS
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.complaints import new_complaint, opened_by, progress, receipt, withdrawn
from voucher.rules.letters import code_of
from voucher.rules.lifecycle import check_step
from voucher.rules.objections import code_sha256, hour_of, thing_id, words_sha256
from voucher.rules.working_days import shanghai_date
from voucher.store import complaints, keys, letters
from voucher.store.engine import envelopes, files
from voucher.store.engine.envelopes import public_half, seal

app = Api()


class Complaining(ComplaintText):
    """By the route `mailbox` only 市纪委监委 reads it; if its own staff is `accused`, only the office above it.
    `attachments` are the types of the files that go with a letter."""

    route: Literal["operator", "mailbox"] = "operator"
    accused: Accused = "others"
    attachments: Annotated[list[ContentType], Field(max_length=LETTER_ATTACHMENTS)] = []
    effort: Effort | None = None


class ComplaintPaper(announcement("ComplaintDocument", COMPLAINT_DOCUMENTS), AnswerCode):  # type: ignore[misc]
    """A paper for a complaint, by whoever has its code."""


@app.post("/complaints")
def complain() -> Answer[ComplaintReceipt]:
    """§5.3: anybody asks, suggests or complains, to the operator or to the mailbox. The `code` of the receipt opens the
    answer. When too many come, the refusal offers an `effort`, and the same complaint with the proof of it is taken.
    The path does not tell a letter to the mailbox from a complaint, because a path is logged."""
    body, now = app.body(Complaining), clock.now()
    key, effort = app.idempotency_key(), body.effort
    if body.route == "mailbox":
        return _letter(body, now)
    if body.accused == "discipline" or body.attachments:
        field = "accused" if body.accused == "discipline" else "attachments"
        error = FieldError(field, "仅用于企业信箱，请将 route 填为 mailbox。", "not_allowed")
        raise Refused(Refusal.MALFORMED, errors=[error])
    said = body.model_dump(exclude={"effort", "route", "accused", "attachments"})
    words, hour = words_sha256(said, key), hour_of(now)
    source = source_of(app, f"complaints {now.date()}")
    # an Idempotency-Key tells a sender by itself; without one, the address does
    plain_id = thing_id("cp", words if key else f"{source}\n{words}")
    # a proof is for one complaint, wherever it comes from: the address of a phone may change from call to call
    proven_id = thing_id("cp", effort.challenge) if effort else plain_id
    for complaint_id in sorted({plain_id, proven_id}):
        existing = complaints.find(complaint_id)
        if existing and existing.request_sha256 == words:
            return reply(receipt(existing, key), replay=True)
    policy, key = policy_today(), key or token_hex()
    origin = Origin("complaints", hour, source, body.about_uscc or "")
    refusal = Refusal.TOO_MANY_COMPLAINTS
    admission = admit(keys.crowd("complaints"), origin, words, effort, policy, now, refusal)
    facts = {**said, "channel": "online", "created_at": now, "created_by": "public"}
    facts |= {"request_sha256": words, "code_seed": token_hex()}
    complaint = new_complaint(proven_id if admission.proven else plain_id, facts, key, policy)
    complaints.commit_new(complaint, admission.writes)
    return reply(receipt(complaint, key), 201)


def _letter(body: Complaining, now: datetime) -> Answer[ComplaintReceipt]:
    """§5.3: a letter is sealed and kept, and this function can open none. Nothing is kept of where it came from: so the
    hour alone bounds how many are taken as they come, and who sends no Idempotency-Key sends another letter each time.
    """
    key = app.idempotency_key() or token_hex()
    said = body.model_dump(exclude={"effort", "route", "topic"})
    words = words_sha256(said, key)
    letter_id, origin = thing_id("ml", words), Origin("mailbox", hour_of(now), "", "")
    refusal = Refusal.TOO_MANY_COMPLAINTS
    admission = admit(keys.crowd("mailbox"), origin, words, body.effort, policy_today(), now, refusal)
    content = LetterContent(**{name: said[name] for name in LetterContent.model_fields})
    code, sealed = code_of(letter_id, words, key), seal(content.model_dump_json(), letter_id)
    letter = Letter(
        letter_id=letter_id,
        created_at=now,
        accused=body.accused,
        sealed_text=sealed.text,
        sealed_key=sealed.key,
        code_sha256=code_sha256(code),
        answer_public=public_half(code),
    )
    counted = letters.counted_write(shanghai_date(now))
    is_new = letters.commit_letter(letter, [*admission.writes, counted])
    places = zip(letters.attachment_places(letter_id, len(body.attachments)), body.attachments, strict=True)
    uploads = [files.presign_sealed_upload(place, kind, envelopes.key()) for place, kind in places]
    receipt = {"complaint_id": letter_id, "code": code, "uploads": uploads}
    return reply(receipt, 201 if is_new else 200, replay=not is_new)


@app.post("/complaints/<complaint_id>/documents")
def announce_document(complaint_id: str) -> Answer[AnnouncedUpload]:
    """§5.3: whoever has the code adds a paper, until the answer; answers where to upload it."""
    body = app.body(ComplaintPaper)
    complaint = opened_by(complaints.find(complaint_id), body.code)
    check_step(complaint, "add_document")
    owner = keys.complaint(complaint_id)
    return announce(app, owner, f"complaints/{complaint_id}", body, bounds_today(), by=complaint_id)


@app.post("/complaints/<complaint_id>/withdraw")
def withdraw(complaint_id: str) -> Answer[ComplaintProgress]:
    """§5.3: whoever has the code takes the complaint back, until the answer, unless others wait for it, too."""
    code = app.body(AnswerCode).code
    old = opened_by(complaints.find(complaint_id), code)
    if old.state == "withdrawn":
        return reply(progress(old, old), replay=True)
    mark = Mark(by="public", at=clock.now(), sha256=app.request_sha256, role="public")
    new = withdrawn(old, mark)
    complaints.commit_step(old, new)
    return reply(progress(new, new))


handler = app.handle
