"""How many objections are taken as they come, and what a further one costs (§3.5.3).

Anybody may object, and the right to do so cannot be used up by others: where a number is reached, the refusal names a
challenge, and the same objection is taken with a proof of effort. Nothing is kept of the offer, because the challenge
follows from the notice, the words and the hour; it takes one hash to check a proof.
"""

import hashlib
import ipaddress
from datetime import datetime, timedelta

from voucher.models.base import instant_text
from voucher.models.notices import Crowd, EffortOffer, Objection, Origin
from voucher.policy import Policy

ONE_HOUR = timedelta(hours=1)
# whoever has one of these networks of IPv6 has all its addresses; providers give no smaller one
NETWORK_BITS = 64


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
    return Origin(objection.notice_id, _hour_of(objection.created_at), source, objection.target)


def _hour_of(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H}"


def challenges(notice_id: str, words_sha256: str, now: datetime) -> tuple[str, str]:
    """§3.5.3: the challenges that count for an objection now, 64 hexadecimal digits each: that of this hour, which is
    offered, and that of the last one. So an offer is good for an hour at least."""
    hours = _hour_of(now), _hour_of(now - ONE_HOUR)
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
