"""The audit trail: entries that are only ever added, each chained to the one before it; and its anchors, which stand in
another table.

Whoever tampers with the table may write what they like there. So nothing that is read of it is believed because it is
there: an item is an entry only if it is to the letter what we write of that entry, its place in each index included,
without which no list would show it. And a trace has its place only if the entry there is that trace.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from pydantic import ValidationError

from voucher.models.audit import GENESIS, AuditEntry, Link
from voucher.store import conditions, keys
from voucher.store.engine.pages import Keep, Page, Party, Selection, read_page
from voucher.store.engine.reading import find_item, read_each, read_partition
from voucher.store.engine.table import MOST_ITEMS, Item, add_write, commit_if_unchanged, key_attributes, put_write

# how many entries one transaction adds: each is two items with its place, and the head of the trail is one more
MOST_ENTRIES = (MOST_ITEMS - 1) // 2


def find_head() -> Link:
    """The end of the trail, as last written."""
    item = find_item(keys.audit_head())
    return Link(item["seq"], item["sha256"]) if item else GENESIS


def find_placed(trace_ids: Iterable[str], head: Link) -> set[str]:
    """Which of some traces, at most MOST_ENTRIES, stand in the trail up to its `head` already."""
    places = [keys.audit_place(trace_id) for trace_id in trace_ids]
    named = {item.get("seq") for item in read_each("audit", *places)} if places else set()
    held = [keys.audit_entry(seq) for seq in named if isinstance(seq, int) and 0 < seq <= head.seq]
    return {str(item.get("trace_id")) for item in read_each("audit", *held)} if held else set()


def commit_entries(entries: Sequence[AuditEntry], head: Link) -> bool:
    """Add at most MOST_ENTRIES entries behind `head`. False if others added some meanwhile, or the same: then nothing
    was written. Raises BUSY under contention."""
    end = {"seq": entries[-1].seq, "sha256": entries[-1].sha256}
    condition = conditions.HEAD_AS_SEEN if head.seq else conditions.IS_NEW
    writes = [put_write("head", keys.audit_head(), end, condition, seen_sha256=head.sha256)]
    for entry in entries:
        writes.append(add_write("entry", keys.audit_entry(entry.seq), entry, index=_index_entry(entry)))
        place = {"trace_id": entry.trace_id, "seq": entry.seq}
        writes.append(put_write("place", keys.audit_place(entry.trace_id), place, conditions.IS_NEW))
    return commit_if_unchanged(writes)


def _index_entry(entry: AuditEntry) -> dict[str, str]:
    return keys.index_entry("AUDIT", entry.at, f"{entry.seq:012}") | {"person_key": entry.by}


def _entry_of(item: Item) -> AuditEntry | None:
    """The entry that an item is; None for anything that is not what `commit_entries` writes of one."""
    try:
        entry = AuditEntry.model_validate(item)
    except ValidationError:
        return None
    written = entry.model_dump(mode="json") | _index_entry(entry) | key_attributes(keys.audit_entry(entry.seq))
    return entry if _said(item) == _said(written) else None


def _said(item: Item) -> Item:
    # an entry that was written before a fact was kept does not have it
    return {name: value for name, value in item.items() if value is not None}


def find_entry(seq: int) -> AuditEntry | Link | None:
    """What stands at a number: an entry, a link for what is none, or nothing."""
    item = find_item(keys.audit_entry(seq))
    return _standing(item, seq) if item else None


def _standing(item: Item, seq: int) -> AuditEntry | Link:
    return _entry_of(item) or Link(seq, str(item.get("sha256") or ""))


def read_entries(after_seq: int, last_seq: int) -> Iterator[AuditEntry | Link]:
    """Everything that stands between two numbers, the second included, in the order of its keys; a link for what is no
    entry."""
    for block in count((after_seq + 1) // keys.AUDIT_BLOCK):
        first = block * keys.AUDIT_BLOCK
        if first > last_seq:
            return
        for item in read_partition(keys.audit_entry(first), "ENTRY#"):
            seq = keys.audit_number(keys.Key("audit", item["pk"], item["sk"]))
            if after_seq < seq <= last_seq:
                yield _standing(item, seq)


def list_page(selection: Selection, keep: Keep | None, party: Party | None) -> Page:
    """A page of the trail, of one thing, person or organisation if given; without what only looks like an entry, which
    a verification names."""
    return read_page(
        "audit", "AUDIT", selection, lambda item: _entry_of(item) is not None and (keep is None or keep(item)), party
    )


def commit_anchor(link: Link) -> None:
    """Keep a place of the trail outside it. The first anchor of a number stays."""
    anchor = {"seq": link.seq, "sha256": link.sha256}
    commit_if_unchanged([put_write("anchor", keys.audit_anchor(link.seq), anchor, conditions.IS_NEW)])


def list_anchors() -> dict[int, str]:
    """Every anchor: number → fingerprint."""
    return {item["seq"]: item["sha256"] for item in read_partition(keys.audit_anchor(0), "ANCHOR#")}
