"""What the tests of agencies and of removals do with the town's agency."""

from typing import Any

from infra.city.document_files import agency_documents
from infra.client import steps
from infra.client.http import OPERATOR
from tests.support.samples import TODAY
from tests.support.scenario import SELLER, Json, Town


def path_of(town: Town) -> str:
    """The path of the town's agency."""
    return f"/agencies/{town.agency.uscc}"


def upload_documents(town: Town, left_out: str = "") -> None:
    """New documents of all ten kinds but one."""
    for document in agency_documents(town.agency, TODAY):
        if document.kind != left_out:
            steps.announce_and_upload(town.world, SELLER, path_of(town), document)


def renew(town: Town, **changes: object) -> Json:
    """The renewal, submitted with new documents."""
    upload_documents(town)
    return steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/renew", changes), 200)


def products_on_sale(town: Town) -> list[str]:
    """What the public finds."""
    return [each["product_id"] for each in steps.expect(town.world.call(None, "GET", "/products"), 200)["items"]]


def report_change(town: Town, description: str = "业务范围变更", **more: Any) -> Json:
    """A change that the town's agency reports."""
    report = {"happened_on": "2026-06-14", "description": description, **more}
    return steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/changes", report), 201)


def reopen(town: Town) -> Json:
    """The agency, returned for correction because of a change that it reported."""
    change = report_change(town)
    review = f"{path_of(town)}/changes/{change['change_id']}/review"
    steps.expect(town.world.call(OPERATOR, "POST", review, {"decision": "return", "reason": "请修改"}), 200)
    return town.shown(path_of(town))
