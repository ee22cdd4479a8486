"""Draws one firm's way through the year: who had it in hand, from its registration to the payment of its agency."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from infra.city.document_files import yuan
from infra.client.steps import Json
from infra.demo.demo_year import DemoYear
from infra.demo.page.html import escape, section
from infra.demo.plan import owner_of
from infra.demo.recorder import Call

LANES = ("owner", "platform", "agency", "bureau", "finance")
NAMES = ("企业", "平台", "机构", "经信", "财政")
LANE_WIDTH, ROW_HEIGHT = 24, 62


@dataclass(frozen=True)
class Firm:
    """The ids that belong to one firm's story."""

    uscc: str
    agency_uscc: str
    order_id: str
    voucher_id: str
    batch_id: str
    settlement_id: str
    round_id: str
    notice_id: str


@dataclass(frozen=True)
class Event:
    """One thing that happened to the firm."""

    at: datetime
    lane: int
    chinese: str
    english: str


# the call (with the firm's ids in braces) → what it means; {fen:name} is an amount of the answer
MEANINGS = (
    ("POST /enterprises/{uscc}/submit", "提交六份材料", "submits six documents"),
    ("POST /enterprises/{uscc}/review", "审核通过", "approves"),
    ("POST /batches/{batch_id}/vouchers", "抢到服务券 {face_fen} 元", "grabs a voucher"),
    ("POST /orders", "下单，抵用 {voucher_fen} 元", "orders; the money is held"),
    ("POST /orders/{order_id}/accept", "接单", "accepts"),
    ("POST /orders/{order_id}/contract", "登记合同 {contract_fen} 元", "records the contract"),
    ("POST /orders/{order_id}/contract/acknowledge", "确认合同", "agrees to it"),
    ("POST /orders/{order_id}/deliver", "提交成果", "delivers"),
    ("POST /orders/{order_id}/confirm", "确认完成", "confirms"),
    ("POST /orders/{order_id}/rating", "评价", "rates"),
    ("PUT /settlements/{settlement_id}/lines/{order_id}", "填报合同、发票、转账、佐证", "proves the line"),
    ("POST /settlements/{settlement_id}/submit", "提交兑付申请", "applies to be paid"),
    ("POST /settlements/{settlement_id}/pre-review", "逐笔初审通过", "passes the lines"),
    ("POST /rounds", "汇总", "gathers a round"),
    ("POST /rounds/{round_id}/approve", "审定", "approves the round"),
    ("POST /rounds/{round_id}/notice", "发布公示", "puts it on notice"),
    ("POST /notices/{notice_id}/close", "结束公示", "closes the notice"),
    ("POST /rounds/{round_id}/invoices", "开具汇总发票 {amount_fen} 元", "sends its summary invoice"),
    ("POST /rounds/{round_id}/payouts", "编制拨付（另一人）", "makes the payouts (another person)"),
    ("POST /payouts/[^/]+/result", "登记已拨付 {amount_fen} 元", "records the bank's payment"),
)


def firm_of(year: DemoYear) -> Firm | None:
    """A firm whose order was paid, with all that its order went through; None without one."""
    lines = [(round_, line) for round_ in year.rounds for line in round_["lines"]]
    for order, _ in year.orders:
        for round_, line in lines:
            if line["order_id"] == order["order_id"]:
                voucher = year.vouchers[order["enterprise_uscc"]]
                return Firm(
                    order["enterprise_uscc"],
                    order["agency_uscc"],
                    order["order_id"],
                    order["voucher_id"],
                    voucher["batch_id"],
                    line["settlement_id"],
                    round_["round_id"],
                    round_["notice_id"],
                )
    return None


def events_of(year: DemoYear, firm: Firm) -> Iterator[Event]:
    """What the recorded calls tell of the firm, in the order in which it happened."""
    people = {owner_of(firm.uscc): 0, owner_of(firm.agency_uscc): 2}
    for call in sorted(year.client.calls, key=lambda each: each.answered_at):
        person = call.person
        if person is None or call.reply.status >= 300 or not _concerns(call, firm):
            continue
        lane = people.get(person, LANES.index(person.role) if person.role in LANES else -1)
        for pattern, chinese, english in MEANINGS:
            wanted = pattern if "[" in pattern else re.escape(pattern.format(**vars(firm)))
            if lane >= 0 and re.fullmatch(wanted, f"{call.method} {call.path}"):
                yield Event(call.answered_at, lane, _with_amounts(chinese, call.reply.body), english)


def _concerns(call: Call, firm: Firm) -> bool:
    """False for calls on a shared path that are about another firm."""
    body = call.reply.body if isinstance(call.reply.body, dict) else {}
    own = {"/orders": ("order_id", firm.order_id), "/rounds": ("round_id", firm.round_id)}
    if call.path in own:
        name, value = own[call.path]
        return bool(body.get(name) == value)
    if call.path.endswith("/vouchers"):
        return call.reply.status == 201 and bool(body.get("voucher_id") == firm.voucher_id)
    if call.path.endswith(("/result", "/invoices")):
        return bool(body.get("agency_uscc") == firm.agency_uscc)
    return True


def _with_amounts(chinese: str, body: Json) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: yuan(body[match[1]]), chinese)


def lanes_section(year: DemoYear) -> str:
    """The firm's way, a row for each event."""
    firm = firm_of(year)
    events = list(events_of(year, firm)) if firm else []
    if firm is None or not events:
        return ""
    rows = [_row(event, events[0].at, events[number - 1].lane if number else None)
            for number, event in enumerate(events)]  # fmt: skip
    heads = "".join(f"<span>{name}</span>" for name in NAMES)
    return section("firm", f"一家企业的一年：{year.name_of(firm.uscc)}", "One firm's way through five pairs of hands", [
        (f"<p>服务机构：{escape(year.name_of(firm.agency_uscc))}。"
        '<span class="soft">左边是演示中的时间（分:秒）。Minutes and seconds of the demo.</span></p>'),
        (f'<ol class="lanes"><li class="head" aria-hidden="true"><span></span><span class="heads">{heads}</span></li>'
        f"{''.join(rows)}</ol>"),
    ])  # fmt: skip


def _row(event: Event, start: datetime, before: int | None) -> str:
    after = (event.at - start).total_seconds()
    x = LANE_WIDTH * event.lane + LANE_WIDTH / 2
    middle = ROW_HEIGHT / 2
    guides = "".join(
        f'<path d="M{LANE_WIDTH * lane + LANE_WIDTH / 2} 0V{ROW_HEIGHT}" stroke="var(--line)"/>'
        for lane in range(len(LANES))
    )
    came = ""
    if before is not None:
        x0, y0 = LANE_WIDTH * before + LANE_WIDTH / 2, middle - ROW_HEIGHT
        came = (f'<path d="M{x0} {y0}C{x0} {middle - 14} {x} {y0 + 14} {x} {middle}" fill="none" '
                'stroke="var(--f2)" stroke-width="2"/>')  # fmt: skip
    return (
        f"<li><time>{int(after) // 60}:{after % 60:04.1f}</time>"
        f'<svg viewBox="0 0 {LANE_WIDTH * len(LANES)} {ROW_HEIGHT}" aria-hidden="true">{guides}{came}'
        f'<circle cx="{x}" cy="{middle}" r="6" fill="var(--f{event.lane + 1})" stroke="var(--card)" '
        'stroke-width="2"/></svg>'
        f"<span><b>{NAMES[event.lane]}</b> {escape(event.chinese)}<small>{escape(event.english)}</small></span></li>"
    )
