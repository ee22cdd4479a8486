"""What has had its time goes on the deployed stack: schedule, queue, worker, permissions, and a versioned bucket."""

from datetime import UTC, datetime, timedelta
from typing import Any

from infra.city.document_files import enterprise_documents
from infra.client import steps
from infra.demo.plan import owner_of
from infra.demo.scheduled import ScheduledFunctions, wait_until
from infra.local.stack import Stack
from tests.journeys.deployment import Deployment
from voucher.models.base import instant_text
from voucher.policy import RETENTION


def soon() -> datetime:
    """An instant by which all that was done so far is past, in the same second, too; the worker looks at its clock."""
    return datetime.now(UTC) + timedelta(seconds=5)


def test_a_night_deletes_a_draft_that_nobody_touched_with_all_versions_of_its_papers(
    deployment: Deployment, stack: Stack
) -> None:
    resources, tables, bucket = deployment.resources(), deployment.aws("dynamodb"), deployment.aws("s3")
    old, young = deployment.add_draft_enterprise(), deployment.add_draft_enterprise()
    drafts = dict[str, str]()
    for enterprise in (old, young):
        paper, *_ = enterprise_documents(enterprise, deployment.plan.today)
        path, owner = f"/enterprises/{enterprise.uscc}", owner_of(enterprise.uscc)
        steps.announce_and_upload(deployment.client, owner, path, paper)
        drafts[enterprise.uscc] = deployment.get(owner, path)["draft_id"]

    def versions_of(uscc: str) -> list[Any]:
        place = {"Bucket": resources["Documents"], "Prefix": f"uploads/enterprises/{uscc}.{drafts[uscc]}/"}
        answer = bucket.list_object_versions(**place)
        return [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]

    [file] = versions_of(old.uscc)
    bucket.put_object(Bucket=resources["Documents"], Key=file["Key"], Body=b"%PDF-again")
    bucket.delete_object(Bucket=resources["Documents"], Key=file["Key"])
    assert len(versions_of(old.uscc)) == 3

    def items_of(uscc: str) -> list[Any]:
        found = list[Any]()
        for place in (f"ENTERPRISE#{uscc}", f"ENTERPRISE#{uscc}#{drafts[uscc]}"):
            query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": place}}}
            found += tables.query(TableName=resources["RegistryTable"], **query)["Items"]
        return found

    def records_of(uscc: str) -> list[Any]:
        return [item for item in items_of(uscc) if not item["sk"]["S"].startswith("OPEN#")]

    def age(days: int) -> None:
        past = {":past": {"S": instant_text(datetime.now(UTC) - timedelta(days=days))}}
        for item in items_of(old.uscc):
            for name in {"created_at", "updated_at", "erased_at"} & item.keys():
                if "S" in item[name]:
                    tables.update_item(
                        TableName=resources["RegistryTable"],
                        Key={"pk": item["pk"], "sk": item["sk"]},
                        UpdateExpression=f"SET {name} = :past",
                        ExpressionAttributeValues=past,
                    )

    age(RETENTION.draft_days + 1)
    night = ScheduledFunctions(stack)
    night.run("Sweep", soon())
    wait_until(lambda: not versions_of(old.uscc) and len(records_of(old.uscc)) == 1)
    assert old.registration()["contact_phone"] not in f"{items_of(old.uscc)}"
    age(2)
    night.run("Sweep", soon())
    wait_until(lambda: not items_of(old.uscc))
    assert len(versions_of(young.uscc)) == 1
    shown = deployment.get(owner_of(young.uscc), f"/enterprises/{young.uscc}")
    assert shown["contact_phone"] == young.registration()["contact_phone"]
