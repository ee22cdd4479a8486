"""The year is looked after: a sample of the agencies is inspected, an enterprise says how it was served, and an agency
proves what it did beside its orders (§5.1.1, §4.2.3, §3.4.2)."""

from infra.city.document_files import event_photo, inspection_photo
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, OPERATOR_TWO
from infra.client.steps import Json, UnexpectedAnswer, expect
from infra.demo.demo_year import DemoYear, print_refusal
from infra.demo.plan import owner_of
from infra.demo.printing import print_heading, print_line

# how many of the agencies with running orders are drawn
SAMPLE = 2
YES, NO = {"answer": "yes"}, {"answer": "no", "note": "两次服务无记录"}


def inspect_agencies(year: DemoYear) -> None:
    """§5.1.1: drawn by lot, visited by two, one finding put right."""
    print_heading("An inspection, drawn by lot (§5.1.1)")
    client, number = year.client, year.plan.year
    seed = f"{year.plan.today} 公开摇号"
    draw = {"kind": "daily", "year": number, "sample_size": SAMPLE, "seed": seed}
    drawn = expect(client.call(OPERATOR, "POST", "/inspections", draw, key=f"inspect-{number}"), 201)
    path = f"/inspections/{drawn['inspection_id']}"
    print_line(f"out of {drawn['frame_size']} agencies with running orders, {len(drawn['checks'])} are drawn; whoever "
               f"has the seed “{seed}” and the frame {drawn['frame_sha256'][:12]}… draws the same")  # fmt: skip
    wanting, *others = drawn["checks"]
    visit(year, path, wanting, "rectify")
    for check in others:
        visit(year, path, check, "none")
    put_right(year, wanting)
    done = expect(client.call(OPERATOR, "POST", f"{path}/conclude", {"conclusion": "一家台账不全，已整改"}), 200)
    print_line(f"the inspection is {done['state']}; what was found stands before whoever decides on the next approval")


def visit(year: DemoYear, path: str, check: Json, finding: str) -> None:
    """One inspector reports with a photo, another one stands for it."""
    client, name = year.client, year.name_of(check["agency_uscc"])
    photo = steps.announce_and_upload(client, OPERATOR, path, inspection_photo(check["check_id"]))
    records = YES if finding == "none" else NO
    report = {
        "way": "visit",
        "place": "服务场所",
        "happened_at": check["created_at"],
        "checklist": {"premises": YES, "ability": YES, "records": records, "fulfilment": YES},
        "document_ids": [photo],
        "finding": finding,
        **({"finding_text": "服务台账不全"} if finding == "rectify" else {}),
    }
    place, agrees = f"/checks/{check['check_id']}", {"decision": "agree", "reason": "已现场核对"}
    expect(client.call(OPERATOR, "POST", f"{place}/report", report), 200)
    if finding == "rectify":
        print_line(f"{name}: 服务台账不全")
        same_hand = client.call(OPERATOR, "POST", f"{place}/countersign", agrees)
        print_refusal("whoever reported would countersign, too", same_hand, "FOUR_EYES")
    else:
        print_line(f"{name}: nothing found")
    expect(client.call(OPERATOR_TWO, "POST", f"{place}/countersign", agrees), 200)


def put_right(year: DemoYear, check: Json) -> None:
    """The agency says what it did, and somebody looks whether it is so."""
    client, place = year.client, f"/checks/{check['check_id']}"
    person = owner_of(check["agency_uscc"])
    told = expect(client.call(person, "GET", place), 200)
    expect(client.call(person, "POST", f"{place}/statement", {"text": "已补齐两次服务的记录"}), 200)
    right = {"rectified": True, "reason": "已现场复查"}
    after = expect(client.call(OPERATOR_TWO, "POST", f"{place}/follow-up", right), 200)
    print_line(f"the agency, told to put it right by {told['rectify_by']}, did so: {after['state']}")


def rate_a_service(year: DemoYear) -> None:
    """§4.2.3: once, and fixed; the average stands in the public register."""
    client, (order, deal) = year.client, year.orders[0]
    path = f"/orders/{order['order_id']}/rating"
    expect(client.call(deal.owner, "POST", path, {"score": 5, "comment": "服务及时"}), 200)
    print_refusal(
        "the same enterprise thinks better of its rating",
        client.call(deal.owner, "POST", path, {"score": 1, "comment": "想改分"}),
        "ALREADY_EXISTS",
    )
    shown = expect(client.call(None, "GET", f"/register/{order['agency_uscc']}"), 200)
    if shown["rating_count"] != 1:
        raise UnexpectedAnswer(f"the register counts {shown['rating_count']} ratings")
    print_line(f"everybody reads in the register: {shown['name']}, {shown['rating_average']} of 5")


def prove_an_activity(year: DemoYear) -> None:
    """§3.4.2: an event counts for its year once the operator confirms it; who answers for vouchers is known, and who
    did before."""
    print_heading("An agency beside its orders (§3.4.2)")
    client, uscc, today = year.client, year.orders[0][0]["agency_uscc"], year.plan.today.isoformat()
    person, contact = owner_of(uscc), f"/agencies/{uscc}/contact"
    event = {"kind": "training", "title": "服务券政策培训", "held_on": today, "place": "市民中心 3 楼"}
    whose = {"agency_uscc": uscc, "organiser": "市经信局", "firms_reached": 30}
    begun = expect(client.call(person, "POST", "/activities", event | whose), 201)
    path = f"/activities/{begun['activity_id']}"
    without = client.call(person, "POST", f"{path}/submit", {})
    print_refusal("the agency hands in a training without proof", without, "DOCUMENTS_MISSING")
    steps.announce_and_upload(client, person, path, event_photo(begun["activity_id"]))
    expect(client.call(person, "POST", f"{path}/submit", {}), 200)
    expect(client.call(OPERATOR, "POST", f"{path}/review", {"decision": "confirm"}), 200)
    new = {"contact_name": "专管员", "contact_phone": "0578-2096100", "contact_trained_on": today}
    expect(client.call(person, "PATCH", contact, new), 200)
    shown = expect(client.call(BUREAU, "GET", f"/agencies/{uscc}"), 200)
    print_line(f"with a photo it is confirmed: whoever renews {shown['name']} reads of "
               f"{shown['activities'][today[:4]]} activity this year, and that {shown['contact_name']}, trained, took "
               f"over from {shown['former_contacts'][-1]['name']}")  # fmt: skip
