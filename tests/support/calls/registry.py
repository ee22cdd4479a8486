"""Accepted calls about lists, enterprises, agencies and products."""

from infra.city.document_files import agency_documents, change_paper, claim_papers, enterprise_documents
from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, OPERATOR, Person
from tests.support import samples
from tests.support import scenario as towns
from tests.support.calls.call import STAFF, Call, Calls
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, Town
from tests.support.workers import deliver_upload

STAFF_WHO_READ = ("platform", "bureau", "finance", "admin")
CHANGED = {"happened_on": "2026-06-10", "description": "法定代表人变更"}
NEW_OF_ENTERPRISE = {
    "name": "丽水新名制造有限公司",
    "legal_representative": "王新",
    "address": "丽水市莲都区新恒路8号",
    "district": "liandu",
    "industry_code": "3311",
    "employees": 40,
    "revenue_fen": 900_000_000,
    "assets_fen": 500_000_000,
}
NEW_OF_AGENCY = {
    "name": "丽水新名服务有限公司",
    "legal_representative": "王新",
    "address": "丽水市莲都区新恒路8号",
    "district": "liandu",
    "net_profit_last_year_fen": 100_000,
    "premises_m2": 80,
    "insured_staff": 9,
}
NOT_THEIRS = {"reason": "注册人不能证明代表该单位"}
GUESTS = tuple(Person(f"guest-{number}") for number in (1, 2, 3))
NEW_CONTACT = {"contact_name": "新联系人", "contact_phone": "0578-2091234"}
CLAIMANT = Person("claimant")
CLAIM = {"contact_name": "李经办", "contact_phone": "0578-2091234", "reason": "原经办人已离职"}
KEPT = {"decision": "keep", "reason": "不影响资格"}


def list_calls(town: Town) -> Calls:
    """Lists: one import that was parsed."""
    announced = {"filename": "名单.csv", "content_type": "text/csv", "size_bytes": 60}
    path = "/lists/little_giant_nursery/2026"
    record = steps.expect(town.world.call(OPERATOR, "POST", f"{path}/imports", announced), 201)
    town.world.upload(record["upload"], f"统一社会信用代码\n{town.neighbour.uscc}\n".encode())
    deliver_upload(record["upload"]["fields"]["key"])
    mine = f"{path}/imports/{record['import_id']}"
    return {
        "POST /lists/{kind}/{year}/imports": Call(OPERATOR, f"{path}/imports", announced, roles=("platform",)),
        "GET /lists/{kind}/{year}/imports": Call(OPERATOR, f"{path}/imports", roles=("platform", "bureau")),
        "GET /lists/{kind}/{year}/imports/{import_id}": Call(OPERATOR, mine, roles=("platform", "bureau")),
        "POST /lists/{kind}/{year}/imports/{import_id}/apply": Call(
            BUREAU, f"{mine}/apply", {"skip_errors": False, "touched": 1, "compared_with": None}, roles=("bureau",)
        ),
        "GET /lists/{kind}/{year}/imports/{import_id}/rows": Call(
            OPERATOR, f"{mine}/rows", roles=("platform", "bureau")
        ),
        "GET /lists/{kind}/{year}/imports/{import_id}/difference": Call(
            BUREAU, f"{mine}/difference", roles=("platform", "bureau")
        ),
        "GET /lists/{kind}/{year}": Call(OPERATOR, path, roles=("platform", "bureau", "finance")),
    }


def enterprise_calls(town: Town) -> Calls:
    """Enterprises: a draft with all its documents, and the approved ones of the town."""
    draft, world = samples.enterprise(2), town.world
    steps.expect(world.call(OWNER, "POST", "/enterprises", draft.registration()), 201)
    for document in enterprise_documents(draft, TODAY):
        steps.announce_and_upload(world, OWNER, f"/enterprises/{draft.uscc}", document)
    mine, approved = f"/enterprises/{draft.uscc}", f"/enterprises/{town.enterprise.uscc}"
    papers = {"document_ids": [steps.announce_and_upload(world, OWNER, approved, change_paper(TODAY))]}
    reported = CHANGED | {"facts": NEW_OF_ENTERPRISE} | papers
    change = steps.expect(world.call(OWNER, "POST", f"{approved}/changes", reported), 201)
    announced = {"kind": "business_license", "filename": "证.pdf", "content_type": "application/pdf", "size_bytes": 9}
    unwanted = steps.expect(world.call(OWNER, "POST", f"{mine}/documents", announced), 201)
    foreign = samples.enterprise(6)
    steps.register_enterprise(world, SELLER, foreign.registration(), enterprise_documents(foreign, TODAY))
    hasty = samples.enterprise(5)
    steps.register_enterprise(world, OWNER, hasty.registration(), enterprise_documents(hasty, TODAY))
    changes = {**draft.registration(), "declarations": {"accurate": True}}
    del changes["uscc"]
    reasons = ["材料齐全", {"field": "name", "message": "已核对"}]
    review = {"decision": "approve", "reasons": reasons, "digital_economy": False}
    return {
        "POST /enterprises": Call(OWNER, "/enterprises", samples.enterprise(4).registration()),
        "GET /enterprises": Call(OPERATOR, "/enterprises", roles=STAFF),
        "GET /enterprises/{uscc}": Call(OWNER, mine, foreign=True),
        "PATCH /enterprises/{uscc}": Call(OWNER, mine, changes, foreign=True),
        "PATCH /enterprises/{uscc}/contact": Call(OWNER, f"{mine}/contact", NEW_CONTACT, foreign=True),
        "POST /enterprises/{uscc}/documents": Call(OWNER, f"{mine}/documents", announced, foreign=True),
        "GET /enterprises/{uscc}/documents": Call(OWNER, f"{mine}/documents", foreign=True),
        "DELETE /enterprises/{uscc}/documents/{document_id}": Call(
            OWNER, f"{mine}/documents/{unwanted['document_id']}", foreign=True
        ),
        "POST /enterprises/{uscc}/withdraw": Call(OWNER, f"/enterprises/{hasty.uscc}/withdraw", foreign=True),
        "POST /enterprises/{uscc}/revoke": Call(
            OPERATOR, f"/enterprises/{foreign.uscc}/revoke", NOT_THEIRS, roles=("platform",)
        ),
        "POST /enterprises/{uscc}/submit": Call(OWNER, f"{mine}/submit", foreign=True),
        "POST /enterprises/{uscc}/review": Call(OPERATOR, f"{mine}/review", review, roles=("platform",)),
        "GET /enterprises/{uscc}/eligibility": Call(OWNER, f"{approved}/eligibility", foreign=True),
        "POST /enterprises/{uscc}/changes": Call(
            OWNER, f"{approved}/changes", CHANGED | {"facts": NEW_OF_ENTERPRISE, "document_ids": []}, foreign=True
        ),
        "GET /enterprises/{uscc}/changes": Call(OWNER, f"{approved}/changes", foreign=True),
        "GET /changes": Call(OPERATOR, "/changes", roles=("platform", "bureau")),
        "POST /enterprises/{uscc}/changes/{change_id}/review": Call(
            OPERATOR, f"{approved}/changes/{change['change_id']}/review", KEPT, roles=("platform",)
        ),
        "POST /enterprises/{uscc}/disqualify": Call(
            OPERATOR, f"{mine}/disqualify", {"reason": "未按期报告变更"}, roles=("platform",)
        ),
        "POST /enterprises/{uscc}/disqualify/statement": Call(
            OWNER, f"{mine}/disqualify/statement", {"text": "变更当时尚未完成登记"}, foreign=True
        ),
        "POST /enterprises/{uscc}/disqualify/approve": Call(
            BUREAU, f"{mine}/disqualify/approve", {"decision": "approve", "reason": "情况属实"}, roles=("bureau",)
        ),
        "POST /enterprises/{uscc}/reapply": Call(OWNER, f"{mine}/reapply", foreign=True, refused="NEXT_YEAR_FIRST"),
        "POST /enterprises/{uscc}/restore": Call(
            BUREAU_TWO, f"{mine}/restore", {"reason": "复查后撤销原决定"}, roles=("bureau",)
        ),
    }


def member_calls(town: Town) -> Calls:
    """Members of the town's enterprise: one to be removed, one who leaves, one invited, and one who is so no more."""
    place, world = f"/organisations/{town.enterprise.uscc}", town.world
    codes = [
        steps.expect(world.call(OWNER, "POST", f"{place}/invitations", {"role": "handler"}, key=f"invite-{n}"), 201)
        for n in range(4)
    ]
    for guest, invitation in zip(GUESTS, codes[:2], strict=False):
        steps.expect(world.call(guest, "POST", "/invitations/accept", {"code": invitation["code"]}), 200)
    seen = steps.expect(world.call(GUESTS[0], "GET", f"{place}/members"), 200)["items"]
    [guest_id] = [each["member_id"] for each in seen if each["is_caller"]]
    return {
        "POST /organisations/{uscc}/invitations": Call(
            OWNER, f"{place}/invitations", {"role": "finance"}, key="everything-invited", foreign=True
        ),
        "POST /organisations/{uscc}/invitations/{invitation_id}/withdraw": Call(
            OWNER, f"{place}/invitations/{codes[2]['invitation_id']}/withdraw", foreign=True
        ),
        "POST /invitations/accept": Call(GUESTS[2], "/invitations/accept", {"code": codes[3]["code"]}),
        "GET /organisations/{uscc}/members": Call(OWNER, f"{place}/members", foreign=True),
        "POST /organisations/{uscc}/members/{member_id}/remove": Call(
            OWNER, f"{place}/members/{guest_id}/remove", foreign=True
        ),
        "POST /organisations/{uscc}/leave": Call(GUESTS[1], f"{place}/leave", foreign=True),
    }


def opened_claim(town: Town, opening: str, key: str) -> str:
    """The path of a claim with its papers."""
    claim = steps.expect(town.world.call(CLAIMANT, "POST", opening, CLAIM, key=key), 201)
    path = f"/claims/{claim['claim_id']}"
    for paper in claim_papers(TODAY):
        steps.announce_and_upload(town.world, CLAIMANT, path, paper)
    return path


def claim_calls(town: Town) -> Calls:
    """A claim on the town's enterprise that goes its way, and is rejected: the others need the enterprise's owner."""
    opening = f"/organisations/{town.enterprise.uscc}/claims"
    mine, complete = (opened_claim(town, opening, f"claim-{number}") for number in (1, 2))
    steps.expect(town.world.call(CLAIMANT, "POST", f"{complete}/submit"), 200)
    announced = {"kind": "business_license", "filename": "证.pdf", "content_type": "application/pdf", "size_bytes": 9}
    return {
        "POST /organisations/{uscc}/claims": Call(CLAIMANT, opening, CLAIM),
        "POST /claims/{claim_id}/documents": Call(CLAIMANT, f"{mine}/documents", announced, foreign=True),
        "GET /claims/{claim_id}/documents": Call(OPERATOR, f"{complete}/documents", roles=("platform", "bureau")),
        "POST /claims/{claim_id}/submit": Call(CLAIMANT, f"{mine}/submit", foreign=True),
        "GET /claims/{claim_id}": Call(CLAIMANT, mine, foreign=True),
        "POST /claims/{claim_id}/statement": Call(OWNER, f"{mine}/statement", {"text": "由本人经办"}, foreign=True),
        "GET /me/claims": Call(CLAIMANT, "/me/claims"),
        "POST /claims/{claim_id}/withdraw": Call(
            CLAIMANT, f"{complete}/withdraw", {"reason": "已联系上原经办人"}, foreign=True
        ),
        "GET /claims": Call(OPERATOR, "/claims", roles=("platform", "bureau")),
        "POST /claims/{claim_id}/review": Call(
            OPERATOR, f"{mine}/review", {"decision": "forward", "reason": "材料属实"}, roles=("platform",)
        ),
        "POST /claims/{claim_id}/decision": Call(
            BUREAU, f"{mine}/decision", {"decision": "reject", "reason": "成员均在职"}, roles=("bureau",)
        ),
    }


def agency_calls(town: Town) -> Calls:
    """Agencies: a draft with all its documents, the active one of the town, and one that will be removed."""
    draft, leaving, world = samples.agency(2), samples.agency(3), town.world
    steps.expect(world.call(SELLER, "POST", "/agencies", draft.application()), 201)
    for document in agency_documents(draft, TODAY):
        steps.announce_and_upload(world, SELLER, f"/agencies/{draft.uscc}", document)
    towns.admit(world, leaving, SELLER)
    mine, active, gone = (f"/agencies/{each.uscc}" for each in (draft, town.agency, leaving))
    papers = {"document_ids": [steps.announce_and_upload(world, SELLER, active, change_paper(TODAY))]}
    reported = CHANGED | {"facts": NEW_OF_AGENCY} | papers
    change = steps.expect(world.call(SELLER, "POST", f"{active}/changes", reported), 201)
    decision = {"decision": "approve", "reasons": ["材料齐全"], "override": "市局会议纪要"}
    announced = {"kind": "qualification", "filename": "证.pdf", "content_type": "application/pdf", "size_bytes": 9}
    unwanted = steps.expect(world.call(SELLER, "POST", f"{mine}/documents", announced), 201)
    foreign = samples.agency(7)
    steps.apply_agency(world, OWNER, foreign.application(), agency_documents(foreign, TODAY))
    hasty = samples.agency(6)
    steps.apply_agency(world, SELLER, hasty.application(), agency_documents(hasty, TODAY))
    changes = draft.application()
    del changes["uscc"]
    return {
        "POST /agencies": Call(SELLER, "/agencies", samples.agency(5).application()),
        "GET /agencies": Call(OPERATOR, "/agencies", roles=STAFF_WHO_READ),
        "GET /agencies/{uscc}": Call(SELLER, mine, foreign=True),
        "PATCH /agencies/{uscc}": Call(SELLER, mine, changes, foreign=True),
        "POST /agencies/{uscc}/documents": Call(SELLER, f"{mine}/documents", announced, foreign=True),
        "GET /agencies/{uscc}/documents": Call(SELLER, f"{mine}/documents", foreign=True),
        "DELETE /agencies/{uscc}/documents/{document_id}": Call(
            SELLER, f"{mine}/documents/{unwanted['document_id']}", foreign=True
        ),
        "POST /agencies/{uscc}/withdraw": Call(SELLER, f"/agencies/{hasty.uscc}/withdraw", foreign=True),
        "POST /agencies/{uscc}/revoke": Call(
            OPERATOR, f"/agencies/{foreign.uscc}/revoke", NOT_THEIRS, roles=("platform",)
        ),
        "PATCH /agencies/{uscc}/contact": Call(SELLER, f"{mine}/contact", NEW_CONTACT, foreign=True),
        "POST /agencies/{uscc}/submit": Call(SELLER, f"{mine}/submit", foreign=True),
        "POST /agencies/{uscc}/pre-review": Call(OPERATOR, f"{mine}/pre-review", decision, roles=("platform",)),
        "POST /agencies/{uscc}/approve": Call(BUREAU, f"{mine}/approve", decision, roles=("bureau",)),
        "POST /agencies/{uscc}/renew": Call(
            SELLER, f"{mine}/renew", changes, foreign=True, refused="RENEWAL_TOO_EARLY"
        ),
        "POST /agencies/{uscc}/changes": Call(
            SELLER, f"{active}/changes", CHANGED | {"facts": NEW_OF_AGENCY, "document_ids": []}, foreign=True
        ),
        "GET /agencies/{uscc}/changes": Call(SELLER, f"{active}/changes", foreign=True),
        "POST /agencies/{uscc}/changes/{change_id}/review": Call(
            OPERATOR, f"{active}/changes/{change['change_id']}/review", KEPT, roles=("platform",)
        ),
        "POST /agencies/{uscc}/removal": Call(OPERATOR, f"{gone}/removal", {"reason": "拒收"}, roles=("platform",)),
        "POST /agencies/{uscc}/removal/statement": Call(
            SELLER, f"{gone}/removal/statement", {"text": "拒收系员工误解，已整改"}, foreign=True
        ),
        "POST /agencies/{uscc}/removal/approve": Call(
            BUREAU, f"{gone}/removal/approve", {"decision": "approve", "reason": "情况属实"}, roles=("bureau",)
        ),
        "POST /agencies/{uscc}/reapply": Call(SELLER, f"{gone}/reapply", foreign=True, refused="NEXT_YEAR_FIRST"),
        "POST /agencies/{uscc}/restore": Call(
            BUREAU_TWO, f"{gone}/restore", {"reason": "复查后撤销清退"}, roles=("bureau",)
        ),
        "GET /leads": Call(BUREAU, "/leads", roles=("bureau", "discipline")),
    }


def product_calls(town: Town) -> Calls:
    """Products: two drafts beside the published one, of which one is corrected and one put on sale."""
    listing = samples.product(town.agency)
    draft, ready = (steps.expect(town.world.call(SELLER, "POST", "/products", listing), 201) for _ in range(2))
    down = steps.list_product(town.world, SELLER, listing)
    mine = f"/products/{draft['product_id']}"
    changes = {name: value for name, value in listing.items() if name != "agency_uscc"}
    return {
        "POST /products": Call(SELLER, "/products", listing, foreign=True),
        "GET /register": Call(None, "/register"),
        "GET /register/{uscc}": Call(None, f"/register/{town.agency.uscc}"),
        "GET /products": Call(None, "/products"),
        "GET /staff/products": Call(OPERATOR, "/staff/products", roles=STAFF),
        "GET /products/{product_id}": Call(None, f"/products/{town.product_id}"),
        "PATCH /products/{product_id}": Call(SELLER, mine, changes, foreign=True),
        "GET /agencies/{uscc}/products": Call(SELLER, f"/agencies/{town.agency.uscc}/products", foreign=True),
        "POST /products/{product_id}/publish": Call(
            OPERATOR, f"/products/{ready['product_id']}/publish", {"version": ready["version"]}, roles=("platform",)
        ),
        "POST /products/{product_id}/withdraw": Call(SELLER, f"/products/{down['product_id']}/withdraw", foreign=True),
    }
