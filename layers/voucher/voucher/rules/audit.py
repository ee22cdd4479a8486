"""The audit trail: what leaves a trace, and whether the chain of its entries holds.

Each entry has the fingerprint of the one before it in its own. So one that was changed, left out, moved or put in does
not fit its neighbours any more. Only the end can be cut off unseen; it is kept elsewhere, too, every night (anchors).
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from voucher.models.audit import AuditEntry, Break, Link, Trace
from voucher.models.inspections import TOLD_CHECKS
from voucher.rules.messages import Image, Message, change_id, name_of, thing_of

SYSTEM, PUBLIC = "system", "public"
LAST = ("last_action", "last_by", "last_sha256", "updated_at")


def trace_messages(old: Image | None, new: Image | None, written_at: str) -> list[Message]:
    """The message that puts a committed change into the trail; none if nobody took a step."""
    trace = trace_of(old, new, written_at)
    return [] if trace is None else [Message("keep_audit", trace.model_dump(mode="json", exclude_none=True))]


def trace_of(old: Image | None, new: Image | None, written_at: str) -> Trace | None:
    """The trace of one committed change of a record, None if it was no step: a counter, an index, what follows from
    another record. `written_at` counts where the record does not say when."""
    if new is None:
        return None
    before, taken = old or {}, _step(old, new, written_at)
    if taken is None:
        return None
    action, by, role, at = taken
    thing = thing_of(new)
    return Trace(
        trace_id=fingerprint_of(change_id(new, action))[:32],
        at=at,
        by=by,
        role=role,
        action=action,
        about=f"{thing.lower()}:{name_of(new, thing)}",
        state_before=before.get("state"),
        state_after=new.get("state"),
        version=new.get("version"),
        draft_id=_draft_id(new),
        **_parties(new, thing),
    )


def _step(old: Image | None, new: Image, written_at: str) -> tuple[str, str, str, str] | None:
    """(action, by, role, at) of the step that a change is."""
    before = old or {}
    if new.get("last_action") and [new.get(name) for name in LAST] != [before.get(name) for name in LAST]:
        return new["last_action"], new["last_by"], new.get("last_role") or SYSTEM, new["updated_at"]
    if old is None and (made := MADE.get(thing_of(new))):
        action, by, role, at = made
        return action, str(new[by]), role or _applicant(new), new[at]
    if thing_of(new) == "DOCUMENT" and new.get("taken_back_by") and not before.get("taken_back_by"):
        return "take_back", new["taken_back_by"], _applicant(new), new["taken_back_at"]
    if old is not None and before.get("state") != new.get("state"):
        # a voucher ends with its batch, or with its enterprise's qualification
        return f"become_{new.get('state')}", SYSTEM, SYSTEM, written_at
    return None


# records whose making is no step: thing → what was done, who did it (field of the record), in which role (None: that of
# the applicant), and when (field of the record)
MADE = {
    "VOUCHER": ("grab", "granted_by", "enterprise", "granted_at"),
    "DOCUMENT": ("announce", "uploaded_by", None, "created_at"),
    "OBJECTION": ("object", "created_by", PUBLIC, "created_at"),
    "COMPLAINT": ("complain", "created_by", PUBLIC, "created_at"),
}


def _applicant(document: Image) -> str:
    """In which role somebody hands a document in."""
    owner = str(document["pk"]).partition("#")[0]
    return {"ENTERPRISE": "enterprise", "CLAIM": "user", "COMPLAINT": PUBLIC}.get(owner, "agency")


def _draft_id(new: Image) -> str | None:
    """Of which registration of a credit code a record or a paper is."""
    owner, *names = str(new["pk"]).split("#")
    if owner not in ("ENTERPRISE", "AGENCY"):
        return None
    return new.get("draft_id") or (names[1] if len(names) > 1 else None)


def _parties(new: Image, thing: str) -> dict[str, str]:
    """Whose trail an entry belongs to, beside the authorities'."""
    owner, *names = str(new["pk"]).split("#")
    if owner in ("ENTERPRISE", "AGENCY"):
        return {f"{owner.lower()}_uscc": names[0]}
    if thing == "CLAIM":
        return {f"{new['kind']}_uscc": new["uscc"]}
    if thing == "CHECK" and new.get("state") not in TOLD_CHECKS:  # nobody is warned of an inspection
        return {}
    if thing in ("VIOLATION", "LEAD"):  # by credit code, which may be that of both
        return {"enterprise_uscc": new["uscc"], "agency_uscc": new["uscc"]}
    return {name: new[name] for name in ("enterprise_uscc", "agency_uscc") if new.get(name)}


def fingerprint_of(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def entry_sha256(entry: Mapping[str, Any]) -> str:
    """The fingerprint of an entry's content, in which that of the entry before it stands."""
    content = {name: value for name, value in entry.items() if name != "sha256" and value is not None}
    return fingerprint_of(json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def chained(traces: Iterable[Trace], head: Link) -> list[AuditEntry]:
    """The traces as the entries that follow `head`."""
    entries = []
    for trace in traces:
        plain = trace.model_dump(mode="json") | {"seq": head.seq + 1, "previous_sha256": head.sha256}
        entry = AuditEntry(**plain, sha256=entry_sha256(plain))
        entries.append(entry)
        head = Link(entry.seq, entry.sha256)
    return entries


def breaks_in(entries: Iterable[AuditEntry | Link], after: Link, anchors: Mapping[int, str]) -> Iterator[Break]:
    """Every place where entries, in the order of their keys, do not follow `after` and each other, or are others than
    the anchors (number → fingerprint) name.

    A link among the entries is what stands at a number and is not what was written there, with the fingerprint that it
    claims. A link without a fingerprint is one whose entry is missing, or claims none.
    """
    for entry in entries:
        follows = entry.seq == after.seq + 1
        if entry.seq > after.seq + 1:
            yield Break(entry.seq - 1, "missing")
        if isinstance(entry, Link) or entry_sha256(entry.model_dump(mode="json")) != entry.sha256:
            yield Break(entry.seq, "changed")
        elif follows and after.sha256 and entry.previous_sha256 != after.sha256:
            yield Break(entry.seq, "detached")
        if anchors.get(entry.seq, entry.sha256) != entry.sha256:
            yield Break(entry.seq, "replaced")
        if entry.seq > after.seq:
            after = Link(entry.seq, entry.sha256)
