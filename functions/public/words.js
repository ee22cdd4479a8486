// The Chinese words of the codes that the page shows; a test holds them to those of the API.
export default {
  "categories": {
    "hr": "人力资源服务",
    "tech_innovation": "技术创新服务",
    "tax_audit": "财税审计服务",
    "legal": "法律维权服务",
    "management": "管理咨询服务",
    "testing": "检验检测认证",
    "ip": "知识产权服务",
    "digital": "智能化数字化服务",
    "skills": "职业技能服务"
  },
  "districts": {
    "city": "市直",
    "liandu": "莲都区",
    "development_zone": "经开区",
    "other": "其他"
  },
  "programme": {
    "open": "进行中",
    "closed": "已结束"
  },
  "batch": {
    "published": "已发布",
    "open": "领取中",
    "sold_out": "已领完",
    "closed": "已结束"
  },
  "notice": {
    "running": "公示中",
    "closing": "公示已截止",
    "closed": "公示已结束",
    "published": "已公示"
  },
  "objection": {
    "standing": "待处理",
    "upheld": "已成立",
    "rejected": "不成立"
  },
  "complaint": {
    "received": "待受理",
    "accepted": "核查中",
    "paused": "暂停核查",
    "escalated": "待市经信局处理",
    "answered": "已答复",
    "redirected": "不属受理范围",
    "linked": "已并案",
    "withdrawn": "已撤回"
  },
  "letter": {
    "received": "已收到",
    "handed_over": "已移交",
    "answered": "已答复"
  },
  "topics": {
    "question": "咨询",
    "suggestion": "意见建议",
    "quality": "服务质量",
    "refusal": "拒收服务券",
    "price": "价格",
    "fraud": "骗取资金",
    "staff": "工作人员",
    "other": "其他"
  },
  "outcomes": {
    "substantiated": "属实",
    "partly": "部分属实",
    "unsubstantiated": "不属实"
  },
  "accused": {
    "discipline": "纪检监察人员",
    "others": "其他人员"
  }
}
