"""Every condition a write may carry, each named and said in plain words. `#x` is the attribute x, `:x` a value.

What can race is decided here and nowhere else: the mutation script removes each in turn and expects a test to fail.
"""

# The item is not there yet: its key is the natural key, so whoever comes second learns that it exists.
IS_NEW = "attribute_not_exists(#pk)"
# The item exists.
EXISTS = "attribute_exists(#pk)"
# Nobody examined the document yet: what it is, is said once.
NOT_CHECKED = "#checked = :false"
# Nobody changed the record since its facts were read.
UNCHANGED = "#version = :seen_version"

# A pool's shard: holds enough, is open for draws (or is not, any more), and no reconciliation has frozen it.
SHARD_HAS_ROOM = "#remaining_fen >= :drawn_fen"
SHARD_OPEN = "#open = :true"
SHARD_STOPPED = "#open = :false"
SHARD_NOT_FROZEN = "#frozen = :false"
# A shard holds at least what its limit is cut by.
SHARD_KEEPS = "#remaining_fen >= :least_fen"
# A shard still holds what was read, so that its closing moves exactly that.
REMAINING_IS_AS_SEEN = "#remaining_fen = :seen_fen"

# An entitlement: the caller acts for the enterprise, nothing speaks against it, and the quota left is what was guessed.
CALLER_IS_MEMBER = "contains(#members, :caller)"
QUALIFIED = "#qualified = :true"
QUOTA_IS_AS_GUESSED = "#left_fen = :amount_fen"
QUOTA_SUFFICES = "#left_fen >= :amount_fen"
NOT_LAPSED = "#lapsed = :false"

# The programme has so much that no batch has taken.
PROGRAMME_HAS_ROOM = "#unreleased_fen >= :amount_fen"

# A voucher: usable, enough on it, no other posting came between, and its end has not come (or has, for a lapse).
VOUCHER_ACTIVE = "#state = :active"
VOUCHER_STATE_AS_SEEN = "#state = :seen_state"
BALANCE_SUFFICES = "#balance_fen >= :amount_fen"
NEXT_POSTING = "#seq = :seen_seq"
NOT_ENDED = "#ends_at > :now"
ENDED = "#ends_at <= :now"

# A counter has not reached its limit.
UNDER_LIMIT = "attribute_not_exists(#count) OR #count < :most"

# A list is being brought into force by this very import, and by no other.
IMPORT_IS_OURS = "#import_id = :import_id"

# An agency was paid on no account yet, or is to be paid on the same again.
ACCOUNT_IS_KNOWN = "attribute_not_exists(#fingerprint) OR #fingerprint = :fingerprint"

# A contract or invoice number is free again, or was taken by this very order; or nobody ever had it.
NUMBER_IS_OURS = "#order_id = :null OR #order_id = :order_id"
NUMBER_IS_FREE_OR_OURS = f"{IS_NEW} OR {NUMBER_IS_OURS}"


def not_by_caller(attribute: str) -> str:
    """Four eyes: the person in `attribute`, who took an earlier step, is somebody else."""
    return f"#{attribute} <> :caller"


def caller_not_among(attribute: str) -> str:
    """Four eyes: the caller is none of the persons in `attribute`, who took earlier steps."""
    return f"NOT contains(#{attribute}, :caller)"


def all_of(*conditions: str) -> str:
    """Join conditions that must all hold."""
    return " AND ".join(f"({condition})" for condition in conditions)
