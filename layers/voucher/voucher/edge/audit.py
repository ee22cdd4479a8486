"""The audit trail, part by part: whether its entries hold, and whether its end is where it says."""

from voucher.models.audit import Break, Link
from voucher.rules.audit import breaks_in
from voucher.store import audit

ENTRIES_PER_PART = 2_000


def verify_part(after: Link, furthest: int, anchors: dict[int, str]) -> tuple[list[Break], Link]:
    """The breaks in the next part after an entry, up to the number `furthest` at most, and the last entry of it."""
    last_seq = min(after.seq + ENTRIES_PER_PART, furthest)
    entries = list(audit.read_entries(after.seq, last_seq))
    found = list(breaks_in(entries, after, anchors))
    last = max(entries, key=lambda each: each.seq, default=after)
    if last.seq < last_seq:
        # what is missing at the end of a part; where it goes on, the next part has nothing to hold to
        found.append(Break(last_seq, "cut" if last_seq == furthest else "missing"))
        last = Link(last_seq, "")
    return found, Link(last.seq, last.sha256)


def verify_end(head: Link) -> list[Break]:
    """The break at the end, if another entry stands there than its head names, or if the trail goes on behind it: then
    the head was changed, or put back."""
    last = audit.find_entry(head.seq)
    if last is not None and last.sha256 != head.sha256:
        return [Break(head.seq, "replaced")]
    goes_on = audit.find_entry(head.seq + 1) is not None
    # an entry and the end are written together, so an end that is read after an entry has counted it
    return [Break(head.seq + 1, "cut")] if goes_on and audit.find_head() == head else []
