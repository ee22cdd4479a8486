"""Accepted calls about complaints (§5.3)."""

from typing import Any

from infra.city.document_files import change_paper
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person
from tests.support.calls.call import Call, Calls
from tests.support.samples import TODAY
from tests.support.scenario import SELLER, Json, Town

STAFF = ("platform", "bureau")
DISCIPLINE = Person("discipline-xu", "discipline")
ENTRY = {"channel": "phone", "topic": "question", "text": "如何领取服务券？"}
ACCEPT = {"decision": "accept", "reason": "属受理范围", "told": "有企业反映服务与约定不符，请说明。"}
GRAVE = {"proposal": "none", "reason": "属实，影响较大"}
DECIDED = {"outcome": "substantiated", "measure": "none", "reason": "已整改", "answer": "已责令整改。"}


def complained(town: Town, **more: Any) -> Json:
    """The receipt of a complaint by somebody without a name."""
    body = {"text": "服务与约定不符", "topic": "quality", "name": "张三", "contact": "13900001234", **more}
    key = "-".join(["complaint", *map(str, more.values())])
    return steps.expect(town.world.call(None, "POST", "/complaints", body, key=key), 201)


def accepted(town: Town, **more: Any) -> str:
    """The path of a complaint that is examined."""
    path = f"/complaints/{complained(town, **more)['complaint_id']}"
    steps.expect(town.world.call(OPERATOR, "POST", f"{path}/review", ACCEPT), 200)
    return path


def letter_calls(town: Town) -> Calls:
    """Letters to the mailbox; its readers are no staff that the matrix knows, but for one."""
    first, second, third = (complained(town, route="mailbox", order_id=f"o_letter_{each}") for each in range(3))
    only = ("discipline",)
    paths = [f"/letters/{each['complaint_id']}" for each in (first, second, third)]
    answer = {"letter_id": first["complaint_id"], "code": first["code"]}
    return {
        "POST /mailbox/answer": Call(None, "/mailbox/answer", answer),
        "GET /letters": Call(DISCIPLINE, "/letters", roles=only),
        "GET /letters/{letter_id}": Call(DISCIPLINE, paths[0], roles=only),
        "POST /letters/{letter_id}/hand-over": Call(
            DISCIPLINE, f"{paths[1]}/hand-over", {"number": "2026-信-1", "to": "第一监督检查室"}, roles=only
        ),
        "POST /letters/{letter_id}/answer": Call(DISCIPLINE, f"{paths[2]}/answer", {"answer": "已受理。"}, roles=only),
    }


def complaint_calls(town: Town) -> Calls:
    """Complaints at each stage, one of them about the town's agency."""
    new, gone = complained(town), complained(town, order_id="o_gone")
    about, path = accepted(town, about_uscc=town.agency.uscc), f"/complaints/{new['complaint_id']}"
    grave, decided = (accepted(town, order_id=f"o_{each}") for each in (1, 2))
    steps.expect(town.world.call(OPERATOR, "POST", f"{decided}/escalate", GRAVE), 200)
    told = {"kind": "attachment", "filename": "照片.pdf", "content_type": "application/pdf", "size_bytes": 9}
    opened = town.world.call(None, "POST", f"{path}/documents", {"code": new["code"], **told}, key="paper")
    town.world.upload(steps.expect(opened, 201)["upload"], change_paper(TODAY).content)
    paper = {"kind": "attachment", "filename": "证.pdf", "content_type": "application/pdf", "size_bytes": 9}
    withdrawn, only = f"/complaints/{gone['complaint_id']}", ("platform",)
    step = {"kind": "call_back", "text": "已电话回访"}
    answered = {"outcome": "partly", "answer": "经核实部分属实，已督促整改。"}
    return {
        **letter_calls(town),
        "POST /complaints": Call(None, "/complaints", {"text": "建议延长领券时间", "topic": "suggestion"}),
        "POST /staff/complaints": Call(OPERATOR, "/staff/complaints", ENTRY, roles=only),
        "GET /complaints": Call(OPERATOR, "/complaints", roles=STAFF),
        "GET /complaints/{complaint_id}": Call(SELLER, about, foreign=True),
        "GET /complaints/{complaint_id}/documents": Call(OPERATOR, f"{path}/documents", roles=STAFF),
        "POST /complaints/{complaint_id}/documents": Call(None, f"{path}/documents", {"code": new["code"], **paper}),
        "POST /complaints/{complaint_id}/answer": Call(None, f"{path}/answer", {"code": new["code"]}),
        "POST /complaints/{complaint_id}/withdraw": Call(None, f"{withdrawn}/withdraw", {"code": gone["code"]}),
        "POST /complaints/{complaint_id}/review": Call(OPERATOR, f"{path}/review", ACCEPT, roles=only),
        "POST /complaints/{complaint_id}/statement": Call(
            SELLER, f"{about}/statement", {"text": "已补做"}, foreign=True
        ),
        "POST /complaints/{complaint_id}/steps": Call(OPERATOR, f"{about}/steps", step, roles=only),
        "POST /complaints/{complaint_id}/reply": Call(OPERATOR, f"{about}/reply", answered, roles=only),
        "POST /complaints/{complaint_id}/escalate": Call(OPERATOR, f"{grave}/escalate", GRAVE, roles=only),
        "POST /complaints/{complaint_id}/decision": Call(BUREAU, f"{decided}/decision", DECIDED, roles=("bureau",)),
    }
