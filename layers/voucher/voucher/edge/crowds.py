"""What anybody hands in without signing in (§3.5.3, §5.3): taken as it comes, or in a crowd with a proof of effort."""

import hashlib
from datetime import datetime
from typing import Annotated, NamedTuple

from pydantic import StringConstraints

from voucher.edge.api import Api
from voucher.models.base import Request
from voucher.models.notices import Origin
from voucher.policy import Policy
from voucher.refusals import Refusal, Refused
from voucher.rules.objections import (
    challenges,
    effort_bits,
    effort_offer,
    is_taken_plain,
    network_of,
    plain_limit,
    proof_bits,
)
from voucher.store import crowds, keys
from voucher.store.engine.table import Write


class Effort(Request):
    """A proof of effort: the challenge that a refusal named, and the nonce that was found for it."""

    challenge: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    nonce: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_\-]{1,40}$")]


class Admission(NamedTuple):
    """How one more is taken: with a proof or as it comes, and the writes that count it."""

    proven: bool
    writes: list[Write]


def source_of(app: Api, salt: str) -> str:
    """A hash of the caller's address. It tells one source from another within a place, and nothing else."""
    identity = app.event["requestContext"].get("identity") or {}
    network = network_of(str(identity.get("sourceIp")))
    return hashlib.sha256(f"{salt}\n{network}".encode()).hexdigest()[:16]


def admit(
    place: keys.Key, origin: Origin, words: str, effort: Effort | None, policy: Policy, now: datetime, refusal: Refusal
) -> Admission:
    """One more at a place; `words` is the fingerprint of what is handed in, for which a proof is good. Raises
    `refusal`, which offers an effort."""
    crowd, named = crowds.read(place, origin), challenges(origin.notice_id, words, now)
    bits = proof_bits(effort.challenge, effort.nonce) if effort and effort.challenge in named else 0
    if bits >= effort_bits(crowd.proven, policy):
        return Admission(True, [crowds.proven_write(place, origin)])
    if not is_taken_plain(crowd, policy):
        raise Refused(refusal, effort=effort_offer(named[0], crowd.proven, policy, now))
    most, alike = plain_limit(policy, crowd.is_seen), policy.source_objections_per_hour
    return Admission(False, crowds.plain_writes(place, origin, crowd.is_seen, most, alike))
