"""Every closed list of the API with its Chinese words, for the document and for GET /vocabulary."""

from collections.abc import Mapping

from voucher.policy import (
    AGENCY_DOCUMENTS,
    CATEGORY_WORDS,
    CHANGE_DOCUMENTS,
    CLAIM_DOCUMENTS,
    ENTERPRISE_DOCUMENTS,
    LIST_KINDS,
    SETTLEMENT_DOCUMENTS,
)
from voucher.service_items import SERVICE_ITEM_WORDS
from voucher.words import DISTRICT_WORDS, ROLE_WORDS, SIZE_WORDS, STATE_WORDS, TASK_WORDS, THING_WORDS

Words = Mapping[str, str]

# what a client sees of a batch beside its kept states, and of vouchers, parties and removals, which keep other words
SHOWN_STATES: dict[str, Words] = {
    "batch": {"open": "领取中", "sold_out": "已领完"},
    "voucher": {"active": "可使用", "used_up": "已用完", "expired": "已到期", "void": "已作废"},
    "removal": {"published": "已公示"},
}
LISTS: dict[str, Words] = {
    "roles": ROLE_WORDS,
    "things": THING_WORDS,
    "categories": {category.value: word for category, word in CATEGORY_WORDS.items()},
    "service_items": SERVICE_ITEM_WORDS,
    "districts": DISTRICT_WORDS,
    "size_classes": {size.value: f"{word}企业" for size, word in SIZE_WORDS.items()},
    "enterprise_documents": ENTERPRISE_DOCUMENTS | CHANGE_DOCUMENTS,
    "claim_documents": CLAIM_DOCUMENTS,
    "agency_documents": AGENCY_DOCUMENTS | CHANGE_DOCUMENTS,
    "settlement_documents": SETTLEMENT_DOCUMENTS,
    "list_kinds": LIST_KINDS,
    "agency_conditions": {
        "legal_person": "独立法人资格",
        "age": "运营年限",
        "profit": "上年度未亏损",
        "premises": "固定服务场所",
        "management": "管理制度",
        "staff": "专职服务人员",
    },
    "batch_kinds": {"regular": "常规批次", "rerelease": "补发批次"},
    "notice_kinds": {"settlement": "兑付公示", "removal": "清退公示"},
    "decisions": {
        "approve": "通过",
        "return": "退回",
        "reject": "不予通过",
        "pass": "预审通过",
        "keep": "保持资格",
        "adopt": "采纳新信息",
        "forward": "报市经信局审核",
        "disqualify": "提请取消资格",
        "remove": "提请清退",
        "confirm": "确认",
        "uphold": "异议成立",
        "cancel": "取消",
        "same": "同一事项",
        "other": "不是同一事项",
    },
    "tasks": TASK_WORDS,
    "member_roles": {"owner": "负责人", "handler": "经办人", "finance": "财务人员"},
    "decision_grounds": {"disputed": "企业提出异议", "silent": "逾期未答复", "gone": "一方已退出"},
    "audit_breaks": {
        "missing": "缺失",
        "changed": "被改动",
        "detached": "与前一条不衔接",
        "cut": "末尾被截断",
        "replaced": "与存证不符",
    },
    "list_changes": {"added": "新列入", "removed": "移出"},
    "reported_facts": {
        "name": "名称",
        "legal_representative": "法定代表人",
        "district": "所在区域",
        "industry_code": "行业代码",
        "employees": "从业人员",
        "revenue_fen": "营业收入",
        "assets_fen": "资产总额",
        "net_profit_last_year_fen": "上年度净利润",
        "premises_m2": "服务场所面积",
        "insured_staff": "参保专职服务人员",
    },
    "binding_limits": {
        "ratio": "抵用比例上限",
        "balance": "服务券余额",
        "category_cap": "类别限额",
        "key_floor": "重点类别比例",
    },
    "actions": {
        "add_document": "上传材料",
        "edit": "修改",
        "edit_contact": "修改联系人",
        "submit": "提交",
        "withdraw": "撤回",
        "revoke": "撤销注册",
        "pre_review": "预审",
        "pre_review.approve": "预审通过",
        "pre_review.return": "预审退回",
        "pre_review.reject": "预审不予通过",
        "approve": "通过",
        "return": "退回",
        "reject": "不予通过",
        "report_change": "报告重大变更",
        "add_change_paper": "上传变更材料",
        "propose_disqualification": "提请取消资格",
        "state_position": "提交陈述意见",
        "approve_disqualification": "同意取消资格",
        "reject_disqualification": "不同意取消资格",
        "restore": "恢复资格",
        "reapply": "重新申请",
        "disqualify": "提请取消资格",
        "renew": "申请续期",
        "propose_removal": "提请清退",
        "approve_removal": "同意清退",
        "reject_removal": "不同意清退",
        "forward": "报市经信局审核",
        "decline": "核对后不予通过",
        "keep": "保持资格",
        "adopt": "采纳新信息",
        "remove": "提请清退",
        "withdraw_cancel": "撤回取消申请",
        "dispute": "提出异议",
        "decide.confirm": "决定确认完成",
        "decide.return": "决定退回重新交付",
        "decide.cancel": "决定取消",
        "publish": "发布",
        "confirm": "确认",
        "propose_total": "提出新的总额",
        "confirm_total": "确认新的总额",
        "close": "结束",
        "begin_close": "开始结束公示",
        "accept": "接单",
        "refuse": "拒绝",
        "contract": "登记合同",
        "acknowledge": "确认合同",
        "deliver": "交付",
        "request_cancel": "申请取消",
        "cancel": "同意取消",
        "rate": "评价",
        "settle": "申请兑付",
        "recover": "追回",
        "withdraw_recovery": "撤销追回",
        "receive": "登记收回",
        "take_out": "撤出汇总批次",
        "pass": "预审通过",
        "gather": "汇总",
        "uphold": "异议成立",
        "release": "异议解除",
        "notice": "公示",
        "object": "提出异议",
        "invoice": "提交汇总发票",
        "propose_account": "变更收款账户",
        "decide_account": "确认收款账户",
        "make_payout": "制作拨付单",
        "paid": "拨付成功",
        "failed": "拨付失败",
        "send_back": "银行退回",
        "apply": "生效",
        "decide_subsidy": "认定其他政策资金",
        "hold": "暂停办理",
        "lift": "解除",
    },
    "actors": {"enterprise": "企业", "agency": "服务机构", **ROLE_WORDS, "user": "申请人", "public": "社会公众"},
    "orders": {"newest": "最新在前", "oldest": "最早在前"},
    "batch_states": {"published": "已发布", "open": "领取中", "sold_out": "已领完", "closed": "已结束"},
    "notice_states": {"running": "公示中", "closing": "公示已截止", "closed": "公示已结束", "published": "已公示"},
    "answer_stages": {"received": "已收到", "under_examination": "核实中", "decided": "已处理"},
    "objection_decisions": {"upheld": "异议成立", "rejected": "异议不成立"},
    "message_states": {"unread": "未读", "read": "已读"},
    "invoice_kinds": {"digital": "数电票", "vat": "增值税专用或普通发票", "fiscal": "财政票据"},
    "payout_results": {"paid": "拨付成功", "failed": "拨付失败"},
    "quota_combinations": {"max": "取较高额度", "sum": "额度相加"},
    "entries": {
        "appropriate": "安排预算",
        "withdraw": "收回预算",
        "release": "投放或退回",
        "re-release": "补发",
        "close": "批次结束",
        "expire": "年度到期",
        "grant": "发放",
        "lapse": "作废",
        "hold": "抵用",
        "approve": "确认应付",
        "take_back": "撤回应付",
        "pay": "拨付",
        "return": "银行退回",
        "recover": "追回",
        "unrecover": "撤销追回",
        "receive": "收回",
    },
}


def states_of(thing: str) -> Words:
    """The states of a thing, those that only a client sees too."""
    return {**STATE_WORDS.get(thing, {}), **SHOWN_STATES.get(thing, {})}


def things_with_states() -> list[str]:
    """Every thing that has states."""
    return list(dict.fromkeys([*STATE_WORDS, *SHOWN_STATES]))


def words_for(values: list[str]) -> Words | None:
    """The words of a closed list, found by its values: the smallest list that has all of them; of states, the thing
    that has exactly these."""
    states = [states_of(thing) for thing in things_with_states()]
    fitting = [words for words in LISTS.values() if set(values) <= set(words)]
    exact = [words for words in states if set(values) == set(words)]
    found = min(fitting, key=len, default=next(iter(exact), None))
    return None if found is None else {value: found[value] for value in values}
