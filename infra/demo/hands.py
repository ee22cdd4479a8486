"""Who did what: each step of the money with the people who took it, read off the calls that were answered well."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from infra.demo.demo_year import DemoYear
from infra.demo.printing import print_heading, print_table
from infra.demo.recorder import Call


@dataclass(frozen=True)
class Step:
    """A step, the calls that take it, and whose hand must not take it."""

    words: str
    chinese: str
    call: str
    not_by: str = ""
    not_by_chinese: str = ""

    def is_taken_by(self, call: Call) -> bool:
        """True if the call took this step."""
        return call.reply.status < 300 and re.fullmatch(self.call, f"{call.method} {call.path}") is not None


STEPS = (
    Step("programme drafted", "编制年度预算", "POST /programmes"),
    Step("programme confirmed", "确认年度预算", "POST /programmes/[^/]+/confirm", "drafter (§1.3)", "编制人（§1.3）"),
    Step("batch drafted", "编制批次", "POST /programmes/[^/]+/batches"),
    Step("batch released", "发布批次", "POST /batches/[^/]+/publish"),
    Step("enterprise submitted", "企业提交", "POST /enterprises/[^/]+/submit"),
    Step("enterprise reviewed", "审核企业", "POST /enterprises/[^/]+/review", "submitter (§4.1.2)", "提交人（§4.1.2）"),
    Step(
        "agency pre-reviewed", "初审机构", "POST /agencies/[^/]+/pre-review", "submitter (§3.2.2)", "提交人（§3.2.2）"
    ),
    Step(
        "agency approved",
        "审定机构",
        "POST /agencies/[^/]+/approve",
        "submitter, pre-reviewer (§3.2.2)",
        "提交人、初审人（§3.2.2）",
    ),
    Step("application submitted", "提交兑付申请", "POST /settlements/[^/]+/submit"),
    Step(
        "lines pre-reviewed", "初审明细", "POST /settlements/[^/]+/pre-review", "submitter (§3.5.2)", "提交人（§3.5.2）"
    ),
    Step("round gathered", "汇总", "POST /rounds"),
    Step(
        "round approved",
        "审定汇总批次",
        "POST /rounds/[^/]+/approve",
        "submitter, pre-reviewer, gatherer (§3.5.2)",
        "提交、初审、汇总的人（§3.5.2）",
    ),
    Step("notice published", "发布公示", "POST /rounds/[^/]+/notice"),
    Step(
        "notice closed",
        "结束公示",
        "POST /notices/[^/]+/close",
        "submitter, pre-reviewer, gatherer (§3.5.3)",
        "提交、初审、汇总的人（§3.5.3）",
    ),
    Step(
        "payouts made",
        "编制拨付",
        "POST /rounds/[^/]+/payouts",
        "reviewers, approver, invoicers (§3.5.4)",
        "审核、审定、开票的人（§3.5.4）",
    ),
    Step(
        "payment recorded",
        "登记拨付结果",
        "POST /payouts/[^/]+/result",
        "whoever took an earlier step (§3.5.4)",
        "此前经手的任何人（§3.5.4）",
    ),
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
