"""Accepted calls about inspections: a daily one goes its whole way, an enterprise is dropped, a joint one is signed.
Also about activities and yearly files."""

from infra.city.document_files import DocumentFile
from infra.city.documents import jpeg
from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO
from tests.support.calls.call import Call, Calls
from tests.support.calls.trade import order_of
from tests.support.inspection_scenario import VISIT, drawn, report
from tests.support.samples import TODAY
from tests.support.scenario import SELLER, Town
from tests.support.yearly_file_scenario import make, past_year

INSPECTORS = ("platform", "bureau", "finance")
READERS = (*INSPECTORS, "discipline")


def inspection_calls(town: Town) -> Calls:
    """Each step on a check after the one before."""
    world = town.world
    order_of(town, "accept", "contract")
    town.complete(order_of(town))
    daily, asked, joint = drawn(world), drawn(world, "satisfaction"), drawn(world, "joint", BUREAU, sample_size=1)
    [visited], [called], [missed] = (each["checks"] for each in (daily, asked, joint))
    [spoken] = drawn(world, key="spoken")["checks"]
    steps.expect(report(world, spoken, spoken_to="王经理"), 200)
    gone = {"reason": "该单位已搬离"}
    steps.expect(world.call(BUREAU, "POST", f"/checks/{missed['check_id']}/drop", gone), 200)
    end = {"conclusion": "未发现问题"}
    steps.expect(world.call(BUREAU, "POST", f"/inspections/{joint['inspection_id']}/conclude", end), 200)
    visit, call = f"/checks/{visited['check_id']}", f"/checks/{called['check_id']}"
    path = f"/inspections/{daily['inspection_id']}"
    photo = {"kind": "photo", "filename": "现场.jpg", "content_type": "image/jpeg", "size_bytes": 9}
    steps.announce_and_upload(world, OPERATOR, path, DocumentFile("photo", "门牌.jpg", "image/jpeg", jpeg("门牌")))
    incomplete = {**VISIT, "finding": "rectify", "finding_text": "台账不全"}
    late = {"rectified": False, "reason": "仍无台账"}
    return {
        "POST /inspections": Call(
            OPERATOR, "/inspections", {"kind": "daily", "year": 2026, "sample_size": 5}, roles=INSPECTORS
        ),
        "GET /inspections": Call(OPERATOR, "/inspections", roles=READERS),
        "GET /inspections/{inspection_id}": Call(OPERATOR, path, roles=READERS),
        "POST /inspections/{inspection_id}/documents": Call(OPERATOR, f"{path}/documents", photo, roles=INSPECTORS),
        "GET /inspections/{inspection_id}/documents": Call(OPERATOR, f"{path}/documents", roles=READERS),
        "GET /checks": Call(SELLER, f"/checks?agency_uscc={town.agency.uscc}", foreign=True),
        "GET /checks/{check_id}": Call(OPERATOR, f"/checks/{spoken['check_id']}", foreign=True),
        "POST /checks/{check_id}/attempts": Call(
            OPERATOR, f"{call}/attempts", {"way": "phone", "reached": False, "phone": "0578-2091234"}, roles=INSPECTORS
        ),
        "POST /checks/{check_id}/drop": Call(OPERATOR, f"{call}/drop", gone, roles=INSPECTORS),
        "POST /checks/{check_id}/report": Call(OPERATOR, f"{visit}/report", incomplete, roles=INSPECTORS),
        "POST /checks/{check_id}/countersign": Call(
            OPERATOR_TWO, f"{visit}/countersign", {"decision": "agree"}, roles=INSPECTORS
        ),
        "POST /checks/{check_id}/statement": Call(SELLER, f"{visit}/statement", {"text": "已补齐"}, foreign=True),
        "POST /checks/{check_id}/follow-up": Call(OPERATOR, f"{visit}/follow-up", late, roles=INSPECTORS),
        "POST /checks/{check_id}/decision": Call(
            BUREAU, f"{visit}/decision", {"decision": "dismiss", "reason": "情节轻微"}, roles=("bureau",)
        ),
        "POST /inspections/{inspection_id}/conclude": Call(
            OPERATOR, f"{path}/conclude", {"conclusion": "已督促整改"}, roles=INSPECTORS
        ),
        "POST /inspections/{inspection_id}/sign": Call(
            FINANCE, f"/inspections/{joint['inspection_id']}/sign", roles=("finance",)
        ),
    }


def activity_calls(town: Town) -> Calls:
    """An activity that is proved and confirmed, and one that is cancelled."""
    event = {"agency_uscc": town.agency.uscc, "kind": "training", "title": "政策培训", "held_on": TODAY.isoformat()}
    event |= {"place": "市民中心", "organiser": "市经信局", "firms_reached": 30}
    held, unheld = (
        steps.expect(town.world.call(SELLER, "POST", "/activities", {**event, "kind": kind}), 201)["activity_id"]
        for kind in ("visit", "livestream")
    )
    paper = {"kind": "event_photo", "filename": "现场.jpg", "content_type": "image/jpeg", "size_bytes": 9}
    photo = DocumentFile("sign_in", "签到表.jpg", "image/jpeg", jpeg("签到"))
    steps.announce_and_upload(town.world, SELLER, f"/activities/{held}", photo)
    return {
        "POST /activities": Call(SELLER, "/activities", event, foreign=True),
        "GET /activities": Call(SELLER, f"/activities?agency_uscc={town.agency.uscc}", foreign=True),
        "POST /activities/{activity_id}/documents": Call(SELLER, f"/activities/{held}/documents", paper, foreign=True),
        "GET /activities/{activity_id}/documents": Call(SELLER, f"/activities/{held}/documents", foreign=True),
        "POST /activities/{activity_id}/submit": Call(
            SELLER, f"/activities/{held}/submit", {"firms_reached": 28}, foreign=True
        ),
        "POST /activities/{activity_id}/review": Call(
            OPERATOR, f"/activities/{held}/review", {"decision": "confirm"}, roles=("platform",)
        ),
        "POST /activities/{activity_id}/cancel": Call(
            SELLER, f"/activities/{unheld}/cancel", {"reason": "因故取消"}, foreign=True
        ),
    }


def yearly_file_calls(town: Town) -> Calls:
    """The file of a year, and the receipt of another year's."""
    for year in (2024, 2025):
        past_year(town.world, year)
    file = steps.expect(make(town.world, year=2024), 201)
    path, offices = f"/reports/2024/yearly-files/{file['yearly_file_id']}", ("bureau", "finance")
    return {
        "POST /reports/{year}/yearly-files": Call(BUREAU, "/reports/2025/yearly-files", {"position": 1}, roles=offices),
        "GET /reports/{year}/yearly-files": Call(BUREAU, "/reports/2024/yearly-files", roles=(*offices, "platform")),
        "GET /reports/{year}/yearly-files/{yearly_file_id}": Call(BUREAU, path, roles=(*offices, "platform")),
        "POST /reports/{year}/yearly-files/{yearly_file_id}/receipt": Call(
            BUREAU, f"{path}/receipt", {"office": "bureau", "sha256": file["sha256"]}, roles=offices
        ),
    }
