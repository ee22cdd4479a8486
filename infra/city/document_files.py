"""The documents of each step, as files: six kinds for an enterprise, ten for an agency, five for a settlement.

Each document says that it is a specimen. Photographs and scans are JPEGs, the others PDFs.
"""

from dataclasses import dataclass
from datetime import date

from infra.city.agencies import Agency
from infra.city.documents import jpeg, pdf
from infra.city.enterprises import Enterprise

TAX_PAID = "各项税款已足额申报缴纳，无欠税记录。"
SPECIMEN = "（示例数据生成的样张，不是真实证照。）"


@dataclass(frozen=True)
class DocumentFile:
    """One file to upload; size_bytes of POST …/documents is `len(content)`."""

    kind: str
    filename: str
    content_type: str
    content: bytes


def yuan(amount_fen: int) -> str:
    """Fen as yuan with two places: 123456 → 1,234.56."""
    sign, whole = ("-", -amount_fen) if amount_fen < 0 else ("", amount_fen)
    return f"{sign}{whole // 100:,}.{whole % 100:02d}"


def enterprise_documents(enterprise: Enterprise, today: date) -> list[DocumentFile]:
    """The six documents of §4.1.1; the figures are those of the registration and of last year."""
    last_year = today.year - 1
    party = [f"企业名称：{enterprise.name}", f"统一社会信用代码：{enterprise.uscc}"]
    signed = ["", f"法定代表人（签字）：{enterprise.legal_representative}", f"日期：{today.isoformat()}"]
    revenue = f"{last_year}年度营业收入：{yuan(enterprise.revenue_fen)} 元"
    assets = f"资产总额：{yuan(enterprise.assets_fen)} 元"
    insured = f"截至上月末参保职工人数：{enterprise.employees} 人"
    pledge = ["本企业自愿参加服务券活动，遵守实施细则，不转让、不出售、不质押服务券。", *signed]
    credit = ["本企业承诺所提交材料真实、准确、完整，未以其他企业补助重复申领。", *signed]
    return [
        _scan("business_license", "营业执照", enterprise.uscc),
        _sheet("income_statement", f"{last_year}年度利润表", [*party, revenue, assets]),
        _sheet("tax_certificate", f"{last_year}年度纳税证明", [*party, TAX_PAID]),
        _sheet("social_insurance", "社会保险参保证明", [*party, insured]),
        _sheet("entry_commitment", "入驻承诺书", [*party, *pledge]),
        _sheet("credit_commitment", "信用承诺书", [*party, *credit]),
    ]


def agency_documents(agency: Agency, today: date) -> list[DocumentFile]:
    """The ten documents of §3.2.1."""
    last_year = today.year - 1
    party = [f"机构名称：{agency.name}", f"统一社会信用代码：{agency.uscc}"]
    profit = f"{last_year}年度净利润：{yuan(agency.net_profit_last_year_fen)} 元"
    signed = [f"法定代表人（签字）：{agency.legal_representative}", f"日期：{today.isoformat()}"]
    pledge = "本机构承诺明码标价、按约服务，不无故拒收服务券，不虚开发票。"
    return [
        _scan("legal_representative_id", "法定代表人身份证明", agency.uscc),
        _scan("business_license", "营业执照或登记证书", agency.uscc),
        _sheet("qualification", "执业资质证书", [*party, "资质在有效期内。"]),
        _sheet("service_record", "服务业绩材料", [*party, "近两年服务丽水市中小企业的合同清单见附页。"]),
        _scan("staff_certificates", "专业人员证书", agency.uscc),
        _sheet("income_statement", f"{last_year}年度利润表", [*party, profit]),
        _sheet("tax_certificate", f"{last_year}年度纳税证明", [*party, TAX_PAID]),
        _sheet("social_insurance", "社会保险参保证明", [*party, f"专职参保人数：{agency.insured_staff} 人"]),
        _sheet("premises_proof", "经营场所证明", [*party, f"使用面积：{agency.premises_m2} 平方米"]),
        _sheet("entry_commitment", "入驻承诺书", [*party, pledge, "", *signed]),
    ]


def change_paper(today: date) -> DocumentFile:
    """What proves a reported change (§3.2.3, §4.1.3)."""
    return _sheet("change_evidence", "变更登记证明", ["准予变更登记。", f"日期：{today.isoformat()}"])


def claim_papers(today: date) -> list[DocumentFile]:
    """§3.2.1, §4.1.1: what proves a claim on an organisation."""
    words = [f"出具日期：{today}", "兹确认由申请人代表本单位办理服务券事宜。"]
    return [
        _sheet("business_license", "营业执照", words[:1]),
        _sheet("claim_confirmation", "法定代表人确认书", words),
    ]


def order_documents(
    enterprise_name: str,
    agency_name: str,
    product_name: str,
    contract_number: str,
    contract_fen: int,
    own_share_fen: int,
) -> list[DocumentFile]:
    """The four documents of one settlement line (§3.5.1); invoice and transfer are for the own share."""
    parties = [f"甲方：{enterprise_name}", f"乙方：{agency_name}", f"服务产品：{product_name}"]
    contract = [*parties, f"合同编号：{contract_number}", f"合同金额（含税）：{yuan(contract_fen)} 元"]
    invoice = [*parties, f"企业自付部分（价税合计）：{yuan(own_share_fen)} 元"]
    return [
        _sheet("contract", "服务合同", contract),
        _sheet("invoice", "增值税发票", invoice),
        _scan("transfer", "银行转账回单", contract_number),
        _scan("evidence", "服务过程照片", contract_number),
    ]


def summary_invoice_document(agency_name: str, amount_fen: int) -> DocumentFile:
    """The one invoice of an agency over all its payable lines of a round (§3.5.4)."""
    lines = [f"开票机构：{agency_name}", f"服务券兑付金额合计：{yuan(amount_fen)} 元"]
    return _sheet("summary_invoice", "服务券兑付汇总发票", lines)


def inspection_photo(seed: str) -> DocumentFile:
    """What inspectors bring back from a visit (§5.1.1)."""
    return _scan("photo", "现场照片", seed)


def event_photo(seed: str) -> DocumentFile:
    """What proves that an activity was held (§3.4.2)."""
    return _scan("event_photo", "活动照片", seed)


def _sheet(kind: str, title: str, lines: list[str]) -> DocumentFile:
    return DocumentFile(kind, f"{title}.pdf", "application/pdf", pdf(title, [*lines, "", SPECIMEN]))


def _scan(kind: str, title: str, seed: str) -> DocumentFile:
    return DocumentFile(kind, f"{title}.jpg", "image/jpeg", jpeg(f"{kind}:{seed}"))
