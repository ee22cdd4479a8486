"""Inspections: who may be drawn, the draw that anybody can repeat, and what becomes of what is found (§5.1)."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from voucher.models.agencies import Agency
from voucher.models.base import Mark, instant_text
from voucher.models.inspections import (
    TOLD_CHECKS,
    Attempt,
    Check,
    CheckOfAgency,
    DrawDifference,
    Filters,
    Frame,
    FrameMember,
    InspectedParty,
    Inspection,
    InspectionKind,
    Report,
    SampledOrder,
)
from voucher.models.orders import Order
from voucher.models.removals import Lead
from voucher.models.violations import Violation
from voucher.policy import Policy
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.lifecycle import check_step, stepped
from voucher.rules.working_days import calendar_due, shanghai_date

CLAUSES = {"daily": "§5.1.1", "satisfaction": "§5.1.2", "joint": "§5.1.3"}
# the orders for which an agency, and for which an enterprise stands in a frame
RUNNING, COMPLETED = frozenset({"accepted", "delivered"}), frozenset({"completed", "settling", "payable", "paid"})
# how many of its orders are looked at, or asked about
ORDERS_OF = {"agency": 3, "enterprise": 1}


def states_of(kind: InspectionKind) -> frozenset[str]:
    """§5.1: the states of the orders that a frame of this kind is made of."""
    return {"daily": RUNNING, "satisfaction": COMPLETED, "joint": RUNNING | COMPLETED}[kind]


# --- the frame and the draw ---


def check_may_draw(frame: Frame, codes: frozenset[str]) -> None:
    """§5.1: whoever draws may choose the seed, and so does not act for one of the frame. Raises FOUR_EYES."""
    if any(member.uscc in codes for member in frame.members):
        raise Refused(Refusal.FOUR_EYES, clause=CLAUSES[frame.kind])


def frame_of(
    kind: InspectionKind,
    year: int,
    filters: Filters,
    orders: Iterable[SampledOrder],
    agencies: Mapping[str, str],
    policy: Policy,
) -> Frame:
    """§5.1: all who may be drawn: of §5.1.1 the active `agencies` (code → name) with running orders, of §5.1.2 the
    enterprises with completed orders, of §5.1.3 both. Raises FRAME_EMPTY."""
    of_member: dict[tuple[InspectedParty, str], list[SampledOrder]] = defaultdict(list)
    for order in orders:
        if order.year != year or filters.category not in (None, order.category):
            continue
        if filters.district not in (None, order.district):
            continue
        if order.state in RUNNING and kind != "satisfaction" and order.agency_uscc in agencies:
            of_member["agency", order.agency_uscc].append(order)
        if order.state in COMPLETED and kind != "daily":
            of_member["enterprise", order.enterprise_uscc].append(order)
    if not of_member:
        raise Refused(Refusal.FRAME_EMPTY, clause=CLAUSES[kind])
    members = tuple(
        FrameMember(
            party=party,
            uscc=uscc,
            name=agencies[uscc] if party == "agency" else own[-1].enterprise_name or uscc,
            stratum=stratum_of(party, own),
            weight=weight_of(own, policy),
            order_ids=tuple(sorted(each.order_id for each in own)),
        )
        for (party, uscc), found in sorted(of_member.items())
        for own in [sorted(found, key=lambda each: (each.created_at, each.order_id))]
    )
    return Frame(kind=kind, year=year, filters=filters, members=members)


def stratum_of(party: str, orders: Sequence[SampledOrder]) -> str:
    """An agency belongs to the category of most of its orders (of several, the first by its code), an enterprise to the
    district of its latest order."""
    if party == "enterprise":
        return f"enterprise:{orders[-1].district or 'other'}"
    counts = Counter(each.category for each in orders)
    return f"agency:{min(counts, key=lambda category: (-counts[category], category))}"


def weight_of(orders: Iterable[SampledOrder], policy: Policy) -> int:
    """Whoever has an order that was rated low, or is held, counts double."""
    return 2 if any(each.is_held or (each.score or 5) <= policy.low_score for each in orders) else 1


def frame_bytes(frame: Frame) -> bytes:
    """The one way to write a frame: JSON in UTF-8, names sorted, no blanks."""
    plain = frame.model_dump(mode="json")
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def drawn_members(members: Iterable[FrameMember], frame_sha256: str, seed: str, sample_size: int) -> list[FrameMember]:
    """§5.1: the sample: at most `sample_size` members without replacement, each with the orders to look at. Everything
    is ranked by a hash of seed and frame, so anybody can repeat it (`functions/inspections/README.md` has the rule).

    A member of weight w has w tickets, of which the best counts. First comes the best member of each stratum, as far as
    the sample reaches, then the best of all others.
    """

    def rank(words: str) -> str:
        return hashlib.sha256(f"{seed}\n{frame_sha256}\n{words}".encode()).hexdigest()

    def best_ticket(member: FrameMember) -> str:
        return min(rank(f"{member.party}:{member.uscc}:{number}") for number in range(1, member.weight + 1))

    ranked = sorted(members, key=best_ticket)
    of_stratum: dict[str, FrameMember] = {}
    for member in ranked:
        of_stratum.setdefault(member.stratum, member)
    first = list(of_stratum.values())
    chosen = {(each.party, each.uscc) for each in first}
    others = [each for each in ranked if (each.party, each.uscc) not in chosen]
    return [
        each.model_copy(update={"order_ids": tuple(sorted(each.order_ids, key=rank)[: ORDERS_OF[each.party]])})
        for each in (first + others)[:sample_size]
    ]


def check_redraw(
    earlier: Inspection | None, redraw_of: str | None, reason: str | None, kind: InspectionKind, year: int
) -> None:
    """A redraw is of the same kind and year as the `earlier` one, and has a reason. Raises MALFORMED."""
    if (redraw_of is None) != (reason is None):
        words = "重新抽取须同时指明原抽查和理由。"
        raise Refused(Refusal.MALFORMED, errors=[FieldError("redraw_reason", words, "missing")])
    if redraw_of and (earlier is None or (earlier.kind, earlier.year) != (kind, year)):
        words = "没有同类型、同年度的这次抽查，请核对编号。"
        raise Refused(Refusal.MALFORMED, errors=[FieldError("redraw_of", words, "unknown")])


def drawn_inspection(
    inspection_id: str, frame: Frame, frame_sha256: str, seed: str, sample: Sequence[FrameMember], **facts: Any
) -> Inspection:
    """§5.1: the record of a draw."""
    return Inspection(
        inspection_id=inspection_id,
        state="open",
        kind=frame.kind,
        year=frame.year,
        filters=frame.filters,
        seed=seed,
        frame_sha256=frame_sha256,
        frame_size=len(frame.members),
        drawn_size=len(sample),
        strata=dict(sorted(Counter(each.stratum for each in sample).items())),
        **facts,
    )


def drawn_checks(
    inspection: Inspection,
    sample: Iterable[FrameMember],
    agency_of: Mapping[str, str],
    policy: Policy,
    made: Mapping[str, Any],
) -> list[Check]:
    """The checks of a sample, in its order; `agency_of` tells the agency of each order."""
    last_day = calendar_due(shanghai_date(inspection.created_at), policy.inspection_days)
    return [
        Check(
            check_id=f"{inspection.inspection_id}.{number:03}",
            inspection_id=inspection.inspection_id,
            kind=inspection.kind,
            year=inspection.year,
            party=each.party,
            member_uscc=each.uscc,
            member_name=each.name,
            agency_uscc=each.uscc if each.party == "agency" else agency_of[each.order_ids[0]],
            stratum=each.stratum,
            order_ids=each.order_ids,
            carry_out_by=last_day,
            state="drawn",
            **made,
        )
        for number, each in enumerate(sample, 1)
    ]


def draw_differences(
    inspection: Inspection, checks: Iterable[Check], frame: bytes | None
) -> tuple[DrawDifference, ...]:
    """§5.1: what of a draw is not as it was made: its `frame` is gone or has other bytes, or frame, seed and size of
    the record draw others than the `checks`, which are in the order of the sample. Empty if all agrees."""
    if frame is None:
        return ("frame_missing",)
    if hashlib.sha256(frame).hexdigest() != inspection.frame_sha256:
        return ("frame_changed",)
    try:
        members = Frame.model_validate_json(frame).members
    except ValueError:  # whoever put it there wrote its hash into the record, too
        return ("frame_changed",)
    again = drawn_members(members, inspection.frame_sha256, inspection.seed, inspection.sample_size)
    drawn = [(each.party, each.uscc, each.order_ids) for each in again]
    kept = [(each.party, each.member_uscc, each.order_ids) for each in checks]
    return () if drawn == kept else ("sample_differs",)


# --- what is found ---


def attempted_check(check: Check, attempt: Attempt, mark: Mark) -> Check:
    """§5.1.2: the check after one more visit or call. Raises WRONG_STATE, and MALFORMED beyond fifty."""
    if len(check.attempts) >= 50:
        words = "走访或回访记录已达 50 次，请提交结果或撤出该对象。"
        raise Refused(Refusal.MALFORMED, errors=[FieldError("reached", words, "not_allowed")])
    return stepped(check, "attempt", mark, attempts=(*check.attempts, attempt))


def reported_check(check: Check, report: Report, order: Order | None, policy: Policy, mark: Mark) -> Check:
    """§5.1: the check with what one inspector found; nothing of it counts until another one stands for it, but the
    satisfaction of an enterprise without a finding. `order` is the one that an enterprise was asked about. Raises
    WRONG_STATE, or MALFORMED for what does not belong to such a check."""
    action = "report" if _needs_two(check, report) else "report.alone"
    check_step(check, action)
    _check_report(check, report, mark.at)
    if report.finding == "rectify":
        last_day = report.rectify_by or calendar_due(shanghai_date(mark.at), policy.rectification_days)
        report = report.model_copy(update={"rectify_by": last_day})
    alone: dict[str, Any] = {} if action == "report" else {"closed_at": mark.at}
    rated = order.rating.score if order and order.rating else None
    return stepped(
        check,
        action,
        mark,
        remembered_as="report",
        report=report,
        reported_by=mark.by,
        rated_score=rated,
        satisfaction_tenths=report.satisfaction.tenths if report.satisfaction else None,
        return_reason=None,
        **alone,
    )


def _needs_two(check: Check, report: Report) -> bool:
    return check.kind != "satisfaction" or report.finding != "none"


def _check_report(check: Check, report: Report, now: datetime) -> None:
    needed, other = ("checklist", "satisfaction") if check.party == "agency" else ("satisfaction", "checklist")
    is_to_rectify, today = report.finding == "rectify", shanghai_date(now)
    no_time = not check.created_at <= report.happened_at <= now
    first, last = instant_text(check.created_at), instant_text(now)
    mistakes = (
        (getattr(report, needed) is None, FieldError(needed, "请填写该对象的检查内容。", "missing")),
        (getattr(report, other) is not None, FieldError(other, "该对象不适用这一项，请勿填写。", "not_allowed")),
        (no_time, FieldError("happened_at", "须在抽取之后、当前时间之前。", "out_of_range", min=first, max=last)),
        (
            report.way == "visit" and report.place is None,
            FieldError("place", "上门检查须填写地点。", "missing"),
        ),
        (
            report.finding != "none" and report.finding_text is None,
            FieldError("finding_text", "请写明发现的问题。", "missing"),
        ),
        (
            report.rectify_by is not None and not is_to_rectify,
            FieldError("rectify_by", "只有限期整改才填写期限。", "not_allowed"),
        ),
        (
            report.rectify_by is not None and report.rectify_by < today,
            FieldError("rectify_by", "整改期限不得早于今日。", "out_of_range", min=str(today)),
        ),
        (
            bool(report.hold_order_ids) and report.finding not in ("rectify", "violation"),
            FieldError("hold_order_ids", "只有整改和违规可以暂停订单的办理。", "not_allowed"),
        ),
    )
    if errors := [error for is_wrong, error in mistakes if is_wrong]:
        raise Refused(Refusal.MALFORMED, errors=errors)


def countersigned_check(check: Check, decision: str, reason: str | None, mark: Mark) -> Check:
    """§5.1: the check after the second inspector's word. Agreed, it is closed, to be put right, or before the bureau,
    as its finding says; returned, the first one reports anew. Raises WRONG_STATE."""
    if decision == "return":
        return stepped(check, "return", mark, return_reason=reason)
    finding = check.report.finding if check.report else "none"
    action = {"none": "countersign.close", "rectify": "countersign.rectify"}.get(finding, "countersign.refer")
    closed: dict[str, Any] = {"closed_at": mark.at} if finding == "none" else {}
    return stepped(
        check,
        action,
        mark,
        remembered_as="countersign",
        countersigned_by=mark.by,
        rectify_by=check.report.rectify_by if check.report else None,
        **closed,
    )


def dropped_check(check: Check, reason: str, mark: Mark) -> Check:
    """§5.1: nobody is found there any more, or wants to answer; it stays in the sample, with the reason. Raises
    WRONG_STATE."""
    return stepped(check, "drop", mark, drop_reason=reason, closed_at=mark.at)


def answered_check(check: Check, text: str, mark: Mark) -> Check:
    """§5.1: what the agency says, once: how it put right what was found, or its side of it. Raises WRONG_STATE, or
    ALREADY_EXISTS for a second statement."""
    if check.statement is not None:
        raise Refused(Refusal.ALREADY_EXISTS)
    action = "answer" if check.state == "rectifying" else "state_position"
    return stepped(check, action, mark, remembered_as="state_position", statement=text)


def followed_up_check(check: Check, is_rectified: bool, reason: str, mark: Mark) -> Check:
    """§5.1: what the follow-up found: put right, or else before the bureau. While the agency may still answer, only
    that all is right can be said. Raises WRONG_STATE or TOO_EARLY."""
    action = "follow_up.close" if is_rectified else "follow_up.refer"
    check_step(check, action)
    last_day = check.rectify_by
    if not is_rectified and check.state == "rectifying" and last_day and shanghai_date(mark.at) <= last_day:
        raise Refused(
            Refusal.TOO_EARLY, clause=CLAUSES[check.kind], may_words="机构仍可整改并提交说明", last_day=last_day
        )
    closed: dict[str, Any] = {"closed_at": mark.at} if is_rectified else {}
    followed = {"follow_up_reason": reason, "followed_up_by": mark.by}
    return stepped(check, action, mark, remembered_as="follow_up", **followed, **closed)


def decided_check(
    check: Check, decision: str, reason: str, violation_id: str | None, violation: Violation | None, mark: Mark
) -> Check:
    """§5.1, §5.2b: the bureau's decision on a finding: no matter, a violation on record, or a lead for other offices.
    The orders that the finding held go on; those that the violation names stay held by it. Raises WRONG_STATE, or
    MALFORMED unless a violation of the agency is named where one is decided, and only there."""
    check_step(check, "decide")
    if (decision == "violation") != (violation_id is not None):
        words = "认定违规须指明已登记的违规记录；其他决定不填写。"
        raise Refused(Refusal.MALFORMED, errors=[FieldError("violation_id", words, "missing")])
    if violation_id and (not violation or (violation.uscc, violation.state) != (check.agency_uscc, "standing")):
        words = "不是该机构尚未解除的违规记录，请核对。"
        raise Refused(Refusal.MALFORMED, errors=[FieldError("violation_id", words, "not_allowed")])
    changes: dict[str, Any] = {
        "decision": decision,
        "decision_reason": reason,
        "decided_by": mark.by,
        "closed_at": mark.at,
        "violation_id": violation_id,
        "lead_id": f"lead_{check.check_id}" if decision == "lead" else None,
    }
    return stepped(check, "decide", mark, **changes)


def lead_of_check(check: Check, agency: Agency | None, made: dict[str, Any]) -> Lead:
    """§5.1, §3.4.1: the facts of a finding, for the offices that follow them up."""
    return Lead(
        lead_id=check.lead_id or "",
        state="recorded",
        uscc=check.agency_uscc,
        name=agency.name if agency else check.agency_uscc,
        facts=(check.report.finding_text if check.report else None) or "",
        proposed_by=check.reported_by,
        **made,
    )


def concluded_inspection(inspection: Inspection, checks: Iterable[Check], conclusion: str, mark: Mark) -> Inspection:
    """§5.1: the inspection with its conclusion, once each of its checks was reported and countersigned, or dropped.
    Raises WRONG_STATE, or CHECKS_OPEN with each that is still open."""
    check_step(inspection, "conclude")
    open_ids = [each.check_id for each in checks if each.state in ("drawn", "reported")]
    if open_ids:
        errors = [FieldError(each, "尚未检查完毕。") for each in open_ids]
        raise Refused(Refusal.CHECKS_OPEN, clause=CLAUSES[inspection.kind], errors=errors)
    return stepped(inspection, "conclude", mark, conclusion=conclusion, concluded_by=mark.by)


def signed_inspection(inspection: Inspection, mark: Mark) -> Inspection:
    """§5.1.3: finance signs what the bureau concluded. Raises WRONG_STATE, also for an inspection of another kind."""
    if inspection.kind != "joint":
        raise Refused(Refusal.WRONG_STATE, of=inspection, clause="§5.1.3")
    return stepped(inspection, "sign", mark, signed_by=mark.by)


# --- what others see ---


def is_told(check: Check) -> bool:
    """True for a check that its agency sees: two inspectors stand for it, or an enterprise's answers are in."""
    return check.state in TOLD_CHECKS


def check_for_agency(check: Check) -> Check:
    """A check as its agency sees it: of an enterprise's answers not who gave them (§5.1.2)."""
    hidden: dict[str, Any] = {"attempts": ()}
    if check.party == "enterprise":
        hidden |= {"member_uscc": None, "member_name": None, "stratum": None, "order_ids": (), "rated_score": None}
        if check.report:
            untold = {"place": None, "spoken_to": None, "satisfaction": None, "note": None, "document_ids": ()}
            hidden["report"] = check.report.model_copy(update=untold)
    elif check.report:
        hidden["report"] = check.report.model_copy(update={"note": None, "document_ids": ()})
    return check.model_copy(update=hidden)


def check_of_agency(check: Check) -> CheckOfAgency:
    """§5.1: a check as a basis for the next approval of its agency."""
    names = ("check_id", "kind", "year", "state", "satisfaction_tenths", "closed_at")
    known = {name: getattr(check, name) for name in names}
    return CheckOfAgency(**known, finding=check.report.finding if check.report else None)


def first_and_last_day(
    placed_from: date | None, placed_to: date | None, policy: Policy, year: int
) -> tuple[date, date]:
    """The days on which the orders of a frame were placed: those asked for, or the whole programme year."""
    return placed_from or policy.first_day(year), placed_to or policy.last_day(year)
