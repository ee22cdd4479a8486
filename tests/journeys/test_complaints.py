"""A complaint and a letter to the mailbox, told on the deployed stack (§5.3)."""

from urllib.request import urlopen

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person
from infra.demo.plan import owner_of
from infra.demo.scheduled import wait_until
from tests.journeys.deployment import Deployment

DISCIPLINE, ABOVE = Person("discipline-qin", "discipline"), Person("oversight-zhou", "oversight")
PDF = b"%PDF-1.7\n"


@pytest.mark.clause("§5.3")
def test_a_complaint_is_examined_heard_and_answered(deployment: Deployment, year: int) -> None:
    client, uscc = deployment.client, deployment.add_approved_enterprise().uscc
    owner, said = owner_of(uscc), {"text": "转让服务券", "about_uscc": uscc, "name": "赵六", "contact": "13700002222"}
    receipt = steps.expect(client.call(None, "POST", "/complaints", said, key="c"), 201)
    assert steps.expect(client.call(None, "POST", "/complaints", said, key="c"), 200) == receipt
    path, code = f"/complaints/{receipt['complaint_id']}", {"code": receipt["code"]}
    paper = {"kind": "attachment", "filename": "截图.pdf", "content_type": "application/pdf", "size_bytes": len(PDF)}
    announced = steps.expect(client.call(None, "POST", f"{path}/documents", code | paper, key="p"), 201)
    client.upload(announced["upload"], PDF)
    accept = {"decision": "accept", "reason": "属受理范围", "told": "有人反映服务券被转让，请说明。"}
    steps.expect(client.call(OPERATOR, "POST", f"{path}/review", accept), 200)
    [kept] = deployment.get(BUREAU, f"{path}/documents")["items"]
    assert kept["state"] == "accepted"
    wait_until(lambda: any("请说明" in each["subject"] for each in deployment.inbox(uscc)))
    seen = str([deployment.inbox(uscc), deployment.get(owner, path)])
    assert not [each for each in ("转让服务券", "赵六", "13700002222") if each in seen]
    steps.expect(client.call(owner, "POST", f"{path}/statement", {"text": "没有转让"}), 200)
    answer = {"outcome": "unsubstantiated", "answer": "经核查不属实。"}
    steps.expect(client.call(OPERATOR, "POST", f"{path}/reply", answer), 200)
    read = steps.expect(client.call(None, "POST", f"{path}/answer", code), 200)
    assert (read["state"], read["answer"]) == ("answered", "经核查不属实。")


@pytest.mark.clause("§5.3")
def test_a_letter_and_its_file_are_opened_by_whom_they_are_for(deployment: Deployment) -> None:
    client, said = deployment.client, {"route": "mailbox", "text": "索要好处", "attachments": ["application/pdf"]}
    for accused, reader, other in (("others", DISCIPLINE, ABOVE), ("discipline", ABOVE, DISCIPLINE)):
        receipt = steps.expect(client.call(None, "POST", "/complaints", said | {"accused": accused}), 201)
        [upload] = receipt["uploads"]
        client.upload(upload, PDF)
        path = f"/letters/{receipt['complaint_id']}"
        opened = deployment.get(reader, path)
        assert opened["content"]["text"] == "索要好处"
        [link] = opened["attachments"]
        with urlopen(link) as file:
            assert file.read() == PDF
        assert [client.call(each, "GET", path).code for each in (other, BUREAU)] == ["NOT_FOUND", "ROLE_REQUIRED"]
        steps.expect(client.call(reader, "POST", f"{path}/answer", {"answer": "已依规处理"}), 200)
        code = {"letter_id": receipt["complaint_id"], "code": receipt["code"]}
        assert steps.expect(client.call(None, "POST", "/mailbox/answer", code), 200)["answer"] == "已依规处理"
