"""Personal data of every kind, planted where the system keeps it: what must be gone, after which instant and days."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import boto3
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from infra.city.document_files import DocumentFile, change_paper, claim_papers, enterprise_documents
from infra.city.documents import jpeg
from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, OPERATOR, Person
from tests.conftest import StoppedClock
from tests.support import payout_scenario, samples
from tests.support import scenario as towns
from tests.support.agency_scenario import report_change
from tests.support.backend import BUCKET, QUEUES, World, function
from tests.support.inspection_scenario import act, drawn, found
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, STRANGER, Json, Town
from tests.support.settlement_scenario import Settling, fill_in, object_to, opened, small_orders
from tests.support.workers import LAST_NIGHT, deliver, deliver_upload, drain
from voucher.policy import RETENTION
from voucher.rules.working_days import end_of_day

NAMES, PHONE, HOME = ("甲植一", "乙植二"), "13987654321", "丙植巷3号"
APPLICANT = Person("applicant-7b1c")
PAPER_NAME = "丁植四"
WORDS = "其中提到丙植三的手机"


@dataclass(frozen=True)
class Planted:
    """Texts that are gone `days` days after `since`, and not a day earlier."""

    since: datetime
    days: int
    texts: tuple[str, ...]


def run_night(clock: StoppedClock, instant: datetime) -> None:
    """One night's sweep, and all that it sets in motion; messages come a second time."""
    clock.instant = instant
    function("sweep").handler({"time": instant.isoformat()}, None)
    for queue in ("void_vouchers", "close_year", "end_orders", "notify", "retention"):
        drain(queue)


def everything_stored() -> Iterator[str]:
    """All that is stored anywhere, as texts: items of tables and indexes, names and bytes of files in all versions,
    messages in queues."""
    yield from items_stored()
    yield from files_stored()
    for queue in QUEUES:
        url = boto3.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
        found = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        yield from (each["Body"] for each in found.get("Messages", ()))


def items_stored() -> Iterator[str]:
    """Every item of every table, and of every index."""
    client = boto3.client("dynamodb")
    for table in client.list_tables()["TableNames"]:
        indexes = client.describe_table(TableName=table)["Table"].get("GlobalSecondaryIndexes", ())
        for place in ({}, *({"IndexName": each["IndexName"]} for each in indexes)):
            request: dict[str, Any] = {"TableName": table, **place}
            while True:
                answer = client.scan(**request)
                yield from (f"{table} {place} {item}" for item in answer["Items"])
                if "LastEvaluatedKey" not in answer:
                    break
                request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def files_stored(prefix: str = "") -> list[str]:
    """Every version of every file, and every marker of a deletion."""
    client = boto3.client("s3")
    answer = client.list_object_versions(Bucket=BUCKET, Prefix=prefix)
    found = [f"marker {each['Key']}" for each in answer.get("DeleteMarkers", ())]
    for each in answer.get("Versions", ()):
        content = client.get_object(Bucket=BUCKET, Key=each["Key"], VersionId=each["VersionId"])["Body"].read()
        found.append(f"{each['Key']} {content.decode(errors='replace')}")
    return found


def date_files(instant: datetime) -> None:
    """Every file was written at this instant; moto knows no other clock than that of the machine."""
    for _, key in s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET].keys.lists():
        for version in key:
            version.last_modified = instant.replace(tzinfo=None)


def found_of(texts: tuple[str, ...]) -> set[str]:
    """Which of some texts are stored somewhere."""
    stored = list(everything_stored())
    return {text for text in texts if any(text in place for place in stored)}


def upload_thrice(world: World, person: Person, path: str, paper: DocumentFile) -> str:
    """Upload a file, another one in its place, and delete that: two versions and a marker. The file's key."""
    body = {"kind": paper.kind, "filename": paper.filename, "content_type": paper.content_type, "size_bytes": 9}
    upload = steps.expect(world.call(person, "POST", f"{path}/documents", body), 201)["upload"]
    world.upload(upload, paper.content)
    world.upload(upload, paper.content + b"again")
    key = str(upload["fields"]["key"])
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=key)
    return key


def paper_of(kind: str) -> DocumentFile:
    """A paper whose file name and content name a person."""
    return DocumentFile(kind, f"{NAMES[0]}.pdf", "application/pdf", f"%PDF-{NAMES[1]}".encode())


def registration(**changes: Any) -> Json:
    """A registration with planted people."""
    planted = {"legal_representative": NAMES[0], "contact_name": NAMES[1], "contact_phone": PHONE, "address": HOME}
    return samples.enterprise(3).registration() | planted | changes


PEOPLE = (*NAMES, PHONE, HOME)


def draft_of_an_enterprise(world: World, clock: StoppedClock) -> Planted:
    """Never submitted; its file is touched last."""
    towns.open_year(world)
    body = registration()
    steps.expect(world.call(APPLICANT, "POST", "/enterprises", body), 201)
    clock.instant += timedelta(days=3)
    upload_thrice(world, APPLICANT, f"/enterprises/{body['uscc']}", paper_of("business_license"))
    return Planted(clock.instant, RETENTION.draft_days, (*PEOPLE, APPLICANT.name, str(body["uscc"])))


def draft_of_an_agency(world: World, clock: StoppedClock) -> Planted:
    """The same for an agency."""
    towns.open_year(world)
    body = samples.agency(2).application()
    body |= {"legal_representative": NAMES[0], "contact_name": NAMES[1], "contact_phone": PHONE, "address": HOME}
    steps.expect(world.call(APPLICANT, "POST", "/agencies", body), 201)
    upload_thrice(world, APPLICANT, f"/agencies/{body['uscc']}", paper_of("business_license"))
    return Planted(clock.instant, RETENTION.draft_days, (*PEOPLE, APPLICANT.name, str(body["uscc"])))


def rejected_registration(world: World, clock: StoppedClock) -> Planted:
    """Submitted with six papers, and refused with words about a person."""
    towns.open_year(world)
    body = registration()
    firm = samples.enterprise(3)
    papers = [replace(each, filename=f"{NAMES[0]}.pdf") for each in enterprise_documents(firm, TODAY)]
    steps.register_enterprise(world, APPLICANT, body, papers)
    clock.instant += timedelta(days=1)
    review = {"decision": "reject", "reasons": [WORDS]}
    steps.expect(world.call(OPERATOR, "POST", f"/enterprises/{firm.uscc}/review", review), 200)
    return Planted(clock.instant, RETENTION.refused_days, (*PEOPLE, WORDS, APPLICANT.name, firm.uscc))


def _edited(world: World, path: str, person: Person, thing: str) -> None:
    """Plant people in an organisation that was approved already, by the way that leads there: a change is reported, and
    it is returned to be corrected and approved again."""
    change = {"happened_on": "2026-06-14", "description": "人员变更"}
    reported = steps.expect(world.call(person, "POST", f"{path}/changes", change), 201)
    review = f"{path}/changes/{reported['change_id']}/review"
    steps.expect(world.call(OPERATOR, "POST", review, {"decision": "return", "reason": "请更新"}), 200)
    people = {"legal_representative": NAMES[0], "contact_name": NAMES[1], "contact_phone": PHONE, "address": HOME}
    steps.expect(world.call(person, "PATCH", path, people), 200)
    upload_thrice(world, person, path, paper_of("business_license"))
    steps.expect(world.call(person, "POST", f"{path}/submit"), 200)
    uscc = path.rpartition("/")[2]
    again = steps.review_enterprise(world, uscc) if thing == "enterprise" else steps.admit_agency(world, uscc)
    steps.expect(again, 200)


def paid_town(world: World) -> tuple[Town, Settling, Json, Json]:
    """A town whose one order is settled and paid; the order and its payout."""
    town, order = towns.complete(towns.settle(towns.open_year(world)))
    case = Settling(town, town.apply_for_settlement(order)["settlement_id"])
    return town, case, order, case.paid(order)


def disqualified_enterprise(world: World, clock: StoppedClock) -> Planted:
    """It has a paid order, so it stands in the books."""
    town, *_ = paid_town(world)
    _edited(world, f"/enterprises/{town.enterprise.uscc}", OWNER, "enterprise")
    clock.instant += timedelta(days=40)
    towns.disqualify(world, town.enterprise.uscc)
    return Planted(clock.instant, RETENTION.left_days, PEOPLE)


def enterprise_after_the_programme(world: World, clock: StoppedClock) -> Planted:
    """Nothing was decided against it: the last year ended."""
    town, *_ = paid_town(world)
    _edited(world, f"/enterprises/{town.enterprise.uscc}", OWNER, "enterprise")
    run_night(clock, LAST_NIGHT)
    assert town.shown("/programmes/2026")["state"] == "closed"
    ended = end_of_day(datetime(2026, 12, 31).date())  # noqa: DTZ001 - a day
    return Planted(ended, RETENTION.left_days, PEOPLE)


def removed_agency(world: World, clock: StoppedClock) -> Planted:
    """It was paid, and put out with words about a person."""
    town, *_ = paid_town(world)
    _edited(world, f"/agencies/{town.agency.uscc}", SELLER, "agency")
    towns.remove_agency(town, WORDS)
    return Planted(clock.instant, RETENTION.left_days, (*PEOPLE, WORDS, f"ACCOUNT#{town.agency.uscc}"))


def agency_whose_approval_ended(world: World, clock: StoppedClock) -> Planted:
    """It did not renew."""
    town, *_ = paid_town(world)
    _edited(world, f"/agencies/{town.agency.uscc}", SELLER, "agency")
    valid_until = town.shown(f"/agencies/{town.agency.uscc}")["valid_until"]
    return Planted(end_of_day(datetime.fromisoformat(valid_until).date()), RETENTION.left_days, PEOPLE)


def change_report(world: World, clock: StoppedClock) -> Planted:
    """Decided, of an agency that goes on; with a paper and a new fact."""
    town = towns.settle(towns.open_year(world))
    path = f"/agencies/{town.agency.uscc}"
    paper = replace(change_paper(TODAY), filename=f"{PAPER_NAME}.pdf")
    document_id = steps.announce_and_upload(world, SELLER, path, paper)
    clock.instant += timedelta(days=1)
    change = report_change(town, WORDS, document_ids=[document_id], facts={"legal_representative": NAMES[1]})
    kept = f"/{document_id}"
    path += f"/changes/{change['change_id']}/review"
    steps.expect(world.call(OPERATOR, "POST", path, {"decision": "keep", "reason": NAMES[0]}), 200)
    return Planted(clock.instant, RETENTION.change_days, (WORDS, *NAMES, PAPER_NAME, kept))


def organisation_claim(world: World, clock: StoppedClock) -> Planted:
    """Rejected, after the enterprise answered."""
    town = towns.settle(towns.open_year(world))
    body = {"contact_name": NAMES[0], "contact_phone": "0578-2091234", "reason": WORDS}
    path = f"/organisations/{town.enterprise.uscc}/claims"
    path = f"/claims/{steps.expect(world.call(STRANGER, 'POST', path, body, key='c'), 201)['claim_id']}"
    for paper in claim_papers(TODAY):
        steps.announce_and_upload(world, STRANGER, path, replace(paper, filename=f"{PAPER_NAME}.pdf"))
    steps.expect(world.call(STRANGER, "POST", f"{path}/submit"), 200)
    steps.expect(world.call(OWNER, "POST", f"{path}/statement", {"text": NAMES[1]}), 200)
    steps.expect(world.call(OPERATOR, "POST", f"{path}/review", {"decision": "reject", "reason": WORDS}), 200)
    return Planted(clock.instant, RETENTION.claim_days, (WORDS, *NAMES, PAPER_NAME, "documents/claims/"))


def inspected_agency(world: World, clock: StoppedClock) -> Planted:
    """What was found is put right; an enterprise was called in vain."""
    town = towns.settle(towns.open_year(world))
    town.grab()
    town.advance(town.order(), "accept", "contract")
    inspection = drawn(world)
    path, [check] = f"/inspections/{inspection['inspection_id']}", inspection["checks"]
    photo = DocumentFile("photo", f"{PAPER_NAME}.jpg", "image/jpeg", jpeg("现场"))
    papers = [steps.announce_and_upload(world, OPERATOR, path, photo)]
    tried = {"way": "phone", "reached": False, "phone": PHONE, "note": WORDS}
    steps.expect(act(world, OPERATOR, check, "attempts", tried), 200)
    said = {"spoken_to": NAMES[0], "note": WORDS, "finding_text": WORDS, "place": NAMES[1], "document_ids": papers}
    found(world, check, "rectify", **said)
    steps.expect(act(world, SELLER, check, "statement", {"text": WORDS}), 200)
    steps.expect(act(world, OPERATOR, check, "follow-up", {"rectified": True, "reason": WORDS}), 200)
    return Planted(clock.instant, RETENTION.check_days, (WORDS, *NAMES, PAPER_NAME, "documents/inspections/"))


def photo_that_no_report_names(world: World, clock: StoppedClock) -> Planted:
    """Taken at an inspection, and left out by its report."""
    town = towns.settle(towns.open_year(world))
    town.grab()
    town.advance(town.order(), "accept", "contract")
    path = f"/inspections/{drawn(world)['inspection_id']}"
    photo = DocumentFile("photo", f"{PAPER_NAME}.jpg", "image/jpeg", jpeg("现场"))
    steps.announce_and_upload(world, OPERATOR, path, photo)
    return Planted(clock.instant, RETENTION.unused_paper_days, (PAPER_NAME, "uploads/inspections/"))


def agencys_activity(world: World, clock: StoppedClock) -> Planted:
    """Returned to its agency, with a sign-in list."""
    town = towns.settle(towns.open_year(world))
    event = {"agency_uscc": town.agency.uscc, "kind": "training", "title": "培训", "held_on": TODAY.isoformat()}
    event |= {"place": "市民中心", "organiser": "机构", "firms_reached": 9}
    path = f"/activities/{steps.expect(world.call(SELLER, 'POST', '/activities', event), 201)['activity_id']}"
    steps.announce_and_upload(
        world, SELLER, path, DocumentFile("sign_in", f"{PAPER_NAME}.jpg", "image/jpeg", jpeg("签到"))
    )
    steps.expect(world.call(SELLER, "POST", f"{path}/submit"), 200)
    steps.expect(world.call(OPERATOR, "POST", f"{path}/review", {"decision": "return", "reason": WORDS}), 200)
    return Planted(clock.instant, RETENTION.activity_days, (WORDS, PAPER_NAME, "documents/activities/"))


def answered_complaint(world: World, clock: StoppedClock) -> Planted:
    """About the agency, which answered, with a paper; found true by the bureau."""
    town = towns.settle(towns.open_year(world))
    said = {"text": WORDS, "name": NAMES[0], "contact": PHONE, "about_uscc": town.agency.uscc}
    receipt = steps.expect(world.call(None, "POST", "/complaints", said, key="c"), 201)
    path = f"/complaints/{receipt['complaint_id']}"
    paper = change_paper(TODAY)
    facts = {"kind": "attachment", "filename": f"{PAPER_NAME}.pdf", "content_type": "application/pdf", "size_bytes": 9}
    announced = steps.expect(
        world.call(None, "POST", f"{path}/documents", {"code": receipt["code"], **facts}, key="p"), 201
    )
    world.upload(announced["upload"], paper.content)
    for person, what, body in (
        (OPERATOR, "review", {"decision": "accept", "reason": WORDS, "told": WORDS}),
        (SELLER, "statement", {"text": NAMES[1]}),
        (OPERATOR, "steps", {"kind": "analysis", "text": WORDS}),
        (OPERATOR, "escalate", {"proposal": "none", "reason": WORDS}),
        (BUREAU, "decision", {"outcome": "partly", "measure": "none", "reason": WORDS, "answer": WORDS}),
    ):
        steps.expect(world.call(person, "POST", f"{path}/{what}", body), 200)
    planted = (WORDS, *NAMES, PHONE, PAPER_NAME, "documents/complaints/")
    return Planted(clock.instant, RETENTION.complaint_days, planted)


def objection(world: World, clock: StoppedClock) -> Planted:
    """Rejected; its notice was closed and the round paid."""
    town, order = towns.complete(towns.settle(towns.open_year(world)))
    case = Settling(town, town.apply_for_settlement(order)["settlement_id"])
    notice = case.noticed(order)
    objected = object_to(case, notice, name=NAMES[0], contact=PHONE, reason=WORDS)
    body = {"decision": "reject", "opinion": WORDS}
    steps.expect(case.call(BUREAU, "POST", f"/objections/{objected['objection_id']}/resolve", body), 200)
    clock.instant += timedelta(days=2)
    steps.expect(world.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    return Planted(clock.instant, RETENTION.objection_days, (NAMES[0], PHONE, WORDS, "RATE#"))


def words_of_an_order(world: World, clock: StoppedClock) -> Planted:
    """A paid order that was rated and asked to be cancelled, and one that was refused."""
    town, order = towns.complete(towns.settle(towns.open_year(world)))
    steps.expect(town.act(OWNER, order, "rating", {"score": 4, "comment": WORDS}), 200)
    steps.expect(town.act(OWNER, order, "cancellation", {"reason": NAMES[0]}), 200)
    case = Settling(town, town.apply_for_settlement(order)["settlement_id"])
    refused = town.order(voucher_fen=100_000)
    steps.expect(town.act(SELLER, refused, "refuse", {"reason": NAMES[1]}), 200)
    case.paid(order)
    return Planted(clock.instant, RETENTION.order_text_days, (WORDS, *NAMES))


def account_number(world: World, clock: StoppedClock) -> Planted:
    """Of a payable that is paid, sealed, with what was remembered of the request that brought it."""
    town, _case, _order, payout = paid_town(world)
    item = boto3.client("dynamodb").get_item(
        TableName="settlements",
        Key={"pk": {"S": f"ROUND#{payout['round_id']}"}, "sk": {"S": f"PAYABLE#{town.agency.uscc}"}},
    )["Item"]
    sealed = item["account"]["M"]["sealed_number"]["S"]
    return Planted(clock.instant, RETENTION.account_days, (sealed,))


def payout_file(world: World, clock: StoppedClock) -> Planted:
    """Its payouts are answered. Another file, of a call that was not the quickest, lies beside it."""
    town, order = towns.complete(towns.settle(towns.open_year(world)))
    case = Settling(town, town.apply_for_settlement(order)["settlement_id"])
    round_id = case.invoiced(order)
    payout_id = payout_scenario.new_payout_id(case, round_id)
    steps.expect(payout_scenario.payout_file_of(case, round_id), 200)
    [file] = [each.partition(" ")[0] for each in files_stored("payout-files/")]
    boto3.client("s3").put_object(Bucket=BUCKET, Key=f"payout-files/{round_id}/stray.xlsx", Body=WORDS.encode())
    boto3.client("s3").put_object(Bucket=BUCKET, Key=file, Body=WORDS.encode())
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=file)
    date_files(clock.instant)
    steps.expect(case.result(payout_id), 200)
    return Planted(clock.instant, RETENTION.payout_file_days, (WORDS, f"marker {file}", "stray.xlsx"))


def papers_of_a_withdrawn_application(world: World, clock: StoppedClock) -> Planted:
    """An application that was withdrawn before it was settled."""
    town = towns.settle(towns.open_year(world))
    town.grab()
    [order] = small_orders(town, 1)
    case, _ = opened(town, order)
    fill_in(case, order, "INV-1", [paper_of(kind) for kind in ("contract", "invoice", "transfer", "evidence")])
    clock.instant += timedelta(days=1)
    steps.expect(case.call(SELLER, "POST", "withdraw", {"reason": "重新申请"}), 200)
    return Planted(clock.instant, RETENTION.withdrawn_paper_days, NAMES)


def paper_taken_back(world: World, clock: StoppedClock) -> Planted:
    """Of an application that goes on."""
    town = towns.settle(towns.open_year(world))
    town.grab()
    [order] = small_orders(town, 1)
    case, _ = opened(town, order)
    path = f"/settlements/{case.settlement_id}"
    key = upload_thrice(world, SELLER, path, paper_of("contract"))
    steps.expect(world.call(SELLER, "DELETE", f"{path}/documents/{key.rpartition('/')[2]}"), 200)
    return Planted(clock.instant, RETENTION.taken_back_paper_days, NAMES)


def paper_never_submitted(world: World, clock: StoppedClock) -> Planted:
    """Of an active agency."""
    town = towns.settle(towns.open_year(world))
    upload_thrice(world, SELLER, f"/agencies/{town.agency.uscc}", paper_of("staff_certificates"))
    return Planted(clock.instant, RETENTION.unused_paper_days, NAMES)


def bring_into_force(world: World, kind: str, year: int, content: str) -> None:
    """Upload a version of a list, twice, and bring it into force."""
    body = {"filename": f"{WORDS}.csv", "content_type": "text/csv", "size_bytes": 9}
    path = f"/lists/{kind}/{year}/imports"
    record = steps.expect(world.call(OPERATOR, "POST", path, body), 201)
    for _ in range(2):
        world.upload(record["upload"], f"\ufeff{content}".encode())
    deliver_upload(record["upload"]["fields"]["key"])
    version = f"{path}/{record['import_id']}"
    seen = steps.confirmed_difference(world, version)
    steps.expect(world.call(BUREAU, "POST", f"{version}/apply", seen | {"skip_errors": True}), 200)
    task = {"task": "apply", "kind": kind, "year": year, "import_id": record["import_id"]}
    assert deliver("import_list", task) == {"batchItemFailures": []}


def list_that_was_replaced(world: World, clock: StoppedClock) -> Planted:
    """Its file, its rows and its errors; the file was uploaded twice."""
    towns.open_year(world)
    head = "统一社会信用代码,企业名称,联系人"
    codes = [samples.enterprise(number).uscc for number in (5, 6)]
    for content in (f"{head}\n{codes[0]},{NAMES[0]}厂,{NAMES[1]}\n{PHONE},错行,", f"{head}\n{codes[1]},企业,"):
        bring_into_force(world, "newly_above_scale", 2025, content)
    return Planted(clock.instant, RETENTION.list_days, (f"{NAMES[0]}厂", NAMES[1], PHONE))


def list_of_a_year_long_over(world: World, clock: StoppedClock) -> Planted:
    """In force, and never replaced."""
    towns.open_year(world)
    code = samples.enterprise(5).uscc
    bring_into_force(world, "other_subsidy", 2026, f"统一社会信用代码,企业名称,联系人\n{code},{NAMES[0]}厂,{NAMES[1]}")
    return Planted(end_of_day(date(2026, 12, 31)), RETENTION.left_days, (f"{NAMES[0]}厂", NAMES[1]))


def list_that_was_never_applied(world: World, clock: StoppedClock) -> Planted:
    """Announced and uploaded, and then forgotten."""
    body = {"filename": f"{WORDS}.csv", "content_type": "text/csv", "size_bytes": 9}
    record = steps.expect(world.call(OPERATOR, "POST", "/lists/rated_d/2025/imports", body), 201)
    world.upload(record["upload"], NAMES[0].encode())
    return Planted(clock.instant, RETENTION.list_days, (WORDS, NAMES[0]))


def message_in_an_inbox(world: World, clock: StoppedClock) -> Planted:
    """More of them than one write holds; one is read."""
    towns.settle(towns.open_year(world))
    uscc = samples.enterprise(0).uscc
    for number in range(101):
        body = {"message_id": f"m{number}", "kind": "enterprise", "recipient": uscc, "subject": WORDS, "about": "x:y"}
        assert deliver("notify", body) == {"batchItemFailures": []}
    deliver("notify", {"message_id": "s", "kind": "staff", "recipient": "bureau", "subject": NAMES[0], "about": "x:y"})
    [first, *_] = steps.expect(world.call(OWNER, "GET", "/inbox"), 200)["items"]
    steps.expect(world.call(OWNER, "POST", f"/inbox/{first['message_id']}/read"), 200)
    # not every message goes: later nights remind of the year's joint inspection
    return Planted(clock.instant, RETENTION.message_days, (WORDS, NAMES[0], first["message_id"]))


def violation_that_was_lifted(world: World, clock: StoppedClock) -> Planted:
    """With words about a person, on both sides."""
    town = towns.settle(towns.open_year(world))
    body = {"uscc": town.enterprise.uscc, "facts": WORDS}
    violation = steps.expect(world.call(BUREAU, "POST", "/violations", body, key="v"), 201)
    clock.instant += timedelta(days=1)
    path = f"/violations/{violation['violation_id']}/lift"
    steps.expect(world.call(BUREAU_TWO, "POST", path, {"reason": NAMES[0]}), 200)
    return Planted(clock.instant, RETENTION.violation_days, (WORDS, NAMES[0]))


SCENES: tuple[Callable[[World, StoppedClock], Planted], ...] = (
    draft_of_an_enterprise,
    draft_of_an_agency,
    rejected_registration,
    disqualified_enterprise,
    enterprise_after_the_programme,
    removed_agency,
    agency_whose_approval_ended,
    change_report,
    organisation_claim,
    inspected_agency,
    photo_that_no_report_names,
    agencys_activity,
    answered_complaint,
    objection,
    words_of_an_order,
    account_number,
    payout_file,
    papers_of_a_withdrawn_application,
    paper_taken_back,
    paper_never_submitted,
    list_that_was_replaced,
    list_of_a_year_long_over,
    list_that_was_never_applied,
    message_in_an_inbox,
    violation_that_was_lifted,
)
