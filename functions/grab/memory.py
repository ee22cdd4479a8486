"""What a warm process remembers of batches, so that a rush costs no read, and why each memory stays true."""

from voucher.models.base import Instant
from voucher.models.batches import Batch
from voucher.store import batches, vouchers
from voucher.store.engine.pools import Exhausted

# Batches by id, from their opening on. Final, because the amount, instants and shards of a published batch never
# change. Only its state does: a closed batch refuses the next draw, and is then read again (`learn`). Before the
# opening no draw could refuse, and a batch that was closed meanwhile would go unnoticed.
PUBLISHED: dict[str, Batch] = {}
# Who holds a voucher of a batch that has nothing left. Final, because money never flows back into a batch, so that no
# other voucher of it can be made, and because no voucher's record is ever removed.
SOLD_OUT: dict[str, frozenset[str]] = {}
# What a batch had left, in fen, when a claim did not fit. Final as an upper bound, because a published batch only
# shrinks: a larger claim need not be tried.
ROOM_LEFT: dict[str, int] = {}


def published(batch_id: str, now: Instant) -> Batch:
    """The batch, remembered once it is published and its opening has come. Raises NOT_FOUND."""
    batch = PUBLISHED.get(batch_id) or batches.get(batch_id)
    if batch.is_released and now >= batch.opens_at:
        PUBLISHED[batch_id] = batch
    return batch


def is_sold_out(batch_id: str) -> bool:
    """True if the batch is known to be empty."""
    return batch_id in SOLD_OUT


def is_holder(batch_id: str, uscc: str) -> bool:
    """True if the enterprise holds a voucher of a batch that is known to be empty."""
    return uscc in SOLD_OUT[batch_id]


def learn(batch_id: str, refused: Exhausted) -> None:
    """Remember what a refused draw tells of the batch: what it has left, and who holds its vouchers if that is nothing;
    or that it was closed."""
    if not refused.is_open:
        PUBLISHED.pop(batch_id, None)
        return
    ROOM_LEFT[batch_id] = min(refused.room_fen, ROOM_LEFT.get(batch_id, refused.room_fen))
    if refused.room_fen == 0 and batch_id not in SOLD_OUT:
        SOLD_OUT[batch_id] = vouchers.list_holders(batch_id)
