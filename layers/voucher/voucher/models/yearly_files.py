"""The yearly file that bureau and finance hand in and keep (§5.1): one archive of a year, and its supplements."""

from typing import ClassVar, Literal

from pydantic import Field

from voucher.models.base import Instant, Stateful

YearlyFileState = Literal["made", "confirmed", "received"]
Office = Literal["bureau", "finance"]

# What is told of each thing in a part that is a list: heading → field, and no more. Nobody's name stands there, and no
# text that a person wrote. Amounts are kept in fen, and shown in yuan under a heading that says so.
COLUMNS: dict[str, dict[str, str]] = {
    "since": {
        "范围": "value",
        "上一份文件核定应付（元）": "verified_before_fen",
        "其后核定应付（元）": "verified_fen",
        "上一份文件已拨付（元）": "paid_before_fen",
        "其后拨付（元）": "paid_fen",
        "上一份文件应追回（元）": "recovered_before_fen",
        "其后应追回（元）": "recovered_fen",
        "上一份文件已追回（元）": "received_before_fen",
        "其后追回（元）": "received_fen",
    },
    "exceptions": {
        "类型": "kind",
        "时间（UTC）": "at",
        "订单": "order_id",
        "服务机构": "agency_uscc",
        "企业": "enterprise_uscc",
        "服务类别": "category",
        "合同金额（元）": "contract_fen",
        "抵用（元）": "voucher_fen",
        "公布价格（元）": "listed_fen",
        "变更报告": "change_id",
        "说明": "message",
    },
    "ratings": {"服务机构": "value", "评价数": "rating_count", "平均评分": "rating_average"},
    "inspections": {
        "抽查": "inspection_id",
        "种类": "kind",
        "状态": "state",
        "抽样框": "frame_size",
        "拟抽": "sample_size",
        "抽中": "drawn_size",
        "抽样框校验（SHA-256）": "frame_sha256",
        "重抽自": "redraw_of",
    },
    "checks": {
        "检查": "check_id",
        "种类": "kind",
        "状态": "state",
        "服务机构": "agency_uscc",
        "结果": "finding",
        "回访评分": "satisfaction",
        "原评分": "rated_score",
        "整改期限": "rectify_by",
        "处理": "decision",
        "办结（UTC）": "closed_at",
    },
    "complaints": {
        "投诉": "complaint_id",
        "渠道": "channel",
        "事项": "topic",
        "状态": "state",
        "被投诉单位": "about_uscc",
        "收到日期": "received_on",
        "答复期限": "answer_by",
        "答复日期": "answered_on",
        "结论": "outcome",
        "处理": "measure",
    },
    "recoveries": {
        "追回": "recovery_id",
        "订单": "order_id",
        "服务机构": "agency_uscc",
        "企业": "enterprise_uscc",
        "状态": "state",
        "应追回（元）": "amount_fen",
        "已追回（元）": "received_fen",
        "期限": "due_on",
        "违规记录": "violation_id",
    },
    "removals": {
        "公告": "notice_id",
        "服务机构": "agency_uscc",
        "名称": "agency_name",
        "公告日期": "published_on",
        "内容": "text",
    },
    "activities": {
        "活动": "activity_id",
        "服务机构": "agency_uscc",
        "种类": "kind",
        "日期": "held_on",
        "到场企业数": "firms_reached",
    },
}
# every part of the archive, in its order, with its Chinese word
PARTS: dict[str, str] = {
    "since": "上一份文件以来的兑付、拨付和追回",
    "usage": "用券情况",
    "compliance": "限额与合规",
    "exceptions": "重点关注事项",
    "reconciliation": "对账",
    "ratings": "满意度评价",
    "inspections": "抽查",
    "checks": "检查",
    "complaints": "投诉",
    "recoveries": "追回",
    "removals": "清退",
    "activities": "公益助企活动",
}


class YearlyFile(Stateful):
    """One archive of a year after its close, numbered by the year; the file of `position` 1 never changes, and what is
    settled later stands in supplements (`supplements` names the file before). Its `sums` agree with the reconciliation
    of `reconciled_at`; `letters` is how many came to the mailbox. First the bureau and then finance confirm, by
    another person, that they received the archive of this `sha256`."""

    thing: ClassVar[str] = "yearly_file"
    private: ClassVar[frozenset[str]] = Stateful.private | {"object_key"}
    state: YearlyFileState

    yearly_file_id: str
    year: int
    position: int
    supplements: str | None
    reconciled_at: Instant
    letters: int
    sums: dict[str, int] = Field(description="fen")
    sha256: str
    size_bytes: int
    object_key: str
    bureau_received_by: str | None = None
    bureau_received_at: Instant | None = None
    finance_received_by: str | None = None
    finance_received_at: Instant | None = None

    def received_by(self, office: Office) -> str | None:
        """Who confirmed the receipt for an office."""
        return self.bureau_received_by if office == "bureau" else self.finance_received_by


class YearlyFileWithUrl(YearlyFile, view=True):
    """A yearly file with a link to its archive, which lasts five minutes."""

    archive_url: str
