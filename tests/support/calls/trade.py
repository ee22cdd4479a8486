"""Accepted calls about programme years, batches, vouchers and orders, and what belongs to no subject."""

from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, OPERATOR
from tests.support import samples
from tests.support.backend import ROOT, function
from tests.support.calls.call import STAFF, Call, Calls
from tests.support.samples import TODAY
from tests.support.scenario import NEIGHBOUR, OWNER, RIVAL, SELLER, Json, Town
from tests.support.workers import deliver
from voucher.policy import Policy

[RENDERER] = (file.stem for file in (ROOT / "functions/docs").glob("*.js.gz"))
EDITION = Policy(edition="", grants_from=TODAY, grants_until=TODAY)


def year_calls(town: Town) -> Calls:
    """Programmes and batches."""
    world = town.world
    steps.expect(world.call(BUREAU, "POST", "/programmes", {"year": 2027, "total_fen": 5_000_000}), 201)
    draft = steps.expect(world.call(OPERATOR, "POST", "/programmes/2026/batches", samples.batch(amount_fen=100)), 201)
    unwanted = steps.expect(world.call(OPERATOR, "POST", "/programmes/2026/batches", samples.batch(amount_fen=1)), 201)
    ended = steps.open_batch(world, 2026, samples.batch(amount_fen=1_000_000))
    steps.expect(world.call(BUREAU, "POST", f"/batches/{ended['batch_id']}/close"), 200)
    path, total = f"/batches/{draft['batch_id']}", {"total_fen": 110_000_000, "reason": "追加预算"}
    caps = {category.value: percent for category, percent in EDITION.cap_percent.items()}
    policy = {"notice_working_days": 0, "agency_min_net_profit_fen": 0, "cap_percent": caps}
    programme = {"year": 2028, "total_fen": 5_000_000, "policy": policy}
    batch = samples.batch(amount_fen=1_000_000, categories=["hr"])
    return {
        "POST /programmes": Call(BUREAU, "/programmes", programme, roles=("bureau",)),
        "GET /programmes": Call(None, "/programmes"),
        "GET /programmes/{year}": Call(None, "/programmes/2026"),
        "PATCH /programmes/{year}": Call(
            BUREAU, "/programmes/2027", {"version": 1, "total_fen": 100_000_000, "policy": {}}, roles=("bureau",)
        ),
        # once the call before has corrected it
        "POST /programmes/{year}/confirm": Call(
            FINANCE, "/programmes/2027/confirm", {"version": 2}, roles=("finance",)
        ),
        "POST /programmes/{year}/total": Call(BUREAU, "/programmes/2026/total", total, roles=("bureau",)),
        "POST /programmes/{year}/total/confirm": Call(FINANCE, "/programmes/2026/total/confirm", roles=("finance",)),
        "POST /programmes/{year}/batches": Call(OPERATOR, "/programmes/2026/batches", batch, roles=("platform",)),
        "GET /programmes/{year}/total": Call(BUREAU, "/programmes/2027/total", roles=STAFF),
        "GET /batches": Call(None, "/batches"),
        "GET /staff/programmes": Call(FINANCE, "/staff/programmes", roles=STAFF),
        "GET /staff/batches": Call(BUREAU, "/staff/batches", roles=STAFF),
        "GET /batches/{batch_id}": Call(None, f"/batches/{town.batch_id}"),
        "PATCH /batches/{batch_id}": Call(OPERATOR, path, {"name": "第一批（更正）"}, roles=("platform",)),
        "PUT /batches/{batch_id}": Call(OPERATOR, path, {"amount_fen": 200}, roles=("platform",)),
        "POST /batches/{batch_id}/publish": Call(BUREAU, f"{path}/publish", roles=("bureau",)),
        "POST /batches/{batch_id}/withdraw": Call(
            OPERATOR, f"/batches/{unwanted['batch_id']}/withdraw", roles=("platform",)
        ),
        "POST /batches/{batch_id}/close": Call(BUREAU, f"{path}/close", roles=("bureau",)),
        "GET /batches/{batch_id}/results": Call(None, f"/batches/{ended['batch_id']}/results"),
    }


def voucher_calls(town: Town) -> Calls:
    """Vouchers: the owner has one, the neighbour none yet."""
    town.grab()
    mine = f"/vouchers/{town.voucher_id}"
    claim = {"enterprise_uscc": town.neighbour.uscc, "amount_fen": 1_000_000}
    return {
        "POST /batches/{batch_id}/vouchers": Call(NEIGHBOUR, f"/batches/{town.batch_id}/vouchers", claim, foreign=True),
        "GET /vouchers": Call(OWNER, f"/vouchers?enterprise_uscc={town.enterprise.uscc}", foreign=True),
        "GET /vouchers/{voucher_id}": Call(OWNER, mine, foreign=True),
        "GET /vouchers/{voucher_id}/postings": Call(OWNER, f"{mine}/postings", foreign=True),
    }


def order_of(town: Town, *steps_taken: str) -> Json:
    """A small order taken some steps on."""
    return town.advance(town.order(contract_fen=60_000, voucher_fen=40_000), *steps_taken)


def order_calls(town: Town) -> Calls:
    """Orders: one that is carried out, one that is refused, one that both parties want to leave."""
    placed, unwanted, leaving, mistaken = (order_of(town) for _ in range(4))
    faulty = order_of(town, "accept", "contract", "deliver")
    for person in (OWNER, SELLER):
        steps.expect(town.act(person, leaving, "cancellation", {"reason": "双方协商一致"}), 200)
    path, declined = f"/orders/{placed['order_id']}", f"/orders/{unwanted['order_id']}"
    signed = town.placement(
        contract_fen=60_000, voucher_fen=40_000, contract_number="HT-NEU", contract_signed_on=TODAY.isoformat()
    )
    asked = {name: signed[name] for name in ("product_id", "voucher_id", "contract_fen")}
    why, rating = {"reason": "暂无服务能力"}, {"score": 5, "comment": "好"}
    return {
        "POST /orders/quote": Call(OWNER, "/orders/quote", asked, foreign=True),
        "POST /orders": Call(OWNER, "/orders", signed, key="everything", foreign=True),
        "GET /orders": Call(OWNER, f"/orders?enterprise_uscc={town.enterprise.uscc}", foreign=True),
        "GET /orders/{order_id}": Call(OWNER, path, foreign=True),
        "POST /orders/{order_id}/accept": Call(SELLER, f"{path}/accept", foreign=True),
        "POST /orders/{order_id}/contract": Call(OWNER, f"{path}/contract", town.contract(placed), foreign=True),
        "POST /orders/{order_id}/contract/acknowledge": Call(SELLER, f"{path}/contract/acknowledge", foreign=True),
        "POST /orders/{order_id}/deliver": Call(SELLER, f"{path}/deliver", foreign=True),
        "POST /orders/{order_id}/dispute": Call(
            OWNER, f"/orders/{faulty['order_id']}/dispute", {"reason": "检测报告缺页"}, foreign=True
        ),
        # once the call before has disputed it
        "POST /orders/{order_id}/decision": Call(
            OPERATOR,
            f"/orders/{faulty['order_id']}/decision",
            {"decision": "return", "reason": "请补齐报告后重新交付"},
            roles=("platform",),
        ),
        "POST /orders/{order_id}/confirm": Call(OWNER, f"{path}/confirm", foreign=True),
        "POST /orders/{order_id}/rating": Call(OWNER, f"{path}/rating", rating, foreign=True),
        "POST /orders/{order_id}/cancellation": Call(OWNER, f"{declined}/cancellation", why, foreign=True),
        "POST /orders/{order_id}/cancellation/withdraw": Call(OWNER, f"{declined}/cancellation/withdraw", foreign=True),
        "POST /orders/{order_id}/withdraw": Call(
            OWNER, f"/orders/{mistaken['order_id']}/withdraw", {"reason": "选错了服务产品"}, foreign=True
        ),
        "POST /orders/{order_id}/refuse": Call(SELLER, f"{declined}/refuse", why, foreign=True),
        "POST /orders/{order_id}/cancellation/review": Call(
            OPERATOR,
            f"/orders/{leaving['order_id']}/cancellation/review",
            {"decision": "approve"},
            roles=("platform",),
        ),
    }


def other_calls(town: Town) -> Calls:
    """Violations, reports, the inbox, and what describes the API."""
    rival = samples.agency(9)  # nobody else has to do with it, so what it committed hinders no other call
    product = steps.list_product(town.world, RIVAL, samples.product(rival))
    order_id = town.order(product_id=product["product_id"], contract_fen=20_000, voucher_fen=10_000)["order_id"]
    breach = {"uscc": rival.uscc, "facts": "虚报服务", "order_ids": [order_id]}
    violation = steps.expect(town.world.call(BUREAU, "POST", "/violations", breach), 201)
    held = steps.expect(town.world.call(BUREAU, "POST", "/violations", breach, key="held"), 201)
    deliver("keep_reports", {"year": 2026, "uscc": town.enterprise.uscc})
    function("reconcile").handler({"time": "2026-06-15T18:00:00Z"}, None)
    told = {
        "message_id": "m1",
        "kind": "enterprise",
        "recipient": town.enterprise.uscc,
        "subject": "通知",
        "about": "x",
    }
    deliver("notify", told)
    message = town.shown("/inbox", OWNER)["items"][0]
    readers = ("bureau", "finance", "platform", "discipline")
    return {
        "POST /violations": Call(BUREAU, "/violations", breach, roles=("bureau",)),
        "GET /violations": Call(BUREAU, "/violations", roles=readers),
        "POST /violations/{violation_id}/lift": Call(
            BUREAU_TWO, f"/violations/{violation['violation_id']}/lift", {"reason": "复核撤销"}, roles=("bureau",)
        ),
        "POST /violations/{violation_id}/orders/{order_id}/release": Call(
            BUREAU_TWO,
            f"/violations/{held['violation_id']}/orders/{order_id}/release",
            {"reason": "订单核实无误"},
            roles=("bureau",),
        ),
        "GET /reports/{year}/reconciliation": Call(
            BUREAU, "/reports/2026/reconciliation", roles=("bureau", "finance", "platform")
        ),
        "GET /reports/{year}/usage": Call(BUREAU, "/reports/2026/usage", roles=("bureau", "finance", "platform")),
        "GET /reports/{year}/compliance": Call(
            BUREAU, "/reports/2026/compliance", roles=("bureau", "finance", "platform")
        ),
        "GET /reports/{year}/usage.xlsx": Call(
            BUREAU, "/reports/2026/usage.xlsx", roles=("bureau", "finance", "platform")
        ),
        "GET /reports/{year}/compliance.xlsx": Call(
            BUREAU, "/reports/2026/compliance.xlsx", roles=("bureau", "finance", "platform")
        ),
        "GET /reports/{year}/exceptions": Call(
            BUREAU, "/reports/2026/exceptions", roles=("bureau", "finance", "platform")
        ),
        "GET /audit": Call(OWNER, f"/audit?about=enterprise:{town.enterprise.uscc}"),
        "GET /audit/verify": Call(BUREAU, "/audit/verify", roles=("bureau", "discipline")),
        "GET /inbox": Call(OWNER, "/inbox"),
        "POST /inbox/{message_id}/read": Call(OWNER, f"/inbox/{message['message_id']}/read", foreign=True),
        "GET /tasks": Call(SELLER, f"/tasks?organisation={town.agency.uscc}", foreign=True),
        "GET /me": Call(OWNER, "/me"),
        "GET /health": Call(None, "/health"),
        "GET /openapi.json": Call(None, "/openapi.json"),
        "GET /vocabulary": Call(None, "/vocabulary"),
        "GET /docs": Call(None, "/docs"),
        "GET /docs/{asset}": Call(None, f"/docs/{RENDERER}"),
        "GET /public": Call(None, "/public"),
        "GET /office": Call(None, "/office"),
        "GET /public/{edition}/{asset}": Call(None, "/public/any/page.js"),
    }
