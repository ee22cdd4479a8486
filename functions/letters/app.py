"""Letters to the mailbox, for 市纪委监委 alone (§5.3); those about its own staff are for the office above it.

No other function has the key. Each reading leaves in the audit trail that a letter was read, and nothing of it.
"""

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Versioned
from voucher.edge.disclosure import disclose
from voucher.edge.fields import Name, Number, Text
from voucher.edge.identity import require
from voucher.edge.pages import OfDays
from voucher.edge.replies import Answer, PageOf, reply
from voucher.models.contents import ANNOUNCED
from voucher.models.letters import Letter, LetterContent, ListedLetter, OpenedLetter
from voucher.rules.documents import FILE_TYPES, file_name
from voucher.rules.letters import READERS, answered, check_reader, handed_over, listed
from voucher.rules.lifecycle import check_version
from voucher.store import letters
from voucher.store.engine import files
from voucher.store.engine.envelopes import Envelope, seal_to, unseal

app = Api()


class LetterReply(Versioned):
    answer: Text


class LetterHandOver(Versioned):
    """`number` is that of the office's own register, `to` who has the letter from now on."""

    number: Number
    to: Name


@app.get("/letters")
def list_letters(query: OfDays) -> Answer[PageOf[ListedLetter]]:
    """§5.3: the letters that the caller may open, without what they say."""
    require(app.caller, "discipline", "oversight")
    page = letters.list_page(query.selection())
    found = letters.read_each_of(item["pk"].removeprefix("LETTER#") for item in page.items)
    mine = [listed(each) for each in found if READERS[each.accused] in app.caller.roles]
    return reply({"items": mine, "next_cursor": page.next_cursor})


@app.get("/letters/<letter_id>")
def show(letter_id: str) -> Answer[OpenedLetter]:
    """§5.3: one letter, opened."""
    letter = _own(letter_id)
    disclose(app, f"letter:{letter_id}")
    content = LetterContent.model_validate_json(unseal(Envelope(letter.sealed_text, letter.sealed_key), letter_id))
    return reply({**listed(letter), "content": content, "attachments": _links(letter_id, content.attachments)})


@app.post("/letters/<letter_id>/hand-over")
def hand_over(letter_id: str) -> Answer[ListedLetter]:
    """§5.3: that a letter was handed over, under which number and to whom."""
    body, old = app.body(LetterHandOver), _own(letter_id)
    done = old.handed_over
    if done and (done.number, done.to, done.by) == (body.number, body.to, app.caller.sub):
        return reply(listed(old), replay=True)
    check_version(old, body.version)
    new = handed_over(old, body.number, body.to, app.caller.sub, clock.now())
    letters.commit_step(old, new)
    return reply(listed(new))


@app.post("/letters/<letter_id>/answer")
def answer(letter_id: str) -> Answer[ListedLetter]:
    """§5.3: the answer, which only whoever has the code of the receipt can open."""
    body, old = app.body(LetterReply), _own(letter_id)
    if old.answer_request == app.request_sha256:
        return reply(listed(old), replay=True)
    check_version(old, body.version)
    sealed = seal_to(old.answer_public, body.answer, letter_id)
    new = answered(old, sealed, app.request_sha256, clock.now())
    letters.commit_step(old, new)
    return reply(listed(new))


def _links(letter_id: str, kinds: tuple[str, ...]) -> list[str]:
    """Links to the attachments that have come and begin as their type must."""
    found = [
        (place, kind, files.look(place))
        for place, kind in zip(letters.attachment_places(letter_id, len(kinds)), kinds, strict=True)
    ]
    return [
        files.presign_download(
            place, seen.version, kind, file_name("信箱附件", place.rpartition("/")[2], FILE_TYPES[kind][1])
        )
        for place, kind, seen in found
        if seen and seen.looks == ANNOUNCED[kind]
    ]


def _own(letter_id: str) -> Letter:
    require(app.caller, "discipline", "oversight")
    letter = letters.get(letter_id)
    check_reader(letter, app.caller.roles)
    return letter


handler = app.handle
