"""The service items that §2.2 names under each category, as data: what a product is, finer than its category.

The text supports these items before others, and others of the same category, too: a product may name none of them.
"""

from voucher.policy import Category

SERVICE_ITEMS: dict[Category, dict[str, str]] = {
    Category.HR: {
        "recruitment": "人力资源招聘",
        "dispatch": "人力资源派遣",
        "hr_planning": "人力资源规划",
        "payroll": "薪酬管理",
        "employee_relations": "员工关系管理",
        "performance_management": "绩效管理",
        "executive_search": "高级人才寻访（猎头服务）",
    },
    Category.TECH_INNOVATION: {
        "project_application": "项目申报代理服务",
        "technology_consulting": "技术咨询",
        "technology_development": "技术开发",
        "technology_transfer": "技术转让",
        "technology_service": "技术服务",
        "commercialisation": "科技成果转化",
        "industrial_design": "工业设计",
    },
    Category.TAX_AUDIT: {
        "tax_consulting": "税务咨询",
        "asset_appraisal": "资产评估",
        "bookkeeping": "代理记账",
        "annual_tax_settlement": "汇算清缴",
        "financial_audit": "财务审计",
        "tax_advisory": "财税顾问",
    },
    Category.LEGAL: {
        "compliance": "中小企业合规建设",
        "legal_consulting": "法律咨询",
        "litigation": "法律诉讼",
        "legal_counsel": "法律顾问",
        "legal_documents": "法律文书代理",
        "notarisation": "公证服务",
        "arbitration": "仲裁服务",
        "legal_risk_prevention": "法律风险预防",
    },
    Category.MANAGEMENT: {
        "business_diagnosis": "企业经营诊断",
        "strategy": "发展战略",
        "market_development": "市场开拓",
        "branding": "品牌推广",
        "credit_reporting": "征信服务",
    },
    Category.TESTING: {
        "product_testing": "产品检验检测",
        "environmental_monitoring": "环境监测",
        "feasibility_study": "技术改造可行性研究",
        "safety_management": "安全生产社会化管理",
        "risk_assessment": "风险评估",
        "energy_assessment": "能源评价",
        "environmental_assessment": "环境评价",
        "safety_assessment": "安全评价",
        "quality_system": "质量管理体系",
        "environmental_system": "环境管理体系",
        "occupational_health_system": "职业健康卫生与安全体系认证",
        "product_certification": "国内外产品认证",
    },
    Category.IP: {
        "patent_agency": "专利代理",
        "patent_protection": "专利维权",
        "trademark_agency": "商标代理",
        "ip_management_standard": "知识产权贯标",
    },
    Category.DIGITAL: {
        "informatisation": "提升研发、生产、管理和服务的信息化水平",
        "intelligent_management": "企业智能管理和智能服务",
        "intelligent_manufacturing": "智能制造技术咨询",
        "integration_standard": "两化融合管理体系贯标服务",
        "information_security": "信息安全服务",
    },
    Category.SKILLS: {
        "post_certification": "职工上岗考证",
        "skill_training": "员工职业技能提升培训",
        "scarce_skill_training": "产业紧缺人才技能培训",
        "safety_training": "安全技能提升培训",
        "digital_literacy": "通用职业素质和数字技能普及性培训",
    },
}
SERVICE_ITEM_WORDS = {item: words for items in SERVICE_ITEMS.values() for item, words in items.items()}
