"""What leaves a trace, and that no entry of the audit trail can be changed, left out, moved or put in unseen."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.rules.records import AGENCY, FIRM
from voucher.models.audit import GENESIS, AuditEntry, Break, Trace
from voucher.rules.audit import breaks_in, chained, trace_messages, trace_of

AT, WRITTEN = "2026-06-15T02:00:00.000Z", "2026-06-15T02:00:01.000Z"
STEP = {"last_by": "ada", "last_role": "agency", "last_sha256": "f00d", "updated_at": AT}
ORDER = {"pk": "ORDER#o1", "sk": "RECORD", "order_id": "o1", "enterprise_uscc": FIRM, "agency_uscc": AGENCY}
PLACED = ORDER | {"state": "placed", "version": 1, **STEP, "last_action": "place", "last_by": "eve"}
ACCEPTED = ORDER | {"state": "accepted", "version": 2, **STEP, "last_action": "accept"}


def test_a_step_says_who_did_what_when_in_which_role() -> None:
    trace = trace_of(PLACED, ACCEPTED, WRITTEN)
    assert trace is not None
    assert trace.model_dump(exclude={"trace_id"}, exclude_none=True) == {
        "at": AT,
        "by": "ada",
        "role": "agency",
        "action": "accept",
        "about": "order:o1",
        "state_before": "placed",
        "state_after": "accepted",
        "version": 2,
        "enterprise_uscc": FIRM,
        "agency_uscc": AGENCY,
    }


def test_a_change_that_is_delivered_twice_has_one_name() -> None:
    [first], [second] = trace_messages(PLACED, ACCEPTED, WRITTEN), trace_messages(PLACED, ACCEPTED, WRITTEN)
    [other] = trace_messages(None, PLACED, WRITTEN)
    assert first == second
    assert first.queue == "keep_audit"
    assert first.body["trace_id"] != other.body["trace_id"]


def test_a_paper_that_is_announced_anew_once_it_was_deleted_leaves_another_trace() -> None:
    paper = DOCUMENT | {"pk": f"ENTERPRISE#{FIRM}"}
    [first], [second] = (trace_messages(None, paper | {"created_at": at}, WRITTEN) for at in (AT, WRITTEN))
    assert first.body["trace_id"] != second.body["trace_id"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ACCEPTED, ACCEPTED | {"version": 3}),  # what follows from another record
        (ACCEPTED, ACCEPTED | {"seq": 4}),
        (ACCEPTED, None),
        (None, {"pk": "ORDER#o1", "sk": "POSTING#1"}),
    ],
)
def test_what_is_no_step_leaves_no_trace(old: dict[str, Any], new: dict[str, Any] | None) -> None:
    assert trace_messages(old, new, WRITTEN) == []


def test_a_step_of_a_schedule_is_the_systems() -> None:
    trace = trace_of(PLACED, ACCEPTED | {"last_role": None, "last_by": "sweep"}, WRITTEN)
    assert trace is not None
    assert (trace.by, trace.role) == ("sweep", "system")


DOCUMENT = {"sk": "DOCUMENT#d1", "document_id": "d1", "uploaded_by": "eve", "created_at": AT}
TAKEN_BACK = {"taken_back_by": "eve", "taken_back_at": WRITTEN}
VOUCHER = {"pk": "BATCH#b#01", "sk": f"VOUCHER#{FIRM}", "voucher_id": f"b.{FIRM}", "enterprise_uscc": FIRM, "seq": 0}
GRANT = {"granted_by": "eve", "granted_at": AT, "state": "active"}
OBJECTION = {"pk": "NOTICE#n1", "sk": "OBJECTION#n1.a", "objection_id": "n1.a", "created_by": "public"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (None, VOUCHER | GRANT, ("grab", "eve", "enterprise", AT, FIRM, None)),
        (
            VOUCHER | GRANT,
            VOUCHER | GRANT | {"state": "expired", "seq": 1},
            ("become_expired", "system", "system", WRITTEN, FIRM, None),
        ),
        (None, DOCUMENT | {"pk": f"ENTERPRISE#{FIRM}"}, ("announce", "eve", "enterprise", AT, FIRM, None)),
        (None, DOCUMENT | {"pk": "SETTLEMENT#s1"}, ("announce", "eve", "agency", AT, None, None)),
        (
            DOCUMENT | {"pk": f"AGENCY#{AGENCY}"},
            DOCUMENT | {"pk": f"AGENCY#{AGENCY}", **TAKEN_BACK},
            ("take_back", "eve", "agency", WRITTEN, None, AGENCY),
        ),
        (None, OBJECTION | {"created_at": AT, "state": "standing"}, ("object", "public", "public", AT, None, None)),
    ],
)
def test_a_record_without_steps_leaves_its_traces(
    old: dict[str, Any] | None, new: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    trace = trace_of(old, new, WRITTEN)
    assert trace is not None
    said = (trace.action, trace.by, trace.role, trace.at, trace.enterprise_uscc, trace.agency_uscc)
    assert said == expected


def test_a_violation_is_in_the_trail_of_whatever_its_code_names() -> None:
    violation = {"pk": "VIOLATION#v1", "sk": "RECORD", "violation_id": "v1", "uscc": FIRM, "state": "standing"}
    trace = trace_of(None, violation | STEP | {"last_action": "record"}, WRITTEN)
    assert trace is not None
    assert (trace.about, trace.enterprise_uscc, trace.agency_uscc) == ("violation:v1", FIRM, FIRM)


def trail(count: int) -> list[AuditEntry]:
    """A trail of some entries."""
    traces = [
        Trace(trace_id=f"t{number}", at=AT, by="ada", role="bureau", action="read", about=f"order:o{number}")
        for number in range(count)
    ]
    return chained(traces, GENESIS)


Tamper = Callable[[list[AuditEntry]], list[AuditEntry]]


def rewritten(entry: AuditEntry, **changes: Any) -> AuditEntry:
    """An entry with another content, and the fingerprint that fits it."""
    plain = entry.model_copy(update=changes).model_dump(exclude={"seq", "previous_sha256", "sha256"})
    [forged] = chained([Trace(**plain)], GENESIS._replace(seq=entry.seq - 1, sha256=entry.previous_sha256))
    return forged


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (lambda trail: trail, []),
        (lambda t: [*t[:2], t[2].model_copy(update={"by": "eve"}), *t[3:]], [Break(3, "changed")]),
        (lambda t: [*t[:2], rewritten(t[2], by="eve"), *t[3:]], [Break(4, "detached")]),
        (lambda t: [*t[:2], *t[3:]], [Break(3, "missing")]),
        (lambda t: [*t[:1], *t[4:]], [Break(4, "missing")]),
        (
            lambda t: [*t[:2], t[3].model_copy(update={"seq": 3}), t[2].model_copy(update={"seq": 4}), *t[4:]],
            [Break(3, "changed"), Break(4, "changed"), Break(5, "detached")],
        ),
        (lambda t: t[1:], [Break(1, "missing")]),
    ],
)
def test_what_was_done_to_the_trail_is_found(tamper: Tamper, found: list[Break]) -> None:
    assert list(breaks_in(tamper(trail(6)), GENESIS, {})) == found


def test_another_entry_than_the_anchored_one_is_found() -> None:
    anchors = {each.seq: each.sha256 for each in trail(6)}
    assert list(breaks_in(trail(6), GENESIS, anchors)) == []
    anew = chained([Trace.model_validate(each.model_dump() | {"by": "eve"}) for each in trail(6)], GENESIS)
    assert list(breaks_in(anew, GENESIS, {})) == []
    assert list(breaks_in(anew, GENESIS, {4: anchors[4]})) == [Break(4, "replaced")]
