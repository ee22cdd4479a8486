"""Chinese words for people: of roles, of things, and of each thing's states, because one code word may mean different
states of different things."""

from voucher.policy import SizeClass

ROLE_WORDS = {
    "platform": "平台运营机构",
    "bureau": "市经信局",
    "finance": "财政局",
    "discipline": "市纪委监委",
    "admin": "系统管理员",
}

# §2.1: where an organisation is, and the classes of its size
DISTRICT_WORDS = {
    "city": "市直",
    "liandu": "莲都区",
    "development_zone": "经开区",
    "other": "其他",
}
SIZE_WORDS = {
    SizeClass.LARGE: "大型",
    SizeClass.MEDIUM: "中型",
    SizeClass.SMALL: "小型",
    SizeClass.MICRO: "微型",
}

THING_WORDS = {
    "enterprise": "企业",
    "agency": "服务机构",
    "document": "材料",
    "product": "服务产品",
    "change": "变更报告",
    "programme": "年度预算",
    "batch": "批次",
    "voucher": "服务券",
    "order": "订单",
    "settlement": "兑付申请",
    "line": "兑付明细",
    "round": "汇总批次",
    "notice": "公示",
    "objection": "异议",
    "payable": "应付款项",
    "payout": "拨付",
    "recovery": "追回记录",
    "violation": "违规记录",
    "list": "名单",
    "list_import": "名单版本",
    "message": "消息",
    "asset": "文件",
    "reconciliation": "对账报告",
}

STATE_WORDS = {
    "enterprise": {
        "draft": "草稿",
        "submitted": "待审核",
        "returned": "已退回",
        "rejected": "未通过",
        "revoked": "已撤销注册",
        "approved": "已通过",
        "disqualified": "已取消资格",
    },
    "agency": {
        "draft": "草稿",
        "submitted": "待预审",
        "pre_reviewed": "预审已通过",
        "returned": "已退回",
        "rejected": "未通过",
        "revoked": "已撤销注册",
        "active": "已入驻",
        "removal_proposed": "拟清退",
        "removed": "已清退",
    },
    "document": {
        "announced": "待上传",
        "arrived": "已上传",
        "unreadable": "无法识别",
        "accepted": "已提交",
        "taken_back": "已撤回",
    },
    "change": {
        "reported": "待审核",
        "kept": "资格保持不变",
        "returned": "已退回",
        "disqualified": "已取消资格",
        "removal_proposed": "拟清退",
    },
    "product": {"draft": "草稿", "published": "已上架", "withdrawn": "已下架"},
    "programme": {"draft": "草稿", "open": "进行中", "closed": "已结束"},
    "batch": {"draft": "草稿", "withdrawn": "已撤回", "published": "已发布", "closed": "已结束"},
    "order": {
        "placed": "已下单",
        "accepted": "已接单",
        "refused": "已拒绝",
        "delivered": "已交付",
        "completed": "已完成",
        "settling": "兑付申请中",
        "payable": "待拨付",
        "paid": "已拨付",
        "cancelled": "已取消",
    },
    "settlement": {"draft": "草稿", "submitted": "待预审", "reviewed": "已预审", "withdrawn": "已撤回"},
    "line": {
        "draft": "草稿",
        "submitted": "待预审",
        "passed": "预审已通过",
        "returned": "已退回",
        "rejected": "未通过",
        "withdrawn": "已撤出",
        "gathered": "已汇总",
        "approved": "审核已通过",
        "noticed": "公示中",
        "payable": "待拨付",
    },
    "round": {
        "gathered": "已汇总",
        "approved": "审核已通过",
        "rejected": "未通过",
        "noticed": "公示中",
        "closed": "公示已结束",
    },
    "notice": {"running": "公示中", "closing": "公示已截止", "closed": "公示已结束"},
    "objection": {"standing": "待处理", "upheld": "已成立", "rejected": "不成立"},
    "payable": {
        "awaiting_invoice": "待开票",
        "invoiced": "已开票",
        "paying": "拨付中",
        "paid": "已拨付",
        "dropped": "已撤销",
    },
    "payout": {"made": "已制单", "paid": "已拨付", "failed": "拨付失败", "returned": "已被退回"},
    "list_import": {
        "waiting": "待解析",
        "parsed": "已解析",
        "failed": "解析失败",
        "applying": "正在生效",
        "applied": "已生效",
        "erased": "已删除",
    },
    "violation": {"standing": "尚未解除", "lifted": "已解除"},
    "recovery": {"standing": "追回中", "withdrawn": "已撤销"},
}
