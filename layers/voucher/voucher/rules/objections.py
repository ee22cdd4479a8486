"""How many objections are taken as they come, what a further one costs, and what its maker reads of it (§3.5.3).

Anybody may object, and the right to do so cannot be used up by others: where a number is reached, the refusal names a
challenge, and the same objection is taken with a proof of effort. Nothing is kept of the offer, because the challenge
follows from the notice, the words and the hour; it takes one hash to check a proof.
"""

import hashlib
import hmac
import ipaddress
import json
from base64 import b32encode
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal

from voucher.models.base import instant_text
from voucher.models.notices import (
    Crowd,
    EffortOffer,
    Notice,
    Objection,
    ObjectionAnswer,
    ObjectionReceipt,
    Origin,
)
from voucher.policy import Policy
from voucher.refusals import not_found
from voucher.rules.notices import is_held
from voucher.rules.working_days import add_working_days, shanghai_date

ONE_HOUR = timedelta(hours=1)
# whoever has one of these networks of IPv6 has all its addresses; providers give no smaller one
NETWORK_BITS = 64
# 24 letters and digits: nobody guesses them, and a person can write them down
CODE_BYTES = 15


def words_sha256(words: Mapping[str, Any], key: str | None) -> str:
    """What tells one objection from another of the same place: its words, with a proof or without. Nobody needs an
    Idempotency-Key; whoever sends one may object in the same words again, under another key."""
    return hashlib.sha256(f"{key}\n{json.dumps(words, sort_keys=True)}".encode()).hexdigest()


def thing_id(prefix: str, seed: str) -> str:
    """The id of what somebody hands in who is not signed in: equal seeds make equal ids."""
    return f"{prefix}_{hashlib.sha256(seed.encode()).hexdigest()[:24]}"


def objection_id_of(notice_id: str, seed: str) -> str:
    """The same words from the same place are one objection, however often they are sent; so is all with one proof."""
    return f"{notice_id}.{hashlib.sha256(f'{notice_id}\n{seed}'.encode()).hexdigest()[:12]}"


def answer_code(seed: str, key: str) -> str:
    """The code that opens the answer: it takes both the seed, which stands in the record, and the Idempotency-Key of
    the call, which is kept nowhere. So an equal call gets the same code, and a reader of the table gets none."""
    return b32encode(hmac.digest(seed.encode(), key.encode(), "sha256")[:CODE_BYTES]).decode()


def code_sha256(code: str) -> str:
    """What is kept of a code, in whatever groups it is written."""
    return hashlib.sha256(code.replace("-", "").upper().encode()).hexdigest()


def new_objection(notice: Notice, objection_id: str, facts: Mapping[str, Any], key: str, policy: Policy) -> Objection:
    """§3.5.3: an objection as it is kept. `facts` are its words, when it came, and its seed; `key` is the
    Idempotency-Key of its call, or another secret in place of one."""
    new = Objection(
        objection_id=objection_id, notice_id=notice.notice_id, state="standing", created_by="public", **facts
    )
    # the term for a decision begins on the day after
    due = add_working_days(shanghai_date(new.created_at), policy.review_working_days).date
    kept = code_sha256(answer_code(facts["code_seed"], key))
    held = [line for line in notice.shown_lines if is_held(line["order_id"], line["agency_uscc"], {new.target})]
    concerned = tuple(sorted({line["agency_uscc"] for line in held}))
    enterprises = {notice.enterprises.get(line["order_id"]) for line in held}
    about = {"concerned": concerned, "enterprises": tuple(sorted(each for each in enterprises if each))}
    return new.model_copy(update={"answer_by": due, "code_sha256": kept, **about})


def receipt(objection: Objection, key: str | None) -> ObjectionReceipt:
    """What somebody who objects learns of it. Whoever sent no Idempotency-Key reads the code once."""
    code = answer_code(objection.code_seed, key) if objection.code_seed and key else None
    return {"objection_id": objection.objection_id, "state": objection.state, "answer_code": code}


def objection_answer(objection: Objection | None, code: str, today: date) -> ObjectionAnswer:
    """§3.5.3: what whoever has the code reads of an objection: no name of staff, and nothing of what was objected.

    From the day after it came, on which the term for a decision begins, it is under examination. Raises NOT_FOUND for
    an unknown objection and for a wrong code alike.
    """
    if objection is None or not hmac.compare_digest(objection.code_sha256 or "", code_sha256(code)):
        raise not_found("objection", by_words="编号和查询码")
    received_on, decided_at = shanghai_date(objection.created_at), objection.decided_at
    waiting: Literal["received", "under_examination"] = "under_examination" if today > received_on else "received"
    return ObjectionAnswer(
        objection_id=objection.objection_id,
        stage=waiting if objection.state == "standing" else "decided",
        received_on=received_on,
        answer_by=objection.answer_by,
        decision=None if objection.state == "standing" else objection.state,
        opinion=objection.opinion,
        clause="§3.5.3",
        decided_on=shanghai_date(decided_at) if decided_at else None,
    )


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or a whole network of IPv6. Any other text counts as it is."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(ipaddress.IPv6Network((found, NETWORK_BITS), strict=False))


def plain_limit(policy: Policy, is_seen: bool) -> int:
    """§3.5.3: how many objections a notice takes in an hour as they come. Addresses that were seen in it leave the rest
    to others."""
    most = policy.notice_objections_per_hour
    return most - most * policy.new_source_objections_percent // 100 if is_seen else most


def is_taken_plain(crowd: Crowd, policy: Policy) -> bool:
    """§3.5.3: True if one more objection is taken as it comes."""
    return crowd.plain < plain_limit(policy, crowd.is_seen) and crowd.alike < policy.source_objections_per_hour


def origin_of(objection: Objection, source: str) -> Origin:
    """How an objection is counted: `source` is the hash of its network address."""
    return Origin(objection.notice_id, hour_of(objection.created_at), source, objection.target)


def hour_of(instant: datetime) -> str:
    """The hour in which something is counted, in UTC."""
    return f"{instant:%Y-%m-%dT%H}"


def challenges(notice_id: str, words_sha256: str, now: datetime) -> tuple[str, str]:
    """§3.5.3: the challenges that count for an objection now, 64 hexadecimal digits each: that of this hour, which is
    offered, and that of the last one. So an offer is good for an hour at least."""
    hours = hour_of(now), hour_of(now - ONE_HOUR)
    texts = (f"{notice_id}\n{words_sha256}\n{hour}" for hour in hours)
    this_hour, last_hour = (hashlib.sha256(text.encode()).hexdigest() for text in texts)
    return this_hour, last_hour


def effort_bits(proven: int, policy: Policy) -> int:
    """§3.5.3: what a proof costs after so many others of this hour. The cost is bounded, because nobody may buy the
    right away from others either."""
    asked = policy.objection_effort_bits + proven // policy.objection_effort_step
    return min(asked, policy.objection_effort_most_bits)


def proof_bits(challenge: str, nonce: str) -> int:
    """With how many zero bits the SHA-256 of `challenge.nonce` begins."""
    digest = hashlib.sha256(f"{challenge}.{nonce}".encode()).digest()
    return 8 * len(digest) - int.from_bytes(digest).bit_length()


def effort_offer(challenge: str, proven: int, policy: Policy, now: datetime) -> EffortOffer:
    """§3.5.3: what a refusal offers, with the challenge of this hour."""
    expires_at = now.replace(minute=0, second=0, microsecond=0) + 2 * ONE_HOUR
    return {
        "algorithm": "sha256",
        "challenge": challenge,
        "bits": effort_bits(proven, policy),
        "expires_at": instant_text(expires_at),
    }
