"""Every condition that a write may carry, each with a name and a plain sentence. `#x` is the attribute x, `:x` a value.

What can race is decided here and nowhere else. `make soak` removes each condition in turn, and a test must fail.
"""

from collections.abc import Iterable
from itertools import count

# The item does not exist yet. Its key says what it is, so the second of two calls learns that it exists.
IS_NEW = "attribute_not_exists(#pk)"
# An Idempotency-Key of this caller was not used yet, or by this very request, which is then sent again.
KEY_IS_FREE_OR_OURS = f"{IS_NEW} OR #request_sha256 = :request_sha256"
# The item exists.
EXISTS = "attribute_exists(#pk)"
# A credit code is taken by nobody, or by a record that was erased: who was put out was so years before, and may apply
# anew. Not as long as what belonged to that record is still looked for, since it alone tells where that lies.
CODE_IS_FREE = f"{IS_NEW} OR #erased_at < :cleaned"
# A person acts for no other registration of a credit code, or does so no more: one person has one of each code.
NO_OTHER_DRAFT = f"{IS_NEW} OR attribute_exists(#ended_at) OR #draft_id = :draft_id"
# Somebody still acts for this registration of a credit code; one of before 2026-12-01 is not told by a draft.
STILL_OF_DRAFT = "attribute_not_exists(#draft_id) OR #draft_id = :draft_id"
# The document was neither examined nor taken back: the one rules out the other, and what it is found to be is written
# once.
DOCUMENT_OPEN = "#checked = :false AND NOT #taken_back = :true"
# The record was not changed since it was read.
UNCHANGED = "#version = :seen_version"

# An enterprise is out of the programme, and nobody has restored it.
DISQUALIFIED = "#state = :disqualified"

# A pool's shard holds enough; is open for draws, or is stopped; is not frozen by a reconciliation.
SHARD_HAS_ROOM = "#remaining_fen >= :drawn_fen"
SHARD_OPEN = "#open = :true"
SHARD_STOPPED = "#open = :false"
SHARD_NOT_FROZEN = "#frozen = :false"
# A shard holds at least what its limit is cut by.
SHARD_KEEPS = "#remaining_fen >= :least_fen"
# A shard still holds what was read, so that its closing moves exactly that amount.
REMAINING_IS_AS_SEEN = "#remaining_fen = :seen_fen"

# An entitlement: the caller acts for the enterprise; nothing speaks against the enterprise; the quota left is what was
# guessed, or suffices (`:quota_fen` is the part of the amount that is no extra of the batch); no voucher of the
# enterprise lapsed this year.
CALLER_IS_MEMBER = "contains(#members, :caller)"
QUALIFIED = "#qualified = :true"
QUOTA_IS_AS_GUESSED = "#left_fen = :quota_fen"
QUOTA_SUFFICES = "#left_fen >= :quota_fen"
NOT_LAPSED = "#lapsed = :false"

# The programme has so much left that no batch has taken.
PROGRAMME_HAS_ROOM = "#unreleased_fen >= :amount_fen"

# A voucher: it is active, or in the state that was read; its balance suffices; it was read after its latest posting;
# its end has not come, or has come.
VOUCHER_ACTIVE = "#state = :active"
VOUCHER_STATE_AS_SEEN = "#state = :seen_state"
BALANCE_SUFFICES = "#balance_fen >= :amount_fen"
NEXT_POSTING = "#seq = :seen_seq"
NOT_ENDED = "#ends_at > :now"
ENDED = "#ends_at <= :now"

# A counter has not reached its limit.
UNDER_LIMIT = "attribute_not_exists(#count) OR #count < :most"

# A set of open things is empty: DynamoDB keeps none.
NOTHING_OPEN = "attribute_not_exists(#open)"
# A set of open things has room for one more.
SET_HAS_ROOM = "attribute_not_exists(#open) OR size(#open) < :most"
# The closing of a notice has not begun, so it takes objections.
NOT_CLOSING = "attribute_not_exists(#closing)"

# This import, and no other one, is bringing its list into force.
IMPORT_IS_OURS = "#import_id = :import_id"

# The audit trail ends where it was read to end.
HEAD_AS_SEEN = "#sha256 = :seen_sha256"

# The version of a list that another one was compared with is still the one whose rows count.
COMPARED_COUNTS = "#import_id = :import_id"

# A year is being counted anew, in this generation of its rows; and every bucket is through.
IS_BUILDING = "#building = :building"
NOTHING_PENDING = "attribute_not_exists(#pending)"

# The account is the one that the operator confirmed last for this agency.
ACCOUNT_IS_KNOWN = "#fingerprint = :fingerprint"
# Who confirmed an account is still the person who was read, so that nobody pays on an account of their own choice.
CONFIRMER_AS_SEEN = "attribute_not_exists(#confirmed_by) OR #confirmed_by = :confirmer"

# No violation stands against a credit code, of which perhaps nothing is known.
NO_VIOLATION = "attribute_not_exists(#violations[0])"
# No violation on record holds an order, and no finding of an inspection. Older orders do not have these lists.
NOT_HELD = "attribute_not_exists(#held_by_violation[0]) AND attribute_not_exists(#held_by_finding[0])"
# The bureau has decided on an order's other subsidies as often as was read. One of before 2026-11-29 does not have the
# list.
SUBSIDIES_AS_SEEN = "attribute_not_exists(#subsidy_decisions) OR size(#subsidy_decisions) = :seen_decisions"

# A contract or invoice number was never used, is free again, or is this order's own.
NUMBER_IS_FREE_OR_OURS = f"{IS_NEW} OR #order_id = :null OR #order_id = :order_id"

# A payment of which nobody but this order has a part; or whose whole is what others said, if they did, and has room for
# one more; or whose whole nobody has said.
TRANSFER_IS_OPEN = f"{IS_NEW} OR #used_fen = :own_fen OR attribute_not_exists(#total_fen)"
TRANSFER_HAS_ROOM = (
    f"{IS_NEW} OR #used_fen = :own_fen"
    " OR ((attribute_not_exists(#total_fen) OR #total_fen = :total_fen) AND #used_fen <= :room_fen)"
)


def in_audience(groups: Iterable[Iterable[str]]) -> str:
    """§2.3.1: the entitlement is in one group of each list; `:group_0` is the first of all of them, and so on."""
    numbers = count()
    each_list = [" OR ".join(f"contains(#groups, :group_{next(numbers)})" for _ in some) for some in groups]
    return all_of(*each_list) if len(each_list) > 1 else each_list[0]  # DynamoDB refuses doubled brackets


def by_other_hands(step: str, thing: str) -> str:
    """Four eyes: the caller is nobody who may not take the step, as far as the item, a `thing`, tells (`hands.py`)."""
    from voucher.hands import excluding  # noqa: PLC0415 - a grab takes no such step, and must not read the table

    names = excluding(step, thing)
    return " AND ".join(_not_among(name) if name.endswith("[]") else _not_by(name) for name in names)


def not_by_caller(attribute: str) -> str:
    """Four eyes: the person in `attribute`, such as `by` or `recoveries[2].by`, is not the caller."""
    return _not_by(attribute)


def _not_by(attribute: str) -> str:
    return f"NOT {_path(attribute)} = :caller"


def _not_among(attribute: str) -> str:
    return f"NOT contains({_path(attribute.removesuffix('[]'))}, :caller)"


def _path(attribute: str) -> str:
    return ".".join(f"#{name}" for name in attribute.split("."))


def all_of(*conditions: str) -> str:
    """One condition that is true if all of these are."""
    return " AND ".join(f"({condition})" for condition in conditions)
