"""Every refusal, once: code, HTTP status, clause and the Chinese sentence for the person who reads it.

The order of the members is their precedence: if several apply, the first one is the `code` of the answer. A sentence
names facts in braces; whoever raises the refusal gives them. A sentence says what to do next, if there is anything.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, Self

from voucher.models.base import yuan
from voucher.words import MAILBOX_ROLE_WORDS, ROLE_WORDS, STATE_WORDS, THING_WORDS


class Refusal(Enum):
    """One refusal: its HTTP `status`, `clause` (None if it follows from the system alone) and `sentence`, and, if it is
    about one, the `field` of a request or record."""

    # who is asking
    UNAUTHENTICATED = 401, None, "请先登录。"
    ROLE_REQUIRED = 403, None, "您的账号没有办理此事项的权限（须为：{role_words}），如需办理请联系平台。"
    FOUR_EYES = 403, None, "同一事项的前后两个环节须由不同的人办理，请交由其他人员办理。"
    NOT_FOUND = 404, None, "没有找到该{thing_word}，请核对{by_words}。"
    ROUTE_NOT_FOUND = 404, None, "没有这个接口，请核对地址。"
    METHOD_NOT_ALLOWED = 405, None, "该接口不支持 {method} 方法，请改用 {allowed}。"

    # what was sent
    BODY_TOO_LARGE = 422, None, "提交内容超过 64 KB，请精简后重试。"
    BROKEN_JSON = 422, None, "提交内容不是有效的 JSON，请检查格式后重试。"
    NESTED_TOO_DEEP = 422, None, "提交内容嵌套超过 32 层，请简化后重试。"
    MALFORMED = 422, None, "提交内容有误，请按提示逐项修改。"
    IDEMPOTENCY_KEY_REQUIRED = 422, None, "请求缺少有效的 Idempotency-Key，请提供 1 至 255 个可见字符。"
    IDEMPOTENCY_KEY_REUSED = 422, None, "该 Idempotency-Key 已用于另一项不同的请求，请换用新的。"

    # what exists already, or is in another state
    ALREADY_REGISTERED = (
        409,
        None,
        "该统一社会信用代码已有提交的注册。您代表该单位而未参与的：已审核通过的可申请认领，尚未通过的请联系平台核实撤销。",
    )
    ALREADY_DRAFTED = 409, None, "您已参与该统一社会信用代码的一份注册草稿，请继续办理该草稿。"
    CODE_FREE_TOMORROW = 409, None, "该统一社会信用代码的前一注册已撤销或失效，次日起可以提交，请届时再提交本草稿。"
    ALREADY_EXISTS = 409, None, "相同的记录已经存在，请勿重复提交。"
    ALREADY_REVIEWED = 409, None, "该事项已经审核，当前状态为“{state}”，请刷新后查看结果。"
    WRONG_STATE = 409, None, "{of_word}当前状态为“{state}”，不能进行此操作，请刷新后查看可办理的操作。"
    CHANGED_MEANWHILE = 409, None, "记录刚被他人修改，请刷新后重试。"
    BUSY = 429, None, "当前办理人数较多，请稍后重试。"
    FROZEN = 409, None, "相关资金账户正在核对，暂停办理，请稍后再试。"

    ERASED = 409, None, "该文件已过保存期限，按规定删除；有关记录和校验值仍在，如需原件请向原提交单位或开户银行调取。"

    # documents
    DOCUMENTS_MISSING = 422, "§4.1.1", "申请材料不齐全，请补充上传：{kinds}。"
    DOCUMENT_NOT_UPLOADED = 422, None, "文件尚未上传，或内容与所报类型不符，请重新上传。"

    TOO_MANY_DOCUMENTS = 409, None, "这类材料已有 {most} 份登记后尚未提交，请先撤回（DELETE）多余的，再登记新的。"
    TOO_MANY_DOCUMENTS_TODAY = 429, None, "您今天登记的材料已达 {most} 份，请明天再登记。"

    # how much may be open at once
    OWNERS_ONLY = 403, None, "此操作须由单位的负责人办理，请联系负责人。"
    FINANCE_ONLY = 403, "§3.5.4", "发票和收款账户须由单位的财务人员或负责人提交。"
    STAFF_JOINS_NOBODY = 403, "§5.2b", "工作人员不能成为企业或服务机构的成员，请由其他人员经办。"
    ALREADY_MEMBER = 409, None, "您已是该单位的成员，无需认领。"
    CLAIM_NOT_NEEDED = (
        409,
        "§4.1.1",
        "该单位尚未通过审核或已退出，无需认领：请直接注册；代码被他人占用的，请联系平台撤销其注册。",
    )
    TOO_MANY_CLAIMS = 409, None, "您已有 {most} 份认领申请尚未办结，请待其办结后再申请。"
    TOO_MANY_CLAIMS_ON_IT = 409, None, "该单位已有 {most} 份认领申请尚未办结，请待其办结后再申请。"
    CLAIM_OVERTAKEN = (
        409,
        None,
        "该单位已由另一认领申请人接管，其尚未就本申请陈述意见：请驳回本申请，由申请人重新申请。",
    )
    COMPLAINT_SHARED = 409, "§5.3", "已有其他投诉并入本投诉、以本投诉的答复为准，不能撤回，请等待答复。"
    LAST_OWNER = 409, None, "最后一名负责人不能退出，请先邀请另一名负责人。"
    INVITATION_ENDED = 409, None, "邀请码有误、已使用或已过期，请联系邀请人重新邀请。", "code"
    TOO_MANY_INVITATIONS = 409, None, "尚未使用的邀请已有 {most} 个，请先撤回不再需要的。"
    TOO_MANY_MEMBERS = 409, None, "单位的成员已达 {most} 名，请先移除不再经办的成员。"
    TOO_MANY_DRAFTS = 409, None, "您已有 {most} 个尚未提交的注册，请先完成并提交其中的，再注册新的。"
    TOO_MANY_CHANGES = 409, None, "已有 {most} 份变更报告待平台审核，请待其审核后再报告。"
    TOO_MANY_PRODUCTS = 409, None, "服务机构未下架的产品已达 {most} 个，请先下架不再提供的产品。"
    TOO_MANY_ORDERS = 409, None, "企业在该服务机构已有 {most} 笔订单尚待接单，请待其接单或拒绝后再下单。"

    # who may take part: enterprises, in the order of §2.1
    INVALID_USCC = 422, "§2.1", "统一社会信用代码有误，请核对营业执照。", "uscc"
    OUTSIDE_DISTRICT = 422, "§2.1", "企业不在丽水市区（市直、莲都区、经开区）范围内。", "district"
    NOT_LEGAL_PERSON = 422, "§2.1", "企业不具有独立法人资格。", "is_legal_person"
    OUTSIDE_DIRECTION = 422, "§2.1", "企业不符合产业发展方向，如有异议请向平台说明所从事的产业。", "industry_code"
    OUTSIDE_SECTOR = 422, "§2.1", "企业不属于工业、信息化或数字经济领域。", "industry_code"
    NOT_SME = 422, "§2.1", "企业不属于中小微企业。", "industry_code"
    SIZE_UNKNOWN = 422, "§2.1", "按所填行业代码无法划分企业规模，请改填更细或其他的国民经济行业代码。", "industry_code"
    RATED_D = 422, "§2.1.1", "企业最近一次亩均论英雄评价结果为D类。", "uscc"
    TOO_YOUNG = 422, "§2.1.2", "企业申请时成立不足{months}个月。", "established_on"
    HAS_VIOLATION = 422, "§2.1.3", "有尚未解除的服务券使用违规记录，解除前不能领券或办理新业务。", "uscc"
    NOT_APPROVED = 422, "§4.1.2", "企业尚未通过审核，请在审核通过后领券、用券。", "uscc"
    DISQUALIFIED = 422, "§4.1.3", "企业的领券、用券资格已被取消，如有疑问请联系平台。", "uscc"
    NEXT_YEAR_FIRST = 409, "§4.1.3", "资格被取消或被清退的，自 {first_day} 起方可重新申请。"
    NOT_ELIGIBLE = 422, "§2.1", "企业当前不符合领券条件：{reason}", "uscc"

    # agencies and products
    AGENCY_NOT_LEGAL_PERSON = 422, "§3.1.1", "服务机构不具有独立法人资格。", "is_legal_person"
    AGENCY_TOO_YOUNG = 422, "§3.1.1", "服务机构运营不足{months}个月。", "established_on"
    AGENCY_AT_LOSS = 422, "§3.1.1", "服务机构上一年度经营亏损。", "net_profit_last_year_fen"
    AGENCY_PREMISES = 422, "§3.1.2", "固定服务场所不足{square_metres}平方米。", "premises_m2"
    AGENCY_MANAGEMENT = 422, "§3.1.3", "服务机构没有健全的管理制度。", "has_management_system"
    AGENCY_STAFF = 422, "§3.1.4", "缴纳社保的专职服务人员不足{persons}人。", "insured_staff"
    CATEGORIES_NOT_BY_REPORT = (
        422,
        "§3.2.3",
        "服务类别不能通过变更报告调整，请在续期时提出，或请平台退回入驻信息，修改后重新审核。",
        "facts.categories",
    )
    NO_FACTS_REPORTED = 409, "§4.1.3", "该报告没有提出新的信息，无法采纳；如不影响资格，请作“保持资格”处理。"
    NEWER_REPORT_ADOPTED = (
        409,
        "§4.1.3",
        "其后提交的变更报告（{change_id}）已被采纳，采纳本报告将以旧换新：请作“保持资格”处理，信息确需改回的由单位重新报告。",
    )
    RENEWAL_TOO_EARLY = 409, "§3.2.3", "入驻有效期届满前 {days} 天起方可申请续期（{opens_on} 起）。"
    RENEWAL_REQUIRED = 409, "§3.2.3", "入驻有效期已于 {valid_until} 届满，须由服务机构申请续期后再审核。"
    AGENCY_NOT_ACTIVE = (
        422,
        "§3.2.2",
        "服务机构未入驻或入驻已失效，请待其通过审核或续期，或另选机构。",
        "agency_uscc",
    )
    OUTSIDE_AGENCY_SCOPE = 422, "§3.3", "该服务类别不在服务机构的入驻范围内，请选择其入驻的类别。", "category"
    SERVICE_ITEM_ELSEWHERE = 422, "§2.2", "所选服务项目不属于该服务类别，请选择该类别下的服务项目。", "service_item"
    PRODUCT_NOT_LISTED = 422, "§3.3", "该服务产品未上架，请选择其他产品。", "product_id"

    # programme and batches
    TOTAL_BELOW_COMMITTED = 409, "§1.3", "新的总额低于已经投放或使用的金额，请提高总额。", "total_fen"
    NO_TOTAL_PENDING = 409, "§1.3", "没有待确认的总额，请先提出新的总额。"
    OVER_PROGRAMME_TOTAL = (
        409,
        "§1.4a",
        "批次金额超过本年度尚未投放的总额（剩余 {left_fen} 元），请减少。",
        "amount_fen",
    )
    LOOSER_THAN_EDITION = (
        422,
        "§1.3",
        "所设标准比现行办法宽松，或不属现行办法，须填写作出该决定的文件文号，并将向社会公示。",
        "document_number",
    )
    OUTSIDE_PROGRAMME_YEAR = 422, "§1.4b", "日期须在本年度服务券的起止日期之内。"
    LIST_IN_TURN = 409, None, "该名单的另一版本正在生效，请待其完成后再试。"
    LIST_EMPTY = 409, None, "名单中没有有效的行；确实要清空名单的，请明确选择（allow_empty）。"
    LIST_HAS_ERRORS = 409, None, "名单文件有 {count} 行错误，请更正后重新上传，或选择跳过错误行（skip_errors）。"

    # grabbing
    OUTSIDE_REGULATION_TERM = 422, "§6", "办法的有效期为 {grants_from} 至 {grants_until}，目前不能发放服务券。"
    BATCH_NOT_OPEN = 409, "§4.1.4", "本批次尚未开始领券，请在开始之后领取。"
    BATCH_CLOSED = 409, "§4.2.2", "本批次领券已经结束，请关注下一批次。"
    BATCH_RUNNING = 409, "§1.4a", "本批次领券尚未结束，结果在领券结束后公布。"
    QUOTA_USED = 422, "§2.3.1", "企业本年度剩余额度不足（剩余 {left_fen} 元）。", "amount_fen"
    PARTIAL_NOT_ALLOWED = 422, "§2.3.1", "本批次须一次领取全部剩余额度（{left_fen} 元）。", "amount_fen"
    NOT_IN_AUDIENCE = 422, "§2.3.1", "本批次{until_words}只对以下企业开放：{audience_words}。"
    RERELEASE_EXCLUDED = 422, "§2.3.3", "本年度服务券逾期作废的企业不参加补发。"
    SOLD_OUT = 409, "§1.4a", "本批次服务券已领完，请关注下一批次。"

    # orders
    SELF_DEALING = 422, "§5.2b", "企业不得使用服务券购买自己提供的服务。", "product_id"
    SAME_PERSON = (
        422,
        "§5.2b",
        "同一人不得同时为企业和服务机构办理同一笔交易，请由双方各自的人员办理，或另选服务机构。",
        "product_id",
    )
    VOUCHER_ENDED = 422, "§4.2.2", "服务券已过有效期或已作废，请使用其他服务券。", "voucher_id"
    CATEGORY_NOT_ALLOWED = 422, "§2.2", "该服务券不能用于此类服务，请选择其他服务或其他服务券。", "product_id"
    OVER_RATIO = 422, "§2.3.2", "抵用额超过合同金额的 {percent}%，本单最多可抵用 {max_voucher_fen} 元。", "voucher_fen"
    OVER_BALANCE = 422, "§2.3.2", "抵用额超过服务券余额（{balance_fen} 元），请减少抵用额。", "voucher_fen"
    ORDER_TOO_SMALL = (
        422,
        None,
        "抵用额过小，每单至少抵用 {least_fen} 元（或服务券的全部余额），请增加。",
        "voucher_fen",
    )
    CONTRACT_YEAR = 422, "§4.2.1", "服务合同须在当年签订，签订日期不得晚于今日，请核对。", "contract_signed_on"
    CONTRACT_BEFORE_APPROVAL = (
        422,
        "§1.4b",
        "服务合同的签订日期早于服务机构首次入驻之日（{approved_on}），不能使用服务券，请核对签订日期。",
        "contract_signed_on",
    )
    CONTRACT_MISSING = 422, "§4.2.1", "请先登记服务合同编号和签订日期。", "contract_number"
    OTHER_SUBSIDY = (
        422,
        "§5.2b",
        "服务券不与科技创新券等其他涉企政策资金同享，请改用其他合同；确为不同事项的，请市经信局认定。",
        "no_other_subsidy",
    )
    SUBSIDY_UNDECIDED = (
        409,
        "§5.2b",
        "企业在其他涉企政策资金享受名单中，请市经信局先就该笔订单作出是否为同一事项的认定。",
    )
    NOT_RECONCILED = (
        409,
        "§5.1",
        "年度结束后还没有账目一致的对账，或对账后又有变动；请在下一次对账（每日凌晨）后再制作年度文件。",
    )
    NOTHING_SINCE = 409, "§5.1", "自上一份文件以来没有新的兑付、拨付或追回，无需制作补充文件。"
    FILE_DIFFERS = 409, "§5.1", "校验值与该文件不符，请重新下载并核对后再确认收到。", "sha256"
    NO_OTHER_SUBSIDY = 409, "§5.2b", "名单中没有与该笔订单有关的其他政策资金，无需认定。"
    TOO_EARLY = 409, "§4.2.1", "{may_words}（截至 {last_day}），请在期满后或收到其意见后再作决定。"
    CANCEL_NOT_ASKED = (
        409,
        "§3.5.1(5)",
        "取消须由双方书面申请，请由尚未申请的一方提出；尚未接单、对方已退出或逾期未答复的，一方申请即可。",
    )
    NO_CANCEL_REQUEST = 409, "§3.5.1(5)", "贵方没有尚未处理的取消申请，无需撤回。"
    NO_CONTRACT_PROPOSED = 409, "§4.2.1", "对方没有提出待确认的合同信息，请先登记合同。"
    CONTRACT_USED = 409, "§5.2b", "该合同编号已用于该服务机构的另一笔订单，请核对合同编号。", "contract_number"
    CATEGORY_CAP = (
        409,
        "§2.2.cap",
        "“{category}”类本年度限额不足（剩余 {room_fen} 元），请减少抵用额或另选。",
        "voucher_fen",
    )
    KEY_FLOOR = (
        409,
        "§2.2.floor",
        "非重点类别年度限额不足（剩余 {room_fen} 元），请减少或选重点类别。",
        "voucher_fen",
    )

    # settlement
    SETTLEMENT_ENDED = 409, "§3.5.1", "{year}年度订单的兑付申请已于市经信局确定的 {last_day} 截止，不再受理。"
    ORDER_NOT_COMPLETED = (
        409,
        "§3.5.1",
        "订单当前状态为“{state}”：尚未完成的，请在企业确认完成后申请兑付；已经结束的，请从申请中去掉。",
    )
    ORDER_IN_SETTLEMENT = 409, "§3.5.1", "订单已在另一项兑付申请中（当前状态为“{state}”）。"
    EVIDENCE_MISSING = 422, "§3.5.1", "兑付材料不齐全，请按提示补充。"
    OWN_SHARE_MISMATCH = 422, "§3.5.1", "发票、转账金额须与企业自行承担部分（{own_share_fen} 元）完全一致。"
    INVOICE_USED = 409, "§5.2b", "该发票号码已经使用过，请核对发票号码。", "invoice.number"
    TRANSFER_OVERUSED = (
        422,
        "§3.5.1",
        "同一笔转账用于多笔订单的，须填写一致的转账总额，且合计不得超过总额。",
        "transfers",
    )
    LINE_UNDER_REVIEW = 409, "§3.5.1", "订单正在审核或公示（当前状态为“{state}”），须先由平台从汇总批次中撤出。"
    HELD = (
        409,
        "§5.2b",
        "订单因违规记录、检查发现的问题或其他政策资金暂停办理，待市经信局处理后方可继续；其余订单可先行办理（{way_words}）。",
    )
    ACTIVITY_NOT_HELD = 409, "§3.4.2", "活动尚未举行（{held_on}），请在举行之后提交。"
    FRAME_EMPTY = 409, "§5.1", "按所选条件没有可抽取的对象，请放宽条件，或待有相应订单后再抽取。"
    FRAME_TOO_LARGE = 422, "§5.1", "所选订单超过 {most} 笔，请用下单日期（placed_from、placed_to）分段抽取。"
    CHECKS_OPEN = 409, "§5.1", "尚有对象没有检查完毕，请完成检查和复核，或撤出后再作结论。"
    VERIFIED_TOO_HIGH = (
        422,
        "§3.5.2",
        "核定金额不得高于订单抵用额，也不得高于合同金额的 {percent}%。",
        "verified_fen",
    )
    LINE_DOES_NOT_ADD_UP = (
        422,
        "§3.5.2",
        "核定合同金额减去企业已付的 {own_share_fen} 元为 {adding_up_fen} 元，抵用额须与其一致，请同时核减合同或退回。",
        "verified_fen",
    )
    NOTHING_PASSED = 409, "§3.5.2", "没有可以汇总的预审通过订单，请先完成预审。"
    ROUND_TOO_LARGE = 422, "§3.5.2", "一个汇总批次{bound}，其余请另行汇总。"
    NOTICE_RUNNING = 409, "§3.5.3", "公示期未满，请在 {ends_on} 之后结束公示。"
    NOTICE_ENDED = (
        409,
        "§3.5.3",
        "当前状态为“{state}”，公示的最后一日为 {ends_on}，不再受理异议；如发现骗取财政资金等问题，可向市经信局反映。",
    )
    REMOVAL_NOT_OBJECTED_TO = (
        409,
        "§3.4.1",
        "清退公告不设异议期：服务机构可在市经信局作出决定前提交陈述意见，其后请向市经信局申请恢复；其他单位和个人请向平台或市经信局反映。",
    )
    TOO_MANY_OBJECTIONS = (
        429,
        None,
        "一小时内收到的异议较多。请附上计算证明（effort）立即重新提交，或在一小时后提交。",
    )
    TOO_MANY_COMPLAINTS = (
        429,
        None,
        "一小时内收到的来件较多。请附上计算证明（effort）立即重新提交，或在一小时后提交。",
    )
    SUMMARY_INVOICE_MISMATCH = 422, "§3.5.4", "汇总发票金额须等于应付金额（{amount_fen} 元）。", "amount_fen"
    ACCOUNT_UNDECIDED = (
        409,
        "§3.5.4",
        "收款账户尚未确认（当前状态为“{state}”）：待平台另一人核对，未通过的须由服务机构重新提交。",
    )
    NOTHING_PAYABLE = 409, "§3.5.4", "没有可以拨付的款项（汇总批次当前状态为“{state}”）。"
    PAYOUT_GOES_ON = (
        409,
        "§5.2b",
        "只有涉及暂停办理的订单且尚未列入拨付单的拨付可以撤销（当前状态为“{state}”）；已列入拨付单的，请按银行的结果登记。",
    )
    NO_PAYOUT_FILE = 409, "§3.5.4", "该批次还没有拨付单，请先制作拨付单。"
    ALREADY_RECOVERED = (
        409,
        "§5.2b",
        "该笔款项已有追回记录（当前状态为“{state}”），须先撤销追回。",
    )
    OVER_CLAIM = 422, "§5.2b", "登记的收回金额不得超过尚未收回的金额（{left_fen} 元）。", "amount_fen"
    OVER_PAID = 422, "§5.2b", "追回金额不得超过已拨付未追回的金额（{left_fen} 元）。", "amount_fen"

    status: int
    clause: str | None
    sentence: str
    field: str | None

    def __new__(cls, status: int, clause: str | None, sentence: str, field: str | None = None) -> Self:
        """Number the members in the order in which they are written: that is their precedence."""
        member = object.__new__(cls)
        member._value_ = len(cls.__members__)
        member.status, member.clause, member.sentence, member.field = status, clause, sentence, field
        return member


class HasState(Protocol):
    """Anything that is in a state: a refusal names it in Chinese for people, and in code for programs."""

    @property
    def thing(self) -> str:
        """The kind of record, as STATE_WORDS knows it."""
        ...

    @property
    def state(self) -> str:
        """Its state, in code."""
        ...


@dataclass(frozen=True)
class FieldError:
    """One reason inside a refusal: its field, what is wrong, in Chinese, and the same for a program.

    `code` is a kind of mistake in lower case (`missing`, `not_allowed`, …); without one it is the code of the refusal.
    What would be right is in `allowed`, `min` and `max`, or shown by an `example`.
    """

    field: str
    message: str
    code: str | None = None
    clause: str | None = None
    allowed: tuple[str, ...] | None = None
    min: int | str | None = None
    max: int | str | None = None
    example: str | None = None


class Refused(Exception):
    """A definite refusal. It is never retried; the edge turns it into problem+json."""

    def __init__(
        self,
        refusal: Refusal,
        *,
        errors: Iterable[FieldError] = (),
        clause: str | None = None,
        of: HasState | None = None,
        thing: str | None = None,
        roles: Iterable[str] = (),
        effort: Mapping[str, Any] | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal
        self.clause = clause or refusal.clause
        self.errors = tuple(errors)
        self.of = of
        self.thing = thing
        self.roles = tuple(sorted(roles))
        self.effort = effort
        self.facts = facts

    @property
    def detail(self) -> str:
        """The Chinese sentence with its facts filled in: amounts in yuan, a state by its Chinese word."""
        shown = {name: yuan(fact) if name.endswith("_fen") else fact for name, fact in self.facts.items()}
        if self.of is not None:
            shown["state"] = STATE_WORDS[self.of.thing][self.of.state]
            shown["of_word"] = THING_WORDS[self.of.thing]
        shown["thing_word"] = THING_WORDS[self.thing] if self.thing else "内容"
        shown.setdefault("by_words", "编号")
        shown["role_words"] = "、".join((ROLE_WORDS | MAILBOX_ROLE_WORDS)[role] for role in self.roles)
        return self.refusal.sentence.format(**shown)

    @property
    def state(self) -> str | None:
        """The state of the thing that could not take the step, for programs."""
        return self.of.state if self.of is not None else None

    @property
    def members(self) -> dict[str, Any]:
        """What else a program learns: `thing`, which was not found, `roles`, one of which is needed, and the `effort`
        for which the same request is taken."""
        return {"thing": self.thing, "roles": self.roles or None, "effort": self.effort}


def not_found(thing: str, by_words: str = "编号") -> Refused:
    """NOT_FOUND for a thing, by its word in THING_WORDS; `by_words` says by what it was looked for, if not its id."""
    return Refused(Refusal.NOT_FOUND, thing=thing, by_words=by_words)


def refused_by(checks: Iterable[Callable[[], object]]) -> list[Refused]:
    """The refusals that some checks raise, in the order of the checks."""
    found = []
    for check in checks:
        try:
            check()
        except Refused as no:
            found.append(no)
    return found


def refuse_first(refusals: Iterable[Refused]) -> None:
    """Raise the refusal of highest precedence, with all of them as its errors, if there is any."""
    found = sorted(refusals, key=lambda refused: refused.refusal.value)
    if not found:
        return
    first = found[0]
    if len(found) > 1 or not first.errors:
        first.errors = tuple(
            FieldError(each.refusal.field or "body", each.detail, each.refusal.name, each.clause) for each in found
        )
    raise first
