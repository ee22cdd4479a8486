"""The audit trail on the deployed stack: what people did and read arrives in it by itself, and tampering is found."""

from typing import Any

from infra.client.http import BUREAU, OPERATOR
from infra.demo.plan import owner_of
from infra.demo.scheduled import wait_until
from tests.journeys.deployment import Deployment
from voucher.store import keys


def test_a_step_and_a_reading_arrive_and_a_change_of_the_table_is_found(deployment: Deployment) -> None:
    uscc = deployment.add_draft_enterprise().uscc
    deployment.get(OPERATOR, f"/enterprises/{uscc}")
    entries: list[dict[str, Any]] = []

    def has_both() -> bool:
        entries[:] = deployment.get(owner_of(uscc), f"/audit?about=enterprise:{uscc}&sort=oldest")["items"]
        return {each["action"] for each in entries} >= {"register", "read"}

    wait_until(has_both)
    said = {each["action"]: (each["role"], each["about"], each["call"]) for each in entries}
    assert said["register"] == ("user", f"enterprise:{uscc}", None)
    assert said["read"] == ("platform", f"enterprise:{uscc}", "GET /enterprises/{uscc}")
    assert deployment.get(BUREAU, "/audit/verify")["holds"] is True

    seq = entries[0]["seq"]
    key = keys.audit_entry(seq)
    place = {"TableName": deployment.resources()["AuditTable"], "Key": {"pk": {"S": key.pk}, "sk": {"S": key.sk}}}
    table = deployment.aws("dynamodb")
    item = table.get_item(**place)["Item"]
    change = {"UpdateExpression": "SET #role = :role", "ExpressionAttributeNames": {"#role": "role"}}
    table.update_item(**place, **change, ExpressionAttributeValues={":role": {"S": "bureau"}})
    found = deployment.get(BUREAU, "/audit/verify")
    table.put_item(TableName=place["TableName"], Item=item)
    assert [(each["seq"], each["kind"]) for each in found["breaks"]] == [(seq, "changed")]
    assert deployment.get(BUREAU, "/audit/verify")["holds"] is True
