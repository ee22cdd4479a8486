"""What follows from a committed change of a record (§3.5.2, §4.1.2): messages to queues, made from its old and its new
image.

A message of the notify queue is for the inboxes of one recipient. `kind` says what `recipient` is: the credit code of
an enterprise or agency, whose members each get it, or the word of a staff role, whose holders share one inbox. One to
a single `person` names the organisation that it is about.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from voucher.lifecycles import LIFECYCLES
from voucher.models.base import yuan
from voucher.policy import CATEGORY_WORDS, Category
from voucher.rules.exceptions import exception_of
from voucher.tasks import Task, task_of
from voucher.words import TASK_WORDS

Image = Mapping[str, Any]


@dataclass(frozen=True)
class Message:
    """`queue` is the word of the queue; `body` is its JSON. Sent again, it has the same `message_id`."""

    queue: str
    body: dict[str, Any]


# (thing, state entered) → subject of the message to the organisations concerned
SUBJECTS = {
    ("ENTERPRISE", "approved"): "企业资格审核通过，可以领取服务券。",
    ("ENTERPRISE", "returned"): "企业注册材料被退回，请修改后重新提交。",
    ("ENTERPRISE", "rejected"): "企业注册未通过审核。",
    ("ENTERPRISE", "revoked"): "企业注册已由平台撤销，该统一社会信用代码次日起可以重新注册；如有异议请联系平台。",
    ("ENTERPRISE", "disqualified"): "企业领券、用券资格被取消，未使用的服务券作废。",
    ("AGENCY", "active"): "服务机构入驻审核通过。",
    ("AGENCY", "returned"): "服务机构入驻材料被退回，请修改后重新提交。",
    ("AGENCY", "rejected"): "服务机构入驻未通过审核。",
    ("AGENCY", "revoked"): "服务机构注册已由平台撤销，该统一社会信用代码次日起可以重新注册；如有异议请联系平台。",
    ("AGENCY", "removal_proposed"): "平台运营机构已提出清退，待市经信局审核；其间不能上架产品和承接订单。",
    ("AGENCY", "removed"): "服务机构已被清退，产品已下架。",
    ("VOUCHER", "active"): "服务券领取成功。",
    ("VOUCHER", "expired"): "服务券已过有效期，余额作废。",
    ("VOUCHER", "void"): "服务券已作废。",
    ("ORDER", "placed"): "使用服务券的订单已提交，等待服务机构接单。",
    ("ORDER", "accepted"): "服务机构已接单；尚未登记合同的，请登记合同编号和签订日期。",
    ("ORDER", "refused"): "订单被服务机构拒绝，抵用额已退回。",
    ("ORDER", "withdrawn"): "企业在接单前撤回了订单，抵用额已退回。",
    ("ORDER", "delivered"): "服务机构已提交服务成果，请企业确认。",
    ("ORDER", "completed"): "企业已确认服务完成。",
    ("ORDER", "cancelled"): "订单已取消，抵用额已退回。",
    ("LINE", "passed"): "兑付申请预审通过。",
    ("LINE", "returned"): "兑付申请被退回，请查看意见。",
    ("LINE", "rejected"): "兑付申请未通过审核，请查看意见。",
    ("PAYABLE", "awaiting_invoice"): "应付金额已确定，请按此金额提交汇总发票和收款账户。",
    ("PAYABLE", "dropped"): "应付款项已全部撤销，无需再提交汇总发票。",
    ("LINE", "withdrawn"): "订单已从兑付申请中撤出。",
    ("ACTIVITY", "confirmed"): "上报的活动已确认，计入本年度活动。",
    ("ACTIVITY", "returned"): "上报的活动被退回，请查看意见并补充后重新提交。",
    ("CHECK", "rectifying"): "检查发现需要整改的问题，请在期限内整改并提交说明。",
    ("CHECK", "referred"): "检查发现的问题已报市经信局处理，可提交陈述意见（一次）。",
    ("CHECK", "closed"): "检查已办结，可查看结果。",
    ("PAYOUT", "returned"): "已拨付的资金被银行退回，请核对收款账户。",
    ("PAYOUT", "paid"): "服务券抵用资金已拨付。",
    ("PAYOUT", "failed"): "服务券抵用资金拨付失败，请核对收款账户。",
    ("PAYOUT", "withdrawn"): "有订单暂停办理，本次拨付已撤销；款项仍为应付，其余订单将另行拨付。",
}
# (thing, action) → a subject that says more of the state than the one above
SUBJECTS_OF_ACTIONS = {
    ("ENTERPRISE", "restore"): "市经信局已恢复企业资格；已作废的服务券不再恢复，其占用的额度已退还。",
    ("AGENCY", "restore"): "市经信局已撤销清退，服务机构恢复原状；已下架的产品须重新上架。",
    ("AGENCY", "reapply"): "已重新开始申请，请修改入驻信息和材料后提交。",
    ("ENTERPRISE", "reapply"): "已重新开始申请，请修改注册信息和材料后提交。",
    ("ORDER", "run_out"): "服务机构未在期限内接单，订单已自动取消，抵用额已退回；仍需该服务的，请重新下单。",
    ("ORDER", "decide.confirm"): "平台运营机构核实后确认服务已完成。",
    ("ORDER", "decide.return"): "平台运营机构核实后将订单退回，请服务机构完善后重新交付。",
    ("ORDER", "decide.cancel"): "平台运营机构核实后取消订单，抵用额已退回或作废。",
    ("ORDER", "lapse"): "订单未在截止日前申请兑付，已自动取消，抵用额已退回或作废。",
    ("ORDER", "expire"): "订单到期仍没有有效的服务合同，已自动取消，抵用额已退回或作废。",
}
DECIDED_CHANGES = {
    "kept": "重大变更报告已审核，资格保持不变。",
    "adopted": "重大变更报告已审核，所报的新信息已生效，资格保持不变。",
}
# (thing, state left, state entered): the thing goes back to an earlier state, so the subject above would not be true
STEPS_BACK = {
    ("ORDER", "settling", "completed"),
    ("LINE", "noticed", "passed"),
    *(("AGENCY", "removal_proposed", former) for former in LIFECYCLES["agency"]["propose_removal"][0].split()),
}
# tasks of a party that no subject above tells it
ASKED_BY_OTHERS = frozenset({"answer_cancellation", "acknowledge_contract", "name_account"})
# the attribute of an item that says when it was put back
PUT_BACK = "put_back_at"
# told otherwise: with the application, the end of the notice, and the dispute
UNTOLD = frozenset({"gather_line", "close_notice", "decide_order"})
# thing → kind of organisation → the attribute that names the recipient
RECIPIENTS = {
    "ENTERPRISE": {"enterprise": "uscc"},
    "AGENCY": {"agency": "uscc"},
    "VOUCHER": {"enterprise": "enterprise_uscc"},
    "ORDER": {"enterprise": "enterprise_uscc", "agency": "agency_uscc"},
    "LINE": {"agency": "agency_uscc"},
    "CHECK": {"agency": "agency_uscc"},
    "ACTIVITY": {"agency": "agency_uscc"},
    "PAYABLE": {"agency": "agency_uscc"},
    "PAYOUT": {"agency": "agency_uscc"},
}


def messages_for(old: Image | None, new: Image | None) -> list[Message]:
    """Every message that follows from one change. None from the move of a record that is erased, whose state is old."""
    if new is None or (old is None and new.get("erased_at")):
        return []
    return [*_state_messages(old, new), *(message for follow in FOLLOWERS for message in follow(old, new))]


def is_put_back(old: Image | None, new: Image | None) -> bool:
    """The change is no step: an operator wrote an item as it was at an earlier second (infra/operate), and it says so.
    Whoever was told of it then is not told again, and nobody took the step twice."""
    put_back_at = (new or {}).get(PUT_BACK)
    return put_back_at is not None and put_back_at != (old or {}).get(PUT_BACK)


def count_messages(new: Image | None) -> list[Message]:
    """§5.1: each change of a voucher or an order is counted in the report of its year; the message only says whose.
    What is an exception of an organisation is listed as it stands in the record."""
    if new is None:
        return []
    if thing_of(new) in ("VOUCHER", "ORDER"):
        body = {"message_id": change_id(new, "count"), "year": new["year"], "uscc": new["enterprise_uscc"]}
        return [Message("keep_reports", body)]
    if (listed := exception_of(thing_of(new), new)) is None:
        return []
    name = {"message_id": change_id(new, "exception"), "task": "list_exception"}
    return [Message("keep_reports", name | listed._asdict())]


def thing_of(image: Image) -> str:
    """The word of a record's thing, from its keys."""
    family = str(image["pk"]).partition("#")[0]
    part = str(image["sk"]).partition("#")[0]
    return family if part == "RECORD" else part


def kept_thing(image: Image) -> str:
    """The word of a record's thing, as the rest of the house has it."""
    thing = thing_of(image).lower()
    return "list_import" if thing == "import" else thing


def about(image: Image) -> str:
    """A record in one word: its thing and its id, as `order:o_1`."""
    return f"{kept_thing(image)}:{name_of(image, thing_of(image))}"


def _state_messages(old: Image | None, new: Image) -> list[Message]:
    """The state entered, told to each organisation concerned."""
    thing, state = thing_of(new), new.get("state")
    before = None if old is None else old.get("state")
    subject = SUBJECTS_OF_ACTIONS.get((thing, str(new.get("last_action"))), SUBJECTS.get((thing, str(state))))
    if subject is None or before == state or (thing, before, state) in STEPS_BACK:
        return []
    message_id, about = change_id(new, state), f"{thing.lower()}:{name_of(new, thing)}"
    words = subject + _opinion(thing, new)
    return [_notify(message_id, kind, new[attribute], words, about) for kind, attribute in RECIPIENTS[thing].items()]


def _notify(message_id: str, kind: str, recipient: str, subject: str, about: str) -> Message:
    """A message to an inbox; `about` is the thing and its id, as `order:o_1`."""
    body = {"message_id": message_id, "kind": kind, "recipient": recipient, "subject": subject, "about": about}
    return Message("notify", body)


def _opinion(thing: str, new: Image) -> str:
    """§3.5.2: the reviewer's opinion on a line reaches the agency in its own words."""
    reviewed = thing == "LINE" and new.get("state") in ("passed", "returned", "rejected")
    opinion = new.get("opinion") if reviewed else None
    if thing in ("ENTERPRISE", "AGENCY") and (reason := _reason_of_sanction(new)):
        return f"理由：{reason}"
    if (thing, new.get("state")) == ("AGENCY", "removal_proposed") and new.get("sanction"):
        return _hearing(new["sanction"])
    decision = new.get("decision") if thing == "ORDER" and _is_one_sided(new) else None
    if decision:
        return f"理由：{decision['reason']}"
    until = f"请于{new['correct_by']}前更正并重新提交。" if reviewed and new.get("correct_by") else ""
    return until + (f"意见：{opinion}" if opinion else "")


def _hearing(sanction: Image) -> str:
    """§3.4.1, §4.1.3: why a sanction is proposed, and until when the organisation may answer."""
    return f"理由：{sanction['reason']}。可在{sanction['answer_by']}前提交陈述意见（一次），由市经信局决定。"


def _reason_of_sanction(organisation: Image) -> str | None:
    """§3.4.1, §4.1.3: why the bureau put an organisation out, or took that back."""
    sanction, action = organisation.get("sanction") or {}, str(organisation.get("last_action"))
    if action == "restore":
        return sanction.get("restore_reason")
    return sanction.get("decision_reason") if action.startswith("approve_") else None


def _is_one_sided(order: Image) -> bool:
    """The latest step of an order is the operator's alone, at most on the word of one party."""
    decision = (order.get("decision") or {}).get("decision")
    action = str(order.get("last_action"))
    return decision is not None and (action.startswith("decide.") or action == decision == "cancel")


DECISION_WORDS = {"confirm": "确认服务完成", "return": "退回重新交付", "cancel": "取消订单"}


def _decided_alone(old: Image | None, new: Image) -> list[Message]:
    """§4.2.1, §3.5.1(5): the bureau hears of each order on which the operator decided without both parties' word."""
    if thing_of(new) != "ORDER" or not _is_one_sided(new) or (old or {}).get("decision") == new["decision"]:
        return []
    decision = new["decision"]
    words = f"平台运营机构单方处理订单：{DECISION_WORDS[decision['decision']]}。理由：{decision['reason']}"
    return _to_staff(new, "decided", words, f"order:{new['order_id']}", "bureau")


def _disputed(old: Image | None, new: Image) -> list[Message]:
    """§4.2.1: a delivery is disputed: the operator is to decide, and the agency hears why."""
    if thing_of(new) != "ORDER" or not new.get("dispute") or (old or {}).get("dispute"):
        return []
    about, reason = f"order:{new['order_id']}", new["dispute"]["reason"]
    told = _notify(change_id(new, "disputed"), "agency", new["agency_uscc"], f"企业对交付提出异议：{reason}", about)
    return [told, *_to_staff(new, "disputed", "企业对交付提出异议，请核实后作出决定。", about, "platform")]


def _sanction_told(old: Image | None, new: Image) -> list[Message]:
    """§3.4.1, §4.1.3: an enterprise hears what is proposed, until when it may answer, and that it was declined; the
    bureau, that an organisation answered. What changes the state of an agency is told with that."""
    sanction, before = new.get("sanction") or {}, (old or {}).get("sanction") or {}
    if thing_of(new) not in ("ENTERPRISE", "AGENCY") or sanction == before:
        return []
    if sanction.get("statement") and not before.get("statement"):
        return _to_staff(new, "stated", "当事人已提交陈述意见，可以作出决定。", about(new), "bureau")
    if thing_of(new) == "AGENCY" or sanction.get("decision") == "approve":
        return []
    words = f"平台运营机构提请取消企业资格，决定作出前照常领券、用券。{_hearing(sanction)}"
    if sanction.get("decision") == "reject":
        words = f"市经信局未同意取消资格，企业资格保持不变。理由：{sanction['decision_reason']}"
    return [_notify(change_id(new, "sanction"), "enterprise", new["uscc"], words, about(new))]


def _disqualified(old: Image | None, new: Image) -> list[Message]:
    """§4.1.3: once a qualification is withdrawn, what is unused becomes void, through the queue."""
    entered = thing_of(new) == "ENTERPRISE" and new.get("state") == "disqualified"
    if not entered or (old is not None and old.get("state") == "disqualified"):
        return []
    return [void_message(new)]


def void_message(enterprise: Image) -> Message:
    """§4.1.3: a disqualified enterprise's unused vouchers are to become void; the same message whenever it is made of
    the same version, so that a repetition tells nobody twice."""
    body = {"message_id": change_id(enterprise, "void"), "task": "void_enterprise", "uscc": enterprise["uscc"]}
    return Message("void_vouchers", body)


def _list_applied(old: Image | None, new: Image) -> list[Message]:
    """§2.1.1, §2.3.1: the bureau decided to apply a list; the worker does so, one enterprise after the other."""
    if thing_of(new) != "IMPORT" or new.get("state") != "applying" or (old or {}).get("state") == "applying":
        return []
    body = {key: new[key] for key in ("kind", "year", "import_id")}
    return [Message("import_list", {"message_id": change_id(new, "apply"), "task": "apply", **body})]


def _notice_ended(old: Image | None, new: Image) -> list[Message]:
    """§3.5.3: the end of a notice is announced to operator and bureau; a person closes it."""
    if thing_of(new) != "NOTICE" or not new.get("ended_at") or (old or {}).get("ended_at"):
        return []
    words = "公示期已满，请核实异议办理情况后结束公示。"
    return _to_staff(new, "ended", words, f"notice:{new['notice_id']}", "platform", "bureau")


def _objected(old: Image | None, new: Image) -> list[Message]:
    """§3.5.3: the agencies hear that their lines are objected to, and of a rejection; of one that is upheld they hear
    with the lines that come back. Who objects, and in which words, is not told.

    However many objections say the same of one target in a day, they are one message in each inbox.
    """
    if thing_of(new) != "OBJECTION" or new.get("state") == (old or {}).get("state"):
        return []
    target = new.get("order_id") or new.get("agency_uscc") or "ALL"
    about = f"order:{new['order_id']}" if new.get("order_id") else f"notice:{new['notice_id']}"
    if old is None:
        day, news = new["created_at"][:10], "objected"
        words = "公示中的订单收到异议，由市经信局核实；处理完毕之前，有关订单暂不兑付。"
    elif new.get("state") == "rejected":
        opinion = new.get("opinion") or ""
        day, news = new["decided_at"][:10], f"rejected/{hashlib.sha256(opinion.encode()).hexdigest()[:12]}"
        words = "对公示订单的异议经市经信局核实不成立。" + (f"意见：{opinion}" if opinion else "")
    else:
        return []
    message_id = f"NOTICE.{new['notice_id']}/{target}/{day}/{news}"
    return [_notify(f"{message_id}/{each}", "agency", each, words, about) for each in new.get("concerned") or ()]


def _year_closed(old: Image | None, new: Image) -> list[Message]:
    """§1.4b, §2.2.floor: the year is closed: operator, bureau and finance hear of it, with the key share it froze."""
    if thing_of(new) != "PROGRAMME" or new.get("state") != "closed" or (old or {}).get("state") == "closed":
        return []
    points = new["closing"]["key_share_basis_points"]
    share = "没有使用金额" if points is None else f"重点类别占使用总额{points // 100}.{points % 100:02}%"
    words = f"{new['year']}年度服务券已结束，余额全部作废；{share}。"
    return _to_staff(new, "closed", words, f"programme:{new['year']}", "platform", "bureau", "finance")


def _to_staff(new: Image, word: str, subject: str, about: str, *roles: str) -> list[Message]:
    """One message to the shared inbox of each staff role."""
    return [_notify(change_id(new, f"{word}.{role}"), "staff", role, subject, about) for role in roles]


def _change_decided(old: Image | None, new: Image) -> list[Message]:
    """§3.2.3, §4.1.3: a reported change that alters nothing, or whose facts count now. Any other decision changes the
    organisation's state, and that is told."""
    state = str(new.get("state"))
    if thing_of(new) != "CHANGE" or state not in DECIDED_CHANGES or (old or {}).get("state") == state:
        return []
    words, about = DECIDED_CHANGES[state], f"change:{new['change_id']}"
    return [_notify(change_id(new, state), new["kind"], new["uscc"], words, about)]


def _claim_told(old: Image | None, new: Image) -> list[Message]:
    """§3.2.1, §4.1.1: the members hear of a claim on their organisation once it is complete, and until when they may
    answer; of its end the claimant hears, whoever is a member then, and whoever is one no more."""
    state = new.get("state")
    if thing_of(new) != "CLAIM" or state == (old or {}).get("state") or new.get("erased_at"):
        return []
    kind, uscc, of = new["kind"], new["uscc"], about(new)
    if state == "submitted":
        words = (
            f"{new['contact_name']}（电话{new['contact_phone']}）申请认领本单位。理由：{new['reason']}"
            f"可在{new['answer_by']}前提交陈述意见；属实的，也可由负责人直接邀请其加入。"
        )
        return [_notify(change_id(new, state), kind, uscc, words, of)]
    if state == "withdrawn" and (old or {}).get("state") != "draft":
        return [_notify(change_id(new, state), kind, uscc, "认领申请已由申请人撤回，单位成员不变。", of)]
    if state not in ("rejected", "approved"):
        return []
    reason = new.get("decision_reason") or new["review_reason"]
    end = "已通过，原成员不再代表该单位" if state == "approved" else "未通过，单位成员不变"
    people = {new["created_by"], *(new.get("former_members") or ())} if state == "approved" else {new["created_by"]}
    words = f"{new['name']}的认领申请{end}。理由：{reason}"
    told = [
        Message("notify", _notify(change_id(new, f"{state}.{each}"), kind, uscc, words, of).body | {"person": each})
        for each in sorted(people)
    ]
    return told if state == "approved" else [*told, _notify(change_id(new, state), kind, uscc, words, of)]


MEASURE_WORDS = {
    "violation": "登记违规记录",
    "removal": "清退，请平台运营机构按程序提出",
    "disqualification": "取消资格，请平台运营机构按程序提出",
    "none": "不作处理",
}
OUTCOME_WORDS = {"substantiated": "属实", "partly": "部分属实", "unsubstantiated": "不属实"}


def _complaint_told(old: Image | None, new: Image) -> list[Message]:
    """§5.3: the organisation complained of hears what it is asked, until when it may answer, and what came of it, but
    not who complained; the operator hears of its statement, and of the bureau's decision."""
    if thing_of(new) != "COMPLAINT" or new.get("erased_at"):
        return []
    before, state, of = old or {}, new.get("state"), about(new)
    if len(new.get("statements") or ()) > len(before.get("statements") or ()):
        return _to_staff(new, "stated", "被投诉单位已提交陈述意见。", of, "platform")
    if state == before.get("state"):
        return []
    words, told = "", list[Message]()
    if new.get("told") and not before.get("told"):
        words = f"收到涉及本单位的投诉：{new['told']}可在{new['heard_by']}前提交陈述意见（一次）。"
    elif state == "answered":
        words = f"涉及本单位的投诉已办结：{OUTCOME_WORDS[new['outcome']]}。"
        if new.get("measure"):
            decided = f"投诉经市经信局决定：{MEASURE_WORDS[new['measure']]}。理由：{new['measure_reason']}"
            told = _to_staff(new, "decided", decided, of, "platform")
    elif state in ("withdrawn", "redirected", "linked"):
        words = "涉及本单位的投诉已终止核查。"
    if words and new.get("told"):
        told += [
            _notify(change_id(new, f"{state}.{kind}"), kind, new["about_uscc"], words, of)
            for kind in new.get("respondents") or ()
        ]
    return told


def _removal_rejected(old: Image | None, new: Image) -> list[Message]:
    """§3.4.1: the bureau rejected a removal: the agency is what it was before."""
    before = str((old or {}).get("state"))
    if thing_of(new) != "AGENCY" or (thing_of(new), before, new.get("state")) not in STEPS_BACK:
        return []
    reason = (new.get("sanction") or {}).get("decision_reason")
    words = "市经信局未同意清退，服务机构恢复原状。" + (f"理由：{reason}" if reason else "")
    return [_notify(change_id(new, "removal_rejected"), "agency", new["uscc"], words, about(new))]


def _claims_told(old: Image | None, new: Image) -> list[Message]:
    """§5.2b: what is claimed back of an order, what came in and what is withdrawn: its agency hears of each, finance of
    what will come in."""
    if thing_of(new) != "ORDER":
        return []
    before = {each["recovery_id"]: each for each in (old or {}).get("recoveries") or ()}
    about, told = f"order:{new['order_id']}", list[Message]()
    for claim in new.get("recoveries") or ():
        known, fen = before.get(claim["recovery_id"]), yuan(int(claim["amount_fen"]))
        received_fen = int(claim.get("received_fen", 0))
        if known is None:
            words = f"市经信局要求退回已拨付的资金{fen}元，期限{claim.get('due_on')}。原因：{claim['reason']}"
            told += _to_staff(new, "claimed", f"待收回服务券资金{fen}元，期限{claim.get('due_on')}。", about, "finance")
        elif received_fen > int(known.get("received_fen", 0)):
            left = yuan(int(claim["amount_fen"]) - received_fen)
            words = f"已收到退回的资金，累计{yuan(received_fen)}元，尚未退回{left}元。"
        elif claim.get("withdrawn_at") and not known.get("withdrawn_at"):
            words = f"市经信局撤销了退回资金{fen}元的要求。"
        else:
            continue
        told.append(_notify(change_id(new, "claim"), "agency", new["agency_uscc"], words, about))
    return told


def _accused(old: Image | None, new: Image) -> list[Message]:
    """§2.1.3, §5.2b: whoever a violation is recorded against hears that it stops new business."""
    if thing_of(new) != "VIOLATION" or old is not None:
        return []
    words = "市经信局登记了一条违规记录，解除前不能领券或办理新业务；如有异议请向市经信局说明。"
    message_id = change_id(new, "accused")
    return [_notify(message_id, kind, new["uscc"], words, about(new)) for kind in ("enterprise", "agency")]


def _order_held(old: Image | None, new: Image) -> list[Message]:
    """§5.2b: both parties hear that a violation or a finding holds their order, and when none does so any more."""
    if thing_of(new) != "ORDER" or old is None:
        return []
    before, after = (each.get("held_by_violation") or each.get("held_by_finding") for each in (old, new))
    if bool(before) == bool(after):
        return []
    held = "订单涉及违规记录或检查发现的问题，其兑付自即日起暂停（办法第五章第二节），如有异议请向市经信局说明。"
    words, about = (
        held if after else "市经信局已放行该订单，或有关违规记录、检查发现的问题已处理，兑付可继续办理。",
        f"order:{new['order_id']}",
    )
    message_id = change_id(new, "held" if after else "released")
    return [_notify(message_id, kind, new[name], words, about) for kind, name in RECIPIENTS["ORDER"].items()]


def _payout_held(old: Image | None, new: Image) -> list[Message]:
    """§5.2b: finance and operator hear that an order of a payout on its way is held, and when none is any more."""
    before, after = (old or {}).get("held_order_ids") or [], new.get("held_order_ids") or []
    if thing_of(new) != "PAYOUT" or before == after:
        return []
    words = "拨付涉及的订单已不再暂停办理，可继续办理。"
    if after:
        end = "已列入拨付单，银行已拨付的请照实登记" if new.get("file_number") else "该笔拨付暂不列入拨付单"
        words = f"拨付中的订单 {'、'.join(after)} 暂停办理：{end}。"
    return _to_staff(new, "held", words, about(new), "finance", "platform")


def key_share_low(year: int, month: str, basis_points: int, floor_percent: int) -> list[Message]:
    """§2.2.floor: operator, bureau and finance are warned of a running key share below the floor, once in a month."""
    share = f"{basis_points // 100}.{basis_points % 100:02}%"
    words = f"{year}年度重点类别占使用总额{share}，低于{floor_percent}%的下限，请关注。"
    return [
        _notify(f"PROGRAMME.{year}/floor/{month}/{role}", "staff", role, words, f"programme:{year}")
        for role in ("platform", "bureau", "finance")
    ]


def cap_nearly_used(year: int, category: Category, percent: int, cap_fen: int) -> list[Message]:
    """§2.2.cap: operator and bureau are warned of a cap that is nearly used, once for each share of it. Another yearly
    total makes another cap, of which they are warned anew."""
    words = f"{year}年度{CATEGORY_WORDS[category]}已使用年度上限（{yuan(cap_fen)}元）的{percent}%，请关注。"
    return [
        _notify(
            f"PROGRAMME.{year}/cap/{category}/{cap_fen}/{percent}/{role}", "staff", role, words, f"programme:{year}"
        )
        for role in ("platform", "bureau")
    ]


def joint_inspection_due(role: str, year: int, last_day: str, is_over: bool) -> Message:
    """§5.1.3: no joint inspection of a year is signed, and its last day comes or is over."""
    end = f"已于{last_day}到期，请尽快开展并会签。" if is_over else f"须于{last_day}前（含当日）完成并会签，请安排。"
    message_id = f"PROGRAMME.{year}/joint_inspection/{last_day}/{'over' if is_over else 'near'}/{role}"
    return _notify(message_id, "staff", role, f"{year}年度联合检查尚未完成，{end}", f"programme:{year}")


def ending_soon(agency_uscc: str, valid_until: str) -> Message:
    """§3.2.3: the reminder before an approval's end; each night that finds it due makes the same message."""
    words, about = f"服务机构入驻有效期至{valid_until}，请及时申请续期。", f"agency:{agency_uscc}"
    return _notify(f"AGENCY.{agency_uscc}/ends/{valid_until}", "agency", agency_uscc, words, about)


def voucher_ending(voucher_id: str, enterprise_uscc: str, valid_until: str, balance_yuan: str) -> Message:
    """§4.2.2: the reminder before a voucher's end; each night that finds it due makes the same message."""
    words, about = f"服务券余额{balance_yuan}元，有效期至{valid_until}，逾期作废。", f"voucher:{voucher_id}"
    return _notify(f"VOUCHER.{voucher_id}/ends/{valid_until}", "enterprise", enterprise_uscc, words, about)


def answer_due(order_id: str, agency_uscc: str, answer_by: str) -> Message:
    """§4.2.1: the reminder before an order runs out; each night that finds it due makes the same message."""
    words, about = f"订单尚待接单，最后期限为{answer_by}，逾期将自动取消。", f"order:{order_id}"
    return _notify(f"ORDER.{order_id}/answer/{answer_by}", "agency", agency_uscc, words, about)


def confirmation_due(order_id: str, enterprise_uscc: str, confirm_by: str) -> Message:
    """§4.2.1: the reminder before the operator may decide on a delivery; each night that finds it due makes the same
    message."""
    words, about = f"服务成果待确认，请于{confirm_by}前确认或提出异议，逾期由平台核实处理。", f"order:{order_id}"
    return _notify(f"ORDER.{order_id}/confirm/{confirm_by}", "enterprise", enterprise_uscc, words, about)


def confirmation_over(order_id: str, confirm_by: str) -> Message:
    """§4.2.1: an enterprise left a delivery unconfirmed; each night that finds it so makes the same message."""
    words, about = "企业逾期未确认服务成果，请核实后作出决定。", f"order:{order_id}"
    return _notify(f"ORDER.{order_id}/silent/{confirm_by}", "staff", "platform", words, about)


def settlement_due(order_id: str, agency_uscc: str, last_day: str) -> Message:
    """§4.2.1: the reminder before the last day for settlement; each night that finds it due makes the same message."""
    words, about = f"订单尚未申请兑付，申请截止{last_day}，逾期订单将自动取消，不再兑付。", f"order:{order_id}"
    return _notify(f"ORDER.{order_id}/settle/{last_day}", "agency", agency_uscc, words, about)


def enterprise_disqualified(cause: str, agency_uscc: str, order_id: str) -> Message:
    """§4.1.3: the enterprise of an agency's running order lost its qualification; `cause` is the id of the message that
    the withdrawal set in motion."""
    words, about = "订单的企业已被取消用券资格；已签合同的订单继续履行。", f"order:{order_id}"
    return _notify(f"{cause}/{order_id}", "agency", agency_uscc, words, about)


def task_due(image: Image, task: Task, last_day: str, is_over: bool) -> list[Message]:
    """Whoever must act is reminded of a task's last day, or told that it is over; each night that finds it so makes the
    same message. Of money that was to come back (§5.2b) bureau and finance hear, too; of complaints the bureau; of
    what an inspection found the inspectors."""
    audience, _, uscc = task.party(image).partition(":")
    end = "已于{}到期，请尽快办理。" if is_over else "截至{}，请及时办理。"
    words = f"待办：{TASK_WORDS[task.kind]}，{end.format(last_day)}"
    told = {(audience, uscc) if uscc else ("staff", audience): words}
    if is_over and task.kind == "pay_back":
        left = yuan(int(image["amount_fen"]) - int(image["received_fen"]))
        told |= {
            ("staff", each): f"退回期限{last_day}已过，尚有{left}元未退回，请催收。" for each in ("bureau", "finance")
        }
    if is_over and task.kind == "rectify":
        inspectors = "bureau" if image["kind"] == "joint" else "platform"
        told |= {("staff", inspectors): f"检查整改期限{last_day}已过，服务机构尚未答复，请跟进。"}
    if is_over and task.kind in ("review_complaint", "answer_complaint"):
        told |= {("staff", "bureau"): f"投诉逾期未办结（期限{last_day}），请督办。"}
    word = "over" if is_over else "near"
    message_id = f"{image['pk']}/{image['sk']}/{task.kind}/{last_day}/{word}".replace("#", ".")
    return [_notify(f"{message_id}/{name}", kind, name, each, about(image)) for (kind, name), each in told.items()]


def _work(old: Image | None, new: Image) -> list[Message]:
    """Whoever must act hears of it: a staff role of all its tasks, a party of what the other one asked."""
    thing, before = kept_thing(new), _whose_work(old)
    task = task_of(thing, new)
    if task is None or task.kind in UNTOLD or before == _whose_work(new):
        return []
    kind, recipient = "staff", task.audience
    if task.audience in ("enterprise", "agency"):
        if task.kind not in ASKED_BY_OTHERS:
            return []
        kind, recipient = task.audience, new[f"{task.audience}_uscc"]
    message_id, words = change_id(new, f"task.{task.kind}"), f"待办：{TASK_WORDS[task.kind]}。"
    return [_notify(message_id, kind, recipient, words, about(new))]


def _whose_work(image: Image | None) -> tuple[str, str] | None:
    task = task_of(kept_thing(image), image) if image else None
    return (task.kind, task.party(image)) if task and image else None


FOLLOWERS: tuple[Callable[[Image | None, Image], list[Message]], ...] = (
    _disqualified,
    _sanction_told,
    _accused,
    _list_applied,
    _notice_ended,
    _objected,
    _year_closed,
    _change_decided,
    _claim_told,
    _complaint_told,
    _removal_rejected,
    _claims_told,
    _work,
    _order_held,
    _payout_held,
    _decided_alone,
    _disputed,
)


BEGUN_ANEW = ("ENTERPRISE", "AGENCY", "DOCUMENT")


def change_id(new: Image, word: object) -> str:
    """The id of a change: its record, the version it made, and a word; the same for each delivery of the change. A
    credit code may be registered anew once its record was erased, and a paper announced anew, by the same request, once
    it was deleted: so when such a record began is part of it."""
    begun = f"{new['created_at']}/" if thing_of(new) in BEGUN_ANEW and new.get("created_at") else ""
    mark = new.get("version", new.get("seq", 0))
    return f"{new['pk']}/{new['sk']}/{begun}{mark}/{word}".replace("#", ".")


def name_of(new: Image, thing: str) -> str:
    """What tells a record from others of its thing: its id, code or year."""
    if thing == "RECOVERY":  # its id is unique in its order
        return f"{new['order_id']}.{new['recovery_id']}"
    names = (f"{thing.lower()}_id", "uscc", "order_id", "round_id", "year")
    return str(next(new[name] for name in names if new.get(name)))
