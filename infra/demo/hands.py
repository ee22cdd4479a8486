"""Who did what: each step of the money with the people who took it, read off the calls that were answered well."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from infra.demo.demo_year import DemoYear
from infra.demo.printing import print_heading, print_table
from infra.demo.recorder import Call
from voucher import hands

# earlier steps, and what whoever took them is called
PEOPLE = (
    (hands.PARTIES, "the parties' people", "双方经手人"),
    (("draft_programme", "draft_batch"), "drafters", "编制人"),
    (("submit_enterprise", "submit_agency"), "submitter", "提交人"),
    (("pre_review_agency", "pre_review_lines"), "pre-reviewer", "初审人"),
    (("gather_round",), "gatherer", "汇总人"),
    (("approve_round",), "approver", "审定人"),
    (("send_invoice", "propose_account"), "claimants", "开票、提出账户的人"),
    (("decide_account",), "who confirmed the account", "确认账户的人"),
    (("make_payouts",), "payer", "编制拨付的人"),
)


@dataclass(frozen=True)
class Step:
    """A step of `voucher/hands.py` in words; whose hand must not take it is said there."""

    words: str
    chinese: str
    name: str

    def is_taken_by(self, call: Call) -> bool:
        """True if the call took this step, by the usual one of its calls."""
        pattern = re.sub(r"\{\w+\}", "[^/]+", hands.STEPS[self.name].calls[0])
        return call.reply.status < 300 and re.fullmatch(pattern, f"{call.method} {call.path}") is not None

    @property
    def not_by(self) -> str:
        """Whose hand must not take it, with the clause."""
        return self._not_by(", ", [(steps, words) for steps, words, _ in PEOPLE], " (", ")")

    @property
    def not_by_chinese(self) -> str:
        """The same in Chinese."""
        return self._not_by("、", [(steps, words) for steps, _, words in PEOPLE], "（", "）")

    def _not_by(self, comma: str, people: list[tuple[tuple[str, ...], str]], begin: str, end: str) -> str:
        step = hands.STEPS[self.name]
        named = comma.join(words for steps, words in people if set(steps) & set(step.not_by))
        return f"{named}{begin}{step.clause}{end}" if named else ""


STEPS = (
    Step("programme drafted", "编制年度预算", "draft_programme"),
    Step("programme confirmed", "确认年度预算", "confirm_programme"),
    Step("batch drafted", "编制批次", "draft_batch"),
    Step("batch released", "发布批次", "publish_batch"),
    Step("enterprise submitted", "企业提交", "submit_enterprise"),
    Step("enterprise reviewed", "审核企业", "review_enterprise"),
    Step("agency pre-reviewed", "初审机构", "pre_review_agency"),
    Step("agency approved", "审定机构", "approve_agency"),
    Step("service confirmed", "确认服务完成", "confirm_order"),
    Step("application submitted", "提交兑付申请", "submit_application"),
    Step("lines pre-reviewed", "初审明细", "pre_review_lines"),
    Step("round gathered", "汇总", "gather_round"),
    Step("round approved", "审定汇总批次", "approve_round"),
    Step("notice published", "发布公示", "publish_notice"),
    Step("notice closed", "结束公示", "close_notice"),
    Step("account confirmed", "确认收款账户", "decide_account"),
    Step("payouts made", "编制拨付", "make_payouts"),
    Step("payment recorded", "登记拨付结果", "record_payment"),
)


def hands_of(step: Step, calls: Iterable[Call]) -> str:
    """The people who took a step; owners are counted."""
    people = {each.person for each in calls if each.person and step.is_taken_by(each)}
    staff = sorted(each.name for each in people if each.role)
    owners = sum(not each.role for each in people)
    return ", ".join([*staff, *([f"{owners} owners" if owners > 1 else "an owner"] if owners else [])])


def tell_hands(year: DemoYear) -> None:
    """A table of who took each step."""
    print_heading("Different hands (§1.3, §3.5.2–§3.5.4, §4.1.2)")
    calls = year.client.calls
    taken = [(step, sum(step.is_taken_by(each) for each in calls)) for step in STEPS]
    print_table(
        ("step", "times", "by", "may not be"),
        [(step.words, times, hands_of(step, calls), step.not_by) for step, times in taken],
    )
