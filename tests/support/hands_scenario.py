"""A year of one enterprise and one agency in which each step of `hands.py` has a turn, in an order in which it
is possible, by a person of its own who holds every role."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from infra.city.document_files import (
    agency_documents,
    claim_papers,
    enterprise_documents,
    order_documents,
    summary_invoice_document,
)
from infra.client import steps
from infra.client.http import Person, Reply
from tests.conftest import NOW
from tests.support import samples
from tests.support.backend import World
from tests.support.samples import TODAY
from tests.support.scenario import Json
from tests.support.settlement_scenario import list_subsidies
from tests.support.workers import deliver_upload
from tests.support.yearly_file_scenario import past_year
from voucher.store import keys, organisations
from voucher.store.engine.table import Write, transact, update_write

OWNER, SELLER = Person("owner"), Person("seller")
ROLES = "platform,bureau,finance"
VOUCHER_FEN, CONTRACT_FEN = 70_000, 100_000
# three orders: one is paid, the line of one is taken out of its round, that of one is taken back once it is owed
PAID, TAKEN_OUT, TAKEN_BACK = "paid", "taken out", "taken back"
ORDERS = (PAID, TAKEN_OUT, TAKEN_BACK)
ENTERPRISE, AGENCY = samples.enterprise(0), samples.agency(1)
# registered and submitted by the same people, until the operator gives their credit codes free
SPARE_ENTERPRISE, SPARE_AGENCY = samples.enterprise(2), samples.agency(2)
WHY = {"reason": "材料有误"}
Party = Literal["enterprise", "agency"]
PARTIES: tuple[Party, ...] = ("enterprise", "agency")
SET_MEMBERS, SET_DRAFT = "SET #members = :members", "SET #draft_id = :draft_id"


@dataclass
class Matter:
    """The backend, and the ids that the steps so far have answered."""

    world: World
    ids: dict[str, Any] = field(default_factory=dict)

    def call(self, person: Person | None, path: str, body: Any = None, method: str = "POST") -> Reply:
        """One call; its key follows from what is asked."""
        return self.world.call(person, method, path, body)

    def let_in(self, person: Person, party: Party | None) -> None:
        """This person is a member of the enterprises, of the agencies, or of none (None); whoever registered them still
        is, and nobody else. Nobody is a member of both parties: else a refusal would not tell because of which one."""
        writes = list[Write]()
        for kind, owner, registered in (
            ("enterprise", OWNER, (ENTERPRISE, SPARE_ENTERPRISE)),
            ("agency", SELLER, (AGENCY, SPARE_AGENCY)),
        ):
            names = [owner.name, *([person.name] if kind == party else [])]
            for uscc in [each.uscc for each in registered]:
                found, code = organisations.find(kind, uscc, owner.name), keys.organisation(kind, uscc)
                assert found is not None
                record = code if found.has_code else organisations.papers(found)
                writes.append(update_write(f"members {kind} {uscc}", record, SET_MEMBERS, None, members=names))
                for name in names:
                    member = code._replace(sk=f"MEMBER#{name}")
                    writes.append(update_write(f"{name} {uscc}", member, SET_DRAFT, None, draft_id=found.draft_id))
        transact(writes)


Take = Callable[[Matter, Person], Reply]
Learn = Callable[[Matter, Json], None]


def nothing(_matter: Matter, _answer: Json) -> None:
    """Nothing to remember."""


@dataclass(frozen=True)
class Turn:
    """One step: who takes it, what they call, and what follows once it is done. `concerns` says whose matter it is,
    and `other_side` what a member of the party is told who does not take it."""

    step: str
    by: Literal["enterprise", "agency", "either", "staff"]
    take: Take
    learn: Learn = nothing
    concerns: tuple[Party, ...] = PARTIES
    other_side: str = "NOT_FOUND"

    @property
    def person(self) -> Person:
        """Who takes this step and no other one, but could take every one."""
        return Person(self.step, ROLES)

    @property
    def parties(self) -> tuple[Party, ...]:
        """Members of which parties take it; empty for a step of the staff."""
        return tuple(each for each in PARTIES if self.by in (each, "either"))


def simply(path: str, body: Any = None, method: str = "POST") -> Take:
    """One call; {words} of its path and body are ids that are known by then."""

    def take(matter: Matter, person: Person) -> Reply:
        return matter.call(person, filled(path, matter), filled(body, matter), method)

    return take


def filled(value: Any, matter: Matter) -> Any:
    """A path or body with the ids in it."""
    if isinstance(value, dict):
        return {name: filled(each, matter) for name, each in value.items()}
    return value.format(**matter.ids) if isinstance(value, str) else value


def remember(**names: str) -> Learn:
    """Keep fields of the answer: known as → field."""

    def learn(matter: Matter, answer: Json) -> None:
        matter.ids |= {known_as: answer[field] for known_as, field in names.items()}

    return learn


def on_each_order(step: str, body: Callable[[str], Any] = lambda _: None) -> Take:
    """The same step on all three orders; the last answer."""

    def take(matter: Matter, person: Person) -> Reply:
        for name in ORDERS:
            reply = matter.call(person, f"/orders/{matter.ids[name]}/{step}", body(name))
            if reply.status >= 300:
                break
        return reply

    return take


def both_submit(*paths: str) -> Take:
    """Both registrations of a kind, by the same person."""

    def take(matter: Matter, person: Person) -> Reply:
        replies = [matter.call(person, f"{path}/submit") for path in paths]
        return next((reply for reply in replies if reply.status >= 300), replies[-1])

    return take


def place(matter: Matter, person: Person) -> Reply:
    """Three orders with one voucher."""
    amounts = {"contract_fen": CONTRACT_FEN, "voucher_fen": VOUCHER_FEN, "no_other_subsidy": True}
    about = {"product_id": matter.ids["product"], "voucher_id": matter.ids["voucher"]}
    replies = [matter.call(person, "/orders", {**about, **amounts}) for _ in ORDERS]
    if all(reply.status == 201 for reply in replies):
        placed = {name: reply.body["order_id"] for name, reply in zip(ORDERS, replies, strict=True)}
        replies[-1].body["placed"] = placed
    return replies[-1]


def contract(name: str) -> Json:
    """The contract of one of the orders."""
    return {
        "contract_number": f"HT-{ORDERS.index(name)}",
        "contract_signed_on": TODAY.isoformat(),
        "contract_fen": CONTRACT_FEN,
    }


def open_application(matter: Matter, person: Person) -> Reply:
    """All three orders in one application."""
    orders = [matter.ids[each] for each in ORDERS]
    return matter.call(person, "/settlements", {"agency_uscc": AGENCY.uscc, "order_ids": orders})


def application_opened(matter: Matter, answer: Json) -> None:
    """The seller uploads the papers of every line."""
    matter.ids["settlement"], share_fen = answer["settlement_id"], CONTRACT_FEN - VOUCHER_FEN
    path = f"/settlements/{matter.ids['settlement']}"
    for name in ORDERS:
        papers = order_documents(ENTERPRISE.name, AGENCY.name, "服务", name, CONTRACT_FEN, share_fen)
        ids = {each.kind: steps.announce_and_upload(matter.world, SELLER, path, each) for each in papers}
        matter.ids[f"papers of {name}"] = ids


def fill_in(matter: Matter, person: Person) -> Reply:
    """Every line, with its papers."""
    path, share_fen, replies = f"/settlements/{matter.ids['settlement']}", CONTRACT_FEN - VOUCHER_FEN, []
    for name in ORDERS:
        ids = matter.ids[f"papers of {name}"]
        paid = {"amount_fen": share_fen, "paid_on": TODAY.isoformat(), "document_id": ids["transfer"]}
        billed = {"amount_fen": share_fen, "issued_on": TODAY.isoformat(), "document_id": ids["invoice"]}
        body = {
            "contract_fen": CONTRACT_FEN,
            "invoice": {"number": f"INV-{ORDERS.index(name)}", **billed},
            "transfers": [{"reference": f"TR-{ORDERS.index(name)}", **paid}],
            "contract_document_id": ids["contract"],
            "evidence_document_ids": [ids["evidence"]],
        }
        replies.append(matter.call(person, f"{path}/lines/{matter.ids[name]}", body, "PUT"))
    return next((reply for reply in replies if reply.status >= 300), replies[-1])


def pre_review(matter: Matter, person: Person) -> Reply:
    """Every line passes."""
    lines = [{"order_id": matter.ids[each], "decision": "pass", "opinion": "材料完整"} for each in ORDERS]
    return matter.call(person, f"/settlements/{matter.ids['settlement']}/pre-review", {"lines": lines})


def listed_elsewhere(_matter: Matter, _answer: Json) -> None:
    """A list of other subsidies names the enterprise."""
    list_subsidies(ENTERPRISE.uscc, {"project": "技改补助"})


def decide_subsidies(matter: Matter, person: Person) -> Reply:
    """Each line is for another item."""
    path = f"/settlements/{matter.ids['settlement']}/lines"
    replies = [
        matter.call(person, f"{path}/{matter.ids[name]}/subsidy", {"decision": "other", **WHY}) for name in ORDERS
    ]
    return next((reply for reply in replies if reply.status >= 300), replies[-1])


def gather(matter: Matter, person: Person) -> Reply:
    """A round of the application."""
    return matter.call(person, "/rounds", {"settlement_ids": [matter.ids["settlement"]]})


def object_to_notice(matter: Matter, answer: Json) -> None:
    """Somebody objects to the notice that was published."""
    said = {"name": "某", "contact": "0578", "reason": "服务未实际发生"}
    objection = steps.expect(matter.call(None, f"/notices/{answer['notice_id']}/objections", said), 201)
    matter.ids |= {"notice": answer["notice_id"], "objection": objection["objection_id"]}


def account(number: str) -> Json:
    """A bank account of the agency."""
    names = {"bank_name": "丽水市某银行", "account_name": AGENCY.name}
    return {"agency_uscc": AGENCY.uscc, "bank_account": number, **names}


def line_taken_back(matter: Matter, _answer: Json) -> None:
    """The seller uploads the summary invoice of the one line that is left."""
    paper, path = summary_invoice_document(AGENCY.name, VOUCHER_FEN), f"/settlements/{matter.ids['settlement']}"
    matter.ids["invoice"] = steps.announce_and_upload(matter.world, SELLER, path, paper)


def send_invoice(matter: Matter, person: Person) -> Reply:
    """The summary invoice, and the account."""
    sums = {"invoice_number": "SUM-1", "amount_fen": VOUCHER_FEN, "document_id": matter.ids["invoice"]}
    body = account("6200000000000000018") | sums
    return matter.call(person, f"/rounds/{matter.ids['round']}/invoices", body)


def upload_list(matter: Matter, answer: Json) -> None:
    """The list that was announced is uploaded and parsed."""
    matter.world.upload(answer["upload"], samples.list_file([samples.enterprise(3).uscc]))
    deliver_upload(answer["upload"]["fields"]["key"])
    matter.ids["import"] = answer["import_id"]


def draft_product(matter: Matter, _answer: Json) -> None:
    """The agency, admitted, drafts its product."""
    product = steps.expect(matter.call(SELLER, "/products", samples.product(AGENCY)), 201)
    matter.ids["product"] = product["product_id"]


def grab(matter: Matter, _answer: Json) -> None:
    """The enterprise takes its voucher."""
    claim = {"enterprise_uscc": ENTERPRISE.uscc}
    voucher = steps.expect(matter.call(OWNER, f"/batches/{matter.ids['batch']}/vouchers", claim), 201)
    matter.ids["voucher"] = voucher["voucher_id"]


def record_violation(matter: Matter, person: Person) -> Reply:
    """A violation that names the paid order."""
    body = {"uscc": ENTERPRISE.uscc, "facts": "转让服务券", "order_ids": [matter.ids[PAID]]}
    return matter.call(person, "/violations", body)


CHANGE = {"happened_on": "2026-06-10", "description": "法定代表人变更"}
KEEP = {"decision": "keep", "reason": "不影响资格"}
E, A = f"/enterprises/{ENTERPRISE.uscc}", f"/agencies/{AGENCY.uscc}"
SPARE_E, SPARE_A = f"/enterprises/{SPARE_ENTERPRISE.uscc}", f"/agencies/{SPARE_AGENCY.uscc}"
ADMIT = {"decision": "approve", "reasons": ["材料齐全"]}
LIST = "/lists/little_giant_nursery/2026/imports"
ANNOUNCED = {"filename": "名单.csv", "content_type": "text/csv", "size_bytes": 60}
PROGRAMME = {"year": 2026, "total_fen": 90_000_000, "policy": {"notice_working_days": 0}}
TOTAL = {"total_fen": 100_000_000, "reason": "追加预算"}
PAYMENT = {"state": "paid", "bank_reference": "BK-1", "paid_on": TODAY.isoformat()}


def first_payout(matter: Matter, answer: Json) -> None:
    """The payout that was made."""
    [made] = answer["items"]
    matter.ids["payout"] = made["payout_id"]


def orders_placed(matter: Matter, answer: Json) -> None:
    """The ids of the three orders."""
    matter.ids |= answer["placed"]


def delivered_again(matter: Matter, _answer: Json) -> None:
    """The seller delivers anew what was returned."""
    for name in ORDERS:
        steps.expect(matter.call(SELLER, f"/orders/{matter.ids[name]}/deliver"), 200)


def account_proposed(matter: Matter, answer: Json) -> None:
    """The account that waits for the operator."""
    matter.ids["change"] = answer["proposed_account"]["change_id"]


CLAIM = {"amount_fen": 100, "reason": "重复享受补助"}
MONEY_IN = {"amount_fen": 100, "bank_reference": "BK-9", "received_on": TODAY.isoformat()}


def claim_again(matter: Matter, _answer: Json) -> None:
    """The person who claimed claims anew, because nothing comes in on a claim that is withdrawn."""
    claimant = Person("claim_back", ROLES)
    again = CLAIM | {"reason": "仍须退回"}
    claim = steps.expect(matter.call(claimant, f"/orders/{matter.ids['paid']}/recoveries", again), 201)
    matter.ids["claim"] = claim["recovery_id"]


def answer_proposal(matter: Matter, _answer: Any) -> None:
    """The enterprise is heard, so that the bureau may decide."""
    steps.expect(matter.call(OWNER, f"{E}/disqualify/statement", {"text": "当时不知情"}), 200)


def answer_removal(matter: Matter, _answer: Any) -> None:
    """The agency is heard."""
    steps.expect(matter.call(SELLER, f"{A}/removal/statement", {"text": "有异议"}), 200)


def end_another_year(matter: Matter, _answer: Any) -> None:
    """A year is over in which nothing was granted."""
    past_year(matter.world, 2025)


ASKED = ("as_agreed", "useful", "fair_price", "helpful", "again")
FOUND = {
    "way": "phone",
    "happened_at": NOW.isoformat(),
    "satisfaction": dict.fromkeys(ASKED, 1),
    "finding": "rectify",
    "finding_text": "成果与约定不符",
}


def draw_enterprise(matter: Matter, _answer: Json) -> None:
    """A joint inspection asks the enterprise, which alone has orders: they are completed. And the agency begins an
    activity, with what proves it."""
    body = {"kind": "joint", "year": 2026, "sample_size": 1}
    drawn = steps.expect(matter.call(Person("drawer", "bureau"), "/inspections", body), 201)
    matter.ids |= {"inspection": drawn["inspection_id"], "check": drawn["checks"][0]["check_id"]}
    event = {"agency_uscc": AGENCY.uscc, "kind": "visit", "title": "宣贯", "held_on": TODAY.isoformat()}
    event |= {"place": "园区", "organiser": "机构", "firms_reached": 3}
    begun = steps.expect(matter.call(SELLER, "/activities", event), 201)
    paper = replace(summary_invoice_document(AGENCY.name, 1), kind="sign_in")
    steps.announce_and_upload(matter.world, SELLER, f"/activities/{begun['activity_id']}", paper)
    matter.ids["activity"] = begun["activity_id"]


def answer_finding(matter: Matter, _answer: Json) -> None:
    """The agency says its side of what was found."""
    steps.expect(matter.call(SELLER, f"/checks/{matter.ids['check']}/statement", {"text": "已补做"}), 200)


def grab_and_complain(matter: Matter, answer: Json) -> None:
    """Somebody complains of the agency, too: another operator accepts it, and the agency has answered."""
    grab(matter, answer)
    said = {"about_uscc": AGENCY.uscc, "text": "服务与约定不符"}
    matter.ids["complaint"] = steps.expect(matter.call(None, "/complaints", said), 201)["complaint_id"]
    accept = {"decision": "accept", "reason": "属受理范围", "told": "请说明情况"}
    path = f"/complaints/{matter.ids['complaint']}"
    steps.expect(matter.call(Person("platform-ear", "platform"), f"{path}/review", accept), 200)
    steps.expect(matter.call(SELLER, f"{path}/statement", {"text": "已整改"}), 200)


ESCALATE = {"proposal": "none", "reason": "属实且影响较大"}
DECIDE_COMPLAINT = {"outcome": "partly", "measure": "none", "reason": "已整改", "answer": "已责令整改"}
CLAIMED = {"contact_name": "李经办", "contact_phone": "0578-2091234", "reason": "原经办人已离职"}
CONFIRM = {"decision": "confirm"}
FORWARD = {"decision": "forward", "reason": "材料属实"}
REJECT = {"decision": "reject", "reason": "成员均在职"}


def open_claim(matter: Matter, person: Person) -> Reply:
    """Whoever claims an organisation is neither its member nor staff then; they may become so."""
    matter.let_in(person, None)
    return matter.call(Person(person.name), f"/organisations/{ENTERPRISE.uscc}/claims", CLAIMED)


def claim_completed(matter: Matter, answer: Json) -> None:
    """The claimant hands the papers in."""
    claimant, path = Person("open_claim"), f"/claims/{answer['claim_id']}"
    for paper in claim_papers(TODAY):
        steps.announce_and_upload(matter.world, claimant, path, paper)
    steps.expect(matter.call(claimant, f"{path}/submit"), 200)
    matter.ids["org_claim"] = answer["claim_id"]


TURNS = (
    Turn("draft_programme", "staff", simply("/programmes", PROGRAMME)),
    Turn("confirm_programme", "staff", simply("/programmes/2026/confirm")),
    Turn("propose_total", "staff", simply("/programmes/2026/total", TOTAL)),
    Turn("confirm_total", "staff", simply("/programmes/2026/total/confirm")),
    Turn("draft_batch", "staff", simply("/programmes/2026/batches", samples.batch()), remember(batch="batch_id")),
    Turn("publish_batch", "staff", simply("/batches/{batch}/publish")),
    Turn("import_list", "staff", simply(LIST, ANNOUNCED), upload_list),
    Turn("apply_list", "staff", simply(LIST + "/{import}/apply", {"touched": 1})),
    Turn("submit_enterprise", "enterprise", both_submit(E, SPARE_E)),
    Turn("revoke_enterprise", "staff", simply(f"{SPARE_E}/revoke", WHY)),
    Turn("review_enterprise", "staff", simply(f"{E}/review", {"decision": "approve", "reasons": []})),
    Turn("report_enterprise_change", "enterprise", simply(f"{E}/changes", CHANGE), remember(report="change_id")),
    Turn("review_enterprise_change", "staff", simply(E + "/changes/{report}/review", KEEP)),
    Turn("open_claim", "staff", open_claim, claim_completed, concerns=("enterprise",)),
    Turn("review_claim", "staff", simply("/claims/{org_claim}/review", FORWARD), concerns=("enterprise",)),
    Turn("decide_claim", "staff", simply("/claims/{org_claim}/decision", REJECT), concerns=("enterprise",)),
    Turn("submit_agency", "agency", both_submit(A, SPARE_A)),
    Turn("revoke_agency", "staff", simply(f"{SPARE_A}/revoke", WHY)),
    Turn("pre_review_agency", "staff", simply(f"{A}/pre-review", ADMIT)),
    Turn("approve_agency", "staff", simply(f"{A}/approve", ADMIT), draft_product),
    Turn("report_agency_change", "agency", simply(f"{A}/changes", CHANGE), remember(report="change_id")),
    Turn("review_agency_change", "staff", simply(A + "/changes/{report}/review", KEEP)),
    Turn("publish_product", "staff", simply("/products/{product}/publish", {}), grab_and_complain),
    Turn("handle_complaint", "staff", simply("/complaints/{complaint}/escalate", ESCALATE), concerns=("agency",)),
    Turn(
        "decide_complaint", "staff", simply("/complaints/{complaint}/decision", DECIDE_COMPLAINT), concerns=("agency",)
    ),
    Turn("place_order", "enterprise", place, orders_placed),
    Turn("accept_order", "agency", on_each_order("accept")),
    Turn("record_contract", "either", on_each_order("contract", contract)),
    Turn(
        "acknowledge_contract", "enterprise", on_each_order("contract/acknowledge"), other_side="NO_CONTRACT_PROPOSED"
    ),
    Turn("deliver_order", "agency", on_each_order("deliver")),
    Turn("ask_cancel", "either", on_each_order("cancellation", lambda _: WHY)),
    Turn("dispute_order", "enterprise", on_each_order("dispute", lambda _: WHY)),
    Turn(
        "decide_order",
        "staff",
        on_each_order("decision", lambda _: {"decision": "return", **WHY}),
        delivered_again,
    ),
    Turn("confirm_order", "enterprise", on_each_order("confirm")),
    Turn("open_application", "agency", open_application, application_opened),
    Turn("fill_in_line", "agency", fill_in),
    Turn("submit_application", "agency", simply("/settlements/{settlement}/submit")),
    Turn("review_cancel", "staff", on_each_order("cancellation/review", lambda _: {"decision": "reject"})),
    Turn("pre_review_lines", "staff", pre_review, listed_elsewhere),
    Turn("decide_subsidy", "staff", decide_subsidies),
    Turn("gather_round", "staff", gather, remember(round="round_id")),
    Turn("take_out_line", "staff", simply("/rounds/{round}/lines/{taken out}/withdraw", WHY)),
    Turn("approve_round", "staff", simply("/rounds/{round}/approve", {"decision": "approve"})),
    Turn("publish_notice", "staff", simply("/rounds/{round}/notice", {}), object_to_notice),
    Turn("resolve_objection", "staff", simply("/objections/{objection}/resolve", {"decision": "reject"})),
    Turn("close_notice", "staff", simply("/notices/{notice}/close")),
    Turn("take_back_line", "staff", simply("/rounds/{round}/lines/{taken back}/withdraw", WHY), line_taken_back),
    Turn("send_invoice", "agency", send_invoice),
    Turn(
        "propose_account",
        "agency",
        simply("/rounds/{round}/bank-account", account("6200000000000009999") | {"reason": "原账户已销户"}),
        account_proposed,
    ),
    Turn(
        "decide_account",
        "staff",
        simply(
            "/rounds/{round}/bank-account/review",
            {"agency_uscc": AGENCY.uscc, "change_id": "{change}", "decision": "confirm"},
        ),
    ),
    Turn("make_payouts", "staff", simply("/rounds/{round}/payouts"), first_payout),
    Turn("record_payment", "staff", simply("/payouts/{payout}/result", PAYMENT)),
    Turn(
        "claim_back",
        "staff",
        simply("/orders/{paid}/recoveries", CLAIM),
        remember(claim="recovery_id"),
    ),
    Turn("withdraw_claim", "staff", simply("/orders/{paid}/recoveries/{claim}/withdraw", WHY), claim_again),
    Turn("receive_claim", "staff", simply("/orders/{paid}/recoveries/{claim}/receipts", MONEY_IN)),
    Turn("record_violation", "staff", record_violation, remember(violation="violation_id"), ("enterprise",)),
    Turn("release_order", "staff", simply("/violations/{violation}/orders/{paid}/release", WHY), draw_enterprise),
    Turn("submit_activity", "agency", simply("/activities/{activity}/submit")),
    Turn("review_activity", "staff", simply("/activities/{activity}/review", CONFIRM), concerns=("agency",)),
    Turn("report_check", "staff", simply("/checks/{check}/report", FOUND)),
    Turn("countersign_check", "staff", simply("/checks/{check}/countersign", {"decision": "agree"}), answer_finding),
    Turn("follow_up_check", "staff", simply("/checks/{check}/follow-up", {"rectified": False, **WHY})),
    Turn("decide_check", "staff", simply("/checks/{check}/decision", {"decision": "dismiss", **WHY})),
    Turn("conclude_inspection", "staff", simply("/inspections/{inspection}/conclude", {"conclusion": "已办结"})),
    Turn("sign_inspection", "staff", simply("/inspections/{inspection}/sign")),
    Turn("lift_violation", "staff", simply("/violations/{violation}/lift", WHY), concerns=("enterprise",)),
    Turn("propose_disqualification", "staff", simply(f"{E}/disqualify", WHY), answer_proposal),
    Turn("decide_disqualification", "staff", simply(f"{E}/disqualify/approve", {"decision": "approve", **WHY})),
    Turn("restore_enterprise", "staff", simply(f"{E}/restore", WHY)),
    Turn("propose_removal", "staff", simply(f"{A}/removal", WHY), answer_removal),
    Turn("decide_removal", "staff", simply(f"{A}/removal/approve", {})),
    Turn("restore_agency", "staff", simply(f"{A}/restore", WHY)),
    Turn("close_batch", "staff", simply("/batches/{batch}/close"), end_another_year),
    Turn(
        "make_yearly_file",
        "staff",
        simply("/reports/2025/yearly-files", {"position": 1}),
        remember(file="yearly_file_id", hash="sha256"),
    ),
    *(
        Turn(step, "staff", simply("/reports/2025/yearly-files/{file}/receipt", {"office": office, "sha256": "{hash}"}))
        for step, office in (("receive_yearly_file", "bureau"), ("countersign_yearly_file", "finance"))
    ),
)


def begun(world: World) -> Matter:
    """All organisations registered, with all their papers, nothing else."""
    matter = Matter(world)
    for enterprise in (ENTERPRISE, SPARE_ENTERPRISE):
        steps.expect(matter.call(OWNER, "/enterprises", enterprise.registration()), 201)
        for paper in enterprise_documents(enterprise, TODAY):
            steps.announce_and_upload(world, OWNER, f"/enterprises/{enterprise.uscc}", paper)
    for agency in (AGENCY, SPARE_AGENCY):
        steps.expect(matter.call(SELLER, "/agencies", agency.application()), 201)
        for paper in agency_documents(agency, TODAY):
            steps.announce_and_upload(world, SELLER, f"/agencies/{agency.uscc}", paper)
    return matter


def taken(matter: Matter, turn: Turn) -> Matter:
    """The matter after a step, by its own person; who then is no member any more."""
    matter.let_in(turn.person, turn.parties[-1] if turn.parties else None)
    turn.learn(matter, steps.expect(turn.take(matter, turn.person), 200, 201))
    matter.let_in(turn.person, None)
    return matter
