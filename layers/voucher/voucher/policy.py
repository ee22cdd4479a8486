"""Every number and date of the regulation, once, dated, each with its clause.

An edition of the regulation is one `Policy` value in `EDITIONS`; the next edition is one more value, not new code. A
programme year copies the policy under which it was drafted, with the bureau's overrides by name. So a later change of
the defaults never changes a running year. Amounts are in fen, shares are whole percents.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from voucher.models.base import PlainDay

Percent = Annotated[int, Field(strict=True, ge=0, le=100)]
ValueFen = Annotated[int, Field(strict=True, ge=0, le=10**13)]
SignedValueFen = Annotated[int, Field(strict=True, ge=-(10**13), le=10**13)]
WholeNumber = Annotated[int, Field(strict=True, ge=0, le=10_000)]
Bound = Annotated[int, Field(strict=True, ge=1, le=1_000)]
IndustryCode = Annotated[str, Field(strict=True, pattern=r"^[0-9]{2,4}$")]
EffortBits = Annotated[int, Field(strict=True, ge=1, le=30)]


class Category(StrEnum):
    """§2.2: the nine service categories, in the order of the text. Each product is in exactly one."""

    HR = "hr"
    TECH_INNOVATION = "tech_innovation"
    TAX_AUDIT = "tax_audit"
    LEGAL = "legal"
    MANAGEMENT = "management"
    TESTING = "testing"
    IP = "ip"
    DIGITAL = "digital"
    SKILLS = "skills"


CATEGORY_WORDS = {
    Category.HR: "人力资源服务",
    Category.TECH_INNOVATION: "技术创新服务",
    Category.TAX_AUDIT: "财税审计服务",
    Category.LEGAL: "法律维权服务",
    Category.MANAGEMENT: "管理咨询服务",
    Category.TESTING: "检验检测认证",
    Category.IP: "知识产权服务",
    Category.DIGITAL: "智能化数字化服务",
    Category.SKILLS: "职业技能服务",
}


# §3.1: the conditions of an agency's approval, each by its word, with its paragraph
AgencyCondition = Literal["legal_person", "age", "profit", "premises", "management", "staff"]
AGENCY_CONDITIONS: dict[AgencyCondition, str] = {
    "legal_person": "§3.1.1",
    "age": "§3.1.1",
    "profit": "§3.1.1",
    "premises": "§3.1.2",
    "management": "§3.1.3",
    "staff": "§3.1.4",
}

# §2.1: where an enterprise or an agency is
District = Literal["city", "liandu", "development_zone", "other"]


class SizeClass(StrEnum):
    """§2.1: the four classes of 工信部联企业〔2011〕300号, largest first."""

    LARGE = "large"
    MEDIUM = "medium"
    SMALL = "small"
    MICRO = "micro"


class Policy(BaseModel):
    """The values of one programme year. The bureau may override each field by name when it drafts a programme.

    It is kept with the year. Unknown fields are ignored here, because an older release must be able to read what a
    newer one wrote; an override with an unknown name is refused at the edge.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    edition: str = Field(max_length=60)

    # §6 vouchers are granted only from the first to the last of these days; what was ordered in time is settled later
    grants_from: PlainDay
    grants_until: PlainDay
    # §1.4b, §4.2.1 the programme year: vouchers end and contracts are signed on its last day at the latest.
    # None means 1 January and 31 December of the programme's year.
    year_starts_on: PlainDay | None = None
    year_ends_on: PlainDay | None = None
    # §3.5.1 what is to be settled of a year is handed in on this day at the latest; what is not, ends, and its money
    # lapses. The text has no day, so it is the bureau's. None means 30 June of the year after its last day.
    settlement_ends_on: PlainDay | None = None
    settlement_reminder_days: WholeNumber = 30  # how long before that day the agency is reminded
    # §3.5.1 how many calendar days an agency has to correct what was returned to it, if the last day for settlement
    # comes earlier. Like the term for a change it moves on if its last day is a holiday.
    correction_days: WholeNumber = 15

    # §2.1 who may take part
    districts: tuple[str, ...] = ("city", "liandu", "development_zone")
    # 工业 (GB/T 4754 divisions 06–46), 信息化 (63–65), or finer codes; for any other, a reviewer may confirm 数字经济
    sector_divisions: tuple[IndustryCode, ...] = (*(f"{n:02}" for n in range(6, 47)), "63", "64", "65")
    # 符合产业发展方向: the GB/T 4754 codes, or their beginnings, that do not fit; the text names none.
    # Of any other code, the reviewer has a word.
    excluded_industries: tuple[IndustryCode, ...] = ()
    enterprise_min_age_months: WholeNumber = 12  # §2.1.2

    # §2.3.1 quota per enterprise and year
    quota_default_fen: Annotated[int, Field(strict=True, gt=0, le=10**13)] = 1_000_000
    quota_newly_above_scale_fen: ValueFen = 2_000_000
    quota_little_giant_nursery_fen: ValueFen = 1_000_000
    quota_combination: Literal["max", "sum"] = "max"  # on two lists: the larger counts

    # §2.3.3 an enterprise whose own voucher lapsed this year is excluded from a re-release
    rerelease_excludes_lapsed: Annotated[bool, Field(strict=True)] = True

    # §2.2.cap, §2.2.floor of the confirmed yearly total
    cap_percent: dict[Category, Percent] = Field(
        min_length=len(Category),  # an override names every category
        default_factory=lambda: {
            category: 10 if category in (Category.TAX_AUDIT, Category.MANAGEMENT) else 30 for category in Category
        },
    )
    key_categories: tuple[Category, ...] = (Category.TECH_INNOVATION, Category.IP, Category.DIGITAL)
    key_floor_percent: Percent = 40

    # §2.3.2 the voucher part of one order
    voucher_max_percent: Percent = 70

    # §3.1 agencies; equality passes
    agency_min_age_months: WholeNumber = 24  # §3.1.1
    agency_min_net_profit_fen: SignedValueFen = 0  # §3.1.1 "no loss last year"
    agency_min_premises_m2: WholeNumber = 50  # §3.1.2
    agency_min_insured_staff: WholeNumber = 5  # §3.1.4
    # §3.1 the conditions that the bureau may waive, with a reason: law firms, notaries and arbitration bodies are often
    # no legal persons, and some work without an office of their own. The others protect the public money.
    agency_waivable: tuple[AgencyCondition, ...] = ("legal_person", "premises")
    agency_approval_months: WholeNumber = 24  # §3.2.3
    agency_renewal_days: WholeNumber = 90  # §3.2.3 how long before the approval's end a renewal may be submitted
    agency_reminder_days: WholeNumber = 30  # §3.2.3 how long before the approval's end the agency is reminded

    # §4.2.2 how long before a voucher's end its enterprise is reminded of the balance
    voucher_reminder_days: WholeNumber = 14

    # §4.2.1 how many calendar days after the delivery the enterprise may stay silent before the operator decides
    confirmation_days: WholeNumber = 15
    confirmation_reminder_days: WholeNumber = 3  # how long before its last day the enterprise is reminded
    # §3.5.1(5) how many calendar days a party may leave the other one's request to cancel unanswered before the
    # operator may decide on it alone
    cancellation_days: WholeNumber = 10

    # §3.2.3, §4.1.3 a material change is reported within this many calendar days
    material_change_days: WholeNumber = 15
    # §3.4.1, §4.1.3 how many calendar days an organisation has to answer before it may be put out. The text names no
    # term; like that for a change, it moves on if its last day is a holiday.
    hearing_days: WholeNumber = 5
    # §4.2.1 how long an agency may leave an order unanswered, in working days after the day on which it was placed
    acceptance_working_days: Annotated[int, Field(strict=True, ge=1, le=250)] = 5
    # how long staff has for a decision (no clause), in working days after the day on which it was asked
    review_working_days: WholeNumber = 5
    task_reminder_days: WholeNumber = 1  # how long before its last day whoever must act is reminded of it (no clause)
    # §3.5.3 length of the public notice, in working days after the day of publication
    notice_working_days: WholeNumber = 5
    # §3.5.3 anybody may object. So many objections to one notice are taken in an hour as they come, of these so many
    # from one network address against the same line; a part of the hour's number is kept for addresses not seen in it.
    notice_objections_per_hour: WholeNumber = 100
    source_objections_per_hour: WholeNumber = 10
    new_source_objections_percent: Percent = 50
    # Whatever comes beyond is taken with a proof of effort: a hash with so many leading zero bits, one bit more (twice
    # the work) after each so many proofs of the hour, and never more than a browser finds in a minute or so.
    objection_effort_bits: EffortBits = 18
    objection_effort_step: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 100
    objection_effort_most_bits: EffortBits = 24

    # §5.3 complaints and letters to the mailbox are counted likewise, all of one kind as those against one notice. A
    # complaint is accepted and answered within so many working days; the text names no term.
    complaint_acceptance_working_days: WholeNumber = 2
    complaint_answer_working_days: WholeNumber = 15

    # §5.2b money that was paid is to come back so many days after the bureau's claim, if the claim names no day
    recovery_days: WholeNumber = 30

    # §5.1.3 the last day for the year's joint inspection. None means the last day of the year.
    joint_inspection_ends_on: PlainDay | None = None
    # §5.1 whoever has an order that was rated so or lower counts double in a draw
    low_score: Annotated[int, Field(strict=True, ge=0, le=5)] = 2
    # §5.1.1, §5.1.2 how many calendar days the inspectors have for a check, after the draw
    inspection_days: WholeNumber = 30
    # §5.1.1 how many calendar days an agency has to put right what was found, if the inspectors name no day
    rectification_days: WholeNumber = 15

    # How much one may have open at once (no clause): generous, so that only a script that floods others meets a bound
    least_voucher_fen: ValueFen = 100  # the voucher part of one order
    open_orders_per_pair: Bound = 10  # of one enterprise at one agency, placed and not yet answered
    members_per_organisation: Bound = 50
    invitations_per_organisation: Bound = 20  # that nobody has used yet
    invitation_days: Bound = 7  # that a code is good
    claims_per_person: Bound = 3  # on organisations, that nobody has decided
    claims_per_organisation: Bound = 3  # handed in with papers, that nobody has decided
    drafts_per_person: Bound = 20  # registrations that one person has begun and not submitted
    open_changes_per_organisation: Bound = 5  # reports of changes that the operator has not decided
    products_per_agency: Bound = 200  # drafted or published, not withdrawn
    documents_per_kind: Bound = 20  # of an organisation, announced and not submitted
    settlement_documents_per_kind: Bound = 200  # of a settlement application, announced and not in a line
    documents_per_day: WholeNumber = 1_000  # that one person announces

    # How bounded amounts are stored (no clause): shards of a batch's pool (None: by its size), and of each yearly pool
    batch_shards: Annotated[int, Field(strict=True, ge=1, le=64)] | None = None
    yearly_shards: Annotated[int, Field(strict=True, ge=1, le=8)] = 2

    def first_day(self, year: int) -> date:
        """First day of programme year `year` (§1.4b)."""
        return self.year_starts_on or date(year, 1, 1)

    def last_day(self, year: int) -> date:
        """Last day of programme year `year`; at the end of it every voucher is void (§1.4b)."""
        return self.year_ends_on or date(year, 12, 31)

    def joint_inspection_day(self, year: int) -> date:
        """Last day for the joint inspection of programme year `year` (§5.1.3)."""
        return self.joint_inspection_ends_on or self.last_day(year)

    def settlement_day(self, year: int) -> date:
        """Last day on which orders of programme year `year` are handed in for settlement (§3.5.1)."""
        return self.settlement_ends_on or date(self.last_day(year).year + 1, 6, 30)


# 丽经信〔2024〕44号, §6: in force 2024-08-09 to 2026-12-31.
EDITIONS = (Policy(edition="丽经信〔2024〕44号", grants_from=date(2024, 8, 9), grants_until=date(2026, 12, 31)),)


# how amounts are stored is nobody's business outside
STORED_AS = frozenset({"batch_shards", "yearly_shards"})


def policy_on(day: date) -> Policy:
    """§6: the edition in force on `day`, else the latest that had begun: reviews and settlement go on after its end."""
    begun = [edition for edition in EDITIONS if edition.grants_from <= day]
    return begun[-1] if begun else EDITIONS[0]


@dataclass(frozen=True)
class Retention:
    """How many days personal data is kept, each after which event. The regulation gives no clause; the law asks for the
    shortest time that the purpose needs (个人信息保护法 第十九条), and then for deletion (第四十七条).

    What the books need (vouchers, postings, orders, settlements and their papers, payouts) is in none of these: as
    accounting archives it stays at least 30 years, bank statements 10 (会计档案管理办法 第十四、十五条, 附表二), and
    after that people decide on it (第十六至十八条), no schedule.
    """

    draft_days: int = 30  # a registration that was never submitted: after its last touch
    refused_days: int = 365  # one that was returned, rejected or withdrawn, and never approved: after its last step
    # an organisation that is out, all its orders ended: after the later of both. As long as a claim may be raised
    # (民法典 第一百八十八条: three years)
    left_days: int = 1_095
    replaced_paper_days: int = 1_095  # a paper that is in no submission any more: after it was announced
    taken_back_paper_days: int = 30  # a paper that was taken back: after it was announced
    unused_paper_days: int = 180  # a paper that no submission examined: after it was announced
    withdrawn_paper_days: int = 365  # papers of a settlement application that was withdrawn: after that
    claim_days: int = 1_095  # the words and papers of a claim on an organisation: after the decision
    change_days: int = 1_095  # the words of a change report: after the decision
    letter_days: int = 1_825  # a letter to the mailbox, with its answer: after it came
    complaint_days: int = 1_095  # who complained, the words and papers: after the answer
    objection_days: int = 365  # who objected, and the words: after the notice closed
    order_text_days: int = 1_095  # comment of a rating, reasons of refusals and cancellations: after the order ended
    violation_days: int = 1_095  # the words of a violation: after it was lifted
    lead_days: int = 1_095  # the words of a lead: after it was handed on
    activity_days: int = 1_095  # the words and papers of an activity: after its last step
    check_days: int = 1_095  # the words and photos of an inspection: after the check was closed
    message_days: int = 365  # a message: after it came into its inbox
    list_days: int = 180  # file and rows of a list that is not in force: after its last step
    payout_file_days: int = 180  # a file that shows account numbers: after the bank's last answer on its payouts
    account_days: int = 365  # a sealed account number: after the payout on it
    cleaning_days: int = 7  # so long each night looks again for what a broken run left, or what came late


RETENTION = Retention()


@dataclass(frozen=True)
class Signals:
    """§5.1: from where on staff is shown a signal of fraud. The text has no numbers; each is where an honest city shows
    hardly any. A signal stops nothing by itself, so a change of these counts at once, for running years, too."""

    full_shares: int = 3  # §2.3.2 orders of one enterprise at one agency in a row, each at all that a voucher may pay
    confirmed_minutes: int = 10  # §4.2.1 from the delivery to the enterprise's word that it is complete
    volume_orders: int = 10  # §5.1 orders of one agency in a month
    volume_times: int = 3  # §5.1 its share of the city's orders of that month ÷ its share in the months before
    volume_base_orders: int = 50  # §5.1 orders of the city in the months before, below which no share says anything
    pair_orders: int = 5  # §5.2b of an enterprise and an agency that have no order with anybody else in the year
    high_price_percent: int = 200  # §5.2a contract ÷ what the median price of its kind makes of its quantity: above it
    low_price_percent: int = 25  # §5.2a, §5.2b the same: below it; at 50 it would be every seventh honest one


SIGNALS = Signals()
# §2.2.cap: staff is warned when so many percent of a cap are used (no clause says how many)
CAP_WARNING_PERCENTS = (80, 95)
# §5.1: one draw looks at so many orders, and draws so many at most (no clause)
FRAME_ORDERS, SAMPLE_SIZE = 20_000, 90
# so many files go with a letter to the mailbox at most (no clause)
LETTER_ATTACHMENTS = 5
# so many objections are decided by one call at most (no clause)
OBJECTIONS_AT_ONCE = 50

# §4.1.1 the six documents of an enterprise, §3.2.1 the ten of an agency, §3.5.1 those of a settlement
ENTERPRISE_DOCUMENTS = {
    "business_license": "营业执照",
    "income_statement": "上年度营业收入（利润表）",
    "tax_certificate": "上年度纳税证明",
    "social_insurance": "社会保险参保证明",
    "entry_commitment": "企业入驻承诺书",
    "credit_commitment": "企业信用承诺书",
}
AGENCY_DOCUMENTS = {
    "legal_representative_id": "法人身份证正反面",
    "business_license": "营业执照",
    "qualification": "服务资质证明",
    "service_record": "上年度企业服务成效证明",
    "staff_certificates": "从业人员职称或从业资格证",
    "income_statement": "上年度营业收入（利润表）",
    "tax_certificate": "上年度纳税证明",
    "social_insurance": "社会保险参保证明",
    "premises_proof": "服务场地证明",
    "entry_commitment": "服务机构入驻承诺书",
}
# §3.2.1, §4.1.1: what whoever claims an organisation hands in
CLAIM_DOCUMENTS = {
    "business_license": "营业执照",
    "claim_confirmation": "法定代表人确认书",
}
# §5.3: what whoever complains hands in
COMPLAINT_DOCUMENTS = {"attachment": "投诉附件"}
# §3.2.3, §4.1.3: what an organisation hands in with a report; it belongs to that report alone
CHANGE_DOCUMENTS = {"change_evidence": "变更佐证材料"}
# §3.4.2: what proves an activity; one of them suffices
ACTIVITY_DOCUMENTS = {"sign_in": "签到表", "event_photo": "活动照片或截图"}
# §5.1.1: what inspectors bring back
INSPECTION_DOCUMENTS = {"photo": "现场照片", "inspection_record": "检查记录"}
SETTLEMENT_DOCUMENTS = {
    "contract": "服务合同扫描件",
    "invoice": "企业自行承担部分的发票",
    "transfer": "企业自行承担部分的转账凭证",
    "evidence": "服务佐证材料",
    "summary_invoice": "开具给市经信局的汇总发票",
}

# Lists that decide who may claim, and how much (§2.1.1, §2.3.1, §5.2b)
LIST_KINDS = {
    "rated_d": "亩均论英雄D类企业名单",
    "newly_above_scale": "上年度新升规企业名单",
    "little_giant_nursery": "专精特新“小巨人”种苗企业库名单",
    "other_subsidy": "其他涉企政策资金享受名单",
}
# of these kinds, the list of a later year replaces the earlier ones
RATED_D_LIST, NURSERY_LIST = "rated_d", "little_giant_nursery"
# of this kind, a row is one item of an enterprise, and an enterprise may have several
SUBSIDY_LIST = "other_subsidy"
# the clause that each of them serves
LIST_CLAUSES = {
    "rated_d": "§2.1.1",
    "newly_above_scale": "§2.3.1",
    "little_giant_nursery": "§2.3.1",
    "other_subsidy": "§5.2b",
}

# no clause: how many days the bucket keeps an upload that no submission examined (infra/data.yaml says it again)
ABANDONED_UPLOAD_DAYS = 30
