"""The audit trail: entries that are only ever added, each chained to the one before it; and its anchors, which stand in
another table."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from voucher.models.audit import GENESIS, AuditEntry, Link
from voucher.store import conditions, keys
from voucher.store.engine.pages import Keep, Page, Party, Selection, read_page
from voucher.store.engine.reading import find_item, read_each, read_partition
from voucher.store.engine.table import MOST_ITEMS, add_write, commit_if_unchanged, put_write

# how many entries one transaction adds: each is two items with its place, and the head of the trail is one more
MOST_ENTRIES = (MOST_ITEMS - 1) // 2


def find_head() -> Link:
    """The end of the trail, as last written."""
    item = find_item(keys.audit_head())
    return Link(item["seq"], item["sha256"]) if item else GENESIS


def find_placed(trace_ids: Iterable[str]) -> set[str]:
    """Which of some traces, at most MOST_ITEMS, stand in the trail already."""
    places = [keys.audit_place(trace_id) for trace_id in trace_ids]
    return {item["trace_id"] for item in read_each("audit", *places)} if places else set()


def commit_entries(entries: Sequence[AuditEntry], head: Link) -> bool:
    """Add at most MOST_ENTRIES entries behind `head`. False if others added some meanwhile, or the same: then nothing
    was written. Raises BUSY under contention."""
    end = {"seq": entries[-1].seq, "sha256": entries[-1].sha256}
    condition = conditions.HEAD_AS_SEEN if head.seq else conditions.IS_NEW
    writes = [put_write("head", keys.audit_head(), end, condition, seen_sha256=head.sha256)]
    for entry in entries:
        index = keys.index_entry("AUDIT", entry.at, f"{entry.seq:012}") | {"person_key": entry.by}
        writes.append(add_write("entry", keys.audit_entry(entry.seq), entry, index=index))
        place = {"trace_id": entry.trace_id, "seq": entry.seq}
        writes.append(put_write("place", keys.audit_place(entry.trace_id), place, conditions.IS_NEW))
    return commit_if_unchanged(writes)


def find_entry(seq: int) -> AuditEntry | None:
    """One entry by its number, or None."""
    item = find_item(keys.audit_entry(seq))
    return AuditEntry.model_validate(item) if item else None


def read_entries(after_seq: int, last_seq: int) -> Iterator[AuditEntry]:
    """Every entry that stands between two numbers, the second included, in the order of their keys."""
    for block in count((after_seq + 1) // keys.AUDIT_BLOCK):
        first = block * keys.AUDIT_BLOCK
        if first > last_seq:
            return
        for item in read_partition(keys.audit_entry(first), "ENTRY#"):
            if after_seq < item["seq"] <= last_seq:
                yield AuditEntry.model_validate(item)


def list_page(selection: Selection, keep: Keep | None, party: Party | None) -> Page:
    """A page of the trail, of one thing, person or organisation if given."""
    return read_page("audit", "AUDIT", selection, keep, party)


def commit_anchor(link: Link) -> None:
    """Keep a place of the trail outside it. The first anchor of a number stays."""
    anchor = {"seq": link.seq, "sha256": link.sha256}
    commit_if_unchanged([put_write("anchor", keys.audit_anchor(link.seq), anchor, conditions.IS_NEW)])


def list_anchors() -> dict[int, str]:
    """Every anchor: number → fingerprint."""
    return {item["seq"]: item["sha256"] for item in read_partition(keys.audit_anchor(0), "ANCHOR#")}
