"""What a warm process remembers of batches, so that a rush costs no read, and why each memory stays true."""

from datetime import timedelta

from voucher.models.base import Instant
from voucher.models.batches import Batch
from voucher.store import batches
from voucher.store.engine.pools import Exhausted

# Batches by id, from their opening on. Final, because the amount, instants and shards of a published batch never
# change. Only its state does: a closed batch refuses the next draw, and is then read again (`learn`). Before the
# opening no draw could refuse, and a batch that was closed meanwhile would go unnoticed.
PUBLISHED: dict[str, Batch] = {}
# What a batch had left, in fen, when a claim did not fit, and when that was. True as an upper bound, because a
# published batch only shrinks: a larger claim need not be tried. Forgotten after a minute, because a restore or a
# repair may fill a batch again.
ROOM_LEFT: dict[str, tuple[int, Instant]] = {}
REMEMBERED_FOR = timedelta(seconds=60)


def published(batch_id: str, now: Instant) -> Batch:
    """The batch, remembered once it is published and its opening has come. Raises NOT_FOUND."""
    batch = PUBLISHED.get(batch_id) or batches.get(batch_id)
    if batch.is_released and now >= batch.opens_at:
        PUBLISHED[batch_id] = batch
    return batch


def room_left(batch_id: str, now: Instant) -> int | None:
    """What the batch has left at most, in fen: 0 if it was found empty, None if that is unknown or was forgotten."""
    room_fen, learned_at = ROOM_LEFT.get(batch_id, (None, now))
    return room_fen if now - learned_at < REMEMBERED_FOR else None


def learn(batch_id: str, refused: Exhausted, now: Instant) -> None:
    """Remember what a refused draw tells of the batch: what it has left, or that it was closed."""
    if refused.is_open:
        ROOM_LEFT[batch_id] = (refused.room_fen, now)
    else:
        PUBLISHED.pop(batch_id, None)
